/* crew.h - several runs at once, each in a worker process of its own.
 *
 *     crew *c = crew_open(app, 2, &f);
 *     crew_add(c, &l, config, config->text, tag, &f);       as many as there are; they begin in this order
 *     crew_result r;
 *     while (crew_next(c, &r, &f) == CREW_RUN) ...          r.tag, r.run.id: stored, done or failed
 *     crew_close(c);                                        stops what still runs
 *
 * The rows are the same as one after another: results depend neither on the number of workers nor on threads. A worker
 * gets the line's threads divided by the number of workers, at least one, unless --threads is given. Where several jobs
 * need a reference that nobody has computed yet, the first computes it (with all threads, if nothing else is at work)
 * and the others of its kind wait for it, other kinds go on.
 *
 * A worker that is killed by someone else costs its run a second try, and only the second time a failed row, except in
 * a codec's step, where it is the codec's failure at once. What is finished is stored, also where another process keeps
 * the database locked for up to a minute.
 *
 * Progress goes to stderr (one line that is redrawn: all workers in short) and to app->events (a line for each). A
 * worker that is stopped by a signal (SIGSTOP) is shown so and does not count as hung until it has been stopped for
 * --timeout; then it is killed and its run has failed.
 *
 * [main thread]
 */
#ifndef KVANT_APP_CREW_H
#define KVANT_APP_CREW_H

#include "app/lab.h"

typedef struct crew crew;

enum { CREW_MOST = 64 }; /* workers; the slots of events.h */

/* jobs: 1 ... CREW_MOST. NULL without memory. */
crew *crew_open(app_context *app, int jobs, fault *f);

/* Stops the workers that still run (their runs are not stored) and forgets what waits. NULL is fine. */
void crew_close(crew *c);

/* Queues one run. l and cfg must live until crew_next has returned it; label is copied. */
bool crew_add(crew *c, lab *l, const config *cfg, const char *label, void *tag, fault *f);

typedef struct crew_result {
    void *tag;
    lab_run run;
} crew_result;

typedef enum crew_state {
    CREW_RUN,   /* *out is a run that has ended; its row is stored */
    CREW_EMPTY, /* nothing waits and nothing runs */
    CREW_FAULT, /* there is no row: *f, and out->tag says whose (NULL: nobody's, for instance an interruption) */
} crew_state;

/* Waits for the next run to end. An interruption is a fault and stops all workers; the queue stays as it is. */
crew_state crew_next(crew *c, crew_result *out, fault *f);

/* Has this tag's run ended? Never waits: takes what workers have sent so far. For recipes that look before they wait.
 */
bool crew_has(crew *c, const void *tag);

size_t crew_left(const crew *c); /* runs that wait, run, or have ended and were not told yet */

/* What the whole is, for app->events and the progress line: "sweep", and how many runs there will be in all, those that
 * have ended already included. */
void crew_about(crew *c, const char *what, size_t total);

#endif
