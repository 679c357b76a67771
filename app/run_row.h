/* run_row.h - the row of a run: from what was asked and what a worker sent to the database. */
#ifndef KVANT_APP_RUN_ROW_H
#define KVANT_APP_RUN_ROW_H

#include <time.h>

#include "app/lab.h"

/* How a run came to its end. */
typedef struct run_end {
    bool done; /* else it failed: */
    const char *reason, *phase;
    time_t started, finished;
} run_end;

/* Stores the run of config c that was asked for as j. r must say at least what was run (model_id not ""). */
bool run_row_store(lab *l, const job *j, const config *c, const job_result *r, const run_end *end, int64_t *id,
                   fault *f);

#endif
