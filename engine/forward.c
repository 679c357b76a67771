#include "engine/forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"

enum {
    BATCH = 512, /* positions computed together; bounds the activations */
    QUERIES_PER_TASK = 32,
    ROWS_PER_TASK = 16,
    KEYS_PER_TASK = 256, /* a multiple of every panel width */
};

/* Consecutive positions of one sequence inside a batch. */
typedef struct piece {
    sequence *seq;
    int offset;    /* of its first row in the batch */
    int from, n;   /* tokens from … from+n-1 of the sequence */
    int first;     /* position of token `from` in the cache */
    size_t panels; /* where its packed keys begin, in floats */
    size_t panels_open;
} piece;

struct engine {
    const model *m;
    linear_work work;
    rope_table rope;
    /* One batch of activations, row-major: */
    float *x, *h;     /* n_embd */
    float *q, *att;   /* n_heads * head_dim */
    float *k, *v;     /* n_kv_heads * head_dim */
    float *gate, *up; /* n_ff */
    float *panels;    /* packed keys of all pieces of a batch, one layer */
    size_t panel_floats;
    float **scratch; /* attention's, one per thread */
    size_t scratch_floats;
    piece pieces[BATCH];
    int n_pieces, n_rows;
};

/* ---- set-up ---- */

static float *rows_of(int width)
{
    return reallocarray(NULL, BATCH, (size_t)width * sizeof(float));
}

engine *engine_open(const model *m, int threads, fault *f)
{
    engine *e = calloc(1, sizeof *e);
    if (!e) {
        fault_memory(f, "the engine");
        return NULL;
    }
    const model_shape *s = &m->shape;
    e->m = m;
    e->rope = (rope_table){ .n_rot = s->n_rot, .interleaved = s->arch->interleaved };
    if (!linear_work_open(&e->work, threads, f)) {
        engine_close(e);
        return NULL;
    }
    int q = s->n_heads * s->head_dim, kv = s->n_kv_heads * s->head_dim;
    e->scratch = calloc((size_t)threads, sizeof *e->scratch);
    bool ok = e->scratch && (e->x = rows_of(s->n_embd)) && (e->h = rows_of(s->n_embd)) && (e->q = rows_of(q)) &&
              (e->att = rows_of(q)) && (e->k = rows_of(kv)) && (e->v = rows_of(kv)) && (e->gate = rows_of(s->n_ff)) &&
              (e->up = rows_of(s->n_ff));
    if (ok) return e;
    fault_memory(f, "the activations");
    engine_close(e);
    return NULL;
}

void engine_close(engine *e)
{
    if (!e) return;
    float *buffers[] = { e->x, e->h, e->q, e->att, e->k, e->v, e->gate, e->up, e->panels };
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        free(buffers[i]);
    for (int i = 0; e->scratch && e->work.crew && i < pool_threads(e->work.crew); i++)
        free(e->scratch[i]);
    free(e->scratch);
    if (e->work.crew) linear_work_close(&e->work);
    rope_table_release(&e->rope);
    free(e);
}

const model *engine_model(const engine *e)
{
    return e->m;
}

pool *engine_pool(const engine *e)
{
    return e->work.crew;
}

const rope_table *engine_rope(engine *e, int n_pos, fault *f)
{
    if (rope_table_grow(&e->rope, n_pos, e->m->shape.rope_base, e->m->rope_factors)) return &e->rope;
    fault_memory(f, "the RoPE table");
    return NULL;
}

/* ---- row-wise steps, shared out in blocks of rows ---- */

typedef struct rows_task {
    engine *e;
    const float *in, *weight;
    float *out;
    int width;   /* of one normalised vector */
    int vectors; /* per row */
} rows_task;

static void normalise(const float *in, const float *weight, int width, float eps, float *out)
{
    double sum = 0;
    for (int i = 0; i < width; i++)
        sum += (double)in[i] * (double)in[i];
    float scale = (float)(1.0 / sqrt(sum / width + (double)eps));
    for (int i = 0; i < width; i++)
        out[i] = in[i] * scale * weight[i];
}

static size_t row_tasks(const engine *e)
{
    return ((size_t)e->n_rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
}

static void normalise_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const rows_task *t = arg;
    size_t from = task * ROWS_PER_TASK, to = from + ROWS_PER_TASK;
    if (to > (size_t)t->e->n_rows) to = (size_t)t->e->n_rows;
    size_t width = (size_t)t->width, vectors = (size_t)t->vectors;
    for (size_t i = from * vectors; i < to * vectors; i++)
        normalise(t->in + i * width, t->weight, t->width, t->e->m->shape.rms_eps, t->out + i * width);
}

static void rms_norm(engine *e, const float *in, const float *weight, int width, int vectors, float *out)
{
    rows_task t = { e, in, weight, out, width, vectors };
    pool_run(e->work.crew, row_tasks(e), normalise_task, &t);
}

static void gate_task(void *arg, size_t task, int thread)
{
    (void)thread;
    engine *e = arg;
    size_t from = task * ROWS_PER_TASK, to = from + ROWS_PER_TASK, ff = (size_t)e->m->shape.n_ff;
    if (to > (size_t)e->n_rows) to = (size_t)e->n_rows;
    e->work.simd->silu_mul(e->gate + from * ff, e->up + from * ff, (to - from) * ff);
}

static void add_rows(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

static void rotate_queries_task(void *arg, size_t task, int thread)
{
    (void)thread;
    engine *e = arg;
    const piece *p = &e->pieces[task];
    size_t heads = (size_t)e->m->shape.n_heads, dim = (size_t)e->m->shape.head_dim;
    for (int i = 0; i < p->n; i++)
        for (size_t h = 0; h < heads; h++)
            rope_rotate(&e->rope, e->q + ((size_t)(p->offset + i) * heads + h) * dim, p->first + i);
}

/* ---- the cache ---- */

/* One key into the packed keys of its head: column pos of panels[dim][width]. */
static void write_packed(const engine *e, float *panels, int pos, float *key, size_t dim)
{
    size_t width = (size_t)e->work.simd->width, column = (size_t)pos % width;
    rope_rotate(&e->rope, key, pos);
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
        for (int h = 0; h < s->n_kv_heads; h++) {
            float *keys = kv_rows(c, &c->layers[il].k, h), *k = keys + (size_t)p->first * dim;
            float *v = kv_rows(c, &c->layers[il].v, h) + (size_t)p->first * dim;
            for (int i = 0; i < p->n; i++, k += dim, v += dim) {
                size_t from = ((size_t)(p->offset + i) * heads + (size_t)h) * dim;
                memcpy(v, e->v + from, dim * sizeof *v);
                if (c->form == KV_PACKED) {
                    write_packed(e, keys, p->first + i, e->k + from, dim);
                    continue;
                }
                memcpy(k, e->k + from, dim * sizeof *k);
                if (c->form == KV_ROTATED) rope_rotate(&e->rope, k, p->first + i);
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
    const piece *p = &e->pieces[task / (size_t)w->per_piece];
    size_t rest = task % (size_t)w->per_piece;
    int head = (int)(rest % (size_t)heads);
    size_t from = rest / (size_t)heads * KEYS_PER_TASK, n_rows = (size_t)(p->first + p->n);
    const kv_cache *c = p->seq->cache;
    if (from >= n_rows || c->form == KV_PACKED) return;
    size_t n = n_rows - from < KEYS_PER_TASK ? n_rows - from : KEYS_PER_TASK;
    size_t one = attention_panel_floats(e->work.simd, n_rows, dim);
    const kv_side *k = &c->layers[w->il].k;
    const rope_table *rope = c->form == KV_BEFORE_ROPE ? &e->rope : NULL;
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
    if (from >= p->n) return;
    int n = p->n - from < QUERIES_PER_TASK ? p->n - from : QUERIES_PER_TASK;
    const kv_cache *c = p->seq->cache;
    const kv_side *k = &c->layers[w->il].k, *v = &c->layers[w->il].v;
    size_t one = attention_panel_floats(e->work.simd, (size_t)(p->first + p->n), s->head_dim);
    int group = s->n_heads / s->n_kv_heads;
    attention_head h = {
        .dim = s->head_dim,
        .group = group,
        .scale = 1.0f / sqrtf((float)s->head_dim),
        .k = { c->form == KV_PACKED ? kv_rows(c, k, head) : e->panels + p->panels + (size_t)head * one,
               k->open ? e->panels + p->panels_open + (size_t)head * one : NULL, k->block, k->window },
        .v = { kv_rows(c, v, head), v->open ? kv_open_rows(c, v, head) : NULL, v->block, v->window },
    };
    size_t stride = (size_t)s->n_heads * (size_t)s->head_dim;
    size_t at = (size_t)(p->offset + from) * stride + (size_t)head * (size_t)group * (size_t)s->head_dim;
    attention_queries(e->work.simd, &h, e->q + at, stride, (size_t)(p->first + from), (size_t)n, e->att + at, stride,
                      e->scratch[thread]);
}

static bool attend(engine *e, int il, fault *f)
{
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

/* ---- a batch ---- */

static bool run_layer(engine *e, int il, fault *f)
{
    const model_shape *s = &e->m->shape;
    const model_layer *l = &e->m->layers[il];
    size_t m = (size_t)e->n_rows;
    linear_work *w = &e->work;
    rms_norm(e, e->x, l->attn_norm, s->n_embd, 1, e->h);
    if (!linear_apply(&l->q, w, e->h, m, e->q, f) || !linear_apply(&l->k, w, e->h, m, e->k, f) ||
        !linear_apply(&l->v, w, e->h, m, e->v, f))
        return false;
    if (l->q_norm) rms_norm(e, e->q, l->q_norm, s->head_dim, s->n_heads, e->q);
    if (l->k_norm) rms_norm(e, e->k, l->k_norm, s->head_dim, s->n_kv_heads, e->k);
    write_cache(e, il);
    if (!tell_taps(e, il, f) || !attend(e, il, f) || !linear_apply(&l->o, w, e->att, m, e->h, f)) return false;
    add_rows(e->x, e->h, m * (size_t)s->n_embd);
    rms_norm(e, e->x, l->ffn_norm, s->n_embd, 1, e->h);
    if (!linear_apply(&l->gate, w, e->h, m, e->gate, f) || !linear_apply(&l->up, w, e->h, m, e->up, f)) return false;
    pool_run(w->crew, row_tasks(e), gate_task, e);
    if (!linear_apply(&l->down, w, e->gate, m, e->h, f)) return false;
    add_rows(e->x, e->h, m * (size_t)s->n_embd);
    return true;
}

/* Logits of the rows that want them, straight into the sequences' buffers. Neighbouring pieces whose rows and buffers
 * both follow each other (generation of many sequences) are one product. */
static bool write_logits(engine *e, fault *f)
{
    const model_shape *s = &e->m->shape;
    size_t d = (size_t)s->n_embd, vocab = (size_t)s->n_vocab;
    rms_norm(e, e->x, e->m->output_norm, s->n_embd, 1, e->h);
    const float *rows = NULL;
    float *out = NULL;
    size_t n = 0;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        int from = p->seq->logits_from > p->from ? p->seq->logits_from : p->from;
        int wanted = p->seq->logits ? p->from + p->n - from : 0;
        if (wanted <= 0) continue;
        const float *h = e->h + (size_t)(p->offset + from - p->from) * d;
        float *to = p->seq->logits + (size_t)(from - p->seq->logits_from) * vocab;
        if (n > 0 && h == rows + n * d && to == out + n * vocab) {
            n += (size_t)wanted;
            continue;
        }
        if (n > 0 && !linear_apply(&e->m->output, &e->work, rows, n, out, f)) return false;
        rows = h;
        out = to;
        n = (size_t)wanted;
    }
    return n == 0 || linear_apply(&e->m->output, &e->work, rows, n, out, f);
}

static bool run_batch(engine *e, fault *f)
{
    const model_shape *s = &e->m->shape;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        for (int i = 0; i < p->n; i++)
            linear_row(&e->m->embedding, (size_t)p->seq->tokens[p->from + i],
                       e->x + (size_t)(p->offset + i) * (size_t)s->n_embd);
    }
    for (int il = 0; il < s->n_layers; il++)
        if (!run_layer(e, il, f)) return false;
    if (!write_logits(e, f)) return false;
    for (int ip = 0; ip < e->n_pieces; ip++)
        e->pieces[ip].seq->cache->n += e->pieces[ip].n;
    e->n_pieces = e->n_rows = 0;
    return true;
}

static bool check_sequence(engine *e, const sequence *s, fault *f)
{
    int n_vocab = e->m->shape.n_vocab;
    if (s->n > s->cache->capacity - s->cache->n)
        return fault_set(f, FAULT_INTERNAL, "%d tokens do not fit a cache of %d positions with %d filled", s->n,
                         s->cache->capacity, s->cache->n);
    for (int i = 0; i < s->n; i++)
        if (s->tokens[i] < 0 || s->tokens[i] >= n_vocab)
            return fault_set(f, FAULT_INPUT, "token %d at position %d is outside the vocabulary of %d", s->tokens[i],
                             s->cache->n + i, n_vocab);
    return engine_rope(e, s->cache->n + s->n, f) != NULL;
}

bool engine_forward(engine *e, sequence *seqs, int n_seqs, fault *f)
{
    e->n_pieces = e->n_rows = 0;
    for (int i = 0; i < n_seqs; i++)
        if (!check_sequence(e, &seqs[i], f)) return false;
    for (int i = 0; i < n_seqs; i++) {
        sequence *s = &seqs[i];
        for (int from = 0; from < s->n;) {
            int n = s->n - from < BATCH - e->n_rows ? s->n - from : BATCH - e->n_rows;
            e->pieces[e->n_pieces++] =
                (piece){ .seq = s, .offset = e->n_rows, .from = from, .n = n, .first = s->cache->n };
            e->n_rows += n;
            from += n;
            if (e->n_rows == BATCH && !run_batch(e, f)) return false;
        }
    }
    return e->n_rows == 0 || run_batch(e, f);
}
