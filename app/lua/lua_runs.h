/* lua_runs.h - runs and sweeps as a recipe asks for them: at once, or begun and waited for.
 *
 * Every comparable set a recipe meets begins with identity, as a sweep does: it must be exact, and its row says which
 * model and text they are, so that what the database has is found and not run again.
 */
#ifndef KVANT_APP_LUA_LUA_RUNS_H
#define KVANT_APP_LUA_LUA_RUNS_H

#include <lauxlib.h>

#include "app/lua/recipe.h"

int lua_lab_run(lua_State *L);      /* lab.run{...}: the run, or with async = true its handle */
int lua_lab_suite(lua_State *L);    /* lab.needle{...}: the same of a suite; upvalue 2 is its command */
int lua_lab_start(lua_State *L);    /* lab.start{...}: a handle */
int lua_lab_wait(lua_State *L);     /* lab.wait(h), lab.wait{ h, ... } */
int lua_lab_wait_any(lua_State *L); /* lab.wait_any{ h, ... }: the first that has ended, and its place */
int lua_lab_sweep(lua_State *L);    /* lab.sweep{...}: the runs in their order, with ran, had and failed */

/* Waits for everything that was begun and not waited for: a recipe that ends has asked for it. [protected call] */
int lua_runs_finish(lua_State *L);

#endif
