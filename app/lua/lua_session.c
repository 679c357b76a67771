#include "app/lua/lua_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/grid.h"
#include "app/lua/permit.h"
#include "app/lua/lua_ask.h"
#include "app/lua/lua_config.h"
#include "app/lua/lua_line.h"
#include "app/lua/lua_push.h"
#include "app/lua/recipe.h"
#include "base/clock.h"

/* ---- settings ---- */

/* The setting's name is on the stack at 1, its value at 2; dashes may be underscores. */
static int set(lua_State *L)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_gsub(L, lua_tostring(L, 1), "_", "-");
    lua_replace(L, 1);
    const char *name = lua_word(L, 1, "set");
    bool ok = permit_setting(r->unsafe, name, &f);
    if (ok && lua_isnoneornil(L, 2)) {
        ok = settings_unset(r->app->session, name, &f);
    } else if (ok) {
        if (lua_isboolean(L, 2)) {
            lua_pushstring(L, lua_toboolean(L, 2) ? "on" : "off");
            lua_replace(L, 2);
        }
        ok = settings_set(r->app->session, name, lua_word(L, 2, name), &f);
    }
    return ok ? 0 : lua_fail(L, &f);
}

int lua_lab_set(lua_State *L)
{
    lua_settop(L, 2);
    return set(L);
}

int lua_lab_model(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        return lua_ask(L, "inspect", NULL, false);
    }
    lua_settop(L, 1);
    lua_pushliteral(L, "model");
    lua_insert(L, 1);
    return set(L);
}

int lua_lab_text(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        const char *text = settings_get(recipe_of(L)->app->session, "text");
        lua_pushstring(L, text ? text : "self");
        return 1;
    }
    lua_settop(L, 1);
    lua_pushliteral(L, "text");
    lua_insert(L, 1);
    return set(L);
}

/* ---- the database ---- */

/* The value at index for a parameter; lives as long as it stays there. */
static store_value value_at(lua_State *L, int index)
{
    store_value v = { .kind = STORE_NULL };
    if (lua_isboolean(L, index)) {
        v.kind = STORE_INTEGER;
        v.integer = lua_toboolean(L, index);
    } else if (lua_isinteger(L, index)) {
        v.kind = STORE_INTEGER;
        v.integer = lua_tointeger(L, index);
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        v.kind = STORE_REAL;
        v.real = lua_tonumber(L, index);
    } else if (lua_type(L, index) == LUA_TSTRING) {
        v.kind = STORE_TEXT;
        v.bytes = lua_tolstring(L, index, &v.n);
    } else if (!lua_isnoneornil(L, index)) {
        fault f = { 0 };
        fault_set(&f, FAULT_USAGE, "query: a %s is no value for a parameter", luaL_typename(L, index));
        lua_fail(L, &f);
    }
    return v;
}

enum { VALUES = 64, VALUE_NAME = 12 };

/* The fields of the table at 2 by their names, ":kld" in SQL. Keys and values stay on the stack. */
static size_t named_values(lua_State *L, store_binding *values)
{
    size_t n = 0;
    luaL_checkstack(L, 2 * VALUES + 8, NULL);
    lua_push_sorted_keys(L, 2);
    const int keys = lua_gettop(L);
    while (n < VALUES && lua_rawgeti(L, keys, (lua_Integer)n + 1) != LUA_TNIL) {
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 2, "a table of names and values is expected");
        values[n].name = lua_tostring(L, -1);
        lua_pushvalue(L, -1);
        lua_rawget(L, 2);
        values[n].value = value_at(L, lua_gettop(L));
        n++;
    }
    return n;
}

int lua_lab_query(lua_State *L)
{
    store_binding values[VALUES];
    char names[VALUES][VALUE_NAME];
    size_t n = 0, length;
    const char *sql = luaL_checklstring(L, 1, &length);
    luaL_argcheck(L, strlen(sql) == length, 1, "SQL with a zero byte in it");
    if (lua_gettop(L) == 2 && lua_type(L, 2) == LUA_TTABLE) {
        n = named_values(L, values);
    } else {
        luaL_argcheck(L, lua_gettop(L) <= VALUES, lua_gettop(L), "too many values");
        for (int i = 2, top = lua_gettop(L); i <= top; i++, n++) {
            snprintf(names[n], VALUE_NAME, "?%d", i - 1);
            values[n] = (store_binding){ names[n], value_at(L, i) };
        }
    }
    lua_push_query(L, recipe_of(L), sql, values, n);
    return 1;
}

int lua_lab_runs(lua_State *L)
{
    const command_line *line = lua_line(L, lua_gettop(L), "runs", NULL, NULL);
    const char *where = line_text(line, "where");
    recipe *r = recipe_of(L);
    fault f = { 0 };
    if (!recipe_open_lab(r, &f) || (r->lab.database && !store_check_condition(r->lab.database, where, &f)))
        return lua_fail(L, &f);
    const int64_t limit = line_int(line, "limit");
    char most[32];
    snprintf(most, sizeof most, "%" PRId64, limit > 0 ? limit : -1);
    lua_pushfstring(L, "SELECT * FROM v_runs WHERE (%s\n)%s ORDER BY id DESC LIMIT %s",
                    where && where[strspn(where, " \t\r\n")] ? where : "1",
                    line_has(line, "pinned") ? " AND pinned" : "", most);
    lua_push_query(L, r, lua_tostring(L, -1), NULL, 0);
    return 1;
}

int lua_lab_show(lua_State *L)
{
    lua_push_run(L, recipe_of(L), luaL_checkinteger(L, 1));
    return 1;
}

/* ---- configs ---- */

static void free_grid(void *configs)
{
    grid_free(configs);
    free(configs);
}

int lua_lab_expand(lua_State *L)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    const int n_args = lua_gettop(L);
    if (!recipe_open_lab(r, &f)) return lua_fail(L, &f);
    void **place = lua_own(L, free_grid);
    grid_configs *configs = calloc(1, sizeof *configs);
    if (!(*place = configs)) return luaL_error(L, "out of memory for configs");
    for (int i = 1; i <= n_args; i++) {
        lua_config_text(L, i);
        if (!recipe_grid(r, "expand", configs, lua_tostring(L, -1), &f)) return lua_fail(L, &f);
        lua_pop(L, 1);
    }
    lua_createtable(L, (int)configs->n, 0);
    for (size_t i = 0; i < configs->n; i++) {
        lua_pushstring(L, configs->items[i]->text);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* A profile's layers as the options of its command: base and one --layer for each. */
int lua_lab_profile(lua_State *L)
{
    static const lua_own_field own[] = { { "layers", "layer" }, { 0 } };
    lua_settop(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE || lua_getfield(L, 1, "base") == LUA_TNIL) {
        lua_settop(L, 1);
        return lua_ask(L, "profile", own, false);
    }
    lua_settop(L, 1);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, 2);
    }
    lua_getfield(L, 2, "name"); /* the command's first word */
    if (!lua_isnil(L, -1)) lua_rawseti(L, 2, 1);
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_setfield(L, 2, "name");
    lua_getfield(L, 2, "base");
    lua_config_text(L, -1);
    lua_setfield(L, 2, "base");
    lua_settop(L, 2);
    if (lua_getfield(L, 2, "layers") == LUA_TTABLE) {
        lua_config_layers(L, 3);
        lua_setfield(L, 2, "layers");
    }
    lua_settop(L, 2);
    lua_remove(L, 1);
    return lua_ask(L, "profile", own, true);
}

/* ---- small things ---- */

/* Upvalues: the table, its sorted keys, how many were given. */
static int next_sorted(lua_State *L)
{
    for (;;) {
        const lua_Integer i = lua_tointeger(L, lua_upvalueindex(3)) + 1;
        lua_pushinteger(L, i);
        lua_replace(L, lua_upvalueindex(3));
        if (lua_rawgeti(L, lua_upvalueindex(2), i) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_gettable(L, lua_upvalueindex(1)) != LUA_TNIL) return 2;
        lua_pop(L, 2);
    }
}

int lua_lab_sorted(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_push_sorted_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_sorted, 3);
    return 1;
}

int lua_lab_seconds(lua_State *L)
{
    lua_pushnumber(L, clock_seconds() - recipe_of(L)->started);
    return 1;
}
