/* Which runs of a comparable set stand for their configs, and which of them no other beats: the one place that says so.
 */
#include "db/store.h"

#include <math.h>
#include <stdlib.h>

#include "base/sort_nearly.h"

/* Does p stand for their config rather than q? Done before failed, then the newest. */
static bool stands(const store_candidate *p, const store_candidate *q)
{
    return p->done != q->done ? p->done : p->id > q->id;
}

/* By config; of each the one that stands for it last. */
static int by_config(const void *a, const void *b)
{
    const store_candidate *p = a, *q = b;
    if (p->config != q->config) return p->config < q->config ? -1 : 1;
    if (p->id == q->id) return 0;
    return stands(p, q) ? 1 : -1;
}

static size_t keep_by_sorting(store_candidate *runs, size_t n)
{
    size_t kept = 0;
    qsort(runs, n, sizeof *runs, by_config);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || runs[i + 1].config != runs[i].config) runs[kept++] = runs[i];
    return kept;
}

/* Where the config's run is, or where it belongs: a table of as many places as a power of two, empty ones 0, others one
 * more than a run's index. */
static size_t *find(size_t *table, size_t places, const store_candidate *runs, int64_t config)
{
    size_t i = (size_t)(((uint64_t)config * 0x9e3779b97f4a7c15u) >> 20) & (places - 1);
    while (table[i] && runs[table[i] - 1].config != config)
        i = (i + 1) & (places - 1);
    return &table[i];
}

/* Leaves of each config the run that stands for it, in the order they were in. */
static size_t keep_one_of_each(store_candidate *runs, size_t n)
{
    size_t places = 16, kept = 0;
    while (places < 2 * n)
        places *= 2;
    size_t *table = calloc(places, sizeof *table);
    bool *stays = table ? calloc(n, sizeof *stays) : NULL;
    if (!stays) {
        free(table);
        return keep_by_sorting(runs, n);
    }
    for (size_t i = 0; i < n; i++) {
        size_t *at = find(table, places, runs, runs[i].config);
        if (*at && stands(&runs[*at - 1], &runs[i])) continue;
        if (*at) stays[*at - 1] = false;
        stays[i] = true;
        *at = i + 1;
    }
    for (size_t i = 0; i < n; i++)
        if (stays[i]) runs[kept++] = runs[i];
    free(stays);
    free(table);
    return kept;
}

/* NaN before everything. */
static int ascending(double a, double b)
{
    if (isnan(a) || isnan(b)) return !isnan(a) - !isnan(b);
    return (a > b) - (a < b);
}

static int by_place(const void *a, const void *b)
{
    const store_candidate *p = a, *q = b;
    if (isnan(p->x) != isnan(q->x)) return isnan(p->x) ? 1 : -1;
    int order = ascending(p->x, q->x);
    if (!order) order = ascending(p->y, q->y);
    return order ? order : (p->id > q->id) - (p->id < q->id);
}

static bool competes(const store_candidate *c)
{
    return c->done && !isnan(c->x) && !isnan(c->y);
}

/* The runs begin ... end-1 have the same x, and *best is the best y of all runs with a better one (-inf: there are
 * none). Takes these into *best. */
static void classify_column(store_candidate *runs, size_t begin, size_t end, int direction, double *best)
{
    double own = -INFINITY;
    for (size_t i = begin; i < end; i++)
        if (competes(&runs[i])) own = fmax(own, direction * runs[i].y);
    for (size_t i = begin; i < end; i++) {
        store_candidate *c = &runs[i];
        double y = direction * c->y;
        c->where = !c->done                ? STORE_FAILED
                   : !competes(c)          ? STORE_UNMEASURED
                   : *best >= y || own > y ? STORE_DOMINATED
                                           : STORE_FRONTIER;
    }
    *best = fmax(*best, own);
}

size_t store_classify(store_candidate *runs, size_t n, const store_metric *x, const store_metric *y)
{
    if (n == 0) return 0;
    const size_t kept = keep_one_of_each(runs, n);
    sort_nearly(runs, kept, sizeof *runs, by_place);
    size_t measured = kept;
    while (measured > 0 && isnan(runs[measured - 1].x))
        measured--;
    double best = -INFINITY;
    for (size_t i = measured; i < kept; i++)
        runs[i].where = runs[i].done ? STORE_UNMEASURED : STORE_FAILED;
    for (size_t begin, end, done = 0; done < measured; done += end - begin) { /* the best x first */
        begin = end = x->direction > 0 ? measured - done - 1 : done;
        while (end < measured && runs[end].x == runs[begin].x)
            end++;
        while (begin > 0 && runs[begin - 1].x == runs[begin].x)
            begin--;
        classify_column(runs, begin, end, y->direction, &best);
    }
    return kept;
}
