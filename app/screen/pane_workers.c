/* What runs: a line for each command with a bar for the whole, and one for each of its workers. */
#include "app/screen/pane.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/progress.h"

enum { TITLE = 1, CELL = 96, SEPARATION = 2, LEAST_LABEL = 12 };

typedef struct workers_pane {
    pane base;
    int top; /* the first line seen */
} workers_pane;

/* A part of a line behind its label. Those of the highest rank are left out first when there is no room. */
typedef struct part {
    tui_look look;
    int rank;
    char text[CELL];
} part;

typedef struct parts {
    part part[8];
    int n;
} parts;

static void add(parts *p, tui_look look, int rank, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void add(parts *p, tui_look look, int rank, const char *format, ...)
{
    va_list list;
    part *to = &p->part[p->n++];
    to->look = look;
    to->rank = rank;
    va_start(list, format);
    vsnprintf(to->text, sizeof to->text, format, list);
    va_end(list);
}

/* ---- the parts of a line ---- */

static void add_bar(parts *p, const tui *t, uint64_t done, uint64_t total, int cells, int rank)
{
    const char *full = t->terminal.utf8 ? "\xE2\x96\x88" : "#", *empty = t->terminal.utf8 ? "\xE2\x96\x91" : "-";
    if (total == 0) return;
    const double share = done >= total ? 1 : (double)done / (double)total;
    char text[CELL] = "";
    size_t n = 0;
    for (int i = 0; i < cells; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", i < (int)(share * cells) ? full : empty);
    add(p, LOOK_GOOD, rank, "%s", text);
}

static void add_left(parts *p, double seconds, int rank)
{
    char time[32];
    if (!(seconds >= 0)) return;
    progress_duration(seconds, time, sizeof time);
    add(p, LOOK_PLAIN, rank, "%s left", time);
}

static void job_parts(const tui *t, const console_job *j, parts *p)
{
    char time[32];
    if (j->has_whole) {
        const event_whole *w = &j->whole;
        add_bar(p, t, w->done, w->total, 20, 3);
        add(p, LOOK_PLAIN, 0, "%" PRIu64 "/%" PRIu64, w->done, w->total);
        if (w->failed) add(p, LOOK_BAD, 1, "%" PRIu64 " failed", w->failed);
        if (w->done && w->done < w->total) add_left(p, j->seconds * ((double)w->total / (double)w->done - 1), 2);
    }
    progress_duration(j->seconds, time, sizeof time);
    add(p, LOOK_DIM, 4, "%s", time);
}

static void worker_parts(const tui *t, const event_worker *w, parts *p)
{
    const bool stopped = w->state == WORKER_STOPPED;
    add(p, stopped ? LOOK_WARN : LOOK_PLAIN, 0, "%-10s", stopped ? "stopped" : w->what);
    add_bar(p, t, w->done, w->total, 10, 2);
    if (w->total)
        add(p, LOOK_PLAIN, 4, "%" PRIu64 "/%" PRIu64 " %s", w->done, w->total, w->unit);
    else if (w->done)
        add(p, LOOK_PLAIN, 4, "%" PRIu64 " %s", w->done, w->unit);
    if (w->tokens_per_s >= 0) add(p, LOOK_DIM, 5, "%.0f tokens/s", w->tokens_per_s);
    if (w->kld >= 0) add(p, LOOK_PLAIN, 3, "KLD %.3g", w->kld);
    if (!stopped) add_left(p, w->left_s, 1);
}

/* ---- the lines ---- */

typedef struct row {
    char label[EVENTS_LABEL + 32];
    tui_look look;
    parts parts;
} row;

/* What is over in a moment is not worth moving the other panes for. */
static bool is_shown(const console_job *j)
{
    return j->has_whole || j->n_workers > 0 || j->seconds >= 1;
}

static int count_rows(const console *c)
{
    int n = 0;
    for (size_t i = 0; i < console_n_jobs(c); i++) {
        const console_job *j = console_job_at(c, i);
        if (is_shown(j)) n += 1 + (int)j->n_workers;
    }
    return n;
}

static void make_row(const view *v, int i, row *r)
{
    *r = (row){ .look = LOOK_PLAIN };
    for (size_t k = 0; k < console_n_jobs(v->console); k++) {
        const console_job *j = console_job_at(v->console, k);
        if (!is_shown(j)) continue;
        if (i == 0) {
            r->look = LOOK_ACCENT;
            snprintf(r->label, sizeof r->label, "[%d] %s", j->command, j->line);
            job_parts(v->tui, j, &r->parts);
            return;
        }
        if (--i < (int)j->n_workers) {
            snprintf(r->label, sizeof r->label, "%4d %s", j->workers[i].slot, j->workers[i].label);
            worker_parts(v->tui, &j->workers[i], &r->parts);
            return;
        }
        i -= (int)j->n_workers;
    }
}

static int width_of(const view *v, const char *text)
{
    columns c;
    columns_enter(&c, v->tui->terminal.utf8);
    const int width = columns_width(&c, text, strlen(text));
    columns_leave(&c);
    return width;
}

static int parts_width(const view *v, const parts *p)
{
    int width = 0;
    for (int i = 0; i < p->n; i++)
        width += SEPARATION + width_of(v, p->part[i].text);
    return width;
}

static void drop_least(parts *p)
{
    int least = 0;
    for (int i = 1; i < p->n; i++)
        if (p->part[i].rank > p->part[least].rank) least = i;
    memmove(&p->part[least], &p->part[least + 1], (size_t)(--p->n - least) * sizeof p->part[0]);
}

static void fit(const view *v, row *r, int width)
{
    while (r->parts.n > 1 && LEAST_LABEL + parts_width(v, &r->parts) > width)
        drop_least(&r->parts);
}

/* The column where the parts begin, the same for all lines that are seen but those whose label needs more and may. */
static int common_column(const view *v, int top, int n, int width)
{
    int widest = 0, most = width;
    row r;
    for (int i = 0; i < n; i++) {
        make_row(v, top + i, &r);
        fit(v, &r, width);
        const int label = width_of(v, r.label), left = width - parts_width(v, &r.parts);
        if (label > widest) widest = label;
        if (left < most) most = left;
    }
    return widest < most ? widest : most;
}

static void draw(pane *base, view *v, rect r, bool focused)
{
    workers_pane *p = (workers_pane *)base;
    const int rows = count_rows(v->console), lines = r.height - TITLE;
    if (p->top > rows - lines) p->top = rows > lines ? rows - lines : 0;
    char right[64] = "";
    if (rows > lines) snprintf(right, sizeof right, "%d of %d lines", lines < 0 ? 0 : lines, rows);
    tui_rule(v->tui, r, 0, focused ? LOOK_ACCENT : LOOK_DIM, "5 workers", right);
    const int n = rows - p->top < lines ? rows - p->top : lines;
    const int at = common_column(v, p->top, n, r.width);
    for (int i = 0; i < n; i++) {
        row one;
        make_row(v, p->top + i, &one);
        fit(v, &one, r.width);
        const int wide = width_of(v, one.label), most = r.width - parts_width(v, &one.parts);
        int column = wide > at ? (wide < most ? wide : most) : at;
        const rect label = { r.row + TITLE + i, r.column, 1, column };
        tui_put(v->tui, label, 0, 0, one.look, one.label);
        for (int k = 0; k < one.parts.n; k++)
            column = tui_put(v->tui, r, TITLE + i, column + SEPARATION, one.parts.part[k].look, one.parts.part[k].text);
    }
    if (rows == 0 && lines > 0) tui_put(v->tui, r, TITLE, 0, LOOK_DIM, "nothing runs");
}

int pane_workers_height(const view *v)
{
    const int rows = count_rows(v->console), most = v->tui->height / 3;
    if (rows == 0) return 0;
    return rows + TITLE < most ? rows + TITLE : most;
}

/* ---- keys ---- */

static void move(pane *base, view *v, int lines, int b)
{
    (void)v, (void)b;
    workers_pane *p = (workers_pane *)base;
    p->top = p->top + lines < 0 ? 0 : p->top + lines; /* not too far down: draw sees to it */
}

static const pane_key keys[] = {
    { { 'j', TUI_DOWN }, move, 1, 0, NULL, "look at other lines; arrows, too" },
    { { 'k', TUI_UP }, move, -1, 0, NULL, NULL },
    { { 0 }, NULL, 0, 0, NULL, NULL },
};

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    (void)r;
    if (!m->wheel_up && !m->wheel_down) return false;
    move(base, v, m->wheel_up ? -1 : 1, 0);
    return true;
}

static void release(pane *p)
{
    free(p);
}

static const pane_type type = { "workers", keys, draw, mouse, release };

pane *pane_workers_create(fault *f)
{
    workers_pane *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the workers");
        return NULL;
    }
    p->base.type = &type;
    return &p->base;
}
