/* run_recipe.h - a recipe in Lua from its file to its exit status.
 *
 * A recipe answers with what it returns: with --json that is written as JSON (and what it prints goes to stderr), and
 * false is the answer no, status 1. Runs that were begun and not waited for are waited for at its end.
 */
#ifndef KVANT_APP_LUA_RUN_RECIPE_H
#define KVANT_APP_LUA_RUN_RECIPE_H

#include "app/app.h"

/* In this process, which a recipe may end (sandbox.h). line: of recipe-child: RECIPE is the file, the rest its words.
 * Returns the exit status. */
int run_recipe(app_context *app, const command_line *line);

#endif
