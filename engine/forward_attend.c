#include <stdlib.h>
#include <string.h>

#include "engine/engine_work.h"
#include "kernels/attention.h"

enum {
    KEYS_PER_TASK = 256, /* a multiple of every panel width */
    QUERIES_LEAST = 8,   /* of a task */
    TASKS_PER_THREAD = 2,
};

/* Tasks of a round: for every piece, kv head after kv head, as many parts as the piece with the most has; surplus ones
 * return at once. Neighbours read the same keys and values. */
typedef struct attention_work {
    engine *e;
    int il;
    int parts;     /* of a head's keys or queries */
    bool appended; /* nothing attends to these rows now */
} attention_work;

typedef struct place {
    const piece *p;
    int head, part;
} place;

static place place_of(const attention_work *w, size_t task)
{
    const size_t heads = (size_t)w->e->m->shape.n_kv_heads, each = heads * (size_t)w->parts;
    const size_t rest = task % each;
    return (place){ &w->e->pieces[task / each], (int)(rest / (size_t)w->parts), (int)(rest % (size_t)w->parts) };
}

static void share_out(const attention_work *w, pool_task task)
{
    const engine *e = w->e;
    pool_run(e->work.crew, (size_t)e->n_pieces * (size_t)e->m->shape.n_kv_heads * (size_t)w->parts, task, (void *)w);
}

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

/* Copies a piece's keys and values of one head to their streams. */
static void write_head(engine *e, int il, const piece *p, int head)
{
    const size_t dim = (size_t)e->m->shape.head_dim, heads = (size_t)e->m->shape.n_kv_heads;
    const kv_cache *c = p->seq->cache;
    float *keys = kv_rows(c, &c->layers[il].k, head), *k = keys + (size_t)p->first * dim;
    float *v = kv_rows(c, &c->layers[il].v, head) + (size_t)p->first * dim;
    for (int i = 0; i < p->n; i++, k += dim, v += dim) {
        const size_t from = ((size_t)(p->offset + i) * heads + (size_t)head) * dim;
        memcpy(v, e->v + from, dim * sizeof *v);
        if (c->form == KV_PACKED) {
            write_packed(e, p->rope, keys, p->first + i, e->k + from, dim);
            continue;
        }
        memcpy(k, e->k + from, dim * sizeof *k);
        if (c->form == KV_ROTATED) rope_rotate(p->rope, k, p->first + i);
    }
}

/* A single token's row of a packed cache is written by the task that reads it next. */
static bool writes_itself(const piece *p)
{
    return p->n == 1 && p->seq->cache->form == KV_PACKED;
}

static bool is_written(const attention_work *w, const piece *p)
{
    return !p->seq->keeper && (w->appended || !writes_itself(p));
}

static void write_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const attention_work *w = arg;
    const place at = place_of(w, task);
    if (is_written(w, at.p)) write_head(w->e, w->il, at.p, at.head);
}

static void write_cache(engine *e, int il, bool appended)
{
    const attention_work w = { .e = e, .il = il, .parts = 1, .appended = appended };
    bool any = false;
    for (int ip = 0; ip < e->n_pieces; ip++)
        any |= is_written(&w, &e->pieces[ip]);
    if (any) share_out(&w, write_task);
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

static size_t piece_rows(const piece *p)
{
    return (size_t)p->first + (size_t)p->n;
}

/* One kv head of a piece, with the query heads that share it. */
static attention_head head_of(const engine *e, int il, const piece *p, int head)
{
    const model_shape *s = &e->m->shape;
    const kv_cache *c = p->seq->cache;
    const kv_side *k = &c->layers[il].k, *v = &c->layers[il].v;
    const size_t one = attention_panel_floats(e->work.simd, piece_rows(p), s->head_dim) * (size_t)head;
    return (attention_head){
        .dim = s->head_dim,
        .group = s->n_heads / s->n_kv_heads,
        .scale = s->score_scale,
        .visible = (uint32_t)model_window(s, il),
        .k = { c->form == KV_PACKED ? kv_rows(c, k, head) : e->panels + p->panels + one,
               k->open ? e->panels + p->panels_open + one : NULL, k->block, k->window },
        .v = { kv_rows(c, v, head), v->open ? kv_open_rows(c, v, head) : NULL, v->block, v->window },
    };
}

/* Enough tasks for every thread, and otherwise as few as may be. */
static int queries_per_task(const engine *e, const attention_head *head, const piece *p)
{
    const int enough = TASKS_PER_THREAD * pool_threads(e->work.crew), heads = e->m->shape.n_kv_heads * e->n_pieces;
    int n = (int)attention_together(head, piece_rows(p));
    while (n > QUERIES_LEAST && (p->n + n - 1) / n * heads < enough)
        n = (n + 1) / 2;
    return n < p->n ? n : p->n;
}

static bool grow_panels(engine *e, size_t floats, fault *f)
{
    if (floats <= e->panel_floats) return true;
    free(e->panels);
    e->panels = engine_floats(floats);
    e->panel_floats = e->panels ? floats : 0;
    return e->panels || fault_memory(f, "packed keys");
}

static bool grow_scratch(engine *e, size_t floats, fault *f)
{
    if (floats <= e->scratch_floats) return true;
    e->scratch_floats = 0;
    for (int i = 0; i < pool_threads(e->work.crew); i++) {
        free(e->scratch[i]);
        e->scratch[i] = engine_floats(floats);
        if (!e->scratch[i]) return fault_memory(f, "attention scores");
    }
    e->scratch_floats = floats;
    return true;
}

/* Places every piece's packed keys in e->panels (settled, then open where a layer has them), decides how many queries
 * a task has, and makes room for all of it. */
static bool place_panels(engine *e, int il, fault *f)
{
    const model_shape *s = &e->m->shape;
    size_t floats = 0, scratch = (size_t)e->work.simd->width * (size_t)s->head_dim;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        piece *p = &e->pieces[ip];
        const size_t one = attention_panel_floats(e->work.simd, piece_rows(p), s->head_dim) * (size_t)s->n_kv_heads;
        p->panels = floats;
        if (p->seq->keeper) continue;
        if (p->seq->cache->form != KV_PACKED) floats += one;
        p->panels_open = floats;
        if (p->seq->cache->layers[il].k.open) floats += one;
    }
    if (!grow_panels(e, floats, f)) return false;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        piece *p = &e->pieces[ip];
        if (p->seq->keeper) continue;
        const attention_head head = head_of(e, il, p, 0);
        p->together = queries_per_task(e, &head, p);
        const size_t need = attention_scratch_floats(e->work.simd, &head, (size_t)p->together, piece_rows(p));
        if (need > scratch) scratch = need;
    }
    return grow_scratch(e, scratch, f);
}

static void pack_task(void *arg, size_t task, int thread)
{
    const attention_work *w = arg;
    engine *e = w->e;
    const place at = place_of(w, task);
    const piece *p = at.p;
    const int dim = e->m->shape.head_dim;
    const size_t from = (size_t)at.part * KEYS_PER_TASK, n_rows = piece_rows(p), width = (size_t)e->work.simd->width;
    const kv_cache *c = p->seq->cache;
    if (p->seq->keeper || c->form == KV_PACKED) return;
    /* keys that the window has passed are not asked for */
    const size_t seen = attention_first((size_t)p->first, (uint32_t)model_window(&e->m->shape, w->il));
    if (from >= n_rows || from + KEYS_PER_TASK <= seen / width * width) return;
    const size_t n = n_rows - from < KEYS_PER_TASK ? n_rows - from : KEYS_PER_TASK;
    const size_t to = attention_panel_floats(e->work.simd, n_rows, dim) * (size_t)at.head + from * (size_t)dim;
    const kv_side *k = &c->layers[w->il].k;
    const rope_table *rope = c->form == KV_BEFORE_ROPE ? p->rope : NULL;
    attention_pack_keys(e->work.simd, kv_rows(c, k, at.head), from, n, dim, rope, e->panels + p->panels + to,
                        e->scratch[thread]);
    if (k->open)
        attention_pack_keys(e->work.simd, kv_open_rows(c, k, at.head), from, n, dim, rope,
                            e->panels + p->panels_open + to, e->scratch[thread]);
}

static void attend_task(void *arg, size_t task, int thread)
{
    const attention_work *w = arg;
    engine *e = w->e;
    const model_shape *s = &e->m->shape;
    const place at = place_of(w, task);
    const piece *p = at.p;
    if (p->seq->keeper) return;
    const int from = at.part * p->together, n = p->n - from < p->together ? p->n - from : p->together;
    if (n <= 0) return;
    if (writes_itself(p)) write_head(e, w->il, p, at.head);
    const attention_head head = head_of(e, w->il, p, at.head);
    const size_t dim = (size_t)s->head_dim, group = (size_t)head.group, stride = (size_t)s->n_heads * dim;
    const size_t begin = (size_t)(p->offset + from) * stride + (size_t)at.head * group * dim;
    for (int i = 0; i < n; i++)
        for (size_t g = 0; g < group; g++)
            rope_rotate(p->rope, e->q + begin + (size_t)i * stride + g * dim, p->first + from + i);
    attention_queries(e->work.simd, &head, e->q + begin, stride, (size_t)(p->first + from), (size_t)n, e->att + begin,
                      stride, e->scratch[thread]);
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
    write_cache(e, il, false);
    engine_at(e, ENGINE_TAP);
    if (!tell_taps(e, il, f)) return false;
    engine_at(e, ENGINE_ATTENTION);
    if (!place_panels(e, il, f)) return false;
    attention_work pack = { .e = e, .il = il }, attend = { .e = e, .il = il, .parts = 1 };
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        if (p->seq->keeper) continue;
        const int keys = p->seq->cache->form == KV_PACKED ? 0 : (p->first + p->n + KEYS_PER_TASK - 1) / KEYS_PER_TASK;
        const int queries = (p->n + p->together - 1) / p->together;
        if (keys > pack.parts) pack.parts = keys;
        if (queries > attend.parts) attend.parts = queries;
    }
    if (pack.parts > 0) share_out(&pack, pack_task);
    share_out(&attend, attend_task);
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
    write_cache(e, il, true);
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
