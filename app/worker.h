/* worker.h - runs in processes of their own, so that a codec that crashes or hangs costs its run and nothing else.
 *
 * The front starts `kvant worker`, writes one job as a line of JSON to its stdin, and reads events, one JSON object per
 * line, from its stdout:
 *     {"event":"stage","stage":"codec","passage":0,"layer":3}
 *     {"event":"progress","what":"evaluating","done":3,"total":32,"kld":0.01,"kept":true}
 *     {"event":"started","so_far":{...}}      the job is sound; app/job.h
 *     {"event":"result","result":{...}}
 *     {"event":"fault","code":3,"text":...}
 * What codecs print goes to the worker's stderr, whose last lines are kept for the reason of a failure. A worker ends
 * with its front. The worker itself must be trusted no more than its codecs: whatever it sends is checked.
 *
 * One process may have many:
 *
 *     worker *w = worker_start(&options, &job, &f);
 *     while (!worker_take(w)) {                        never waits
 *         worker_poll(w, fds);                         3 descriptors
 *         poll(fds, 3, worker_patience(w));
 *     }
 *     switch (worker_finish(w, &result, phase, &f)) ...
 */
#ifndef KVANT_APP_WORKER_H
#define KVANT_APP_WORKER_H

#include <poll.h>

#include "app/job.h"

typedef struct worker worker;

typedef struct worker_options {
    const char *executable;
    double seconds; /* a codec that shows no progress for this long is taken to hang; outside the codecs' steps, where
                       one passage's reference may take long, it is WORKER_PATIENCE times as much */
    void *self;
    void (*log)(void *self, const char *text); /* what the worker wrote to stderr, as it came; may be NULL */
} worker_options;

enum { WORKER_PHASE = 64, WORKER_FDS = 3, WORKER_PATIENCE = 10 };

/* Starts a process for one job; *options is copied. NULL with a fault when there can be none. */
worker *worker_start(const worker_options *options, const job *j, fault *f);

/* What poll should wait for: WORKER_FDS entries, those that are closed with fd -1; and how long at most, in ms. */
void worker_poll(const worker *w, struct pollfd fds[WORKER_FDS]);
int worker_patience(const worker *w);

/* Takes what has come, kills what hangs. Never waits. True: it has ended, nothing more will come. */
bool worker_take(worker *w);

/* Asks it to stop, and after two seconds makes it (worker_take does). */
void worker_stop(worker *w);

typedef struct worker_view {
    int64_t pid;
    char what[64]; /* the step as it calls it: "sampling the text", "evaluating"; "" before the first */
    uint64_t done, total;
    double kld;        /* so far, NaN: not known */
    double what_since; /* seconds of base/clock.h, as the next */
    char stage[16];    /* "setup", "reference", "codec", "summary"; "" before the first */
    double stage_since;
    int passage, layer; /* -1: none */
    bool stopped;       /* by a signal; it may go on */
    bool kept;          /* a passage is done, and every reference so far came from disk */
} worker_view;

/* How far it has come; stands until the worker is finished. */
const worker_view *worker_now(const worker *w);

typedef enum worker_outcome {
    WORKER_DONE,   /* *out is the result */
    WORKER_FAILED, /* the config's fault: *out says what was run, *f why it failed and `phase` where */
    WORKER_KILLED, /* it came to its end in no codec's step and without a word: ended by someone or something else (a
                      person, the system for want of memory), or broken by what a codec did before. *f and phase say
                      what is known, *out what was run as far as that had been settled (model_id "": it had not) */
    WORKER_FAULT,  /* bad input, interruption or our own fault: *f; there is no run to keep */
} worker_outcome;

/* Waits for the process, which goes if it is still there, and frees w. The caller releases *out in every case. */
worker_outcome worker_finish(worker *w, job_result *out, char phase[WORKER_PHASE], fault *f);

/* The other end, `kvant worker`: reads a job from fd `in`, evaluates it, writes events to stdout. Returns the exit
 * status. cancelled: asked some times a second. */
int worker_serve(int in, bool (*cancelled)(void *self), void *self);

#endif
