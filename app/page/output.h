/* output.h - a file that is there whole or not at all.
 *
 * The bytes go to a file beside the one that is wanted, which takes its place in one step when they are all on the
 * disk. A link is followed. What is there and is no file (a device, a pipe) is written to as it is.
 *
 *     output o;
 *     if (!output_begin(&o, "runs.csv", false, &f)) return false;
 *     bool ok = ... writes to o.file ...;
 *     return output_end(&o, ok, &f);
 */
#ifndef KVANT_APP_PAGE_OUTPUT_H
#define KVANT_APP_PAGE_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

typedef struct output {
    FILE *file;
    const char *path;
    bool force;
    char real[PATH_MAX], beside[PATH_MAX + 8]; /* beside: "" when it is written in place */
} output;

/* Whether output_begin would be let: to be asked before the work. force: what is there may be replaced. */
bool output_allowed(const char *path, bool force, fault *f);

/* Opens it; the path is the caller's until output_end. Without force nothing is replaced, also not what came since. */
bool output_begin(output *o, const char *path, bool force, fault *f);

/* Closes it, and gives it its name if all is well. ok: what became of the work; without it nothing is left of the file.
 * False when it is not there whole; a write that a signal has ended is FAULT_INTERRUPTED. */
bool output_end(output *o, bool ok, fault *f);

/* The same of n bytes. [any thread] */
bool output_write(const char *path, const void *bytes, size_t n, bool force, fault *f);

#endif
