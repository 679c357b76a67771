/* gather_parts.h - the steps of gather.c. */
#ifndef KVANT_APP_PAGE_GATHER_PARTS_H
#define KVANT_APP_PAGE_GATHER_PARTS_H

#include "app/page/gather.h"
#include "app/page/strings.h"

/* Runs of which only what makes a set is known: model.hash, text.hash, protocol, ctx, eval, passages. */
typedef struct set_keys {
    store_run *items;
    size_t n;
} set_keys;

/* The sets that fit, the one with the newest run first; only that one when not all are wanted. The caller frees the
 * items, also after a fault. */
bool gather_sets(store *s, const page_request *request, strings *to, set_keys *keys, fault *f);

/* Where the set's runs stand on every pair of axes; orders them as they are listed. */
bool gather_places(store *s, const page_axes *axes, page_set *set, fault *f);

/* The layers of all the set's runs; where: gather_where of the set. */
bool gather_layers(store *s, strings *to, page_set *set, const char *where, fault *f);

#endif
