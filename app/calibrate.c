#include "app/calibrate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/calibrate_sums.h"
#include "app/query_moment.h"
#include "app/safetensors.h"
#include "kernels/half.h"
#include "kvant/codec.h"

static const char *const form_names[CALIBRATE_FORMS] = { "query_moment", "query_moment_rotated", "query_moment_met" };

typedef struct calibrator {
    const calibrate_request *r;
    const model_shape *shape;
    size_t positions, dim, group;
    head_sums *heads; /* [layer][kv head] */
    double *memory;
    float *rows;    /* [layer][K, V][kv head][sampled * positions][dim] */
    size_t passage; /* at work */
} calibrator;

static size_t streams_of(const calibrator *c)
{
    return (size_t)c->shape->n_layers * (size_t)c->shape->n_kv_heads;
}

static size_t row_floats(const calibrator *c)
{
    return (size_t)c->r->sampled * c->positions * c->dim;
}

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    calibrator *c = self;
    const calibrate_piece p = { .shape = c->shape,
                                .cache = cache,
                                .rope = engine_layer_rope(c->r->e, layer, (int)c->positions, f),
                                .q = q,
                                .layer = layer,
                                .first = (size_t)first,
                                .n = (size_t)n };
    return p.rope &&
           calibrate_add(&p, engine_pool(c->r->e), c->heads + (size_t)layer * (size_t)c->shape->n_kv_heads, f);
}

/* ---- passages ---- */

static void keep_rows(const calibrator *c, const kv_cache *cache)
{
    const size_t floats = c->positions * c->dim;
    float *to = c->rows + c->passage * floats;
    for (int il = 0; il < c->shape->n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (int h = 0; h < c->shape->n_kv_heads; h++, to += row_floats(c))
                memcpy(to, kv_rows(cache, side == KVANT_K ? &cache->layers[il].k : &cache->layers[il].v, h),
                       floats * sizeof *to);
}

static bool run_passage(calibrator *c, fault *f)
{
    const kv_tap tap = { wrote, c };
    kv_cache *cache = kv_cache_create(c->shape, (int)c->positions, KV_BEFORE_ROPE, f);
    sequence s = {
        .cache = cache, .tokens = passages_at(c->r->text, (int)c->passage), .n = (int)c->positions, .tap = &tap
    };
    const bool ok = cache && engine_forward(c->r->e, &s, 1, f);
    if (ok && c->passage < (size_t)c->r->sampled) keep_rows(c, cache);
    kv_cache_destroy(cache);
    return ok;
}

static bool open_sums(calibrator *c, fault *f)
{
    const size_t square = c->dim * c->dim, one = CALIBRATE_FORMS * square + c->positions, n = streams_of(c);
    c->heads = calloc(n, sizeof *c->heads);
    c->memory = calloc(n, one * sizeof *c->memory);
    c->rows = reallocarray(NULL, 2 * n, row_floats(c) * sizeof *c->rows);
    if (!c->heads || !c->memory || !c->rows) return fault_memory(f, "the calibration");
    for (size_t i = 0; i < n; i++) {
        double *at = c->memory + i * one;
        c->heads[i] = (head_sums){ { at, at + square, at + 2 * square }, at + CALIBRATE_FORMS * square };
    }
    return true;
}

/* ---- what keys before RoPE meet ---- */

/* Layers with one rotation and one window share their turns. */
typedef struct turning {
    const calibrator *c;
    const rope_table **ropes; /* of every layer */
    query_turn **turns;       /* of every layer; the first with these owns them */
    int *owners;              /* the layer that owns the turns of each */
    int layer;                /* whose turns are made */
} turning;

static void turns_task(void *arg, size_t plane, int thread)
{
    (void)thread;
    const turning *t = arg;
    const calibrator *c = t->c;
    query_turns(t->ropes[t->layer], c->dim, c->positions, (size_t)model_window(c->shape, t->layer), plane,
                t->turns[t->layer] + plane * query_planes(c->dim));
}

static bool make_turns(turning *t, fault *f)
{
    const calibrator *c = t->c;
    const size_t planes = query_planes(c->dim);
    for (t->layer = 0; t->layer < c->shape->n_layers; t->layer++) {
        const int il = t->layer, window = model_window(c->shape, il);
        if (!(t->ropes[il] = engine_layer_rope(c->r->e, il, (int)c->positions, f))) return false;
        int same = 0;
        while (t->ropes[same] != t->ropes[il] || model_window(c->shape, same) != window)
            same++;
        t->owners[il] = same;
        if (same < il) continue;
        t->turns[il] = reallocarray(NULL, planes, planes * sizeof *t->turns[il]);
        if (!t->turns[il]) return fault_memory(f, "the query moments");
        pool_run(engine_pool(c->r->e), planes, turns_task, t);
    }
    return true;
}

/* Streams go layer by layer. */
static void met_task(void *arg, size_t stream, int thread)
{
    (void)thread;
    const turning *t = arg;
    const head_sums *sums = &t->c->heads[stream];
    const size_t layer = stream / (size_t)t->c->shape->n_kv_heads;
    query_moment_met(t->ropes[layer], t->turns[t->owners[layer]], sums->moment[CALIBRATE_PLAIN], t->c->dim,
                     sums->moment[CALIBRATE_MET]);
}

static bool turn_moments(const calibrator *c, fault *f)
{
    const size_t layers = (size_t)c->shape->n_layers;
    turning t = { .c = c,
                  .ropes = calloc(layers, sizeof *t.ropes),
                  .turns = calloc(layers, sizeof *t.turns),
                  .owners = calloc(layers, sizeof *t.owners) };
    bool ok = (t.ropes && t.turns && t.owners) || fault_memory(f, "the query moments");
    ok = ok && make_turns(&t, f);
    if (ok) pool_run(engine_pool(c->r->e), streams_of(c), met_task, &t);
    for (size_t il = 0; t.turns && il < layers; il++)
        free(t.turns[il]);
    free(t.ropes);
    free(t.turns);
    free(t.owners);
    return ok;
}

/* ---- the file ---- */

/* Everything that is written, until it has been. */
typedef struct pages {
    safetensor *tensors;
    size_t n;
    void **memory;
    char (*names)[64];
} pages;

static void *add_tensor(pages *p, safetensors_type type, size_t value_bytes, int n_dims, const uint64_t *dims,
                        const char *what, int layer)
{
    safetensor *t = &p->tensors[p->n];
    *t = (safetensor){ .name = p->names[p->n], .type = type, .n_dims = n_dims, .n_values = 1 };
    if (layer < 0)
        snprintf(p->names[p->n], sizeof p->names[p->n], "%s", what);
    else
        snprintf(p->names[p->n], sizeof p->names[p->n], "layers.%d.%s", layer, what);
    for (int i = 0; i < n_dims; i++) {
        t->dims[i] = dims[i];
        t->n_values *= dims[i];
    }
    t->n_bytes = t->n_values * value_bytes;
    t->bytes = p->memory[p->n] = malloc(t->n_bytes);
    return p->memory[p->n++];
}

/* One layer's keys or values: f16 when it can hold them. */
static bool add_rows(const calibrator *c, pages *p, int layer, int side)
{
    const size_t heads = (size_t)c->shape->n_kv_heads, n = heads * row_floats(c);
    const uint64_t dims[] = { heads, (size_t)c->r->sampled * c->positions, c->dim };
    const float *rows = c->rows + ((size_t)layer * 2 + (size_t)side) * n;
    bool fits = true;
    for (size_t i = 0; fits && i < n; i++)
        fits = !half_is_special(half_from_float(rows[i]));
    const char *what = side == KVANT_K ? "k" : "v";
    void *to = add_tensor(p, fits ? SAFETENSORS_F16 : SAFETENSORS_F32, fits ? 2 : 4, 3, dims, what, layer);
    if (to && !fits) memcpy(to, rows, n * sizeof *rows);
    for (size_t i = 0; to && fits && i < n; i++)
        half_store((uint8_t *)to + 2 * i, half_from_float(rows[i]));
    return to;
}

static bool add_moments(const calibrator *c, pages *p, int layer, int form)
{
    const size_t heads = (size_t)c->shape->n_kv_heads, dim = c->dim;
    const uint64_t dims[] = { heads, dim, dim };
    float *to = add_tensor(p, SAFETENSORS_F32, sizeof *to, 3, dims, form_names[form], layer);
    const double n = (double)c->r->text->n * (double)c->positions * (double)c->group;
    for (size_t h = 0; to && h < heads; h++) {
        const double *sum = c->heads[(size_t)layer * heads + h].moment[form];
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j < dim; j++)
                to[(h * dim + i) * dim + j] = (float)(sum[i > j ? i * dim + j : j * dim + i] / n);
    }
    return to;
}

static bool add_masses(const calibrator *c, pages *p, int layer)
{
    const size_t heads = (size_t)c->shape->n_kv_heads;
    const uint64_t dims[] = { heads, c->positions };
    float *to = add_tensor(p, SAFETENSORS_F32, sizeof *to, 2, dims, "attention", layer);
    for (size_t h = 0; to && h < heads; h++)
        for (size_t i = 0; i < c->positions; i++) {
            const double seen = (double)c->r->text->n * (double)c->group * (double)(c->positions - i);
            to[h * c->positions + i] = (float)(c->heads[(size_t)layer * heads + h].attention[i] / seen);
        }
    return to;
}

static bool fill_pages(const calibrator *c, pages *p, fault *f)
{
    const uint64_t dims[] = { (uint64_t)c->r->text->n, c->positions };
    void *tokens = add_tensor(p, SAFETENSORS_I32, sizeof(int32_t), 2, dims, "tokens", -1);
    bool ok = tokens != NULL;
    if (ok) memcpy(tokens, c->r->text->tokens, dims[0] * dims[1] * sizeof(int32_t));
    for (int il = 0; ok && il < c->shape->n_layers; il++)
        ok = add_rows(c, p, il, KVANT_K) && add_rows(c, p, il, KVANT_V) && add_moments(c, p, il, CALIBRATE_PLAIN) &&
             add_moments(c, p, il, CALIBRATE_ROTATED) && add_moments(c, p, il, CALIBRATE_MET) && add_masses(c, p, il);
    return ok || fault_memory(f, "the calibration");
}

static bool write_file(const calibrator *c, const char *path, fault *f)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, c->r->seed);
    const char *const words[] = { "format",       "kvant calibration", "version",      "1",    "model",
                                  c->r->model_id, "model_name",        c->shape->name, "text", c->r->text_name,
                                  "text_id",      c->r->text->text_id, "seed",         seed,   NULL };
    const size_t n = 1 + 6 * (size_t)c->shape->n_layers;
    pages p = { calloc(n, sizeof *p.tensors), 0, calloc(n, sizeof *p.memory), calloc(n, sizeof *p.names) };
    bool ok = (p.tensors && p.memory && p.names) || fault_memory(f, "the calibration");
    ok = ok && fill_pages(c, &p, f) && safetensors_write(path, words, p.tensors, p.n, f);
    for (size_t i = 0; p.memory && i < n; i++)
        free(p.memory[i]);
    free(p.tensors);
    free(p.memory);
    free(p.names);
    return ok;
}

bool calibrate(const calibrate_request *r, const char *path, fault *f)
{
    const model_shape *shape = &engine_model(r->e)->shape;
    calibrator c = { .r = r,
                     .shape = shape,
                     .positions = (size_t)r->text->length,
                     .dim = (size_t)shape->head_dim,
                     .group = (size_t)(shape->n_heads / shape->n_kv_heads) };
    bool ok = open_sums(&c, f);
    if (ok) r->at(r->self, 0, (size_t)r->text->n);
    for (; ok && c.passage < (size_t)r->text->n; c.passage++)
        ok = run_passage(&c, f) && (r->at(r->self, c.passage + 1, (size_t)r->text->n) ||
                                    fault_set(f, FAULT_INTERRUPTED, "interrupted while calibrating"));
    ok = ok && turn_moments(&c, f) && write_file(&c, path, f);
    free(c.heads);
    free(c.memory);
    free(c.rows);
    return ok;
}
