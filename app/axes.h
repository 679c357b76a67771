/* axes.h - what the axes of a plot are called, and which metric comes after which. */
#ifndef KVANT_APP_AXES_H
#define KVANT_APP_AXES_H

#include <stdbool.h>
#include <stddef.h>

#include "db/store.h"

/* "mean KLD, nats (less is better)" */
void axes_title(const store_metric *m, char *text, size_t capacity);

/* What the keys for axes choose next: across, of what is saved and spent, upward, of what is lost. Each goes through
 * its half of store_metrics, the most asked for first; a metric of the other half is followed by the first. */
const store_metric *axes_next(const store_metric *now, bool upward);

#endif
