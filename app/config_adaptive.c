#include "app/config_adaptive.h"

#include <stdlib.h>
#include <string.h>

typedef struct adaptive_mode {
    int mode;
    int wanted;         /* the stream that must be turbo for the mode to do anything */
    const char *base;   /* NULL, or what the values become elsewhere */
    const char *layers; /* these are protected ... */
    const char *codec;  /* ... by this */
    int streams;        /* SPEC_FOR_K, SPEC_FOR_V */
} adaptive_mode;

static const adaptive_mode modes[] = {
    { 1, KVANT_K, NULL, "0-3,-4..-1", "q8_0", SPEC_FOR_K | SPEC_FOR_V },
    { 2, KVANT_K, NULL, "-8..-1", "q8_0", SPEC_FOR_K | SPEC_FOR_V },
    { 5, KVANT_V, "turbo2", "0-1,-2..-1", "turbo4", SPEC_FOR_V },
    { 6, KVANT_V, "turbo2", "-8..-1", "turbo4", SPEC_FOR_V },
    { 7, KVANT_V, "turbo2", "0-1,-2..-1", "q8_0", SPEC_FOR_V },
};

static bool is_turbo(const spec *s)
{
    static const char *const names[] = { "turbo2", "turbo3", "turbo4" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(s->codec->name, names[i]) == 0) return true;
    return false;
}

/* An empty exception in front of all others. */
static config_exception *first_exception(config *c, fault *f)
{
    config_exception *grown = realloc(c->exceptions, (c->n_exceptions + 1) * sizeof *grown);
    if (!grown) {
        fault_memory(f, "the config's exceptions");
        return NULL;
    }
    memmove(grown + 1, grown, c->n_exceptions * sizeof *grown);
    grown[0] = (config_exception){ 0 };
    c->exceptions = grown;
    c->n_exceptions++;
    return grown;
}

static bool apply(config *c, const catalog *known, const adaptive_mode *m, fault *f)
{
    config_exception *x = first_exception(c, f);
    size_t at = 0;
    if (!x || !layers_parse(&x->list, m->layers, &at, f)) return false;
    for (int s = KVANT_K; s <= KVANT_V; s++)
        if (m->streams & 1 << s && !(x->spec[s] = spec_parse(known, m->codec, f))) return false;
    if (!m->base) return true;
    spec *base = spec_parse(known, m->base, f);
    if (!base) return false;
    spec_free(c->base[KVANT_V]);
    c->base[KVANT_V] = base;
    return true;
}

bool config_adaptive(config *c, const catalog *known, int mode, size_t at, fault *f)
{
    if (mode == 0) return true;
    if (mode == 3 || mode == 4)
        return expr_fault(f, c->line, at, "adaptive=%d was never implemented where it comes from", mode);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const adaptive_mode *m = &modes[i];
        if (m->mode != mode) continue;
        if (is_turbo(c->base[m->wanted])) return apply(c, known, m, f);
        return expr_fault(f, c->line, at,
                          "adaptive=%d does nothing unless %s are turbo2, turbo3 or turbo4; they are %s", m->mode,
                          m->wanted == KVANT_K ? "keys" : "values", c->base[m->wanted]->text);
    }
    return expr_fault(f, c->line, at, "adaptive is 0, 1, 2, 5, 6 or 7");
}
