/* suite_work.h - writing a suite: what it is given in the worker, and what it must do.
 *
 * A suite is a row of the table in app/suite.c and two functions. `prepare` makes everything that will be put to the
 * model (tokens: suite_text hands each sequence to the run's identity) and runs no codec; `run` puts it to both caches,
 * adds scored positions to w->scores (app/metrics.h; suite_score) and items, and sets score and score_ref.
 *
 * The reference's work is kept (w->kept) under a key of all it depends on, so that a further config costs the config's
 * part alone: suite_task does that.
 *
 * Stages (evaluate_watch): before codecs work, suite_stage(w, STAGE_CODEC, item), before the exact cache works,
 * STAGE_REFERENCE: a fault in a codec's stage is the config's. Progress: suite_progress after every item.
 */
#ifndef KVANT_APP_SUITE_WORK_H
#define KVANT_APP_SUITE_WORK_H

#include "app/evaluate.h"
#include "app/generation.h"
#include "app/logits_window.h"
#include "app/metrics.h"
#include "app/passages.h"
#include "app/shelf.h"
#include "app/suite.h"
#include "engine/token_list.h"

typedef struct suite_work {
    const job *job; /* suite_options: what was asked; text, seed */
    const evaluate_watch *watch;
    job_result *out;
    const model *model;
    const tokenizer *tokenizer;
    engine *engine;
    const shelf *kept;
    int ctx;                /* positions a sequence may have: --ctx, or the model's context */
    compressor *compressor; /* in run */
    const config *config;
    metrics *scores;
    hash text;       /* of all that is put to the model */
    token_list read; /* of the job's text: passages that were taken from it */
    int item;        /* at work */
    size_t items_room;
} suite_work;

struct suite {
    const char *name; /* the command's; NULL ends the table */
    bool uses_text;
    /* Sets out->passages to the number of sequences that are scored (at least 1), out->text_tokens. *self is released
     * in every case. */
    bool (*prepare)(suite_work *w, void **self, fault *f);
    bool (*run)(suite_work *w, void *self, fault *f);
    void (*release)(void *self);
};

extern const suite suite_needle, suite_session, suite_prompts, suite_trajectory, suite_attention;

/* Finds the job's suite and prepares it; w->out says what is run then. NULL with a fault, and nothing to release. */
const suite *suite_open(suite_work *w, void **self, fault *f);

/* ---- for who writes one ---- */

/* A sequence that will be put to the model: part of the run's identity. */
void suite_text(suite_work *w, const int32_t *tokens, size_t n);

/* Passages of the job's text, for suites that use one: `n` of `length` tokens (app/passages.h). */
bool suite_passages(suite_work *w, int n, int length, passages *out, fault *f);

/* A new item, blank: strings "", numbers NaN, n 0; NULL without memory. Valid until the next. */
suite_item *suite_add_item(suite_work *w, fault *f);

/* For passages of at most `rows` scored positions, in a codec's stage. */
logits_window suite_window(const suite_work *w, size_t rows);

/* Scored positions: the reference's states and the config's (n x n_embd), of which logits are made a few at a time, and
 * the tokens they should predict. item: the number of the item, which is the passage of its blocks. Fills item->n, kld,
 * agreement, and said[n]: what the config would say at each. */
bool suite_score(suite_work *w, int item_index, suite_item *item, const float *exact, const float *states,
                 const int32_t *next, size_t n, int32_t *said, fault *f);

void suite_stage(suite_work *w, evaluate_stage stage, int item);
void suite_progress(const suite_work *w, const char *what, size_t done, size_t total);
bool suite_stopped(const suite_work *w, fault *f); /* true with FAULT_INTERRUPTED */

/* What a person should know of the run, behind what is said already; "" is nothing. */
void suite_warn(suite_work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text of tokens, UTF-8 (broken characters replaced), cut to fit, ended by zero. */
void suite_say(const suite_work *w, const int32_t *tokens, int n, char *to, size_t size);

/* All of the text as the tokens have it, ended by zero, malloc'd: a zero among its bytes is a blank. NULL with a fault.
 */
char *suite_said(const suite_work *w, const int32_t *tokens, int n, fault *f);

/* ---- one task to both caches ---- */

typedef struct suite_task {
    const int32_t *prompt;
    int n_prompt;
    int most; /* tokens of an answer; what does not fit w->ctx is not made */
} suite_task;

typedef struct suite_answers {
    answer reference, config; /* suite_answers_release frees the tokens */
    int common;               /* tokens with which both begin */
} suite_answers;

/* Lets the reference answer, forces the config through its answer (scored as *item, and agreement), and where the
 * config would have said something else lets it go on by itself from there. Both answers end at an end token, which is
 * scored, too. An answer may be empty. */
bool suite_task_run(suite_work *w, int item_index, suite_item *item, const suite_task *task, suite_answers *out,
                    fault *f);
void suite_answers_release(suite_answers *a);

#endif
