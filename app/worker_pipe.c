#include "app/worker_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/spawn.h"
#include "base/pipe.h"

void worker_pipe_close(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

enum { ENDS = 3 };

/* The child reads the first and writes the others. All go with an exec; ours do not block. */
static bool make_pipes(int ours[ENDS], int theirs[ENDS])
{
    for (int i = 0; i < ENDS; i++) {
        int pair[2];
        if (!pipe_open(pair)) return false;
        ours[i] = pair[i == 0];
        theirs[i] = pair[i != 0];
        if (fcntl(ours[i], F_SETFL, O_NONBLOCK) != 0) return false;
    }
    return true;
}

bool worker_pipe_open(worker_pipe *p, char *const *words, fault *f)
{
    int ours[ENDS] = { -1, -1, -1 }, theirs[ENDS] = { -1, -1, -1 };
    *p = (worker_pipe){ .pid = -1, .in = -1, .out = -1, .err = -1 };
    int failed = make_pipes(ours, theirs) ? 0 : errno;
    const spawn_how how = { .files = { theirs[0], theirs[1], theirs[2] }, .group = true };
    if (!failed) failed = spawn_start(&p->pid, words, &how);
    for (int i = 0; i < ENDS; i++) {
        worker_pipe_close(&theirs[i]);
        if (failed) worker_pipe_close(&ours[i]);
    }
    if (failed) {
        p->pid = -1;
        return fault_set(f, FAULT_INTERNAL, "%s: cannot be started: %s", words[0], strerror(failed));
    }
    p->in = ours[0];
    p->out = ours[1];
    p->err = ours[2];
    return true;
}

void worker_pipe_end(worker_pipe *p, int *status)
{
    *status = 0;
    worker_pipe_close(&p->in);
    worker_pipe_close(&p->out);
    worker_pipe_close(&p->err);
    if (p->pid < 0) return;
    kill(-p->pid, SIGKILL);
    while (waitpid(p->pid, status, 0) < 0 && errno == EINTR)
        continue;
    p->pid = -1;
}

size_t worker_pipe_read(int *fd, char *bytes, size_t room)
{
    if (*fd < 0) return 0;
    const ssize_t n = read(*fd, bytes, room);
    if (n > 0) return (size_t)n;
    if (n == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) worker_pipe_close(fd);
    return 0;
}

size_t worker_pipe_write(int *fd, const char *bytes, size_t n)
{
    const ssize_t done = write(*fd, bytes, n);
    if (done >= 0) return (size_t)done;
    if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    worker_pipe_close(fd);
    return n;
}

bool worker_pipe_ended(const worker_pipe *p)
{
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) return info.si_pid != 0;
    return errno == ECHILD;
}

void worker_tail_keep(worker_tail *t, const char *bytes, size_t n)
{
    const size_t have = strlen(t->text), keep = have + n > WORKER_TAIL ? WORKER_TAIL - n : have;
    memmove(t->text, t->text + have - keep, keep);
    for (size_t i = 0; i < n; i++)
        t->text[keep + i] = bytes[i] ? bytes[i] : ' ';
    t->text[keep + n] = '\0';
}

const char *worker_tail_line(worker_tail *t)
{
    size_t n = strlen(t->text);
    while (n > 0 && strchr("\r\n ", t->text[n - 1]))
        t->text[--n] = '\0';
    const char *last = strrchr(t->text, '\n');
    return last ? last + 1 : t->text;
}
