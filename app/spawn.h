/* spawn.h - this program once more as a child, in a process group of its own: so that all it starts can be ended with
 * it, and Ctrl-C on the terminal is for the front, which decides.
 */
#ifndef KVANT_APP_SPAWN_H
#define KVANT_APP_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_NOTHING = -1 }; /* /dev/null in the place of a file */

/* words: the executable's path first, NULL ends them. files: what the child has as stdin, stdout and stderr. fresh:
 * signals that are blocked or ignored here are not so there. Returns 0 or an errno. [any thread] */
int spawn_group(pid_t *pid, char *const *words, const int files[3], bool fresh);

#endif
