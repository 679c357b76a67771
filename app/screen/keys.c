#include "app/screen/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    CTRL_B = 2,
    CTRL_C = 3,
    CTRL_F = 6,
    CTRL_L = 12,
    CTRL_Z = 26,
    ENTER = '\r',
    NEWLINE = '\n',
    TAB = '\t',
    RUBOUT = 127
};
enum { SCROLLS = ON_RUNS | ON_DETAILS };

/* clang-format off */
const key_row key_rows[] = {
    { { 'j', TUI_DOWN }, SCROLLS, "j Down", NULL, "the next line", .act = do_move, .n = MOVE_DOWN },
    { { 'k', TUI_UP }, SCROLLS, "k Up", NULL, "the line before", .act = do_move, .n = MOVE_UP },
    { { TUI_PAGE_DOWN, CTRL_F, ' ' }, SCROLLS, "PgDn Space", NULL, "a page down", .act = do_move, .n = MOVE_PAGE_DOWN },
    { { TUI_PAGE_UP, CTRL_B }, SCROLLS, "PgUp", NULL, "a page up", .act = do_move, .n = MOVE_PAGE_UP },
    { { 'g', TUI_HOME }, SCROLLS, "g Home", NULL, "the first line", .act = do_move, .n = MOVE_FIRST },
    { { 'G', TUI_END }, SCROLLS, "G End", NULL, "the last line", .act = do_move, .n = MOVE_LAST },
    { { 'l', TUI_RIGHT }, ON_RUNS, "l Right", NULL, "over to the plot", .command = "focus frontier" },
    { { ENTER, NEWLINE }, ON_ANY, "Enter", "details", "the details of the run, or this pane, on the whole screen", .act = do_show },
    { { ':' }, ON_ANY, ":", "command", "type a command", .act = do_line },
    { { '?', TUI_F1 }, ON_ANY, "? F1", "help", "this page", .act = do_help },
    { { '/' }, ON_ANY, "/", "filter", "show only runs for which an SQL expression is true", .act = do_filter_line },
    { { 's' }, ON_ANY, "s", "sort", "sort by the next column", .act = do_sort_next },
    { { 'S' }, ON_ANY, "S", NULL, "sort the other way round", .act = do_sort_turn },
    { { 'r' }, ON_ANY, "r", "rerun", "make the chosen run again", .act = do_rerun },
    { { 'm' }, ON_ANY, "m", "mark", "mark the chosen run, for d", .act = do_mark_chosen },
    { { 'd' }, ON_ANY, "d", "diff", "the difference of the marked run and the chosen one, paired, with its interval", .act = do_difference },
    { { 'p' }, ON_ANY, "p", "pin", "keep the chosen run in sight, or no more", .act = do_pin },
    { { 'y' }, ON_ANY, "y", "copy", "copy the config of the chosen run", .act = do_copy_config },
    { { 'e' }, ON_ANY, "e", "export", "write a report: json, csv, md, svg or html", .act = do_export },
    { { 'x' }, ON_ANY, "x", "axes", "another metric across", .act = do_axis, .n = 0 },
    { { 'X' }, ON_ANY, "X", NULL, "another metric upward", .act = do_axis, .n = 1 },
    { { 'c' }, ON_ANY & ~ON_PLOT, "c", NULL, "the cheapest run that is good enough: a line across the plot", .act = do_limit_line },
    { { 'n' }, ON_ANY, "n", NULL, "the next group of runs that can be compared", .command = "group next" },
    { { 'N' }, ON_ANY, "N", NULL, "the group before", .command = "group previous" },
    { { '.' }, ON_ANY, ".", NULL, "give the last command again", .act = do_repeat },
    { { TAB }, ON_ANY, "Tab", "panes", "the next pane, then the command line", .act = do_next_pane, .n = 1 },
    { { TUI_SHIFT_TAB }, ON_ANY, "Shift-Tab", NULL, "the pane before", .act = do_next_pane, .n = -1 },
    { { '1' }, ON_ANY, "1", NULL, "the table of runs", .command = "focus runs" },
    { { '2' }, ON_ANY, "2", NULL, "the plot", .command = "focus frontier" },
    { { '3' }, ON_ANY, "3", NULL, "the details", .command = "focus details" },
    { { '4' }, ON_ANY, "4", NULL, "the log", .command = "focus log" },
    { { '5' }, ON_ANY, "5", NULL, "the workers", .command = "focus workers" },
    { { 'z' }, ON_ANY, "z", "zoom", "this pane on the whole screen, and back", .command = "zoom" },
    { { 'q', TUI_ESCAPE }, ON_ANY, "q Esc", NULL, "back", .act = do_back },
    { { CTRL_C }, ON_ANY, "Ctrl-C", NULL, "stop the newest command that runs", .act = do_cancel },
    { { CTRL_L }, ON_ANY, "Ctrl-L", NULL, "draw everything anew", .act = do_redraw },
    { { CTRL_Z }, ON_ANY, "Ctrl-Z", NULL, "suspend kvant; fg brings it back", .act = do_suspend },
    { { 'Q' }, ON_ANY, "Q", "leave", "leave kvant", .act = do_leave },
    { .name = NULL },
};
/* clang-format on */

static const key_row *row_of(const screen *s, int key)
{
    for (const key_row *row = key_rows; row->name; row++) {
        if (!(row->where & 1u << s->focus)) continue;
        for (int i = 0; i < KEY_ALIASES && row->keys[i]; i++)
            if (row->keys[i] == key) return row;
    }
    return NULL;
}

static void do_row(screen *s, const key_row *row)
{
    if (row->command) screen_give(s, "%s", row->command);
    if (row->act) row->act(s, row->n);
}

/* ---- overlays ---- */

static void help_key(screen *s, int key)
{
    static const struct {
        int key, lines;
    } moves[] = { { 'j', 1 },           { TUI_DOWN, 1 },      { 'k', -1 },     { TUI_UP, -1 }, { TUI_PAGE_DOWN, 10 },
                  { ' ', 10 },          { CTRL_F, 10 },       { CTRL_B, -10 }, { 'G', 10000 }, { TUI_END, 10000 },
                  { TUI_PAGE_UP, -10 }, { TUI_HOME, -10000 }, { 'g', -10000 } };
    s->view.dirty = true;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].key == key) {
            s->help_scroll += moves[i].lines;
            return;
        }
    if (strchr("q?", key < 128 ? key : 0) || key == TUI_ESCAPE || key == ENTER || key == TUI_F1)
        s->overlay = OVERLAY_NONE;
}

static void export_key(screen *s, int key)
{
    static const struct {
        int key;
        const char *format;
    } formats[] = { { 'j', "json" }, { 'c', "csv" }, { 'm', "md" }, { 's', "svg" }, { 'h', "html" } };
    s->overlay = OVERLAY_NONE;
    s->view.dirty = true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].key == key) {
            char line[64];
            snprintf(line, sizeof line, "report --format %s -o kvant.%s", formats[i].format, formats[i].format);
            screen_edit(s, line);
            return;
        }
}

/* ---- the command line ---- */

/* What a command answers is to be seen, where one pane hides the others. */
static void show_log(screen *s)
{
    if (s->layout.panes[PANE_LOG].height > 0) return;
    s->zoomed = false;
    if (s->layout.single) s->focus = PANE_LOG;
}

static void take_line(screen *s, char *text)
{
    const size_t lines = console_n_lines(s->view.console);
    if (s->once && !s->pasting) s->editing = false;
    if (strlen(text) < sizeof s->repeat)
        screen_give(s, "%s", text);
    else
        console_run(s->view.console, text);
    free(text);
    const bool answers = console_n_lines(s->view.console) > lines + 1 || console_running(s->view.console) > 0;
    if (answers) show_log(s);
    s->view.dirty = true;
}

static void line_editor_key(screen *s, int key)
{
    char *text = NULL;
    const int lines = screen_line_lines(s);
    const line_state state = line_key(s->line, key, &text);
    s->line_dirty = true;
    if (screen_line_lines(s) != lines) s->view.dirty = true;
    if (state == LINE_EDITING) return;
    s->view.dirty = true;
    if (state == LINE_READY) take_line(s, text);
    if (state == LINE_LEFT) s->editing = false;
    if (state == LINE_LEFT && key == TAB) screen_focus(s, PANE_RUNS);
    if (state == LINE_QUIT) do_leave(s, 0);
}

/* ---- what was pasted ---- */

static bool is_blank(const screen *s)
{
    const char *text = line_now(s->line);
    return !text[strspn(text, " \t")];
}

/* Text goes to the command line, whoever has the keys; its lines are given one by one. */
static void begin_paste(screen *s)
{
    s->pasting = true;
    s->overlay = OVERLAY_NONE;
    if (!s->editing) do_line(s, 0);
    if (line_searches(s->line)) line_set(s->line, "");
}

/* What had the keys before one line was typed has them again, but for a line that is begun. */
static void end_paste(screen *s)
{
    s->pasting = false;
    if (s->once && is_blank(s)) s->editing = false;
    s->view.dirty = true;
}

/* Of text only what can be typed: no key that does something. */
static void paste_key(screen *s, int key)
{
    const bool ends_line = key == ENTER || key == NEWLINE;
    if (key == TUI_PASTE_END)
        end_paste(s);
    else if (key == TAB)
        line_editor_key(s, ' ');
    else if (ends_line ? !is_blank(s) : key >= ' ' && key <= 0xff && key != RUBOUT)
        line_editor_key(s, ends_line ? ENTER : key);
}

/* True: the key is part of it. One whose end was lost ends with the next pause. */
static bool take_paste(screen *s, int key)
{
    enum { PAUSE = 2 }; /* seconds */
    const double now = clock_seconds();
    if (s->pasting && now - s->pasted > PAUSE) end_paste(s);
    if (!s->pasting && key != TUI_PASTE) return false;
    s->pasted = now;
    if (s->pasting)
        paste_key(s, key);
    else
        begin_paste(s);
    return true;
}

/* ---- everything ---- */

void keys_dispatch(screen *s, int key)
{
    if (s->message[0]) s->line_dirty = true;
    s->message[0] = '\0';
    if (take_paste(s, key)) return;
    if (key != 'Q' && key != ':' && !s->editing) s->warned = false; /* what is typed may be `quit` again */
    const bool always = key == CTRL_C || key == CTRL_L || key == CTRL_Z;
    if (!always && s->overlay == OVERLAY_HELP) {
        help_key(s, key);
        return;
    }
    if (!always && s->overlay == OVERLAY_EXPORT) {
        export_key(s, key);
        return;
    }
    if (!always && s->editing) {
        line_editor_key(s, key);
        return;
    }
    pane *p = s->panes[s->focus];
    if (!always && pane_press(p, &s->view, key)) {
        s->view.stale |= 1u << s->focus;
        return;
    }
    const key_row *row = row_of(s, key);
    if (row)
        do_row(s, row);
    else
        screen_say(s, "this key does nothing here; ? shows those that do, : begins a command");
}
