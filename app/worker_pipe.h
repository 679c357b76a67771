/* worker_pipe.h - a worker process and the pipes to it, without knowing what is said through them. */
#ifndef KVANT_APP_WORKER_PIPE_H
#define KVANT_APP_WORKER_PIPE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"

typedef struct worker_pipe {
    pid_t pid;
    int in, out, err; /* its stdin, stdout, stderr; -1 when closed. None of them blocks */
} worker_pipe;

/* Starts `executable worker` in a process group of its own: Ctrl-C on the terminal is for the front, which decides. */
bool worker_pipe_open(worker_pipe *p, const char *executable, fault *f);

/* Reads what is there, at most `room` bytes: 0 when nothing is there now. Closes *fd at its end. */
size_t worker_pipe_read(int *fd, char *bytes, size_t room);

/* Writes as much as fits; closes *fd, and returns n, when the reader has gone. */
size_t worker_pipe_write(int *fd, const char *bytes, size_t n);

void worker_pipe_close(int *fd); /* -1 is fine */

#endif
