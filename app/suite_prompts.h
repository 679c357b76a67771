/* suite_prompts.h - tasks with checkers that can fail: the lists of the suite `prompts`.
 *
 * Ten for models that chat, one per category of work, each with an exact answer, a structure that is parsed, code that
 * is run, lines and words that are counted; and ten beginnings for models that only continue text. A checker says why
 * it is not content. All is data and pure functions. [any thread]
 */
#ifndef KVANT_APP_SUITE_PROMPTS_H
#define KVANT_APP_SUITE_PROMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/suite.h"

enum { PROMPTS = 10, PROMPT_TURNS = 9 };

/* Writes a sentence about what is wrong and returns false; true: the answer passes. */
typedef bool (*prompt_check)(const char *answer, char why[SUITE_NOTE]);

typedef struct prompt_turn {
    const char *user, *answer;
} prompt_turn;

typedef struct prompt {
    const char *name;
    const char *text; /* {log}: a long text of no interest stands there */
    int log;          /* tokens of it, at most; a short context has less */
    int most;         /* tokens of an answer */
    prompt_check passes;
    prompt_turn before[PROMPT_TURNS + 1]; /* of the conversation; user NULL ends them */
} prompt;

extern const prompt prompts_chat[PROMPTS], prompts_base[PROMPTS];

/* The i-th entry of a keeper's log, the filler: one line of some 25 words. Returns its length, as snprintf. */
int prompt_log_entry(int i, char *text, size_t size);

#endif
