/* kvant lab: the screen, the prompt, or the lines of a pipe, by what the program is talking to. */
#include <stdio.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/repl.h"

int cmd_lab(app_context *app, const command_line *line)
{
    (void)line;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) return repl_prompt(app);
    return repl_stream(app, stdin, "standard input");
}
