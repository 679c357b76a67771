/* suite_session_prompts.h - what is said to the model in a working session: fifty turns about one small program.
 *
 * Five phases of ten turns, one after another: the program is written, debugged, refactored, tested and extended. Each
 * turn has two forms: a message, for models that know conversations, and for models that only go on with a text the
 * beginning of a sentence of a report of the same work. Of those all fifty fit a context of 1024 tokens.
 */
#ifndef KVANT_APP_SUITE_SESSION_PROMPTS_H
#define KVANT_APP_SUITE_SESSION_PROMPTS_H

enum { SESSION_PHASES = 5, SESSION_PHASE_TURNS = 10, SESSION_TURNS = SESSION_PHASES * SESSION_PHASE_TURNS };

typedef struct session_turn {
    const char *chat, *plain;
} session_turn;

/* Turn 0 ... SESSION_TURNS-1. */
const session_turn *session_turn_at(int turn);
const char *session_phase_of(int turn);

/* Standing orders, for conversations. */
const char *session_orders(void);

#endif
