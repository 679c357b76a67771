#include "app/selection.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"

store_selection selection_read(const command_line *line, char model[PATH_MAX])
{
    const char *path = line_text(line, "model"), *text = line_text(line, "text");
    return (store_selection){ .model = path && realpath(path, model) ? model : path,
                              .text = text ? app_text_name(text) : NULL,
                              .protocol = line_text(line, "protocol"),
                              .ctx = line_int(line, "ctx"),
                              .eval = line_int(line, "eval"),
                              .passages = line_int(line, "passages") };
}

const store_metric *selection_metric(const command_line *line, const char *option, fault *f)
{
    const char *name = line_text(line, option);
    const store_metric *m = store_metric_named(name);
    if (m) return m;
    char known[512] = "";
    for (size_t i = 0, n = 0; store_metrics[i].name && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", store_metrics[i].name);
    fault_set(f, FAULT_USAGE, "%s: --%s %s is no metric (%s)", line_command(line)->name, option, name, known);
    return NULL;
}
