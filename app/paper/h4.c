/* H4: lattices: how round their cells are, and what coding with them leaves. */
#include "app/paper/tables.h"

#include "app/paper/scalar.h"
#include "kernels/lattice.h"
#include "kernels/random.h"

enum { POINTS = 400000, ROWS = 8192, DIM = 128, KEY = 0x6834 };

static const double cube_moment = 1.0 / 12, d4_moment = 0.07660323, e8_moment = 929.0 / 12960; /* D4: 13/(120 √2) */

/* ---- normalised second moments ---- */

/* Mean squared distance per coordinate of uniform points from the lattice, for a cell of volume 1. */
static double second_moment(lattice_kind kind, double volume, uint64_t seed)
{
    lattice l;
    double sum = 0;
    if (!lattice_init(&l, kind, LATTICE_Q_MAX, false)) return NAN;
    for (uint64_t i = 0; i < POINTS; i++) {
        float v[LATTICE_N_MAX];
        int16_t twice[LATTICE_N_MAX];
        for (int j = 0; j < l.n; j++)
            v[j] = (float)(64 * random_uniform(seed, i * LATTICE_N_MAX + (uint64_t)j) - 32);
        sum += (double)lattice_nearest(&l, v, twice);
    }
    return sum / POINTS / l.n / pow(volume, 2.0 / l.n);
}

static void moment_rows(paper *p)
{
    static const struct {
        lattice_kind kind;
        const char *name, *published, *gain;
        double volume;
    } all[] = { { LATTICE_Z, "Z", "0.083333", NULL, 1 },
                { LATTICE_D4, "D4", "0.076603", "0.366", 2 },
                { LATTICE_E8, "E8", "0.071682", "0.654", 1 } };
    const double exact[] = { cube_moment, d4_moment, e8_moment };
    for (int i = 0; i < 3; i++) {
        const double found = second_moment(all[i].kind, all[i].volume, KEY + (uint64_t)i);
        const measure m = measure_named("kernels/lattice.h");
        paper_add(
            p,
            (paper_row){
                .published = all[i].published, .exact = exact[i], .measured = found, .by = m, .tolerance = 0.003 },
            "%s, second moment", all[i].name);
        if (all[i].gain)
            paper_add(p,
                      (paper_row){ .published = all[i].gain,
                                   .exact = 10 * log10(cube_moment / exact[i]),
                                   .measured = 10 * log10(cube_moment / found),
                                   .by = m,
                                   .tolerance = 0.04 },
                      "%s over Z, dB", all[i].name);
    }
}

/* ---- coding ---- */

/* With the step largest/4 and no clipping, the error of a cell is as good as uniform. */
static double largest_step(double moment, double volume, int n, int q)
{
    return moment * pow(volume, 2.0 / n) * scalar_largest_square(DIM) / (q * q);
}

static void coding_rows(paper *p, const source *rows)
{
    const double d4 = largest_step(d4_moment, 2, 4, 4), e8 = largest_step(e8_moment, 1, 8, 4);
    const measure a = measure_codec(p->codecs, rows, NULL, "lattice(kind=d4,q=4,clip=max)");
    const measure b = measure_codec(p->codecs, rows, NULL, "lattice(kind=e8,q=4,clip=max,index=coset)");
    paper_add(p, (paper_row){ .published = "0.0549", .exact = d4, .measured = a.error, .by = a, .tolerance = 0.01 },
              "D4 q=4, clip=max");
    paper_add(p, (paper_row){ .published = "0.0363", .exact = e8, .measured = b.error, .by = b, .tolerance = 0.01 },
              "E8 q=4, clip=max");
    paper_add(
        p, (paper_row){ .published = "3.000", .exact = 3, .measured = a.bits - 32.0 / DIM, .by = a, .tolerance = 1e-6 },
        "D4 q=4, bits");
    paper_add(
        p,
        (paper_row){ .published = "3.250", .exact = 3.25, .measured = b.bits - 32.0 / DIM, .by = b, .tolerance = 1e-6 },
        "E8 q=4, bits");
    paper_add(p,
              (paper_row){ .published = "1.80",
                           .exact = 10 * log10(d4 / e8),
                           .measured = 10 * log10(a.error / b.error),
                           .by = *a.why ? a : b,
                           .tolerance = 0.03 },
              "E8 over D4, q=4, dB");
    paper_add(p, (paper_row){ .published = "1.50", .exact = 0.25 * 20 * log10(2), .rule = PAPER_SHOWN },
              "of that 1/4 bit, dB");
    paper_add(p, (paper_row){ .published = "0.29", .exact = 10 * log10(d4_moment / e8_moment), .rule = PAPER_SHOWN },
              "of that shape, dB");
    const measure c = measure_codec(p->codecs, rows, NULL, "lattice(kind=d4,q=4,clip=optimal)");
    const measure d = measure_codec(p->codecs, rows, NULL, "lattice(kind=e8,q=4,clip=optimal)");
    paper_add(
        p, (paper_row){ .published = "0.0371", .measured = c.error, .by = c, .rule = PAPER_AT_MOST, .tolerance = 0.02 },
        "D4 q=4, clip=optimal");
    paper_add(
        p, (paper_row){ .published = "0.0277", .measured = d.error, .by = d, .rule = PAPER_AT_MOST, .tolerance = 0.02 },
        "E8 q=4, clip=optimal");
}

static double divided(double largest, const void *arg)
{
    return largest / *(const double *)arg;
}

static void uniform_rows(paper *p, const source *rows)
{
    static const char *const published[] = { "0.588", "0.0747", "0.01375" };
    for (int bits = 2; bits <= 4; bits++) {
        double level[15];
        const int q = (1 << (bits - 1)) - 1;
        const double steps = q;
        for (int i = -q; i <= q; i++)
            level[i + q] = i;
        const measure m = measure_codec(p->codecs, rows, NULL, "lattice(kind=z,q=%d,clip=max)", q);
        paper_add(p,
                  (paper_row){ .published = published[bits - 2],
                               .exact = scalar_absmax(DIM, level, 2 * (size_t)q + 1, divided, &steps),
                               .measured = m.error,
                               .by = m,
                               .tolerance = 0.01 },
                  "uniform, %d levels", 2 * q + 1);
    }
}

void paper_h4(paper *p)
{
    source rows = source_normal(ROWS, DIM, KEY + 8);
    moment_rows(p);
    coding_rows(p, &rows);
    uniform_rows(p, &rows);
    source_free(&rows);
}
