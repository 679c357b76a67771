/* What keys and commands have in common. */
#include "app/screen/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void remember(screen *s, const char *line)
{
    if (strlen(line) < sizeof s->repeat) strcpy(s->repeat, line);
}

void screen_give(screen *s, const char *format, ...)
{
    char line[sizeof s->repeat];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof line) {
        screen_say(s, "the line is too long");
        return;
    }
    remember(s, line);
    console_run(s->view.console, line);
    s->view.dirty = true;
}

void screen_say(screen *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->message, sizeof s->message, format, args);
    va_end(args);
    s->line_dirty = true;
}

void screen_plot(screen *s)
{
    view *v = &s->view;
    board_plot(v->board, v->set, v->x, v->y);
    s->compared = 0; /* the points are new: compare again */
    v->dirty = true;
}

static int64_t newest_run(const board *b)
{
    int64_t newest = 0;
    for (size_t i = 0; i < board_n_sets(b); i++)
        if (board_set_at(b, i)->n_runs > 0 && board_set_at(b, i)->newest > newest) newest = board_set_at(b, i)->newest;
    return newest;
}

bool screen_select(screen *s, int64_t id)
{
    view *v = &s->view;
    const board_row *row = board_find(v->board, id);
    if (!row) return false;
    v->chosen = id;
    s->following = id == newest_run(v->board);
    v->stale |= ON_RUNS | ON_PLOT | ON_DETAILS;
    if (row->set >= 0 && (size_t)row->set != v->set) {
        v->set = (size_t)row->set;
        screen_plot(s);
    }
    return true;
}

void screen_follow(screen *s)
{
    const view *v = &s->view;
    const int64_t last = console_last_run(v->console);
    bool descending;
    if (last == s->followed || !board_find(v->board, last)) return;
    s->followed = last;
    const bool by_run = strcmp(board_columns[board_sorted_by(v->board, &descending)].name, "id") == 0;
    if (!s->following || !by_run || board_place(v->board, last) < 0) return;
    screen_select(s, last);
    s->following = true; /* also where another process has made one since */
}

void screen_focus(screen *s, pane_id which)
{
    s->focus = which;
    s->editing = false;
    s->view.dirty = true;
}

void screen_edit(screen *s, const char *text)
{
    line_set(s->line, text);
    s->editing = true;
    s->once = true;
    s->view.dirty = true;
}

const board_row *screen_chosen(const screen *s)
{
    return s->view.chosen ? board_find(s->view.board, s->view.chosen) : NULL;
}
