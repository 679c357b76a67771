#include "app/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/catalog_read.h"
#include "app/registry.h"
#include "app/spawn.h"
#include "base/clock.h"
#include "base/pipe.h"

enum { LONGEST_LINE = 16 << 20, LAST_WORDS = 200, TICK_MS = 100 };

typedef struct child {
    pid_t pid;
    int out, err; /* our ends of its stdout and stderr; -1: closed */
    char *line;   /* what came of the current line */
    size_t n, room;
    char last_words[LAST_WORDS + 1]; /* the end of its stderr */
    catalog_reader reader;
    double deadline;
    double seconds;
    const scan_options *options;
    bool cancelled;
    fault why; /* why its lines, or its time, are at an end; FAULT_NONE: it ended by itself */
} child;

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static bool make_pipe(int ends[2], fault *f)
{
    if (!pipe_open(ends)) return fault_set(f, FAULT_INTERNAL, "no pipe to the describer: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return true;
}

/* ---- starting ---- */

/* The describer's words, then the files that are not excluded; free the array. */
static char **make_argv(const char *const *describer, const plugin_files *files, const bool *excluded)
{
    size_t n = 0;
    while (describer[n])
        n++;
    char **argv = calloc(n + files->n + 1, sizeof *argv);
    if (!argv) return NULL;
    for (size_t i = 0; i < n; i++)
        argv[i] = (char *)describer[i]; /* posix_spawn does not write to them */
    for (size_t i = 0; i < files->n; i++)
        if (!excluded[i]) argv[n++] = files->paths[i];
    return argv;
}

static bool start(child *c, char *const *argv, fault *f)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    int failed = 0;
    bool ok = make_pipe(out, f) && make_pipe(err, f);
    const spawn_how how = { .files = { SPAWN_NOTHING, out[1], err[1] }, .group = true, .fresh = true };
    if (ok) failed = spawn_start(&c->pid, argv, &how);
    if (failed) ok = fault_set(f, FAULT_INTERNAL, "%s cannot be started: %s", argv[0], strerror(failed));
    close_fd(&out[1]);
    close_fd(&err[1]);
    c->out = out[0];
    c->err = err[0];
    if (ok) return true;
    close_fd(&c->out);
    close_fd(&c->err);
    return false;
}

/* ---- listening ---- */

static bool take_line(child *c, const char *line, size_t n)
{
    c->deadline = clock_seconds() + c->seconds;
    if (catalog_read_line(&c->reader, line, n, &c->why)) return true;
    return fault_prefix(&c->why, "its description is not understood");
}

/* Appends what came and takes the lines that are complete. */
static bool take_bytes(child *c, const char *bytes, size_t n)
{
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t piece = end ? (size_t)(end - bytes) : n;
        if (piece > LONGEST_LINE - c->n) return fault_set(&c->why, FAULT_INPUT, "its description has no end");
        if (c->n + piece > c->room) {
            size_t room = 2 * (c->n + piece);
            char *grown = realloc(c->line, room);
            if (!grown) return fault_memory(&c->why, "the catalog");
            c->line = grown;
            c->room = room;
        }
        if (piece) memcpy(c->line + c->n, bytes, piece);
        c->n += piece;
        if (!end) return true;
        bool ok = take_line(c, c->line ? c->line : "", c->n);
        c->n = 0;
        if (!ok) return false;
        bytes = end + 1;
        n -= piece + 1;
    }
    return true;
}

/* Keeps the last of what the current file has to say. */
static bool take_words(child *c, const char *bytes, size_t n)
{
    size_t kept = strlen(c->last_words);
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == REGISTRY_NEXT[0]) {
            kept = 0;
            continue;
        }
        if (kept == LAST_WORDS) memmove(c->last_words, c->last_words + 1, --kept);
        c->last_words[kept++] = bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : ' ';
    }
    c->last_words[kept] = '\0';
    return true;
}

/* Reads what is there; closes the end at the end of file. */
static bool drain(child *c, int *fd, bool (*take)(child *, const char *, size_t))
{
    char bytes[16384];
    for (;;) {
        ssize_t n = read(*fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n <= 0) {
            close_fd(fd);
            return true;
        }
        if (!take(c, bytes, (size_t)n)) return false;
    }
}

/* Until its stdout ends, its last line has come, its time is up, or someone cancels. */
static void listen_to(child *c)
{
    c->deadline = clock_seconds() + c->seconds;
    while (c->out >= 0 && !c->reader.done) {
        struct pollfd fds[2] = { { c->out, POLLIN, 0 }, { c->err, POLLIN, 0 } };
        if (poll(fds, 2, TICK_MS) > 0) {
            if (fds[1].revents) drain(c, &c->err, take_words);
            if (fds[0].revents && !drain(c, &c->out, take_bytes)) return;
        }
        if (c->options && c->options->cancelled && c->options->cancelled(c->options->arg)) {
            c->cancelled = true;
            return;
        }
        if (c->out >= 0 && !c->reader.done && clock_seconds() > c->deadline) {
            fault_set(&c->why, FAULT_INPUT, "did not finish loading within %g s", c->seconds);
            return;
        }
    }
}

/* Has it ended? Not reaped yet, so that its number is still its own. */
static bool has_ended(const child *c)
{
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == c->pid;
}

/* Gives a child whose stdout has ended a second to end itself, ends it and all it started, and says how it ended. */
static int finish(child *c)
{
    for (int i = 0; i < 100 && c->out < 0 && !has_ended(c); i++)
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    kill(-c->pid, SIGKILL);
    int status = 0;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (c->err >= 0) drain(c, &c->err, take_words);
    close_fd(&c->out);
    close_fd(&c->err);
    free(c->line);
    return status;
}

static void describe_end(const child *c, int status, char *text, size_t room)
{
    const char *words = c->last_words;
    while (*words == ' ')
        words++;
    int n = 0;
    if (c->why.code)
        n = snprintf(text, room, "%s", c->why.text);
    else if (WIFSIGNALED(status))
        n = snprintf(text, room, "crashed while it was loaded: %s (signal %d)", strsignal(WTERMSIG(status)),
                     WTERMSIG(status));
    else
        n = snprintf(text, room, "ended the process while it was loaded, with status %d", WEXITSTATUS(status));
    if (*words && n > 0 && (size_t)n < room) snprintf(text + n, room - (size_t)n, "; its last words: %s", words);
}

/* ---- one child after the other ---- */

/* What became of one child: the catalog is complete, one more file is excluded, or a fault. */
typedef enum outcome { COMPLETE, AGAIN, FAILED } outcome;

static outcome judge(child *c, int status, const plugin_files *files, bool *excluded, catalog *spoiled, fault *f)
{
    if (c->cancelled) {
        fault_set(f, FAULT_INTERRUPTED, "interrupted while looking for codecs");
        return FAILED;
    }
    if (c->reader.done) return COMPLETE;
    char reason[1200];
    describe_end(c, status, reason, sizeof reason);
    for (size_t i = 0; c->reader.loading && i < files->n; i++) {
        if (excluded[i] || strcmp(files->paths[i], c->reader.loading) != 0) continue;
        excluded[i] = true;
        return catalog_add_problem(spoiled, files->paths[i], reason, f) ? AGAIN : FAILED;
    }
    fault_set(f, FAULT_INTERNAL, "the process that looks at codecs failed: %s", reason);
    return FAILED;
}

static outcome scan_once(const char *const *describer, const plugin_files *files, const scan_options *options,
                         bool *excluded, catalog *spoiled, catalog **known, fault *f)
{
    child c = { .pid = -1, .out = -1, .err = -1, .options = options, .seconds = SCAN_SECONDS };
    if (options && options->seconds > 0) c.seconds = options->seconds;
    *known = c.reader.into = catalog_create(f);
    char **argv = *known ? make_argv(describer, files, excluded) : NULL;
    outcome result = FAILED;
    if (*known && !argv) fault_memory(f, "the describer's arguments");
    if (argv && start(&c, argv, f)) {
        listen_to(&c);
        int status = finish(&c);
        result = judge(&c, status, files, excluded, spoiled, f);
    }
    free(argv);
    catalog_reader_free(&c.reader);
    if (result != COMPLETE) {
        catalog_free(*known);
        *known = NULL;
    }
    return result;
}

static bool add_problems(catalog *known, const catalog_problem *problems, size_t n, fault *f)
{
    for (size_t i = 0; i < n; i++)
        if (!catalog_add_problem(known, problems[i].path, problems[i].reason, f)) return false;
    return true;
}

catalog *catalog_scan(const char *const *describer, const plugin_files *files, const scan_options *options, fault *f)
{
    bool *excluded = calloc(files->n + 1, sizeof *excluded);
    catalog *spoiled = catalog_create(f), *known = NULL;
    outcome result = FAILED;
    if (!excluded) fault_memory(f, "the catalog");
    if (excluded && spoiled) {
        do
            result = scan_once(describer, files, options, excluded, spoiled, &known, f);
        while (result == AGAIN);
    }
    if (result == COMPLETE && (!add_problems(known, spoiled->problems, spoiled->n_problems, f) ||
                               !add_problems(known, files->problems, files->n_problems, f))) {
        catalog_free(known);
        known = NULL;
    }
    catalog_free(spoiled);
    free(excluded);
    return known;
}
