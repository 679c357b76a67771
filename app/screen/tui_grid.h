/* tui_grid.h - the cells of the screen, as drawn: what tui.c and tui_curses.c share. */
#ifndef KVANT_APP_SCREEN_TUI_GRID_H
#define KVANT_APP_SCREEN_TUI_GRID_H

#include "app/columns.h"
#include "app/screen/tui.h"

typedef struct tui_cell {
    char text[14]; /* a character and its combining marks, UTF-8 */
    uint8_t look;  /* tui_look */
    uint8_t width; /* columns it takes; 0: it is the right half of the one before */
} tui_cell;

struct tui_grid {
    columns letters; /* its locale is made once; drawing only switches to it */
    int height, width;
    tui_cell *drawn, *shown; /* height x width; shown: what the terminal has */
    bool known;              /* shown holds */
    int cursor_row, cursor_column;
};

/* NULL with a fault without memory. height and width: at least 1. */
struct tui_grid *tui_grid_create(bool utf8, int height, int width, fault *f);
void tui_grid_letters(struct tui_grid *g, bool utf8); /* what is drawn from now on */
void tui_grid_free(struct tui_grid *g);

/* All cells are blank afterwards. Without memory the size stays as it was: drawing is cut at the terminal's edge. */
void tui_grid_resize(struct tui_grid *g, int height, int width);

#endif
