#include "app/lua/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/lua/safe_library.h"
#include "app/lua/watchdog.h"
#include "base/file.h"

enum {
    STEP = 1000,                /* instructions between two looks */
    BYTES_PER_INSTRUCTION = 16, /* what asking for memory costs: a program may do much of it with few instructions */
    LONGEST = 1 << 20,          /* bytes of a program */
};

struct sandbox {
    lua_State *lua;
    sandbox_limits limits;
    size_t memory; /* bytes in use */
    uint64_t used; /* instructions */
    bool (*cancelled)(void *self);
    void *self;
    watchdog *dog;
    int left;         /* depth of sandbox_leave */
    fault raised;     /* the last of sandbox_raise, as the program sees it */
    fault stopped_by; /* code FAULT_NONE with a text: a stop that is no failure */
    bool stopped;
};

/* ---- memory ---- */

static void *allocate(void *self, void *block, size_t old, size_t size)
{
    sandbox *s = self;
    if (!block) old = 0; /* then it says what the block is for */
    if (size == 0) {
        free(block);
        s->memory -= old;
        return NULL;
    }
    if (s->limits.memory && size > old && size - old > s->limits.memory - s->memory) return NULL;
    if (size > old) s->used += (size - old) / BYTES_PER_INSTRUCTION;
    void *grown = realloc(block, size);
    if (grown) s->memory += size - old;
    return grown;
}

/* ---- stopping ---- */

sandbox *sandbox_of(lua_State *L)
{
    sandbox *s;
    memcpy(&s, lua_getextraspace(L), sizeof s);
    return s;
}

bool sandbox_stopped(const sandbox *s)
{
    return s->stopped;
}

static int rethrow(lua_State *L)
{
    lua_pushliteral(L, "stopped");
    return lua_error(L);
}

void sandbox_go_on(lua_State *L)
{
    if (sandbox_of(L)->stopped) rethrow(L);
}

/* From now on nothing of the program runs: the handlers it has put around itself neither. */
static int stop(lua_State *L, sandbox *s, fault_code code, const char *text);

static void on_count(lua_State *L, lua_Debug *at)
{
    sandbox *s = sandbox_of(L);
    watchdog_beat(s->dog);
    if (s->stopped) rethrow(L);
    s->used += STEP;
    const bool asked = s->cancelled(s->self), over = s->limits.instructions && s->used > s->limits.instructions;
    if (!asked && !over) return;
    char text[sizeof s->stopped_by.text];
    lua_getinfo(L, "Sl", at);
    if (asked)
        snprintf(text, sizeof text, "%s:%d: the recipe was stopped on request", at->short_src, at->currentline);
    else
        snprintf(text, sizeof text,
                 "%s:%d: more than %llu instructions since the last run; --instructions allows a recipe more",
                 at->short_src, at->currentline, (unsigned long long)s->limits.instructions);
    stop(L, s, asked ? FAULT_INTERRUPTED : FAULT_INPUT, text);
}

static int stop(lua_State *L, sandbox *s, fault_code code, const char *text)
{
    if (!s->stopped) {
        s->stopped = true;
        s->stopped_by.code = code;
        snprintf(s->stopped_by.text, sizeof s->stopped_by.text, "%s", text);
    }
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    return rethrow(L);
}

int sandbox_stop(lua_State *L, const fault *why)
{
    luaL_where(L, 1);
    lua_pushstring(L, why->text);
    lua_concat(L, 2);
    return stop(L, sandbox_of(L), why->code, lua_tostring(L, -1));
}

int sandbox_raise(lua_State *L, const fault *f)
{
    sandbox *s = sandbox_of(L);
    s->left = 0;
    watchdog_wake(s->dog, true);
    if (f->code == FAULT_INTERRUPTED) return sandbox_stop(L, f);
    luaL_where(L, 1);
    lua_pushstring(L, f->text);
    lua_concat(L, 2);
    s->raised.code = f->code;
    snprintf(s->raised.text, sizeof s->raised.text, "%s", lua_tostring(L, -1));
    return lua_error(L);
}

/* ---- opening ---- */

void sandbox_close(sandbox *s)
{
    if (!s) return;
    s->stopped = true; /* finalizers, which an unsafe program may have, find nothing any more */
    watchdog_end(s->dog);
    if (s->lua) lua_close(s->lua);
    free(s);
}

static int open_libraries(lua_State *L)
{
    const sandbox *s = sandbox_of(L);
    safe_library_open(L, s->limits.seed, s->limits.unsafe);
    return 0;
}

sandbox *sandbox_open(const sandbox_limits *limits, bool (*cancelled)(void *self), void *self, fault *f)
{
    sandbox *s = calloc(1, sizeof *s);
    if (!s) {
        fault_memory(f, "a recipe's Lua");
        return NULL;
    }
    s->limits = *limits;
    s->cancelled = cancelled;
    s->self = self;
    s->lua = lua_newstate(allocate, s);
    bool ok = s->lua || fault_set(f, FAULT_INPUT, "%zu bytes are too few for a recipe (--memory)", limits->memory);
    if (ok) {
        memcpy(lua_getextraspace(s->lua), &s, sizeof s);
        lua_pushcfunction(s->lua, open_libraries);
        ok = lua_pcall(s->lua, 0, 0, 0) == LUA_OK ||
             fault_set(f, FAULT_INPUT, "%zu bytes are too few for a recipe (--memory)", limits->memory);
    }
    ok = ok && (s->dog = watchdog_start(limits->patience, cancelled, self, f));
    if (ok) {
        lua_sethook(s->lua, on_count, LUA_MASKCOUNT, STEP);
        return s;
    }
    sandbox_close(s);
    return NULL;
}

lua_State *sandbox_lua(sandbox *s)
{
    return s->lua;
}

/* ---- running ---- */

static bool name_fault(sandbox *s, fault *f)
{
    const char *text = lua_tostring(s->lua, -1);
    fault_set(f, FAULT_INPUT, "%s", text ? text : "an error that is no text");
    lua_pop(s->lua, 1);
    return false;
}

bool sandbox_load(sandbox *s, const char *path, const char *name, fault *f)
{
    char *text = NULL;
    size_t n = 0;
    if (!file_read(path, &text, &n, f)) return false;
    bool ok = n <= LONGEST || fault_set(f, FAULT_INPUT, "%s: %zu bytes, at most %d", path, n, LONGEST);
    if (ok) {
        /* A first line for the shell; its newline stays, so that lines keep their numbers. */
        size_t skip = 0;
        while (n && text[0] == '#' && skip < n && text[skip] != '\n')
            skip++;
        char chunk[512];
        snprintf(chunk, sizeof chunk, "@%s", name);
        ok = luaL_loadbufferx(s->lua, text + skip, n - skip, chunk, "t") == LUA_OK || name_fault(s, f);
    }
    free(text);
    return ok;
}

/* An error as one text: what an error object says of itself, if it says anything. */
static int describe(lua_State *L)
{
    if (sandbox_stopped(sandbox_of(L)) || lua_type(L, 1) == LUA_TSTRING) return 1;
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "an error without a message");
        return 1;
    }
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING) return 1;
    if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_tostring(L, 1);
        lua_settop(L, 1);
        return 1;
    }
    lua_pushfstring(L, "an error that is a %s, not a text", luaL_typename(L, 1));
    return 1;
}

bool sandbox_call(sandbox *s, int n_args, int n_results, fault *f)
{
    lua_State *L = s->lua;
    const int base = lua_gettop(L) - n_args;
    lua_pushcfunction(L, describe);
    lua_insert(L, base);
    s->left = 0;
    watchdog_wake(s->dog, true);
    const int status = lua_pcall(L, n_args, n_results, base);
    watchdog_wake(s->dog, false);
    lua_remove(L, base);
    if (s->stopped) {
        if (f) *f = s->stopped_by;
        return false;
    }
    if (status == LUA_OK) return true;
    if (status == LUA_ERRMEM) {
        lua_pop(L, 1);
        return fault_set(f, FAULT_INPUT, "the recipe needs more than its %.3g MiB of memory; --memory allows it more",
                         (double)s->limits.memory / (1 << 20));
    }
    name_fault(s, f);
    if (f && strcmp(f->text, s->raised.text) == 0) f->code = s->raised.code;
    return false;
}

void sandbox_refresh(sandbox *s)
{
    s->used = 0;
}

void sandbox_leave(sandbox *s)
{
    if (s->left++ == 0) watchdog_wake(s->dog, false);
}

void sandbox_enter(sandbox *s)
{
    if (s->left > 0 && --s->left == 0) watchdog_wake(s->dog, true);
}
