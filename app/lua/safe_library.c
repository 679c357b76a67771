#include "app/lua/safe_library.h"

#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "app/lua/sandbox.h"

/* ---- a stop cannot be caught: whatever was protected and has come back ends, too ---- */

static int after_call(lua_State *L, int status, lua_KContext below)
{
    sandbox_go_on(L);
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)below;
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int safe_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    return after_call(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, after_call), 0);
}

/* Upvalue: the program's handler. It would run inside the hook that stops the program, where no hook stops it. */
static int unless_stopped(lua_State *L)
{
    if (sandbox_stopped(sandbox_of(L))) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* Below the call stay the function's place, the handler and true. */
static int safe_xpcall(lua_State *L)
{
    enum { BELOW = 2 };
    luaL_checktype(L, 2, LUA_TFUNCTION);
    const int n = lua_gettop(L) - 2;
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, unless_stopped, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, true);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f, handler, true, f, arguments */
    return after_call(L, lua_pcallk(L, n, LUA_MULTRET, 2, BELOW, after_call), BELOW);
}

/* The library's own function, and then the question whether to go on. */
static int then_go_on(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    sandbox_go_on(L);
    return lua_gettop(L);
}

/* ---- what is left of the rest ---- */

/* Text only: a damaged binary chunk can do anything. */
static int safe_load(lua_State *L)
{
    const bool has_environment = lua_gettop(L) >= 4;
    lua_settop(L, has_environment ? 4 : 2);
    lua_pushliteral(L, "t");
    if (has_environment) lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* A finalizer would run where no hook can stop it. */
static int safe_setmetatable(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "setmetatable: a recipe has no finalizers (__gc)");
        lua_pop(L, 1);
    }
    return then_go_on(L);
}

static int safe_collect(lua_State *L)
{
    static const char *const options[] = { "collect", "count", NULL };
    static const int what[] = { LUA_GCCOLLECT, LUA_GCCOUNT };
    const int i = luaL_checkoption(L, 1, "collect", options);
    const int n = lua_gc(L, what[i]);
    if (what[i] == LUA_GCCOUNT)
        lua_pushnumber(L, n + lua_gc(L, LUA_GCCOUNTB) / 1024.0);
    else
        lua_pushinteger(L, n);
    return 1;
}

/* Without a seed, the library would take the time. */
static int safe_seed(lua_State *L)
{
    luaL_checkany(L, 1);
    return then_go_on(L);
}

typedef struct replacement {
    const char *library, *name;
    lua_CFunction function; /* gets the library's as its upvalue; NULL: there is none */
    bool always;            /* with unsafe, too: a person must be able to stop a recipe */
} replacement;

static const replacement replacements[] = {
    { "_G", "pcall", safe_pcall, true },
    { "_G", "xpcall", safe_xpcall, true },
    { "coroutine", "resume", then_go_on, true },
    { "coroutine", "close", then_go_on, true },
    { "_G", "setmetatable", safe_setmetatable, false },
    { "_G", "load", safe_load, false },
    { "_G", "collectgarbage", safe_collect, false },
    { "_G", "dofile", NULL, false },
    { "_G", "loadfile", NULL, false },
    { "_G", "warn", NULL, false },
    { "string", "dump", NULL, false },
    { "math", "randomseed", safe_seed, false },
};

static void replace(lua_State *L, const replacement *r)
{
    lua_getglobal(L, r->library);
    if (r->function) {
        lua_getfield(L, -1, r->name);
        lua_pushcclosure(L, r->function, 1);
    } else {
        lua_pushnil(L);
    }
    lua_setfield(L, -2, r->name);
    lua_pop(L, 1);
}

static void open_safe(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        { LUA_GNAME, luaopen_base },       { LUA_TABLIBNAME, luaopen_table }, { LUA_STRLIBNAME, luaopen_string },
        { LUA_MATHLIBNAME, luaopen_math }, { LUA_UTF8LIBNAME, luaopen_utf8 }, { LUA_COLIBNAME, luaopen_coroutine },
    };
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
}

/* All strings share one metatable; what it holds is not for programs. */
static void close_string_metatable(lua_State *L)
{
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1)) {
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void seed_random(lua_State *L, uint64_t seed)
{
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, (lua_Integer)seed);
    lua_pushinteger(L, 0);
    lua_call(L, 2, 0);
    lua_pop(L, 1);
}

void safe_library_open(lua_State *L, uint64_t seed, bool unsafe)
{
    if (unsafe)
        luaL_openlibs(L);
    else
        open_safe(L);
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (!unsafe || replacements[i].always) replace(L, &replacements[i]);
    if (!unsafe) close_string_metatable(L);
    seed_random(L, seed);
}
