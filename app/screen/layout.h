/* layout.h - which part of the screen each pane gets.
 *
 * From 76 x 20 on all panes are seen at once: runs beside the plot, details and log below; on wide screens the details
 * stand beside them, and on very wide ones as a third column. On less, or when a pane is zoomed, one pane is seen at a
 * time. The line for commands and the hints below it are always there, down to a height of 1: then it is the line
 * alone.
 *
 *     layout l = layout_make(&(layout_wish){ 24, 80, .focus = PANE_RUNS, .workers = 0, .line = 1 });
 */
#ifndef KVANT_APP_SCREEN_LAYOUT_H
#define KVANT_APP_SCREEN_LAYOUT_H

#include "app/screen/tui.h"

typedef enum pane_id { PANE_RUNS, PANE_PLOT, PANE_DETAILS, PANE_LOG, PANE_WORKERS, PANE_COUNT } pane_id;

typedef struct layout_wish {
    int height, width;
    pane_id focus;
    bool zoomed;
    int workers; /* lines that the workers' pane would fill; 0: nothing runs */
    int line;    /* lines for the command line and what stands below it: 1, or more while it is edited */
} layout_wish;

typedef struct layout {
    rect head;              /* one line at the top; height 0: no room */
    rect panes[PANE_COUNT]; /* height 0: not seen */
    rect line, hints;       /* hints: height 0 while the line needs it */
    bool single;            /* one pane at a time, for want of room */
} layout;

layout layout_make(const layout_wish *wish);

#endif
