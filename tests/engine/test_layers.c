/* A pass layer by layer gives what a pass batch by batch gives, tells the same, and leaves each layer behind. */
#include "engine/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"

enum { MOST = 1100, BATCH = 512 };

static const char *const models[] = { "tests/data/arch/llama.gguf", "tests/data/arch/gemma3.gguf" };

/* What a tap was told of each layer, and where it refuses. */
typedef struct heard {
    const model_shape *shape;
    hash of[64];
    int ended, told; /* layers; pieces of the layer at work */
    int refuse_layer, refuse_first;
    bool in_order, forget;
} heard;

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    heard *h = self;
    const size_t dim = (size_t)h->shape->head_dim;
    const int32_t at[] = { first, n };
    if (layer == h->refuse_layer && first == h->refuse_first) return fault_set(f, FAULT_INPUT, "refused");
    if (layer < h->ended) h->in_order = false;
    hash_bytes(&h->of[layer], at, sizeof at);
    hash_bytes(&h->of[layer], q, (size_t)n * (size_t)h->shape->n_heads * dim * sizeof *q);
    for (int side = 0; side < 2; side++)
        for (int head = 0; head < h->shape->n_kv_heads; head++) {
            const kv_layer *l = &cache->layers[layer];
            float *rows = kv_rows(cache, side ? &l->v : &l->k, head) + (size_t)first * dim;
            hash_bytes(&h->of[layer], rows, (size_t)n * dim * sizeof *rows);
            for (size_t i = 0; i < (size_t)n * dim; i++) /* a codec, so that layers above see what is rewritten */
                rows[i] *= 0.75f;
        }
    h->told++;
    return true;
}

static bool ended(void *self, kv_cache *cache, int layer, int n, fault *f)
{
    heard *h = self;
    (void)f;
    if (layer != h->ended || (h->told - 1) * BATCH >= n || h->told * BATCH < n) h->in_order = false;
    h->ended++;
    h->told = 0;
    if (h->forget) kv_layer_forget(cache, layer);
    return true;
}

static heard listen(const model_shape *s)
{
    heard h = { .shape = s, .refuse_layer = -1, .in_order = true };
    assert_true(s->n_layers > 1 && s->n_layers <= 64);
    for (int i = 0; i < s->n_layers; i++)
        hash_start(&h.of[i]);
    return h;
}

static void same_told(heard *a, heard *b)
{
    for (int i = 0; i < a->shape->n_layers; i++) {
        char x[HASH_HEX], y[HASH_HEX];
        hash_finish(&a->of[i], x);
        hash_finish(&b->of[i], y);
        assert_string_equal(x, y);
    }
}

/* One pass over n tokens behind `before` others; the states of those from `from` on, malloc'd. */
typedef struct trip {
    int before, n, from, threads;
    bool by_layer, forget;
} trip;

static void token_ids(const model *m, int32_t ids[2 * MOST])
{
    for (int i = 0; i < 2 * MOST; i++)
        ids[i] = (int32_t)(((uint32_t)i * 2654435761u >> 7) % (uint32_t)m->shape.n_vocab);
}

static float *travel(const model *m, const trip *t, heard *h)
{
    fault f = { 0 };
    int32_t ids[2 * MOST];
    token_ids(m, ids);
    const size_t floats = (size_t)(t->n - t->from) * (size_t)m->shape.n_embd;
    float *states = calloc(floats + 1, sizeof *states);
    engine *e = engine_open(m, t->threads, &f);
    kv_cache *c = kv_cache_create(&m->shape, t->before + t->n, KV_BEFORE_ROPE, &f);
    assert_true(states && e && c);
    states[floats] = 5; /* nothing is written behind them */
    sequence first = { .cache = c, .tokens = ids, .n = t->before };
    const kv_tap tap = { wrote, h };
    const layer_end end = { ended, h };
    sequence s = {
        .cache = c, .tokens = ids + t->before, .n = t->n, .states = states, .logits_from = t->from, .tap = &tap
    };
    h->forget = t->forget;
    if (t->before > 0) assert_true(engine_forward(e, &first, 1, &f));
    if (!(t->by_layer ? engine_forward_layers(e, &s, &end, &f) : engine_forward(e, &s, 1, &f))) fail_msg("%s", f.text);
    assert_int_equal(c->n, t->before + t->n);
    assert_true(states[floats] == 5);
    assert_int_equal(h->ended, t->by_layer ? m->shape.n_layers : 0);
    kv_cache_destroy(c);
    engine_close(e);
    return states;
}

static const trip trips[] = {
    { 0, 1, 0, 1, true, true },      { 0, BATCH, BATCH / 2, 2, true, true }, { 0, BATCH + 1, BATCH, 2, true, true },
    { 0, 700, 513, 3, true, true },  { 40, 600, 0, 2, true, false },         { 0, MOST, 550, 2, true, true },
    { 7, 530, 529, 1, true, false }, { 0, 20, 20, 2, true, true },           { 3, 2 * BATCH, BATCH, 2, true, false },
};

static void states_and_what_is_told_are_those_of_a_pass_batch_by_batch(void **state)
{
    (void)state;
    for (size_t im = 0; im < sizeof models / sizeof *models; im++) {
        fault f = { 0 };
        model *m = model_open(models[im], &f);
        assert_non_null(m);
        for (size_t i = 0; i < sizeof trips / sizeof *trips; i++) {
            trip plain = trips[i];
            plain.by_layer = false;
            plain.threads = 2;
            heard told = listen(&m->shape), again = listen(&m->shape);
            float *want = travel(m, &plain, &told), *got = travel(m, &trips[i], &again);
            assert_true(again.in_order);
            assert_memory_equal(got, want, (size_t)(plain.n - plain.from) * (size_t)m->shape.n_embd * sizeof *want);
            same_told(&told, &again);
            free(want), free(got);
        }
        model_close(m);
    }
}

static void a_refusal_stops_it_and_the_engine_goes_on(void **state)
{
    (void)state;
    fault f = { 0 };
    model *m = model_open(models[0], &f);
    int32_t ids[2 * MOST];
    token_ids(m, ids);
    engine *e = engine_open(m, 2, &f);
    const size_t width = (size_t)m->shape.n_embd;
    float *want = calloc(BATCH, width * sizeof *want), *got = calloc(BATCH + 9, width * sizeof *got);
    kv_cache *c = kv_cache_create(&m->shape, MOST, KV_BEFORE_ROPE, &f);
    assert_true(e && want && got && c);
    sequence s = { .cache = c, .tokens = ids, .n = BATCH, .states = want };
    assert_true(engine_forward(e, &s, 1, &f));

    heard h = listen(&m->shape);
    const kv_tap tap = { wrote, &h };
    c->n = 0;
    h.refuse_layer = 1;
    h.refuse_first = BATCH;
    sequence refused = { .cache = c, .tokens = ids, .n = BATCH + 9, .states = got, .tap = &tap };
    assert_false(engine_forward_layers(e, &refused, NULL, &f));
    assert_string_equal(f.text, "refused");
    assert_int_equal(c->n, 0);
    s.states = got;
    assert_true(engine_forward(e, &s, 1, &f)); /* the engine's own rows are its own again */
    assert_memory_equal(got, want, BATCH * width * sizeof *want);

    c->n = 0;
    ids[3] = m->shape.n_vocab;
    assert_false(engine_forward_layers(e, &s, NULL, &f));
    assert_non_null(strstr(f.text, "outside the vocabulary"));
    ids[3] = 1;
    s.logits_from = s.n + 1;
    assert_false(engine_forward_layers(e, &s, NULL, &f));
    s.logits_from = 0;
    c->n = MOST - 4;
    assert_false(engine_forward_layers(e, &s, NULL, &f));
    kv_cache_destroy(c);
    engine_close(e);
    model_close(m);
    free(want), free(got);
}

/* Rows of which nothing is wanted need no more than their keys and values in the last layer. */
static void rows_that_nobody_wants_leave_the_same_cache(void **state)
{
    (void)state;
    fault f = { 0 };
    model *m = model_open(models[0], &f);
    int32_t ids[2 * MOST];
    token_ids(m, ids);
    engine *e = engine_open(m, 2, &f);
    const size_t width = (size_t)m->shape.n_embd, vocab = (size_t)m->shape.n_vocab;
    float *states = calloc(BATCH + 9, width * sizeof *states), *logits = calloc(2, vocab * sizeof *logits);
    float *alone = calloc(1, width * sizeof *alone);
    assert_true(e && states && logits && alone);
    heard a = listen(&m->shape), b = listen(&m->shape);
    const kv_tap taps[] = { { wrote, &a }, { wrote, &b } };
    for (int i = 0; i < 2; i++) {
        kv_cache *c = kv_cache_create(&m->shape, MOST, KV_BEFORE_ROPE, &f);
        sequence all = { .cache = c, .tokens = ids, .n = BATCH + 9, .states = i ? NULL : states, .tap = &taps[i] };
        sequence last = { .cache = c, .tokens = ids + BATCH + 9, .n = 1, .logits = logits + (size_t)i * vocab };
        assert_true(engine_forward(e, &all, 1, &f));
        if (i) engine_rest(e);
        assert_true(engine_forward(e, &last, 1, &f));
        kv_cache_destroy(c);
    }
    same_told(&a, &b);
    assert_memory_equal(logits, logits + vocab, vocab * sizeof *logits);
    a = listen(&m->shape);
    for (int n = BATCH - 1; n <= BATCH + 1; n++) { /* and one row alone, at a batch's end or not, is what it was */
        kv_cache *c = kv_cache_create(&m->shape, MOST, KV_BEFORE_ROPE, &f);
        sequence one = { .cache = c, .tokens = ids, .n = n, .states = alone, .logits_from = n - 1, .tap = &taps[0] };
        assert_true(engine_forward(e, &one, 1, &f));
        assert_memory_equal(alone, states + (size_t)(n - 1) * width, width * sizeof *alone);
        kv_cache_destroy(c);
    }
    engine_close(e);
    model_close(m);
    free(states), free(logits), free(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_and_what_is_told_are_those_of_a_pass_batch_by_batch),
        cmocka_unit_test(a_refusal_stops_it_and_the_engine_goes_on),
        cmocka_unit_test(rows_that_nobody_wants_leave_the_same_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
