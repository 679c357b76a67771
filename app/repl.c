#include "app/repl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/readline.h>

#include "app/repl_complete.h"
#include "app/repl_history.h"
#include "app/words.h"

int repl_line(app_context *app, const char *line)
{
    fault f = { 0 };
    words w;
    if (!repl_words(&app->commands, line, &w, &f)) return app_report(app, &f);
    int status = w.n ? app_run(app, w.n, (const char *const *)w.word) : FAULT_NONE;
    words_free(&w);
    return status;
}

int repl_stream(app_context *app, FILE *from, const char *name)
{
    char *line = NULL;
    size_t room = 0;
    int status = FAULT_NONE;
    app->at_prompt = true;
    ssize_t n;
    for (long number = 1; !app->leaving && (n = getline(&line, &room, from)) >= 0; number++) {
        /* A zero byte would hide the rest of the line. */
        fault f = { 0 };
        const bool text = strlen(line) == (size_t)n || fault_set(&f, FAULT_INPUT, "a line with a zero byte is no text");
        status = text ? repl_line(app, line) : app_report(app, &f);
        if (app_cancelled(app) && !status) status = FAULT_INTERRUPTED;
        if (!status) continue;
        fprintf(stderr, "kvant: %s: stopped at line %ld\n", name, number);
        break;
    }
    free(line);
    if (app_cancelled(app)) return FAULT_INTERRUPTED;
    return status;
}

/* Readline's hook has no argument of its own. */
static char *line_read;
static bool line_done;

static void take(char *line)
{
    line_read = line;
    line_done = true;
    rl_callback_handler_remove();
}

static void clear_line(void)
{
    fputs("^C\n", rl_outstream);
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_replace_line("", 0);
    rl_on_new_line();
    rl_redisplay();
}

/* One line; *line is NULL at the end of input or when the program should end. */
static void read_line(const char *prompt, char **line)
{
    line_read = NULL;
    line_done = false;
    rl_reset_screen_size();
    rl_callback_handler_install(prompt, take);
    while (!line_done) {
        if (terminal_wait(STDIN_FILENO)) {
            rl_callback_read_char();
            continue;
        }
        if (terminal_ended()) break;
        if (terminal_interrupted()) {
            terminal_resume();
            clear_line();
        } else {
            rl_resize_terminal();
        }
    }
    rl_callback_handler_remove();
    *line = line_read;
}

static void prepare(app_context *app)
{
    rl_readline_name = "kvant";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    repl_complete_begin(app);
    rl_initialize();
    rl_variable_bind("page-completions", "off");
}

int repl_prompt(app_context *app)
{
    char prompt[64];
    const char *accent = terminal_style(&app->out, STYLE_ACCENT);
    if (*accent)
        snprintf(prompt, sizeof prompt, "\001%s\002kvant>\001%s\002 ", accent, terminal_style(&app->out, STYLE_PLAIN));
    else
        snprintf(prompt, sizeof prompt, "kvant> ");
    prepare(app);
    repl_history_open(app->places.history);
    printf("kvant %s: \"help\" lists the commands, Tab completes, Ctrl-D leaves\n", KVANT_VERSION);
    app->at_prompt = true;
    while (!app->leaving && !terminal_ended()) {
        fflush(stdout);
        char *line;
        read_line(prompt, &line);
        if (!line) {
            putchar('\n');
            break;
        }
        repl_history_keep(app->places.history, line);
        terminal_resume();
        repl_line(app, line);
        terminal_resume();
        free(line);
    }
    repl_history_close(app->places.history);
    repl_complete_end();
    return app_flush(app, terminal_ended() ? FAULT_INTERRUPTED : FAULT_NONE);
}
