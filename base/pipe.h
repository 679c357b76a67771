/* pipe.h - pipes that no program inherits by chance.
 *
 * Any thread may start a program at any moment. One that inherits an end keeps the pipe open for as long as it lives,
 * and who reads waits for an end of file that does not come. So neither end outlives an exec, and that from the moment
 * it is there, where the system can do so; a program that is to have one gets it by dup2.
 *
 *     int ends[2];
 *     if (!pipe_open(ends)) ...         errno says why
 */
#ifndef KVANT_BASE_PIPE_H
#define KVANT_BASE_PIPE_H

#include <stdbool.h>

/* ends[0] is read, ends[1] written; both are -1 when it fails. [any thread] */
bool pipe_open(int ends[2]);

#endif
