/* tui.h - the terminal as a grid of cells, over ncursesw; always given back.
 *
 * tui_open switches the terminal to the alternate screen, takes its keys and, if wanted, its mouse, and has it say what
 * was pasted; tui_close gives it back. Whatever ends the program gives it back, too: exit, a fatal signal (SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL, SIGABRT and the others that end a program; the signal then does what it did before), SIGTERM
 * and SIGHUP through the loop. Only SIGKILL cannot be helped. Ctrl-Z suspends with the terminal given back and redraws
 * on return. Of all rooms only tui_curses.c and tui_keys.c know ncurses; tui.c is the grid, which the one compares with
 * what the terminal shows.
 *
 * Drawing never fails and never goes outside the rectangle given: text is cut at its edge by columns, control
 * characters are made visible, combining and wide characters count as what they are (app/columns.h). Only the
 * terminal's own 16 colours are used, and never a background. Without colour (NO_COLOR, --color never, a monochrome
 * terminal) looks are bold, dim, reverse and underline.
 *
 * [main thread; ncurses has one state per process]
 */
#ifndef KVANT_APP_SCREEN_TUI_H
#define KVANT_APP_SCREEN_TUI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "app/terminal.h"
#include "base/fault.h"

typedef struct rect {
    int row, column, height, width;
} rect;

typedef enum tui_look {
    LOOK_PLAIN,
    LOOK_BOLD,
    LOOK_DIM,
    LOOK_GOOD,
    LOOK_WARN,
    LOOK_BAD,
    LOOK_ACCENT,
    LOOK_CHOSEN, /* the row under the cursor of the pane that has the focus: reverse */
    LOOK_MARKED, /* the same in a pane without the focus: underlined or bold */
    LOOK_FAMILY, /* six of them: LOOK_FAMILY + i, the colours of codec families (plot.h) */
    LOOK_END = LOOK_FAMILY + 6,
} tui_look;

typedef struct tui {
    terminal terminal; /* color, utf8 as asked for */
    bool mouse;
    int height, width;
    struct tui_grid *grid; /* the cells */
} tui;

/* FAULT_INPUT with the reason when the terminal cannot do it (no such TERM, no cursor addressing). */
bool tui_open(tui *t, const terminal *out, bool mouse, fault *f);
void tui_close(tui *t); /* may be called twice */

/* Reads the size again, after SIGWINCH. */
void tui_resize(tui *t);

/* What signals have asked for since the last call: a new size; to be suspended (SIGTSTP from outside); all to be drawn
 * anew (the program was stopped and goes on). */
typedef struct tui_wishes {
    bool resize, suspend, redraw;
} tui_wishes;
tui_wishes tui_take_wishes(tui *t);
/* Everything is sent anew with the next tui_show: Ctrl-L. */
void tui_redraw(tui *t);

void tui_clear(tui *t, rect r);

/* Writes text (UTF-8) from column `column` of line `row` of r, cut at r's right edge; returns the column after it. */
int tui_put(tui *t, rect r, int row, int column, tui_look look, const char *text);
int tui_print(tui *t, rect r, int row, int column, tui_look look, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* A line of the grid in box-drawing characters or ASCII: a pane's frame is its title line only, so that space is used.
 */
void tui_rule(tui *t, rect r, int row, tui_look look, const char *title, const char *right);

/* Where the cursor stands after tui_show; row < 0: it is hidden. In whole-screen coordinates. */
void tui_cursor(tui *t, int row, int column);

/* Sends what has changed to the terminal, in one go. */
void tui_show(tui *t);

/* Suspends the program as Ctrl-Z does, and returns when it goes on. */
void tui_suspend(tui *t);

/* Other colours and characters than tui_open was given: everything is drawn anew. */
void tui_set_style(tui *t, const terminal *out);

/* Mouse events from now on, or none, so that the terminal's own selection works. */
void tui_set_mouse(tui *t, bool on);

/* Asks the terminal to put text on its clipboard (OSC 52; terminals that do not know it ignore it). */
void tui_copy(tui *t, const char *text);

/* The screen as text: one line per row, blanks at the end cut, then with `looks` a second block with one letter per
 * cell for its look (. plain, B bold, D dim, G good, W warn, R bad, A accent, C chosen, M marked, 1 ... 6 families).
 * Errors of the stream are found where it is closed. */
void tui_dump(const tui *t, FILE *out, bool looks);

/* The screen as a picture, SVG that follows the page's light or dark theme. */
void tui_picture(const tui *t, FILE *out);

/* ---- keys ---- */

/* A key: a byte of text (UTF-8 comes byte by byte), Ctrl-x as its control code, or one of these. */
typedef enum tui_key {
    TUI_NONE = -1,
    TUI_ESCAPE = 27,
    TUI_UP = 0x110000,
    TUI_DOWN,
    TUI_LEFT,
    TUI_RIGHT,
    TUI_PAGE_UP,
    TUI_PAGE_DOWN,
    TUI_HOME,
    TUI_END,
    TUI_INSERT,
    TUI_DELETE,
    TUI_BACKSPACE,
    TUI_SHIFT_TAB,
    TUI_WORD_LEFT,  /* Ctrl-Left */
    TUI_WORD_RIGHT, /* Ctrl-Right */
    TUI_PASTE,      /* what comes now was pasted, not typed ... */
    TUI_PASTE_END,  /* ... up to here */
    TUI_ALT,        /* + a byte: Alt-x */
    TUI_MOUSE = 0x120000,
    TUI_F1 = 0x130000, /* to F12 */
} tui_key;

typedef struct tui_mouse {
    int row, column;
    bool pressed, doubled, wheel_up, wheel_down;
} tui_mouse;

/* The next key that has come, without waiting; TUI_NONE: none. *mouse is filled in for TUI_MOUSE. */
int tui_read_key(tui *t, tui_mouse *mouse);

#endif
