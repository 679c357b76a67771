/* suite_needle_task.h - what is hidden in a haystack and what is asked: the words of the suite `needle`.
 *
 *     single   one note; shown, never ranked, because every cache that is not broken finds it
 *     several  notes of several people's keys, each beside one whose name and key differ in one character
 *     marked   notes that say what to forget, and one that says what to remember: which was it?
 *     chain    "Let K = 4821." "Let Q = K." "Let V = Q.": what is V?
 *
 * The notes of `marked` are all but alike: one character of the name, another person, another thing. Beside a chain
 * stands a second one whose value differs in one digit.
 *
 * The answer's first words are put into the model's mouth (`lead`), so that it must go on with the key itself. A model
 * without a chat template is asked for a single note's words, not its number: small ones can do that.
 *
 * Everything is a pure function of the seed. [any thread]
 */
#ifndef KVANT_APP_SUITE_NEEDLE_TASK_H
#define KVANT_APP_SUITE_NEEDLE_TASK_H

#include <stdbool.h>
#include <stdint.h>

enum { NEEDLE_NOTES = 20, NEEDLE_KINDS = 4 };

typedef struct needle_note {
    double depth; /* 0 … 1: where it stands in the haystack */
    char text[64];
} needle_note;

typedef struct needle_task {
    needle_note notes[NEEDLE_NOTES]; /* the first is the one that is asked for, or where its chain begins */
    int n_notes;
    char question[192];
    char lead[64]; /* how the answer begins */
    char key[64];  /* and how it must go on */
} needle_task;

typedef struct needle_asked {
    bool chat;
    double depth;
    int length; /* of the haystack, tokens: a longer one holds more notes */
} needle_asked;

typedef struct needle_kind {
    const char *name;
    bool ranked;
    void (*ask)(needle_task *out, const needle_asked *how, uint64_t seed);
} needle_kind;

extern const needle_kind needle_kinds[NEEDLE_KINDS];

/* The answer begins with the key and does not go on with a letter or a digit. Blanks, quotes and emphasis before it are
 * no part of an answer. */
bool needle_found(const char *key, const char *answer);

#endif
