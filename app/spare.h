/* spare.h - threads that have run out of tasks help those that have not.
 *
 * A pool's tasks are numbered, and a task may not run another pool_run on its pool. So one long task leaves the other
 * threads idle: a layer with one kv head has two codecs at work, a codec that pools the heads is one. Through spare_run
 * a task may spread its own work: threads that find no task left wait for such work and share it, until all tasks are
 * done. No thread is ever made for it, none waits for work that only it could do, and tasks may spread within what was
 * spread.
 *
 *     spare *s = spare_open(&f);
 *     spare_run(s, crew, 4, encode_stream, &work);              as pool_run
 *         in encode_stream: spare_spread(s, 512, encode_row, &rows);
 *     spare_close(s);
 */
#ifndef KVANT_APP_SPARE_H
#define KVANT_APP_SPARE_H

#include "base/pool.h"

typedef struct spare spare;

spare *spare_open(fault *f);
void spare_close(spare *s); /* NULL is fine */

/* pool_run whose tasks may spread. [one caller at a time] */
void spare_run(spare *s, pool *crew, size_t n_tasks, pool_task task, void *arg);

/* Runs part(arg, 0 … n-1), in any order, on this thread and on those that are idle in a spare_run meanwhile; returns
 * when all are done. Parts must be independent and each worth some microseconds. Returns the processor seconds that
 * other threads spent on them. [any thread, inside a task of spare_run or not] */
double spare_spread(spare *s, size_t n, void (*part)(void *arg, size_t i), void *arg);

#endif
