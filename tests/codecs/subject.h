/* subject.h - a codec under test, named by an expression as a person writes it: opened, calibrated, decoded afresh.
 *
 * An expression may begin with k= or v=, the stream; it is K where it does not. The codecs of this repository are found
 * by name; `probe` is the codec of probe.h, `blocky` the one of tests/codecs/bad.
 *
 *     subject t;
 *     subject_open(&t, "center(probe(block=4),per=block)", 16, 1);
 *     subject_calibrate(&t, 96);
 *     uint8_t *bytes = subject_encode(&t, rows, n, &n_bytes);
 *     subject_close(&t);                           fails when memory is left
 */
#ifndef KVANT_TESTS_CODECS_SUBJECT_H
#define KVANT_TESTS_CODECS_SUBJECT_H

#include "tests/codecs/test_host.h"

typedef struct subject {
    test_instance t;
    const kvant_inner *spec;
    int stream;
    size_t dim, heads; /* of the shape; rows are pooled when the geometry says so */
    kvant_geometry geometry;
} subject;

/* An expression's codec and values; it stays until the process ends. The test fails when it cannot be read. */
const kvant_inner *subject_spec(const char *expression);

int subject_try_open(subject *s, const char *expression, int dim, int heads);
void subject_open(subject *s, const char *expression, int dim, int heads);
void subject_close(subject *s);

/* The same from a spec, with a host that is ready, and once more for what s was opened for. */
int subject_try_spec(subject *s, const kvant_inner *spec, int stream, size_t dim, size_t heads);
void subject_open_same(const subject *s, subject *other);

/* Samples: n rows of unequal channels with a mean, sequences of a third of them (whole blocks and a rest), two unequal
 * query moments and falling attention. Free the arrays with samples_free. */
kvant_samples samples_for(const subject *s, size_t n);
void samples_free(kvant_samples *samples);

/* calibrate with samples_for(s, n), if it wants that. */
void subject_calibrate(subject *s, size_t n);
int subject_try_calibrate(subject *s, size_t n);

/* The side data, malloc'd with room for a byte more; *n may be 0. */
uint8_t *subject_side(const subject *s, size_t *n);

/* Opens *decoder as a fresh instance with the side data of *s. */
void subject_decoder(const subject *s, subject *decoder);

/* Encodes n rows from position 0; as test_encode. */
uint8_t *subject_encode(subject *s, const float *rows, size_t n, size_t *n_bytes);

/* Rows through an encoder and a fresh decoder: *back is malloc'd. Returns the bytes between them. */
size_t subject_round_trip(subject *s, const float *rows, size_t n, float **back);

#endif
