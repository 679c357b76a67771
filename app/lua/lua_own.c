/* Owners: values of Lua that free what was allocated outside it. */
#include <lauxlib.h>

#include "app/lua/recipe.h"

static const char metatable[] = "kvant.owner";

typedef struct owner {
    void *what; /* first: lua_own hands out its address */
    void (*release)(void *);
} owner;

static int collect(lua_State *L)
{
    owner *o = lua_touserdata(L, 1);
    if (o->what) o->release(o->what);
    o->what = NULL;
    return 0;
}

void **lua_own(lua_State *L, void (*release)(void *))
{
    owner *o = lua_newuserdatauv(L, sizeof *o, 0);
    *o = (owner){ NULL, release };
    if (luaL_newmetatable(L, metatable)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return &o->what;
}

void lua_release(lua_State *L, int index)
{
    owner *o = luaL_checkudata(L, index, metatable);
    if (o->what) o->release(o->what);
    o->what = NULL;
}
