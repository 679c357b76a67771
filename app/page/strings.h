/* strings.h - copies of text that all live as long as each other; equal neighbours share one copy. */
#ifndef KVANT_APP_PAGE_STRINGS_H
#define KVANT_APP_PAGE_STRINGS_H

#include "db/store.h"

typedef struct strings strings;

strings *strings_create(void); /* NULL without memory */
void strings_free(strings *s); /* NULL is fine */

/* A copy; the previous one when that is equal: `before` is NULL or a text of these strings. NULL without memory. */
const char *strings_keep(strings *s, const char *text, const char *before);

/* A copy of the run whose text belongs to s. before: NULL, or a run copied earlier. False without memory. */
bool strings_keep_run(strings *s, const store_run *run, const store_run *before, store_run *copy);

#endif
