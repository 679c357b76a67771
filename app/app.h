/* app.h - what one running kvant carries: handed to every command, kept nowhere else.
 *
 * A command is `int cmd_x(app_context *app, const command_line *line)`: it writes data to stdout, progress and errors
 * to stderr, polls app_cancelled() at least every second of work, and returns an exit status:
 *
 *     fault f = { 0 };
 *     if (!work(app, &f)) return app_report(app, &f);
 *     return FAULT_NONE;
 *
 * The shell and the prompt run commands through app_run alone, so that both behave the same. An error is one line,
 * "kvant: ...", on stderr, with --json too: then stdout holds JSON or nothing.
 */
#ifndef KVANT_APP_APP_H
#define KVANT_APP_APP_H

#include <stdbool.h>

#include "app/command.h"
#include "app/events.h"
#include "app/paths.h"
#include "app/settings.h"
#include "app/terminal.h"
#include "base/fault.h"

/* Names that only a running program knows (codecs, runs), for completion: calls add once for each, in the order to be
 * shown; help is a line about the name, or NULL. Must be quick and quiet; when it cannot know, it adds nothing. */
typedef void (*app_add_name)(void *to, const char *name, const char *help);
typedef void (*app_names)(app_context *app, app_add_name add, void *to);

typedef struct app_name_source {
    completion kind; /* COMPLETE_NONE ends a list */
    app_names names;
} app_name_source;

struct app_context {
    paths places;
    terminal out, err; /* as the command at work was told: --color, --ascii */
    settings *session;
    events events; /* to the screen this command was started from, if any */
    command_table commands;
    const app_name_source *names;
    bool at_prompt;               /* lines come from the prompt or a script, not from the shell's arguments */
    bool leaving;                 /* the prompt should end (quit) */
    int recipe_depth;             /* recipes that run one another now */
    struct catalog_cache *codecs; /* what completion knows of codecs; NULL until it is asked (app/complete.h) */
};

bool app_open(app_context *app, fault *f);
void app_close(app_context *app);

/* Reads and runs one command: words[0] is its name. Returns its exit status; everything wrong has been reported. */
int app_run(app_context *app, int n_words, const char *const *words);

/* Writes the fault to stderr and returns its code as an exit status. */
int app_report(const app_context *app, const fault *f);

/* Someone pressed Ctrl-C, or sent SIGTERM: stop in good order and return FAULT_INTERRUPTED. [any thread] */
bool app_cancelled(const app_context *app);

/* The model a line means: --model, the session's, or the embedded one. NULL with a fault when there is none. */
const char *app_model(const app_context *app, const command_line *line, fault *f);
/* Threads a line means: --threads, or for 0 as many as there are processors that it may use. */
int app_threads(const command_line *line);

/* What a text is called: its file's name without the directories, or self. */
const char *app_text_name(const char *text);

/* The database a line means. */
const char *app_database(const app_context *app, const command_line *line);

/* Pushes stdout out and finds write errors (a full disk). Returns status, or 3 when something was lost; a reader that
 * has closed its pipe is no error. */
int app_flush(const app_context *app, int status);

#endif
