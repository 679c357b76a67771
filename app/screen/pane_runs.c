/* The table of runs. */
#include "app/screen/pane.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct runs_pane {
    pane base;
    size_t top; /* the first row seen */
} runs_pane;

/* ---- columns ---- */

enum { CELL = 32 };

static void put_id(const board_row *r, char *text)
{
    snprintf(text, CELL, "%" PRId64, r->id);
}

static void put_number(const char *format, double x, char *text)
{
    text[0] = '\0';
    char number[CELL];
    if (isnan(x)) return;
    snprintf(number, sizeof number, strcmp(format, "g") == 0 ? "%.3g" : strcmp(format, "+") == 0 ? "%+.3f" : "%.3f", x);
    strcpy(text, number);
}

static void put_ratio(const board_row *r, char *text)
{
    put_number("", r->ratio, text);
}

static void put_bits(const board_row *r, char *text)
{
    put_number("", r->bits_per_value, text);
}

static void put_kld(const board_row *r, char *text)
{
    put_number("g", r->kld.value, text);
}

static void put_dppl(const board_row *r, char *text)
{
    put_number("+", r->dppl.value, text);
}

static void put_top1(const board_row *r, char *text)
{
    put_number("", r->top1.value, text);
}

static void put_rms(const board_row *r, char *text)
{
    put_number("", r->rms_dp.value, text);
}

static void put_verdict(const board_row *r, char *text)
{
    snprintf(text, CELL, "%s", r->done ? r->verdict : "failed");
}

static void put_date(const board_row *r, char *text)
{
    const time_t at = (time_t)r->started;
    struct tm utc;
    text[0] = '\0';
    if (gmtime_r(&at, &utc)) strftime(text, CELL, "%Y-%m-%d %H:%M", &utc);
}

/* How a column of the board is shown, by what it is wanted most: the first are there in the narrowest table. The config
 * has what is left. */
static const struct {
    const char *name;
    int width;
    void (*put)(const board_row *r, char *text);
    bool left;
} shown[] = {
    { "id", 4, put_id, false },          { "ratio", 6, put_ratio, false },         { "kld", 8, put_kld, false },
    { "dppl", 8, put_dppl, false },      { "bits_per_value", 6, put_bits, false }, { "top1", 7, put_top1, false },
    { "verdict", 9, put_verdict, true }, { "rms_dp", 7, put_rms, false },          { "started", 16, put_date, true },
};
enum { N_SHOWN = sizeof shown / sizeof *shown, MARKS = 2 };

/* The width of each column of shown, in this table; 0: it has no place. */
typedef struct widths {
    int of[N_SHOWN];
} widths;

static size_t shown_as(const char *name)
{
    size_t i = 0;
    while (i < N_SHOWN && strcmp(shown[i].name, name) != 0)
        i++;
    return i;
}

static int widest_id(const board *b)
{
    int64_t largest = 999; /* so that the first runs do not make the table jump */
    for (size_t i = 0; i < board_n_sets(b); i++)
        if (board_set_at(b, i)->newest > largest) largest = board_set_at(b, i)->newest;
    char text[CELL];
    return snprintf(text, sizeof text, "%" PRId64, largest);
}

/* The column that rows are sorted by always has a place, if it is one; the others as long as enough is left for the
 * config. */
static widths choose_columns(const board *b, int width)
{
    enum { LEAST_CONFIG = 14 };
    bool descending;
    widths w = { 0 };
    const size_t sorted = shown_as(board_columns[board_sorted_by(b, &descending)].name);
    int left = width - MARKS - (width * 2 / 5 > LEAST_CONFIG ? width * 2 / 5 : LEAST_CONFIG);
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < N_SHOWN; i++) {
            if (w.of[i] || (pass == 0 && i != sorted)) continue;
            const int wanted = strcmp(shown[i].name, "id") == 0 ? widest_id(b) : shown[i].width;
            if (pass == 1 && wanted + 1 > left) return w;
            w.of[i] = wanted;
            left -= wanted + 1;
        }
    return w;
}

/* ---- lines ---- */

static void put_cell(tui *t, rect r, int row, int *column, int width, bool left, tui_look look, const char *text)
{
    char cut[CELL + 1];
    snprintf(cut, sizeof cut, left ? "%-*.*s" : "%*.*s", width, width, text);
    tui_put(t, r, row, *column, look, cut);
    *column += width + 1;
}

static void draw_heading(const view *v, rect r, const widths *w)
{
    bool descending;
    const size_t sorted = board_sorted_by(v->board, &descending);
    const bool utf8 = v->tui->terminal.utf8;
    const char *arrow = descending ? (utf8 ? "↓" : "v") : (utf8 ? "↑" : "^");
    int column = MARKS;
    for (size_t i = 0; board_columns[i].name; i++) {
        const size_t as = shown_as(board_columns[i].name);
        if (as < N_SHOWN && !w->of[as]) continue;
        const tui_look look = i == sorted ? LOOK_BOLD : LOOK_DIM;
        const int begin = column;
        if (as < N_SHOWN) {
            put_cell(v->tui, r, 1, &column, w->of[as], shown[as].left, look, board_columns[i].title);
        } else {
            column = tui_put(v->tui, r, 1, column, look, board_columns[i].title) + 1;
        }
        if (i == sorted) tui_put(v->tui, r, 1, begin > 0 ? begin - 1 : 0, look, arrow);
    }
}

/* Filled for the frontier, hollow for what it dominates, crossed for failures; blank for runs of other groups. */
static const char *symbol_of(const view *v, const board_row *row)
{
    static const char *const symbols[2][4] = {
        [0] = { [STORE_FRONTIER] = "*", [STORE_DOMINATED] = "o", [STORE_FAILED] = "x", [STORE_UNMEASURED] = "?" },
        [1] = { [STORE_FRONTIER] = "●", [STORE_DOMINATED] = "○", [STORE_FAILED] = "×", [STORE_UNMEASURED] = "?" },
    };
    const bool utf8 = v->tui->terminal.utf8;
    if (!row->done) return symbols[utf8][STORE_FAILED];
    const ptrdiff_t i = board_point_of(v->board, row->id);
    return i < 0 ? " " : symbols[utf8][board_point_at(v->board, (size_t)i)->where];
}

static tui_look family_look(const board_row *row)
{
    if (!row->done) return LOOK_BAD;
    return row->family == BOARD_NO_FAMILY ? LOOK_PLAIN : (tui_look)(LOOK_FAMILY + row->family % 6);
}

static void draw_row(const view *v, rect r, int at, const board_row *row, const widths *w, bool focused)
{
    tui *t = v->tui;
    const bool chosen = row->id == v->chosen;
    const tui_look look = chosen ? (focused ? LOOK_CHOSEN : LOOK_MARKED) : row->done ? LOOK_PLAIN : LOOK_BAD;
    for (int x = 0; chosen && x < r.width; x++)
        tui_put(t, r, at, x, look, " ");
    tui_put(t, r, at, 0, look, row->id == v->other ? "m" : row->pinned ? "p" : " ");
    tui_put(t, r, at, 1, chosen ? look : family_look(row), symbol_of(v, row));
    int column = MARKS;
    char text[CELL];
    for (size_t i = 0; board_columns[i].name; i++) {
        const size_t as = shown_as(board_columns[i].name);
        if (as < N_SHOWN && !w->of[as]) continue;
        if (as == N_SHOWN) {
            tui_put(t, r, at, column, look, row->config);
            break;
        }
        shown[as].put(row, text);
        put_cell(t, r, at, &column, w->of[as], shown[as].left, look, text);
    }
}

/* ---- the pane ---- */

static void draw_nothing(const view *v, rect r)
{
    static const char *const first[] = { "No runs yet. To begin, type:",
                                         "  run turbo4",
                                         "  sweep turbo2 turbo3 turbo4",
                                         "  recipe     experiments",
                                         "  codecs     what there is",
                                         "  help       everything else",
                                         "Tab completes; Esc leaves the line,",
                                         ": comes back to it.",
                                         NULL };
    if (board_n_all(v->board) > 0) {
        tui_put(v->tui, r, 2, MARKS, LOOK_DIM, "no run fits the filter; / changes it");
        return;
    }
    for (int i = 0; first[i]; i++)
        tui_put(v->tui, r, i + 2, MARKS, LOOK_PLAIN, first[i]);
}

static void draw_title(const view *v, rect r, bool focused)
{
    char right[256];
    const char *filter = board_filtered_by(v->board);
    const size_t n = board_n(v->board), all = board_n_all(v->board);
    if (*filter)
        snprintf(right, sizeof right, "%zu of %zu: %.*s", n, all, r.width > 32 ? r.width - 26 : 6, filter);
    else
        snprintf(right, sizeof right, "%zu", all);
    tui_rule(v->tui, r, 0, focused ? LOOK_ACCENT : LOOK_DIM, "1 runs", right);
}

/* The chosen row stays in sight. */
static void scroll(runs_pane *p, const view *v, size_t lines)
{
    const size_t n = board_n(v->board);
    const ptrdiff_t chosen = v->chosen ? board_place(v->board, v->chosen) : -1;
    if (chosen >= 0 && (size_t)chosen < p->top) p->top = (size_t)chosen;
    if (chosen >= 0 && (size_t)chosen >= p->top + lines) p->top = (size_t)chosen - lines + 1;
    if (p->top + lines > n) p->top = n > lines ? n - lines : 0;
}

static void draw(pane *base, view *v, rect r, bool focused)
{
    runs_pane *p = (runs_pane *)base;
    draw_title(v, r, focused);
    const size_t n = board_n(v->board);
    if (n == 0) {
        draw_nothing(v, r);
        return;
    }
    const widths w = choose_columns(v->board, r.width);
    draw_heading(v, r, &w);
    const size_t lines = r.height > 2 ? (size_t)r.height - 2 : 0;
    scroll(p, v, lines ? lines : 1);
    for (size_t i = 0; i < lines && p->top + i < n; i++)
        draw_row(v, r, (int)i + 2, board_at(v->board, p->top + i), &w, focused);
}

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    (void)r;
    const runs_pane *p = (const runs_pane *)base;
    const size_t n = board_n(v->board);
    if (n == 0) return false;
    if (m->wheel_up || m->wheel_down) {
        const ptrdiff_t at = v->chosen ? board_place(v->board, v->chosen) : 0;
        const ptrdiff_t to = (at < 0 ? 0 : at) + (m->wheel_up ? -3 : 3);
        v->chosen = board_at(v->board, to < 0 ? 0 : (size_t)to >= n ? n - 1 : (size_t)to)->id;
        return true;
    }
    if (!m->pressed || m->row < 2 || p->top + (size_t)(m->row - 2) >= n) return false;
    v->chosen = board_at(v->board, p->top + (size_t)(m->row - 2))->id;
    return true;
}

static void release(pane *p)
{
    free(p);
}

static const pane_type type = { "runs", NULL, draw, mouse, release };

pane *pane_runs_create(fault *f)
{
    runs_pane *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the table of runs");
        return NULL;
    }
    p->base.type = &type;
    return &p->base;
}
