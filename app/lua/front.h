/* front.h - a recipe in Lua as its own process, seen from the one that was asked for it.
 *
 * Lua's library has functions that no one can interrupt (sandbox.h), so a recipe runs as `kvant recipe-child`, which
 * may end at any moment and takes its workers with it. Ctrl-C and SIGTERM reach it; asked a second time, it is killed.
 */
#ifndef KVANT_APP_LUA_FRONT_H
#define KVANT_APP_LUA_FRONT_H

#include "app/app.h"

/* Runs the file with the line's options and words behind the first, and waits. The session's settings are the
 * recipe's, but what it sets does not come back. Returns the exit status. */
int front_recipe(app_context *app, const command_line *line, const char *path);

/* The child's command. */
int front_child(app_context *app, const command_line *line);

#endif
