/* planned.h - a dry run: what a recipe would do, without doing it.
 *
 * What the database has is told as it is. For a run that it does not have, a recipe gets a table that has the config
 * and no results: one that only asks for runs comes to its end, one that looks into a result ends there, with a note.
 */
#ifndef KVANT_APP_LUA_PLANNED_H
#define KVANT_APP_LUA_PLANNED_H

#include "app/lua/recipe.h"

/* Keeps a config of a set for the list; id: the run that the database has, or 0. */
bool planned_note(recipe *r, const recipe_set *set, const config *c, int64_t id, fault *f);

/* Pushes the run of c that nobody has. */
void planned_push(lua_State *L, const config *c);

/* Pushes a value that stands for any answer nobody has. what: "the diff" and the like. */
void planned_push_unknown(lua_State *L, const char *what);

/* Writes the list to stdout, or a line of how many with quiet. ended: what the recipe wanted to know, or NULL. */
bool planned_write(recipe *r, bool quiet, bool json, const char *ended, fault *f);

/* Writes the runs as a plan (app/plan.h) that `kvant sweep --from` runs. They must be of one set. */
bool planned_write_plan(const recipe *r, const char *path, fault *f);
void planned_free(recipe *r);

#endif
