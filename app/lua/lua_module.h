/* lua_module.h - the module `lab`: one table of functions.
 *
 * Functions that stand for a command take what it takes (lua_line.h) and give back what it answers with --json as a
 * table. docs/recipes.md is its manual.
 */
#ifndef KVANT_APP_LUA_LUA_MODULE_H
#define KVANT_APP_LUA_LUA_MODULE_H

#include <lua.h>

#include "app/lua/recipe.h"

/* Makes lab, print and arg globals. words: NAME and what follows it on the line of kvant recipe; those that read
 * key=value are fields of arg, too. [protected call] */
void lua_module_open(lua_State *L, recipe *r, size_t n_words, const char *const *words);

#endif
