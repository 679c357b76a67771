#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fault_set(fault *f, fault_code code, const char *format, ...)
{
    if (!f) return false;
    f->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    return false;
}

bool fault_prefix(fault *f, const char *format, ...)
{
    if (!f) return false;
    char text[sizeof f->text];
    memcpy(text, f->text, sizeof text);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof f->text)
        snprintf(f->text + n, sizeof f->text - (size_t)n, ": %.*s", (int)(sizeof text - 1), text);
    return false;
}

bool fault_memory(fault *f, const char *what)
{
    return fault_set(f, FAULT_INTERNAL, "out of memory for %s", what);
}
