#include "app/run_number.h"

#include <errno.h>
#include <stdlib.h>

bool run_number_read(const command_line *line, size_t i, int64_t *id, fault *f)
{
    const char *text = line_arg(line, i), *digits = text[0] == '#' ? text + 1 : text;
    char *end = NULL;
    errno = 0;
    long long number = digits[0] >= '0' && digits[0] <= '9' ? strtoll(digits, &end, 10) : 0;
    if (!end || *end || errno || number < 1)
        return fault_set(f, FAULT_USAGE, "%s: \"%s\" is no run's number; `kvant runs` lists them",
                         line_command(line)->name, text);
    *id = number;
    return true;
}
