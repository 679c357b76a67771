#include "app/page/alike.h"

#include <stdlib.h>
#include <string.h>

#include "app/bootstrap.h"

static const struct {
    const char *name;
    metric_id metric;
} paired[] = { { "kld", METRIC_KLD }, { "dppl", METRIC_DPPL }, { "top1", METRIC_TOP1 }, { "rms_dp", METRIC_RMS_DP } };

enum { PAIRED = sizeof paired / sizeof *paired };

static size_t paired_index(const store_metric *y)
{
    size_t i = 0;
    while (i < PAIRED && strcmp(paired[i].name, y->name) != 0)
        i++;
    return i;
}

bool alike_knows(const store_metric *y)
{
    return paired_index(y) < PAIRED;
}

static bool read_blocks(store *s, int64_t id, block_metrics **blocks, size_t *n, fault *f)
{
    store_block *rows;
    if (!store_blocks(s, id, &rows, n, f)) return false;
    *blocks = calloc(*n + 1, sizeof **blocks);
    for (size_t i = 0; *blocks && i < *n; i++)
        (*blocks)[i] =
            (block_metrics){ (int)rows[i].passage, (int)rows[i].block, (int)rows[i].n, rows[i].nll_ref,
                             rows[i].nll,          rows[i].kld,        rows[i].dp2,    (int)rows[i].same_top };
    free(rows);
    return *blocks || fault_memory(f, "the blocks");
}

bool alike_runs(store *s, const store_run *a, const store_run *b, const store_metric *y, bool *alike, fault *f)
{
    block_metrics *first = NULL, *second = NULL;
    size_t n = 0, m = 0;
    interval d;
    bool ok = read_blocks(s, a->id, &first, &n, f) && read_blocks(s, b->id, &second, &m, f);
    if (ok && (n != m || n == 0))
        ok = fault_set(f, FAULT_INPUT, "runs %lld and %lld have not the same blocks", (long long)a->id,
                       (long long)b->id);
    ok = ok && bootstrap_metric(second, first, n, paired[paired_index(y)].metric, (uint64_t)b->seed, &d, f);
    *alike = ok && d.lo <= 0 && d.hi >= 0;
    free(first);
    free(second);
    return ok;
}
