/* stopwatch.h - where the time of a run goes.
 *
 * The thread that leads a run is in exactly one phase at any moment, and says so when it enters another; its pool works
 * for the phase it is in. So the phases add up to the whole, in seconds as they pass and in processor seconds of all
 * threads. Of the codecs' phase the parts are known from the codecs themselves.
 *
 *     stopwatch w;
 *     stopwatch_start(&w, threads);
 *     stopwatch_follow(&w, crew);
 *     stopwatch_phase before = stopwatch_enter(&w, STOPWATCH_REFERENCE);
 *     ...
 *     stopwatch_enter(&w, before);
 *     stopwatch_follow(&w, NULL);
 *     stopwatch_stop(&w);
 *     stopwatch_show(stdout, &w);
 *
 * [one thread]
 */
#ifndef KVANT_APP_STOPWATCH_H
#define KVANT_APP_STOPWATCH_H

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/pool.h"

typedef enum stopwatch_phase {
    STOPWATCH_OPENING,    /* the process, codecs (dlopen), model, tokenizer */
    STOPWATCH_TEXT,       /* sampling it from the model, or tokens from a file */
    STOPWATCH_REFERENCE,  /* the exact cache's logits, computed */
    STOPWATCH_KEPT,       /* the same, read from disk */
    STOPWATCH_LEARNING,   /* codecs opened for each stream, and calibrated */
    STOPWATCH_CODECS,     /* rows through the codecs, counted and compared */
    STOPWATCH_GEMM,       /* the config's forward pass: products with weights */
    STOPWATCH_ATTENTION,  /* keys packed and rotated, scores, softmax, mix */
    STOPWATCH_ROWS,       /* norms, gates, embeddings, sums */
    STOPWATCH_LOGITS,     /* the product with the vocabulary */
    STOPWATCH_STATISTICS, /* log-softmax, KLD, ranks */
    STOPWATCH_SUMMARY,    /* intervals, the report */
    STOPWATCH_CLOSING,
    STOPWATCH_FRONT, /* what the worker does not see: the front, the database, processes that begin and end */
    STOPWATCH_PHASES
} stopwatch_phase;

typedef struct stopwatch_seconds {
    double passed, worked; /* by the clock; of all threads' processors */
} stopwatch_seconds;

typedef struct stopwatch {
    stopwatch_seconds in[STOPWATCH_PHASES];
    double encode, decode; /* processor seconds of the codecs, within CODECS (and what learning there is in encode) */
    int threads;           /* 0: nothing was measured */
    int runs;
    stopwatch_phase now;
    stopwatch_seconds since;
    const pool *crew; /* or NULL */
} stopwatch;

/* What the process has worked so far counts as opening. threads: 0 for a front, which only adds. */
void stopwatch_start(stopwatch *w, int threads);

/* Of a front, which adds to it what its workers measured: all else that has passed since it was started, and that this
 * process and its children have worked, is the front's. */
void stopwatch_rest(stopwatch *w);

/* From now on counts what the caller and this pool work, each by its own clock, so that phases shorter than the
 * system's ticks have what is theirs; NULL, and before: all of the process. The pool has to live as long. w may be
 * NULL. */
void stopwatch_follow(stopwatch *w, const pool *crew);

/* Returns the phase it was in. w may be NULL: nothing happens. */
stopwatch_phase stopwatch_enter(stopwatch *w, stopwatch_phase next);
void stopwatch_stop(stopwatch *w);

/* Adds what another one measured. */
void stopwatch_add(stopwatch *to, const stopwatch *w);

/* A table: seconds, shares, and how many of the threads were at work. */
void stopwatch_show(FILE *to, const stopwatch *w);

/* NULL without memory. From JSON: false when it is none; what is absent is 0. */
cJSON *stopwatch_to_json(const stopwatch *w);
bool stopwatch_from_json(const cJSON *json, stopwatch *w);

#endif
