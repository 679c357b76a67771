/* The commands that mean something to the screen: what commands_screen.c describes. */
#include "app/screen/state.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/nearest.h"

const char *const screen_pane_names[PANE_COUNT] = { "runs", "frontier", "details", "log", "workers" };

pane_id screen_pane_named(const char *name)
{
    pane_id p = 0;
    while (p < PANE_COUNT && strcmp(screen_pane_names[p], name) != 0)
        p++;
    return p;
}

static bool need_pane(const char *who, const char *name, pane_id *which, fault *f)
{
    *which = screen_pane_named(name);
    if (*which != PANE_COUNT) return true;
    return fault_set(f, FAULT_USAGE, "%s: there is no pane \"%s\"; they are runs, frontier, details, log and workers",
                     who, name);
}

static bool read_id(const char *who, const char *text, int64_t *id, fault *f)
{
    char *end;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < 1) return fault_set(f, FAULT_USAGE, "%s: \"%s\" is no run's number", who, text);
    *id = value;
    return true;
}

/* The run a line names, or the chosen one. */
static bool need_run(screen *s, const command_line *line, int64_t *id, fault *f)
{
    const char *who = line_command(line)->name, *text = line_arg(line, 0);
    *id = s->view.chosen;
    if (text && !read_id(who, text, id, f)) return false;
    if (*id == 0) return fault_set(f, FAULT_USAGE, "%s: no run is chosen", who);
    if (!board_find(s->view.board, *id))
        return fault_set(f, FAULT_INPUT, "%s: there is no run %" PRId64 " in this database", who, *id);
    return true;
}

static bool do_select(screen *s, const command_line *line, fault *f)
{
    int64_t id;
    return need_run(s, line, &id, f) && screen_select(s, id);
}

static bool do_mark(screen *s, const command_line *line, fault *f)
{
    int64_t id;
    if (!need_run(s, line, &id, f)) return false;
    const bool forget = s->view.other == id;
    s->view.other = forget ? 0 : id;
    if (forget)
        screen_say(s, "no run is marked");
    else
        screen_say(s, "run %" PRId64 " is marked: choose another one, then d shows their difference", id);
    return true;
}

static bool do_sort(screen *s, const command_line *line, fault *f)
{
    const char *name = line_arg(line, 0), *direction = line_arg(line, 1);
    size_t i = 0;
    nearest near = nearest_to(name);
    for (; board_columns[i].name && strcmp(board_columns[i].name, name) != 0; i++)
        nearest_try(&near, board_columns[i].name);
    if (!board_columns[i].name)
        return fault_set(f, FAULT_USAGE, "sort: the table has no column \"%s\"%s%s%s", name,
                         near.word ? "; did you mean \"" : "", near.word ? near.word : "", near.word ? "\"?" : "");
    const bool asc = direction && strcmp(direction, "asc") == 0, desc = direction && strcmp(direction, "desc") == 0;
    if (direction && !asc && !desc)
        return fault_set(f, FAULT_USAGE, "sort: \"%s\" is no direction; asc or desc is", direction);
    board_sort(s->view.board, i, direction ? desc : board_columns[i].descending);
    return true;
}

static bool do_filter(screen *s, const command_line *line, fault *f)
{
    const char *where = line_arg(line, 0);
    if (!board_filter(s->view.board, where ? where : "", f)) return false;
    s->compared = 0;
    const size_t n = board_n(s->view.board), all = board_n_all(s->view.board);
    if (where) screen_say(s, "%zu of %zu runs", n, all);
    return true;
}

static bool need_metric(const char *name, const store_metric **metric, fault *f)
{
    *metric = store_metric_named(name);
    if (*metric) return true;
    nearest near = nearest_to(name);
    for (const store_metric *m = store_metrics; m->name; m++)
        nearest_try(&near, m->name);
    return fault_set(f, FAULT_USAGE, "axes: \"%s\" is no metric%s%s%s", name, near.word ? "; did you mean \"" : "",
                     near.word ? near.word : "", near.word ? "\"?" : "");
}

static bool do_axes(screen *s, const command_line *line, fault *f)
{
    const store_metric *x, *y;
    if (!need_metric(line_arg(line, 0), &x, f) || !need_metric(line_arg(line, 1), &y, f)) return false;
    if (y != s->view.y) s->view.limit = NAN; /* it was of another metric */
    s->view.x = x;
    s->view.y = y;
    screen_plot(s);
    return true;
}

static bool do_limit(screen *s, const command_line *line, fault *f)
{
    view *v = &s->view;
    const char *text = line_arg(line, 0);
    char *end;
    const double value = text ? strtod(text, &end) : NAN;
    if (text && (end == text || *end || !isfinite(value)))
        return fault_set(f, FAULT_USAGE, "limit: \"%s\" is no number", text);
    v->limit = value;
    if (!text) return true;
    const ptrdiff_t i = board_cheapest(v->board, value);
    if (i < 0) {
        screen_say(s, "no run has %s %s %g", v->y->label, v->y->direction > 0 ? "at least" : "at most", value);
        return true;
    }
    const board_row *row = board_point_at(v->board, (size_t)i)->row;
    screen_say(s, "run %" PRId64 " is the cheapest: %s", row->id, row->config);
    return screen_select(s, row->id);
}

/* The next group in a direction that has runs; the present one when there is no other. */
static size_t neighbour(const board *b, size_t set, size_t step)
{
    const size_t n = board_n_sets(b);
    for (size_t i = 1; i < n; i++)
        if (board_set_at(b, (set + i * step) % n)->n_runs > 0) return (set + i * step) % n;
    return set;
}

static bool do_group(screen *s, const command_line *line, fault *f)
{
    view *v = &s->view;
    const char *which = line_arg(line, 0);
    const size_t n = board_n_sets(v->board);
    char *end;
    const long number = strtol(which, &end, 10);
    if (n == 0) return fault_set(f, FAULT_INPUT, "group: there are no runs yet");
    size_t set;
    if (strcmp(which, "next") == 0)
        set = neighbour(v->board, v->set, 1);
    else if (strcmp(which, "previous") == 0)
        set = neighbour(v->board, v->set, n - 1);
    else if (end != which && !*end && number >= 1 && (size_t)number <= n)
        set = (size_t)number - 1;
    else
        return fault_set(f, FAULT_USAGE, "group: \"%s\" is none; next, previous and 1 to %zu are", which, n);
    const board_set *to = board_set_at(v->board, set);
    if (to->n_runs == 0) return fault_set(f, FAULT_INPUT, "group: the runs of group %zu are gone", set + 1);
    if (set == v->set) screen_say(s, "this is the only group: all runs can be compared with each other");
    return screen_select(s, to->newest);
}

static bool do_focus(screen *s, const command_line *line, fault *f)
{
    pane_id which;
    if (!need_pane("focus", line_arg(line, 0), &which, f)) return false;
    screen_focus(s, which);
    return true;
}

static bool do_zoom(screen *s, const command_line *line, fault *f)
{
    pane_id which = s->focus;
    const char *name = line_arg(line, 0);
    if (name && !need_pane("zoom", name, &which, f)) return false;
    if (s->zoomed && which == s->focus) {
        s->zoomed = false;
        if (which != s->before_zoom) screen_focus(s, s->before_zoom);
        return true;
    }
    if (!s->zoomed) s->before_zoom = s->focus;
    s->zoomed = true;
    screen_focus(s, which);
    return true;
}

static bool do_copy(screen *s, const command_line *line, fault *f)
{
    int64_t id;
    if (!need_run(s, line, &id, f)) return false;
    const char *config = board_find(s->view.board, id)->config;
    tui_copy(&s->tui, config);
    console_note(s->view.console, LOG_OUTPUT, "%s", config);
    return true;
}

static bool do_mouse(screen *s, const command_line *line, fault *f)
{
    const char *word = line_arg(line, 0);
    const bool on = word && strcmp(word, "on") == 0;
    if (word && !on && strcmp(word, "off") != 0)
        return fault_set(f, FAULT_USAGE, "mouse: \"%s\" is neither on nor off", word);
    tui_set_mouse(&s->tui, word ? on : !s->tui.mouse);
    screen_say(s,
               s->tui.mouse ? "the mouse chooses panes and runs" : "the mouse is the terminal's: text can be selected");
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool do_dump(screen *s, const command_line *line, fault *f)
{
    const char *path = line_arg(line, 0);
    if (!line_has(line, "force") && access(path, F_OK) == 0)
        return fault_set(f, FAULT_INPUT, "screen-dump: %s is there already; --force replaces it", path);
    s->view.dirty = true;
    screen_draw(s);
    FILE *out = fopen(path, "w");
    if (!out) return fault_set(f, FAULT_INPUT, "screen-dump: %s cannot be written: %s", path, strerror(errno));
    if (ends_with(path, ".svg"))
        tui_picture(&s->tui, out);
    else
        tui_dump(&s->tui, out, line_has(line, "looks"));
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        return fault_set(f, FAULT_INPUT, "screen-dump: %s could not be written: %s", path, strerror(errno));
    return true;
}

static bool do_save(screen *s, const command_line *line, fault *f)
{
    return console_save(s->view.console, line_arg(line, 0), line_has(line, "force"), f);
}

static void print_series(screen *s, const char *what, const timing_series *t, const timing_series *work)
{
    console_note(s->view.console, LOG_OUTPUT,
                 "%-9s %4zu: median %.2f, p99 %.2f, largest %.2f ms; work %.2f, %.2f, %.2f", what, t->n,
                 timing_quantile(t, 0.5), timing_quantile(t, 0.99), timing_quantile(t, 1), timing_quantile(work, 0.5),
                 timing_quantile(work, 0.99), timing_quantile(work, 1));
}

static bool do_timing(screen *s, const command_line *line, fault *f)
{
    (void)line;
    (void)f;
    const timing *t = &s->timing;
    console_note(s->view.console, LOG_OUTPUT,
                 "first screen %.0f ms after kvant was started, work %.0f ms; %zu runs now", t->first_screen,
                 t->first_work, board_n_all(s->view.board));
    print_series(s, "refreshes", &t->refreshes, &t->refresh_work);
    print_series(s, "keys", &t->keys, &t->key_work);
    return true;
}

static bool do_quit(screen *s, const command_line *line, fault *f)
{
    (void)line;
    (void)f;
    do_leave(s, 0);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(screen *s, const command_line *line, fault *f);
} builtins[] = {
    { "select", do_select }, { "mark", do_mark },     { "sort", do_sort },   { "filter", do_filter },
    { "axes", do_axes },     { "limit", do_limit },   { "group", do_group }, { "focus", do_focus },
    { "zoom", do_zoom },     { "copy", do_copy },     { "mouse", do_mouse }, { "screen-dump", do_dump },
    { "save", do_save },     { "timing", do_timing }, { "quit", do_quit },
};

bool screen_builtin(void *self, int n_words, const char *const *words, fault *f, bool *known)
{
    screen *s = self;
    size_t i = 0;
    const size_t n = sizeof builtins / sizeof *builtins;
    while (i < n && strcmp(builtins[i].name, words[0]) != 0)
        i++;
    *known = i < n;
    if (!*known) return true;
    command_line *line =
        command_parse(command_find(&s->app->commands, words[0]), n_words - 1, words + 1, s->app->session, f);
    if (!line) return false;
    /* Help is a child's work, as for all commands. */
    *known = !line_given(line, "help");
    const bool good = !*known || builtins[i].run(s, line, f);
    line_free(line);
    s->view.dirty = true;
    return good;
}
