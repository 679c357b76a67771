/* console_child.h - one command in a process of its own, its output on three pipes.
 *
 * The child leads a process group, has nothing to read on standard input, is told by its environment that it talks to
 * no terminal (NO_COLOR, TERM=dumb) and how wide a line may be (COLUMNS), writes its events (app/events.h) to
 * descriptor 3 and, on Linux, dies with this process. The ends here never block.
 *
 *     console_child_start(&c, executable, argv, 76, &f);
 *     ... read c.pipe[CONSOLE_CHILD_OUT] and the others ...
 *     if (console_child_ended(&c, &status)) console_child_close(&c);      after reading what is left
 *
 * [main thread]
 */
#ifndef KVANT_APP_SCREEN_CONSOLE_CHILD_H
#define KVANT_APP_SCREEN_CONSOLE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"

enum { CONSOLE_CHILD_OUT, CONSOLE_CHILD_ERR, CONSOLE_CHILD_EVENTS, CONSOLE_CHILD_PIPES };

typedef struct console_child {
    pid_t pid;                     /* and of its group; 0: it was waited for */
    int pipe[CONSOLE_CHILD_PIPES]; /* -1: closed */
} console_child;

/* argv ends with NULL and begins with the executable. */
bool console_child_start(console_child *c, char *const *argv, int width, fault *f);

/* To the whole group; one that is stopped goes on first, unless it is to die at once. */
void console_child_signal(const console_child *c, int signal_number);

/* Has it ended? Then what is left of its group is killed and *status is as waitpid gives it. */
bool console_child_ended(console_child *c, int *status);

void console_child_close(console_child *c); /* the pipes */

#endif
