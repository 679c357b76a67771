/* Texts read and continued through caches. */
#include "app/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/app/generation_place.h"
#include "tests/app/read_logits.h"

/* The logits of all positions, read in pieces of `piece`. */
static float *read_all(const place *p, compressor *c, int piece)
{
    fault f = { 0 };
    const size_t n_vocab = (size_t)p->model->shape.n_vocab;
    float *logits = calloc(PROMPT * n_vocab, sizeof *logits);
    generation *g = generation_open(p->engine, c, CTX, &f);
    if (!g || !logits) fail_msg("%s", f.text);
    for (int at = 0; at < PROMPT; at += piece) {
        const int n = piece < PROMPT - at ? piece : PROMPT - at;
        if (!read_logits(p->engine, g, p->prompt + at, n, logits + (size_t)at * n_vocab, &f)) fail_msg("%s", f.text);
        assert_int_equal(generation_length(g), at + n);
        assert_memory_equal(generation_logits(g), logits + (size_t)(at + n - 1) * n_vocab, n_vocab * sizeof *logits);
    }
    assert_true(generation_close(g, &f));
    return logits;
}

static void states_stand_for_logits(void **state)
{
    const place *p = the(state);
    fault f = { 0 };
    const size_t n_vocab = (size_t)p->model->shape.n_vocab, width = (size_t)p->model->shape.n_embd;
    float *logits = calloc(PROMPT * n_vocab, sizeof *logits), *made = calloc(PROMPT * n_vocab, sizeof *made);
    float *states = calloc(PROMPT * width, sizeof *states);
    kv_cache *cache = kv_cache_create(&p->model->shape, CTX, KV_BEFORE_ROPE, &f);
    generation *g = generation_open(p->engine, NULL, CTX, &f);
    assert_true(g && cache && logits && made && states);
    sequence s = { .cache = cache, .tokens = p->prompt, .n = PROMPT, .logits = logits };
    assert_true(engine_forward(p->engine, &s, 1, &f));
    kv_cache_destroy(cache);
    assert_true(generation_read_states(g, p->prompt, 3, states, &f));
    assert_memory_equal(generation_logits(g), logits + 2 * n_vocab, n_vocab * sizeof *logits);
    assert_true(generation_read_states(g, p->prompt + 3, PROMPT - 3, states + 3 * width, &f));
    assert_memory_equal(generation_logits(g), logits + (PROMPT - 1) * n_vocab, n_vocab * sizeof *logits);
    assert_true(engine_logits(p->engine, states, PROMPT, made, &f));
    assert_memory_equal(made, logits, PROMPT * n_vocab * sizeof *logits);
    assert_false(generation_read_states(g, p->prompt, CTX, states, &f)); /* does not fit */
    assert_true(generation_close(g, &f));
    free(logits), free(made), free(states);
}

static void a_text_is_read_alike_however_it_is_split(void **state)
{
    const place *p = the(state);
    const char *const configs[] = { NULL, "identity", "turbo4", "kivi(bits=2)", "rope=post q8_0" };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        opened o = { 0 };
        if (configs[i]) o = open_config(p, configs[i]);
        float *whole = read_all(p, o.compressor, PROMPT);
        for (int piece = 1; piece < PROMPT; piece += 6) {
            float *parts = read_all(p, o.compressor, piece);
            assert_memory_equal(whole, parts, PROMPT * (size_t)p->model->shape.n_vocab * sizeof *whole);
            free(parts);
        }
        free(whole);
        if (configs[i]) close_config(&o);
    }
}

static void identity_is_the_exact_cache_to_the_last_bit(void **state)
{
    const place *p = the(state);
    opened o = open_config(p, "identity");
    float *exact = read_all(p, NULL, 5), *same = read_all(p, o.compressor, 7);
    assert_memory_equal(exact, same, PROMPT * (size_t)p->model->shape.n_vocab * sizeof *exact);
    free(exact);
    free(same);
    close_config(&o);
}

static void continuing_is_greedy_and_stops_where_it_should(void **state)
{
    const place *p = the(state);
    fault f = { 0 };
    int32_t expected[CTX + 1], said[CTX + 1];
    const int n = continue_by_hand(p, expected, CTX);
    generation *g = generation_open(p->engine, NULL, CTX, &f);
    assert_true(generation_read(g, p->prompt, PROMPT, &f));
    answer a = { .tokens = said, .room = SAID };
    assert_true(generation_continue(g, NULL, NULL, &a, &f));
    assert_int_equal(a.n, SAID);
    assert_false(a.ended);
    assert_int_equal(generation_room(g), CTX - PROMPT - SAID);
    a.room = CTX + 1;
    assert_true(generation_continue(g, NULL, NULL, &a, &f)); /* until the cache is full; one more is known by then */
    assert_int_equal(generation_room(g), 0);
    assert_int_equal(a.n, CTX - PROMPT + 1);
    assert_memory_equal(said, expected, (size_t)n * sizeof *said);
    assert_false(generation_read(g, p->prompt, 1, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    generation_close(g, NULL);
}

static void sequences_of_any_length_are_counted(void **state)
{
    const place *p = the(state);
    fault f = { 0 };
    opened o = open_config(p, "q8_0");
    job_result r = { 0 };
    for (int n = 1; n <= PROMPT; n += 5) {
        generation *g = generation_open(p->engine, o.compressor, CTX, &f);
        assert_true(generation_read(g, p->prompt, n, &f) && generation_close(g, &f));
    }
    assert_true(compress_report(o.compressor, &r, &f));
    const model_shape *s = &p->model->shape;
    assert_int_equal(r.sequences, 5);
    assert_int_equal(r.positions, 1 + 6 + 11 + 16 + 21);
    assert_int_equal(r.bytes.values, r.positions * 2 * (uint64_t)(s->n_layers * s->n_kv_heads * s->head_dim));
    job_ratios(&r, CTX);
    assert_true(fabs(r.ratio_ctx - r.ratio) < 1e-12 && r.ratio > 1);
    free(r.layers);
    close_config(&o);
}

static void a_sequence_that_was_given_up_does_not_spoil_the_next(void **state)
{
    const place *p = the(state);
    const char *const configs[] = { "turbo4", "kivi(bits=2)" };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        fault f = { 0 };
        opened o = open_config(p, configs[i]);
        float *before = read_all(p, o.compressor, PROMPT);
        generation *g = generation_open(p->engine, o.compressor, CTX, &f);
        assert_true(generation_read(g, p->prompt + 3, 5, &f));
        generation_close(g, NULL);
        float *after = read_all(p, o.compressor, PROMPT);
        assert_memory_equal(before, after, PROMPT * (size_t)p->model->shape.n_vocab * sizeof *before);
        free(before);
        free(after);
        close_config(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_alike_however_it_is_split),
        cmocka_unit_test(states_stand_for_logits),
        cmocka_unit_test(identity_is_the_exact_cache_to_the_last_bit),
        cmocka_unit_test(continuing_is_greedy_and_stops_where_it_should),
        cmocka_unit_test(sequences_of_any_length_are_counted),
        cmocka_unit_test(a_sequence_that_was_given_up_does_not_spoil_the_next),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
