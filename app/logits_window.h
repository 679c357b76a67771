/* logits_window.h - the reference's and a config's logits of a passage, compared a few rows at a time.
 *
 * Both sides' logits are made from states (engine/forward.h) when their turn comes and forgotten after: memory for them
 * is two windows, whatever the context and the number of scored positions. A window is LOGITS_WINDOW bytes or 64 rows,
 * whichever is more; of a small vocabulary that is a whole passage at once. Between passages, while caches stand, there
 * is none.
 *
 *     logits_window w;
 *     logits_window_set(&w, engine, rows);
 *     per passage: logits_window_compare(&w, &scores, i, &exact, states, next, &f);
 */
#ifndef KVANT_APP_LOGITS_WINDOW_H
#define KVANT_APP_LOGITS_WINDOW_H

#include "app/evaluate.h"
#include "app/metrics.h"
#include "app/reference.h"
#include "app/stopwatch.h"

#define LOGITS_WINDOW REFERENCE_LOGITS

typedef struct logits_window {
    engine *e;
    size_t rows;
    double seconds;   /* spent on the config's logits so far */
    int32_t *said;    /* what the config would say at each scored position of the passage; NULL: nobody asks */
    stopwatch *spent; /* is told logits and statistics apart; NULL: nobody asks */
    /* Told before each window that this is a codec's stage: logits that are not finite are the config's fault, and
     * those of a long passage take minutes. NULL: nobody waits. */
    const evaluate_watch *watch;
    float *exact, *config; /* within logits_window_compare: rows x n_vocab; exact where a reference has only states */
} logits_window;

/* For passages of at most `rows` scored positions. */
void logits_window_set(logits_window *w, engine *e, size_t rows);

/* Adds a passage to the metrics. states: the config's, one row for each scored position; next: the tokens they should
 * predict. Faults as metrics_add. */
bool logits_window_compare(logits_window *w, metrics *m, int passage, const reference *exact, const float *states,
                           const int32_t *next, fault *f);

#endif
