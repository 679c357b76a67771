#include <stdlib.h>
#include <string.h>

#include "engine/engine_work.h"
#include "kernels/attention.h"

enum {
    QUERIES_PER_TASK = 32,
    KEYS_PER_TASK = 256, /* a multiple of every panel width */
};

/* ---- the cache ---- */

/* One key into the packed keys of its head: column pos of panels[dim][width]. */
static void write_packed(const engine *e, const rope_table *rope, float *panels, int pos, float *key, size_t dim)
{
    size_t width = (size_t)e->work.simd->width, column = (size_t)pos % width;
    rope_rotate(rope, key, pos);
    panels += ((size_t)pos - column) * dim + column;
    for (size_t d = 0; d < dim; d++)
        panels[d * width] = key[d];
}

/* Copies the batch's keys and values of one layer to their streams. */
static void write_cache(engine *e, int il)
{
    const model_shape *s = &e->m->shape;
    size_t dim = (size_t)s->head_dim, heads = (size_t)s->n_kv_heads;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        kv_cache *c = p->seq->cache;
        if (p->seq->keeper) continue;
        for (int h = 0; h < s->n_kv_heads; h++) {
            float *keys = kv_rows(c, &c->layers[il].k, h), *k = keys + (size_t)p->first * dim;
            float *v = kv_rows(c, &c->layers[il].v, h) + (size_t)p->first * dim;
            for (int i = 0; i < p->n; i++, k += dim, v += dim) {
                size_t from = ((size_t)(p->offset + i) * heads + (size_t)h) * dim;
                memcpy(v, e->v + from, dim * sizeof *v);
                if (c->form == KV_PACKED) {
                    write_packed(e, p->rope, keys, p->first + i, e->k + from, dim);
                    continue;
                }
                memcpy(k, e->k + from, dim * sizeof *k);
                if (c->form == KV_ROTATED) rope_rotate(p->rope, k, p->first + i);
            }
        }
    }
}

static bool tell_taps(engine *e, int il, fault *f)
{
    size_t q = (size_t)e->m->shape.n_heads * (size_t)e->m->shape.head_dim;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        const kv_tap *tap = p->seq->tap;
        if (tap && !tap->wrote(tap->self, p->seq->cache, il, p->first, p->n, e->q + (size_t)p->offset * q, f))
            return false;
    }
    return true;
}

/* ---- attention ---- */

static void rotate_queries_task(void *arg, size_t task, int thread)
{
    (void)thread;
    engine *e = arg;
    const piece *p = &e->pieces[task];
    if (p->seq->keeper) return;
    size_t heads = (size_t)e->m->shape.n_heads, dim = (size_t)e->m->shape.head_dim;
    for (int i = 0; i < p->n; i++)
        for (size_t h = 0; h < heads; h++)
            rope_rotate(p->rope, e->q + ((size_t)(p->offset + i) * heads + h) * dim, p->first + i);
}

/* Places every piece's packed keys in e->panels (settled, then open where a layer has them) and grows it. */
static bool place_panels(engine *e, int il, fault *f)
{
    const model_shape *s = &e->m->shape;
    size_t floats = 0, scratch = 0;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        piece *p = &e->pieces[ip];
        size_t n_rows = (size_t)(p->first + p->n);
        size_t one = attention_panel_floats(e->work.simd, n_rows, s->head_dim) * (size_t)s->n_kv_heads;
        p->panels = floats;
        if (p->seq->keeper) continue;
        if (p->seq->cache->form == KV_PACKED) one = 0;
        floats += one;
        p->panels_open = floats;
        if (p->seq->cache->layers[il].k.open) floats += one;
        size_t need = attention_scratch_floats(e->work.simd, QUERIES_PER_TASK, n_rows);
        if (need > scratch) scratch = need;
    }
    size_t rotate = (size_t)e->work.simd->width * (size_t)s->head_dim;
    if (rotate > scratch) scratch = rotate;
    if (floats > e->panel_floats) {
        free(e->panels);
        e->panels = reallocarray(NULL, floats, sizeof *e->panels);
        e->panel_floats = e->panels ? floats : 0;
        if (!e->panels) return fault_memory(f, "packed keys");
    }
    if (scratch <= e->scratch_floats) return true;
    e->scratch_floats = 0;
    for (int i = 0; i < pool_threads(e->work.crew); i++) {
        free(e->scratch[i]);
        e->scratch[i] = reallocarray(NULL, scratch, sizeof **e->scratch);
        if (!e->scratch[i]) return fault_memory(f, "attention scores");
    }
    e->scratch_floats = scratch;
    return true;
}

typedef struct attention_work {
    engine *e;
    int il;
    int per_piece; /* tasks set aside for each piece; surplus ones return at once */
} attention_work;

static void pack_task(void *arg, size_t task, int thread)
{
    const attention_work *w = arg;
    engine *e = w->e;
    int heads = e->m->shape.n_kv_heads, dim = e->m->shape.head_dim;
    const size_t width = (size_t)e->work.simd->width;
    const piece *p = &e->pieces[task / (size_t)w->per_piece];
    size_t rest = task % (size_t)w->per_piece;
    int head = (int)(rest % (size_t)heads);
    size_t from = rest / (size_t)heads * KEYS_PER_TASK, n_rows = (size_t)(p->first + p->n);
    const kv_cache *c = p->seq->cache;
    if (p->seq->keeper) return;
    /* keys that the window has passed are not asked for */
    size_t seen = attention_first((size_t)p->first, (uint32_t)model_window(&e->m->shape, w->il));
    if (from >= n_rows || from + KEYS_PER_TASK <= seen / width * width || c->form == KV_PACKED) return;
    size_t n = n_rows - from < KEYS_PER_TASK ? n_rows - from : KEYS_PER_TASK;
    size_t one = attention_panel_floats(e->work.simd, n_rows, dim);
    const kv_side *k = &c->layers[w->il].k;
    const rope_table *rope = c->form == KV_BEFORE_ROPE ? p->rope : NULL;
    attention_pack_keys(e->work.simd, kv_rows(c, k, head), from, n, dim, rope,
                        e->panels + p->panels + (size_t)head * one + from * (size_t)dim, e->scratch[thread]);
    if (k->open)
        attention_pack_keys(e->work.simd, kv_open_rows(c, k, head), from, n, dim, rope,
                            e->panels + p->panels_open + (size_t)head * one + from * (size_t)dim, e->scratch[thread]);
}

static void attend_task(void *arg, size_t task, int thread)
{
    const attention_work *w = arg;
    engine *e = w->e;
    const model_shape *s = &e->m->shape;
    const piece *p = &e->pieces[task / (size_t)w->per_piece];
    size_t rest = task % (size_t)w->per_piece;
    int head = (int)(rest % (size_t)s->n_kv_heads);
    int from = (int)(rest / (size_t)s->n_kv_heads) * QUERIES_PER_TASK;
    if (from >= p->n || p->seq->keeper) return;
    int n = p->n - from < QUERIES_PER_TASK ? p->n - from : QUERIES_PER_TASK;
    const kv_cache *c = p->seq->cache;
    const kv_side *k = &c->layers[w->il].k, *v = &c->layers[w->il].v;
    size_t one = attention_panel_floats(e->work.simd, (size_t)(p->first + p->n), s->head_dim);
    int group = s->n_heads / s->n_kv_heads;
    attention_head h = {
        .dim = s->head_dim,
        .group = group,
        .scale = s->score_scale,
        .visible = (uint32_t)model_window(s, w->il),
        .k = { c->form == KV_PACKED ? kv_rows(c, k, head) : e->panels + p->panels + (size_t)head * one,
               k->open ? e->panels + p->panels_open + (size_t)head * one : NULL, k->block, k->window },
        .v = { kv_rows(c, v, head), v->open ? kv_open_rows(c, v, head) : NULL, v->block, v->window },
    };
    size_t stride = (size_t)s->n_heads * (size_t)s->head_dim;
    size_t at = (size_t)(p->offset + from) * stride + (size_t)head * (size_t)group * (size_t)s->head_dim;
    attention_queries(e->work.simd, &h, e->q + at, stride, (size_t)(p->first + from), (size_t)n, e->att + at, stride,
                      e->scratch[thread]);
}

/* The angles each piece's positions are turned by in this layer. */
static bool find_ropes(engine *e, int il, fault *f)
{
    for (int ip = 0; ip < e->n_pieces; ip++) {
        piece *p = &e->pieces[ip];
        p->rope = engine_rope_for(e, il, p->seq->cache->context, p->first + p->n, f);
        if (!p->rope) return false;
    }
    return true;
}

/* Pieces whose rows a keeper has; *others is set when there are any without one. */
static bool ask_keepers(engine *e, int il, bool *others, fault *f)
{
    const model_shape *s = &e->m->shape;
    const size_t dim = (size_t)s->head_dim, kv = (size_t)s->n_kv_heads * dim, q = (size_t)s->n_heads * dim;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        const kv_keeper *keeper = p->seq->keeper;
        const size_t at = (size_t)p->offset;
        if (!keeper)
            *others = true;
        else if (!keeper->attend(keeper->self, il, p->first, p->n, p->rope, e->k + at * kv, e->v + at * kv,
                                 e->q + at * q, e->att + at * q, f))
            return false;
    }
    return true;
}

bool engine_attend(engine *e, int il, fault *f)
{
    bool others = false;
    if (!find_ropes(e, il, f) || !ask_keepers(e, il, &others, f)) return false;
    if (!others) return true;
    write_cache(e, il);
    engine_at(e, ENGINE_TAP);
    if (!tell_taps(e, il, f)) return false;
    engine_at(e, ENGINE_ATTENTION);
    if (!place_panels(e, il, f)) return false;
    int keys = 0, queries = 0, heads = e->m->shape.n_kv_heads;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        int k = (p->first + p->n + KEYS_PER_TASK - 1) / KEYS_PER_TASK;
        int q = (p->n + QUERIES_PER_TASK - 1) / QUERIES_PER_TASK;
        keys = k > keys ? k : keys;
        queries = q > queries ? q : queries;
    }
    pool_run(e->work.crew, (size_t)e->n_pieces, rotate_queries_task, e);
    attention_work pack = { e, il, keys * heads }, queried = { e, il, queries * heads };
    pool_run(e->work.crew, (size_t)e->n_pieces * (size_t)pack.per_piece, pack_task, &pack);
    pool_run(e->work.crew, (size_t)e->n_pieces * (size_t)queried.per_piece, attend_task, &queried);
    return true;
}

/* ---- rows that no pass made ---- */

static bool append_layer(engine *e, int il, const kv_given *rows, size_t from, fault *f)
{
    const model_shape *s = &e->m->shape;
    const piece *p = &e->pieces[0];
    const size_t kv = (size_t)s->n_kv_heads * (size_t)s->head_dim, n = (size_t)p->n;
    const float *k = rows->k + from * kv, *v = rows->v + from * kv;
    const kv_keeper *keeper = p->seq->keeper;
    if (!find_ropes(e, il, f)) return false;
    if (keeper) return keeper->attend(keeper->self, il, p->first, p->n, p->rope, k, v, NULL, NULL, f);
    memcpy(e->k, k, n * kv * sizeof *k);
    memcpy(e->v, v, n * kv * sizeof *v);
    memset(e->q, 0, n * (size_t)s->n_heads * (size_t)s->head_dim * sizeof *e->q);
    write_cache(e, il);
    return tell_taps(e, il, f);
}

bool engine_append(engine *e, sequence *s, const kv_given *layers, fault *f)
{
    if (s->n > s->cache->capacity - s->cache->n)
        return fault_set(f, FAULT_INTERNAL, "%d rows do not fit a cache of %d positions with %d filled", s->n,
                         s->cache->capacity, s->cache->n);
    bool ok = true;
    for (int from = 0; ok && from < s->n; from += BATCH) {
        const int n = s->n - from < BATCH ? s->n - from : BATCH;
        e->pieces[0] = (piece){ .seq = s, .from = from, .n = n, .first = s->cache->n };
        e->n_pieces = 1;
        for (int il = 0; ok && il < e->m->shape.n_layers; il++)
            ok = append_layer(e, il, &layers[il], (size_t)from, f);
        if (ok) s->cache->n += n;
    }
    e->n_pieces = 0;
    return ok;
}
