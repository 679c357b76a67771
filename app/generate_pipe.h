/* generate_pipe.h - this program once more, with pipes to its stdin, stdout and stderr.
 *
 *     worker_pipe p;
 *     generate_pipe_open(&p, words, &f);          words[0] is the executable, NULL ends them
 *     worker_pipe_read(&p.out, ...), ...          app/worker_pipe.h
 *     generate_pipe_end(&p, &status);
 */
#ifndef KVANT_APP_GENERATE_PIPE_H
#define KVANT_APP_GENERATE_PIPE_H

#include "app/worker_pipe.h"

/* In a process group of its own: Ctrl-C on the terminal is for the front, which decides. */
bool generate_pipe_open(worker_pipe *p, char *const *words, fault *f);

/* Ends it with what it has started, if it is still there, and waits: *status is waitpid's. */
void generate_pipe_end(worker_pipe *p, int *status);

#endif
