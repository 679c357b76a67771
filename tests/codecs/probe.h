/* probe.h - a block codec for tests of wrappers that keeps what it is given in the clear.
 *
 * For each row it writes the position, the weight and the values. Parameters: block, pooled (of as many heads as the
 * shape has), calibrates (side data: the samples, as probe_samples), variable (blocks of different sizes, all below its
 * bound), weighs (1; else it refuses weights), coarse (values are rounded to whole numbers).
 */
#ifndef KVANT_TESTS_CODECS_PROBE_H
#define KVANT_TESTS_CODECS_PROBE_H

#include "tests/codecs/test_host.h"

extern const kvant_codec probe_codec;

/* One row of an encoding of probe: 8 bytes of position, 4 of weight, then dim f32. */
typedef struct probe_row {
    uint64_t position;
    float weight;
    const float *values; /* into a buffer of the test, see probe_rows */
} probe_row;

/* The rows of an encoding of probe(variable=0) that begins at bytes; values are copied to *memory, which is malloc'd.
 */
void probe_rows(const uint8_t *bytes, size_t n_rows, size_t dim, probe_row *rows, float **memory);

/* The side data of probe(calibrates=1): these numbers, then rows, both moments (heads x dim x dim each) and attention
 * (heads x n). */
typedef struct probe_samples {
    uint64_t n_rows, sequence, n_attention, n_moment, n_met; /* 0 moments or attention where there was none */
} probe_samples;

#endif
