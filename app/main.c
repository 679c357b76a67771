/* kvant: the words of the shell become one command, lines of commands, or the prompt. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/commands.h"
#include "app/repl.h"

static int usage(const app_context *app, const char *option, const char *problem)
{
    fault f = { 0 };
    fault_set(&f, FAULT_USAGE, "%s %s; \"kvant help\" says how it is used", option, problem);
    return app_report(app, &f);
}

/* -c LINE, as often as wanted, up to the first that fails. */
static int run_lines(app_context *app, int n, char **words)
{
    app->at_prompt = true;
    int status = FAULT_NONE;
    for (int i = 0; i < n && !status && !app->leaving; i += 2) {
        if (strcmp(words[i], "-c") != 0) return usage(app, words[i], "stands between -c lines");
        if (i + 1 == n) return usage(app, "-c", "needs a line of a command");
        status = repl_line(app, words[i + 1]);
    }
    return status;
}

/* Options before any command are the lab's. */
static bool is_lab_option(const app_context *app, const char *word)
{
    const command *lab = command_find(&app->commands, "lab");
    char name[32];
    if (!lab || strncmp(word, "--", 2) != 0 || strcspn(word + 2, "=") >= sizeof name) return false;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    return command_option_named(lab, name) != NULL;
}

static int run_lab(app_context *app, int n, char **words)
{
    const char **all = calloc((size_t)n + 1, sizeof *all);
    fault f = { 0 };
    if (!all) {
        fault_memory(&f, "the words of the command line");
        return app_report(app, &f);
    }
    all[0] = "lab";
    for (int i = 0; i < n; i++)
        all[i + 1] = words[i];
    const int status = app_run(app, n + 1, all);
    free(all);
    return status;
}

static int run_words(app_context *app, int n, char **words)
{
    const char *first = n ? words[0] : "lab";
    if (strcmp(first, "-c") == 0) return run_lines(app, n, words);
    if (strcmp(first, "--version") == 0) {
        puts("kvant " KVANT_VERSION);
        return app_flush(app, FAULT_NONE);
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) first = "help";
    if (is_lab_option(app, first)) return run_lab(app, n, words);
    if (first[0] == '-') return usage(app, first, "is no option before a command");
    if (n == 0 || first != words[0]) return app_run(app, 1, &first);
    return app_run(app, n, (const char *const *)words);
}

int main(int argc, char **argv)
{
    app_context app;
    fault f = { 0 };
    /* Characters as the locale has them; numbers always with a point. */
    setlocale(LC_CTYPE, "");
    bool open = app_open(&app, &f) && terminal_watch_signals(&f);
    int status = open ? run_words(&app, argc - 1, argv + 1) : app_report(&app, &f);
    app_close(&app);
    return status;
}
