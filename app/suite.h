/* suite.h - what perplexity cannot see: tasks put to a model with a config's cache and with the exact one.
 *
 *     needle      keys hidden in a haystack, one asked for; chains of names to follow
 *     session     a long working conversation, turn by turn
 *     prompts     ten tasks, each with a checker
 *     trajectory  greedy continuations, and how long they stay together
 *     attention   attention's weights and outputs, head by head
 *
 * A suite is run like any config: a job with a suite in it goes to a worker and comes back as a run, stored with the
 * protocol `stream`, a text whose identity is everything the suite puts to the model, and its items: cells, turns,
 * prompts, heads. The run's KLD, perplexity and top-1 are those of the config forced through what the reference said
 * (attention: through the text), so suites compare, plot and sort like other runs; its score is the suite's own.
 *
 * The options of a suite are the command's (app/commands_suite.c) and travel as text, "turns=50 tokens=24": all of
 * them, defaults too, so that a row says what was asked. This header is both for the front and the worker; who writes a
 * suite reads app/suite_work.h.
 */
#ifndef KVANT_APP_SUITE_H
#define KVANT_APP_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    SUITE_NAME = 16,
    SUITE_OPTIONS = 512,
    SUITE_LIST = 32, /* numbers in one option */
    SUITE_LABEL = 64,
    SUITE_NOTE = 128,
    SUITE_SAID = 512,
};

#define SUITE_FLAG "on" /* the value of an option that has none */

/* One cell, turn, prompt, continuation or head. Numbers that mean nothing here, or could not be measured, are NaN.
 *
 * needle: label: its kind; x: length in tokens; y: depth 0 to 1; score: the share of trials that is found, NaN
 * where the reference finds none.
 *
 * session: label: phase; x: turn, from 1; score: quality of what was said, 0 to 1; second: drop below what was
 * expected.
 *
 * prompts: label: name; x: number, from 1; score: 1 passed, 0 not.
 *
 * trajectory: x: number, from 1; score: tokens in common; score_ref: the reference's tokens; second: the config's.
 *
 * attention: x: layer; y: query head; score: mean cosine of weights; second: of outputs.
 */
typedef struct suite_item {
    char label[SUITE_LABEL];
    double x, y;
    uint64_t n; /* scored positions */
    double score_ref, score, second;
    double kld;            /* mean over them */
    double agreement;      /* percent of them with the same argmax */
    char note[SUITE_NOTE]; /* what should be looked at: "degraded", why a checker says no; or "" */
    char said_ref[SUITE_SAID], said[SUITE_SAID]; /* as it begins, UTF-8; or "" */
} suite_item;

typedef struct suite suite; /* app/suite_work.h */

/* NULL when there is none of this name. [any thread] */
const suite *suite_named(const char *name);
bool suite_uses_text(const suite *s); /* --text means something to it */

/* A row's text is called "needle: self", or just "session" when the suite has its own; a plain run's is the text's
 * name.
 */
void suite_text_name(const char *suite_name, const char *text, char *name, size_t size);

/* The text a row's name was made of: "self"; NULL for a suite that has its own. */
const char *suite_plain_text(const char *suite_name, const char *name);

/* ---- options as text: "turns=50 lengths=256,512" ---- */

/* The option's value as text; a number, or a list of numbers (their count), that is missing or malformed, or out of
 * range, is a fault that names it. */
bool suite_option_text(const char *options, const char *name, char value[SUITE_OPTIONS], fault *f);
bool suite_option_int(const char *options, const char *name, int min, int max, int *value, fault *f);
int suite_option_list(const char *options, const char *name, double min, double max, double values[SUITE_LIST],
                      fault *f);

/* The next option at *at: its name and value, cut out; false at the end. For who writes the command line again. */
bool suite_option_next(const char *options, size_t *at, char name[32], char value[SUITE_OPTIONS]);

#endif
