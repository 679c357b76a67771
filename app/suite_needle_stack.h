/* suite_needle_stack.h - a haystack with its needles, as the model reads it.
 */
#ifndef KVANT_APP_SUITE_NEEDLE_STACK_H
#define KVANT_APP_SUITE_NEEDLE_STACK_H

#include "app/chat.h"
#include "app/suite_needle_hay.h"
#include "app/suite_needle_task.h"

enum { NEEDLE_ANSWER = 16 /* tokens an answer may have */ };

/* What all haystacks of a suite are made with. */
typedef struct needle_place {
    const tokenizer *tokenizer;
    const chat *chat;
    const needle_hay *hay;
} needle_place;

typedef struct needle_stack {
    int32_t *tokens; /* the caller frees them */
    int n;
    char key[64];
} needle_stack;

/* Prompt and answer take exactly `length` positions; seed: where in the text the haystack begins. A length that is too
 * short is a fault that says what it would take. */
bool needle_stack_make(const needle_place *p, const needle_task *t, int length, uint64_t seed, needle_stack *out,
                       fault *f);

/* Positions that needles, question and answer take in a haystack of nothing. */
bool needle_stack_least(const needle_place *p, const needle_task *t, int *least, fault *f);

#endif
