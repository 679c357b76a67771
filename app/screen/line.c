#include "app/screen/line.h"

#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "app/complete.h"
#include "app/repl_complete.h"
#include "app/repl_history.h"
#include "app/screen/line_own.h"
#include "app/screen/line_words.h"

enum { CTRL_C = 3, CTRL_D = 4, CTRL_G = 7, TABULATOR = '\t' };

/* Readline's hooks have no argument of their own: this says which line they are for. */
static line_editor *at_work;

/* ---- readline's hooks ---- */

static int take_byte(FILE *from)
{
    (void)from;
    /* Readline wants more than the key was: whatever it waits for is given up. */
    if (at_work->n_bytes == 0) return CTRL_G;
    const int byte = at_work->bytes[0];
    memmove(at_work->bytes, at_work->bytes + 1, --at_work->n_bytes);
    return byte;
}

static int has_bytes(void)
{
    return at_work->n_bytes > 0;
}

static void draw_later(void)
{
}

static void leave_terminal(int meta)
{
    (void)meta;
}

static void leave_terminal_again(void)
{
}

static void take_line(char *text)
{
    free(at_work->accepted);
    at_work->accepted = text;
    at_work->ended = !text;
}

/* matches[0] is what they have in common. */
static void take_matches(char **matches, int n, int longest)
{
    (void)longest;
    line_list_make(at_work->app, rl_line_buffer, (size_t)rl_point, matches + 1, n > 0 ? (size_t)n : 0, &at_work->list);
}

static void set_hooks(line_editor *e)
{
    at_work = e;
    rl_readline_name = "kvant";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_instream = e->nothing_in;
    rl_outstream = e->nothing_out;
    rl_getc_function = take_byte;
    rl_input_available_hook = has_bytes;
    rl_redisplay_function = draw_later; /* and so readline asks terminfo for nothing, which ncurses has in use */
    rl_prep_term_function = leave_terminal;
    rl_deprep_term_function = leave_terminal_again;
    rl_completion_query_items = -1;
    rl_completion_display_matches_hook = take_matches;
    repl_complete_begin(e->app);
}

static void restore_hooks(void)
{
    repl_complete_end();
    rl_instream = stdin;
    rl_outstream = stdout;
    rl_getc_function = rl_getc;
    rl_input_available_hook = NULL;
    rl_redisplay_function = rl_redisplay;
    rl_prep_term_function = rl_prep_terminal;
    rl_deprep_term_function = rl_deprep_terminal;
    rl_completion_query_items = 100;
    rl_completion_display_matches_hook = NULL;
    at_work = NULL;
}

/* ---- the life of a line ---- */

line_editor *line_create(app_context *app, fault *f)
{
    line_editor *e = calloc(1, sizeof *e);
    if (e) {
        e->app = app;
        e->seen = strdup("");
        e->nothing_in = fopen("/dev/null", "re");
        e->nothing_out = fopen("/dev/null", "we");
    }
    if (!e || !e->seen || !e->nothing_in || !e->nothing_out) {
        fault_set(f, FAULT_INTERNAL, "the command line cannot be opened: no memory, or no /dev/null");
        line_editor_free(e);
        return NULL;
    }
    e->predictor = predictor_open(app, NULL); /* without it a line is a line */
    complete_prepare(app);
    set_hooks(e);
    rl_initialize();
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_variable_bind("bell-style", "none");
    line_key_bind();
    repl_history_open(app->places.history);
    rl_callback_handler_install("> ", take_line);
    return e;
}

void line_editor_free(line_editor *e)
{
    if (!e) return;
    if (at_work == e) {
        rl_callback_handler_remove();
        repl_history_close(e->app->places.history);
        restore_hooks();
    }
    if (e->nothing_in) fclose(e->nothing_in);
    if (e->nothing_out) fclose(e->nothing_out);
    predictor_close(e->predictor);
    line_list_free(&e->list);
    free(e->accepted);
    free(e->seen);
    free(e);
}

/* ---- what is known of it ---- */

static void make_hint(line_editor *e)
{
    const prediction *p = e->predictor ? predictor_answer(e->predictor) : NULL;
    line_hint_make(e->app, rl_line_buffer, (size_t)rl_point, p, &e->hint);
}

static void ask(line_editor *e)
{
    line_words w;
    line_config c;
    if (!e->predictor || !line_words_read(&e->app->commands, rl_line_buffer, (size_t)rl_point, &w)) return;
    option_value ctx = { 0 };
    const char *typed = line_option(&w, "ctx");
    const command_option *o = typed ? command_option_named(w.command, "ctx") : NULL;
    if (o && !option_read(o, "", typed, &ctx, NULL)) ctx.i = 0; /* not yet a number */
    const bool found = line_config_find(&w, &c);
    predictor_ask_line(e->predictor, &(prediction_wish){ .config = found ? c.text : NULL,
                                                         .many = c.many,
                                                         .model = line_option(&w, "model"),
                                                         .database = line_option(&w, "db"),
                                                         .ctx = (int)ctx.i });
    line_words_free(&w);
}

void line_look(line_editor *e)
{
    const bool changed = strcmp(e->seen, rl_line_buffer) != 0;
    if (!changed && e->seen_point == rl_point) return;
    char *copy = strdup(rl_line_buffer);
    if (!copy) return;
    free(e->seen);
    e->seen = copy;
    e->seen_point = rl_point;
    if (changed) ask(e);
    make_hint(e);
}

/* ---- keys ---- */

static void feed(line_editor *e, int key)
{
    e->n_bytes = line_key_bytes(key, (char *)e->bytes);
    while (e->n_bytes)
        rl_callback_read_char();
}

static bool is_searching(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH);
}

/* An empty line, whatever was going on. */
static void clear(line_editor *e)
{
    if (is_searching()) feed(e, CTRL_G);
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_replace_line("", 1);
    rl_point = rl_end = 0;
    using_history();
}

/* Escape ends a search, and with vi's keys the inserting of text; else it leaves the line. */
static bool wants_escape(void)
{
    return is_searching() || (rl_editing_mode == 0 && !RL_ISSTATE(RL_STATE_VIMOTION) &&
                              rl_get_keymap() == rl_get_keymap_by_name("vi-insert"));
}

static bool is_blank(void)
{
    return !rl_line_buffer[strspn(rl_line_buffer, " \t")];
}

static line_state take_accepted(line_editor *e, char **text)
{
    char *line = e->accepted;
    e->accepted = NULL;
    if (e->ended) {
        e->ended = false;
        return LINE_QUIT;
    }
    if (!line) return LINE_EDITING;
    e->left = 0;
    if (!line[strspn(line, " \t")]) {
        free(line);
        return LINE_LEFT;
    }
    repl_history_keep(e->app->places.history, line);
    using_history();
    *text = line;
    return LINE_READY;
}

line_state line_key(line_editor *e, int key, char **text)
{
    const bool plain = !is_searching();
    *text = NULL;
    line_list_free(&e->list);
    if (key == TUI_ESCAPE && !wants_escape()) return LINE_LEFT;
    if (plain && is_blank()) {
        if (key == TABULATOR || key == TUI_SHIFT_TAB) return LINE_LEFT;
        if (key == CTRL_D && rl_end == 0) return LINE_QUIT;
        if (key == ':') return LINE_EDITING; /* what opens the line from a pane may be typed on it, too */
    }
    if (key == CTRL_C)
        clear(e);
    else
        feed(e, key);
    return take_accepted(e, text);
}

void line_set(line_editor *e, const char *text)
{
    clear(e);
    rl_replace_line(text, 1);
    rl_point = rl_end;
    line_list_free(&e->list);
}

bool line_searches(const line_editor *e)
{
    (void)e;
    return is_searching();
}

const char *line_now(const line_editor *e)
{
    (void)e;
    return rl_line_buffer;
}

int line_fd(const line_editor *e)
{
    return e->predictor ? predictor_fd(e->predictor) : -1;
}

bool line_take(line_editor *e)
{
    if (!e->predictor || !predictor_take(e->predictor)) return false;
    line_look(e);
    make_hint(e);
    return true;
}
