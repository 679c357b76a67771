/* A cache as bytes under a model: rows that no pass made, the memory it lets go of, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/generation.h"
#include "kernels/half.h"
#include "tests/app/encoded_place.h"
#include "tests/app/read_logits.h"

/* ---- rows that no pass made ---- */

static void given_rows_are_as_good_as_read_ones(void **state)
{
    (void)state;
    fault f = { 0 };
    enum { GIVEN = 560, ALL = 580 }; /* more than one batch */
    int32_t tokens[ALL];
    const model_shape *m = &llama.model->shape;
    const size_t kv = (size_t)m->n_kv_heads * DIM, n_vocab = (size_t)m->n_vocab, rest = ALL - GIVEN;
    for (int i = 0; i < ALL; i++)
        tokens[i] = (i * 37 + i / 5) % m->n_vocab;
    kv_cache *exact = kv_cache_create(m, ALL, KV_BEFORE_ROPE, &f);
    sequence s = { .cache = exact, .tokens = tokens, .n = GIVEN };
    assert_true(exact && engine_forward(llama.engine, &s, 1, &f));
    kv_given *given = calloc((size_t)m->n_layers, sizeof *given);
    float *rows = calloc(2 * (size_t)m->n_layers * GIVEN * kv, sizeof *rows), *to = rows;
    assert_true(given && rows);
    for (int il = 0; il < m->n_layers; il++)
        for (int side = 0; side < 2; side++, to += GIVEN * kv) {
            *(side ? &given[il].v : &given[il].k) = to;
            const kv_side *from = side ? &exact->layers[il].v : &exact->layers[il].k;
            for (int i = 0; i < GIVEN; i++)
                for (int h = 0; h < m->n_kv_heads; h++)
                    memcpy(to + (size_t)i * kv + (size_t)h * DIM, kv_rows(exact, from, h) + (size_t)i * DIM,
                           DIM * sizeof *to);
        }
    subject x = open_subject(&llama, "identity", 0, ALL);
    generation *const roads[] = { generation_open(llama.engine, NULL, ALL, &f),
                                  generation_open_encoded(llama.engine, x.cache, ALL, &f) };
    float *expected = calloc(rest * n_vocab, sizeof *expected), *logits = calloc(rest * n_vocab, sizeof *logits);
    s = (sequence){ .cache = exact, .tokens = tokens + GIVEN, .n = (int)rest, .logits = expected };
    assert_true(expected && logits && engine_forward(llama.engine, &s, 1, &f));
    for (int i = 0; i < 2; i++) {
        assert_non_null(roads[i]);
        assert_true(generation_append(roads[i], given, GIVEN, &f));
        assert_int_equal(generation_length(roads[i]), GIVEN);
        assert_true(read_logits(llama.engine, roads[i], tokens + GIVEN, (int)rest, logits, &f));
        double off = 0;
        for (size_t j = 0; j < rest * n_vocab; j++)
            off = fmax(off, fabs((double)(logits[j] - expected[j])));
        assert_true(i == 0 ? off == 0 : off < 1e-3);
        assert_false(generation_append(roads[i], given, 1, &f));
        assert_true(generation_close(roads[i], &f));
    }
    kv_cache_destroy(exact);
    close_subject(&x);
    free(given);
    free(rows);
    free(expected);
    free(logits);
}

/* ---- memory, and what is counted ---- */

static void pages_that_a_window_has_left_are_let_go(void **state)
{
    (void)state;
    subject s = open_subject(&gemma, "f16", 0, CTX);
    encoded_size size;
    free(attend(&s, 100));
    encoded_count(s.cache, &size);
    const uint64_t row = 2 * 2 * 2 * DIM; /* heads, sides, f16 */
    assert_int_equal(size.bytes, 16 * row);
    assert_true(size.held <= (ENCODED_PAGE + 2 * 150) * row);
    close_subject(&s);
    s = open_subject(&gemma, "f16", 5, CTX);
    free(attend(&s, 100));
    free(attend(&s, 100)); /* nothing of the sequence before is left */
    encoded_count(s.cache, &size);
    assert_int_equal(size.bytes, CTX * row);
    assert_true(size.held >= size.bytes && size.held <= size.bytes + ENCODED_PAGE * row);
    const encoded_work work = encoded_spent(s.cache);
    const uint64_t pairs = (uint64_t)gemma.model->shape.n_heads * CTX * (CTX + 1) / 2;
    assert_int_equal(work.seen, pairs);
    assert_true(work.kept > 0 && work.kept <= pairs);
    assert_int_equal(encoded_spent(s.cache).seen, 0);
    close_subject(&s);
}

/* One key far ahead of all others: what is left of the others is below a millionth, and is not looked at. */
static void weights_below_a_millionth_are_skipped(void **state)
{
    (void)state;
    enum { N = 300 };
    place p = llama;
    const size_t kv = (size_t)p.model->shape.n_kv_heads * DIM, q = (size_t)p.model->shape.n_heads * DIM;
    p.k = calloc(N * kv, sizeof(float));
    p.q = calloc(N * q, sizeof(float));
    for (size_t i = 0; i < N * q; i++)
        p.q[i] = 1;
    subject s = open_subject(&p, "f16", 0, N);
    for (size_t h = 0; h < kv / DIM; h++) { /* position 0 turns by nothing; queries of 1 meet it at their angles */
        float target[DIM];
        for (int d = 0; d < DIM; d++)
            target[d] = 1;
        rope_rotate(s.rope, target, N - 1);
        for (int d = 0; d < DIM; d++)
            p.k[h * DIM + (size_t)d] = 4 * target[d];
    }
    float *out = attend(&s, N);
    for (size_t h = 0; h < q / DIM; h++)
        for (size_t d = 0; d < DIM; d++) {
            const size_t head = h / (q / kv);
            assert_true(fabsf(out[(N - 1) * q + h * DIM + d] - half_to_float(half_from_float(p.v[head * DIM + d]))) <
                        1e-6f);
        }
    const encoded_work work = encoded_spent(s.cache);
    assert_true(work.kept < work.seen);
    close_subject(&s);
    free(out);
    free(p.k);
    free(p.q);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    fault f = { 0 };
    subject s = open_subject(&llama, "q8_0", 0, 8);
    const kv_keeper keeper = encoded_keeper(s.cache);
    float out[8 * 16 * DIM];
    assert_false(keeper.attend(keeper.self, 0, 0, 9, s.rope, llama.k, llama.v, llama.q, out, &f));
    assert_non_null(strstr(f.text, "past the 8"));
    assert_false(keeper.attend(keeper.self, 0, 1, 2, s.rope, llama.k, llama.v, llama.q, out, &f));
    assert_non_null(strstr(f.text, "follows row 0"));
    encoded_begin(s.cache);
    const float kept = llama.k[5];
    llama.k[5] = NAN;
    assert_false(keeper.attend(keeper.self, 0, 0, 4, s.rope, llama.k, llama.v, llama.q, out, &f));
    assert_non_null(strstr(f.text, "k=q8_0, layer 0, head 0"));
    llama.k[5] = kept;
    encoded_begin(s.cache);
    assert_true(keeper.attend(keeper.self, 0, 0, 4, s.rope, llama.k, llama.v, llama.q, out, &f));
    close_subject(&s);
}

/* `drifts` has other side data after every encode. It is found within the sequence when a page is full, else when the
 * sequence ends. */
static void side_data_that_change_are_found(void **state)
{
    (void)state;
    fault f = { 0 };
    float out[4 * 16 * DIM];
    for (int again = 0; again < 2; again++) {
        subject s = open_subject(&llama, "drifts", 0, 8);
        const kv_keeper keeper = encoded_keeper(s.cache);
        for (int at = 0; at < 8; at += 4)
            assert_true(keeper.attend(keeper.self, 0, at, 4, s.rope, llama.k, llama.v, llama.q, out, &f));
        for (int i = 0; again && i < 2; i++)
            encoded_begin(s.cache);
        if (again) {
            assert_false(keeper.attend(keeper.self, 0, 0, 4, s.rope, llama.k, llama.v, llama.q, out, &f));
            assert_non_null(strstr(f.text, "its side data changed while it encoded"));
        }
        f = (fault){ 0 };
        assert_false(encoded_close(s.cache, &f));
        assert_non_null(strstr(f.text, "k=drifts, layer 0, head 0: its side data changed while it encoded"));
        config_free(s.config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_rows_are_as_good_as_read_ones),
        cmocka_unit_test(pages_that_a_window_has_left_are_let_go),
        cmocka_unit_test(weights_below_a_millionth_are_skipped),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(side_data_that_change_are_found),
    };
    return cmocka_run_group_tests(tests, set_up_with_shifts, tear_down);
}
