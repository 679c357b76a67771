/* repeat.h - the command that makes a run again. */
#ifndef KVANT_APP_PAGE_REPEAT_H
#define KVANT_APP_PAGE_REPEAT_H

#include "db/store.h"

/* The line for a shell or the prompt, in one block to free(); NULL without memory. A text that was a file is known by
 * its name alone: the line holds where it lies in the directory it is typed in. [any thread] */
char *repeat_command(const store_run *run);

#endif
