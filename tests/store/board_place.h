/* board_place.h - the board of a place's database; a fault fails the test. */
#ifndef KVANT_TESTS_STORE_BOARD_PLACE_H
#define KVANT_TESTS_STORE_BOARD_PLACE_H

#include "tests/store/place.h"

#include "app/board.h"

static inline board *opened(void **state)
{
    fault f = { 0 };
    board *b = board_open(((place *)*state)->db, &f);
    if (!b) fail_msg("%s", f.text);
    return b;
}

/* Whether anything changed. */
static inline bool refreshed(board *b)
{
    fault f = { 0 };
    bool changed = false;
    if (!board_refresh(b, &changed, &f)) fail_msg("%s", f.text);
    return changed;
}

#endif
