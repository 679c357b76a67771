/* worker_pipe.h - this program once more as a child, and the pipes to it, without knowing what is said through them.
 *
 *     worker_pipe p;
 *     worker_pipe_open(&p, words, &f);            words[0] is the executable, NULL ends them
 *     worker_pipe_read(&p.out, ...), ...
 *     worker_pipe_end(&p, &status);
 */
#ifndef KVANT_APP_WORKER_PIPE_H
#define KVANT_APP_WORKER_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"

typedef struct worker_pipe {
    pid_t pid;
    int in, out, err; /* its stdin, stdout, stderr; -1 when closed. None of them blocks */
} worker_pipe;

/* In a process group of its own: Ctrl-C on the terminal is for the front, which decides. */
bool worker_pipe_open(worker_pipe *p, char *const *words, fault *f);

/* Ends it with what it has started, if it is still there, and waits: *status is waitpid's. The pipes are closed. */
void worker_pipe_end(worker_pipe *p, int *status);

/* Reads what is there, at most `room` bytes: 0 when nothing is there now. Closes *fd at its end. */
size_t worker_pipe_read(int *fd, char *bytes, size_t room);

/* Writes as much as fits; closes *fd, and returns n, when the reader has gone. */
size_t worker_pipe_write(int *fd, const char *bytes, size_t n);

void worker_pipe_close(int *fd); /* -1 is fine */

/* Whether the child has ended. It is left to be waited for, so that its number still means its group when that is
 * killed. */
bool worker_pipe_ended(const worker_pipe *p);

/* ---- the last of what it says on stderr, for the reason of its death; begins as {0} ---- */

enum { WORKER_TAIL = 1024 };
typedef struct worker_tail {
    char text[WORKER_TAIL + 1];
} worker_tail;

void worker_tail_keep(worker_tail *t, const char *bytes, size_t n); /* n: at most WORKER_TAIL */

/* The last line that says something, or "". */
const char *worker_tail_line(worker_tail *t);

#endif
