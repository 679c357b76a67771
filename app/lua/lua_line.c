#include "app/lua/lua_line.h"

#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "app/grid.h"
#include "app/lua/permit.h"
#include "app/lua/lua_config.h"
#include "app/number.h"
#include "base/nearest.h"

typedef struct builder {
    lua_State *L;
    const command *row;
    const lua_own_field *own;
    int words; /* where on the stack the list of words is */
    int n;     /* words in it */
} builder;

/* ---- words ---- */

const char *lua_word(lua_State *L, int index, const char *what)
{
    fault f = { 0 };
    const int type = lua_type(L, index);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
        fault_set(&f, FAULT_USAGE, "%.64s: a text or a number is expected, not a %s", what, luaL_typename(L, index));
        lua_fail(L, &f);
    }
    if (type == LUA_TNUMBER && !lua_isinteger(L, index)) {
        char text[NUMBER_TEXT];
        const double value = lua_tonumber(L, index);
        if (!isfinite(value)) {
            fault_set(&f, FAULT_USAGE, "%.64s: a number that is not finite", what);
            lua_fail(L, &f);
        }
        number_write(value, text);
        return lua_pushstring(L, text);
    }
    lua_pushvalue(L, index);
    size_t n;
    const char *text = lua_tolstring(L, -1, &n);
    if (strlen(text) != n) {
        fault_set(&f, FAULT_USAGE, "%.64s: a text with a zero byte in it", what);
        lua_fail(L, &f);
    }
    return text;
}

/* Takes the text on the stack as the next word. */
static void add_word(builder *b)
{
    enum { MOST = 100000 };
    if (b->n == MOST) {
        fault f = { 0 };
        fault_set(&f, FAULT_USAGE, "%s: more than %d words", b->row->name, MOST);
        lua_fail(b->L, &f);
    }
    lua_rawseti(b->L, b->words, ++b->n);
}

/* Texts and numbers are words, a run is its number, another table a config. */
static void add_argument(builder *b, int index)
{
    lua_State *L = b->L;
    if (lua_type(L, index) == LUA_TTABLE) {
        if (lua_getfield(L, index, "id") == LUA_TNUMBER) {
            lua_tostring(L, -1);
        } else {
            lua_pop(L, 1);
            lua_config_text(L, index);
        }
    } else {
        lua_word(L, index, b->row->name);
    }
    add_word(b);
}

/* ---- options ---- */

static bool same_name(const char *option, const char *field)
{
    for (; *option && *field; option++, field++)
        if (*option != *field && !(*option == '-' && *field == '_')) return false;
    return *option == *field;
}

static const lua_own_field *own_field(const builder *b, const char *name)
{
    for (const lua_own_field *o = b->own; o && o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

static void need_known(const builder *b, const char *name)
{
    const command_option *o;
    if (own_field(b, name)) return;
    nearest near = nearest_to(name);
    for (size_t i = 0; (o = command_option_at(b->row, i)); i++) {
        if (same_name(o->name, name)) return;
        nearest_try(&near, o->name);
    }
    for (const lua_own_field *own = b->own; own && own->name; own++)
        nearest_try(&near, own->name);
    fault f = { 0 };
    if (near.word)
        fault_set(&f, FAULT_USAGE, "%s: there is no option \"%.64s\"; did you mean \"%s\"?", b->row->name, name,
                  near.word);
    else
        fault_set(&f, FAULT_USAGE, "%s: there is no option \"%.64s\"; `kvant help %s` lists them", b->row->name, name,
                  b->row->name);
    lua_fail(b->L, &f);
}

/* Every key is a place in the list or the name of something. */
static void check_keys(const builder *b, int table)
{
    lua_State *L = b->L;
    const lua_Unsigned n = lua_rawlen(L, table);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lua_Integer place = 0;
        if (lua_isinteger(L, -2)) place = lua_tointeger(L, -2);
        if (lua_type(L, -2) == LUA_TSTRING) {
            need_known(b, lua_tostring(L, -2));
        } else if (place < 1 || (lua_Unsigned)place > n) {
            fault f = { 0 };
            fault_set(&f, FAULT_USAGE, "%s: a %s as a key; fields have names, and lists have no holes", b->row->name,
                      luaL_typename(L, -2));
            lua_fail(L, &f);
        }
    }
}

static void add_option_value(builder *b, const command_option *o, int index)
{
    lua_State *L = b->L;
    char what[96];
    snprintf(what, sizeof what, "%s: %s", b->row->name, o->name);
    lua_pushfstring(L, "--%s=%s", o->name, lua_word(L, index, what));
    lua_remove(L, -2);
    add_word(b);
}

/* A list of values: each for itself, or with commas between. */
static void add_option_list(builder *b, const command_option *o, int index)
{
    lua_State *L = b->L;
    luaL_checkstack(L, 8, NULL);
    const lua_Integer n = luaL_len(L, index);
    const bool joined = !(o->flags & OPTION_REPEATS);
    if (joined) lua_pushfstring(L, "--%s=", o->name);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, index, i);
        if (!joined) {
            add_option_value(b, o, lua_gettop(L));
            lua_pop(L, 1);
            continue;
        }
        if (o->completes == COMPLETE_CONFIG)
            lua_config_text(L, lua_gettop(L));
        else
            lua_word(L, lua_gettop(L), o->name);
        lua_remove(L, -2);
        if (i > 1) {
            lua_pushliteral(L, ",");
            lua_insert(L, -2);
            lua_concat(L, 2);
        }
        lua_concat(L, 2);
    }
    if (joined) add_word(b);
}

/* "N,N" in the help: several values with commas between. */
static bool is_list(const command_option *o)
{
    return o->flags & OPTION_REPEATS || o->completes == COMPLETE_CONFIG || strchr(o->argument, ',');
}

static void add_option(builder *b, const command_option *o, int index)
{
    lua_State *L = b->L;
    fault f = { 0 };
    if (o->type == OPTION_FLAG) {
        if (!lua_isboolean(L, index)) {
            fault_set(&f, FAULT_USAGE, "%s: %s is true or false, not a %s", b->row->name, o->name,
                      luaL_typename(L, index));
            lua_fail(L, &f);
        }
        if (!lua_toboolean(L, index)) return;
        lua_pushfstring(L, "--%s", o->name);
        add_word(b);
        return;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        add_option_value(b, o, index);
        return;
    }
    if (is_list(o)) {
        add_option_list(b, o, index);
        return;
    }
    fault_set(&f, FAULT_USAGE, "%s: %s is one value, not a table", b->row->name, o->name);
    lua_fail(L, &f);
}

/* Options in the order of the row, so that one table always is one line. */
static void add_options(builder *b, int table)
{
    lua_State *L = b->L;
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(b->row, i)); i++) {
        bool found = false;
        for (lua_pushnil(L); !found && lua_next(L, table);) {
            const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
            const lua_own_field *own = own_field(b, key);
            found = own ? own->option && strcmp(own->option, o->name) == 0 : same_name(o->name, key);
            if (!found) lua_pop(L, 1);
        }
        if (!found) continue;
        add_option(b, o, lua_gettop(L));
        lua_pop(L, 2);
    }
}

/* ---- the line ---- */

static bool is_run(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE) return false;
    const bool has = lua_getfield(L, index, "id") == LUA_TNUMBER;
    lua_pop(L, 1);
    return has;
}

static void add_arguments(builder *b, int n_args)
{
    lua_State *L = b->L;
    for (int i = 1; i <= n_args; i++)
        if (lua_type(L, i) == LUA_TTABLE && !is_run(L, i)) {
            check_keys(b, i);
            add_options(b, i);
        }
    lua_pushliteral(L, "--");
    add_word(b);
    for (int i = 1; i <= n_args; i++) {
        if (lua_isnoneornil(L, i)) continue;
        if (lua_type(L, i) != LUA_TTABLE || is_run(L, i)) {
            add_argument(b, i);
            continue;
        }
        const lua_Integer n = luaL_len(L, i);
        for (lua_Integer j = 1; j <= n; j++) {
            lua_geti(L, i, j);
            add_argument(b, lua_gettop(L));
            lua_pop(L, 1);
        }
    }
}

static void free_line(void *line)
{
    line_free(line);
}

const command_line *lua_line(lua_State *L, int n_args, const char *name, const lua_own_field *own, const char *first)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    luaL_checkstack(L, 20, NULL);
    void **place = lua_own(L, free_line);
    builder b = { .L = L, .row = command_need(&r->app->commands, name, &f), .own = own };
    if (!b.row) lua_fail(L, &f);
    lua_newtable(L);
    b.words = lua_gettop(L);
    if (first) {
        lua_pushstring(L, first);
        add_word(&b);
    }
    add_arguments(&b, n_args);
    const char **words = lua_newuserdatauv(L, ((size_t)b.n + 1) * sizeof *words, 0);
    for (int i = 0; i < b.n; i++) {
        lua_rawgeti(L, b.words, i + 1);
        words[i] = lua_tostring(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    command_line *line = command_parse(b.row, b.n, words, r->app->session, &f);
    *place = line;
    if (!line || !permit_line(r->unsafe, line, &f)) lua_fail(L, &f);
    lua_pop(L, 2);
    return line;
}

bool lua_flag(lua_State *L, int n_args, const char *name)
{
    bool set = false;
    for (int i = 1; i <= n_args && !set; i++) {
        if (lua_type(L, i) != LUA_TTABLE) continue;
        lua_getfield(L, i, name);
        set = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    return set;
}

/* ---- generators ---- */

static void generate(lua_State *L, int function, int list, lua_Integer *n)
{
    for (;;) {
        if (*n > GRID_MOST) {
            fault f = { 0 };
            fault_set(&f, FAULT_USAGE, "more than %d configs in one list; does a generator never return nil?",
                      GRID_MOST);
            lua_fail(L, &f);
        }
        lua_pushvalue(L, function);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1)) break;
        lua_seti(L, list, ++*n);
    }
    lua_pop(L, 1);
}

static void copy_generated(lua_State *L, int table)
{
    lua_newtable(L);
    const int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, copy);
    }
    const lua_Integer n = luaL_len(L, table);
    lua_Integer made = 0;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, table, i);
        if (lua_isfunction(L, -1)) {
            generate(L, lua_gettop(L), copy, &made);
            lua_pop(L, 1);
        } else {
            lua_seti(L, copy, ++made);
        }
    }
    for (lua_Integer i = made + 1; i <= n; i++) {
        lua_pushnil(L);
        lua_seti(L, copy, i);
    }
    lua_replace(L, table);
}

void lua_run_generators(lua_State *L, int n_args)
{
    luaL_checkstack(L, 12, NULL);
    for (int i = 1; i <= n_args; i++)
        if (lua_type(L, i) == LUA_TTABLE && !is_run(L, i)) copy_generated(L, i);
}
