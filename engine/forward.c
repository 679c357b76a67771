#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine_work.h"

enum { ROWS_PER_TASK = 16 };

/* ---- set-up ---- */

float *engine_floats(size_t n)
{
    const size_t line = ENGINE_ALIGNMENT / sizeof(float);
    return aligned_alloc(ENGINE_ALIGNMENT, (n / line + 1) * ENGINE_ALIGNMENT);
}

static float *rows_of(int width)
{
    return engine_floats(BATCH * (size_t)width);
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
    for (int i = 0; i < MODEL_ROPES; i++)
        e->ropes[i] =
            (rope_table){ .n_rot = s->n_rot, .interleaved = s->arch->interleaved, .magnitude = m->ropes[i].magnitude };
    if (!linear_work_open(&e->work, threads, f)) {
        engine_close(e);
        return NULL;
    }
    if (e->work.simd->width != m->output.width || e->work.products != m->output.products) {
        fault_set(f, FAULT_INTERNAL,
                  "the weights stand in panels of %d%s, the engine takes panels of %d%s (KVANT_SIMD)", m->output.width,
                  m->output.products ? " for tiles" : "", e->work.simd->width, e->work.products ? " for tiles" : "");
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
    for (int i = 0; i < MODEL_ROPES; i++)
        rope_table_release(&e->ropes[i]);
    free(e);
}

void engine_rest(engine *e)
{
    linear_work_rest(&e->work);
    free(e->panels);
    e->panels = NULL;
    e->panel_floats = e->scratch_floats = 0;
    for (int i = 0; i < pool_threads(e->work.crew); i++) {
        free(e->scratch[i]);
        e->scratch[i] = NULL;
    }
}

const model *engine_model(const engine *e)
{
    return e->m;
}

pool *engine_pool(const engine *e)
{
    return e->work.crew;
}

void engine_observe(engine *e, void (*step)(void *self, engine_step now), void *self)
{
    e->step = step;
    e->observer = self;
}

const rope_table *engine_rope_for(engine *e, int layer, int ctx, int n_pos, fault *f)
{
    int i = model_rope_at(&e->m->shape, layer, ctx);
    const model_rope *r = &e->m->ropes[i];
    if (rope_table_grow(&e->ropes[i], n_pos, r->base, r->divisors)) return &e->ropes[i];
    fault_memory(f, "the RoPE table");
    return NULL;
}

const rope_table *engine_layer_rope(engine *e, int layer, int ctx, fault *f)
{
    return engine_rope_for(e, layer, ctx, ctx, f);
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

static void add_rows(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* ---- a batch ---- */

/* x += norm(in W^T), the norm only where the architecture has one there. */
static bool add_product(engine *e, const linear *l, const float *in, const float *norm, fault *f)
{
    const int d = e->m->shape.n_embd;
    const size_t m = (size_t)e->n_rows;
    const linear_round r = { .x = in, .m = m, .n = 1, .parts = { { l, e->h, norm ? NULL : e->x } } };
    const bool ok = linear_run(&r, &e->work, f);
    engine_at(e, ENGINE_ROWS);
    if (!ok || !norm) return ok;
    rms_norm(e, e->h, norm, d, 1, e->h);
    add_rows(e->x, e->h, m * (size_t)d);
    return true;
}

/* Is a state or are logits wanted of any row of the batch? */
static bool batch_wanted(const engine *e)
{
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        if ((p->seq->states || p->seq->logits) && p->from + p->n > p->seq->logits_from) return true;
    }
    return false;
}

bool engine_layer(engine *e, int il, fault *f)
{
    const model_shape *s = &e->m->shape;
    const model_layer *l = &e->m->layers[il];
    size_t m = (size_t)e->n_rows;
    linear_work *w = &e->work;
    engine_at(e, ENGINE_ROWS);
    rms_norm(e, e->x, l->attn_norm, s->n_embd, 1, e->h);
    engine_at(e, ENGINE_PRODUCT);
    const linear_round qkv = {
        .x = e->h, .m = m, .n = 3, .parts = { { &l->q, e->q, NULL }, { &l->k, e->k, NULL }, { &l->v, e->v, NULL } }
    };
    if (!linear_run(&qkv, w, f)) return false;
    engine_at(e, ENGINE_ROWS);
    if (l->q_norm) rms_norm(e, e->q, l->q_norm, s->head_dim, s->n_heads, e->q);
    if (l->k_norm) rms_norm(e, e->k, l->k_norm, s->head_dim, s->n_kv_heads, e->k);
    engine_at(e, ENGINE_ATTENTION);
    if (!engine_attend(e, il, f)) return false;
    if (il == s->n_layers - 1 && !batch_wanted(e)) return true; /* the cache is all that is left of these rows */
    engine_at(e, ENGINE_PRODUCT);
    if (!add_product(e, &l->o, e->att, l->attn_post_norm, f)) return false;
    rms_norm(e, e->x, l->ffn_norm, s->n_embd, 1, e->h);
    engine_at(e, ENGINE_PRODUCT);
    const linear_round gated = { .x = e->h,
                                 .m = m,
                                 .n = 2,
                                 .parts = { { &l->gate, e->gate, NULL }, { &l->up, e->up, NULL } },
                                 .gate = s->arch->gelu ? w->simd->gelu_mul : w->simd->silu_mul };
    return linear_run(&gated, w, f) && add_product(e, &l->down, e->gate, l->ffn_post_norm, f);
}

void engine_normalise(engine *e, float *to)
{
    rms_norm(e, e->x, e->m->output_norm, e->m->shape.n_embd, 1, to);
}

/* Rows of e->h, the normalised output, to the sequences that want them as states. */
static void write_states(const engine *e)
{
    size_t d = (size_t)e->m->shape.n_embd;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        int first = p->seq->logits_from, from = first > p->from ? first : p->from, n = p->from + p->n - from;
        if (p->seq->states && n > 0)
            memcpy(p->seq->states + (size_t)(from - first) * d, e->h + (size_t)(p->offset + from - p->from) * d,
                   (size_t)n * d * sizeof *e->h);
    }
}

/* Logits of the rows that want them, straight into the sequences' buffers. Neighbouring pieces whose rows and buffers
 * both follow each other (generation of many sequences) are one product. */
static bool write_logits(engine *e, fault *f)
{
    const model_shape *s = &e->m->shape;
    size_t d = (size_t)s->n_embd, vocab = (size_t)s->n_vocab;
    engine_normalise(e, e->h);
    write_states(e);
    engine_at(e, ENGINE_LOGITS);
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

/* The embeddings of some rows of the batch. */
static void embed_task(void *arg, size_t task, int thread)
{
    (void)thread;
    engine *e = arg;
    const model_shape *s = &e->m->shape;
    const size_t d = (size_t)s->n_embd;
    const int begin = (int)task * ROWS_PER_TASK;
    const float scale = s->arch->scaled_embedding ? sqrtf((float)s->n_embd) : 1;
    for (int ip = 0; ip < e->n_pieces; ip++) {
        const piece *p = &e->pieces[ip];
        const int from = begin > p->offset ? begin : p->offset, end = p->offset + p->n;
        for (int row = from; row < end && row < begin + ROWS_PER_TASK; row++) {
            float *x = e->x + (size_t)row * d;
            linear_row(&e->m->embedding, (size_t)p->seq->tokens[p->from + row - p->offset], x);
            for (size_t i = 0; s->arch->scaled_embedding && i < d; i++)
                x[i] *= scale;
        }
    }
}

void engine_embed(engine *e)
{
    pool_run(e->work.crew, row_tasks(e), embed_task, e);
}

static bool run_batch(engine *e, fault *f)
{
    const model_shape *s = &e->m->shape;
    engine_embed(e);
    for (int il = 0; il < s->n_layers; il++)
        if (!engine_layer(e, il, f)) return false;
    if (!write_logits(e, f)) return false;
    for (int ip = 0; ip < e->n_pieces; ip++)
        e->pieces[ip].seq->cache->n += e->pieces[ip].n;
    e->n_pieces = e->n_rows = 0;
    return true;
}

bool engine_check_sequence(const engine *e, const sequence *s, fault *f)
{
    int n_vocab = e->m->shape.n_vocab;
    if (s->n > s->cache->capacity - s->cache->n)
        return fault_set(f, FAULT_INTERNAL, "%d tokens do not fit a cache of %d positions with %d filled", s->n,
                         s->cache->capacity, s->cache->n);
    for (int i = 0; i < s->n; i++)
        if (s->tokens[i] < 0 || s->tokens[i] >= n_vocab)
            return fault_set(f, FAULT_INPUT, "token %d at position %d is outside the vocabulary of %d", s->tokens[i],
                             s->cache->n + i, n_vocab);
    return true;
}

bool engine_forward(engine *e, sequence *seqs, int n_seqs, fault *f)
{
    e->n_pieces = e->n_rows = 0;
    for (int i = 0; i < n_seqs; i++)
        if (!engine_check_sequence(e, &seqs[i], f)) return false;
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
    const bool ok = e->n_rows == 0 || run_batch(e, f);
    engine_at(e, ENGINE_DONE);
    return ok;
}

bool engine_logits(engine *e, const float *states, size_t n, float *logits, fault *f)
{
    engine_at(e, ENGINE_LOGITS);
    const bool ok = linear_apply(&e->m->output, &e->work, states, n, logits, f);
    engine_at(e, ENGINE_DONE);
    return ok;
}
