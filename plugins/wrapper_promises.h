/* wrapper_promises.h - what every wrapper promises around every codec, for the tests of wrappers.
 *
 * An expression is written as a person writes it; the codecs of this repository are found by name, and `probe` is a
 * block codec of these tests that keeps what it is given in the clear: for each row the position, the weight and the
 * values. Its parameters: block, pooled (of as many heads as the shape has), calibrates (side data: the samples, as
 * probe_samples), variable (blocks of different sizes, all below its bound), weighs (1; else it refuses weights),
 * coarse (values are rounded to whole numbers).
 *
 *     static const promise_case cases[] = { { "sink(turbo4,n=3)", 128, 1, 5000.0f }, ... };
 *     promise_all(cases, 1);
 *
 *     wrapped t;
 *     wrapped_open(&t, "center(probe(block=4),per=block)", 16, 1);
 *     wrapped_calibrate(&t, 96);
 *     uint8_t *bytes = wrapped_encode(&t, rows, n, &n_bytes);
 */
#ifndef KVANT_PLUGINS_WRAPPER_PROMISES_H
#define KVANT_PLUGINS_WRAPPER_PROMISES_H

#include "tests/codecs/test_host.h"

/* ---- the probe codec -------------------------------------------------------------------------------------------- */

/* One row of an encoding of probe: 8 bytes of position, 4 of weight, then dim f32. */
typedef struct probe_row {
    uint64_t position;
    float weight;
    const float *values; /* into a buffer of the test, see probe_rows */
} probe_row;

/* The rows of an encoding of probe(variable=0) that begins at bytes; values are copied to *memory, which is malloc'd.
 */
void probe_rows(const uint8_t *bytes, size_t n_rows, size_t dim, probe_row *rows, float **memory);

extern const kvant_codec probe_codec;

/* The side data of probe(calibrates=1): these numbers, then rows, moments (heads x dim x dim), attention (heads x n).
 */
typedef struct probe_samples {
    uint64_t n_rows, sequence, n_attention, n_moment; /* 0 moments or attention where there was none */
} probe_samples;

/* ---- an expression, opened -------------------------------------------------------------------------------------- */

typedef struct wrapped {
    test_instance t;
    const kvant_inner *spec;
    size_t dim, heads; /* of the shape; rows are pooled when the geometry says so */
    kvant_geometry geometry;
} wrapped;

/* An expression's codec and values; it stays until the process ends. The test fails when it cannot be read. */
const kvant_inner *wrapped_spec(const char *expression);

int wrapped_try_open(wrapped *w, const char *expression, int dim, int heads);
void wrapped_open(wrapped *w, const char *expression, int dim, int heads);
void wrapped_close(wrapped *w);

/* The same from a spec, with a host that is ready, and once more for the spec of w. */
int wrapped_try_spec(wrapped *w, const kvant_inner *spec, size_t dim, size_t heads);
void wrapped_open_same(const wrapped *w, wrapped *other);

/* Samples: n rows of unequal channels with a mean, sequences of a third of them (whole blocks and a rest), an unequal
 * query moment and falling attention. Free the three arrays with samples_free. */
kvant_samples samples_for(const wrapped *w, size_t n);
void samples_free(kvant_samples *s);

/* calibrate with samples_for(w, n), if it wants that. */
void wrapped_calibrate(wrapped *w, size_t n);
int wrapped_try_calibrate(wrapped *w, size_t n);

/* The side data, malloc'd with room for a byte more; *n may be 0. */
uint8_t *wrapped_side(const wrapped *w, size_t *n);

/* Opens *decoder as a fresh instance with the side data of *w. */
void wrapped_decoder(const wrapped *w, wrapped *decoder);

/* Encodes n rows from position 0; as test_encode. */
uint8_t *wrapped_encode(wrapped *w, const float *rows, size_t n, size_t *n_bytes);

/* Rows through an encoder and a fresh decoder: *back is malloc'd. */
size_t wrapped_round_trip(wrapped *w, const float *rows, size_t n, float **back);

/* ---- promises --------------------------------------------------------------------------------------------------- */

typedef struct promise_case {
    const char *expression;
    int dim, heads;
    float huge; /* a magnitude that a whole row may have */
} promise_case;

/* Fails with the expression and the broken promise: finite rows of every kind; the same bytes from another instance, in
 * pieces, and for a second sequence; fresh decoders, for all blocks and for one; room, canaries, every byte written;
 * NaN and infinity refused by row; wrong lengths; flipped bytes; side data cut and flipped; split; no rows; memory
 * failing at every allocation; KVANT_E_STATE before calibrate. */
void promise_all(const promise_case *cases, size_t n);

#endif
