/* worker_events.h - what a worker says, taken apart and checked. */
#ifndef KVANT_APP_WORKER_EVENTS_H
#define KVANT_APP_WORKER_EVENTS_H

#include "app/worker.h"

typedef struct worker_events {
    char *line; /* an event that has not ended yet */
    size_t used, room;
    worker_view now;
    double last;                 /* when the last event came */
    bool started, done, faulted; /* it said so */
    job_result result;           /* what is known of the run so far */
    fault fault;                 /* what it reported */
} worker_events;

/* Room for at least `more` further bytes at line + used; NULL when there is no memory or the event is too long. */
char *worker_events_room(worker_events *e, size_t more);

/* n bytes have been put there: takes the events that are whole now. */
void worker_events_take(worker_events *e, size_t n);

void worker_events_release(worker_events *e);

#endif
