/* suite_items.h - the items of a run of a suite, held: its cells, turns, prompts, continuations, heads (app/suite.h).
 *
 *     suite_items items;
 *     suite_items_read(s, run->id, &items, &f);
 *     suite_items_free(&items);
 *
 * A plain run has none, and that is no fault.
 */
#ifndef KVANT_APP_SUITE_ITEMS_H
#define KVANT_APP_SUITE_ITEMS_H

#include "db/store.h"

typedef struct suite_items {
    store_item *items; /* texts are copies */
    size_t n;
} suite_items;

/* Nothing is to be freed after a fault. */
bool suite_items_read(store *s, int64_t run, suite_items *out, fault *f);

/* Adds a copy to items that began as {0}: for who reads them otherwise. False without memory. */
bool suite_items_add(suite_items *items, const store_item *item);
void suite_items_free(suite_items *items);

#endif
