#include "app/scale.h"

#include <math.h>

static const double steps[] = { 1, 2, 5, 10 };

/* Beyond these the arithmetic below would leave what a double holds. */
static const double farthest = 1e300, nearest = 1e-290;

/* The smallest 1-2-5 step that is not below size > 0. */
static double round_step(double size)
{
    double power = pow(10, floor(log10(size)));
    for (int i = 0; i < 3; i++)
        if (steps[i] * power >= size * (1 - 1e-9)) return steps[i] * power;
    return 10 * power;
}

static scale make_linear(double min, double max, int wanted)
{
    if (max - min <= fmax(nearest, 1e-12 * fmax(fabs(min), fabs(max)))) { /* one value: some room on both sides */
        double room = fabs(min) <= nearest ? 1 : fabs(min) / 2;
        min -= room;
        max += room;
    }
    double step = round_step((max - min) / wanted);
    double first = floor(min / step + 1e-9), last = ceil(max / step - 1e-9);
    scale s = { .lo = first * step, .hi = last * step };
    for (double i = first; i <= last && s.n_ticks < SCALE_TICKS; i++)
        s.ticks[s.n_ticks++] = i * step;
    return s;
}

/* Counted in 1-2-5 steps: 0 is 1, 1 is 2, 2 is 5, 3 is 10. */
static double nth_step(long i)
{
    long decade = i >= 0 ? i / 3 : -((2 - i) / 3);
    return steps[i - 3 * decade] * pow(10, (double)decade);
}

static scale make_log(double min, double max, int wanted)
{
    long lo = 3 * (long)floor(log10(min)), hi;
    while (nth_step(lo + 1) <= min * (1 + 1e-9))
        lo++;
    for (hi = lo + 1; nth_step(hi) < max * (1 - 1e-9);)
        hi++;
    scale s = { .log = true, .lo = nth_step(lo), .hi = nth_step(hi) };
    long every = hi - lo + 1 <= wanted ? 1 : 3; /* in decades, as many as it takes */
    while ((hi - lo) / every + 1 > wanted && every < 3 * 64)
        every += 3;
    for (long i = lo; i <= hi && s.n_ticks < SCALE_TICKS; i++)
        if (((i % every) + every) % every == 0) s.ticks[s.n_ticks++] = nth_step(i);
    return s;
}

scale scale_make(double min, double max, bool log, int wanted)
{
    if (wanted < 2) wanted = 2;
    if (wanted > SCALE_TICKS - 2) wanted = SCALE_TICKS - 2;
    min = fmin(fmax(min, log ? nearest : -farthest), farthest);
    max = fmin(fmax(max, log ? nearest : -farthest), farthest);
    return log ? make_log(min, max, wanted) : make_linear(min, max, wanted);
}

/* Of `around` the ticks that lie in its own range. */
static void keep_ticks(scale *s, const scale *around)
{
    s->n_ticks = 0;
    for (int i = 0; i < around->n_ticks; i++)
        if (around->ticks[i] >= s->lo - 1e-9 * fabs(s->lo) && around->ticks[i] <= s->hi + 1e-9 * fabs(s->hi))
            s->ticks[s->n_ticks++] = around->ticks[i];
}

scale scale_within(double lo, double hi, bool log, int wanted)
{
    scale s = { .log = log, .lo = lo, .hi = hi }, around = scale_make(lo, hi, log, wanted);
    keep_ticks(&s, &around);
    /* Less than a decade: equal steps of the values, as many as it takes. */
    for (int n = wanted < 2 ? 2 : wanted; s.n_ticks < 2 && n < SCALE_TICKS; n *= 2) {
        around = scale_make(lo, hi, false, n);
        keep_ticks(&s, &around);
    }
    return s;
}

double scale_place(const scale *s, double value)
{
    if (s->log) return (log(value) - log(s->lo)) / (log(s->hi) - log(s->lo));
    return (value - s->lo) / (s->hi - s->lo);
}
