/* board_place.h - the board of a place's database; a fault fails the test. */
#ifndef KVANT_TESTS_STORE_BOARD_PLACE_H
#define KVANT_TESTS_STORE_BOARD_PLACE_H

#include "tests/store/place.h"

#include <sqlite3.h>

#include "app/board.h"

static inline board *opened(void **state)
{
    fault f = { 0 };
    board *b = board_open(((place *)*state)->db, &f);
    if (!b) fail_msg("%s", f.text);
    return b;
}

/* As another program would. */
static inline void sql(void **state, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(((place *)*state)->db, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    char *error = NULL;
    sqlite3_exec(db, text, NULL, NULL, &error);
    if (error) fail_msg("%s: %s", text, error);
    sqlite3_close(db);
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
