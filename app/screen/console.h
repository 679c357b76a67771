/* console.h - the commands a person gives on the screen: typed or by a key, run as children, their output kept.
 *
 * Commands that only mean something here (set and unset, and those that console_builtin knows: quit, save, focus ...)
 * run at once in this process. Everything else runs as `kvant -c "set ..." -c LINE` in a child with its own process
 * group, with the session's settings, its stdout and stderr on pipes and its events (events.h) on another: the screen
 * never waits, several commands may run, and none can take the screen down. Ctrl-C stops the newest: SIGINT to its
 * group, after 3 s SIGTERM, then SIGKILL; children die with the screen.
 *
 * Every line given is shown in the log after "> ", also when a key stood for it, so that what was done can be typed,
 * copied and saved: console_save writes the session as a Lua recipe.
 *
 * [main thread]
 */
#ifndef KVANT_APP_SCREEN_CONSOLE_H
#define KVANT_APP_SCREEN_CONSOLE_H

#include <poll.h>

#include "app/app.h"
#include "app/events.h"

typedef struct console console;

/* Does what the words mean to the screen: *known says whether they are a command of its own, false that it failed. */
typedef bool (*console_builtin)(void *self, int n_words, const char *const *words, fault *f, bool *known);

console *console_create(app_context *app, console_builtin builtin, void *self, fault *f);
void console_free(console *c); /* stops the children: SIGTERM, a second, SIGKILL */

/* changed(self, name) is called after `set` or `unset`; self as above. */
void console_on_setting(console *c, void (*changed)(void *self, const char *name));

/* Runs one line as typed. A line that cannot be split, or a command that does not exist, is an entry in the log. */
void console_run(console *c, const char *line);

/* Stops the newest command that runs; asked again while it is being stopped, it is stopped harder. False: none runs. */
bool console_cancel(console *c);
size_t console_running(const console *c);

/* Columns that the output of later commands may take. */
void console_width(console *c, int columns);

/* The run that a command has last told of, done or failed: the screen can look at it at once. 0: none. */
int64_t console_last_run(const console *c);

/* For the loop: fills in up to `room` descriptors to poll, returns how many; console_take then reads what is there and
 * reaps children that have ended. True when something is to be drawn. ms: after how long console_take should be called
 * in any case (-1: need not). */
size_t console_poll(const console *c, struct pollfd *fds, size_t room, int *ms);
bool console_take(console *c, const struct pollfd *fds, size_t n);

/* ---- the log ---- */

typedef enum console_kind { LOG_COMMAND, LOG_OUTPUT, LOG_ERROR, LOG_NOTE } console_kind;

typedef struct console_line {
    console_kind kind;
    bool apart;       /* output of another command than the line above: to be shown with its number */
    int command;      /* the command's number in this session; 0: of none */
    const char *text; /* one line, UTF-8, no control characters */
} console_line;

/* The last 20,000 lines; those before are dropped and counted. */
size_t console_n_lines(const console *c);
size_t console_n_dropped(const console *c);
const console_line *console_line_at(const console *c, size_t i); /* NULL past the end */
void console_note(console *c, console_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- what runs ---- */

typedef struct console_job {
    int command;
    const char *line;
    double seconds; /* since it began */
    bool has_whole;
    event_whole whole;
    size_t n_workers;
    event_worker workers[EVENTS_SLOTS]; /* those that have not ended, by slot */
} console_job;

size_t console_n_jobs(const console *c);
const console_job *console_job_at(const console *c, size_t i);

/* ---- the session as a recipe ---- */

/* Writes what was done that can be done again as Lua: run, sweep, calibrate, frontier ... with their options as tables,
 * settings as lab.set, other commands as lab.command. Refuses a file that is there, unless force. */
bool console_save(const console *c, const char *path, bool force, fault *f);

#endif
