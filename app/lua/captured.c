#include "app/lua/captured.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pipe.h"
#include "base/thread.h"

static const char mark[] = "kvant: ";

/* The other end of stderr: hands lines on, and keeps one that begins with the mark until the next comes. */
typedef struct relay {
    pthread_t thread;
    int from, to;    /* descriptors */
    char line[1024]; /* being read */
    size_t n;
    char said[1024]; /* the last sentence, not handed on yet; "": none */
} relay;

static void hand_on(const relay *r, const char *text, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(r->to, text, n);
        if (done < 0 && errno != EINTR) return;
        if (done > 0) text += done, n -= (size_t)done;
    }
}

static void end_line(relay *r)
{
    if (r->said[0]) hand_on(r, r->said, strlen(r->said));
    r->said[0] = '\0';
    if (r->n >= sizeof mark - 1 && memcmp(r->line, mark, sizeof mark - 1) == 0) {
        memcpy(r->said, r->line, r->n);
        r->said[r->n] = '\0';
    } else {
        hand_on(r, r->line, r->n);
    }
    r->n = 0;
}

static void *pass_on(void *arg)
{
    relay *r = arg;
    char bytes[4096];
    ssize_t got;
    while ((got = read(r->from, bytes, sizeof bytes)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        for (ssize_t i = 0; i < got; i++) {
            r->line[r->n++] = bytes[i];
            if (bytes[i] == '\n' || r->n == sizeof r->line - 1) end_line(r);
        }
    }
    if (r->n) end_line(r);
    return NULL;
}

static bool start_relay(relay *r, int *end, fault *f)
{
    int ends[2];
    if (!pipe_open(ends)) return fault_set(f, FAULT_INTERNAL, "no pipe for a command's messages: %s", strerror(errno));
    r->from = ends[0];
    const int failed = thread_begin(&r->thread, pass_on, r);
    *end = ends[1];
    if (!failed) return true;
    close(ends[0]);
    close(ends[1]);
    return fault_set(f, FAULT_INTERNAL, "no thread for a command's messages: %s", strerror(failed));
}

static bool read_back(FILE *file, char **text, fault *f)
{
    const off_t size = lseek(fileno(file), 0, SEEK_END);
    if (size < 0 || size > CAPTURED_MOST)
        return fault_set(f, FAULT_INPUT, "a command wrote more than %d MiB", CAPTURED_MOST >> 20);
    char *bytes = malloc((size_t)size + 1);
    if (!bytes) return fault_memory(f, "a command's output");
    rewind(file);
    const size_t n = fread(bytes, 1, (size_t)size, file);
    bytes[n] = '\0';
    *text = bytes;
    return true;
}

/* Runs with stdout and stderr in other hands; both come back whatever happens. */
static int run_redirected(app_context *app, const command_line *line, FILE *out, int messages, relay *r)
{
    const terminal out_before = app->out, err_before = app->err;
    const int stdout_before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(messages, STDERR_FILENO);
    close(messages);
    app->out = terminal_probe(STDOUT_FILENO, TERMINAL_COLOR_NEVER, !out_before.utf8);
    app->err = terminal_probe(STDERR_FILENO, TERMINAL_COLOR_NEVER, !err_before.utf8);
    const int status = app_flush(app, line_command(line)->run(app, line));
    dup2(stdout_before, STDOUT_FILENO);
    close(stdout_before);
    dup2(r->to, STDERR_FILENO); /* the last that held the pipe's end: the relay ends */
    pthread_join(r->thread, NULL);
    close(r->from);
    app->out = out_before;
    app->err = err_before;
    return status;
}

bool captured_run(app_context *app, const command_line *line, char **text, fault *f)
{
    relay r = { 0 };
    int messages = -1;
    *text = NULL;
    FILE *out = tmpfile();
    if (!out) return fault_set(f, FAULT_INPUT, "a temporary file cannot be made: %s", strerror(errno));
    fcntl(fileno(out), F_SETFD, FD_CLOEXEC);
    r.to = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    bool ok = r.to >= 0 || fault_set(f, FAULT_INTERNAL, "stderr cannot be kept: %s", strerror(errno));
    ok = ok && start_relay(&r, &messages, f);
    if (!ok) {
        if (r.to >= 0) close(r.to);
        fclose(out);
        return false;
    }
    const int status = run_redirected(app, line, out, messages, &r);
    close(r.to);
    r.said[strcspn(r.said, "\n")] = '\0';
    if (status == FAULT_NONE || status == FAULT_NO) ok = read_back(out, text, f);
    fclose(out);
    if (status == FAULT_NONE || !ok) return ok;
    return fault_set(f, (fault_code)status, "%s", r.said[0] ? r.said + sizeof mark - 1 : "the command failed");
}
