#include "app/paired.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    metric_id metric;
} metrics_of_blocks[] = {
    { "kld", METRIC_KLD }, { "dppl", METRIC_DPPL }, { "top1", METRIC_TOP1 }, { "rms_dp", METRIC_RMS_DP }
};

bool paired_metric(const store_metric *m, metric_id *id)
{
    for (size_t i = 0; i < sizeof metrics_of_blocks / sizeof *metrics_of_blocks; i++) {
        if (strcmp(metrics_of_blocks[i].name, m->name) != 0) continue;
        *id = metrics_of_blocks[i].metric;
        return true;
    }
    return false;
}

bool paired_read(store *s, int64_t id, int64_t seed, paired_run *run, fault *f)
{
    store_block *rows = NULL;
    *run = (paired_run){ .id = id, .seed = (uint64_t)seed };
    if (!store_blocks(s, id, &rows, &run->n, f)) return false;
    if (run->n == 0) {
        free(rows);
        return fault_set(f, FAULT_INPUT, "%s: run %" PRId64 " has no blocks: it was not finished", store_path(s), id);
    }
    run->blocks = calloc(run->n, sizeof *run->blocks);
    for (size_t i = 0; run->blocks && i < run->n; i++)
        run->blocks[i] =
            (block_metrics){ (int)rows[i].passage, (int)rows[i].block, (int)rows[i].n, rows[i].nll_ref,
                             rows[i].nll,          rows[i].kld,        rows[i].dp2,    (int)rows[i].same_top };
    free(rows);
    return run->blocks || fault_memory(f, "the blocks");
}

void paired_release(paired_run *run)
{
    free(run->blocks);
    *run = (paired_run){ 0 };
}

bool paired_difference(const paired_run *a, const paired_run *b, metric_id metric, interval *out, fault *f)
{
    if (a->n != b->n)
        return fault_set(f, FAULT_INPUT, "the runs were not scored on the same positions (%zu and %zu blocks)", a->n,
                         b->n);
    uint64_t seed = a->id < b->id ? a->seed : b->seed;
    return bootstrap_metric(b->blocks, a->blocks, a->n, metric, seed, out, f);
}

bool paired_alike(const interval *difference)
{
    return difference->lo <= 0 && difference->hi >= 0;
}
