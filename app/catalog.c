#include "app/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

catalog *catalog_create(fault *f)
{
    catalog *c = calloc(1, sizeof *c);
    if (!c) fault_memory(f, "the catalog");
    return c;
}

static void free_param(catalog_param *p)
{
    for (size_t i = 0; i < p->n_words && p->words; i++)
        free(p->words[i]);
    free(p->words);
    free(p->name);
    free(p->inner);
    free(p->help);
}

void catalog_codec_free(catalog_codec *codec)
{
    if (!codec) return;
    for (size_t i = 0; i < codec->n_params && codec->params; i++)
        free_param(&codec->params[i]);
    free(codec->params);
    free(codec->name);
    free(codec->version);
    free(codec->family);
    free(codec->summary);
    free(codec->reference);
    free(codec->path);
    free(codec);
}

void catalog_free(catalog *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->n_codecs; i++)
        catalog_codec_free(c->codecs[i]);
    for (size_t i = 0; i < c->n_problems; i++) {
        free(c->problems[i].path);
        free(c->problems[i].reason);
    }
    free(c->codecs);
    free(c->problems);
    free(c);
}

bool catalog_add_problem(catalog *c, const char *path, const char *reason, fault *f)
{
    catalog_problem *grown = realloc(c->problems, (c->n_problems + 1) * sizeof *grown);
    if (!grown) return fault_memory(f, "the catalog");
    c->problems = grown;
    catalog_problem p = { strdup(path), strdup(reason) };
    if (!p.path || !p.reason) {
        free(p.path);
        free(p.reason);
        return fault_memory(f, "the catalog");
    }
    c->problems[c->n_problems++] = p;
    return true;
}

static bool hide(catalog *c, const catalog_codec *codec, const catalog_codec *first, fault *f)
{
    char reason[512];
    bool same = strcmp(codec->path, first->path) == 0;
    snprintf(reason, sizeof reason, "codec \"%s\" is hidden: %s%s", codec->name, same ? "this file" : first->path,
             same ? " lists that name twice" : " comes first with that name");
    return catalog_add_problem(c, codec->path, reason, f);
}

bool catalog_add(catalog *c, catalog_codec *codec, fault *f)
{
    bool ok = catalog_check(codec, f);
    const catalog_codec *first = ok ? catalog_find(c, codec->name) : NULL;
    if (!ok || first) {
        ok = ok && hide(c, codec, first, f);
        catalog_codec_free(codec);
        return ok;
    }
    catalog_codec **grown = realloc(c->codecs, (c->n_codecs + 1) * sizeof *grown);
    if (!grown) {
        catalog_codec_free(codec);
        return fault_memory(f, "the catalog");
    }
    c->codecs = grown;
    c->codecs[c->n_codecs++] = codec;
    return true;
}

const catalog_codec *catalog_find(const catalog *c, const char *name)
{
    for (size_t i = 0; i < c->n_codecs; i++)
        if (strcmp(c->codecs[i]->name, name) == 0) return c->codecs[i];
    return NULL;
}

const catalog_param *catalog_param_of(const catalog_codec *codec, const char *name)
{
    for (size_t i = 0; i < codec->n_params; i++)
        if (strcmp(codec->params[i].name, name) == 0) return &codec->params[i];
    return NULL;
}

const char *catalog_nearest(const catalog *c, const char *name)
{
    nearest n = nearest_to(name);
    for (size_t i = 0; i < c->n_codecs; i++)
        nearest_try(&n, c->codecs[i]->name);
    return n.word;
}

const char *catalog_nearest_param(const catalog_codec *codec, const char *name)
{
    nearest n = nearest_to(name);
    for (size_t i = 0; i < codec->n_params; i++)
        nearest_try(&n, codec->params[i].name);
    return n.word;
}

const catalog_param *catalog_inner(const catalog_codec *codec)
{
    return codec->n_params > 0 && codec->params[0].type == KVANT_CODEC ? &codec->params[0] : NULL;
}

bool catalog_takes_dim(const catalog_codec *codec, int dim)
{
    return dim >= codec->dim_min && dim <= codec->dim_max && (dim - codec->dim_min) % codec->dim_step == 0;
}

void catalog_dims(const catalog_codec *codec, char text[CATALOG_DIMS])
{
    int step = codec->dim_step, min = codec->dim_min;
    int max = min + (codec->dim_max - min) / step * step;
    if (min == max)
        snprintf(text, CATALOG_DIMS, "%d", min);
    else if (step == 1)
        snprintf(text, CATALOG_DIMS, "%d to %d", min, max);
    else if (min % step == 0)
        snprintf(text, CATALOG_DIMS, "multiples of %d from %d to %d", step, min, max);
    else
        snprintf(text, CATALOG_DIMS, "%d to %d in steps of %d", min, max, step);
}
