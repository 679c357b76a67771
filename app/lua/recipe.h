/* recipe.h - one recipe at work: what the functions of the module `lab` share.
 *
 * A function of the module finds its recipe with recipe_of(L). Everything that allocates outside Lua and must not be
 * lost when Lua raises an error is put into an owner (lua_own), a value on Lua's stack that frees it.
 *
 * Every function that stands for a command makes that command's line of what it was given (lua_line.h), so options,
 * checks and messages are those of the command; gate.h says which ones a sandboxed recipe may use.
 */
#ifndef KVANT_APP_LUA_RECIPE_H
#define KVANT_APP_LUA_RECIPE_H

#include <stdio.h>

#include <lua.h>

#include "app/crew.h"
#include "app/grid.h"
#include "app/lab.h"
#include "app/lua/sandbox.h"

/* A comparable set that this recipe has met, by one of its runs: what lab_find_done wants to know. */
typedef struct recipe_set {
    job job;
    store_run *known; /* NULL: nothing is known of it (a dry run) */
} recipe_set;

typedef struct planned planned;

typedef struct recipe {
    app_context *app;
    const command_line *line; /* of kvant recipe */
    sandbox *box;
    lab lab; /* codecs and the database, once something asks */
    bool open;
    crew *crew; /* runs that were begun and not waited for */
    size_t begun;
    recipe_set **sets;
    size_t n_sets;
    bool unsafe;
    bool dry;      /* --dry-run and --check: nothing is run or written */
    FILE *says;    /* print: stdout, or stderr when stdout is JSON */
    planned *plan; /* of a dry run: planned.h */
    double started;
    size_t ran, had, failed, planned;
} recipe;

/* For functions made by lua_module. Does not return once the recipe has been stopped. */
recipe *recipe_of(lua_State *L);

/* Codecs and the database, opened at the first call. A dry run only reads, and goes without a database that is not
 * there yet: lab.database is NULL then. */
bool recipe_open_lab(recipe *r, fault *f);

/* The config a text stands for, profiles in it taken from the database. Raises nothing: NULL with a fault that begins
 * with `who`. */
config *recipe_config(recipe *r, const char *who, const char *text, fault *f);

/* Adds all configs a text stands for. */
bool recipe_grid(recipe *r, const char *who, grid_configs *configs, const char *text, fault *f);

/* Pushes a value that calls release on what is put into *place, at the latest when Lua is closed. */
void **lua_own(lua_State *L, void (*release)(void *));
void lua_release(lua_State *L, int index); /* at once */

/* Raises f as a Lua error with the recipe's line; "return lua_fail(L, &f)" reads well. */
#define lua_fail sandbox_raise

#endif
