/* thread.h - a thread beside the main one.
 *
 *     int failed = thread_begin(&id, look, w);      an error number; 0: it runs, and pthread_join waits for it
 */
#ifndef KVANT_BASE_THREAD_H
#define KVANT_BASE_THREAD_H

#include <pthread.h>

/* Signals that are sent to the process are left to the other threads: the main one may be waiting for one. Those that
 * an instruction causes are not: who restores the terminal when a program crashes is told of a crash in any thread. */
int thread_begin(pthread_t *id, void *(*run)(void *arg), void *arg);

#endif
