/* fault.h - what went wrong, as a value.
 *
 * Functions that can fail take a `fault *` last and return false or NULL. The message is written once, where the cause
 * is known, as one sentence that names the thing, the place and what was expected; callers hand it up unchanged, adding
 * at most the file or line they know (fault_prefix). The code is the exit status the program ends with if nobody
 * handles the fault.
 *
 *     if (n > limit)
 *         return fault_set(f, FAULT_INPUT, "%s: %zu rows, at most %zu", path, n, limit);
 */
#ifndef KVANT_BASE_FAULT_H
#define KVANT_BASE_FAULT_H

#include <stdbool.h>

typedef enum fault_code {
    FAULT_NONE = 0,
    FAULT_NO = 1,           /* the answer is no (a gate failed) */
    FAULT_USAGE = 2,        /* the command line is wrong */
    FAULT_INPUT = 3,        /* a file, text, config or database is wrong */
    FAULT_INTERNAL = 4,     /* kvant or the machine is at fault */
    FAULT_INTERRUPTED = 75, /* stopped on request; what was finished is kept and the rest can be resumed */
} fault_code;

typedef struct fault {
    fault_code code;
    char text[768];
} fault;

/* Writes code and message; a longer message is cut. Returns false, so that `return fault_set(...)` reads well. f may be
 * NULL (the caller does not care). [any thread, one fault per thread] */
bool fault_set(fault *f, fault_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "format: " before the message that stands in f. Returns false. */
bool fault_prefix(fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The message for a failed allocation of `what`. Returns false. */
bool fault_memory(fault *f, const char *what);

#endif
