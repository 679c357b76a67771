/* Which rows are shown, and in which order. */
#include "app/board_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sort_nearly.h"

const board_column board_columns[] = {
    { "id", "run", 6, true },
    { "ratio", "ratio", 7, true },
    { "bits_per_value", "bits", 6, false },
    { "kld", "KLD", 9, false },
    { "dppl", "dppl %", 8, false },
    { "top1", "top-1 %", 7, true },
    { "rms_dp", "RMS dp", 7, false },
    { "verdict", "verdict", 9, false },
    { "started", "date", 16, true },
    { "config", "config", 0, false },
    { 0 },
};

/* ---- the filter ---- */

static bool is_late(void *arg)
{
    return clock_seconds() > *(const double *)arg;
}

bool board_ask_filter(board *b, const char *where, double seconds, board_ids *ids, fault *f)
{
    double deadline = clock_seconds() + seconds;
    store_stop_when(b->file, is_late, &deadline);
    bool ok = store_each_id(b->file, where, board_ids_add, ids, f);
    store_stop_when(b->file, NULL, NULL);
    if (ok && ids->no_memory) return fault_memory(f, "the filter");
    if (!ok && f && f->code == FAULT_INTERRUPTED)
        return fault_set(f, FAULT_NO, "the filter takes longer than %g s over these runs: it was taken away", seconds);
    return ok;
}

void board_hide(board *b, const board_ids *let_through)
{
    size_t next = 0;
    b->hides = let_through != NULL;
    for (size_t i = 0; i < b->all.n; i++) {
        board_entry *e = b->all.at[i];
        while (let_through && next < let_through->n && let_through->items[next] < e->row.id)
            next++;
        e->hidden = let_through && !(next < let_through->n && let_through->items[next] == e->row.id);
    }
}

bool board_filter(board *b, const char *where, fault *f)
{
    enum { SECONDS = 2 };
    board_ids ids = { 0 };
    bool filters = where && where[strspn(where, " \t\n")];
    char *kept = strdup(filters ? where : "");
    bool ok = kept || fault_memory(f, "the filter");
    if (ok && filters && !b->file) ok = fault_set(f, FAULT_INPUT, "%s: there are no runs yet to filter", b->path);
    if (ok && filters) ok = board_ask_filter(b, where, SECONDS, &ids, f);
    if (ok) {
        board_hide(b, filters ? &ids : NULL);
        free(b->where);
        b->where = kept;
        kept = NULL;
        ok = board_arrange(b, f);
    }
    free(kept);
    free(ids.items);
    return ok;
}

const char *board_filtered_by(const board *b)
{
    return b->where;
}

/* ---- the order ---- */

typedef struct sortable {
    board_entry *entry;
    const char *text; /* or NULL: the number counts */
    double number;
    int64_t id;
    int sign; /* -1: descending */
    bool pinned;
} sortable;

/* What a column sorts by. */
typedef struct sort_key {
    const store_metric *metric; /* or NULL */
    const char *column;
    int sign;
} sort_key;

static sortable sortable_of(const sort_key *by, board_entry *e)
{
    sortable s = { .entry = e, .number = NAN, .id = e->row.id, .sign = by->sign, .pinned = e->row.pinned };
    if (by->metric)
        s.number = store_metric_compared(by->metric, e->metric[by->metric - store_metrics]).value;
    else if (strcmp(by->column, "id") == 0)
        s.number = (double)e->row.id;
    else if (strcmp(by->column, "started") == 0)
        s.number = (double)e->row.started;
    else
        s.text = strcmp(by->column, "verdict") == 0 ? e->row.verdict : e->row.config;
    return s;
}

/* Pinned ones first, those without a value last, the newest first among equals. */
static int by_key(const void *a, const void *b)
{
    const sortable *p = a, *q = b;
    if (p->pinned != q->pinned) return p->pinned ? -1 : 1;
    bool no_p = p->text ? !*p->text : isnan(p->number), no_q = q->text ? !*q->text : isnan(q->number);
    if (no_p != no_q) return no_p ? 1 : -1;
    int order = 0;
    if (!no_p) order = p->text ? strcmp(p->text, q->text) : (p->number > q->number) - (p->number < q->number);
    if (order) return p->sign * order;
    return (p->id < q->id) - (p->id > q->id);
}

/* The entries that are not hidden: those that were shown in their old order, then the others. So they are nearly
 * sorted. `to` has room for all entries and all places. */
static size_t list_rows(const board *b, board_entry **to)
{
    size_t n = 0, n_old = 0;
    for (size_t i = 0; i < b->all.n; i++) {
        board_entry *e = b->all.at[i];
        if (e->place < 0 || e->hidden) continue;
        to[e->place] = e;
        n_old++;
    }
    for (size_t i = 0; n < n_old; i++)
        if (to[i]) to[n++] = to[i];
    for (size_t i = 0; i < b->all.n; i++)
        if (b->all.at[i]->place < 0 && !b->all.at[i]->hidden) to[n++] = b->all.at[i];
    return n;
}

/* The rows to show, in a new array. */
static board_entry **arrange_rows(const board *b, size_t *n)
{
    board_entry **shown = calloc(b->all.n + b->n_shown + 1, sizeof *shown);
    *n = shown ? list_rows(b, shown) : 0;
    sortable *rows = calloc(*n + 1, sizeof *rows);
    const char *column = board_columns[b->column].name;
    const sort_key by = { store_metric_named(column), column, b->descending ? -1 : 1 };
    if (!shown || !rows) {
        free(shown);
        free(rows);
        return NULL;
    }
    for (size_t i = 0; i < *n; i++)
        rows[i] = sortable_of(&by, shown[i]);
    sort_nearly(rows, *n, sizeof *rows, by_key);
    for (size_t i = 0; i < *n; i++)
        shown[i] = rows[i].entry;
    free(rows);
    return shown;
}

bool board_arrange(board *b, fault *f)
{
    size_t n = 0, n_points = 0;
    board_point *points = NULL;
    board_entry **shown = arrange_rows(b, &n);
    if (!shown) return fault_memory(f, "the rows");
    if (!board_make_points(b, &points, &n_points, f)) {
        free(shown);
        return false;
    }
    free(b->shown);
    free(b->points);
    b->shown = shown;
    b->n_shown = n;
    b->points = points;
    b->n_points = n_points;
    b->listed = false;
    b->changes++;
    for (size_t i = 0; i < b->all.n; i++)
        b->all.at[i]->place = b->all.at[i]->point = -1;
    for (size_t i = 0; i < n; i++)
        shown[i]->place = (ptrdiff_t)i;
    for (size_t i = 0; i < n_points; i++)
        board_entry_at(&points[i])->point = (ptrdiff_t)i;
    return true;
}

void board_sort(board *b, size_t column, bool descending)
{
    for (size_t i = 0; i <= column; i++)
        if (!board_columns[i].name) return;
    b->column = column;
    b->descending = descending;
    board_arrange(b, NULL); /* without memory the old order stays */
}

size_t board_sorted_by(const board *b, bool *descending)
{
    if (descending) *descending = b->descending;
    return b->column;
}
