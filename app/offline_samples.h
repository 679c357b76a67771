/* offline_samples.h - what calibration knows (kvant_samples of include/kvant/codec.h), from stored rows and queries.
 *
 *     offline_known known;
 *     offline_learn(&known, &source, crew, &f);                 once for the keys and values of a layer
 *     offline_samples(&known, rows, ..., &samples, &memory, &f);      for each codec
 *     free(memory);
 *     offline_forget(&known);
 */
#ifndef KVANT_APP_OFFLINE_SAMPLES_H
#define KVANT_APP_OFFLINE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "kernels/rope.h"
#include "kvant/codec.h"

/* The rows a layer's codecs learn from: the first `rows` of each head's `stride`. */
typedef struct offline_source {
    size_t heads, group; /* kv heads, query heads of each */
    size_t rows, stride, sequence, dim;
    const float *queries;             /* [query heads][stride][dim], before or after RoPE as the keys are; or NULL */
    const float *k_turned, *q_turned; /* both after RoPE, the same shapes; or NULL */
    const rope_table *rope;           /* of keys before RoPE, ready for a sequence: to know what they meet; or NULL */
} offline_source;

typedef struct offline_known {
    offline_source from;
    float *moments;   /* [heads][dim][dim], or NULL without queries */
    float *met;       /* the same, as kvant_samples.query_moment_met; or NULL without queries or rope */
    float *attention; /* [heads][n_attention], or NULL without turned keys and queries */
    size_t n_attention;
} offline_known;

bool offline_learn(offline_known *known, const offline_source *source, pool *crew, fault *f);
void offline_forget(offline_known *known);

/* Of one side's rows, [heads][stride][dim] as the codec sees them, and one head, or with head < 0 all of them
 * interleaved. `memory` owns what *out points to. */
bool offline_samples(const offline_known *known, const float *rows, size_t dim, int head, kvant_samples *out,
                     void **memory, fault *f);

#endif
