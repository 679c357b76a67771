/* Rows that are given leave the cache that a pass over their tokens leaves, whatever its form and however they come. */
#include "engine/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { GIVEN = 513, LAYERS = 64 }; /* a batch, and one row */

typedef struct subject {
    model *m;
    engine *e;
    int32_t ids[GIVEN + 1];
    kv_given given[LAYERS];
    float *logits; /* of the token that follows, after a pass */
} subject;

/* A layer's rows, head beside head. */
static const float *rows_of(const kv_cache *c, const kv_side *side)
{
    const size_t dim = (size_t)c->dim, heads = (size_t)c->n_heads;
    float *rows = malloc(GIVEN * heads * dim * sizeof *rows);
    assert_non_null(rows);
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < GIVEN; i++)
            memcpy(rows + (i * heads + h) * dim, kv_rows(c, side, (int)h) + i * dim, dim * sizeof *rows);
    return rows;
}

static float *follow(const subject *s, kv_cache *c)
{
    fault f = { 0 };
    float *logits = malloc((size_t)s->m->shape.n_vocab * sizeof *logits);
    sequence next = { .cache = c, .tokens = s->ids + GIVEN, .n = 1, .logits = logits };
    assert_non_null(logits);
    if (!engine_forward(s->e, &next, 1, &f)) fail_msg("%s", f.text);
    return logits;
}

static void open_subject(subject *s, const char *path)
{
    fault f = { 0 };
    *s = (subject){ .m = model_open(path, &f) };
    assert_non_null(s->m);
    assert_in_range(s->m->shape.n_layers, 2, LAYERS);
    for (uint32_t i = 0; i <= GIVEN; i++)
        s->ids[i] = (int32_t)((i * 2654435761u >> 7) % (uint32_t)s->m->shape.n_vocab);
    s->e = engine_open(s->m, 2, &f);
    kv_cache *c = kv_cache_create(&s->m->shape, GIVEN + 1, KV_BEFORE_ROPE, &f);
    assert_true(s->e && c);
    sequence pass = { .cache = c, .tokens = s->ids, .n = GIVEN };
    assert_true(engine_forward(s->e, &pass, 1, &f));
    for (int il = 0; il < s->m->shape.n_layers; il++)
        s->given[il] = (kv_given){ rows_of(c, &c->layers[il].k), rows_of(c, &c->layers[il].v) };
    s->logits = follow(s, c);
    kv_cache_destroy(c);
}

static void close_subject(subject *s)
{
    for (int il = 0; il < s->m->shape.n_layers; il++) {
        free((void *)s->given[il].k);
        free((void *)s->given[il].v);
    }
    free(s->logits);
    engine_close(s->e);
    model_close(s->m);
}

/* All given rows, `step` at a time. */
static void append(const subject *s, kv_cache *c, int step)
{
    fault f = { 0 };
    const size_t width = (size_t)c->n_heads * (size_t)c->dim;
    for (int at = 0; at < GIVEN; at += step) {
        kv_given rest[LAYERS];
        for (int il = 0; il < c->n_layers; il++)
            rest[il] = (kv_given){ s->given[il].k + (size_t)at * width, s->given[il].v + (size_t)at * width };
        sequence some = { .cache = c, .n = GIVEN - at < step ? GIVEN - at : step };
        if (!engine_append(s->e, &some, rest, &f)) fail_msg("%s", f.text);
    }
    assert_int_equal(c->n, GIVEN);
}

static void given_rows_are_those_of_a_pass(void **state)
{
    (void)state;
    static const char *const paths[] = { "tests/data/arch/llama.gguf", "tests/data/arch/gemma3.gguf" };
    static const int steps[] = { GIVEN, 100, 1 };
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
        subject s;
        open_subject(&s, paths[p]);
        for (int form = KV_BEFORE_ROPE; form <= KV_PACKED; form++)
            for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                fault f = { 0 };
                kv_cache *c = kv_cache_create(&s.m->shape, GIVEN + 1, (kv_form)form, &f);
                assert_non_null(c);
                append(&s, c, steps[i]);
                float *logits = follow(&s, c);
                assert_memory_equal(logits, s.logits, (size_t)s.m->shape.n_vocab * sizeof *logits);
                free(logits);
                kv_cache_destroy(c);
            }
        close_subject(&s);
    }
}

static void rows_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    fault f = { 0 };
    subject s;
    open_subject(&s, "tests/data/arch/llama.gguf");
    kv_cache *c = kv_cache_create(&s.m->shape, GIVEN - 1, KV_BEFORE_ROPE, &f);
    assert_non_null(c);
    sequence all = { .cache = c, .n = GIVEN };
    assert_false(engine_append(s.e, &all, s.given, &f));
    assert_non_null(strstr(f.text, "do not fit"));
    assert_int_equal(c->n, 0);
    kv_cache_destroy(c);
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_rows_are_those_of_a_pass),
        cmocka_unit_test(rows_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
