#include "app/lua/lua_show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/lua/lua_line.h"
#include "app/lua/lua_push.h"
#include "app/lua/recipe.h"
#include "app/table.h"

/* Text on its way: put together first and written in one piece, because Lua may raise an error in the middle, and the
 * one who reads may take his time. */
typedef struct sheet {
    FILE *to;
    char *text;
    size_t n;
} sheet;

enum { SHEET_MOST = 16 << 20, SHOWN_DEEP = 4 };

static void free_sheet(void *arg)
{
    sheet *s = arg;
    if (s->to) fclose(s->to);
    free(s->text);
    free(s);
}

static sheet *new_sheet(lua_State *L)
{
    void **place = lua_own(L, free_sheet);
    sheet *s = calloc(1, sizeof *s);
    *place = s;
    if (s) s->to = open_memstream(&s->text, &s->n);
    if (!s || !s->to) luaL_error(L, "out of memory for what is printed");
    return s;
}

static void check_sheet(lua_State *L, const sheet *s)
{
    if (ftell(s->to) > SHEET_MOST) luaL_error(L, "more than %d MiB to print at once", SHEET_MOST >> 20);
}

static void show_sheet(lua_State *L, sheet *s, FILE *to)
{
    recipe *r = recipe_of(L);
    sandbox_leave(r->box);
    fclose(s->to);
    s->to = NULL;
    fwrite(s->text, 1, s->n, to);
    fflush(to);
    sandbox_enter(r->box);
}

/* ---- print ---- */

static void show_value(lua_State *L, sheet *s, int index, int depth);

static void show_quoted(sheet *s, const char *text, size_t n)
{
    fputc('"', s->to);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\') fputc('\\', s->to);
        if (text[i] == '\n')
            fputs("\\n", s->to);
        else
            fputc(text[i], s->to);
    }
    fputc('"', s->to);
}

static void show_table(lua_State *L, sheet *s, int index, int depth)
{
    const lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    bool first = true;
    luaL_checkstack(L, 8, NULL);
    fputs("{", s->to);
    lua_push_sorted_keys(L, index);
    const int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; i++) {
        const bool place = lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= n;
        fputs(first ? " " : ", ", s->to);
        first = false;
        if (!place && lua_type(L, -1) == LUA_TSTRING) fprintf(s->to, "%s = ", lua_tostring(L, -1));
        if (!place && lua_type(L, -1) == LUA_TNUMBER) {
            lua_pushvalue(L, -1);
            fprintf(s->to, "[%s] = ", lua_tostring(L, -1));
            lua_pop(L, 1);
        }
        lua_rawget(L, index);
        show_value(L, s, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    lua_settop(L, keys - 1);
    fputs(first ? "}" : " }", s->to);
    check_sheet(L, s);
}

static void show_value(lua_State *L, sheet *s, int index, int depth)
{
    size_t n;
    const bool own_words = luaL_getmetafield(L, index, "__tostring") != LUA_TNIL;
    if (own_words) lua_pop(L, 1);
    if (lua_type(L, index) == LUA_TTABLE && !own_words) {
        if (depth < SHOWN_DEEP)
            show_table(L, s, index, depth);
        else
            fputs("{ ... }", s->to);
        return;
    }
    const char *text = luaL_tolstring(L, index, &n);
    if (depth > 0 && lua_type(L, index) == LUA_TSTRING)
        show_quoted(s, text, n);
    else
        fwrite(text, 1, n, s->to);
    lua_pop(L, 1);
}

static int show_all(lua_State *L, FILE *to)
{
    const int n = lua_gettop(L);
    sheet *s = new_sheet(L);
    for (int i = 1; i <= n; i++) {
        if (i > 1) fputc('\t', s->to);
        show_value(L, s, i, 0);
        check_sheet(L, s);
    }
    fputc('\n', s->to);
    show_sheet(L, s, to);
    return 0;
}

int lua_lab_print(lua_State *L)
{
    return show_all(L, recipe_of(L)->says);
}

int lua_lab_log(lua_State *L)
{
    return show_all(L, stderr);
}

/* ---- tables ---- */

static const char *const run_columns[] = { "id",   "ratio",   "bits_per_value", "kld", "dppl",
                                           "top1", "verdict", "config",         NULL };

static void free_drawn(void *t)
{
    table_free(t);
}

/* The columns when none are named: a run's, or all keys of the first row. Pushes a list. */
static void push_columns(lua_State *L)
{
    lua_rawgeti(L, 1, 1);
    const int row = lua_gettop(L);
    const bool is_run = lua_type(L, row) == LUA_TTABLE && lua_getfield(L, row, "config") == LUA_TSTRING &&
                        lua_getfield(L, row, "kld") != LUA_TNIL && lua_getfield(L, row, "verdict") != LUA_TNIL;
    lua_settop(L, row);
    if (!is_run) {
        luaL_argcheck(L, lua_type(L, row) == LUA_TTABLE, 1, "a list of tables is expected");
        lua_push_sorted_keys(L, row);
        return;
    }
    lua_newtable(L);
    for (int i = 0; run_columns[i]; i++) {
        lua_pushstring(L, run_columns[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* Makes one cell of the value at index; texts live as long as it does. */
static table_cell cell_of(lua_State *L, int index, char shown[32])
{
    size_t n;
    if (lua_isnoneornil(L, index)) return table_null();
    if (lua_isinteger(L, index)) return table_integer(lua_tointeger(L, index));
    if (lua_type(L, index) == LUA_TNUMBER) {
        snprintf(shown, 32, "%.5g", lua_tonumber(L, index));
        return table_real_as(lua_tonumber(L, index), shown);
    }
    if (lua_type(L, index) != LUA_TSTRING) {
        luaL_tolstring(L, index, NULL);
        lua_replace(L, index);
    }
    const char *text = lua_tolstring(L, index, &n);
    return table_bytes(text, n);
}

/* One row, its n cells kept on the stack while the table copies them. */
static void add_row(lua_State *L, table *t, int row, int columns, int n)
{
    fault f = { 0 };
    luaL_checkstack(L, n + 8, "too many columns");
    table_cell *cells = lua_newuserdatauv(L, (size_t)n * sizeof *cells, 0);
    char(*shown)[32] = lua_newuserdatauv(L, (size_t)n * sizeof *shown, 0);
    const int before = lua_gettop(L);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, columns, i + 1);
        if (lua_gettable(L, row) == LUA_TNIL) { /* a row may be a list, in the order of the columns */
            lua_pop(L, 1);
            lua_geti(L, row, i + 1);
        }
        cells[i] = cell_of(L, lua_gettop(L), shown[i]);
    }
    if (!table_add(t, cells, &f)) lua_fail(L, &f);
    lua_settop(L, before - 2);
}

static table *make_table(lua_State *L, int columns, int n)
{
    fault f = { 0 };
    void **place = lua_own(L, free_drawn);
    const char **names = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *names, 0);
    luaL_checkstack(L, 2 * n + 8, "too many columns");
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, columns, i + 1);
        names[i] = luaL_tolstring(L, -1, NULL);
    }
    table *t = table_create((size_t)n, names, &f);
    if (!(*place = t)) lua_fail(L, &f);
    lua_pop(L, 2 * n + 1);
    return t;
}

int lua_lab_table(lua_State *L)
{
    enum { MOST_COLUMNS = 200 };
    recipe *r = recipe_of(L);
    fault f = { 0 };
    lua_settop(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    const lua_Integer rows = luaL_len(L, 1);
    if (rows == 0) return 0;
    if (lua_isnil(L, 2)) {
        push_columns(L);
        lua_replace(L, 2);
        lua_settop(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    const lua_Integer n = luaL_len(L, 2);
    luaL_argcheck(L, n >= 1 && n <= MOST_COLUMNS, 2, "between 1 and 200 columns are expected");
    table *t = make_table(L, 2, (int)n);
    for (lua_Integer i = 1; i <= rows; i++) {
        lua_geti(L, 1, i);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TTABLE, 1, "a list of tables is expected");
        add_row(L, t, lua_gettop(L), 2, (int)n);
        lua_pop(L, 1);
    }
    const terminal *screen = r->says == stdout ? &r->app->out : &r->app->err;
    sheet *s = new_sheet(L);
    if (!table_write(t, s->to, &(table_style){ TABLE_BOX, screen->utf8, screen->is_tty ? terminal_width(screen) : 0 },
                     &f))
        lua_fail(L, &f);
    show_sheet(L, s, r->says);
    return 0;
}
