/* run_show.h - a run of the database on stdout: what `run`, `show` and the suites end with. */
#ifndef KVANT_APP_RUN_SHOW_H
#define KVANT_APP_RUN_SHOW_H

#include "app/app.h"
#include "db/store.h"

/* As text or as one JSON object. full: with all layers and items, and the command that makes the run again. */
bool run_show(const app_context *app, store *s, int64_t id, bool json, bool full, fault *f);

#endif
