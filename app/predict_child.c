#include "app/predict_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/spawn.h"
#include "base/pipe.h"

enum { LINE_MOST = 1 << 20, WORDS = 64 };

static bool make_pipe(int ends[2], fault *f)
{
    return pipe_open(ends) || fault_set(f, FAULT_INTERNAL, "no pipe to the predictor: %s", strerror(errno));
}

static bool make_words(const app_context *app, const command_line *line, char *words[WORDS], fault *f)
{
    size_t n = 0;
    words[n++] = (char *)app->places.executable; /* posix_spawn does not write to them */
    words[n++] = (char *)"predict";
    const size_t plugins = line ? line_count(line, "plugin") : 0;
    if (plugins > (WORDS - 3) / 2) return fault_set(f, FAULT_USAGE, "%zu plugins are too many", plugins);
    for (size_t i = 0; i < plugins; i++) {
        words[n++] = (char *)"--plugin";
        words[n++] = (char *)line_text_at(line, "plugin", i);
    }
    words[n] = NULL;
    return true;
}

bool predict_child_start(predict_child *c, const app_context *app, const command_line *line, fault *f)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 };
    char *words[WORDS];
    *c = (predict_child){ .pid = -1, .in = -1, .out = -1 };
    bool ok = make_words(app, line, words, f) && make_pipe(in, f) && make_pipe(out, f);
    /* What codecs print is nobody's business here. */
    const spawn_how how = { .files = { in[0], out[1], SPAWN_NOTHING }, .group = true, .fresh = true };
    const int failed = ok ? spawn_start(&c->pid, words, &how) : 0;
    if (failed) ok = fault_set(f, FAULT_INTERNAL, "%s: cannot be started: %s", words[0], strerror(failed));
    if (in[0] >= 0) close(in[0]);
    if (out[1] >= 0) close(out[1]);
    if (ok) {
        c->in = in[1];
        c->out = out[0];
        fcntl(c->out, F_SETFL, O_NONBLOCK);
        return true;
    }
    if (in[1] >= 0) close(in[1]);
    if (out[0] >= 0) close(out[0]);
    c->pid = -1;
    return false;
}

void predict_child_write(predict_child *c, cJSON *json)
{
    char *line = json ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    if (line) {
        const size_t n = strlen(line);
        line[n] = '\n'; /* in the place of the terminating zero: the line is written by its length */
        for (size_t sent = 0; sent < n + 1;) {
            const ssize_t done = write(c->in, line + sent, n + 1 - sent);
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) break;
            sent += (size_t)done;
        }
    }
    cJSON_free(line);
}

static char *take_line(predict_child *c)
{
    char *end = c->n ? memchr(c->text, '\n', c->n) : NULL;
    if (!end) return NULL;
    const size_t n = (size_t)(end - c->text);
    char *line = strndup(c->text, n);
    c->n -= n + 1;
    memmove(c->text, end + 1, c->n);
    return line;
}

char *predict_child_read(predict_child *c, bool *ended)
{
    for (;;) {
        char *line = take_line(c);
        if (line || c->out < 0) return line;
        if (c->room - c->n < 4096) {
            const size_t room = c->room ? 2 * c->room : 8192;
            char *grown = room <= LINE_MOST ? realloc(c->text, room) : NULL;
            *ended = !grown; /* what sends so long a line is not our child any more */
            if (!grown) return NULL;
            c->text = grown;
            c->room = room;
        }
        const ssize_t n = read(c->out, c->text + c->n, c->room - c->n);
        if (n < 0 && errno == EINTR) continue;
        *ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        if (n <= 0) return NULL;
        c->n += (size_t)n;
    }
}

/* A child that has closed its end has a second to be gone. */
static void reap(predict_child *c, bool by_force)
{
    enum { TICKS = 100, TICK_NS = 10000000 };
    for (int i = 0; !by_force && i < TICKS; i++) {
        const pid_t gone = waitpid(c->pid, &c->status, WNOHANG);
        if (gone == c->pid || (gone < 0 && errno != EINTR)) return;
        nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
    }
    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        continue;
}

bool predict_child_end(predict_child *c, bool by_force)
{
    if (c->pid < 0) return false;
    c->status = 0;
    close(c->in);
    close(c->out);
    reap(c, by_force);
    free(c->text);
    *c = (predict_child){ .pid = -1, .in = -1, .out = -1, .status = c->status };
    return WIFEXITED(c->status) && WEXITSTATUS(c->status) == PREDICT_STALE;
}

void predict_child_say(const predict_child *c, char *text, size_t room)
{
    if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGALRM)
        snprintf(text, room, "the codec had not returned after %d s and was stopped", PREDICT_SECONDS);
    else if (WIFSIGNALED(c->status))
        snprintf(text, room, "the codec died of signal %d, %s", WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
    else
        snprintf(text, room, "the codec ended its process with status %d", WEXITSTATUS(c->status));
}
