/* kvant checklist-child: the checklist's items over one expression, in a process that may die of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/checklist.h"
#include "app/child.h"
#include "app/commands.h"

enum { EXPRESSION, DIM, RESULTS, PRINT, PLUGINS }; /* the arguments */

static void on_begin(void *arg, const char *check)
{
    verify_write_begins(arg, check);
}

static void on_end(void *arg, const verify_result *result)
{
    verify_write_result(arg, result);
}

static void limit(double seconds)
{
    const rlim_t cpu = (rlim_t)ceil(2 * seconds) + 1;
    setrlimit(RLIMIT_CPU, &(struct rlimit){ cpu, cpu });
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 24, 1 << 24 });
}

static bool answer(const registry *codecs, const spec *s, const command_line *line, FILE *results, fault *f)
{
    const int dim = atoi(line_arg(line, DIM));
    const char *print = line_arg(line, PRINT);
    char made[CHECKLIST_PRINT];
    if (strcmp(print, "-") == 0) {
        if (!checklist_fingerprint(codecs, s, dim, made, f)) return false;
        fprintf(results, "%s\n", made);
        return true;
    }
    const verify_listener to = { on_begin, on_end, results };
    if (!checklist_run(codecs, s, dim, print, &to, f)) return false;
    verify_write_done(results);
    return true;
}

int cmd_checklist_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_begin();
    limit(line_real(line, "timeout"));
    FILE *results = fdopen(atoi(line_arg(line, RESULTS)), "w");
    if (!results || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        fault_set(&f, FAULT_INTERNAL, "checklist: no file for the results");
        return child_end(app, false, CHILD_DONE, &f);
    }
    registry *codecs = registry_create(&f);
    bool ok = codecs != NULL;
    for (size_t i = PLUGINS; ok && i < line_n_args(line); i++)
        ok = registry_load(codecs, line_arg(line, i), &f);
    spec *s = ok ? spec_parse(registry_catalog(codecs), line_arg(line, EXPRESSION), &f) : NULL;
    ok = s && answer(codecs, s, line, results, &f);
    spec_free(s);
    registry_destroy(codecs);
    fclose(results);
    return child_end(app, ok, CHILD_DONE, &f);
}
