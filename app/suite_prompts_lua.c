#include "app/suite_prompts_lua.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 1 << 19, STEPS = 100000, MESSAGE = 80 };

span prompt_code(const char *answer)
{
    const char *from = strstr(answer, "```");
    if (!from) return span_of(answer);
    from += strcspn(from, "\n");
    const char *end = strstr(from, "```");
    return (span){ from, end ? (size_t)(end - from) : strlen(from) };
}

/* ---- the state ---- */

static void *allocate(void *used, void *block, size_t old, size_t size)
{
    size_t *bytes = used;
    if (!block) old = 0;
    if (size > old && size - old > MEMORY - *bytes) return NULL;
    void *grown = NULL;
    if (size == 0)
        free(block);
    else if (!(grown = realloc(block, size)))
        return NULL;
    *bytes = *bytes - old + size;
    return grown;
}

static void too_long(lua_State *lua, lua_Debug *where)
{
    (void)where;
    luaL_error(lua, "it does not end");
}

/* Nothing that works for long in C, and nothing outside this process. */
static void keep(lua_State *lua, const char *library, const char *const *names)
{
    lua_getglobal(lua, library);
    lua_newtable(lua);
    for (; *names; names++) {
        lua_getfield(lua, -2, *names);
        lua_setfield(lua, -2, *names);
    }
    lua_setglobal(lua, library);
    lua_pop(lua, 1);
}

static int furnish(lua_State *lua)
{
    static const char *const basic[] = { "ipairs", "pairs", "next", "type", "tonumber", "tostring", NULL };
    static const char *const table[] = { "insert", "remove", NULL };
    static const char *const math[] = { "floor", "min", "max", "huge", "abs", NULL };
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    keep(lua, LUA_TABLIBNAME, table);
    keep(lua, LUA_MATHLIBNAME, math);
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 0);
    lua_newtable(lua);
    for (const char *const *name = basic; *name; name++) {
        lua_getfield(lua, -2, *name);
        lua_setfield(lua, -2, *name);
    }
    lua_getglobal(lua, LUA_TABLIBNAME);
    lua_setfield(lua, -2, LUA_TABLIBNAME);
    lua_getglobal(lua, LUA_MATHLIBNAME);
    lua_setfield(lua, -2, LUA_MATHLIBNAME);
    lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    return 0;
}

/* ---- a case ---- */

static void push_list(lua_State *lua, const int *numbers, int n)
{
    lua_createtable(lua, n, 0);
    for (int i = 0; i < n; i++) {
        lua_pushinteger(lua, numbers[i]);
        lua_rawseti(lua, -2, i + 1);
    }
}

static bool is_list(lua_State *lua, const int *numbers, int n)
{
    if (!lua_istable(lua, -1) || lua_rawlen(lua, -1) != (size_t)n) return false;
    for (int i = 0; i < n; i++) {
        int whole = 0;
        lua_rawgeti(lua, -1, i + 1);
        const lua_Integer got = lua_tointegerx(lua, -1, &whole);
        lua_pop(lua, 1);
        if (!whole || got != numbers[i]) return false;
    }
    return true;
}

typedef struct work {
    span code;
    const char *function;
    const lua_case *cases;
    size_t n;
    size_t wrong; /* the first case that is, from 1; 0: none */
} work;

/* Everything that can run out of memory or steps happens in here. */
static int run(lua_State *lua)
{
    work *w = lua_touserdata(lua, 1);
    furnish(lua);
    lua_sethook(lua, too_long, LUA_MASKCOUNT, STEPS);
    if (luaL_loadbufferx(lua, w->code.at, w->code.n, "=answer", "t") != LUA_OK) return lua_error(lua);
    lua_call(lua, 0, 0);
    for (size_t i = 0; i < w->n; i++) {
        const lua_case *c = &w->cases[i];
        if (lua_getglobal(lua, w->function) != LUA_TFUNCTION) return luaL_error(lua, "no function %s", w->function);
        push_list(lua, c->a, c->n_a);
        push_list(lua, c->b, c->n_b);
        lua_call(lua, 2, 1);
        if (!is_list(lua, c->out, c->n_out)) {
            w->wrong = i + 1;
            return 0;
        }
        lua_settop(lua, 1);
    }
    return 0;
}

bool prompt_runs_lua(span code, const char *function, const lua_case *cases, size_t n, char why[SUITE_NOTE])
{
    size_t used = 0;
    lua_State *lua = lua_newstate(allocate, &used);
    if (!lua) return prompt_wrong(why, "no memory to run the code");
    work w = { code, function, cases, n, 0 };
    lua_pushcfunction(lua, run);
    lua_pushlightuserdata(lua, &w);
    bool ok = lua_pcall(lua, 1, 0, 0) == LUA_OK;
    if (!ok) {
        const char *message = lua_tostring(lua, -1);
        prompt_wrong(why, "the code fails: %.*s", MESSAGE, message ? message : "no message");
    } else if (w.wrong) {
        ok = prompt_wrong(why, "the code's result is wrong in case %zu of %zu", w.wrong, n);
    }
    lua_close(lua);
    return ok;
}
