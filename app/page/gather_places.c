/* Where the runs of a set stand, as store_classify says, and the order they are listed in. */
#include "app/page/gather_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/paired.h"

/* ---- candidates ---- */

static store_candidate candidate(const page_set *set, size_t i, const int64_t *configs, const store_metric *x,
                                 const store_metric *y)
{
    const store_run *r = &set->runs[i].run;
    store_estimate at = store_metric_compared(y, store_metric_stored(y, r));
    return (store_candidate){ .id = r->id,
                              .config = configs[i],
                              .done = strcmp(r->status, "done") == 0,
                              .x = store_metric_value(x, r),
                              .y = at.value,
                              .y_lo = at.lo,
                              .y_hi = at.hi,
                              .self = i };
}

typedef struct hashed {
    const char *hash;
    size_t at;
} hashed;

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const hashed *)a)->hash, ((const hashed *)b)->hash);
}

/* A number for each config: configs[i] is that of run i. */
static bool number_configs(const page_set *set, int64_t *configs)
{
    hashed *all = calloc(set->n_runs, sizeof *all);
    if (!all) return false;
    for (size_t i = 0; i < set->n_runs; i++)
        all[i] = (hashed){ set->runs[i].run.config.hash, i };
    qsort(all, set->n_runs, sizeof *all, by_hash);
    int64_t number = 0;
    for (size_t i = 0; i < set->n_runs; i++) {
        if (i > 0 && strcmp(all[i - 1].hash, all[i].hash) != 0) number++;
        configs[all[i].at] = number;
    }
    free(all);
    return true;
}

/* ---- one pair of axes ---- */

static bool place(const page_axes *axes, page_set *set, size_t x, size_t y)
{
    static const page_class classes[] = { PAGE_FRONTIER, PAGE_DOMINATED, PAGE_FAILED, PAGE_UNMEASURED };
    size_t n = set->n_runs;
    int64_t *configs = calloc(n, sizeof *configs);
    store_candidate *all = calloc(n, sizeof *all);
    page_place *places = set->places[x][y] = calloc(n, sizeof *places);
    size_t *front = set->front[x][y] = calloc(n, sizeof *front);
    bool ok = configs && all && places && front && number_configs(set, configs);
    size_t n_points = 0, n_front = 0;
    for (size_t i = 0; ok && i < n; i++) {
        all[i] = candidate(set, i, configs, axes->x[x], axes->y[y]);
        places[i] = (page_place){ PAGE_OLDER, all[i].x, all[i].y, all[i].y_lo, all[i].y_hi, n, false };
    }
    if (ok) n_points = store_classify(all, n, axes->x[x], axes->y[y]);
    for (size_t i = 0; i < n_points; i++) {
        page_place *p = &places[all[i].self];
        p->where = classes[all[i].where];
        p->rank = i;
        if (p->where == PAGE_FRONTIER) front[n_front++] = all[i].self;
    }
    set->n_front[x][y] = n_front;
    free(configs);
    free(all);
    return ok;
}

static void drop_places(page_set *set, size_t x, size_t y)
{
    free(set->places[x][y]);
    free(set->front[x][y]);
    set->places[x][y] = NULL;
    set->front[x][y] = NULL;
}

/* ---- the order in which they are listed ---- */

typedef struct key {
    page_class where;
    size_t rank;
    int64_t id;
    size_t at;
} key;

static int by_key(const void *a, const void *b)
{
    const key *p = a, *q = b;
    if (p->where != q->where) return p->where < q->where ? -1 : 1;
    if (p->where == PAGE_FRONTIER && p->rank != q->rank) return p->rank < q->rank ? -1 : 1;
    return (p->id < q->id) - (p->id > q->id);
}

static bool sort_runs(page_set *set)
{
    key *keys = calloc(set->n_runs, sizeof *keys);
    page_run *sorted = calloc(set->n_runs, sizeof *sorted);
    if (!keys || !sorted) {
        free(keys);
        free(sorted);
        return false;
    }
    for (size_t i = 0; i < set->n_runs; i++)
        keys[i] = (key){ set->places[0][0][i].where, set->places[0][0][i].rank, set->runs[i].run.id, i };
    qsort(keys, set->n_runs, sizeof *keys, by_key);
    for (size_t i = 0; i < set->n_runs; i++)
        sorted[i] = set->runs[keys[i].at];
    free(keys);
    free(set->runs);
    set->runs = sorted;
    return true;
}

/* ---- neighbours ---- */

/* What was compared already: ratio and bits have the same neighbours, and a difference does not depend on the order. */
typedef struct compared {
    int64_t a, b;
    metric_id metric;
    bool alike;
} compared;

typedef struct comparer {
    store *s;
    compared *known;
    size_t n, room;
} comparer;

static bool compare(store *s, const store_run *a, const store_run *b, metric_id metric, bool *alike, fault *f)
{
    paired_run first = { 0 }, second = { 0 };
    interval d;
    bool ok = paired_read(s, a->id, a->seed, &first, f) && paired_read(s, b->id, b->seed, &second, f) &&
              paired_difference(&first, &second, metric, &d, f);
    *alike = ok && paired_alike(&d);
    paired_release(&first);
    paired_release(&second);
    return ok;
}

static bool compare_once(comparer *c, const store_run *a, const store_run *b, metric_id metric, bool *alike, fault *f)
{
    if (a->id > b->id) return compare_once(c, b, a, metric, alike, f);
    for (size_t i = 0; i < c->n; i++)
        if (c->known[i].a == a->id && c->known[i].b == b->id && c->known[i].metric == metric) {
            *alike = c->known[i].alike;
            return true;
        }
    if (!compare(c->s, a, b, metric, alike, f)) return false;
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        compared *grown = reallocarray(c->known, room, sizeof *grown);
        if (!grown) return fault_memory(f, "the comparisons");
        c->known = grown;
        c->room = room;
    }
    c->known[c->n++] = (compared){ a->id, b->id, metric, *alike };
    return true;
}

static bool mark_alike(comparer *c, const store_metric *y, page_set *set, size_t ix, size_t iy, fault *f)
{
    const size_t *front = set->front[ix][iy];
    metric_id metric;
    if (!paired_metric(y, &metric)) return true;
    for (size_t i = 1; i < set->n_front[ix][iy]; i++)
        if (!compare_once(c, &set->runs[front[i - 1]].run, &set->runs[front[i]].run, metric,
                          &set->places[ix][iy][front[i]].alike, f))
            return false;
    return true;
}

bool gather_places(store *s, const page_axes *axes, page_set *set, fault *f)
{
    bool ok = place(axes, set, 0, 0) && sort_runs(set);
    drop_places(set, 0, 0);
    for (size_t x = 0; ok && x < axes->n_x; x++)
        for (size_t y = 0; ok && y < axes->n_y; y++)
            ok = place(axes, set, x, y);
    if (!ok) return fault_memory(f, "the frontier");
    comparer c = { .s = s };
    for (size_t x = 0; ok && x < axes->n_x; x++)
        for (size_t y = 0; ok && y < axes->n_y; y++)
            ok = mark_alike(&c, axes->y[y], set, x, y, f);
    free(c.known);
    return ok;
}
