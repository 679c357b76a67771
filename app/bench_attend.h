/* bench_attend.h - how fast codecs attend on encoded bytes, beside f16.
 *
 * scores and mix of each codec, on one thread, over rows that come from memory, in calls of about a thousand rows as
 * the engine makes them; for 1, 2, 4 and 8 queries at a time. In each repetition four take turns: the codec, f16, the
 * codec's decode with the same products behind it (kernels/simd.h), and the codec's portable version on fewer rows.
 * Weights of mix are all there: nothing is skipped. Times as in bench.h.
 *
 * Both versions must give the same scores and sums, to the last bit, else there is no result. Runs codecs: for a child
 * process. It sets KVANT_SIMD while it opens them. [one thread]
 */
#ifndef KVANT_APP_BENCH_ATTEND_H
#define KVANT_APP_BENCH_ATTEND_H

#include "app/host.h"
#include "app/metrics.h"
#include "app/terminal.h"
#include "base/hash.h"

enum { ATTEND_SCORES, ATTEND_MIX, ATTEND_BOTH, ATTEND_WAYS };
enum { ATTEND_GROUPS = 4 };
extern const int attend_queries[ATTEND_GROUPS]; /* 1, 2, 4, 8 */

typedef struct attend_request {
    const registry *known;
    const spec *codec, *f16;
    int dim;
    size_t rows; /* taken up to whole calls */
    int reps;    /* at least 5 */
    uint64_t seed;
} attend_request;

typedef struct attend_way {
    double ns;  /* for a row and a query */
    double gbs; /* of the rows as f32 */
    interval over_f16, over_decoded, over_portable;
} attend_way;

typedef struct attend_result {
    const char *codec;
    int dim;
    size_t rows;
    double bits;         /* per value */
    double cosine[2];    /* of ATTEND_SCORES, ATTEND_MIX with the same of the exact rows in f64 */
    char hash[HASH_HEX]; /* of the scores and sums of 8 queries */
    attend_way way[ATTEND_GROUPS][ATTEND_WAYS];
} attend_result;

/* False with a fault that says which codec: also when it offers neither, or its versions differ (FAULT_NO). */
bool bench_attend(const attend_request *r, attend_result *out, fault *f);

/* ---- shown (app/bench_attend_show.c) ---- */

bool bench_attend_print(const attend_result *results, size_t n, int reps, const terminal *to, fault *f);
bool bench_attend_print_json(const attend_result *results, size_t n, int reps, fault *f);

#endif
