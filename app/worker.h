/* worker.h - runs in processes of their own, so that a codec that crashes or hangs costs its run and nothing else.
 *
 * The front starts `kvant worker`, writes one job as a line of JSON to its stdin, and reads events, one JSON object per
 * line, from its stdout:
 *     {"event":"stage","stage":"codec","passage":0,"layer":3}
 *     {"event":"progress","what":"evaluating","done":3,"total":32,"kld":0.01}
 *     {"event":"started","so_far":{...}}      the job is sound; app/job.h
 *     {"event":"result","result":{...}}
 *     {"event":"fault","code":3,"text":...}
 * What codecs print goes to the worker's stderr, whose last lines are kept for the reason of a failure. A worker ends
 * with its front. The worker itself must be trusted no more than its codecs: whatever it sends is checked.
 */
#ifndef KVANT_APP_WORKER_H
#define KVANT_APP_WORKER_H

#include "app/job.h"

typedef struct worker_options {
    const char *executable;
    double seconds; /* a codec that shows no progress for this long is taken to hang */
    void *self;     /* for the functions below, each of which may be NULL */
    void (*progress)(void *self, const char *what, uint64_t done, uint64_t total, double kld);
    void (*log)(void *self, const char *text); /* what the worker wrote to stderr, as it came */
    bool (*cancelled)(void *self);             /* asked some times a second */
} worker_options;

typedef enum worker_outcome {
    WORKER_DONE,   /* *out is the result */
    WORKER_FAILED, /* the codec's fault: *out says what was run, *f why it failed and `phase` where */
    WORKER_FAULT,  /* bad input, interruption or our own fault: *f; there is no run to keep */
} worker_outcome;

enum { WORKER_PHASE = 64 };

/* Runs one job. The caller releases *out in every case. [any thread; starts a process] */
worker_outcome worker_run(const worker_options *options, const job *j, job_result *out, char phase[WORKER_PHASE],
                          fault *f);

/* The other end, `kvant worker`: reads a job from fd `in`, evaluates it, writes events to stdout. Returns the exit
 * status. cancelled: as above. */
int worker_serve(int in, bool (*cancelled)(void *self), void *self);

#endif
