/* paths.h - where kvant keeps its files and finds those it came with.
 *
 * Runs are data, the command history is state, reference logits are cache; each has its XDG directory (XDG_DATA_HOME,
 * XDG_STATE_HOME, XDG_CACHE_HOME; the defaults below HOME when unset, empty or not absolute) with "kvant" in it. What
 * kvant came with is found from the executable: beside it in a build tree, in ../share/kvant and ../lib/kvant once
 * installed. So an installation may be moved.
 *
 *     paths p;
 *     paths_find(&p, &f);
 *     sqlite3_open(p.database, ...);          after paths_make_parent(p.database, &f)
 */
#ifndef KVANT_APP_PATHS_H
#define KVANT_APP_PATHS_H

#include <limits.h>
#include <stdbool.h>

#include "base/fault.h"

typedef struct paths {
    char executable[PATH_MAX];   /* this program's own file */
    char database[PATH_MAX];     /* $KVANT_DB, or kvant.db in the data directory */
    char calibrations[PATH_MAX]; /* the directory of calibrations, in the data directory */
    char history[PATH_MAX];      /* the prompt's history, in the state directory */
    char cache[PATH_MAX];        /* the cache directory */
    char models[PATH_MAX];       /* the directory of models kvant came with; "" when there is none */
    char model[PATH_MAX];        /* $KVANT_MODEL, or the embedded model; "" when there is none */
    char recipes[PATH_MAX];      /* the directory of recipes kvant came with; "" when there is none */
    char plugins[2][PATH_MAX];   /* plugin directories: the build's, the installation's; "" when there is none */
} paths;

/* Looks everything up; creates nothing. Fails when there is no home directory or a path is too long. */
bool paths_find(paths *p, fault *f);

/* Makes the directories above a file, 0700, where they are missing. */
bool paths_make_parent(const char *file, fault *f);

#endif
