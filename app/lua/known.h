/* known.h - what the database knows of a comparable set, so that no run is made twice.
 *
 * The first run of a set that a recipe asks for is identity: unless it is exact, no other number would mean anything.
 */
#ifndef KVANT_APP_LUA_KNOWN_H
#define KVANT_APP_LUA_KNOWN_H

#include "app/lua/recipe.h"

/* The set of the lab's job. In a dry run nothing is run: then the newest run of such a model and text is taken, and
 * set->known is NULL when there is none. NULL with a fault when identity cannot be run or is not exact. */
const recipe_set *known_set(recipe *r, lab *l, fault *f);

/* *id: the run of this config that the database has, or 0. */
bool known_run(const recipe_set *set, lab *l, const config *c, int64_t *id, fault *f);

void known_free(recipe *r);

#endif
