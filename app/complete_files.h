/* complete_files.h - files of one kind, for completion.
 *
 * Calls add with every directory (a slash at its end) and every file whose name ends in `suffix` that the typed path
 * may become, in alphabetic order, at most COMPLETE_FILES_MOST. Hidden ones only when a dot is typed. A directory that
 * cannot be read has none.
 */
#ifndef KVANT_APP_COMPLETE_FILES_H
#define KVANT_APP_COMPLETE_FILES_H

#include <stdbool.h>

enum { COMPLETE_FILES_MOST = 500 };

void complete_files(const char *typed, const char *suffix, void (*add)(void *to, const char *path, bool is_directory),
                    void *to);

#endif
