/* paired.h - two runs of one comparable set, told apart.
 *
 * Both were scored on the same positions, so that their difference is drawn from the same blocks for both
 * (bootstrap.h): its interval is narrower than the two runs' own, and two runs whose intervals meet may well be told
 * apart.
 *
 *     paired_run a, b;
 *     interval d;
 *     paired_read(s, 12, &a, &f) && paired_read(s, 13, &b, &f) && paired_difference(&a, &b, METRIC_KLD, &d, &f);
 *     d.value = the metric of b minus that of a;  paired_alike(&d): its interval holds zero
 *     paired_release(&a); paired_release(&b);
 *
 * Comparing b with a gives the same with the opposite sign, to the last bit. About 20 ns per block and draw. [any
 * thread]
 */
#ifndef KVANT_APP_PAIRED_H
#define KVANT_APP_PAIRED_H

#include "app/bootstrap.h"
#include "db/store.h"

typedef struct paired_run {
    int64_t id;
    uint64_t seed; /* of its intervals */
    block_metrics *blocks;
    size_t n;
} paired_run;

/* Reads the run's blocks; *run is made anew. A run without blocks (it failed) is a fault. */
bool paired_read(store *s, int64_t id, int64_t seed, paired_run *run, fault *f);
void paired_release(paired_run *run);

/* Whether the metric is one that blocks tell of. */
bool paired_metric(const store_metric *m, metric_id *id);

/* b minus a, drawn with the seed of the older run. */
bool paired_difference(const paired_run *a, const paired_run *b, metric_id metric, interval *out, fault *f);

bool paired_alike(const interval *difference);

#endif
