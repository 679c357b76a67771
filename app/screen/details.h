/* details.h - what the keys ask of the pane of details. */
#ifndef KVANT_APP_SCREEN_DETAILS_H
#define KVANT_APP_SCREEN_DETAILS_H

#include "app/screen/pane.h"

/* Moves its text by so many lines, as far as it goes. */
void pane_details_scroll(pane *p, int lines);

#endif
