#include "app/lua/lua_module.h"

#include <string.h>

#include <lauxlib.h>

#include "app/lua/lua_ask.h"
#include "app/lua/lua_runs.h"
#include "app/lua/lua_session.h"
#include "app/lua/lua_show.h"
#include "app/suite.h"
#include "base/nearest.h"

recipe *recipe_of(lua_State *L)
{
    sandbox_go_on(L);
    return *(recipe **)lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- functions that are commands ---- */

static const lua_own_field export_fields[] = { { "file", "output" }, { 0 } };

/* name, command, fields of its own; text: it answers with text, else with JSON; acts: it leaves a trace */
static const struct asked {
    const char *name, *command;
    const lua_own_field *own;
    bool text, acts;
} asked[] = {
    { "calibrate", "calibrate", NULL, false, true },
    { "codecs", "codecs", NULL, false, false },
    { "config", "config", NULL, false, false },
    { "export", "report", export_fields, true, true },
    { "pin", "pin", NULL, true, true },
    { "unpin", "unpin", NULL, true, true },
    { "tokenize", "tokenize", NULL, false, false },
};

static int ask(lua_State *L)
{
    const struct asked *a = &asked[lua_tointeger(L, lua_upvalueindex(2))];
    return a->text ? lua_ask_text(L, a->command, a->own) : lua_ask(L, a->command, a->own, a->acts);
}

/* The points as a list, each with the values under the names of the axes; set, x and y beside them. */
static int frontier(lua_State *L)
{
    static const char *const kept[] = { "set", "x", "y" };
    lua_ask(L, "frontier", NULL, false);
    const int answer = lua_gettop(L);
    lua_getfield(L, answer, "points");
    const int points = lua_gettop(L);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        lua_getfield(L, answer, kept[i]);
        lua_setfield(L, points, kept[i]);
    }
    for (lua_Integer i = 1, n = luaL_len(L, points); i <= n; i++) {
        lua_rawgeti(L, points, i);
        for (size_t axis = 1; axis < 3; axis++) {
            lua_getfield(L, points, kept[axis]);
            lua_getfield(L, points + 1, kept[axis]);
            lua_settable(L, points + 1);
        }
        lua_getfield(L, points + 1, "run");
        lua_setfield(L, points + 1, "id");
        lua_settop(L, points);
    }
    return 1;
}

/* The comparisons also under their metrics' names: d.kld.better is "a", "b" or "alike". */
static int diff(lua_State *L)
{
    lua_ask(L, "diff", NULL, false);
    const int answer = lua_gettop(L);
    lua_getfield(L, answer, "metrics");
    for (lua_Integer i = 1, n = luaL_len(L, answer + 1); i <= n; i++) {
        lua_rawgeti(L, answer + 1, i);
        lua_getfield(L, -1, "metric");
        lua_pushvalue(L, -2);
        lua_settable(L, answer);
        lua_settop(L, answer + 1);
    }
    lua_settop(L, answer);
    return 1;
}

static const luaL_Reg functions[] = {
    { "model", lua_lab_model },       { "text", lua_lab_text },
    { "set", lua_lab_set },           { "run", lua_lab_run },
    { "start", lua_lab_start },       { "wait", lua_lab_wait },
    { "wait_any", lua_lab_wait_any }, { "sweep", lua_lab_sweep },
    { "frontier", frontier },         { "diff", diff },
    { "query", lua_lab_query },       { "runs", lua_lab_runs },
    { "show", lua_lab_show },         { "expand", lua_lab_expand },
    { "profile", lua_lab_profile },   { "command", lua_lab_command },
    { "print", lua_lab_print },       { "table", lua_lab_table },
    { "log", lua_lab_log },           { "sorted", lua_lab_sorted },
    { "seconds", lua_lab_seconds },   { NULL, NULL },
};

/* lab.needle and its like: every command that is a suite. */
static void push_suites(lua_State *L, const recipe *r, int module, int self)
{
    const command *c;
    for (size_t i = 0; (c = command_at(&r->app->commands, i)); i++) {
        if (!suite_named(c->name)) continue;
        lua_pushvalue(L, self);
        lua_pushstring(L, c->name);
        lua_pushcclosure(L, lua_lab_suite, 2);
        lua_setfield(L, module, c->name);
    }
}

static void try_suites(const recipe *r, nearest *near)
{
    const command *c;
    for (size_t i = 0; (c = command_at(&r->app->commands, i)); i++)
        if (suite_named(c->name)) nearest_try(near, c->name);
}

/* lab.rum: a misspelt function is named where it stands, not where nil is called. */
static int unknown(lua_State *L)
{
    fault f = { 0 };
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    nearest near = nearest_to(name);
    for (size_t i = 0; functions[i].name; i++)
        nearest_try(&near, functions[i].name);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        nearest_try(&near, asked[i].name);
    try_suites(recipe_of(L), &near);
    if (near.word)
        fault_set(&f, FAULT_USAGE, "lab has no \"%.64s\"; did you mean \"%s\"?", name, near.word);
    else
        fault_set(&f, FAULT_USAGE, "lab has no \"%.64s\"", name);
    return lua_fail(L, &f);
}

/* ---- opening ---- */

/* arg[0] is the recipe's name, arg[i] its words; ctx=960 is arg.ctx == "960", too. */
static void push_words(lua_State *L, size_t n, const char *const *words)
{
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, words[i]);
        lua_rawseti(L, -2, (lua_Integer)i);
        const char *equals = i ? strchr(words[i], '=') : NULL;
        if (!equals || equals == words[i]) continue;
        lua_pushlstring(L, words[i], (size_t)(equals - words[i]));
        lua_pushstring(L, equals + 1);
        lua_rawset(L, -3);
    }
}

void lua_module_open(lua_State *L, recipe *r, size_t n_words, const char *const *words)
{
    *(recipe **)lua_newuserdatauv(L, sizeof(recipe *), 0) = r;
    const int self = lua_gettop(L);
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_setfield(L, LUA_REGISTRYINDEX, "kvant.sort");
    lua_newtable(L);
    const int module = lua_gettop(L);
    lua_pushvalue(L, self);
    luaL_setfuncs(L, functions, 1);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        lua_pushvalue(L, self);
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, ask, 2);
        lua_setfield(L, module, asked[i].name);
    }
    push_suites(L, r, module, self);
    const int64_t jobs = line_int(r->line, "jobs");
    lua_pushinteger(L, jobs > 0 ? jobs : 1);
    lua_setfield(L, module, "jobs");
    push_words(L, n_words, words);
    lua_pushvalue(L, -1);
    lua_setfield(L, module, "args");
    lua_setglobal(L, "arg");
    lua_newtable(L);
    lua_pushvalue(L, self);
    lua_pushcclosure(L, unknown, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, module);
    lua_pushvalue(L, self);
    lua_pushcclosure(L, lua_runs_finish, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "kvant.finish");
    lua_getfield(L, module, "print");
    lua_setglobal(L, "print");
    lua_pushvalue(L, module);
    lua_setglobal(L, "lab");
}
