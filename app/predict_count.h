/* predict_count.h - what a codec's streams will weigh, counted on noise. Used by app/predict_answer.c.
 *
 * The codec is opened as a run would open it and encodes rows of Gaussian noise (kernels/random.h, always the same)
 * as far as they would have left the window and filled blocks; the host counts, and the rows that stay open are f16.
 * Nothing is decoded. A codec whose bytes do not depend on the rows costs here exactly what it costs in a run; one that
 * calibrates is given noise to learn from, and its side data are what comes of that.
 *
 * Long contexts: once PREDICT_ROWS positions are encoded, or the time is up, the blocks that follow are taken to cost
 * what the last ones did. The answer is `about` where that is not sure: the blocks did not cost alike, were too few, or
 * a parameter names a position further on.
 */
#ifndef KVANT_APP_PREDICT_COUNT_H
#define KVANT_APP_PREDICT_COUNT_H

#include "app/registry.h"
#include "app/spec.h"

enum { PREDICT_ROWS = 8192 };

/* Rows of noise, made as they are asked for and kept. */
typedef struct predict_noise {
    float *values;
    size_t n, room, dim;
} predict_noise;

void predict_noise_release(predict_noise *noise);

typedef struct predict_stream {
    const registry *known;
    const spec *codec;
    kvant_shape shape; /* stream, dim, layers, heads, rotated; the rest is filled in */
    size_t ctx;
    double seconds; /* for encoding */
} predict_stream;

/* All heads of one layer and side, for one sequence of ctx positions. */
typedef struct predict_cost {
    uint64_t values, open_values;
    uint64_t bytes;      /* those of open rows included */
    uint64_t peak_bytes; /* at most on the way to ctx: open rows weigh more than the block they become */
    uint64_t side_bytes;
    bool about, calibrates;
} predict_cost;

bool predict_count(const predict_stream *s, predict_noise *noise, predict_cost *out, fault *f);

#endif
