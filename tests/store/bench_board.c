/* bench_board - how long a board of N runs takes: bench_board [N] [FILE]. Each run is a config of its own, all of one
 * comparable set. Prints milliseconds
 * of this process, which do not depend on what else the machine does. */
#include "tests/store/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/board.h"

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void add_one(store *s, int i)
{
    char name[64];
    snprintf(name, sizeof name, "k=polar(bits=%d) v=turbo%d @%d:k=q8_0", i % 7 + 1, i % 3 + 2, i);
    store_run run = sample_run(name);
    run.ratio = 1 + 7 * uniform();
    run.kld.value = exp(-9 + 1.1 * run.ratio + uniform());
    run.kld.lo = 0.9 * run.kld.value;
    run.kld.hi = 1.1 * run.kld.value;
    add(s, &run);
}

/* Fills the file to n runs, in one process, without waiting for the disk. */
static void fill(const char *path, int n)
{
    fault f = { 0 };
    store *s = store_open(path, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    for (int i = (int)ask(s, "SELECT count(*) FROM runs"); i < n; i++)
        add_one(s, i);
    store_close(s);
}

static double refreshed(board *b, bool expected)
{
    fault f = { 0 };
    bool changed = false;
    double begin = seconds();
    if (!board_refresh(b, &changed, &f)) fail_msg("%s", f.text);
    double took = seconds() - begin;
    assert_int_equal(changed, expected);
    return 1e3 * took;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 10000;
    char own[] = "/tmp/kvant-bench-XXXXXX", path[128];
    if (argc > 2)
        snprintf(path, sizeof path, "%s", argv[2]);
    else if (mkdtemp(own))
        snprintf(path, sizeof path, "%s/kvant.db", own);
    fill(path, n);
    fault f = { 0 };
    double begin = seconds();
    board *b = board_open(path, &f);
    board_plot(b, 0, store_metric_named("ratio"), store_metric_named("kld"));
    refreshed(b, true);
    printf("%zu runs, %zu points\nfirst            %8.3f\n", board_n_all(b), board_n_points(b),
           1e3 * (seconds() - begin));
    double quiet = 0, news = 0, worst = 0;
    enum { TIMES = 20 };
    for (int i = 0; i < 1000; i++)
        quiet += refreshed(b, false);
    printf("without changes  %8.4f\n", quiet / 1000);
    store *s = store_open(path, STORE_WRITE, &f);
    for (int i = 0; i < TIMES; i++) {
        add_one(s, n + i);
        double took = refreshed(b, true);
        news += took;
        worst = fmax(worst, took);
    }
    printf("one run more     %8.3f, at most %.3f\n", news / TIMES, worst);
    begin = seconds();
    assert_true(board_filter(b, "kld < 0.01", &f));
    printf("a filter         %8.3f (%zu runs)\n", 1e3 * (seconds() - begin), board_n(b));
    add_one(s, n + TIMES);
    printf("one more, filter %8.3f\n", refreshed(b, true));
    board_filter(b, NULL, &f);
    begin = seconds();
    board_sort(b, 3, false);
    printf("sorting          %8.3f\n", 1e3 * (seconds() - begin));
    assert_true(store_pin(s, 7, true, NULL, &f));
    printf("a pin            %8.3f\n", refreshed(b, true));
    assert_true(store_save_question(s, "q", "SELECT 1", "", &f));
    printf("a question       %8.3f\n", refreshed(b, true));
    size_t left = 0;
    begin = seconds();
    assert_true(board_choose(b, n / 2, 10, &left, &f));
    printf("10 comparisons   %8.3f (%zu left)\n", 1e3 * (seconds() - begin), left);
    store_close(s);
    board_close(b);
    return 0;
}
