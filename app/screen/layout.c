#include "app/screen/layout.h"

enum {
    FULL_WIDTH = 76, /* from here on */
    FULL_HEIGHT = 20,
    WIDE = 116,      /* log beside details */
    VERY_WIDE = 190, /* three columns */
    LEAST_LOG = 3,   /* lines, its title included */
    LEAST_DETAILS = 6,
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* Takes lines off the lower end of *r. */
static rect cut_below(rect *r, int height)
{
    height = most(0, least(height, r->height));
    r->height -= height;
    return (rect){ r->row + r->height, r->column, height, r->width };
}

static rect cut_above(rect *r, int height)
{
    height = most(0, least(height, r->height));
    const rect above = { r->row, r->column, height, r->width };
    r->row += height;
    r->height -= height;
    return above;
}

/* Takes columns off the left, and one blank between. */
static rect cut_left(rect *r, int width)
{
    const rect left = { r->row, r->column, r->height, width };
    r->column += width + 1;
    r->width -= width + 1;
    return left;
}

static void place_two_columns(layout *l, rect all)
{
    const int below = most(LEAST_DETAILS + LEAST_LOG, all.height * 9 / 20);
    rect lower = cut_below(&all, below);
    l->panes[PANE_LOG] = cut_below(&lower, most(LEAST_LOG, lower.height / 3));
    l->panes[PANE_DETAILS] = lower;
    l->panes[PANE_RUNS] = cut_left(&all, all.width / 2 - 1);
    l->panes[PANE_PLOT] = all;
}

static void place_wide(layout *l, rect all)
{
    rect lower = cut_below(&all, all.height * 2 / 5);
    l->panes[PANE_DETAILS] = cut_left(&lower, lower.width * 3 / 5);
    l->panes[PANE_LOG] = lower;
    l->panes[PANE_RUNS] = cut_left(&all, all.width / 2 - 1);
    l->panes[PANE_PLOT] = all;
}

static void place_very_wide(layout *l, rect all)
{
    l->panes[PANE_LOG] = cut_below(&all, most(LEAST_LOG, all.height / 4));
    l->panes[PANE_RUNS] = cut_left(&all, all.width * 32 / 100);
    l->panes[PANE_PLOT] = cut_left(&all, all.width * 6 / 10);
    l->panes[PANE_DETAILS] = all;
}

layout layout_make(const layout_wish *w)
{
    layout l = { .single = w->width < FULL_WIDTH || w->height < FULL_HEIGHT };
    rect all = { 0, 0, w->height, w->width };
    if (w->height >= 3 && w->line == 1) l.hints = cut_below(&all, 1);
    l.line = cut_below(&all, w->line);
    if (w->height >= 12) l.head = cut_above(&all, 1);
    if (l.single || w->zoomed) {
        const bool beside = w->workers > 0 && w->focus != PANE_WORKERS && all.height >= 8;
        if (beside) l.panes[PANE_WORKERS] = cut_below(&all, least(w->workers, all.height / 4));
        l.panes[w->focus] = all;
        return l;
    }
    if (w->workers > 0) l.panes[PANE_WORKERS] = cut_below(&all, least(w->workers, all.height / 4));
    if (w->width >= VERY_WIDE)
        place_very_wide(&l, all);
    else if (w->width >= WIDE)
        place_wide(&l, all);
    else
        place_two_columns(&l, all);
    return l;
}
