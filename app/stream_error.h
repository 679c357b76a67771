/* stream_error.h - how far decoded rows are from the exact ones.
 *
 * For any rows: the relative squared error sum |x - x'|^2 / sum |x|^2. For keys also the error that attention sees, in
 * the logits before scaling: sum (q.k - q.k')^2 / sum (q.k)^2 over sampled queries and all keys each of them may attend
 * to, both after RoPE. Sums are f64.
 */
#ifndef KVANT_APP_STREAM_ERROR_H
#define KVANT_APP_STREAM_ERROR_H

#include <stdint.h>

#include "base/fault.h"
#include "kernels/rope.h"
#include "kernels/simd.h"

typedef struct stream_error {
    double error, total;             /* rows */
    double query_error, query_total; /* logits */
} stream_error;

/* Adds n values. */
void stream_error_add(stream_error *e, const float *exact, const float *decoded, size_t n);

/* The relative errors; 0 where nothing was added, or only zeros that came back as zeros. */
double stream_error_rows(const stream_error *e);
double stream_error_queries(const stream_error *e);

typedef struct query_sample {
    const float *queries; /* [n][stride], before RoPE; this kv head's `group` vectors of dim f32 stand at `offset` */
    size_t n, stride, offset;
    int group;
    int (*position)(int ctx, int j); /* of sample j */
    int ctx;
    uint32_t window; /* keys a query sees, its own included; 0: all up to its own */
} query_sample;

/* Adds the logits of the sampled queries against n_rows keys (row i is position i). rotated: the keys stand after RoPE.
 * rope must be ready for ctx positions. */
bool stream_error_add_queries(stream_error *e, const simd *s, const rope_table *rope, bool rotated, const float *exact,
                              const float *decoded, size_t n_rows, int dim, const query_sample *sample, fault *f);

#endif
