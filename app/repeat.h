/* repeat.h - the command that makes a run again.
 *
 *     char *line = repeat_line("kvant ", run, NULL);         "kvant run turbo4 --model m.gguf --text self ..."
 *     free(line);
 */
#ifndef KVANT_APP_REPEAT_H
#define KVANT_APP_REPEAT_H

#include "db/store.h"

/* begin: "kvant " for a shell, "" for the prompt. A run of a suite is made by the suite's command. The database knows a
 * text that was a file by its name alone; text says where it lies, NULL: in the directory the line is typed in. NULL
 * without memory. [any thread] */
char *repeat_line(const char *begin, const store_run *run, const char *text);

#endif
