/* The points of one set, and which of them cannot be told apart from the chosen one. */
#include "app/board_parts.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static store_estimate compared(const board_entry *e, const store_metric *m)
{
    return store_metric_compared(m, e->metric[m - store_metrics]);
}

static bool takes_part(const board *b, const board_entry *e)
{
    return !e->hidden && (size_t)e->row.set == b->set;
}

static store_candidate candidate_of(const board *b, board_entry *e)
{
    const store_estimate x = compared(e, b->x), y = compared(e, b->y);
    return (store_candidate){ .id = e->row.id,
                              .config = e->config_id,
                              .done = e->row.done,
                              .x = x.value,
                              .y = y.value,
                              .y_lo = y.lo,
                              .y_hi = y.hi,
                              .self = (size_t)(uintptr_t)e };
}

/* The runs that take part: those that were points in their old order, then the others. So they are nearly sorted. */
static size_t list_candidates(const board *b, store_candidate *runs)
{
    size_t n = 0, n_old = 0;
    for (size_t i = 0; i < b->all.n; i++) {
        board_entry *e = b->all.at[i];
        if (e->point < 0 || !takes_part(b, e)) continue;
        runs[e->point] = candidate_of(b, e);
        n_old++;
    }
    for (size_t i = 0; n < n_old; i++) /* the gaps: old points that do not take part any more have no entry */
        if (runs[i].self) runs[n++] = runs[i];
    for (size_t i = 0; i < b->all.n; i++)
        if (b->all.at[i]->point < 0 && takes_part(b, b->all.at[i])) runs[n++] = candidate_of(b, b->all.at[i]);
    return n;
}

bool board_make_points(board *b, board_point **points, size_t *n, fault *f)
{
    store_candidate *runs = calloc(b->all.n + b->n_points + 1, sizeof *runs);
    const size_t n_runs = runs && b->x ? list_candidates(b, runs) : 0;
    *n = n_runs ? store_classify(runs, n_runs, b->x, b->y) : 0;
    *points = runs ? calloc(*n + 1, sizeof **points) : NULL;
    for (size_t i = 0; *points && i < *n; i++) {
        const store_candidate *c = &runs[i];
        const board_entry *e = (const board_entry *)(uintptr_t)c->self;
        (*points)[i] = (board_point){ &e->row, c->where, c->x, c->y, c->y_lo, c->y_hi, e->like == LIKE_YES };
    }
    free(runs);
    return *points || fault_memory(f, "the points");
}

void board_plot(board *b, size_t set, const store_metric *x, const store_metric *y)
{
    if (b->set == set && b->x == x && b->y == y) return;
    if (b->set != set || b->y != y) board_forget_likeness(b);
    b->set = set;
    b->x = x;
    b->y = y;
    board_arrange(b, NULL);
}

size_t board_n_points(const board *b)
{
    return b->n_points;
}

const board_point *board_point_at(const board *b, size_t i)
{
    return &b->points[i];
}

ptrdiff_t board_point_of(const board *b, int64_t id)
{
    const board_entry *e = board_entry_of(b, id);
    return e ? e->point : -1;
}

ptrdiff_t board_cheapest(const board *b, double limit)
{
    ptrdiff_t best = -1;
    for (size_t i = 0; i < b->n_points; i++) {
        const board_point *p = &b->points[i];
        if (!p->row->done || isnan(p->x) || isnan(p->y) || b->y->direction * p->y < b->y->direction * limit) continue;
        const board_point *q = best < 0 ? NULL : &b->points[best];
        double dx = q ? b->x->direction * (p->x - q->x) : 1, dy = q ? b->y->direction * (p->y - q->y) : 0;
        if (dx > 0 || (dx == 0 && dy > 0)) best = (ptrdiff_t)i;
    }
    return best;
}

/* ---- likeness ---- */

void board_forget_likeness(board *b)
{
    for (size_t i = 0; i < b->all.n; i++)
        b->all.at[i]->like = LIKE_UNKNOWN;
    for (size_t i = 0; i < b->n_points; i++)
        b->points[i].like_chosen = false;
    b->listed = false;
}

/* Intervals that do not meet need no comparison. */
static bool intervals_meet(const board_entry *e, const board_entry *chosen, const store_metric *y)
{
    const store_estimate *a = &e->metric[y - store_metrics], *c = &chosen->metric[y - store_metrics];
    return a->lo <= c->hi && c->lo <= a->hi;
}

static bool is_open(const board *b, size_t i, const board_entry *chosen)
{
    const board_entry *e = board_entry_at(&b->points[i]);
    return e != chosen && e->row.done && e->like == LIKE_UNKNOWN && intervals_meet(e, chosen, b->y);
}

/* The points to compare with the chosen run, from there outwards. */
static bool list_open(board *b, const board_entry *chosen, fault *f)
{
    if (b->listed) return true;
    size_t *open = reallocarray(b->open, b->n_points + 1, sizeof *open);
    if (!open) return fault_memory(f, "the comparisons");
    const size_t from = chosen->point < 0 ? 0 : (size_t)chosen->point;
    b->open = open;
    b->n_open = b->next_open = 0;
    for (size_t d = 0; d < b->n_points; d++) {
        if (from + d < b->n_points && is_open(b, from + d, chosen)) open[b->n_open++] = from + d;
        if (d > 0 && d <= from && is_open(b, from - d, chosen)) open[b->n_open++] = from - d;
    }
    b->listed = true;
    return true;
}

static bool judge(board *b, size_t i, metric_id metric, fault *f)
{
    board_point *p = &b->points[i];
    board_entry *e = board_entry_at(p);
    paired_run other = { 0 };
    interval d = { 0 };
    bool ok =
        paired_read(b->file, e->row.id, e->row.seed, &other, f) && paired_difference(&b->chosen, &other, metric, &d, f);
    paired_release(&other);
    e->like = ok && paired_alike(&d) ? LIKE_YES : LIKE_NO;
    p->like_chosen = e->like == LIKE_YES;
    return ok;
}

static bool take_choice(board *b, const board_entry *chosen, fault *f)
{
    if (b->chosen.id == chosen->row.id) return true;
    board_forget_likeness(b);
    paired_release(&b->chosen);
    if (paired_read(b->file, chosen->row.id, chosen->row.seed, &b->chosen, f)) return true;
    paired_release(&b->chosen);
    return false;
}

bool board_choose(board *b, int64_t id, size_t most, size_t *left, fault *f)
{
    const board_entry *chosen = board_entry_of(b, id);
    metric_id metric;
    *left = 0;
    if (!chosen) {
        if (b->chosen.id) board_forget_likeness(b);
        paired_release(&b->chosen);
        return true;
    }
    bool comparable = chosen->row.done && b->y && (size_t)chosen->row.set == b->set && paired_metric(b->y, &metric);
    if (!comparable) {
        if (b->chosen.id) board_forget_likeness(b);
        paired_release(&b->chosen);
        return true;
    }
    if (!take_choice(b, chosen, f)) return false;
    bool ok = list_open(b, chosen, f);
    for (; ok && most > 0 && b->next_open < b->n_open; most--)
        ok = judge(b, b->open[b->next_open++], metric, f);
    *left = ok ? b->n_open - b->next_open : 0;
    return ok;
}

int64_t board_compared(const board *b)
{
    return b->chosen.id;
}
