/* output.h - a file that is there whole or not at all.
 *
 * The bytes go to a file beside the one that is wanted, which takes its place in one step when they are all on the
 * disk. A link is followed. What is there and is no file (a device, a pipe) is written to as it is.
 */
#ifndef KVANT_APP_PAGE_OUTPUT_H
#define KVANT_APP_PAGE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

/* Whether output_write would be let: to be asked before the work. force: what is there may be replaced. */
bool output_allowed(const char *path, bool force, fault *f);

/* Writes n bytes. Without force nothing is replaced, also not what came since. [any thread] */
bool output_write(const char *path, const void *bytes, size_t n, bool force, fault *f);

#endif
