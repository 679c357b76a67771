/* Every head dimension, every parameter: does it work, or say why not? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/verify_battery.h"
#include "kernels/random.h"

/* The whole way at one spec and shape, with the rules that hold for any parameters. refused: create or calibrate said
 * no with a reason. */
static bool works(verify *v, const spec *s, const kvant_shape *shape, size_t values, const char *what, bool *refused)
{
    measure m;
    measure_error(v, s, shape, values, 1.0f, &m);
    *refused = m.code != KVANT_OK && (strcmp(m.where, "create") == 0 || strcmp(m.where, "calibrate") == 0) &&
               (m.code == KVANT_E_PARAM || m.code == KVANT_E_SHAPE);
    if (ledger_within(&v->ledger, "%.60s", what)) return false;
    if (m.code == KVANT_OK || *refused) return true;
    return ledger_breach(&v->ledger, "%.60s: %s: %s: %s", what, m.where, trial_code(m.code) ? trial_code(m.code) : "?",
                         m.said);
}

/* ---- dimensions ---- */

enum { MOST_VALUES = 1 << 17, LARGEST_BLOCK = 1 << 19, LARGEST_DIM = 1024 };

/* Head dimensions that models have, and the ends of what is claimed. Returns how many of them are claimed. */
static size_t dims_of(const catalog_codec *c, int dims[16])
{
    const int last = c->dim_max - (c->dim_max - c->dim_min) % c->dim_step;
    const int wanted[] = { c->dim_min, c->dim_min + c->dim_step, 64, 80, 96, 112, 128, 192, 256, 512, last };
    size_t n = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        bool there = false;
        for (size_t k = 0; k < n; k++)
            there = there || dims[k] == wanted[i];
        if (!there && catalog_takes_dim(c, wanted[i])) dims[n++] = wanted[i];
    }
    return n;
}

/* Do all inner codecs take it, too? A wrapper promises no more than that. */
static bool all_take(const spec *s, int dim)
{
    for (const spec *in = s->inner; in; in = in->inner)
        if (!catalog_takes_dim(in->codec, dim)) return false;
    return true;
}

verify_outcome check_dims(verify *v)
{
    int dims[16];
    const size_t n = dims_of(v->spec->codec, dims);
    char text[160] = "";
    size_t used = 0, left_out = 0;
    for (size_t i = 0; i < n; i++) {
        kvant_shape shape = v->shape;
        char what[32];
        bool refused;
        shape.dim = dims[i];
        snprintf(what, sizeof what, "dimension %d", dims[i]);
        if (!all_take(v->spec, dims[i]) || v->unit * (size_t)dims[i] > LARGEST_BLOCK ||
            (dims[i] > LARGEST_DIM && v->geometry.calibrates)) {
            left_out++;
            continue;
        }
        if (!works(v, v->spec, &shape, 4096, what, &refused)) return VERIFY_FAIL;
        if (refused) return failed(v, "%s is claimed and refused", what);
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", used ? " " : "", dims[i]);
    }
    if (!used) return not_applicable(v, "none that the inner codec takes");
    return left_out ? passed(v, "%s; %zu left out, too large or not for the inner codec", text, left_out)
                    : passed(v, "%s", text);
}

/* ---- parameters ---- */

static void value_text(const catalog_param *p, double part, char text[80])
{
    if (p->type == KVANT_ENUM) {
        const size_t word = (size_t)(part * (double)p->n_words);
        snprintf(text, 80, "%.70s", p->words[word < p->n_words ? word : p->n_words - 1]);
    } else if (p->type == KVANT_BOOL) {
        snprintf(text, 80, "%s", part < 0.5 ? "false" : "true");
    } else {
        double x = p->min + part * (p->max - p->min);
        if (p->flags & KVANT_LOG && p->min > 0) x = p->min * pow(p->max / p->min, part);
        number_write(p->type == KVANT_INT ? floor(x + 0.5) : x, text);
    }
}

/* Is one block of this so large that it is not worth the time? */
static bool too_large(verify *v, const spec *s, const kvant_shape *shape)
{
    trial t;
    const int rc = trial_open(&t, v->known, s, shape, NULL, 1.0f, &v->ledger);
    const bool large = rc == KVANT_OK && t.unit * t.dim > MOST_VALUES * (t.geometry.calibrates ? 1 : 4);
    trial_close(&t);
    return large;
}

typedef struct sweep_count {
    size_t worked, refused, too_large;
} sweep_count;

static bool try_text(verify *v, const char *text, const kvant_shape *shape, sweep_count *n)
{
    fault f = { 0 };
    spec *s = spec_parse(registry_catalog(v->known), text, &f);
    bool refused = false, ok = true;
    if (!s)
        ok = ledger_breach(&v->ledger, "%.160s", f.text);
    else if (too_large(v, s, shape))
        n->too_large++;
    else if ((ok = works(v, s, shape, 2048, s->text + strlen(s->codec->name), &refused)))
        *(refused ? &n->refused : &n->worked) += 1;
    spec_free(s);
    return ok;
}

/* "name(inner,", with as many of the parameters as `chosen` has bits, the k-th at part[k] of its range. */
static void expression(const verify *v, uint64_t chosen, const double *part, char *text, size_t room)
{
    const catalog_codec *c = v->spec->codec;
    size_t n = (size_t)snprintf(text, room, "%s(%.1000s", c->name, v->spec->inner ? v->spec->inner->text : "");
    bool comma = v->spec->inner != NULL;
    for (size_t i = 0; i < c->n_params && n < room; i++) {
        char value[80];
        if (c->params[i].type == KVANT_CODEC || !(chosen >> i & 1)) continue;
        value_text(&c->params[i], part[i], value);
        n += (size_t)snprintf(text + n, room - n, "%s%s=%s", comma ? "," : "", c->params[i].name, value);
        comma = true;
    }
    if (n < room) snprintf(text + n, room - n, ")");
}

/* One parameter at a time: the ends and the middle, every word. */
static bool try_each(verify *v, const kvant_shape *shape, sweep_count *n)
{
    char text[2048];
    double part[64] = { 0 };
    for (size_t i = 0; i < v->spec->codec->n_params; i++) {
        const catalog_param *p = &v->spec->codec->params[i];
        const size_t steps = p->type == KVANT_ENUM ? p->n_words : p->type == KVANT_BOOL ? 2 : 3;
        for (size_t k = 0; k < steps && p->type != KVANT_CODEC; k++) {
            part[i] = p->type == KVANT_ENUM ? ((double)k + 0.5) / (double)steps : (double)k / (double)(steps - 1);
            expression(v, (uint64_t)1 << i, part, text, sizeof text);
            if (!try_text(v, text, shape, n)) return false;
        }
    }
    return true;
}

/* Several at once, at random: often at an end of their range. */
static bool try_some(verify *v, const kvant_shape *shape, sweep_count *n)
{
    enum { TRIES = 12 };
    char text[2048];
    double part[64];
    const size_t n_params = v->spec->codec->n_params;
    for (uint64_t k = 0; k < TRIES && n_params > 1; k++) {
        for (size_t i = 0; i < n_params; i++) {
            const double u = random_uniform(k, i);
            part[i] = u < 0.2 ? 0 : u > 0.8 ? 1 : (u - 0.2) / 0.6;
        }
        expression(v, random_bits(k, 99), part, text, sizeof text);
        if (!try_text(v, text, shape, n)) return false;
    }
    return true;
}

verify_outcome check_params(verify *v)
{
    sweep_count n = { 0 };
    const catalog_codec *c = v->spec->codec;
    kvant_shape shape = v->shape;
    if (c->n_params == (v->spec->inner ? 1u : 0u)) return not_applicable(v, "no parameters");
    if (catalog_takes_dim(c, 64) && all_take(v->spec, 64)) shape.dim = 64;
    if (!try_each(v, &shape, &n) || !try_some(v, &shape, &n)) return VERIFY_FAIL;
    return n.worked ? passed(v, "%zu combinations work, %zu are refused with a reason, %zu too large to try", n.worked,
                             n.refused, n.too_large)
                    : failed(v, "all %zu combinations are refused", n.refused);
}

/* ---- heads ---- */

verify_outcome check_pooled(verify *v)
{
    static const int heads[] = { 1, 2, 4, 8 };
    char what[32];
    bool refused;
    size_t n_refused = 0;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        kvant_shape shape = v->shape;
        shape.n_heads = heads[i];
        snprintf(what, sizeof what, "%d heads", heads[i]);
        if (!works(v, v->spec, &shape, 4096, what, &refused)) return VERIFY_FAIL;
        n_refused += refused;
    }
    if (n_refused && !v->geometry.pooled)
        return failed(v, "it is not pooled and refuses %zu numbers of heads", n_refused);
    return passed(v, "1, 2, 4 and 8%s", v->geometry.pooled ? ", pooled" : ", one instance each");
}
