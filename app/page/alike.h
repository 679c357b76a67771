/* alike.h - whether two runs can be told apart. */
#ifndef KVANT_APP_PAGE_ALIKE_H
#define KVANT_APP_PAGE_ALIKE_H

#include "db/store.h"

/* Whether runs can be compared on this metric: its value comes from blocks of positions. [any thread] */
bool alike_knows(const store_metric *y);

/* *alike: the 95 % interval of the paired difference of two runs of one set includes zero. False with a fault when
 * their blocks are not the same. [the store's thread] */
bool alike_runs(store *s, const store_run *a, const store_run *b, const store_metric *y, bool *alike, fault *f);

#endif
