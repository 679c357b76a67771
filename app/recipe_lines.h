/* recipe_lines.h - a recipe that is a list of commands.
 *
 * Lines as they are typed at the prompt; # begins a comment, a backslash at the end joins the next line. Each is shown
 * before it runs; the first that fails ends it.
 */
#ifndef KVANT_APP_RECIPE_LINES_H
#define KVANT_APP_RECIPE_LINES_H

#include "app/app.h"

/* Runs the file. What the line of `kvant recipe` sets holds for its commands, and is as it was again afterwards.
 * Returns the exit status. */
int recipe_lines(app_context *app, const command_line *line, const char *path);

#endif
