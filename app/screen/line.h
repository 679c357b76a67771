/* line.h - the command line at the bottom of the screen: readline, drawn by us.
 *
 * Readline edits (with a person's own .inputrc), keeps the history and completes; what it would print is drawn into one
 * or two lines of the screen instead. Below the line stands what is known of it while it is typed: the completions with
 * a parameter's range, or, for a config, whether it is one and the bits per value it will take (predict.h).
 *
 * [main thread; readline has one state per process]
 */
#ifndef KVANT_APP_SCREEN_LINE_H
#define KVANT_APP_SCREEN_LINE_H

#include "app/app.h"
#include "app/screen/tui.h"

typedef struct line_editor line_editor;

line_editor *line_create(app_context *app, fault *f);
void line_editor_free(line_editor *e); /* keeps the history */

typedef enum line_state {
    LINE_EDITING,
    LINE_READY, /* *text is a line to run: free() it */
    LINE_LEFT,  /* Escape, or Tab or Enter on an empty line: the panes have the keys again */
    LINE_QUIT,  /* Ctrl-D on an empty line */
} line_state;

line_state line_key(line_editor *e, int key, char **text);

/* Puts a line there to be edited, the cursor at its end. */
void line_set(line_editor *e, const char *text);
const char *line_now(const line_editor *e);

/* Something is being searched for: it ends with line_set. */
bool line_searches(const line_editor *e);

/* The lines it would like to have: itself, the hint, and the completions while they are listed. */
int line_height(const line_editor *e);

/* r: at least one line high; with a second line the hint is drawn, with more the completions as a list. */
void line_draw(line_editor *e, tui *t, rect r, bool focused);

/* The prediction's descriptor for poll (-1: none); line_take reads what is there. True: draw again. */
int line_fd(const line_editor *e);
bool line_take(line_editor *e);

#endif
