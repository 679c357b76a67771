#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll */
#endif
#include "app/screen/screen.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/catalog_cache.h"
#include "app/screen/keys.h"
#include "app/screen/state.h"
#include "base/clock.h"

/* OWN: descriptors before the console's. */
enum { REFRESH_MS = 300, COMPARE_AT_ONCE = 2, OWN = 2, FDS_MOST = OWN + 3 * 32 };

/* For so long no key must have come before runs are compared, and so long keys are taken before they are seen to have
 * done something: seconds. */
static const double rest = 0.15, at_once = 0.008;

/* ---- the board ---- */

/* Something must be chosen as long as there is something. */
static void keep_chosen(screen *s)
{
    view *v = &s->view;
    if (v->other && !board_find(v->board, v->other)) v->other = 0;
    if (v->chosen && board_find(v->board, v->chosen)) return;
    v->chosen = 0;
    int64_t newest = 0;
    for (size_t i = 0; i < board_n(v->board); i++)
        if (board_at(v->board, i)->id > newest) newest = board_at(v->board, i)->id;
    if (newest) screen_select(s, newest);
}

/* Completion has the codecs looked for (app/complete.h); once they are known, families have colours. */
static void take_codecs(screen *s)
{
    const catalog *known = s->app->codecs ? catalog_cache_get(s->app->codecs) : NULL;
    if (!known || known == s->codecs) return;
    s->codecs = known;
    board_families(s->view.board, known);
    s->view.dirty = true;
}

/* What keeps the runs from being read, once it has lasted; the head has no room for all of it. */
static void tell_database(screen *s, const fault *f)
{
    const bool lasts = f && strcmp(f->text, s->board_fault.text) == 0;
    if (lasts && !s->fault_told) console_note(s->view.console, LOG_ERROR, "kvant: %s", f->text);
    if (!f && s->fault_told) console_note(s->view.console, LOG_NOTE, "the database can be read again");
    const bool told = f && (lasts || s->fault_told);
    if (told != s->fault_told) s->view.dirty = true;
    s->fault_told = told;
    s->board_fault = f ? *f : (fault){ 0 };
}

static void refresh(screen *s)
{
    fault f = { 0 };
    bool changed = false;
    const double began = clock_seconds(), work = timing_work();
    const bool was_wrong = s->board_fault.code != 0;
    const size_t had = board_n_all(s->view.board);
    const bool ok = board_refresh(s->view.board, &changed, &f);
    s->next_refresh = clock_seconds() + 1e-3 * REFRESH_MS;
    take_codecs(s);
    tell_database(s, ok ? NULL : &f);
    if (ok && had == 0 && board_n_all(s->view.board) > 0) screen_plot(s);
    if (changed) keep_chosen(s);
    if (changed) s->compared = 0;
    if (changed || was_wrong != !ok) s->view.dirty = true;
    if (!changed) return;
    screen_draw(s);
    if (s->timing.first_screen <= 0) return; /* the first is read whole, and timed on its own */
    timing_add(&s->timing.refreshes, 1e3 * (clock_seconds() - began));
    timing_add(&s->timing.refresh_work, timing_work() - work);
}

/* A few comparisons of the chosen run with its neighbours, between keys. */
static void compare(screen *s)
{
    fault f = { 0 };
    size_t left = 0;
    const size_t before = s->left;
    s->compared = s->view.chosen;
    if (!board_choose(s->view.board, s->view.chosen, COMPARE_AT_ONCE, &left, &f)) left = 0;
    s->left = left;
    if (left == 0 || before == 0) s->view.stale |= ON_PLOT; /* in between nothing need be seen */
}

/* Seconds until the chosen run is to be compared with others; 0: now, negative: it need not be. */
static double until_compare(const screen *s)
{
    if (s->left == 0 && s->compared == s->view.chosen) return -1;
    const double wait = s->last_key + rest - clock_seconds();
    return wait > 0 ? wait : 0;
}

/* ---- opening and closing ---- */

static bool open_panes(screen *s, fault *f)
{
    pane *(*const create[PANE_COUNT])(fault *) = { pane_runs_create, pane_plot_create, pane_details_create,
                                                   pane_log_create, pane_workers_create };
    for (int i = 0; i < PANE_COUNT; i++)
        if (!(s->panes[i] = create[i](f))) return false;
    return true;
}

static bool open_parts(screen *s, const command_line *line, fault *f)
{
    view *v = &s->view;
    const char *db = line_text(line, "db");
    /* Commands run in children, which read the session's settings. */
    if (db && !settings_set(s->app->session, "db", db, f)) return false;
    if (line_given(line, "ascii") && !settings_set(s->app->session, "ascii", "on", f)) return false;
    v->board = board_open(app_database(s->app, line), f);
    v->console = v->board ? console_create(s->app, screen_builtin, s, f) : NULL;
    if (v->console) console_on_setting(v->console, screen_obey);
    return v->console && open_panes(s, f);
}

static void close_parts(screen *s)
{
    for (int i = 0; i < PANE_COUNT; i++)
        if (s->panes[i]) s->panes[i]->type->free(s->panes[i]);
    if (s->line) line_editor_free(s->line);
    console_free(s->view.console);
    if (s->view.board) board_close(s->view.board);
}

/* The screen first, then what takes time: codecs are looked for as soon as there is a command line. */
static bool first_screen(screen *s, fault *f)
{
    refresh(s);
    screen_draw(s);
    s->timing.first_screen = timing_since_start();
    s->timing.first_work = timing_work();
    s->line = line_create(s->app, f);
    if (!s->line) return false;
    s->view.dirty = true;
    /* Where there is nothing to look at, what there is to do is to type. */
    s->editing = board_n_all(s->view.board) == 0 && s->board_fault.code == 0;
    return true;
}

/* ---- input ---- */

static void take_click(screen *s, const tui_mouse *m)
{
    if (s->overlay != OVERLAY_NONE) {
        if (m->wheel_up || m->wheel_down) s->help_scroll += m->wheel_up ? -3 : 3;
        s->view.dirty = true;
        return;
    }
    for (int i = 0; i < PANE_COUNT; i++) {
        const rect r = s->layout.panes[i];
        const bool inside =
            m->row >= r.row && m->row < r.row + r.height && m->column >= r.column && m->column < r.column + r.width;
        if (!inside) continue;
        tui_mouse own = *m;
        own.row -= r.row;
        own.column -= r.column;
        if (m->pressed && (s->editing || s->focus != (pane_id)i)) screen_focus(s, (pane_id)i);
        const pane_type *type = s->panes[i]->type;
        if (type->mouse && type->mouse(s->panes[i], &s->view, r, &own)) s->view.stale |= 1u << i;
        if (m->doubled && !s->zoomed) screen_give(s, "zoom %s", i <= PANE_PLOT ? "details" : screen_pane_names[i]);
        return;
    }
    const rect r = s->layout.line;
    if (m->pressed && m->row >= r.row && m->row < r.row + r.height && !s->editing) {
        s->editing = true;
        s->once = false;
        s->view.dirty = true;
    }
}

/* A pane may have chosen a run itself: the group it belongs to follows. */
static void follow_choice(screen *s, int64_t before)
{
    if (s->view.chosen == before) return;
    if (!s->view.chosen || !screen_select(s, s->view.chosen)) s->view.dirty = true;
}

/* All keys that are there. False: none was, though something was said to be there: the terminal is gone. */
static bool take_keys(screen *s)
{
    int key, n = 0;
    tui_mouse m;
    const double began = clock_seconds();
    while (!s->app->leaving && (key = tui_read_key(&s->tui, &m)) != TUI_NONE) {
        const int64_t before = s->view.chosen;
        if (n++ == 0) s->key_since = s->key_from;
        if (key == TUI_MOUSE)
            take_click(s, &m);
        else
            keys_dispatch(s, key);
        follow_choice(s, before);
        s->last_key = clock_seconds();
        if (s->last_key - began > at_once) break; /* a flood of keys is seen to do something */
    }
    return n > 0;
}

static void take_signals(screen *s)
{
    const tui_wishes w = tui_take_wishes(&s->tui);
    if (w.resize) tui_resize(&s->tui);
    if (w.suspend) tui_suspend(&s->tui);
    if (w.resize || w.suspend || w.redraw) s->view.dirty = true;
    if (!terminal_interrupted() || terminal_ended()) return;
    terminal_resume();
    do_cancel(s, 0);
}

/* ---- the loop ---- */

static size_t gather(screen *s, struct pollfd *fds, int *ms)
{
    int console_ms = -1;
    const int line = line_fd(s->line);
    fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = line, .events = POLLIN };
    const size_t n = console_poll(s->view.console, fds + OWN, FDS_MOST - OWN, &console_ms);
    const double wait = 1e3 * (s->next_refresh - clock_seconds());
    *ms = wait <= 0 ? 0 : (int)ceil(wait);
    if (console_ms >= 0 && console_ms < *ms) *ms = console_ms;
    const double compare_in = 1e3 * until_compare(s);
    if (compare_in >= 0 && compare_in < *ms) *ms = (int)ceil(compare_in);
    return n + OWN;
}

/* Waits for the descriptors, the time, or a signal; none of these is missed in between. */
static void wait_for(screen *s, struct pollfd *fds, size_t n, int ms)
{
    static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT };
    sigset_t block, before;
    sigemptyset(&block);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&block, watched[i]);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
    const struct timespec now = { 0 };
    const double from = clock_seconds(), before_that = s->polled;
    const int ready = ppoll(fds, (nfds_t)n, terminal_interrupted() ? &now : &time, &before);
    s->polled = clock_seconds();
    /* What was there at once has come at some moment since the last time it was looked for. */
    s->key_from = s->polled - from > 2e-4 || before_that <= 0 ? s->polled : before_that;
    if (ready < 0)
        for (size_t i = 0; i < n; i++)
            fds[i].revents = 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void turn(screen *s)
{
    struct pollfd fds[FDS_MOST];
    int ms;
    const size_t n = gather(s, fds, &ms);
    wait_for(s, fds, n, ms);
    take_signals(s);
    const short input = fds[0].revents;
    const double work = timing_work();
    if (input && !take_keys(s) && input & (POLLHUP | POLLERR | POLLNVAL)) s->lost = true;
    screen_draw(s);
    if (s->key_since > 0) {
        timing_add(&s->timing.keys, 1e3 * (clock_seconds() - s->key_since));
        timing_add(&s->timing.key_work, timing_work() - work);
    }
    s->key_since = 0;
    const int lines = screen_line_lines(s);
    if (fds[1].revents && line_take(s->line)) s->line_dirty = true;
    if (screen_line_lines(s) != lines) s->view.dirty = true;
    if (console_take(s->view.console, fds + OWN, n - OWN)) s->view.stale |= ON_LOG | ON_WORKERS;
    if (clock_seconds() >= s->next_refresh)
        refresh(s);
    else if (until_compare(s) == 0)
        compare(s);
    screen_follow(s);
    screen_draw(s);
}

int screen_run(app_context *app, const command_line *line, fault *f)
{
    screen *s = calloc(1, sizeof *s);
    if (!s) return app_report(app, (fault_memory(f, "the screen"), f));
    s->app = app;
    s->view = (view){ .app = app, .tui = &s->tui, .limit = NAN, .dirty = true };
    s->view.x = store_metric_named("ratio");
    s->view.y = store_metric_named("kld");
    s->repeat[0] = '\0';
    int status = -1;
    if (tui_open(&s->tui, &app->out, !line_has(line, "no-mouse"), f)) {
        const bool open = open_parts(s, line, f) && first_screen(s, f);
        while (open && !app->leaving && !terminal_ended() && !s->lost)
            turn(s);
        status = !open ? (int)f->code : terminal_ended() || s->lost ? FAULT_INTERRUPTED : FAULT_NONE;
        tui_close(&s->tui);
        if (!open) app_report(app, f);
    }
    close_parts(s);
    free(s);
    return status;
}
