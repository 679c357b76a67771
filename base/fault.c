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
    char place[256];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    char text[sizeof f->text];
    memcpy(text, f->text, sizeof text);
    snprintf(f->text, sizeof f->text, "%s: %.*s", place, (int)(sizeof text - sizeof place - 2), text);
    return false;
}

bool fault_memory(fault *f, const char *what)
{
    return fault_set(f, FAULT_INTERNAL, "out of memory for %s", what);
}
