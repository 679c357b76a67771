/* suite_session_compare.h - two recorded sessions side by side: how their answers looked, turn by turn.
 *
 * The published rule: sessions whose average qualities are within 0.05 of each other are equivalent. It is coarse, and
 * kvant diff stands KLD and agreement beside it, which are not.
 */
#ifndef KVANT_APP_SUITE_SESSION_COMPARE_H
#define KVANT_APP_SUITE_SESSION_COMPARE_H

#include <cjson/cJSON.h>

#include "app/app.h"
#include "db/store.h"

#define SESSION_EQUIVALENT 0.05

typedef struct session_turn_pair {
    char phase[16];
    int turn;
    double a, b; /* qualities */
} session_turn_pair;

typedef struct session_comparison {
    session_turn_pair *turns;
    size_t n;
    double a, b; /* average qualities */
} session_comparison;

/* Whether a run is a session. */
bool session_is(const store_run *run);

/* Two sessions of one comparable set (app/difference.h). *out is released also on failure. */
bool session_compare(store *s, int64_t a, int64_t b, session_comparison *out, fault *f);
void session_comparison_release(session_comparison *c);

/* For kvant diff: a paragraph, and a table of the turns that look different. */
bool session_comparison_print(const app_context *app, const session_comparison *c, int64_t a, int64_t b, fault *f);
cJSON *session_comparison_json(const session_comparison *c);

#endif
