/* details_suite.h - what a run of a suite found, in the pane of details: the pictures of app/suite_show.h. */
#ifndef KVANT_APP_SCREEN_DETAILS_SUITE_H
#define KVANT_APP_SCREEN_DETAILS_SUITE_H

#include "app/board.h"
#include "app/screen/details_layers.h"

/* The picture; nothing for a plain run. */
void details_suite(pen *p, const board_details *d);

/* What is there besides: what was said, every turn, the worst heads. */
void details_suite_rest(pen *p, const board_details *d);

#endif
