/* Item 3: the levels are those of Lloyd and Max. */
#include <math.h>
#include <stdio.h>

#include "app/checklist_work.h"
#include "app/paper/scalar.h"
#include "kernels/lloyd.h"

#define MOST_RATIO    1.02
#define MOST_OFF_MEAN 0.01
#define MOST_MIDPOINT 1e-6

typedef struct codebook_seen {
    double spacing, needed; /* widest over narrowest, and what makes levels unequal */
    double ratio;           /* D over the optimum's, for the density that suits the table better */
    double error, optimum;
    int bits;
    bool fails;
    int density;     /* LLOYD_NORMAL or the part's columns */
    double off_mean; /* largest relative distance of a level from its cell's mean, for that density */
    double midpoint; /* largest distance of a boundary from the middle, unit rows */
    double spread;   /* of one level over the axes */
} codebook_seen;

static double spacing_of(const double *level, int n)
{
    double least = INFINITY, most = 0;
    for (int k = 0; k + 1 < n; k++) {
        least = fmin(least, level[k + 1] - level[k]);
        most = fmax(most, level[k + 1] - level[k]);
    }
    return most / least;
}

/* Two bits cannot reach 1.2: the best four levels have 1.168. Half way from even to best is what counts there. */
static double spacing_needed(int bits)
{
    double level[1 << LLOYD_BITS_MAX];
    if (bits < 2 || !lloyd_max(LLOYD_NORMAL, bits, level)) return 1;
    return fmin(1.2, 0.5 * (1 + spacing_of(level, 1 << bits)));
}

/* Levels against the means of their cells; both halves of the table. */
static double off_mean(const checklist_table *t, int density, double scale)
{
    const int n = 1 << t->bits;
    double most = 0;
    for (int k = 0; k < n; k++) {
        const bool upper = k >= n / 2;
        double low = upper ? (k ? t->boundary[k - 1] : 0) : -t->boundary[k];
        double high = upper ? (k + 1 < n ? t->boundary[k] : INFINITY) : (k ? -t->boundary[k - 1] : INFINITY);
        low = fmax(0, scale * low); /* a boundary in the middle is 0 but for rounding */
        high = density == LLOYD_NORMAL ? scale * high : fmin(1, scale * high);
        const double level = scale * (upper ? t->level[k] : -t->level[k]);
        if (!(high > low)) return INFINITY;
        most = fmax(most, fabs(level / lloyd_cell_mean(density, low, high) - 1));
    }
    return most;
}

static bool is_uneven(const codebook_seen *s)
{
    return s->bits == 1 || s->spacing > s->needed;
}

static bool is_one_table(const codebook_seen *s)
{
    return s->spread < 1e-5;
}

static bool is_lloyd(const codebook_seen *s)
{
    return is_one_table(s) && is_uneven(s) && s->ratio <= MOST_RATIO && s->off_mean <= MOST_OFF_MEAN &&
           s->midpoint <= MOST_MIDPOINT;
}

static void measure_on(const checklist_table *t, int density, double scale, codebook_seen *s)
{
    s->density = density;
    s->error = checklist_table_error(t, density, scale);
    s->optimum = scalar_optimum(density, t->bits, NULL);
    s->ratio = s->error / s->optimum;
    s->off_mean = off_mean(t, density, scale);
}

static void look(const checklist_table *t, size_t columns, codebook_seen *seen)
{
    const int n = 1 << t->bits;
    const double root = sqrt((double)columns);
    codebook_seen here = { .bits = t->bits, .spread = t->spread };
    here.spacing = spacing_of(t->level, n);
    here.needed = t->bits > 1 ? spacing_needed(t->bits) : 0;
    for (int k = 0; k + 1 < n; k++)
        here.midpoint = fmax(here.midpoint, fabs(t->boundary[k] - 0.5 * (t->level[k] + t->level[k + 1])));
    /* N(0,1) is what TurboQuant's tables are for; a table for the sphere itself is a little better than that. */
    measure_on(t, LLOYD_NORMAL, root, &here);
    if (columns % 2 == 0) {
        codebook_seen on_sphere = here;
        measure_on(t, (int)columns, 1, &on_sphere);
        if (is_lloyd(&on_sphere) && on_sphere.ratio < here.ratio) here = on_sphere;
    }
    here.fails = !is_lloyd(&here);
    if (here.fails > seen->fails || (here.fails == seen->fails && here.ratio > seen->ratio))
        *seen = here; /* of several parts the worst */
}

static verify_outcome say(checklist *c, const codebook_seen *s)
{
    char density[32] = "N(0,1)";
    if (s->density != LLOYD_NORMAL) snprintf(density, sizeof density, "the sphere in %d", s->density);
    const char *verdict = !is_one_table(s) ? "not one table for all coordinates"
                          : !is_uneven(s)  ? "uniform"
                          : is_lloyd(s)    ? "Lloyd-Max"
                                           : "non-uniform but not Lloyd-Max";
    return judged(c, is_lloyd(s),
                  "%s: %d levels, D %.6f on %s, %.4f times Lloyd-Max's %.6f; spacing %.3f, levels within %.2g %% of "
                  "their cells' means, boundaries within %.1g of the middle",
                  verdict, 1 << s->bits, s->error, density, s->ratio, s->optimum, s->spacing,
                  fmin(999, 100 * s->off_mean), s->midpoint);
}

verify_outcome item_codebook(checklist *c)
{
    probe *p = &c->probe;
    if (!c->has_codebook) return not_applicable(&c->v, "it claims no codebook");
    if (!c->probed) return not_applicable(&c->v, "%s", c->why_not);
    codebook_seen seen = { 0 };
    for (size_t k = 0; k < p->n_parts; k++) {
        checklist_table t;
        char why[PROBE_WHY];
        if (!checklist_read_levels(p, &p->parts[k], &t, why)) return not_applicable(&c->v, "%s", why);
        if (!checklist_read_table(p, &p->parts[k], &t, why)) return failed(&c->v, "%s", why);
        look(&t, p->parts[k].n_columns, &seen);
    }
    expect(&c->v,
           "D at most %g of Lloyd-Max, levels within %g %% of their means, boundaries within %g, spacing over %.3f",
           MOST_RATIO, 100 * MOST_OFF_MEAN, MOST_MIDPOINT, seen.needed);
    return say(c, &seen);
}
