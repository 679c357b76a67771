/* frontier.h - the runs of one comparable set, drawn and listed: what no other run beats, and by how little.
 *
 * The frontier itself is a query of the store (store_frontier). Here its points are told apart: two neighbours on the
 * frontier whose paired difference has an interval that includes zero are not separable, and the list says so.
 */
#ifndef KVANT_APP_FRONTIER_H
#define KVANT_APP_FRONTIER_H

#include "app/app.h"
#include "db/store.h"

typedef struct frontier_request {
    store_selection set;
    const store_metric *x, *y;
    bool json;
} frontier_request;

/* Writes plot and list (or JSON) to stdout. An empty database is a fault that says what to do. */
bool frontier_show(app_context *app, store *s, const frontier_request *request, fault *f);

#endif
