/* H6: block formats on independent values, with four outlier channels, and with those after a rotation. */
#include "app/paper/tables.h"

#include "app/paper/scalar.h"
#include "kernels/wht.h"

enum { TILES = 64, LEVELS = 512, KEY = 0x6836 };

/* ---- what is exact on N(0, 1) ---- */

static size_t evenly(int low, int high, double *level)
{
    size_t n = 0;
    for (int i = low; i <= high; i++)
        level[n++] = i;
    return n;
}

/* Every value of a small floating-point format up to `most`, ascending: `mantissa` bits after the point, exponents from
 * `least` on, below that evenly down to 0. */
static size_t floats(int mantissa, int least, double most, double *level)
{
    double positive[LEVELS / 2];
    size_t n = 0, all = 0;
    for (double unit = ldexp(1, least - mantissa), from = unit, end = ldexp(1, least + 1);;
         unit *= 2, from = end, end *= 2) {
        for (double v = from; v < end && v <= most; v += unit)
            positive[n++] = v;
        if (end > most) break;
    }
    for (size_t i = n; i > 0; i--)
        level[all++] = -positive[i - 1];
    level[all++] = 0;
    for (size_t i = 0; i < n; i++)
        level[all++] = positive[i];
    return all;
}

static double divided(double largest, const void *arg)
{
    return largest / *(const double *)arg;
}

/* The scale of MXFP4: the largest power of two not above the value, over that of E2M1's largest binade. */
static double power_of_two(double largest, const void *arg)
{
    (void)arg;
    return exp2(floor(log2(largest)) - 2);
}

/* The scale of NVFP4: a sixth of the largest, as E4M3. */
static double e4m3_sixth(double largest, const void *arg)
{
    (void)arg;
    const double unit = fmax(exp2(floor(log2(largest / 6)) - 3), exp2(-9));
    return unit * nearbyint(largest / 6 / unit);
}

static double symmetric(int low, int high)
{
    double level[LEVELS], over = -low;
    return scalar_absmax(32, level, evenly(low, high, level), divided, &over);
}

static double e4m3(void)
{
    double level[LEVELS];
    return scalar_levels(level, floats(3, -6, 448, level));
}

static double e5m2(void)
{
    double level[LEVELS];
    return scalar_levels(level, floats(2, -14, 57344, level));
}

static double q8_0(void)
{
    return symmetric(-127, 127);
}

static double q5_0(void)
{
    return symmetric(-16, 15);
}

static double q4_0(void)
{
    return symmetric(-8, 7);
}

static double q5_1(void)
{
    return scalar_minmax(32, 32);
}

static double q4_1(void)
{
    return scalar_minmax(32, 16);
}

static double mxfp4(void)
{
    double level[LEVELS];
    return scalar_absmax(32, level, floats(1, 0, 6, level), power_of_two, NULL);
}

static double nvfp4(void)
{
    double level[LEVELS];
    return scalar_absmax(16, level, floats(1, 0, 6, level), e4m3_sixth, NULL);
}

/* What the rule of iq4_nl leaves of the rows, f16 rounding of the scale apart: codes nearest to -127/e x, e the value
 * of largest magnitude, then the scale that fits the levels with weights x². */
static double iq4_nl(const float *x, size_t n)
{
    static const double level[] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    double error = 0, energy = 0;
    for (size_t at = 0; at < n; at += 32) {
        double largest = 0, own[32], up = 0, down = 0;
        for (size_t i = 0; i < 32; i++)
            if (fabs((double)x[at + i]) > fabs(largest)) largest = (double)x[at + i];
        for (size_t i = 0; i < 32; i++) {
            const double v = (double)x[at + i], sought = v * -127 / largest;
            own[i] = level[0];
            for (size_t j = 1; j < 16; j++)
                if (fabs(sought - level[j]) < fabs(sought - own[i])) own[i] = level[j];
            up += v * v * own[i] * v;
            down += v * v * own[i] * own[i];
        }
        for (size_t i = 0; i < 32; i++) {
            const double v = (double)x[at + i], off = v - up / down * own[i];
            error += off * off;
            energy += v * v;
        }
    }
    return error / energy;
}

/* ---- the table ---- */

static const struct {
    const char *codec;
    double (*exact)(void); /* of the first column */
    const char *published[3];
} formats[] = {
    { "q8_0", q8_0, { "2.86e-5", "1.49e-4", "2.35e-5" } },   { "e4m3", e4m3, { "7.06e-4", "6.87e-4", "7.08e-4" } },
    { "e5m2", e5m2, { "2.80e-3", "2.69e-3", "2.79e-3" } },   { "q5_1", q5_1, { "1.43e-3", "2.93e-3", "1.07e-3" } },
    { "q5_0", q5_0, { "1.83e-3", "9.39e-3", "1.49e-3" } },   { "q4_1", q4_1, { "6.13e-3", "1.26e-2", "4.58e-3" } },
    { "q4_0", q4_0, { "7.36e-3", "3.32e-2", "5.95e-3" } },   { "iq4_nl", NULL, { "5.84e-3", "1.91e-2", "5.03e-3" } },
    { "nvfp4", nvfp4, { "9.05e-3", "8.92e-3", "8.98e-3" } }, { "mxfp4", mxfp4, { "1.32e-2", "3.35e-2", "1.34e-2" } },
};

enum { IID, OUTLIERS, ROTATED };

/* The sources, the rotated one as what a codec inside rotate(...) sees. */
static bool make_sources(source *rows)
{
    wht turn;
    rows[IID] = source_tiles(TILES, 0, 0, KEY);
    rows[OUTLIERS] = source_tiles(TILES, 1, 0, KEY + 2);
    rows[ROTATED] = source_tiles(TILES, 1, 0, KEY + 2);
    if (!rows[IID].rows || !rows[OUTLIERS].rows || !rows[ROTATED].rows || !wht_init(&turn, rows[ROTATED].dim))
        return false;
    wht_forward(&turn, rows[ROTATED].rows, rows[ROTATED].n);
    return true;
}

void paper_h6(paper *p)
{
    static const struct {
        const char *name, *before, *after;
        double tolerance;
    } columns[] = { { "iid", "", "", 0.01 }, { "outliers", "", "", 0.02 }, { "rotated", "rotate(", ")", 0.05 } };
    source rows[3];
    if (!make_sources(rows)) p->short_of_memory = true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !p->short_of_memory; i++)
        for (int c = IID; c <= ROTATED; c++) {
            const measure m = measure_codec(p->codecs, &rows[c == ROTATED ? OUTLIERS : c], NULL, "%s%s%s",
                                            columns[c].before, formats[i].codec, columns[c].after);
            double exact = c == IID && formats[i].exact ? formats[i].exact() : 0, tolerance = columns[c].tolerance;
            if (!formats[i].exact) {
                exact = iq4_nl(rows[c].rows, rows[c].n * (size_t)rows[c].dim);
                tolerance = 0.002;
            }
            paper_add(p,
                      (paper_row){ .published = formats[i].published[c],
                                   .exact = exact,
                                   .measured = m.error,
                                   .by = m,
                                   .tolerance = tolerance },
                      "%s, %s", formats[i].codec, columns[c].name);
        }
    for (int c = IID; c <= ROTATED; c++)
        source_free(&rows[c]);
}
