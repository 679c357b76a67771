/* events.h - what a command tells the screen it was started from.
 *
 * The screen runs every command as a child with $KVANT_EVENTS naming an open file descriptor; the command writes one
 * JSON object per line to it while it works:
 *     {"event":"whole","what":"sweep","done":3,"total":20,"failed":1}
 *     {"event":"worker","slot":0,"pid":4711,"label":"turbo4","what":"evaluating","done":7,"total":32,"unit":"passages",
 *      "kld":0.01,"tokens_per_s":5100,"left_s":12.5,"state":"running"}
 *     {"event":"run","id":12,"done":true}
 * Without $KVANT_EVENTS all of the writing functions do nothing, so that commands need not ask. A reader that has gone
 * is no error. What is read is checked: it comes from another process.
 *
 *     events_open(&app->events);
 *     events_worker(&app->events, &w);                 at most ten times a second and slot, but for changes of state
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_EVENTS_H
#define KVANT_APP_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

enum { EVENTS_SLOTS = 64, EVENTS_LABEL = 192, EVENTS_WORD = 32 };

typedef enum worker_state { WORKER_RUNNING, WORKER_STOPPED /* by a signal; it may go on */, WORKER_ENDED } worker_state;

typedef struct event_worker {
    int slot; /* 0 ... EVENTS_SLOTS-1: the line it has on the screen */
    int64_t pid;
    char label[EVENTS_LABEL]; /* the config */
    char what[EVENTS_WORD];   /* the step: "reference", "evaluating" ... */
    char unit[EVENTS_WORD];   /* of done and total */
    uint64_t done, total;     /* total 0: not known */
    double kld;               /* so far; NaN: not known, as the next two */
    double tokens_per_s, left_s;
    worker_state state;
} event_worker;

typedef struct event_whole {
    char what[EVENTS_WORD]; /* "sweep", "recipe" */
    uint64_t done, total, failed;
} event_whole;

typedef struct event_run {
    int64_t id;
    bool done; /* else failed */
} event_run;

typedef struct events {
    int fd;                    /* -1: no one listens */
    double told[EVENTS_SLOTS]; /* when a slot was last written, seconds of a steady clock */
    event_worker last[EVENTS_SLOTS];
} events;

/* Takes the descriptor from the environment and removes it there, so that children of the command do not inherit it. */
void events_open(events *e);

void events_worker(events *e, const event_worker *w);
void events_whole(events *e, const event_whole *w);
void events_run(events *e, const event_run *r);

typedef enum event_kind { EVENT_NONE, EVENT_WORKER, EVENT_WHOLE, EVENT_RUN } event_kind;

typedef struct event {
    event_kind kind;
    union {
        event_worker worker;
        event_whole whole;
        event_run run;
    };
} event;

/* Reads one line, without its newline. EVENT_NONE for anything that is no event; numbers out of range are such. */
event_kind event_parse(const char *line, event *out);

#endif
