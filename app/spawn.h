/* spawn.h - this program once more as a child.
 *
 * Handlers are never the child's, nor is a file that is not named here (all of ours go with an exec). What was ignored
 * when this process began, as nohup has it, the child ignores, too, unless it is to begin afresh.
 *
 *     int failed = spawn_start(&pid, words, &(spawn_how){ .files = { 0, 1, 2 } });
 */
#ifndef KVANT_APP_SPAWN_H
#define KVANT_APP_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_NOTHING = -1 }; /* /dev/null in the place of a file */

typedef struct spawn_how {
    int files[3]; /* files of ours that are its stdin, stdout and stderr */
    int also;     /* one more, under the number it has here; 0 or SPAWN_NOTHING: none */
    bool group;   /* of its own: all it starts can be ended with it, and Ctrl-C on the terminal is for us, who decide */
    bool fresh;   /* signals that are blocked or ignored here are not so there */
} spawn_how;

/* words: the executable's path first, NULL ends them. Returns 0 or an errno. [any thread] */
int spawn_start(pid_t *pid, char *const *words, const spawn_how *how);

#endif
