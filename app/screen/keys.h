/* keys.h - what each key does: one table, from which keys are dispatched and from which the help screen and the hints
 * in the last line are written.
 *
 * A row either stands for a command, which is then given as if it had been typed, or for a movement within the screen.
 * The keys that one pane has for itself are in a table of its own (pane_type.keys) and come before these.
 */
#ifndef KVANT_APP_SCREEN_KEYS_H
#define KVANT_APP_SCREEN_KEYS_H

#include "app/screen/state.h"

enum {
    ON_RUNS = 1 << PANE_RUNS,
    ON_PLOT = 1 << PANE_PLOT,
    ON_DETAILS = 1 << PANE_DETAILS,
    ON_LOG = 1 << PANE_LOG,
    ON_WORKERS = 1 << PANE_WORKERS,
    ON_ANY = (1 << PANE_COUNT) - 1,
};

enum { KEY_ALIASES = 4 };

typedef struct key_row {
    int keys[KEY_ALIASES]; /* 0: no more; the table ends with a row without a name */
    unsigned where;        /* panes */
    const char *name;      /* of the keys, for people */
    const char *hint;      /* a word for the last line; NULL: not there */
    const char *help;
    const char *command;           /* given as it stands, or NULL */
    void (*act)(screen *s, int n); /* or NULL */
    int n;                         /* for act */
} key_row;

extern const key_row key_rows[];

/* Does what the key means where the keys go now. */
void keys_dispatch(screen *s, int key);

#endif
