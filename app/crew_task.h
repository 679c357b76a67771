/* crew_task.h - one run of a crew, from the queue to its row.
 *
 * A worker that is killed by someone else, or breaks outside the codecs' steps, costs its run a second try, not its
 * row; the second time the run has failed. A database that another process keeps locked is tried again for
 * TASK_STORE_S seconds, so that nothing finished is lost; the other workers go on meanwhile.
 */
#ifndef KVANT_APP_CREW_TASK_H
#define KVANT_APP_CREW_TASK_H

#include <time.h>

#include "app/lab.h"
#include "app/worker.h"

enum { TASK_STORE_S = 60, TASK_HURRY_S = 3 };

/* Runs that share a reference: one model, text, protocol and sizes. */
typedef struct crew_kind {
    struct crew_kind *next;
    char id[HASH_HEX];
    bool warm;           /* the reference is on disk, or never kept: all may run at once */
    const void *leader;  /* the task that computes it now */
    job_result identity; /* of a run that came to its end, without layers and blocks; model_id "": none has */
} crew_kind;

/* The kind's identity. */
void crew_kind_id(const job *j, char id[HASH_HEX]);

typedef struct crew_task {
    struct crew_task *next;
    lab *lab;
    const config *config;
    char *label;
    void *tag;
    crew_kind *kind;
    int tries, slot;
    job *job;       /* while it is at work, as the next three */
    worker *worker; /* NULL: what came of it waits to be stored */
    int64_t pid;    /* of the newest worker */
    time_t started;
    double begun;      /* seconds of base/clock.h */
    job_result result; /* until it is stored, as the next three */
    char phase[WORKER_PHASE];
    double store_until;
    bool locked; /* someone else has the database */
    void *log_self;
    void (*log)(void *self, const char *text); /* for what is to be said meanwhile */
    time_t finished;
    lab_run run;
    fault fault; /* code not 0: there is no row */
} crew_task;

typedef enum task_state {
    TASK_WORKS, /* or waits for the database */
    TASK_AGAIN, /* to be started once more */
    TASK_ENDED, /* run, or fault */
} task_state;

/* NULL without memory. The kind is the caller's to find. */
crew_task *crew_task_create(lab *l, const config *c, const char *label, void *tag, fault *f);
void crew_task_free(crew_task *t); /* also one that works: it is ended. NULL is fine */

/* False with t->fault: the task has ended. */
bool crew_task_start(crew_task *t, int threads, void *self, void (*log)(void *self, const char *text));

/* Takes what has come. Never waits longer than some ms. hurry: a lock on the database is waited for less long. */
task_state crew_task_step(crew_task *t, bool hurry);

#endif
