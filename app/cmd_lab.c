/* kvant lab: the screen, the prompt, or the lines of a pipe, by what the
 * program is talking to. */
#include <stdio.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/repl.h"
#include "app/screen/screen.h"

/* The prompt reads the session's settings; so does everything typed there. */
static bool keep_database(app_context *app, const command_line *line, fault *f)
{
    const char *db = line_given(line, "db") ? line_text(line, "db") : NULL;
    return !db || settings_set(app->session, "db", db, f);
}

int cmd_lab(app_context *app, const command_line *line)
{
    fault f = { 0 };
    if (!keep_database(app, line, &f)) return app_report(app, &f);
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return repl_stream(app, stdin, "standard input");
    if (!line_has(line, "plain") && app->out.moves) {
        const int status = screen_run(app, line, &f);
        if (status >= 0) return status;
        fprintf(stderr, "kvant: note: %s: there is a prompt instead of the screen\n", f.text);
    }
    return repl_prompt(app);
}
