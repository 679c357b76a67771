#include "app/app.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/complete.h"
#include "app/options.h"
#include "base/pool.h"

bool app_open(app_context *app, fault *f)
{
    *app = (app_context){ .commands = commands_all(), .names = commands_names() };
    app->out = terminal_probe(STDOUT_FILENO, TERMINAL_COLOR_AUTO, false);
    app->err = terminal_probe(STDERR_FILENO, TERMINAL_COLOR_AUTO, false);
    events_open(&app->events);
    app->session = settings_create(options_shared, f);
    return app->session && paths_find(&app->places, f);
}

void app_close(app_context *app)
{
    settings_free(app->session);
    app->session = NULL;
    complete_forget(app);
}

int app_report(const app_context *app, const fault *f)
{
    fflush(stdout);
    fprintf(stderr, "%skvant:%s %s\n", terminal_style(&app->err, STYLE_BAD), terminal_style(&app->err, STYLE_PLAIN),
            f->text);
    return (int)f->code;
}

bool app_cancelled(const app_context *app)
{
    (void)app;
    return terminal_interrupted();
}

static void take_output_options(app_context *app, const command_line *line)
{
    terminal_color color = (terminal_color)line_int(line, "color");
    app->out = terminal_probe(STDOUT_FILENO, color, line_has(line, "ascii"));
    app->err = terminal_probe(STDERR_FILENO, color, line_has(line, "ascii"));
}

/* A command that belongs to the other face is unknown here, with a sentence saying where it belongs. */
static bool belongs(const app_context *app, const command *c, fault *f)
{
    if (c->flags & COMMAND_LAB_ONLY && !app->at_prompt)
        return fault_set(f, FAULT_USAGE, "\"%s\" is for the prompt; start it with \"kvant lab\"", c->name);
    if (c->flags & COMMAND_CLI_ONLY && app->at_prompt)
        return fault_set(f, FAULT_USAGE, "\"%s\" is for the shell, not for the prompt", c->name);
    return true;
}

int app_run(app_context *app, int n_words, const char *const *words)
{
    fault f = { 0 };
    const command *c = command_need(&app->commands, words[0], &f);
    if (!c || !belongs(app, c, &f)) return app_report(app, &f);
    command_line *line = command_parse(c, n_words - 1, words + 1, app->session, &f);
    if (!line) return app_report(app, &f);
    take_output_options(app, line);
    int status;
    if (line_given(line, "help")) {
        help_command(stdout, &app->out, c);
        status = FAULT_NONE;
    } else {
        status = c->run(app, line);
    }
    line_free(line);
    return app_flush(app, status);
}

const char *app_model(const app_context *app, const command_line *line, fault *f)
{
    const char *model = line_text(line, "model");
    if (!model) model = settings_get(app->session, "model");
    if (!model && app->places.model[0]) model = app->places.model;
    if (!model)
        fault_set(f, FAULT_INPUT, "no model is given and the one kvant comes with is not beside %s",
                  app->places.executable);
    return model;
}

int app_threads(const command_line *line)
{
    enum { MOST = 256 };
    const int64_t given = line_int(line, "threads");
    if (given <= 0) return pool_processors();
    return given < MOST ? (int)given : MOST;
}

const char *app_text_name(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash ? slash + 1 : text;
}

const char *app_database(const app_context *app, const command_line *line)
{
    const char *database = line_text(line, "db");
    return database ? database : app->places.database;
}

static bool reader_has_left(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return poll(&out, 1, 0) > 0 && out.revents & POLLERR;
}

int app_flush(const app_context *app, int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    int error = errno;
    clearerr(stdout);
    if (error == EPIPE || reader_has_left()) return status;
    fault f = { 0 };
    if (app_cancelled(app)) { /* the signal that stops us has ended a write as well */
        if (status != FAULT_NONE) return FAULT_INTERRUPTED;
        fault_set(&f, FAULT_INTERRUPTED, "stopped while writing");
        return app_report(app, &f);
    }
    fault_set(&f, FAULT_INPUT, "the output could not be written: %s", error ? strerror(error) : "a write failed");
    return app_report(app, &f);
}
