/* frontier.h - the runs of one comparable set, drawn and listed: what no other run beats, and by how little.
 *
 * The frontier itself is a query of the store (store_frontier). Here its points are told apart: two neighbours on the
 * frontier whose paired difference has an interval that includes zero are not separable, and the list says so.
 */
#ifndef KVANT_APP_FRONTIER_H
#define KVANT_APP_FRONTIER_H

#include "app/app.h"
#include "app/plot.h"
#include "db/store.h"

typedef struct frontier_request {
    store_selection set;
    const store_metric *x, *y;
    const char *marks; /* "braille", "utf8", "ascii"; NULL: what the terminal can show */
    bool json;
} frontier_request;

/* What a plot is drawn with: by name (NULL: nothing was said), but nothing that the terminal cannot show. */
plot_marks frontier_marks(const terminal *t, const char *name);

/* Writes plot and list (or JSON) to stdout. An empty database is a fault that says what to do. */
bool frontier_show(app_context *app, store *s, const frontier_request *request, fault *f);

#endif
