/* verdict.h - the one place where a run is judged.
 *
 *     ACCEPT★    |Δppl| <= 1 %  and top-1 >= 95 %
 *     ACCEPT     |Δppl| <= 3 %  and top-1 >= 85 %
 *     MARGINAL   |Δppl| <= 10 %
 *     REJECT     otherwise
 *
 * The point estimate gives the verdict; a "?" follows where the 95 % intervals reach into a worse row. Where the
 * reference's own perplexity exceeds 1000 the text says nothing about the model and no verdict is given.
 */
#ifndef KVANT_APP_VERDICT_H
#define KVANT_APP_VERDICT_H

#include "app/metrics.h"

typedef struct verdict {
    char text[16];  /* "ACCEPT*?" …, "NONE" */
    char note[160]; /* a warning, or "" */
} verdict;

/* The star is an asterisk in the text; a screen may draw it as ★. [any thread] */
verdict verdict_of(const run_metrics *m);

#endif
