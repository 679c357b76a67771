#include "app/verify_claims.h"

#include <math.h>
#include <string.h>

#include "kernels/lloyd.h"

/* ---- forms ---- */

static double normal_density(double x)
{
    return exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0));
}

/* P(|x| < m). */
static double within(double m)
{
    return erf(m / sqrt(2.0));
}

double verify_half_error(void)
{
    /* 11 significant bits: in [2^e, 2^(e+1)) the step is 2^(e-10) and the mean square error a twelfth of its square. */
    double sum = 0;
    for (int e = -14; e < 5; e++)
        sum += pow(4.0, e) * (within(ldexp(1, e + 1)) - within(ldexp(1, e)));
    return sum * 0x1p-20 / 12;
}

/* The squared error of x when the largest of its block is m. */
static double rounded(double x, double m, int low, int high, int divisor)
{
    const double step = m / divisor, code = fmin(fmax(floor(x / step + 0.5), low), high);
    return (x - code * step) * (x - code * step);
}

double verify_block_error(int block, int low, int high, int divisor)
{
    enum { OUTER = 200, INNER = 1000 };
    double sum = 0;
    for (int i = 0; i < OUTER; i++) { /* over the largest magnitude m: density n P(|x|<m)^(n-1) 2 phi(m) */
        const double h = 7.0 / OUTER, m = (i + 0.5) * h;
        const double weight = block * pow(within(m), block - 1) * 2 * normal_density(m) * h;
        double inside = 0;
        for (int j = 0; j < INNER && weight > 1e-12; j++) {
            const double g = 2 * m / INNER, x = -m + (j + 0.5) * g;
            inside += rounded(x, m, low, high, divisor) * normal_density(x) * g;
        }
        if (weight > 1e-12) sum += weight * (block - 1) * inside / within(m);
    }
    return sum / block;
}

double verify_table_error(int dim, const double *level, const double *boundary, int n)
{
    enum { STEPS = 20000 };
    const double constant = exp(lgamma(0.5 * dim) - lgamma(0.5 * (dim - 1))) / sqrt(acos(-1.0));
    double along = 0, length = 0;
    for (int i = 0; i < STEPS; i++) {
        const double h = 1.0 / STEPS, t = (i + 0.5) * h;
        int k = 0;
        while (k + 1 < n && t >= boundary[k + 1])
            k++;
        const double weight = 2 * dim * constant * pow(1 - t * t, 0.5 * (dim - 3)) * h;
        along += weight * t * level[k];
        length += weight * level[k] * level[k];
    }
    return 2 - 2 * along / sqrt(length);
}

/* ---- the table ---- */

static int64_t int_of(const spec *s, const char *name, int64_t otherwise)
{
    const catalog_param *p = catalog_param_of(s->codec, name);
    return p ? s->values[p - s->codec->params].i : otherwise;
}

static const char *word_of(const spec *s, const char *name)
{
    const catalog_param *p = catalog_param_of(s->codec, name);
    return p && p->type == KVANT_ENUM ? p->words[s->values[p - s->codec->params].i] : "";
}

static bool one(verify_claim *c, double error, double tolerance, const char *source)
{
    *c = (verify_claim){ error, error, tolerance, source };
    return error >= 0;
}

/* The optimum of `bits` bits for a coordinate of a unit row, -1: there is none. */
static double optimum(int dim, int bits)
{
    double level[1 << LLOYD_BITS_MAX];
    return bits >= 1 && bits <= LLOYD_BITS_MAX && lloyd_max(dim, bits, level) ? lloyd_distortion(dim, bits, level) : -1;
}

static bool claim_identity(const spec *s, int dim, verify_claim *c)
{
    (void)s, (void)dim;
    return one(c, 0, 0, "exact");
}

static bool claim_f16(const spec *s, int dim, verify_claim *c)
{
    (void)s, (void)dim;
    return one(c, verify_half_error(), 0.01, "rounding to 11 bits");
}

static bool claim_q8_0(const spec *s, int dim, verify_claim *c)
{
    (void)s, (void)dim;
    return one(c, verify_block_error(32, -127, 127, 127), 0.01, "blocks of 32, largest / 127");
}

static bool claim_q4_0(const spec *s, int dim, verify_claim *c)
{
    (void)s, (void)dim;
    return one(c, verify_block_error(32, -8, 7, 8), 0.01, "blocks of 32, largest / -8");
}

/* The tables are turboquant's own, turbo4's being no Lloyd-Max table; turboquant.md, 1.3. */
static bool claim_turbo(const spec *s, int dim, verify_claim *c)
{
    static const struct {
        const char *name;
        int n;
        double level[8], boundary[8];
    } tables[] = {
        { "turbo2", 2, { 0.039994, 0.133462 }, { 0, 0.086728 } },
        { "turbo3", 4, { 0.021460, 0.065717, 0.117832, 0.190685 }, { 0, 0.043589, 0.091775, 0.154259 } },
        { "turbo4",
          8,
          { 0.006938, 0.020989, 0.035597, 0.051262, 0.068756, 0.089527, 0.117195, 0.173926 },
          { 0, 0.013963, 0.028293, 0.043430, 0.060009, 0.079142, 0.103361, 0.145560 } },
    };
    if (dim % 128 != 0) return false; /* padded groups keep less of the error */
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(s->codec->name, tables[i].name) == 0)
            return one(c, verify_table_error(128, tables[i].level, tables[i].boundary, tables[i].n), 0.01,
                       "its published table, length kept");
    return false;
}

/* A row's length times s, for a unit row y and its levels c with E<y,c> = E<c,c> = 1 - D: s = 1; |s c| = 1; the least
 * error; <y, s c> = 1. */
static bool claim_polar(const spec *s, int dim, verify_claim *c)
{
    const int bits = (int)int_of(s, "bits", 0);
    const double d = optimum(dim, bits), tolerance = bits < 7 ? 0.01 : 0.03;
    const char *scale = word_of(s, "scale");
    if (d < 0) return false;
    if (strcmp(scale, "norm") == 0) return one(c, 2 - 2 * sqrt(1 - d), tolerance, "Lloyd-Max, length kept");
    if (strcmp(scale, "unbiased") == 0) return one(c, d / (1 - d), tolerance, "Lloyd-Max, unbiased");
    return one(c, d, tolerance, "Lloyd-Max of the sphere");
}

static const struct {
    const char *codec;
    bool (*claim)(const spec *s, int dim, verify_claim *c);
} claims[] = {
    { "identity", claim_identity }, { "f16", claim_f16 },      { "q8_0", claim_q8_0 },   { "q4_0", claim_q4_0 },
    { "turbo2", claim_turbo },      { "turbo3", claim_turbo }, { "turbo4", claim_turbo }, { "polar", claim_polar },
};

/* Wrappers whose inner codec sees Gaussian rows when they do: its claim is theirs. */
static const char *const transparent[] = { "rotate" };

bool verify_claim_of(const spec *s, int dim, double payload, verify_claim *claim)
{
    for (size_t i = 0; s->inner && i < sizeof transparent / sizeof *transparent; i++)
        if (strcmp(s->codec->name, transparent[i]) == 0) return verify_claim_of(s->inner, dim, payload, claim);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (strcmp(s->codec->name, claims[i].codec) == 0) return claims[i].claim(s, dim, claim);
    if (s->inner || !strstr(s->codec->summary, "Lloyd-Max") || dim < LLOYD_DIM_MIN) return false;
    const double d = optimum(dim, (int)floor(payload + 0.01));
    if (d < 0) return false;
    *claim = (verify_claim){ d, 2 - 2 * sqrt(1 - d), 0.01, "its summary says Lloyd-Max" };
    return true;
}

double verify_claim_limit(const spec *s)
{
    (void)s;
    return 1.0;
}
