/* sandbox.h - a Lua 5.4 state for programs that strangers wrote.
 *
 *     sandbox *s = sandbox_open(&limits, cancelled, app, &f);
 *     lua_State *L = sandbox_lua(s);                              add functions of your own to its globals
 *     sandbox_load(s, "recipes/bisect.lua", "bisect.lua", &f);    a chunk of text, on the stack
 *     sandbox_call(s, 0, 1, &f);                                  one result, on the stack
 *     sandbox_close(s);
 *
 * What a program finds: the base library, table, string, math, utf8 and coroutine, without what reads files, loads
 * code other than text, or runs where it cannot be stopped: no dofile, loadfile, require, string.dump, no finalizers
 * (__gc), of collectgarbage only "count" and "collect". math.random has the seed given. `unsafe` opens everything Lua
 * has; the limits stay.
 *
 * How it is stopped, pcall or not: an instruction hook looks every thousand instructions whether someone has asked to
 * stop and whether the instructions are used up (16 bytes asked for count as one); pcall, xpcall and coroutines hand
 * such an end up instead of keeping it. Memory comes from an allocator that refuses what is over the limit, which Lua
 * reports as an ordinary error. Functions of Lua's own library written in C (a pattern that backtracks for years,
 * ("").rep(1e18)) run no instructions, so no hook: a watching thread ends the process when one of them has not come
 * back `patience` seconds after it began, or a second after someone asked to stop. Whoever opens a sandbox must
 * therefore be a process that may end: kvant runs a recipe in a child (app/lua/front.h).
 *
 * [one thread; one sandbox at a time]
 */
#ifndef KVANT_APP_LUA_SANDBOX_H
#define KVANT_APP_LUA_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/fault.h"

typedef struct sandbox sandbox;

typedef struct sandbox_limits {
    uint64_t instructions; /* between two sandbox_refresh; 0: no limit */
    size_t memory;         /* bytes; 0: no limit */
    double patience;       /* seconds for one function of Lua's library */
    uint64_t seed;         /* of math.random */
    bool unsafe;
} sandbox_limits;

sandbox *sandbox_open(const sandbox_limits *limits, bool (*cancelled)(void *self), void *self, fault *f);
void sandbox_close(sandbox *s); /* NULL is fine */

lua_State *sandbox_lua(sandbox *s);
sandbox *sandbox_of(lua_State *L); /* of any of its coroutines */

/* Reads a file as text and pushes it as a function; faults begin with `name` and the line. */
bool sandbox_load(sandbox *s, const char *path, const char *name, fault *f);

/* Calls the function below its n_args arguments. An error becomes a fault: with the code of sandbox_raise's when it is
 * one of those, else FAULT_INPUT. */
bool sandbox_call(sandbox *s, int n_args, int n_results, fault *f);

/* Instructions are counted anew: something that took its own time has come to an end. */
void sandbox_refresh(sandbox *s);

/* Functions in C that may take long stand between these two: their time is not the program's. They nest. */
void sandbox_leave(sandbox *s);
void sandbox_enter(sandbox *s);

/* For functions in C that are at fault, or hand one up: raises the message with the caller's file and line in front. A
 * program may catch it. An interruption ends the program, as sandbox_stop does. Does not return. */
int sandbox_raise(lua_State *L, const fault *f);

/* First thing in every function in C that does something: once the program has been stopped it does not return, because
 * such a function may stand where Lua calls it on the way out (__close). */
void sandbox_go_on(lua_State *L);

/* Ends the program: nothing can catch it. why: the caller's line is put in front. Does not return. */
int sandbox_stop(lua_State *L, const fault *why);
bool sandbox_stopped(const sandbox *s); /* by sandbox_stop, a limit, or a person */

#endif
