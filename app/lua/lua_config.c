#include "app/lua/lua_config.h"

#include <string.h>

#include <lauxlib.h>

#include "app/lua/lua_line.h"
#include "app/lua/lua_push.h"

/* Text is put together in a list of pieces: a luaL_Buffer would not let the stack be used between. */
typedef struct pieces {
    lua_State *L;
    int list;
    lua_Integer n;
} pieces;

static pieces begin(lua_State *L)
{
    luaL_checkstack(L, 16, NULL);
    lua_newtable(L);
    return (pieces){ L, lua_gettop(L), 0 };
}

static void put(pieces *p) /* the text on the stack */
{
    lua_rawseti(p->L, p->list, ++p->n);
}

static void put_text(pieces *p, const char *text)
{
    lua_pushstring(p->L, text);
    put(p);
}

/* Replaces the list by its text. */
static void end(pieces *p)
{
    luaL_Buffer text;
    luaL_buffinit(p->L, &text);
    for (lua_Integer i = 1; i <= p->n; i++) {
        lua_rawgeti(p->L, p->list, i);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    lua_replace(p->L, p->list);
}

static int wrong(lua_State *L, const char *what)
{
    fault f = { 0 };
    fault_set(&f, FAULT_USAGE, "%s", what);
    return lua_fail(L, &f);
}

static void value_text(lua_State *L, int index, int depth);

/* The list part of a table, with commas: a codec's inner codecs. */
static void put_list(pieces *p, int table, int depth, bool *first)
{
    const lua_Integer n = luaL_len(p->L, table);
    for (lua_Integer i = 1; i <= n; i++) {
        if (!*first) put_text(p, ",");
        *first = false;
        lua_geti(p->L, table, i);
        value_text(p->L, lua_gettop(p->L), depth);
        lua_remove(p->L, -2);
        put(p);
    }
}

/* { codec = "polar", bits = 3 } */
static void codec_text(lua_State *L, int table, int depth)
{
    pieces p = begin(L);
    lua_getfield(L, table, "codec");
    lua_word(L, lua_gettop(L), "codec");
    lua_remove(L, -2);
    put(&p);
    put_text(&p, "(");
    bool first = true;
    put_list(&p, table, depth, &first);
    lua_push_sorted_keys(L, table);
    const int keys = lua_gettop(L);
    for (lua_Integer i = 1, n = luaL_len(L, keys); i <= n; i++) {
        lua_rawgeti(L, keys, i);
        if (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "codec") == 0) {
            lua_pop(L, 1);
            continue;
        }
        if (!first) put_text(&p, ",");
        first = false;
        lua_pushvalue(L, -1);
        put(&p);
        put_text(&p, "=");
        lua_gettable(L, table);
        value_text(L, lua_gettop(L), depth);
        lua_remove(L, -2);
        put(&p);
    }
    lua_pop(L, 1);
    if (first) {
        lua_pushnil(L);
        lua_rawseti(L, p.list, p.n--); /* no parameters, no parentheses */
    } else {
        put_text(&p, ")");
    }
    end(&p);
}

/* A codec, a number, true or false, a word, or { several of them }. */
static void value_text(lua_State *L, int index, int depth)
{
    if (depth > LUA_DEEPEST) wrong(L, "a config's table is nested too deep, or contains itself");
    luaL_checkstack(L, 16, NULL);
    if (lua_isboolean(L, index)) {
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
        return;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        lua_word(L, index, "a config");
        return;
    }
    const bool is_codec = lua_getfield(L, index, "codec") != LUA_TNIL;
    lua_pop(L, 1);
    if (is_codec) {
        codec_text(L, index, depth + 1);
        return;
    }
    pieces p = begin(L);
    bool first = true;
    put_text(&p, "{");
    put_list(&p, index, depth + 1, &first);
    if (first)
        wrong(L, "an empty table where a codec or a value is expected; a codec is { codec = \"polar\", bits = 3 }");
    put_text(&p, "}");
    end(&p);
}

/* ---- configs ---- */

/* k=..., v=... and the like of a table, `between` in front of each but the first. */
static bool put_sides(pieces *p, int table, const char *const *names, const char *between)
{
    lua_State *L = p->L;
    bool any = false;
    for (; *names; names++) {
        if (lua_getfield(L, table, *names) == LUA_TNIL) {
            lua_pop(L, 1);
            continue;
        }
        if (any) put_text(p, between);
        any = true;
        put_text(p, *names);
        put_text(p, "=");
        value_text(L, lua_gettop(L), 1);
        lua_remove(L, -2);
        put(p);
    }
    return any;
}

/* 0-1:q8_0 for a layer's text, 0-1:k=q8_0,v=q8_0 for its table. */
static void put_layer(pieces *p, int range, int value)
{
    static const char *const sides[] = { "k", "v", NULL };
    lua_State *L = p->L;
    lua_word(L, range, "layers");
    put(p);
    put_text(p, ":");
    if (lua_type(L, value) == LUA_TTABLE && put_sides(p, value, sides, ",")) return;
    value_text(L, value, 1);
    put(p);
}

void lua_config_layers(lua_State *L, int index)
{
    luaL_checkstack(L, 16, NULL);
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TTABLE)
        wrong(L, "layers is a table of ranges and codecs, as { [\"0-1\"] = \"q8_0\" }");
    lua_newtable(L);
    const int list = lua_gettop(L);
    lua_push_sorted_keys(L, index);
    const int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; i++) {
        lua_pushvalue(L, -1);
        lua_gettable(L, index);
        const int value = lua_gettop(L);
        pieces p = begin(L);
        put_layer(&p, value - 1, value);
        end(&p);
        lua_rawseti(L, list, i);
        lua_settop(L, keys);
    }
    lua_settop(L, list);
}

/* @0-1:q8_0 @7:v=q8_0 */
static void put_layers(pieces *p, int table)
{
    lua_State *L = p->L;
    if (lua_getfield(L, table, "layers") != LUA_TNIL) {
        lua_config_layers(L, -1);
        const int list = lua_gettop(L);
        for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
            put_text(p, " @");
            put(p);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static void check_config_keys(lua_State *L, int table)
{
    static const char *const names[] = { "k", "v", "rope", "adaptive", "profile", "layers", NULL };
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_isinteger(L, -2)) continue;
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (names[i]) continue;
        fault f = { 0 };
        fault_set(&f, FAULT_USAGE,
                  "a config has k, v, rope, adaptive, profile and layers, but no \"%.64s\"; a codec is "
                  "{ codec = \"polar\", bits = 3 }",
                  key);
        lua_fail(L, &f);
    }
}

void lua_config_text(lua_State *L, int index)
{
    static const char *const sides[] = { "k", "v", NULL }, *const rest[] = { "rope", "adaptive", "profile", NULL };
    luaL_checkstack(L, 16, NULL);
    index = lua_absindex(L, index);
    const bool table = lua_type(L, index) == LUA_TTABLE;
    const bool is_codec = table && lua_getfield(L, index, "codec") != LUA_TNIL;
    if (table) lua_pop(L, 1);
    if (!table || is_codec) {
        value_text(L, index, 1);
        return;
    }
    check_config_keys(L, index);
    pieces p = begin(L);
    const lua_Integer n = luaL_len(L, index);
    if (n > 1) wrong(L, "a config's table has one codec in its list part, or k and v");
    if (n == 1) {
        lua_geti(L, index, 1);
        value_text(L, lua_gettop(L), 1);
        lua_remove(L, -2);
        put(&p);
    }
    const bool any = n == 1;
    if (any) put_text(&p, " ");
    if (!put_sides(&p, index, sides, " ") && !any) wrong(L, "a config's table without a codec");
    put_layers(&p, index);
    put_text(&p, " ");
    put_sides(&p, index, rest, " ");
    end(&p);
}
