/* lua_push.h - what the lab knows, as plain Lua tables; and Lua values as JSON.
 *
 * NULL of the database is nil. In JSON's lists null becomes NaN, so that a list keeps its places.
 */
#ifndef KVANT_APP_LUA_LUA_PUSH_H
#define KVANT_APP_LUA_LUA_PUSH_H

#include <cjson/cJSON.h>
#include <lua.h>

#include "app/lua/recipe.h"

/* Pushes the rows of one statement that only reads, as a list of tables by column. values: of its parameters. Raises a
 * fault. */
void lua_push_query(lua_State *L, recipe *r, const char *sql, const store_binding *values, size_t n_values);

/* Pushes run `id`: every column of v_runs; layers is the list of its layers (the view's column is called n_layers),
 * items that of what a suite's run found. */
void lua_push_run(lua_State *L, recipe *r, int64_t id);

void lua_push_json(lua_State *L, const cJSON *json);

/* The value at index as JSON: numbers that are not finite are null. NULL with a fault for what JSON has no form for,
 * and for tables nested deeper than LUA_DEEPEST. The caller frees it. */
cJSON *lua_to_json(lua_State *L, int index, fault *f);

/* The sorted keys of the table at index as a list: numbers first, then texts; others are left out. */
void lua_push_sorted_keys(lua_State *L, int index);

#endif
