#include "app/lua/lua_push.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/lua/lua_line.h"
#include "app/number.h"
#include "app/columns.h"

/* ---- from the database ---- */

/* What the store calls back may raise no Lua error through it: each row is pushed under a protection of its own. */
typedef struct rows {
    lua_State *L;
    int list, columns; /* places on the stack */
    lua_Integer n;
    int n_columns;
    const char *const *names;
    const store_value *values;
    bool failed; /* the error is on the stack */
} rows;

static void push_value(lua_State *L, const store_value *v)
{
    switch (v->kind) {
    case STORE_INTEGER: lua_pushinteger(L, v->integer); break;
    case STORE_REAL: lua_pushnumber(L, v->real); break;
    case STORE_TEXT:
    case STORE_BLOB: lua_pushlstring(L, v->bytes, v->n); break;
    case STORE_NULL: lua_pushnil(L); break;
    }
}

static int keep_columns(lua_State *L)
{
    rows *q = lua_touserdata(L, 2);
    for (int i = 0; i < q->n_columns; i++) {
        lua_pushstring(L, q->names[i]);
        lua_rawseti(L, 1, i + 1);
    }
    return 0;
}

static int keep_row(lua_State *L) /* list, columns, rows */
{
    rows *q = lua_touserdata(L, 3);
    lua_createtable(L, 0, q->n_columns);
    for (int i = 0; i < q->n_columns; i++) {
        lua_rawgeti(L, 2, i + 1);
        push_value(L, &q->values[i]);
        lua_rawset(L, -3);
    }
    lua_rawseti(L, 1, ++q->n);
    return 0;
}

static bool on_columns(void *arg, int n, const char *const *names)
{
    rows *q = arg;
    q->n_columns = n;
    q->names = names;
    lua_pushcfunction(q->L, keep_columns);
    lua_pushvalue(q->L, q->columns);
    lua_pushlightuserdata(q->L, q);
    q->failed = lua_pcall(q->L, 2, 0, 0) != LUA_OK;
    return !q->failed;
}

static bool on_row(void *arg, int n, const store_value *values)
{
    rows *q = arg;
    q->n_columns = n;
    q->values = values;
    lua_pushcfunction(q->L, keep_row);
    lua_pushvalue(q->L, q->list);
    lua_pushvalue(q->L, q->columns);
    lua_pushlightuserdata(q->L, q);
    q->failed = lua_pcall(q->L, 3, 0, 0) != LUA_OK;
    return !q->failed;
}

void lua_push_query(lua_State *L, recipe *r, const char *sql, const store_binding *values, size_t n_values)
{
    fault f = { 0 };
    size_t at = 0;
    if (!recipe_open_lab(r, &f)) lua_fail(L, &f);
    luaL_checkstack(L, 12, NULL);
    lua_newtable(L);
    lua_newtable(L);
    rows q = { .L = L, .list = lua_gettop(L) - 1, .columns = lua_gettop(L) };
    if (r->lab.database) {
        sandbox_leave(r->box);
        bool ok =
            store_query_at(r->lab.database, sql, &at, values, n_values, &(store_reader){ on_columns, on_row, &q }, &f);
        sandbox_enter(r->box);
        if (ok && sql[at]) ok = fault_set(&f, FAULT_INPUT, "query: a second statement; one at a time");
        if (q.failed) lua_error(L);
        if (!ok) lua_fail(L, &f);
    }
    lua_settop(L, q.list);
}

void lua_push_run(lua_State *L, recipe *r, int64_t id)
{
    char sql[160];
    fault f = { 0 };
    snprintf(sql, sizeof sql, "SELECT * FROM v_runs WHERE id = %" PRId64, id);
    lua_push_query(L, r, sql, NULL, 0);
    if (lua_rawgeti(L, -1, 1) != LUA_TTABLE) {
        fault_set(&f, FAULT_INPUT, "there is no run %" PRId64, id);
        lua_fail(L, &f);
    }
    lua_remove(L, -2);
    lua_getfield(L, -1, "layers");
    lua_setfield(L, -2, "n_layers");
    snprintf(sql, sizeof sql, "SELECT * FROM run_layers WHERE run = %" PRId64 " ORDER BY layer, stream", id);
    lua_push_query(L, r, sql, NULL, 0);
    lua_setfield(L, -2, "layers");
    lua_getfield(L, -1, "suite");
    const bool plain = lua_rawlen(L, -1) == 0;
    lua_pop(L, 1);
    if (plain) return;
    snprintf(sql, sizeof sql, "SELECT * FROM run_items WHERE run = %" PRId64 " ORDER BY item", id);
    lua_push_query(L, r, sql, NULL, 0);
    lua_setfield(L, -2, "items");
}

/* ---- JSON ---- */

static void push_number(lua_State *L, double x)
{
    if (x == floor(x) && fabs(x) <= 9007199254740992.0)
        lua_pushinteger(L, (lua_Integer)x);
    else
        lua_pushnumber(L, x);
}

void lua_push_json(lua_State *L, const cJSON *json)
{
    luaL_checkstack(L, 4, "JSON is nested too deep");
    if (cJSON_IsBool(json)) {
        lua_pushboolean(L, cJSON_IsTrue(json));
    } else if (cJSON_IsNumber(json)) {
        push_number(L, json->valuedouble);
    } else if (cJSON_IsString(json)) {
        lua_pushstring(L, json->valuestring);
    } else if (cJSON_IsArray(json)) {
        lua_newtable(L);
        lua_Integer n = 0;
        const cJSON *item;
        cJSON_ArrayForEach(item, json)
        {
            if (cJSON_IsNull(item))
                lua_pushnumber(L, (lua_Number)NAN);
            else
                lua_push_json(L, item);
            lua_rawseti(L, -2, ++n);
        }
    } else if (cJSON_IsObject(json)) {
        lua_newtable(L);
        const cJSON *item;
        cJSON_ArrayForEach(item, json)
        {
            lua_pushstring(L, item->string);
            lua_push_json(L, item);
            lua_rawset(L, -3);
        }
    } else {
        lua_pushnil(L);
    }
}

/* ---- sorted keys ---- */

static int compare_keys(lua_State *L, int a, int b) /* < 0: a first */
{
    const bool a_text = lua_type(L, a) == LUA_TSTRING, b_text = lua_type(L, b) == LUA_TSTRING;
    if (a_text != b_text) return a_text ? 1 : -1;
    return lua_compare(L, a, b, LUA_OPLT) ? -1 : lua_compare(L, b, a, LUA_OPLT);
}

/* table.sort without a function of the recipe's in it. */
static int before(lua_State *L)
{
    lua_pushboolean(L, compare_keys(L, 1, 2) < 0);
    return 1;
}

void lua_push_sorted_keys(lua_State *L, int index)
{
    luaL_checkstack(L, 8, NULL);
    index = lua_absindex(L, index);
    lua_newtable(L);
    const int list = lua_gettop(L);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const int type = lua_type(L, -2);
        if (type != LUA_TSTRING && type != LUA_TNUMBER) continue;
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, ++n);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "kvant.sort");
    lua_pushvalue(L, list);
    lua_pushcfunction(L, before);
    lua_call(L, 2, 0);
}

/* ---- to JSON ---- */

static cJSON *to_json(lua_State *L, int index, int depth, fault *f);

static cJSON *list_to_json(lua_State *L, int index, int depth, fault *f)
{
    cJSON *list = cJSON_CreateArray();
    const lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, index, i);
        cJSON *one = to_json(L, lua_gettop(L), depth, f);
        lua_pop(L, 1);
        if (one && cJSON_AddItemToArray(list, one)) continue;
        cJSON_Delete(list);
        return NULL;
    }
    return list;
}

static cJSON *fields_to_json(lua_State *L, int index, int depth, fault *f)
{
    cJSON *object = cJSON_CreateObject();
    lua_push_sorted_keys(L, index);
    const int keys = lua_gettop(L);
    for (lua_Integer i = 1; object; i++) {
        if (lua_rawgeti(L, keys, i) == LUA_TNIL) break;
        lua_pushvalue(L, -1);
        lua_rawget(L, index);
        cJSON *one = to_json(L, lua_gettop(L), depth, f);
        lua_pop(L, 1);
        const bool ok = one && cJSON_AddItemToObject(object, lua_tostring(L, -1), one);
        lua_pop(L, 1);
        if (ok) continue;
        cJSON_Delete(object);
        object = NULL;
    }
    lua_settop(L, keys - 1);
    return object;
}

/* cJSON does not look whether a text is UTF-8; table.h's JSON does, and so does this. */
static cJSON *text_to_json(const char *text, size_t n)
{
    char *copy = malloc(3 * n + 1), *to = copy;
    if (!copy) return NULL;
    for (size_t i = 0; i < n;) {
        int32_t point;
        const size_t taken = columns_decode(text + i, n - i, &point);
        if (point < 0)
            to = (char *)memcpy(to, "\xef\xbf\xbd", 3) + 3;
        else if (point > 0)
            to = (char *)memcpy(to, text + i, taken) + taken;
        i += taken;
    }
    *to = '\0';
    cJSON *json = cJSON_CreateString(copy);
    free(copy);
    return json;
}

static cJSON *to_json(lua_State *L, int index, int depth, fault *f)
{
    if (depth > LUA_DEEPEST || !lua_checkstack(L, 12)) {
        fault_set(f, FAULT_INPUT, "a table is nested deeper than %d, or contains itself", LUA_DEEPEST);
        return NULL;
    }
    cJSON *json = NULL;
    size_t n;
    switch (lua_type(L, index)) {
    case LUA_TNIL: json = cJSON_CreateNull(); break;
    case LUA_TBOOLEAN: json = cJSON_CreateBool(lua_toboolean(L, index)); break;
    case LUA_TNUMBER: json = number_json(lua_tonumber(L, index)); break;
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &n);
        json = text_to_json(text, n);
        break;
    }
    case LUA_TTABLE:
        return lua_rawlen(L, index) ? list_to_json(L, index, depth + 1, f) : fields_to_json(L, index, depth + 1, f);
    default: fault_set(f, FAULT_INPUT, "a %s cannot be written as JSON", luaL_typename(L, index)); return NULL;
    }
    if (!json) fault_memory(f, "JSON");
    return json;
}

cJSON *lua_to_json(lua_State *L, int index, fault *f)
{
    return to_json(L, lua_absindex(L, index), 1, f);
}
