#include "app/screen/console.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "app/repl.h"
#include "app/screen/console_own.h"
#include "app/words.h"
#include "base/clock.h"

enum { LOOK_AGAIN_MS = 200 }; /* a child whose pipes a grandchild holds open ends without a word */

/* ---- the log ---- */

typedef struct notes {
    console *owner;
    console_kind kind;
} notes;

static void add_note(void *self, const char *line)
{
    const notes *n = self;
    console_log_add(&n->owner->log, n->kind, n->owner->last_command, line);
}

static void log_text(console *c, console_kind kind, const char *text)
{
    notes to = { c, kind };
    console_text lines = { 0 };
    console_text_feed(&lines, text, strlen(text), add_note, &to);
    console_text_end(&lines, add_note, &to);
}

void console_note(console *c, console_kind kind, const char *format, ...)
{
    char text[CONSOLE_LINE_MOST + 1];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    log_text(c, kind, text);
}

/* ---- entries ---- */

static console_entry *add_entry(console *c, int number, const char *line)
{
    console_entry *entries = realloc(c->entries, (c->n_entries + 1) * sizeof *entries);
    if (!entries) return NULL;
    c->entries = entries;
    console_entry *e = &entries[c->n_entries];
    *e = (console_entry){ .command = number, .line = strdup(line) };
    if (!e->line) return NULL;
    c->n_entries++;
    return e;
}

static void finish_entry(console *c, int number, entry_state state, int status)
{
    for (size_t i = c->n_entries; i-- > 0;)
        if (c->entries[i].command == number) {
            c->entries[i].state = state;
            c->entries[i].status = status;
            return;
        }
}

/* What was set before the session is part of what its commands mean. */
static bool keep_settings(console *c)
{
    const command_option *o;
    for (size_t i = 0; (o = settings_option(c->app->session, i)); i++) {
        const char *value = settings_get(c->app->session, o->name);
        if (!value) continue;
        char quoted[4096], line[4200];
        if (words_quote(o->type == OPTION_FLAG ? "on" : value, quoted, sizeof quoted) >= sizeof quoted) continue;
        snprintf(line, sizeof line, "set %s %s", o->name, quoted);
        console_entry *e = add_entry(c, 0, line);
        if (!e) return false;
        e->state = ENTRY_DONE;
    }
    return true;
}

console *console_create(app_context *app, console_builtin builtin, void *self, fault *f)
{
    console *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the console");
        return NULL;
    }
    *c = (console){ .app = app, .builtin = builtin, .self = self, .width = 80 };
    if (console_log_open(&c->log, f) && (keep_settings(c) || fault_memory(f, "the console"))) return c;
    console_free(c);
    return NULL;
}

void console_on_setting(console *c, void (*changed)(void *self, const char *name))
{
    c->setting_changed = changed;
}

/* ---- the end ---- */

static void stop_all(console *c)
{
    for (size_t i = 0; i < c->n_jobs; i++) {
        console_child_close(&c->jobs[i]->child); /* so that none waits for us to read */
        console_child_signal(&c->jobs[i]->child, SIGTERM);
    }
}

static bool all_ended(console *c)
{
    bool all = true;
    int status;
    for (size_t i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->child.pid && !console_child_ended(&c->jobs[i]->child, &status)) all = false;
    return all;
}

static void kill_all(console *c)
{
    for (size_t i = 0; i < c->n_jobs; i++)
        console_child_signal(&c->jobs[i]->child, SIGKILL);
}

void console_free(console *c)
{
    if (!c) return;
    stop_all(c);
    const double began = clock_seconds();
    for (double waited = 0; !all_ended(c) && waited < 3; waited = clock_seconds() - began) {
        if (waited > 1) kill_all(c);
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    for (size_t i = 0; i < c->n_jobs; i++)
        job_free(c->jobs[i]);
    for (size_t i = 0; i < c->n_entries; i++)
        free(c->entries[i].line);
    free(c->entries);
    console_log_close(&c->log);
    free(c);
}

/* ---- lines given ---- */

/* `set NAME VALUE` and `unset NAME` change this process; asking for a value is any child's work. */
static bool change_setting(console *c, const command *cmd, const words *w, fault *f, bool *known)
{
    command_line *line = command_parse(cmd, w->n - 1, (const char *const *)w->word + 1, NULL, f);
    *known = !line || !line_given(line, "help");
    bool good = line != NULL;
    const char *name = line ? line_arg(line, 0) : NULL, *value = line ? line_arg(line, 1) : NULL;
    if (good && strcmp(cmd->name, "unset") == 0 && *known)
        good = settings_unset(c->app->session, name, f);
    else if (good && value && *known)
        good = settings_set(c->app->session, name, value, f);
    else if (good)
        *known = false;
    if (good && *known) {
        const char *now = settings_get(c->app->session, name);
        console_note(c, LOG_OUTPUT, "%s %s", name, now ? now : "(default)");
        if (c->setting_changed) c->setting_changed(c->self, name);
    }
    line_free(line);
    return good;
}

/* Commands that this process must run itself. */
static bool run_here(console *c, const words *w, fault *f, bool *known, entry_state *state)
{
    *known = false;
    *state = ENTRY_SCREEN;
    const bool good = !c->builtin || c->builtin(c->self, w->n, (const char *const *)w->word, f, known);
    if (*known) return good;
    const command *cmd = command_need(&c->app->commands, w->word[0], f);
    *known = !cmd;
    if (!cmd) return false;
    *state = ENTRY_DONE;
    if (strcmp(cmd->name, "set") == 0 || strcmp(cmd->name, "unset") == 0) return change_setting(c, cmd, w, f, known);
    return true;
}

static bool run_words(console *c, const char *line, const words *w, fault *f, entry_state *state)
{
    bool known;
    if (!run_here(c, w, f, &known, state)) return false;
    if (known) return true;
    *state = ENTRY_RUNS;
    return job_start(c, c->last_command, line, f);
}

void console_run(console *c, const char *line)
{
    fault f = { 0 };
    words w = { 0 };
    entry_state state = ENTRY_SCREEN;
    line += strspn(line, " \t\r\n");
    if (!*line) return;
    c->last_command++;
    log_text(c, LOG_COMMAND, line);
    add_entry(c, c->last_command, line);
    bool good = repl_words(&c->app->commands, line, &w, &f);
    if (good && w.n) good = run_words(c, line, &w, &f, &state);
    words_free(&w);
    if (!good) console_note(c, LOG_ERROR, "kvant: %s", f.text);
    finish_entry(c, c->last_command, good ? state : ENTRY_DONE, (int)f.code);
}

bool console_cancel(console *c)
{
    console_take(c, NULL, 0); /* one that has ended by now is none that runs */
    if (!c->n_jobs) return false;
    job_stop(c->jobs[c->n_jobs - 1]);
    return true;
}

size_t console_running(const console *c)
{
    return c->n_jobs;
}

void console_width(console *c, int columns)
{
    c->width = columns < 20 ? 20 : columns;
}

int64_t console_last_run(const console *c)
{
    return c->last_run;
}

/* ---- the loop ---- */

size_t console_poll(const console *c, struct pollfd *fds, size_t room, int *ms)
{
    size_t n = 0;
    *ms = c->n_jobs ? LOOK_AGAIN_MS : -1;
    for (size_t i = 0; i < c->n_jobs; i++)
        for (int k = 0; k < CONSOLE_CHILD_PIPES && n < room; k++)
            if (c->jobs[i]->child.pipe[k] >= 0)
                fds[n++] = (struct pollfd){ .fd = c->jobs[i]->child.pipe[k], .events = POLLIN };
    return n;
}

static void end_job(console *c, size_t i, int status)
{
    job *j = c->jobs[i];
    finish_entry(c, j->shown.command, ENTRY_DONE, WIFEXITED(status) ? WEXITSTATUS(status) : FAULT_INTERNAL);
    memmove(&c->jobs[i], &c->jobs[i + 1], (--c->n_jobs - i) * sizeof c->jobs[0]);
    job_free(j);
}

bool console_take(console *c, const struct pollfd *fds, size_t n)
{
    (void)fds; /* the pipes do not block: looking is as cheap as asking which of them can be read */
    (void)n;
    bool news = false;
    for (size_t i = 0; i < c->n_jobs;) {
        bool ended;
        int status;
        news |= job_take(c->jobs[i], &ended, &status);
        if (ended)
            end_job(c, i, status);
        else
            i++;
    }
    const double now = clock_seconds();
    if (!news && !(c->n_jobs && now - c->told >= 0.5)) return false; /* the time a command has taken is shown */
    c->told = now;
    return true;
}

/* ---- what there is ---- */

size_t console_n_lines(const console *c)
{
    return c->log.n;
}

size_t console_n_dropped(const console *c)
{
    return c->log.dropped;
}

const console_line *console_line_at(const console *c, size_t i)
{
    return console_log_at(&c->log, i);
}

size_t console_n_jobs(const console *c)
{
    return c->n_jobs;
}

const console_job *console_job_at(const console *c, size_t i)
{
    return i < c->n_jobs ? &c->jobs[i]->shown : NULL;
}
