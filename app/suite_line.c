#include "app/suite_line.h"

#include <stdio.h>
#include <string.h>

/* The suite's own options are the first of its command's tables. */
bool suite_of_line(const command_line *line, char name[SUITE_NAME], char options[SUITE_OPTIONS], fault *f)
{
    const command *c = line_command(line);
    size_t used = 0;
    name[0] = options[0] = '\0';
    if (!suite_named(c->name)) return true;
    snprintf(name, SUITE_NAME, "%s", c->name);
    for (const command_option *o = c->options[0]; o->name; o++) {
        const char *value = line_text(line, o->name);
        if (!line_has(line, o->name)) continue;
        if (o->type == OPTION_FLAG) value = SUITE_FLAG;
        if (strpbrk(value, " \t\r\n=") || !*value)
            return fault_set(f, FAULT_USAGE, "%s: --%s: \"%s\" may hold no blanks and no \"=\", and not be empty",
                             c->name, o->name, value);
        const int n = snprintf(options + used, SUITE_OPTIONS - used, "%s%s=%s", used ? " " : "", o->name, value);
        if (n < 0 || (size_t)n >= SUITE_OPTIONS - used)
            return fault_set(f, FAULT_USAGE, "%s: its options are longer than %d characters", c->name,
                             SUITE_OPTIONS - 1);
        used += (size_t)n;
    }
    return true;
}
