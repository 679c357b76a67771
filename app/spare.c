#include "app/spare.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

/* One call of spare_spread, on its caller's stack. All of it is under the lock. */
typedef struct spread {
    struct spread *next;
    void (*part)(void *arg, size_t i);
    void *arg;
    size_t n, taken;
    int helpers; /* other threads that are at its parts */
    double seconds;
} spread;

struct spare {
    pthread_mutex_t lock;
    pthread_cond_t work; /* parts are there to be taken, or all tasks are done */
    pthread_cond_t left; /* the last helper of some spread has left it */
    spread *open;        /* those with parts that nobody has taken */
    pool_task task;
    void *arg;
    size_t n, begun, finished; /* tasks of this spare_run */
};

spare *spare_open(fault *f)
{
    spare *s = calloc(1, sizeof *s);
    if (!s) {
        fault_memory(f, "the threads");
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->left, NULL);
    return s;
}

void spare_close(spare *s)
{
    if (!s) return;
    pthread_cond_destroy(&s->left);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void unlink_spread(spare *s, const spread *w)
{
    spread **at = &s->open;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
}

/* Under the lock, which is given up while a part runs. Who takes the last part takes w off the list. */
static void take_parts(spare *s, spread *w)
{
    while (w->taken < w->n) {
        const size_t i = w->taken++;
        if (w->taken == w->n) unlink_spread(s, w);
        pthread_mutex_unlock(&s->lock);
        w->part(w->arg, i);
        pthread_mutex_lock(&s->lock);
    }
}

double spare_spread(spare *s, size_t n, void (*part)(void *arg, size_t i), void *arg)
{
    if (n == 1) part(arg, 0);
    if (n <= 1) return 0.0;
    spread w = { .part = part, .arg = arg, .n = n };
    pthread_mutex_lock(&s->lock);
    w.next = s->open;
    s->open = &w;
    pthread_cond_broadcast(&s->work);
    take_parts(s, &w);
    while (w.helpers > 0)
        pthread_cond_wait(&s->left, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return w.seconds;
}

/* Under the lock. */
static void help_with(spare *s, spread *w)
{
    const double start = clock_thread();
    w->helpers++;
    take_parts(s, w);
    w->seconds += clock_thread() - start;
    if (--w->helpers == 0) pthread_cond_broadcast(&s->left);
}

/* Under the lock: until all tasks, which others have begun, are done. */
static void help(spare *s)
{
    while (s->finished < s->n) {
        if (s->open)
            help_with(s, s->open);
        else
            pthread_cond_wait(&s->work, &s->lock);
    }
}

/* What each thread does: tasks while there are any, then parts. */
static void work_then_help(void *arg, size_t i, int thread)
{
    (void)i;
    spare *s = arg;
    pthread_mutex_lock(&s->lock);
    while (s->begun < s->n) {
        const size_t task = s->begun++;
        pthread_mutex_unlock(&s->lock);
        s->task(s->arg, task, thread);
        pthread_mutex_lock(&s->lock);
        if (++s->finished == s->n) pthread_cond_broadcast(&s->work);
    }
    help(s);
    pthread_mutex_unlock(&s->lock);
}

void spare_run(spare *s, pool *crew, size_t n_tasks, pool_task task, void *arg)
{
    s->task = task;
    s->arg = arg;
    s->n = n_tasks;
    s->begun = s->finished = 0;
    pool_run(crew, (size_t)pool_threads(crew), work_then_help, s);
}
