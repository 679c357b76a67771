/* What the samples of both sides come to. Everything is recomputed from them. */
#include <stdlib.h>

#include "app/speed.h"

typedef struct columns {
    double *at[SPEED_SIDES]; /* by repetition */
    size_t n[SPEED_SIDES];
} columns;

static double value_of(const speed_sample *s, const speed_figure *figure, const speed_result *r, int prompt,
                       int generate)
{
    if (figure == &r->prompt) return prompt / s->prompt_s;
    return figure == &r->generation ? generate / s->generate_s : s->first_s;
}

/* Repetitions are pairs: the i-th of each side belong together. */
static bool summarise(const speed_result *r, speed_figure *figure, double *room, int prompt, int generate,
                      uint64_t seed, fault *f)
{
    const size_t half = r->n_samples / 2;
    columns c = { { room, room + half }, { 0 } };
    for (size_t i = 0; i < r->n_samples; i++) {
        const speed_sample *s = &r->samples[i];
        if (c.n[s->side] == half) return fault_set(f, FAULT_INTERNAL, "one side was run more often than the other");
        c.at[s->side][c.n[s->side]++] = value_of(s, figure, r, prompt, generate);
    }
    if (!bootstrap_ratio(c.at[SPEED_REFERENCE], c.at[SPEED_CONFIG], half, seed, &figure->ratio, f)) return false;
    figure->reference = bootstrap_median(c.at[SPEED_REFERENCE], half);
    figure->config = bootstrap_median(c.at[SPEED_CONFIG], half);
    return true;
}

/* ---- parts of a token ---- */

static double total_of(const speed_sample *s)
{
    return s->generate_s;
}

static double take_of(const speed_sample *s)
{
    return s->take_s;
}

static double scores_of(const speed_sample *s)
{
    return s->scores_s;
}

static double mix_of(const speed_sample *s)
{
    return s->mix_s;
}

/* The median over a side's runs, in milliseconds of a token. */
static double part(const speed_result *r, speed_side side, double (*of)(const speed_sample *), int generate,
                   double *room)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_samples; i++)
        if (r->samples[i].side == side) room[n++] = of(&r->samples[i]);
    return n > 0 ? 1000 * bootstrap_median(room, n) / generate : 0;
}

static void take_apart(speed_result *r, speed_side side, int generate, double *room)
{
    double seen = 0, kept = 0;
    for (size_t i = 0; i < r->n_samples; i++) {
        if (r->samples[i].side != side) continue;
        seen += (double)r->samples[i].seen;
        kept += (double)r->samples[i].kept;
    }
    r->parts[side] = (speed_parts){ .known = seen > 0,
                                    .total = part(r, side, total_of, generate, room),
                                    .take = part(r, side, take_of, generate, room),
                                    .scores = part(r, side, scores_of, generate, room),
                                    .mix = part(r, side, mix_of, generate, room),
                                    .skipped = seen > 0 ? 1 - kept / seen : 0 };
}

bool speed_growth(const double *depth, const double *ms, size_t n, double *constant, double *per_1k)
{
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        const double k = depth[i] / 1024, weight = 1 / (ms[i] * ms[i]);
        w += weight;
        x += weight * k;
        y += weight * ms[i];
        xx += weight * k * k;
        xy += weight * k * ms[i];
    }
    const double spread = w * xx - x * x;
    if (n < 3 || !(spread > 1e-12 * w * xx)) return false;
    *per_1k = (w * xy - x * y) / spread;
    *constant = (y - *per_1k * x) / w;
    return true;
}

bool speed_summarise(speed_result *r, int prompt, int generate, uint64_t seed, fault *f)
{
    double *room = reallocarray(NULL, r->n_samples, sizeof *room);
    bool ok = room || fault_memory(f, "the samples");
    ok = ok && summarise(r, &r->prompt, room, prompt, generate, seed, f) &&
         summarise(r, &r->generation, room, prompt, generate, seed, f) &&
         summarise(r, &r->first, room, prompt, generate, seed, f);
    for (int side = 0; ok && side < SPEED_SIDES; side++)
        take_apart(r, (speed_side)side, generate, room);
    free(room);
    for (size_t i = 0; i < r->n_samples; i++) {
        double *peak = &r->peak[r->samples[i].side];
        if ((double)r->samples[i].peak > *peak) *peak = (double)r->samples[i].peak;
    }
    return ok;
}

speed_side speed_first(int rep)
{
    return rep % 2 ? SPEED_CONFIG : SPEED_REFERENCE;
}

void speed_release(speed_result *r)
{
    free(r->samples);
    *r = (speed_result){ 0 };
}
