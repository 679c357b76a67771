/* The log: what was given, what came of it. Follows its end until scrolled away from it. */
#include "app/screen/pane.h"

#include <stdio.h>
#include <stdlib.h>

enum { CTRL_B = 2, CTRL_F = 6, SIDEWAYS = 8 /* columns */, WHEEL = 3 /* lines */, BESIDE = 4 };

typedef struct log_pane {
    pane base;
    bool away;  /* scrolled: first holds */
    size_t top; /* the first line seen, counted from the session's first */
    int left;   /* columns out of sight on the left */
    size_t lines;
} log_pane;

/* Where the end begins that fills the pane. Lines keep their number when older ones are dropped. */
static size_t last_top(const log_pane *p, const console *c)
{
    const size_t n = console_n_lines(c);
    return console_n_dropped(c) + (n > p->lines ? n - p->lines : 0);
}

static size_t top_of(const log_pane *p, const console *c)
{
    const size_t first = console_n_dropped(c), last = last_top(p, c);
    if (!p->away || p->top > last) return last;
    return p->top < first ? first : p->top;
}

static void scroll_to(log_pane *p, const console *c, size_t top)
{
    p->top = top;
    p->away = top < last_top(p, c);
}

static void scroll_by(log_pane *p, const console *c, ptrdiff_t lines)
{
    const size_t now = top_of(p, c), first = console_n_dropped(c);
    if (lines < 0)
        scroll_to(p, c, now > first + (size_t)-lines ? now - (size_t)-lines : first);
    else
        scroll_to(p, c, now + (size_t)lines);
}

/* ---- drawing ---- */

static tui_look look_of(console_kind kind)
{
    static const tui_look looks[] = {
        [LOG_COMMAND] = LOOK_ACCENT, [LOG_OUTPUT] = LOOK_PLAIN, [LOG_ERROR] = LOOK_BAD, [LOG_NOTE] = LOOK_DIM
    };
    return looks[kind];
}

static void draw_line(tui *t, rect r, int row, int left, const console_line *l)
{
    int column = -left;
    if (l->kind == LOG_COMMAND) column = tui_put(t, r, row, column, LOOK_ACCENT, "> ");
    if (l->apart) column = tui_print(t, r, row, column, LOOK_DIM, "[%d] ", l->command);
    tui_put(t, r, row, column, look_of(l->kind), l->text);
}

static void draw_title(const log_pane *p, const view *v, rect r, size_t top, bool focused)
{
    const console *c = v->console;
    const size_t n = console_n_lines(c) + console_n_dropped(c);
    char right[96] = "";
    const size_t below = n - top > p->lines ? n - top - p->lines : 0;
    if (console_n_dropped(c) && top == console_n_dropped(c))
        snprintf(right, sizeof right, "%zu lines above were dropped", console_n_dropped(c));
    else if (below)
        snprintf(right, sizeof right, "%zu more below, G goes there", below);
    tui_rule(v->tui, r, 0, focused ? LOOK_ACCENT : LOOK_DIM, "4 log", right);
}

static void draw(pane *base, view *v, rect r, bool focused)
{
    log_pane *p = (log_pane *)base;
    const console *c = v->console;
    p->lines = r.height > 1 ? (size_t)(r.height - 1) : 0;
    console_width(v->console, r.width);
    const size_t top = top_of(p, c), first = console_n_dropped(c);
    draw_title(p, v, r, top, focused);
    for (size_t i = 0; i < p->lines; i++) {
        const console_line *l = console_line_at(c, top - first + i);
        if (l) draw_line(v->tui, r, (int)i + 1, p->left, l);
    }
}

/* ---- keys ---- */

static void scroll(pane *base, view *v, int lines, int columns)
{
    log_pane *p = (log_pane *)base;
    if (lines) scroll_by(p, v->console, lines);
    p->left += columns;
    if (p->left < 0) p->left = 0;
}

static void turn_page(pane *base, view *v, int pages, int b)
{
    (void)b;
    log_pane *p = (log_pane *)base;
    const ptrdiff_t page = p->lines > 1 ? (ptrdiff_t)p->lines - 1 : 1;
    scroll_by(p, v->console, pages * page);
}

static const pane_key keys[] = {
    { { 'h', TUI_LEFT }, scroll, 0, -SIDEWAYS, NULL, "look at other lines, and further right; arrows, too" },
    { { 'j', TUI_DOWN }, scroll, 1, 0, NULL, NULL },
    { { 'k', TUI_UP }, scroll, -1, 0, NULL, NULL },
    { { 'l', TUI_RIGHT }, scroll, 0, SIDEWAYS, NULL, NULL },
    { { TUI_PAGE_DOWN, ' ', CTRL_F }, turn_page, 1, 0, NULL, "a page down, a page up" },
    { { TUI_PAGE_UP, CTRL_B }, turn_page, -1, 0, NULL, NULL },
    { { 'g', TUI_HOME }, scroll, -1000000, 0, NULL, "the first line, the last one" },
    { { 'G', TUI_END }, scroll, 1000000, 0, NULL, NULL },
    { { 0 }, NULL, 0, 0, NULL, NULL },
};

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    (void)r;
    if (!m->wheel_up && !m->wheel_down) return false;
    scroll_by((log_pane *)base, v->console, m->wheel_up ? -WHEEL : WHEEL);
    return true;
}

static void release(pane *p)
{
    free(p);
}

static const pane_type type = { "log", keys, draw, mouse, release };

pane *pane_log_create(fault *f)
{
    log_pane *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the log");
        return NULL;
    }
    p->base.type = &type;
    return &p->base;
}
