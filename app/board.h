/* board.h - what the screen shows of the database, kept in memory and brought up to date at little cost.
 *
 * A board holds one short row for every run, newest first or as sorted, and the points of one comparable set with what
 * the frontier says of them. Refreshing asks SQLite for its change counter (microseconds) and reads only what is new;
 * 10,000 runs are read in tens of milliseconds at first and not again.
 *
 *     board *b = board_open(path, &f);                     the file need not be there yet
 *     bool changed;
 *     board_refresh(b, &changed, &f);                      now and then, twice a second or more
 *     for (size_t i = 0; i < board_n(b); i++) board_at(b, i)->config ...
 *
 * Rows and points stay where they are until the next call that takes a board * that is not const. The board only reads.
 * A database that is locked, gone or damaged is a fault and leaves the board as it was. [one thread at a time]
 */
#ifndef KVANT_APP_BOARD_H
#define KVANT_APP_BOARD_H

#include "app/catalog.h"
#include "app/suite_items.h"
#include "db/store.h"

typedef struct board board;

enum { BOARD_NO_FAMILY = -1 };

typedef struct board_row {
    int64_t id, started, seed;
    int32_t set;    /* the comparable set it belongs to, 0 ... board_n_sets - 1 */
    int32_t family; /* of the codec that does most: the keys', or the values' when keys are kept exact, inside all
                       wrappers; an index into board_family_name, BOARD_NO_FAMILY until board_families was told */
    bool done, pinned;
    const char *config, *verdict, *reason; /* reason: of a failure */
    store_estimate kld, dppl, top1, rms_dp;
    double ratio, bits_per_value, kld_p99;
} board_row;

typedef struct board_set {
    const char *model, *text, *protocol;
    int64_t ctx, eval, passages;
    size_t n_runs;  /* 0: they are all gone; a set keeps its number */
    int64_t newest; /* run */
} board_set;

board *board_open(const char *database, fault *f);
void board_close(board *b);

/* Shows another file from now on, empty until it is refreshed. Order, filter and families stay as they are. */
bool board_switch(board *b, const char *database, fault *f);

/* Brings rows and points up to date. *changed: something in the file is different; board_changes says whether rows are.
 */
bool board_refresh(board *b, bool *changed, fault *f);

/* Grows whenever rows, points, their order or their families are different from before; likeness does not count. */
uint64_t board_changes(const board *b);

size_t board_n_all(const board *b); /* runs there are */
size_t board_n(const board *b);     /* runs that are shown: those the filter lets through, pinned ones first */
const board_row *board_at(const board *b, size_t i);
const board_row *board_find(const board *b, int64_t id); /* NULL: not there; also those that are not shown */
ptrdiff_t board_place(const board *b, int64_t id);       /* where it is shown; -1: it is not */

/* What rows are sorted by: one table for the screen's columns and the keys that choose them. */
typedef struct board_column {
    const char *name;  /* as in v_runs; the table ends with NULL */
    const char *title; /* of the column on the screen */
    int width;         /* columns it wants; 0: what is left (the config) */
    bool descending;   /* how it is sorted when chosen: best first */
} board_column;
extern const board_column board_columns[];

void board_sort(board *b, size_t column, bool descending);
size_t board_sorted_by(const board *b, bool *descending);

/* where: an SQL expression over the columns of v_runs, as with `kvant runs --where`; NULL or "": all. A mistake is a
 * fault with its column, and the filter stays as it was. */
bool board_filter(board *b, const char *where, fault *f);
const char *board_filtered_by(const board *b); /* "" : none */

size_t board_n_sets(const board *b);
const board_set *board_set_at(const board *b, size_t i);

/* Families of codecs, for colours. The catalog is only read during the call. */
void board_families(board *b, const catalog *known);
const char *board_family_name(const board *b, int family);

/* ---- the points of one set ---- */

typedef struct board_point {
    const board_row *row;
    store_class where;
    double x, y, y_lo, y_hi; /* as store_frontier gives them */
    bool like_chosen; /* cannot be told apart from the chosen one: the interval of their paired difference has 0 */
} board_point;

/* Which set and axes the points are of. A filter holds for points as well. */
void board_plot(board *b, size_t set, const store_metric *x, const store_metric *y);

/* By ascending x, as store_frontier orders them, classified by the same code. */
size_t board_n_points(const board *b);
const board_point *board_point_at(const board *b, size_t i);
ptrdiff_t board_point_of(const board *b, int64_t id); /* -1: this run is not a point (another of its config is) */

/* Compares every point near the chosen run (those whose intervals meet) with it, pairwise and with the bootstrap; does
 * at most `most` comparisons at a call, so that no key waits for it. *left: how many are still to do. 0: forgets the
 * choice. */
bool board_choose(board *b, int64_t id, size_t most, size_t *left, fault *f);

/* The run that like_chosen is about; 0: none. */
int64_t board_compared(const board *b);

/* The point with the best x among those with y at least as good as `limit`; -1: there is none. */
ptrdiff_t board_cheapest(const board *b, double limit);

/* ---- one run in full ---- */

typedef struct board_details {
    store_run *run;
    store_layer *layers; /* report_layers */
    size_t n_layers;
    suite_items items; /* of a suite's run */
} board_details;

bool board_read_details(board *b, int64_t id, board_details *d, fault *f);
void board_details_free(board_details *d);

#endif
