/* gather.h - what a report is about, read from the database once.
 *
 *     page_report *r = gather(database, &request, known, &f);
 *     for each of r->sets: its runs, their layers, and for each pair of axes where the frontier puts them
 *     gather_free(r);
 *
 * A set is what can be compared: runs of one model, text, protocol, ctx, eval and number of passages. A report is of
 * one state of the database: when another process writes while it is read, it is read again.
 *
 * Everything belongs to the report, and nothing in it changes once it is read. [the store's thread]
 */
#ifndef KVANT_APP_PAGE_GATHER_H
#define KVANT_APP_PAGE_GATHER_H

#include "app/catalog.h"
#include "app/suite_items.h"
#include "db/store.h"

/* What a report can show: the axes asked for and those a page offers besides. */
enum { PAGE_XS = 3, PAGE_YS = 4 };

typedef struct page_axes {
    const store_metric *x[PAGE_XS], *y[PAGE_YS]; /* the ones asked for first */
    size_t n_x, n_y;
} page_axes;

/* In the order in which a report lists runs. */
typedef enum page_class {
    PAGE_FRONTIER,
    PAGE_DOMINATED,
    PAGE_UNMEASURED,
    PAGE_FAILED,
    PAGE_OLDER, /* of a config that has a newer run */
} page_class;

extern const char *const page_class_names[];

/* Where a run stands on a pair of axes, among those that are listed, as store_classify says. */
typedef struct page_place {
    page_class where;
    double x, y, lo, hi; /* NaN: not measured */
    size_t rank;         /* among the points, by ascending x */
    bool alike;          /* on the frontier, and not to be told apart from the frontier's point before it */
} page_place;

typedef struct page_run {
    store_run run;
    size_t family;       /* an index into the report's families */
    store_layer *layers; /* by layer, keys first */
    size_t n_layers;
    suite_items items; /* of a suite's run */
    char *command;     /* that makes it again */
} page_run;

typedef struct page_set {
    page_run *runs; /* by class on the first pair of axes; the frontier by ascending x, the others newest first */
    size_t n_runs;
    page_place *places[PAGE_XS][PAGE_YS]; /* one for each run */
    size_t n_front[PAGE_XS][PAGE_YS];
    size_t *front[PAGE_XS][PAGE_YS]; /* the frontier's runs by ascending x */
} page_set;

typedef struct page_request {
    store_selection set;
    bool all_sets;     /* every set that fits; else the one with the newest run */
    const char *where; /* an SQL expression over v_runs, or NULL: which runs are listed */
    const char *title; /* or NULL */
    page_axes axes;
} page_request;

typedef struct page_report {
    page_request request;
    int64_t made; /* seconds since 1970 */
    page_set *sets;
    size_t n_sets;
    char **families; /* in the order of their first run */
    size_t n_families;
    struct strings *strings; /* what the runs' text points into */
} page_report;

/* Fills the axes: x and y, and for a page that offers more what people ask for. */
void gather_axes(page_axes *axes, const store_metric *x, const store_metric *y, bool more);

/* known: for the families, may be NULL. NULL with a fault; no run that fits is one. What is NULL or 0 in the selection
 * is open. */
page_report *gather(store *s, const page_request *request, const catalog *known, fault *f);
void gather_free(page_report *r); /* NULL is fine */

/* The SQL condition over v_runs for all runs a request is about, in one block to free(). set: NULL, or of this run's
 * set only. NULL without memory. */
char *gather_where(const page_request *request, const store_run *set);

/* "kvant-books-8m, text self, stream, ctx 512, 32 passages", to free(); NULL without memory. */
char *gather_set_name(const page_set *set);

/* A date and time in UTC: "2026-11-21 17:05". */
enum { GATHER_TIME = 32 };
void gather_time(int64_t seconds, char text[GATHER_TIME]);

#endif
