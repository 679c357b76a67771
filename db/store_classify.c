/* Which runs of a comparable set stand for their configs, and which of them no other beats: the one place that says so.
 */
#include "db/store.h"

#include <math.h>
#include <stdlib.h>

/* By config; of each the one that stands for it last: done before failed, then the newest. */
static int by_config(const void *a, const void *b)
{
    const store_candidate *p = a, *q = b;
    if (p->config != q->config) return p->config < q->config ? -1 : 1;
    if (p->done != q->done) return p->done ? 1 : -1;
    return (p->id > q->id) - (p->id < q->id);
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
    size_t kept = 0;
    if (n == 0) return 0;
    qsort(runs, n, sizeof *runs, by_config);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || runs[i + 1].config != runs[i].config) runs[kept++] = runs[i];
    qsort(runs, kept, sizeof *runs, by_place);
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
