#include "app/verify_claims.h"

#include <math.h>
#include <string.h>

#include "app/verify_forms.h"
#include "kernels/lloyd.h"

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

static bool claim_identity(const spec *s, int dim, verify_claim *c)
{
    (void)s, (void)dim;
    return one(c, 0, 0, "exact");
}

static bool claim_float(const spec *s, int dim, verify_claim *c)
{
    static const struct {
        const char *name;
        int fraction;
    } formats[] = { { "f16", 10 }, { "bf16", 7 }, { "e4m3", 3 }, { "e5m2", 2 } };
    (void)dim;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(s->codec->name, formats[i].name) == 0)
            return one(c, verify_float_error(formats[i].fraction), 0.01, "rounding to its bits of fraction");
    return false;
}

static bool claim_block(const spec *s, int dim, verify_claim *c)
{
    static const struct {
        const char *name;
        int low, high, divisor;
    } formats[] = { { "q8_0", -127, 127, 127 }, { "q5_0", -16, 15, 16 }, { "q4_0", -8, 7, 8 } };
    (void)dim;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(s->codec->name, formats[i].name) == 0)
            return one(c, verify_block_error(32, formats[i].low, formats[i].high, formats[i].divisor), 0.01,
                       "a scale for 32 values");
    return false;
}

static bool claim_range(const spec *s, int dim, verify_claim *c)
{
    (void)dim;
    const int steps = strcmp(s->codec->name, "q5_1") == 0 ? 31 : 15;
    return one(c, verify_range_error(32, steps), 0.01, "a scale and a minimum for 32 values");
}

static bool claim_kivi(const spec *s, int dim, verify_claim *c)
{
    const int bits = (int)int_of(s, "bits", 0), group = (int)int_of(s, "group", 0);
    if (bits > 5 || group > 64 || dim % group) return false; /* the integral is too coarse, or a group is shorter */
    return one(c, verify_range_error(group, (1 << bits) - 1), 0.01, "a scale and a minimum for a group");
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
            return one(c, verify_table_error(128, tables[i].level, tables[i].boundary, tables[i].n, SCALE_NORM), 0.01,
                       "its published table, length kept");
    return false;
}

/* The same bytes with the optimal table for their groups. */
static bool claim_sphere(const spec *s, int dim, verify_claim *c)
{
    static const struct {
        const char *name;
        int group, bits;
    } tables[] = { { "turbo4_lm", 128, 4 }, { "turbo2_64", 64, 2 }, { "turbo3_64", 64, 3 }, { "turbo4_64", 64, 4 } };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(s->codec->name, tables[i].name) == 0 && dim % tables[i].group == 0)
            return one(c, verify_optimum(tables[i].group, tables[i].bits, SCALE_NORM), 0.01,
                       "Lloyd-Max of the group's sphere, length kept");
    return false;
}

static bool claim_polar(const spec *s, int dim, verify_claim *c)
{
    static const struct {
        const char *word, *source;
    } scales[] = {
        [SCALE_PLAIN] = { "plain", "Lloyd-Max of the sphere" },
        [SCALE_NORM] = { "norm", "Lloyd-Max of the sphere, length kept" },
        [SCALE_MSE] = { "mse", "Lloyd-Max of the sphere, least error" },
        [SCALE_UNBIASED] = { "unbiased", "Lloyd-Max of the sphere, unbiased" },
    };
    const int bits = (int)int_of(s, "bits", 0);
    for (int i = SCALE_PLAIN; i <= SCALE_UNBIASED; i++)
        if (strcmp(word_of(s, "scale"), scales[i].word) == 0)
            return one(c, verify_optimum(dim, bits, (verify_scale)i), bits < 7 ? 0.01 : 0.02, scales[i].source);
    return false;
}

static const struct {
    const char *codec;
    bool (*claim)(const spec *s, int dim, verify_claim *c);
} claims[] = {
    { "identity", claim_identity }, { "f16", claim_float },        { "bf16", claim_float },
    { "e4m3", claim_float },        { "e5m2", claim_float },       { "q8_0", claim_block },
    { "q5_0", claim_block },        { "q4_0", claim_block },       { "q5_1", claim_range },
    { "q4_1", claim_range },        { "kivi", claim_kivi },        { "turbo2", claim_turbo },
    { "turbo3", claim_turbo },      { "turbo4", claim_turbo },     { "turbo4_lm", claim_sphere },
    { "turbo2_64", claim_sphere },  { "turbo3_64", claim_sphere }, { "turbo4_64", claim_sphere },
    { "polar", claim_polar },
};

/* Wrappers whose inner codec sees Gaussian rows when they do: its claim is theirs. */
static const char *const transparent[] = { "rotate" };

bool verify_claim_of(const spec *s, int dim, double payload, verify_claim *claim)
{
    for (size_t i = 0; s->inner && i < sizeof transparent / sizeof *transparent; i++)
        if (strcmp(s->codec->name, transparent[i]) == 0 && verify_claim_of(s->inner, dim, payload, claim)) {
            claim->high += 1e-12; /* f32 arithmetic on the way */
            return true;
        }
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (strcmp(s->codec->name, claims[i].codec) == 0) return claims[i].claim(s, dim, claim);
    if (s->inner || !strstr(s->codec->summary, "Lloyd-Max") || dim < LLOYD_DIM_MIN) return false;
    const int bits = (int)floor(payload + 0.01);
    const double least = verify_optimum(dim, bits, SCALE_MSE), most = verify_optimum(dim, bits, SCALE_NORM);
    const double plain = verify_optimum(dim, bits, SCALE_PLAIN);
    if (plain < 0) return false;
    *claim = (verify_claim){ least, fmax(most, plain), 0.01, "its summary says Lloyd-Max" };
    return true;
}
