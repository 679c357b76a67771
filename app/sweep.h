/* sweep.h - many configs on one model and text, several at once, resumable.
 *
 * A sweep begins with `identity`, alone: unless its KLD is exactly 0, its change of perplexity exactly 0 and its top-1
 * agreement 100 %, something below the codecs is wrong and no other number would mean anything. Then every config that
 * the database does not have yet is run, `jobs` at a time. A config that fails is a row like any other and the sweep
 * goes on.
 */
#ifndef KVANT_APP_SWEEP_H
#define KVANT_APP_SWEEP_H

#include "app/grid.h"
#include "app/lab.h"

typedef struct sweep {
    lab *lab;
    int jobs;   /* workers; 1 ... CREW_MOST */
    bool force; /* run also what the database has */
    void *self;
    /* Told each row as it comes, in the order in which runs end; ran: false when the database had it. May be NULL. */
    void (*row)(void *self, const store_run *run, bool ran);
} sweep;

typedef struct sweep_count {
    size_t ran, had, failed;
} sweep_count;

/* False with a fault: an interruption (what is done is kept), bad input, or an identity that is none. */
bool sweep_run(const sweep *s, const grid_configs *configs, sweep_count *count, fault *f);

/* Whether a run of identity came out exact, so that other runs of its set mean anything; else a fault that says what it
 * was. Sweeps and recipes begin with it. */
bool sweep_is_exact(const store_run *identity, fault *f);

#endif
