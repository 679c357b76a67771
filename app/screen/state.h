/* state.h - the screen at work: what its own files share. */
#ifndef KVANT_APP_SCREEN_STATE_H
#define KVANT_APP_SCREEN_STATE_H

#include "app/screen/layout.h"
#include "app/screen/line.h"
#include "app/screen/pane.h"
#include "app/screen/timing.h"

typedef enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_EXPORT } overlay;

typedef struct screen {
    app_context *app;
    tui tui;
    view view;
    pane *panes[PANE_COUNT];
    line_editor *line;  /* NULL until the first screen is seen */
    const void *codecs; /* the catalog that the board knows families from; only to be compared */
    layout layout;
    pane_id focus, before_zoom;
    bool editing; /* the command line has the keys */
    bool once;    /* it gives them back after a line */
    bool pasting; /* keys are text that was pasted */
    bool warned;  /* that leaving stops what runs */
    bool zoomed;  /* the focused pane has the whole screen */
    overlay overlay;
    int help_scroll;
    char message[256];   /* in place of the hints until the next key */
    char repeat[4096];   /* what "." gives again */
    fault board_fault;   /* of the last refresh; code 0: none */
    bool fault_told;     /* the log has it */
    bool line_dirty;     /* only the command line and the hints changed */
    int64_t compared;    /* the run that the board compares others with */
    size_t left;         /* comparisons still to do */
    double next_refresh; /* seconds of the steady clock */
    double pasted;       /* when the last of it came */
    double last_key;     /* when it was taken */
    double polled;       /* when descriptors were last looked at */
    double key_from;     /* since when a key that is there may have been waiting */
    double key_since;    /* the same, of keys whose effect is not seen yet; 0: none */
    bool following;      /* the newest run was chosen: the choice goes on to those that are made here */
    int64_t followed;    /* the last of these that was looked at */
    bool lost;           /* the terminal is gone */
    timing timing;
} screen;

/* ---- screen_draw.c ---- */

void screen_layout(screen *s);
/* Lines that the command line wants now, with what stands below it. */
int screen_line_lines(const screen *s);
/* Draws what changed into the grid and sends it. */
void screen_draw(screen *s);

/* ---- actions.c: what keys and commands do ---- */

/* A line as if it had been typed: into the log, and done. */
void screen_give(screen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void screen_say(screen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Chooses a run, and the group of runs it belongs to. False: there is no such run. */
bool screen_select(screen *s, int64_t id);
/* Chooses the run that a command given here has made last, when it is new and the one before it was chosen. */
void screen_follow(screen *s);
void screen_focus(screen *s, pane_id which);
/* Puts text on the command line to be edited. */
void screen_edit(screen *s, const char *text);
/* Tells the board what is to be plotted, after set or axes have changed. */
void screen_plot(screen *s);

/* The run chosen now; NULL: none. */
const board_row *screen_chosen(const screen *s);

/* ---- builtins.c ---- */

/* console_builtin, with a screen as self. */
bool screen_builtin(void *self, int n_words, const char *const *words, fault *f, bool *known);

/* "runs", "frontier", "details", "log", "workers"; PANE_COUNT: none of these. */
pane_id screen_pane_named(const char *name);
extern const char *const screen_pane_names[PANE_COUNT];

/* ---- obey.c ---- */

/* Does what a setting means to the screen itself, after it was set or unset; self: a screen. */
void screen_obey(void *self, const char *setting);

/* ---- keys_do.c: the functions of the table of keys ---- */

enum { MOVE_UP, MOVE_DOWN, MOVE_PAGE_UP, MOVE_PAGE_DOWN, MOVE_FIRST, MOVE_LAST };

void do_move(screen *s, int n);
void do_next_pane(screen *s, int n);
void do_show(screen *s, int n); /* Enter */
void do_back(screen *s, int n);
void do_line(screen *s, int n);
void do_filter_line(screen *s, int n);
void do_limit_line(screen *s, int n);
void do_sort_next(screen *s, int n);
void do_sort_turn(screen *s, int n);
void do_rerun(screen *s, int n);
void do_mark_chosen(screen *s, int n);
void do_difference(screen *s, int n);
void do_pin(screen *s, int n);
void do_copy_config(screen *s, int n);
void do_export(screen *s, int n);
void do_axis(screen *s, int n); /* 0: x, 1: y */
void do_repeat(screen *s, int n);
void do_help(screen *s, int n);
void do_redraw(screen *s, int n);
void do_suspend(screen *s, int n);
void do_cancel(screen *s, int n);
void do_leave(screen *s, int n);

#endif
