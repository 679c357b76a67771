#include "app/worker_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

void worker_pipe_close(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* Both ends go with an exec; ours (0 to read, 1 to write) does not block. */
static bool make_pipe(int pair[2], int ours)
{
    pair[0] = pair[1] = -1;
    return pipe(pair) == 0 && fcntl(pair[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(pair[1], F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(pair[ours], F_SETFL, O_NONBLOCK) == 0;
}

static int spawn(pid_t *pid, const char *executable, int in, int out, int err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char *argv[] = { (char *)executable, "worker", NULL };
    const int failed = posix_spawn(pid, executable, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

bool worker_pipe_open(worker_pipe *p, const char *executable, fault *f)
{
    int in[2], out[2] = { -1, -1 }, err[2] = { -1, -1 };
    const bool made = make_pipe(in, 1) && make_pipe(out, 0) && make_pipe(err, 0);
    const int failed = made ? spawn(&p->pid, executable, in[0], out[1], err[1]) : errno;
    worker_pipe_close(&in[0]);
    worker_pipe_close(&out[1]);
    worker_pipe_close(&err[1]);
    if (made && !failed) {
        p->in = in[1];
        p->out = out[0];
        p->err = err[0];
        return true;
    }
    worker_pipe_close(&in[1]);
    worker_pipe_close(&out[0]);
    worker_pipe_close(&err[0]);
    return fault_set(f, FAULT_INTERNAL, "%s: a worker cannot be started: %s", executable, strerror(failed));
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
