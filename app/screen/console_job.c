/* One command that runs: the words it is started with, its output into the log, its events into what is shown of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/screen/console_own.h"
#include "app/words.h"
#include "base/clock.h"

enum { READ_SIZE = 16 * 1024 };

/* At one go: what can be read in a moment, so that the keys typed meanwhile come next; when a command has ended, as
 * much as a pipe may still hold. */
typedef struct patience {
    int reads;
    double seconds;
} patience;
static const patience at_work = { 16, 0.004 }, at_end = { 128, 5 };

static const double stop_after = 3; /* seconds between SIGINT, SIGTERM and SIGKILL */

/* ---- starting ---- */

/* Settings that are the screen's own: a child's output is always plain. */
static bool is_for_children(const char *name)
{
    return strcmp(name, "color") != 0;
}

static char *set_line(const char *name, const char *value)
{
    const size_t quoted = words_quote(value, NULL, 0) + 1, head = strlen(name) + sizeof "set  ";
    char *line = malloc(head + quoted);
    if (!line) return NULL;
    const int n = snprintf(line, head, "set %s ", name);
    words_quote(value, line + n, quoted);
    return line;
}

static bool add_words(char **argv, size_t *n, char *line)
{
    static char option[] = "-c";
    if (!line) return false;
    argv[(*n)++] = option;
    argv[(*n)++] = line;
    return true;
}

/* Frees the lines set_line made; the first word and the last line are others'. */
static void free_words(char **argv, size_t n_set)
{
    for (size_t i = 0; argv && i < n_set; i++)
        free(argv[2 + 2 * i]);
    free(argv);
}

/* KVANT -c "set NAME VALUE" ... -c LINE */
static char **child_words(app_context *app, char *line, size_t *n_set)
{
    size_t n = 0, most = 1; /* one more: ascii */
    const command_option *o;
    while (settings_option(app->session, most - 1))
        most++;
    char **argv = calloc(2 * most + 4, sizeof *argv);
    if (!argv) return NULL;
    argv[n++] = app->places.executable;
    *n_set = 0;
    bool good = true;
    for (size_t i = 0; good && (o = settings_option(app->session, i)); i++) {
        const char *value = settings_get(app->session, o->name);
        if (!value && strcmp(o->name, "ascii") == 0 && !app->out.utf8) value = "";
        if (!value || !is_for_children(o->name)) continue;
        good = add_words(argv, &n, set_line(o->name, o->type == OPTION_FLAG ? "on" : value));
        *n_set += good;
    }
    if (good && add_words(argv, &n, line)) return argv;
    free_words(argv, *n_set);
    return NULL;
}

bool job_start(console *c, int number, const char *line, fault *f)
{
    if (c->n_jobs == CONSOLE_JOBS_MOST)
        return fault_set(f, FAULT_USAGE, "%d commands are running; wait for one, or stop one with Ctrl-C",
                         CONSOLE_JOBS_MOST);
    job *j = calloc(1, sizeof *j);
    size_t n_set = 0;
    char **argv = NULL;
    bool good = j && (j->line = strdup(line)) && (argv = child_words(c->app, j->line, &n_set));
    if (!good)
        fault_memory(f, "a command");
    else
        good = console_child_start(&j->child, argv, c->width, f);
    free_words(argv, n_set);
    if (!good) {
        job_free(j);
        return false;
    }
    j->owner = c;
    j->began = clock_seconds();
    j->shown.command = number;
    j->shown.line = j->line;
    c->jobs[c->n_jobs++] = j;
    return true;
}

void job_free(job *j)
{
    if (!j) return;
    if (j->owner) console_child_close(&j->child);
    free(j->line);
    free(j);
}

/* ---- what it says ---- */

static void add_output(void *self, const char *line)
{
    const job *j = self;
    console_log_add(&j->owner->log, LOG_OUTPUT, j->shown.command, line);
}

static void add_error(void *self, const char *line)
{
    const job *j = self;
    const bool is_error = strncmp(line, "kvant: ", 7) == 0;
    console_log_add(&j->owner->log, is_error ? LOG_ERROR : LOG_NOTE, j->shown.command, line);
}

static void list_workers(job *j)
{
    j->shown.n_workers = 0;
    for (size_t i = 0; i < EVENTS_SLOTS; i++)
        if (j->has_worker[i]) j->shown.workers[j->shown.n_workers++] = j->workers[i];
}

static void add_event(void *self, const char *line)
{
    job *j = self;
    event e;
    switch (event_parse(line, &e)) {
    case EVENT_WORKER:
        j->workers[e.worker.slot] = e.worker;
        j->has_worker[e.worker.slot] = e.worker.state != WORKER_ENDED;
        list_workers(j);
        break;
    case EVENT_WHOLE:
        j->shown.has_whole = true;
        j->shown.whole = e.whole;
        break;
    case EVENT_RUN: j->owner->last_run = e.run.id; break;
    case EVENT_NONE: break;
    }
}

static const console_text_add adders[CONSOLE_CHILD_PIPES] = { add_output, add_error, add_event };

/* 0: nothing is there now, or no more will come. */
static size_t read_some(job *j, int i, char *bytes)
{
    for (;;) {
        const ssize_t n = j->child.pipe[i] >= 0 ? read(j->child.pipe[i], bytes, READ_SIZE) : -1;
        if (n > 0) return (size_t)n;
        if (n < 0 && errno == EINTR && j->child.pipe[i] >= 0) continue;
        if (j->child.pipe[i] < 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))) return 0;
        close(j->child.pipe[i]);
        j->child.pipe[i] = -1;
        return 0;
    }
}

static bool read_pipe(job *j, int i)
{
    char bytes[READ_SIZE];
    const size_t n = read_some(j, i, bytes);
    if (n) console_text_feed(&j->text[i], bytes, n, adders[i], j);
    return n > 0;
}

static bool read_all(job *j, const patience *most)
{
    const double end = clock_seconds() + most->seconds;
    bool some = false, more = true;
    for (int reads = most->reads; more && reads-- > 0 && clock_seconds() < end;) {
        more = false;
        for (int i = 0; i < CONSOLE_CHILD_PIPES; i++)
            more |= read_pipe(j, i);
        some |= more;
    }
    return some;
}

/* ---- its end ---- */

static void note_end(job *j, int status)
{
    const double seconds = clock_seconds() - j->began;
    char how[96] = "", text[160];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "killed by signal %d (%s), ", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == FAULT_INTERRUPTED)
        snprintf(how, sizeof how, "stopped, ");
    else if (WEXITSTATUS(status))
        snprintf(how, sizeof how, "exit %d, ", WEXITSTATUS(status));
    if (!*how && seconds < 1) return;
    snprintf(text, sizeof text, "-- %s%.1f s", how, seconds);
    console_log_add(&j->owner->log, LOG_NOTE, j->shown.command, text);
}

bool job_take(job *j, bool *ended, int *status)
{
    /* Looked at before reading: what it wrote before it ended is then in the pipes. */
    *ended = console_child_ended(&j->child, status);
    bool some = read_all(j, *ended ? &at_end : &at_work);
    j->shown.seconds = clock_seconds() - j->began;
    if (!*ended) {
        if (j->stops && clock_seconds() >= j->next_stop) job_stop(j);
        return some;
    }
    for (int i = 0; i < CONSOLE_CHILD_PIPES; i++)
        console_text_end(&j->text[i], adders[i], j);
    note_end(j, *status);
    return true;
}

void job_stop(job *j)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGKILL };
    enum { LAST = sizeof signals / sizeof *signals - 1 };
    console_child_signal(&j->child, signals[j->stops < LAST ? j->stops : LAST]);
    j->stops++;
    j->next_stop = clock_seconds() + stop_after;
}
