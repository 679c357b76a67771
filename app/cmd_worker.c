/* kvant worker and kvant describe: the processes that load plugins. */
#include <unistd.h>

#include "app/commands.h"
#include "app/registry.h"
#include "app/scan.h"
#include "app/worker.h"

static bool cancelled(void *self)
{
    return app_cancelled(self);
}

int cmd_worker(app_context *app, const command_line *line)
{
    (void)line;
    return worker_serve(STDIN_FILENO, cancelled, app);
}

int cmd_describe(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *files[256];
    size_t n = line_n_args(line);
    if (n > sizeof files / sizeof *files) {
        fault_set(&f, FAULT_USAGE, "describe: %zu plugins, at most %zu", n, sizeof files / sizeof *files);
        return app_report(app, &f);
    }
    for (size_t i = 0; i < n; i++)
        files[i] = line_arg(line, i);
    bool ok = registry_describe(files, n, STDOUT_FILENO, 2 * SCAN_SECONDS, &f);
    return ok ? FAULT_NONE : app_report(app, &f);
}
