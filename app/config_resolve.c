#include "app/config.h"

#include <stdlib.h>
#include <string.h>

/* Who gave a layer's stream its codec: the last exception of each way to name it (LAYERS_FRONT ...), NULL for none. */
typedef struct claim {
    const spec *spec;
    size_t order; /* 1 + the exception's number */
    size_t begin; /* its layers in the line */
} claim;

static bool has_window(const config_model *m, int layer)
{
    return m->windowed && m->windowed[layer / 64] >> layer % 64 & 1;
}

/* What kinds of layers get below the exceptions that count layers: kinds[has a window][stream], NULL for the base's. */
typedef const spec *kinds[2][2];

static bool collect_kinds(const config *c, const config_model *m, kinds of, fault *f)
{
    int n[2] = { 0 };
    for (int layer = 0; layer < m->n_layers; layer++)
        n[has_window(m, layer)]++;
    for (size_t x = 0; x < c->n_exceptions; x++) {
        const config_exception *e = &c->exceptions[x];
        if (e->list.named == LAYERS_NUMBERED) continue;
        const bool windowed = e->list.named == LAYERS_WINDOWED;
        if (n[1] == 0)
            return expr_fault(f, c->line, e->list.begin, "%s: no layer of this model has a sliding window",
                              layers_word(e->list.named));
        if (n[windowed] == 0)
            return expr_fault(f, c->line, e->list.begin, "full: every layer of this model has a sliding window");
        for (int s = KVANT_K; s <= KVANT_V; s++)
            if (e->spec[s]) of[windowed][s] = e->spec[s];
    }
    return true;
}

static void put(claim *claims, int layer, int stream, layers_kind kind, claim c)
{
    claims[(layer * 2 + stream) * 3 + (int)kind] = c;
}

static bool collect(const config *c, int n_layers, claim *claims, fault *f)
{
    for (size_t x = 0; x < c->n_exceptions; x++) {
        const config_exception *e = &c->exceptions[x];
        for (size_t j = 0; j < e->list.n; j++) {
            layers_range r = e->list.ranges[j];
            int first, last;
            if (!layers_resolve(r, n_layers, c->line, &first, &last, f)) return false;
            for (int layer = first; layer <= last; layer++)
                for (int s = KVANT_K; s <= KVANT_V; s++)
                    if (e->spec[s]) put(claims, layer, s, layers_kind_of(r), (claim){ e->spec[s], x + 1, r.begin });
        }
    }
    return true;
}

/* The latest claim wins, but front and end must not disagree above the middle. */
static bool settle(const config *c, const config_model *m, int layer, int stream, const claim *claims,
                   const spec *below, const spec **out, fault *f)
{
    const claim *front = &claims[LAYERS_FRONT], *middle = &claims[LAYERS_MIDDLE], *end = &claims[LAYERS_END];
    const claim *last = front->order > end->order ? front : end;
    bool both = front->order > middle->order && end->order > middle->order;
    if (both && strcmp(front->spec->text, end->spec->text) != 0)
        return expr_fault(f, c->line, last->begin,
                          "layer %d of %d attention layers gets %c=%s counted from the front and %c=%s from the end",
                          layer, m->n_layers, "kv"[stream], front -> spec -> text, "kv"[stream], end -> spec -> text);
    if (middle->order > last->order) last = middle;
    *out = last->spec ? last->spec : below ? below : c->base[stream];
    return !m->dims || spec_check_dim(*out, c->line, m->dims[layer][stream], f) ||
           fault_prefix(f, "layer %d, %c", layer, "kv"[stream]);
}

bool config_resolve(const config *c, const config_model *m, config_layer *plan, fault *f)
{
    if (m->n_layers < 1) return fault_set(f, FAULT_INPUT, "a model with %d attention layers", m->n_layers);
    claim *claims = calloc((size_t)m->n_layers * 6, sizeof *claims);
    if (!claims) return fault_memory(f, "the layers' codecs");
    kinds of = { { NULL, NULL }, { NULL, NULL } };
    bool ok = collect_kinds(c, m, of, f) && collect(c, m->n_layers, claims, f);
    for (int layer = 0; ok && layer < m->n_layers; layer++)
        for (int s = KVANT_K; ok && s <= KVANT_V; s++)
            ok = settle(c, m, layer, s, claims + (layer * 2 + s) * 3, of[has_window(m, layer)][s], &plan[layer].spec[s],
                        f);
    free(claims);
    return ok;
}
