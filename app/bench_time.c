#include "app/bench_time.h"

#include <string.h>

#include "app/bootstrap.h"
#include "base/clock.h"

/* Shorter samples would measure the clock. */
#define SAMPLE_SECONDS 4e-4
enum { MOST_RUNS = 1 << 20 };

static bool sample(const bench_entrant *e, double *seconds, fault *f)
{
    const double begin = clock_thread();
    for (size_t i = 0; i < e->runs; i++)
        if (!e->run(e->arg, f)) return false;
    *seconds = clock_thread() - begin;
    return true;
}

/* Twice as many runs until a sample is long enough; that warms the caches, too. */
static bool choose_runs(bench_entrant *e, fault *f)
{
    double seconds = 0;
    for (e->runs = 1; e->runs < MOST_RUNS; e->runs *= 2) {
        if (!sample(e, &seconds, f)) return false;
        if (seconds >= SAMPLE_SECONDS) break;
    }
    return true;
}

bool bench_turns(bench_entrant *entrants, size_t n, int reps, fault *f)
{
    for (size_t i = 0; i < n; i++)
        if (entrants[i].run && !choose_runs(&entrants[i], f)) return false;
    for (int rep = 0; rep < reps; rep++)
        for (size_t i = 0; i < n; i++) {
            bench_entrant *e = &entrants[i];
            if (!e->run) continue;
            if (!sample(e, &e->seconds[rep], f)) return false;
            e->seconds[rep] = (e->seconds[rep] > 0 ? e->seconds[rep] : 1e-9) / (double)e->runs;
        }
    return true;
}

bool bench_ratio(const bench_entrant *fast, const bench_entrant *slow, int reps, double scale, uint64_t seed,
                 interval *out, fault *f)
{
    if (!bootstrap_ratio(fast->seconds, slow->seconds, (size_t)reps, seed, out, f)) return false;
    *out = (interval){ scale * out->value, scale * out->lo, scale * out->hi };
    return true;
}

double bench_median(bench_entrant *e, int reps)
{
    return bootstrap_median(e->seconds, (size_t)reps);
}

bool bench_copy_run(void *copy, fault *f)
{
    (void)f;
    const bench_copy *c = copy;
    memcpy(c->to, c->from, c->n);
    __asm__ volatile("" : : "r"(c->to) : "memory"); /* the copy is wanted */
    return true;
}
