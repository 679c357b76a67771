/* pane.h - a part of the screen: what every pane does, and what they all share.
 *
 * A pane draws itself into a rectangle and is offered keys while it has the focus; what it does not know goes on to the
 * keys all panes have (keys.h). Panes do not know each other: they change the view they share and return what the loop
 * should do.
 */
#ifndef KVANT_APP_SCREEN_PANE_H
#define KVANT_APP_SCREEN_PANE_H

#include "app/app.h"
#include "app/board.h"
#include "app/screen/console.h"
#include "app/screen/tui.h"

/* What is looked at: shared by all panes. */
typedef struct view {
    app_context *app;
    tui *tui;
    board *board;
    console *console;
    int64_t chosen; /* run; 0: none */
    int64_t other;  /* the run chosen before with `m`ark, for the difference of two; 0: none */
    size_t set;     /* of the board */
    const store_metric *x, *y;
    double limit;   /* of y; NaN: none */
    bool dirty;     /* everything must be drawn anew */
    unsigned stale; /* panes (1 << pane_id) that must be, without the others */
} view;

typedef struct pane pane;

enum { PANE_KEY_ALIASES = 4 };

/* A key of one pane's own. The first of several rows that are explained together has the words, for the help and for
 * the hints in the last line. */
typedef struct pane_key {
    int keys[PANE_KEY_ALIASES]; /* 0: no more; a table ends with a row without any */
    void (*act)(pane *p, view *v, int a, int b);
    int a, b;         /* for act */
    const char *hint; /* one word; NULL: none */
    const char *help; /* NULL: that of the row above */
} pane_key;

typedef struct pane_type {
    const char *name;     /* "runs", "frontier", "details", "log", "workers" */
    const pane_key *keys; /* NULL: none of its own */
    void (*draw)(pane *p, view *v, rect r, bool focused);
    bool (*mouse)(pane *p, view *v, rect r, const tui_mouse *m); /* row and column are inside r; may be NULL */
    void (*free)(pane *p);
} pane_type;

struct pane {
    const pane_type *type; /* the rest is the pane's own: a struct that begins with this one */
};

/* Does what the key means to this pane. False: nothing. */
bool pane_press(pane *p, view *v, int key);

/* The keys that are explained together with row `first` of a table, with `between` between them: "h j k l". Returns the
 * row behind them. */
const pane_key *pane_key_names(const pane_key *first, const char *between, char *text, size_t capacity);

/* NULL with a fault when out of memory. */
pane *pane_runs_create(fault *f);
pane *pane_plot_create(fault *f);
pane *pane_details_create(fault *f);
pane *pane_log_create(fault *f);
pane *pane_workers_create(fault *f); /* height: pane_workers_height */
int pane_workers_height(const view *v);

#endif
