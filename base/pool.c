#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"

enum { MOST_THREADS = 256 };

/* A round's tasks are cut into one run of neighbours per thread; who has finished its own takes from the others. So a
 * thread meets the same tasks in the next round of the same shape, and what they read may still be in its cache. */
typedef struct share {
    _Alignas(64) atomic_size_t next;
    size_t end;
} share;

typedef struct worker {
    pool *crew;
    int thread;
    pthread_t id;
} worker;

/* Helpers enter a round through its gate and the caller waits for those inside only: one that the system has not let
 * run keeps nobody waiting. */
#define GATE_OPEN   ((uint64_t)1 << 16)
#define GATE_INSIDE (GATE_OPEN - 1)
#define GATE_ROUND  (GATE_OPEN << 1) /* what the number of the round is counted in */

struct pool {
    int n_threads;
    int n_started; /* helpers running, n_threads - 1 when complete */
    worker *workers;
    share *shares;
    pool_task task;
    void *arg;
    double asked;                       /* when the caller last looked whether there is room to look about in */
    unsigned rounds;                    /* since */
    atomic_bool spins;                  /* each thread can have a processor of its own */
    _Alignas(64) _Atomic uint64_t gate; /* round, whether it is open, helpers inside */
    atomic_bool quit;
    pthread_mutex_t lock; /* for sleeping only */
    pthread_cond_t work, done;
    atomic_int asleep; /* helpers */
    atomic_bool caller_asleep;
};

/* ---- the machine ---- */

int pool_processors(void)
{
    cpu_set_t set;
    const bool told = sched_getaffinity(0, sizeof set, &set) == 0; /* not where there are more than it holds */
    const long n = told ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int)n;
}

/* Where many want to run, a thread that sleeps gets a processor sooner than one that has used up its time looking. */
static bool has_room(int threads)
{
    double load;
    const int processors = pool_processors();
    return threads <= processors && !(getloadavg(&load, 1) == 1 && load > 2 * processors);
}

bool pool_spins(const pool *p)
{
    return atomic_load_explicit(&p->spins, memory_order_relaxed);
}

/* ---- waiting ---- */

/* Rounds follow each other within microseconds while a model generates; waking a thread takes longer than that. So who
 * waits looks for a while before it sleeps, shorter each time that was in vain. */
enum { SPIN_MOST = 50000, SPIN_LEAST = 2000, LOOKS = 16 }; /* nanoseconds; looks between two of the clock */

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

typedef bool (*condition)(const pool *p, uint64_t seen);

static bool look_for(const pool *p, condition met, uint64_t seen, int *patience)
{
    if (met(p, seen)) return true;
    if (!pool_spins(p)) return false;
    const double until = clock_seconds() + 1e-9 * *patience;
    do {
        for (int i = 0; i < LOOKS; i++) {
            pause_briefly();
            if (!met(p, seen)) continue;
            *patience = 2 * *patience < SPIN_MOST ? 2 * *patience : SPIN_MOST;
            return true;
        }
    } while (clock_seconds() < until);
    *patience = *patience / 2 > SPIN_LEAST ? *patience / 2 : SPIN_LEAST;
    return false;
}

/* A round is open that the helper has not been in. */
static bool has_work(const pool *p, uint64_t seen)
{
    const uint64_t gate = atomic_load(&p->gate);
    return ((gate & GATE_OPEN) && gate / GATE_ROUND != seen) || atomic_load(&p->quit);
}

static bool all_out(const pool *p, uint64_t seen)
{
    (void)seen;
    return (atomic_load(&p->gate) & GATE_INSIDE) == 0;
}

static void await_work(pool *p, uint64_t seen, int *patience)
{
    if (look_for(p, has_work, seen, patience)) return;
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->asleep, 1);
    while (!has_work(p, seen))
        pthread_cond_wait(&p->work, &p->lock);
    atomic_fetch_sub(&p->asleep, 1);
    pthread_mutex_unlock(&p->lock);
}

static void await_helpers(pool *p)
{
    int patience = SPIN_MOST;
    if (look_for(p, all_out, 0, &patience)) return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_asleep, true);
    while (!all_out(p, 0))
        pthread_cond_wait(&p->done, &p->lock);
    atomic_store(&p->caller_asleep, false);
    pthread_mutex_unlock(&p->lock);
}

/* ---- rounds ---- */

static void take_tasks(pool *p, int thread)
{
    for (int i = 0; i < p->n_threads; i++) {
        share *s = &p->shares[(thread + i) % p->n_threads];
        size_t task;
        while (atomic_load_explicit(&s->next, memory_order_relaxed) < s->end &&
               (task = atomic_fetch_add(&s->next, 1)) < s->end)
            p->task(p->arg, task, thread);
    }
}

/* False when the round is over. */
static bool enter(pool *p, uint64_t *seen)
{
    uint64_t gate = atomic_load(&p->gate);
    while ((gate & GATE_OPEN) && gate / GATE_ROUND != *seen)
        if (atomic_compare_exchange_weak(&p->gate, &gate, gate + 1)) {
            *seen = gate / GATE_ROUND;
            return true;
        }
    return false;
}

static void leave(pool *p)
{
    if ((atomic_fetch_sub(&p->gate, 1) & GATE_INSIDE) != 1 || !atomic_load(&p->caller_asleep)) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_signal(&p->done);
    pthread_mutex_unlock(&p->lock);
}

static void *help(void *arg)
{
    worker *w = arg;
    pool *p = w->crew;
    uint64_t seen = 0;
    int patience = SPIN_MOST;
    for (;;) {
        await_work(p, seen, &patience);
        if (atomic_load(&p->quit)) return NULL;
        if (!enter(p, &seen)) continue;
        take_tasks(p, w->thread);
        leave(p);
    }
}

/* A lab lives for hours, and others come and go. A file is read for it: seldom, and the clock not in every round. */
static void ask_again(pool *p)
{
    enum { ROUNDS_BETWEEN = 64, SECONDS_BETWEEN = 1 };
    if (++p->rounds < ROUNDS_BETWEEN) return;
    p->rounds = 0;
    const double now = clock_seconds();
    if (now - p->asked < SECONDS_BETWEEN) return;
    p->asked = now;
    atomic_store_explicit(&p->spins, has_room(p->n_threads), memory_order_relaxed);
}

void pool_run(pool *p, size_t n_tasks, pool_task task, void *arg)
{
    if (p->n_started == 0 || n_tasks <= 1) {
        for (size_t i = 0; i < n_tasks; i++)
            task(arg, i, 0);
        return;
    }
    ask_again(p);
    const size_t n = (size_t)p->n_threads, each = n_tasks / n, more = n_tasks % n;
    for (size_t i = 0, at = 0; i < n; i++) {
        atomic_store_explicit(&p->shares[i].next, at, memory_order_relaxed);
        at += each + (i < more);
        p->shares[i].end = at;
    }
    p->task = task;
    p->arg = arg;
    const uint64_t round = atomic_load(&p->gate) / GATE_ROUND + 1;
    atomic_store(&p->gate, round * GATE_ROUND | GATE_OPEN);
    if (atomic_load(&p->asleep) > 0) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->work);
        pthread_mutex_unlock(&p->lock);
    }
    take_tasks(p, 0);
    atomic_fetch_and(&p->gate, ~GATE_OPEN);
    await_helpers(p);
}

/* ---- the crew ---- */

static pool *allocate(int threads, fault *f)
{
    pool *p = aligned_alloc(_Alignof(pool), sizeof *p);
    worker *workers = calloc((size_t)threads, sizeof *workers);
    share *shares = aligned_alloc(_Alignof(share), (size_t)threads * sizeof *shares);
    if (!p || !workers || !shares) {
        free(p);
        free(workers);
        free(shares);
        fault_memory(f, "the thread pool");
        return NULL;
    }
    memset(p, 0, sizeof *p);
    memset(shares, 0, (size_t)threads * sizeof *shares);
    p->n_threads = threads;
    p->asked = clock_seconds();
    atomic_init(&p->spins, has_room(threads));
    p->workers = workers;
    p->shares = shares;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    return p;
}

pool *pool_create(int threads, fault *f)
{
    if (threads < 1 || threads > MOST_THREADS) {
        fault_set(f, FAULT_USAGE, "%d threads: expected 1 to %d", threads, MOST_THREADS);
        return NULL;
    }
    pool *p = allocate(threads, f);
    if (!p) return NULL;
    for (int i = 0; i < threads - 1; i++) {
        p->workers[i] = (worker){ .crew = p, .thread = i + 1 };
        int failed = thread_begin(&p->workers[i].id, help, &p->workers[i]);
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
    atomic_store(&p->quit, true);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_started; i++)
        pthread_join(p->workers[i].id, NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p->shares);
    free(p);
}

double pool_worked(const pool *p)
{
    double sum = clock_thread();
    clockid_t clock;
    for (int i = 0; i < p->n_started; i++)
        if (pthread_getcpuclockid(p->workers[i].id, &clock) == 0) sum += clock_of(clock);
    return sum;
}

int pool_threads(const pool *p)
{
    return p->n_threads;
}
