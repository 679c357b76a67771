/* file.h - a whole file in memory. */
#ifndef KVANT_BASE_FILE_H
#define KVANT_BASE_FILE_H

#include <stddef.h>

#include "base/fault.h"

/* Reads all of a file, or of standard input for "-". *bytes is malloc'd (NULL for an empty file may be freed, too), the
 * caller frees it. FAULT_INPUT with the path and the system's words. [any thread] */
bool file_read(const char *path, char **bytes, size_t *n, fault *f);

/* Writes n bytes as a file; what is there is replaced, and a file that could not be written whole is removed. */
bool file_write(const char *path, const void *bytes, size_t n, fault *f);

/* Removes half a file. What is no file (a device, a pipe, a link) stays where it is. */
void file_discard(const char *path);

#endif
