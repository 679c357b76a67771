#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct worker {
    pool *crew;
    int thread;
    pthread_t id;
} worker;

struct pool {
    int n_threads;
    int n_started; /* helpers running, n_threads - 1 when complete */
    worker *workers;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    unsigned long round; /* grows by one with each pool_run */
    int busy;            /* helpers still in the current round */
    bool quit;
    pool_task task;
    void *arg;
    size_t n_tasks;
    atomic_size_t next;
};

static void take_tasks(pool *p, int thread)
{
    size_t i;
    while ((i = atomic_fetch_add(&p->next, 1)) < p->n_tasks)
        p->task(p->arg, i, thread);
}

static void *help(void *arg)
{
    worker *w = arg;
    pool *p = w->crew;
    unsigned long seen = 0;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        while (p->round == seen && !p->quit)
            pthread_cond_wait(&p->work, &p->lock);
        seen = p->round;
        bool quit = p->quit;
        pthread_mutex_unlock(&p->lock);
        if (quit) return NULL;
        take_tasks(p, w->thread);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0) pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->lock);
    }
}

pool *pool_create(int threads, fault *f)
{
    if (threads < 1 || threads > 256) {
        fault_set(f, FAULT_USAGE, "%d threads: expected 1 to 256", threads);
        return NULL;
    }
    pool *p = calloc(1, sizeof *p);
    worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!p || !workers) {
        free(p);
        free(workers);
        fault_memory(f, "the thread pool");
        return NULL;
    }
    p->n_threads = threads;
    p->workers = workers;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    for (int i = 0; i < threads - 1; i++) {
        workers[i] = (worker){ .crew = p, .thread = i + 1 };
        int failed = pthread_create(&workers[i].id, NULL, help, &workers[i]);
        if (failed) {
            fault_set(f, FAULT_INTERNAL, "thread %d of %d cannot start: %s", i + 2, threads, strerror(failed));
            pool_destroy(p);
            return NULL;
        }
        p->n_started++;
    }
    return p;
}

void pool_destroy(pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_started; i++)
        pthread_join(p->workers[i].id, NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}

int pool_threads(const pool *p)
{
    return p->n_threads;
}

void pool_run(pool *p, size_t n_tasks, pool_task task, void *arg)
{
    if (p->n_started == 0 || n_tasks <= 1) {
        for (size_t i = 0; i < n_tasks; i++)
            task(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->task = task;
    p->arg = arg;
    p->n_tasks = n_tasks;
    atomic_store(&p->next, 0);
    p->busy = p->n_started;
    p->round++;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    take_tasks(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->busy > 0)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}
