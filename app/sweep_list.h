/* sweep_list.h - what is known of a sweep's configs before anything is run: `kvant sweep --dry-run`.
 *
 * Nothing is evaluated and no database is made. The model file is hashed once and then known; of a text that is sampled
 * something is known only after its first run.
 */
#ifndef KVANT_APP_SWEEP_LIST_H
#define KVANT_APP_SWEEP_LIST_H

#include "app/grid.h"
#include "app/lab.h"

/* Writes one line for each config to stdout and what is left to do, or all of it as one object. database: its path;
 * jobs: for the estimate of the time. */
bool sweep_list(lab *l, const char *database, const grid_configs *configs, int jobs, bool as_json, fault *f);

#endif
