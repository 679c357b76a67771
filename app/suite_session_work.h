/* suite_session_work.h - the parts of the suite `session` (app/suite_session.c), in the order they are used.
 *
 * A session is questions, known before anything is run, and answers. The reference's session is its transcript: greedy
 * answers with the whole history before each. Twice it meets the config: the transcript is forced through the config's
 * cache, which gives KLD and agreement turn by turn in one pass; and the config holds the session by itself, with its
 * own answers in the history, which gives the qualities.
 */
#ifndef KVANT_APP_SUITE_SESSION_WORK_H
#define KVANT_APP_SUITE_SESSION_WORK_H

#include "app/suite_work.h"
#include "engine/token_list.h"

/* ---- what is asked (suite_session_plan.c) ---- */

typedef struct session_plan {
    int asked;       /* turns wanted */
    int turns;       /* of them, those for which the context has room, however long the answers get */
    int most;        /* tokens of one answer */
    bool plain;      /* no conversation: sentences begun */
    token_list text; /* all questions; each begins with what closes the answer before */
    size_t *from;    /* turns + 1: where they begin */
} session_plan;

/* turns, tokens: the options; tokens 0: what the context leaves, 8 ... 256. A context in which not one turn fits is a
 * fault. *plan is released also on failure. */
bool session_plan_make(const suite_work *w, int turns, int tokens, session_plan *plan, fault *f);
void session_plan_release(session_plan *plan);

/* Positions the longest session takes. */
int session_plan_room(const session_plan *plan);

/* ---- what is said (suite_session_talk.c) ---- */

/* One answer: n tokens, and the token that ended it, or -1; room for `most` tokens. */
typedef struct session_answer {
    int32_t n, end;
    const int32_t *tokens;
} session_answer;

typedef struct session_said {
    int32_t *data; /* per turn: n, end, most tokens */
} session_said;

session_answer session_said_at(const session_plan *plan, const session_said *said, int turn);
void session_said_release(session_said *said);

/* The reference's session: from the shelf, or held now and kept under key. */
bool session_reference(suite_work *w, const session_plan *plan, const char key[HASH_HEX], session_said *said, fault *f);

/* Where a config leaves the reference's words: before token `token` of turn `turn`; turn == turns: nowhere. */
typedef struct session_leaving {
    int turn, token;
} session_leaving;

/* The config's session, which is the reference's up to where it leaves. */
bool session_own(suite_work *w, const session_plan *plan, const session_said *exact, session_leaving leaving,
                 session_said *said, fault *f);

/* Reads a turn, question and answer. states: room for most + 1 rows of `width` (n_embd), of which what was predicted
 * for each token of the answer and for what followed it is made; or NULL. */
bool session_read_turn(generation *g, const session_plan *plan, const session_said *said, int turn, float *states,
                       size_t width, fault *f);

/* Scored positions of a turn, and what they should predict (room for most + 1). */
int session_rows(const session_plan *plan, const session_said *said, int turn, int32_t *next);

/* ---- the transcript forced through the config (suite_session_force.c) ---- */

/* Adds an item per turn, with KLD and agreement, and says where the config would have left. */
bool session_force(suite_work *w, const session_plan *plan, const session_said *said, const char key[HASH_HEX],
                   session_leaving *leaving, fault *f);

/* ---- how it looks (suite_session_judge.c) ---- */

/* Fills the items' qualities, drops, notes and words, and tells of alerts in w->out->warning. */
bool session_judge(suite_work *w, const session_plan *plan, const session_said *exact, const session_said *own,
                   fault *f);

#endif
