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
    double limit; /* of y; NaN: none */
    bool dirty;   /* something must be drawn anew */
} view;

typedef struct pane pane;

typedef struct pane_type {
    const char *name;  /* "runs", "frontier", "details", "log", "workers", "help" */
    const char *hints; /* the keys worth a place in the last line */
    void (*draw)(pane *p, view *v, rect r, bool focused);
    bool (*key)(pane *p, view *v, int key);                      /* true: it was for this pane */
    bool (*mouse)(pane *p, view *v, rect r, const tui_mouse *m); /* row and column are inside r; may be NULL */
    void (*free)(pane *p);
} pane_type;

struct pane {
    const pane_type *type; /* the rest is the pane's own: a struct that begins with this one */
};

/* NULL with a fault when out of memory. */
pane *pane_runs_create(fault *f);
pane *pane_plot_create(fault *f);
pane *pane_details_create(fault *f);
pane *pane_log_create(fault *f);
pane *pane_workers_create(fault *f); /* height: pane_workers_height */
int pane_workers_height(const view *v);

#endif
