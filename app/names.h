/* names.h - names that only a running program knows, for completion: codecs, metrics and runs. */
#ifndef KVANT_APP_NAMES_H
#define KVANT_APP_NAMES_H

#include "app/app.h"

/* Ends with COMPLETE_NONE. */
extern const app_name_source names_sources[];

#endif
