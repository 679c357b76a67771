/* kvant verify-child: the battery over one expression, in a process that may die of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/child.h"
#include "app/commands.h"
#include "app/verify.h"

static void on_begin(void *arg, const char *check)
{
    verify_write_begins(arg, check);
}

static void on_end(void *arg, const verify_result *result)
{
    verify_write_result(arg, result);
}

/* A sanitizer needs all the addresses there are. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_MEMORY = 0 };
#else
enum { LIMITS_MEMORY = 1 };
#endif

static void limit(double seconds)
{
    const rlim_t memory = (rlim_t)8 << 30, cpu = (rlim_t)ceil(2 * seconds) + 1;
    setrlimit(RLIMIT_CPU, &(struct rlimit){ cpu, cpu });
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 24, 1 << 24 });
    if (LIMITS_MEMORY) setrlimit(RLIMIT_AS, &(struct rlimit){ memory, memory });
}

int cmd_verify_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_begin();
    limit(line_real(line, "timeout"));
    FILE *results = fdopen(atoi(line_arg(line, 1)), "w");
    if (!results || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        fault_set(&f, FAULT_INTERNAL, "verify: no file for the results");
        return child_end(app, false, CHILD_DONE, &f);
    }
    const verify_listener to = { on_begin, on_end, results };
    registry *codecs = registry_create(&f);
    bool ok = codecs != NULL;
    for (size_t i = 2; ok && i < line_n_args(line); i++)
        ok = registry_load(codecs, line_arg(line, i), &f);
    spec *s = ok ? spec_parse(registry_catalog(codecs), line_arg(line, 0), &f) : NULL;
    if (s) {
        verify_run(codecs, s, line_has(line, "quick"), &to);
        verify_write_done(results);
    }
    ok = s != NULL;
    spec_free(s);
    registry_destroy(codecs);
    fclose(results);
    return child_end(app, ok, CHILD_DONE, &f);
}
