/* Every task of every round runs once, whatever the threads, and rounds do not mix. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

enum { MOST_TASKS = 300 };

typedef struct tally {
    atomic_int runs[MOST_TASKS];
    atomic_int wrong; /* thread numbers out of range, tasks of another round */
    size_t n_tasks;
    int threads;
    atomic_int *in_use; /* one per thread number: nobody else has it now */
} tally;

static void count(void *arg, size_t task, int thread)
{
    tally *t = arg;
    if (task >= t->n_tasks || thread < 0 || thread >= t->threads) {
        atomic_fetch_add(&t->wrong, 1);
        return;
    }
    if (atomic_fetch_add(&t->in_use[thread], 1) != 0) atomic_fetch_add(&t->wrong, 1);
    atomic_fetch_add(&t->runs[task], 1);
    atomic_fetch_sub(&t->in_use[thread], 1);
}

static void round_of(pool *p, size_t n_tasks)
{
    tally t = { .n_tasks = n_tasks, .threads = pool_threads(p) };
    t.in_use = calloc((size_t)t.threads, sizeof *t.in_use);
    assert_non_null(t.in_use);
    pool_run(p, n_tasks, count, &t);
    for (size_t i = 0; i < n_tasks; i++)
        assert_int_equal(atomic_load(&t.runs[i]), 1);
    assert_int_equal(atomic_load(&t.wrong), 0);
    free(t.in_use);
}

static void sleep_briefly(long microseconds)
{
    const struct timespec t = { 0, 1000 * microseconds };
    nanosleep(&t, NULL);
}

static pool *crew_of(int threads)
{
    fault f = { 0 };
    pool *p = pool_create(threads, &f);
    if (!p) fail_msg("%s", f.text);
    return p;
}

static void every_task_of_every_round_runs_once(void **state)
{
    (void)state;
    static const int crews[] = { 1, 2, 3, 7 };
    for (size_t c = 0; c < sizeof crews / sizeof *crews; c++) {
        pool *p = crew_of(crews[c]);
        assert_int_equal(pool_threads(p), crews[c]);
        for (size_t i = 0; i < 1500; i++)
            round_of(p, i % 17);
        round_of(p, MOST_TASKS);
        pool_destroy(p);
    }
}

/* Pauses of all lengths, so that helpers are met looking, falling asleep and asleep. */
static void rounds_after_pauses_are_whole(void **state)
{
    (void)state;
    pool *p = crew_of(3);
    for (long i = 0; i < 200; i++) {
        sleep_briefly(i % 10 * 15);
        round_of(p, 1 + (size_t)i % 9);
    }
    pool_destroy(p);
}

static void pools_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        pool *p = crew_of(1 + i % 4);
        if (i % 3) round_of(p, (size_t)i % 11);
        if (i % 5 == 0) sleep_briefly(100);
        pool_destroy(p);
    }
}

typedef struct sums {
    const uint32_t *in;
    uint64_t out[64];
} sums;

static void add_some(void *arg, size_t task, int thread)
{
    (void)thread;
    sums *s = arg;
    for (size_t i = 0; i < 1000; i++)
        s->out[task] += s->in[task * 1000 + i];
}

/* What tasks wrote with plain stores is there when pool_run returns, and what was written before it is seen by tasks.
 */
static void writes_cross_the_round(void **state)
{
    (void)state;
    enum { N = 64000 };
    pool *p = crew_of(2);
    uint32_t *in = malloc(N * sizeof *in);
    assert_non_null(in);
    for (uint32_t round = 0; round < 200; round++) {
        sums s = { .in = in };
        for (uint32_t i = 0; i < N; i++)
            in[i] = i ^ round;
        pool_run(p, 64, add_some, &s);
        for (size_t t = 0; t < 64; t++) {
            uint64_t sum = 0;
            for (size_t i = 0; i < 1000; i++)
                sum += in[t * 1000 + i];
            assert_true(s.out[t] == sum);
        }
    }
    free(in);
    pool_destroy(p);
}

typedef struct meeting {
    atomic_int here;
} meeting;

/* Waits for the other task: only two threads at once can finish this. */
static void meet(void *arg, size_t task, int thread)
{
    (void)task;
    (void)thread;
    meeting *m = arg;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < 2)
        sleep_briefly(10);
}

static void tasks_run_side_by_side(void **state)
{
    (void)state;
    pool *p = crew_of(2);
    for (int i = 0; i < 50; i++) {
        meeting m = { 0 };
        if (i % 2) sleep_briefly(200);
        pool_run(p, 2, meet, &m);
        assert_int_equal(atomic_load(&m.here), 2);
    }
    pool_destroy(p);
}

typedef struct slow {
    atomic_int begun, done; /* by helpers; by all */
} slow;

/* The caller begins when a helper has, and is done first. */
static void take_a_while(void *arg, size_t task, int thread)
{
    (void)task;
    slow *s = arg;
    if (thread > 0) {
        atomic_fetch_add(&s->begun, 1);
        sleep_briefly(2000);
    }
    while (atomic_load(&s->begun) == 0)
        sleep_briefly(10);
    atomic_fetch_add(&s->done, 1);
}

static void a_round_is_over_when_the_last_task_is(void **state)
{
    (void)state;
    pool *p = crew_of(2);
    for (int i = 0; i < 40; i++) {
        slow s = { 0 };
        pool_run(p, 2, take_a_while, &s);
        assert_int_equal(atomic_load(&s.done), 2);
    }
    pool_destroy(p);
}

/* ---- a system that others use, too ---- */

static _Atomic double load;
static atomic_int asked;

/* In the place of libc's: no test can wait for a minute of load. */
int getloadavg(double to[], int n)
{
    if (n < 1) return -1;
    atomic_fetch_add(&asked, 1);
    to[0] = atomic_load(&load);
    return 1;
}

static void say_nothing(void *arg, size_t task, int thread)
{
    (void)arg;
    (void)task;
    (void)thread;
}

/* Rounds until it is one that looks about, or not; ten seconds at most. */
static bool comes_to(pool *p, bool spins)
{
    for (int i = 0; i < 100000 && pool_spins(p) != spins; i++) {
        pool_run(p, 2, say_nothing, NULL);
        if (i % 100 == 0) sleep_briefly(10000);
    }
    return pool_spins(p) == spins;
}

static void whether_others_want_to_run_is_asked_again(void **state)
{
    (void)state;
    if (pool_processors() < 2) skip();
    atomic_store(&load, 0);
    pool *p = crew_of(2);
    assert_true(pool_spins(p));
    atomic_store(&load, 2.0 * pool_processors() + 0.1);
    assert_true(pool_spins(p)); /* it has had no round yet */
    assert_true(comes_to(p, false));
    round_of(p, 100);
    atomic_store(&load, 2.0 * pool_processors());
    assert_true(comes_to(p, true));
    round_of(p, 100);
    pool_destroy(p);
    atomic_store(&load, 1000);
    p = crew_of(2);
    assert_false(pool_spins(p));
    pool_destroy(p);
    atomic_store(&load, 0);
}

static void that_is_asked_seldom(void **state)
{
    (void)state;
    if (pool_processors() < 2) skip();
    pool *p = crew_of(2);
    const int before = atomic_load(&asked);
    const double begin = clock_seconds();
    for (int i = 0; i < 20000; i++)
        pool_run(p, 2, say_nothing, NULL);
    assert_true(atomic_load(&asked) - before <= 1 + (int)(clock_seconds() - begin));
    pool_destroy(p);
}

static void more_threads_than_processors_never_look(void **state)
{
    (void)state;
    pool *p = crew_of(pool_processors() + 1);
    assert_false(pool_spins(p));
    pool_destroy(p);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_null(pool_create(0, &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_null(pool_create(257, &f));
    assert_non_null(strstr(f.text, "257"));
    pool_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_of_every_round_runs_once),
        cmocka_unit_test(rounds_after_pauses_are_whole),
        cmocka_unit_test(pools_come_and_go),
        cmocka_unit_test(writes_cross_the_round),
        cmocka_unit_test(tasks_run_side_by_side),
        cmocka_unit_test(a_round_is_over_when_the_last_task_is),
        cmocka_unit_test(whether_others_want_to_run_is_asked_again),
        cmocka_unit_test(that_is_asked_seldom),
        cmocka_unit_test(more_threads_than_processors_never_look),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
