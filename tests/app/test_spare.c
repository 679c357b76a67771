/* Work that a task spreads is done once, by whoever has time, and nobody waits for ever. */
#include "app/spare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <pthread.h>
#include <cmocka.h>

enum { TASKS = 6, PARTS = 40 };

typedef struct work {
    spare *threads;
    atomic_int parts[TASKS][PARTS], tasks[TASKS];
    atomic_int nested;
    size_t n_parts;
    bool deep; /* parts spread, too */
} work;

typedef struct one {
    work *w;
    size_t task;
} one;

static void add_nested(void *arg, size_t i)
{
    (void)i;
    atomic_fetch_add(&((work *)arg)->nested, 1);
}

static void do_part(void *arg, size_t i)
{
    const one *o = arg;
    atomic_fetch_add(&o->w->parts[o->task][i], 1);
    if (o->w->deep) (void)spare_spread(o->w->threads, 3, add_nested, o->w);
}

static void do_task(void *arg, size_t task, int thread)
{
    (void)thread;
    work *w = arg;
    one o = { w, task };
    (void)spare_spread(w->threads, w->n_parts, do_part, &o);
    for (size_t i = 0; i < w->n_parts; i++)
        assert_int_equal(atomic_load(&w->parts[task][i]), 1); /* all are done when it returns */
    atomic_fetch_add(&w->tasks[task], 1);
}

static void check_round(spare *s, pool *crew, size_t tasks, size_t parts, bool deep)
{
    work *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->threads = s;
    w->n_parts = parts;
    w->deep = deep;
    spare_run(s, crew, tasks, do_task, w);
    for (size_t t = 0; t < TASKS; t++)
        assert_int_equal(atomic_load(&w->tasks[t]), t < tasks);
    assert_int_equal(atomic_load(&w->nested), deep ? 3 * (int)(tasks * parts) : 0);
    free(w);
}

static void open_both(int threads, spare **s, pool **crew)
{
    fault f = { 0 };
    *s = spare_open(&f);
    *crew = pool_create(threads, &f);
    assert_non_null(*s);
    assert_non_null(*crew);
}

static void every_part_is_done_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        spare *s;
        pool *crew;
        open_both(threads, &s, &crew);
        for (int round = 0; round < 50; round++)
            for (size_t tasks = 0; tasks <= TASKS; tasks++)
                check_round(s, crew, tasks, (size_t)round % (PARTS + 1), round % 3 == 0);
        pool_destroy(crew);
        spare_close(s);
    }
}

/* ---- somebody helps ---- */

typedef struct meeting {
    spare *threads;
    pthread_mutex_t lock;
    pthread_cond_t met;
    int inside, most;
    size_t wanted;
    double helped;
} meeting;

/* Waits (not for ever) until as many as wanted are at their parts at once. */
static void meet(void *arg, size_t i)
{
    (void)i;
    meeting *m = arg;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&m->lock);
    if (++m->inside > m->most) m->most = m->inside;
    pthread_cond_broadcast(&m->met);
    while ((size_t)m->most < m->wanted && pthread_cond_timedwait(&m->met, &m->lock, &until) == 0)
        ;
    m->inside--;
    pthread_mutex_unlock(&m->lock);
    volatile double x = 0; /* work that the clock of a thread sees */
    for (int k = 0; k < 2000000; k++)
        x = x + 1e-9 * k;
}

static void lead(void *arg, size_t task, int thread)
{
    (void)thread;
    meeting *m = arg;
    nanosleep(&(struct timespec){ 0, 20000000 }, NULL); /* the others have gone to sleep by now, most likely */
    if (task == 0) m->helped = spare_spread(m->threads, 2 * m->wanted, meet, m);
}

static void threads_without_a_task_help(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 3; threads++)
        for (size_t tasks = 1; tasks <= 4; tasks++) {
            spare *s;
            pool *crew;
            open_both(threads, &s, &crew);
            meeting m = {
                .threads = s, .lock = PTHREAD_MUTEX_INITIALIZER, .met = PTHREAD_COND_INITIALIZER, .wanted = 2
            };
            spare_run(s, crew, tasks, lead, &m);
            assert_true(m.most >= 2);
            assert_true(m.helped > 0.0);
            pool_destroy(crew);
            spare_close(s);
        }
}

static void count_up(void *arg, size_t i)
{
    size_t *next = arg;
    assert_int_equal(i, (*next)++);
}

static void outside_a_run_it_is_a_loop(void **state)
{
    (void)state;
    fault f = { 0 };
    spare *s = spare_open(&f);
    size_t next = 0;
    assert_non_null(s);
    assert_true(spare_spread(s, 17, count_up, &next) == 0.0);
    assert_int_equal(next, 17);
    spare_close(s);
    spare_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_done_once),
        cmocka_unit_test(threads_without_a_task_help),
        cmocka_unit_test(outside_a_run_it_is_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
