/* What the keys do that is more than one fixed command. */
#include "app/screen/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/axes.h"
#include "app/repeat.h"
#include "app/screen/details.h"
#include "app/screen/keys.h"

/* ---- moving ---- */

/* Lines of a pane below its title and, in the table, its heading. */
static int page(const screen *s)
{
    const int lines = s->layout.panes[s->focus].height - (s->focus == PANE_RUNS ? 2 : 1);
    return lines > 1 ? lines - 1 : 1;
}

static ptrdiff_t step(const screen *s, int n, ptrdiff_t last)
{
    const ptrdiff_t steps[] = {
        [MOVE_UP] = -1,       [MOVE_DOWN] = 1,   [MOVE_PAGE_UP] = -page(s), [MOVE_PAGE_DOWN] = page(s),
        [MOVE_FIRST] = -last, [MOVE_LAST] = last
    };
    return steps[n];
}

void do_move(screen *s, int n)
{
    view *v = &s->view;
    const ptrdiff_t last = (ptrdiff_t)board_n(v->board) - 1;
    if (s->focus == PANE_DETAILS) {
        pane_details_scroll(s->panes[PANE_DETAILS], (int)step(s, n, 100000));
        v->stale |= ON_DETAILS;
        return;
    }
    if (last < 0) return;
    ptrdiff_t at = v->chosen ? board_place(v->board, v->chosen) : -1;
    at = at < 0 ? (n == MOVE_LAST ? last : 0) : at + step(s, n, last);
    at = at < 0 ? 0 : at > last ? last : at;
    screen_select(s, board_at(v->board, (size_t)at)->id);
}

void do_next_pane(screen *s, int n)
{
    const int last = console_running(s->view.console) > 0 ? PANE_WORKERS : PANE_LOG;
    const int next = (int)s->focus + n;
    if (next >= 0 && next <= last) {
        screen_focus(s, (pane_id)next);
        return;
    }
    s->editing = true;
    s->once = false;
    s->focus = next < 0 ? (pane_id)last : PANE_RUNS;
    s->view.dirty = true;
}

void do_show(screen *s, int n)
{
    (void)n;
    const bool of_run = s->focus == PANE_RUNS || s->focus == PANE_PLOT;
    if (of_run && !s->view.chosen)
        screen_say(s, "no run is chosen");
    else
        screen_give(s, of_run ? "zoom details" : "zoom");
}

void do_back(screen *s, int n)
{
    (void)n;
    if (s->zoomed)
        screen_give(s, "zoom");
    else if (s->focus != PANE_RUNS)
        screen_focus(s, PANE_RUNS);
    else
        screen_say(s, "this is where everything begins; Q leaves");
}

/* ---- the command line ---- */

void do_line(screen *s, int n)
{
    (void)n;
    screen_edit(s, "");
}

void do_filter_line(screen *s, int n)
{
    (void)n;
    char line[2048];
    snprintf(line, sizeof line, "filter %s", board_filtered_by(s->view.board));
    screen_edit(s, line);
}

void do_limit_line(screen *s, int n)
{
    (void)n;
    char line[64] = "limit ";
    if (!isnan(s->view.limit)) snprintf(line, sizeof line, "limit %g", s->view.limit);
    screen_edit(s, line);
}

void do_repeat(screen *s, int n)
{
    (void)n;
    if (s->repeat[0]) {
        char line[sizeof s->repeat];
        strcpy(line, s->repeat);
        screen_give(s, "%s", line);
    } else {
        screen_say(s, "nothing has been done yet");
    }
}

/* ---- the table and the plot ---- */

static void give_sort(screen *s, size_t column, bool descending)
{
    screen_give(s, "sort %s %s", board_columns[column].name, descending ? "desc" : "asc");
}

void do_sort_next(screen *s, int n)
{
    (void)n;
    bool descending;
    size_t next = board_sorted_by(s->view.board, &descending) + 1;
    if (!board_columns[next].name) next = 0;
    give_sort(s, next, board_columns[next].descending);
}

void do_sort_turn(screen *s, int n)
{
    (void)n;
    bool descending;
    const size_t column = board_sorted_by(s->view.board, &descending);
    give_sort(s, column, !descending);
}

void do_axis(screen *s, int n)
{
    const store_metric *x = s->view.x, *y = s->view.y;
    screen_give(s, "axes %s %s", n == 0 ? axes_next(x, false)->name : x->name,
                n == 1 ? axes_next(y, true)->name : y->name);
}

/* ---- the chosen run ---- */

static const board_row *need_chosen(screen *s)
{
    const board_row *row = screen_chosen(s);
    if (!row) screen_say(s, "no run is chosen");
    return row;
}

void do_rerun(screen *s, int n)
{
    (void)n;
    fault f = { 0 };
    board_details d = { 0 };
    const board_row *row = need_chosen(s);
    if (!row) return;
    const bool there = board_read_details(s->view.board, row->id, &d, &f);
    /* The database knows a file by its name only: the session may know where it is. */
    const char *set = settings_get(s->app->session, "text");
    const bool known = there && set && strcmp(app_text_name(set), d.run->text.name) == 0;
    char *line = there ? repeat_line("", d.run, known ? set : NULL) : NULL;
    if (there && !line) fault_memory(&f, "the command");
    if (line)
        screen_give(s, "%s", line);
    else
        screen_say(s, "%s", f.text);
    free(line);
    board_details_free(&d);
}

void do_mark_chosen(screen *s, int n)
{
    (void)n;
    if (need_chosen(s)) screen_give(s, "mark %" PRId64, s->view.chosen);
}

void do_difference(screen *s, int n)
{
    (void)n;
    if (!need_chosen(s)) return;
    if (!s->view.other)
        screen_say(s, "mark one of the two runs first, with m");
    else if (s->view.other == s->view.chosen)
        screen_say(s, "this is the marked run itself: choose another one");
    else
        screen_give(s, "diff %" PRId64 " %" PRId64, s->view.other, s->view.chosen);
}

void do_pin(screen *s, int n)
{
    (void)n;
    const board_row *row = need_chosen(s);
    if (row) screen_give(s, "%s %" PRId64, row->pinned ? "unpin" : "pin", row->id);
}

void do_copy_config(screen *s, int n)
{
    (void)n;
    if (need_chosen(s)) screen_give(s, "copy %" PRId64, s->view.chosen);
}

void do_export(screen *s, int n)
{
    (void)n;
    s->overlay = OVERLAY_EXPORT;
    s->view.dirty = true;
}

/* ---- the screen ---- */

void do_help(screen *s, int n)
{
    (void)n;
    s->overlay = OVERLAY_HELP;
    s->help_scroll = 0;
    s->view.dirty = true;
}

void do_redraw(screen *s, int n)
{
    (void)n;
    tui_resize(&s->tui);
    tui_redraw(&s->tui);
    s->view.dirty = true;
}

void do_suspend(screen *s, int n)
{
    (void)n;
    tui_suspend(&s->tui);
    s->view.dirty = true;
}

void do_cancel(screen *s, int n)
{
    (void)n;
    if (s->overlay != OVERLAY_NONE)
        s->overlay = OVERLAY_NONE;
    else if (s->editing && (*line_now(s->line) || line_searches(s->line)))
        line_set(s->line, "");
    else if (console_cancel(s->view.console))
        screen_say(s, "stopping the newest command");
    else
        screen_say(s, "nothing runs; Q leaves");
    s->view.dirty = true;
}

void do_leave(screen *s, int n)
{
    (void)n;
    if (console_running(s->view.console) > 0 && !s->warned) {
        screen_say(s, "a command is still at work; the same again stops it and leaves");
        s->warned = true;
        return;
    }
    s->app->leaving = true;
}
