/* pool.h - a fixed crew of threads that share out numbered tasks.
 *
 * Tasks are numbered and independent: which thread takes which is left to chance, so a task must write only what
 * belongs to its number. Then the result is the same for any number of threads. Thread i begins with the i-th part of
 * the tasks and then helps the others.
 *
 * Rounds that follow each other closely wake nobody: who has nothing to do looks for the next round for up to 50
 * microseconds before it sleeps, less where that was in vain, and not at all where threads outnumber processors or the
 * system is crowded: its load is more than two for each processor. That is asked when a pool is made, and again while
 * it runs rounds, at most once a second.
 *
 *     pool *crew = pool_create(2, &f);
 *     pool_run(crew, n_rows, square_row, &work);      returns when all tasks are done
 *     pool_destroy(crew);
 */
#ifndef KVANT_BASE_POOL_H
#define KVANT_BASE_POOL_H

#include <stddef.h>

#include "base/fault.h"

typedef struct pool pool;

/* task: 0 … n_tasks-1; thread: 0 … pool_threads-1, for per-thread scratch space. */
typedef void (*pool_task)(void *arg, size_t task, int thread);

/* threads: 1 … 256, the calling thread included. */
pool *pool_create(int threads, fault *f);
void pool_destroy(pool *p);
int pool_threads(const pool *p);

/* Whether who waits now looks before it sleeps. [any thread] */
bool pool_spins(const pool *p);

/* Processor seconds of the caller and of the pool's threads since each began, exact at this moment: the process's own
 * clock hears of a thread that runs elsewhere some hundred times a second only. [the thread that calls pool_run] */
double pool_worked(const pool *p);

/* Processors this process may use, 1 to 256. */
int pool_processors(void);

/* Runs all tasks and returns when the last is done. Not reentrant: a task must not call pool_run on its own pool.
 * [one caller at a time] */
void pool_run(pool *p, size_t n_tasks, pool_task task, void *arg);

#endif
