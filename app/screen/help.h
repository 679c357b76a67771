/* help.h - the page behind "?": every key, written from their table. */
#ifndef KVANT_APP_SCREEN_HELP_H
#define KVANT_APP_SCREEN_HELP_H

#include "app/screen/state.h"

/* Fills r; *scroll is brought into range. */
void help_draw(screen *s, rect r, int *scroll);

/* The hints of the keys that work where the keys go now, as far as they fit into r's line. */
void help_hints(screen *s, rect r);

#endif
