/* lua_line.h - what a recipe gives a function, as the line of a command.
 *
 *     lab.run{ "turbo4", protocol = "snapshot", no_cache = true }
 *
 * becomes the words  --protocol=snapshot --no-cache -- turbo4  and is read by command_parse on the row of `run`. Of the
 * arguments, texts and numbers are words, and so are runs (tables with an id: their number). Of other tables the list
 * part is words, and a table in it a config (lua_config.h); the fields are options: underscores stand for dashes; true
 * is a flag that is given, false one that is not; a list is an option given several times, or a LIST with commas.
 */
#ifndef KVANT_APP_LUA_LUA_LINE_H
#define KVANT_APP_LUA_LUA_LINE_H

#include <lua.h>

#include "app/lua/recipe.h"

/* A field that is the function's own, and no option of the command of this name. */
typedef struct lua_own_field {
    const char *name;   /* a list ends with NULL */
    const char *option; /* it is another name for this option; NULL: the function reads it with lua_flag */
} lua_own_field;

/* Reads the arguments 1 ... n_args and pushes an owner of the line. Raises what is wrong, also what gate.h forbids.
 * own: NULL when there are none. first: a word in front of all others, or NULL. */
const command_line *lua_line(lua_State *L, int n_args, const char *name, const lua_own_field *own, const char *first);

/* Whether a table among the arguments has the field, and it is not false. */
bool lua_flag(lua_State *L, int n_args, const char *name);

/* Calls each function in the list part of the tables among the arguments until it returns nil, and puts what it
 * returned in its place: generators. The tables are replaced by copies. */
void lua_run_generators(lua_State *L, int n_args);

/* The text of a value that may be a word; a raised fault names `what`. Pushes it. */
const char *lua_word(lua_State *L, int index, const char *what);

/* How deep tables may be nested that are read: one that contains itself ends there. */
enum { LUA_DEEPEST = 32 };

#endif
