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

bool speed_summarise(speed_result *r, int prompt, int generate, uint64_t seed, fault *f)
{
    double *room = reallocarray(NULL, r->n_samples, sizeof *room);
    bool ok = room || fault_memory(f, "the samples");
    ok = ok && summarise(r, &r->prompt, room, prompt, generate, seed, f) &&
         summarise(r, &r->generation, room, prompt, generate, seed, f) &&
         summarise(r, &r->first, room, prompt, generate, seed, f);
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
