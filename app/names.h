/* names.h - names that only a running program knows, for completion: codecs, metrics, runs, models, recipes, questions.
 */
#ifndef KVANT_APP_NAMES_H
#define KVANT_APP_NAMES_H

#include "app/app.h"

/* Ends with COMPLETE_NONE. */
extern const app_name_source names_sources[];

/* The state the plugin files are in, as app/catalog_cache.h tells it; the caller frees it. NULL: it cannot be told. */
char *names_plugins(const app_context *app);

#endif
