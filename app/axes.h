/* axes.h - what the axes of a plot are called. */
#ifndef KVANT_APP_AXES_H
#define KVANT_APP_AXES_H

#include <stddef.h>

#include "db/store.h"

/* "mean KLD, nats (less is better)" */
void axes_title(const store_metric *m, char *text, size_t capacity);

#endif
