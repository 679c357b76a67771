/* kvant: the words of the shell become one command, lines of commands, or the prompt. */
#include <locale.h>
#include <stdio.h>
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

static int run_words(app_context *app, int n, char **words)
{
    const char *first = n ? words[0] : "lab";
    if (strcmp(first, "-c") == 0) return run_lines(app, n, words);
    if (strcmp(first, "--version") == 0) {
        puts("kvant " KVANT_VERSION);
        return app_flush(app, FAULT_NONE);
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) first = "help";
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
