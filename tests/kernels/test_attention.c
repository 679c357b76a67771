/* Attention against its definition in f64, with and without open rows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kernels/attention_fixture.h"

/* The definition, in f64: the query at position at, group member g. */
static void attend_exactly(const fixture *t, size_t at, size_t g, size_t visible, uint32_t kb, uint32_t kw, uint32_t vb,
                           uint32_t vw, double *out)
{
    size_t d = (size_t)t->dim;
    double weights[ROWS], sum = 0, max = -INFINITY;
    const size_t low = visible > 0 && at + 1 > visible ? at + 1 - visible : 0;
    const float *q = t->q + ((at - FIRST) * GROUP + g) * d;
    for (size_t s = low; s <= at; s++) {
        const float *k = t->k[s >= attention_settled(at, kb, kw)] + s * d;
        double dot = 0;
        for (size_t i = 0; i < d; i++)
            dot += (double)q[i] * (double)k[i];
        weights[s] = dot / sqrt((double)t->dim);
        max = fmax(max, weights[s]);
    }
    memset(out, 0, d * sizeof *out);
    for (size_t s = low; s <= at; s++)
        sum += weights[s] = exp(weights[s] - max);
    for (size_t s = low; s <= at; s++) {
        const float *v = t->v[s >= attention_settled(at, vb, vw)] + s * d;
        for (size_t i = 0; i < d; i++)
            out[i] += weights[s] / sum * (double)v[i];
    }
}

/* Each query by itself, as a model generates, comes to the bits it came to among the others. */
static void check_alone(const fixture *t, const attention_head *head, const float *among, float *scratch)
{
    const size_t d = (size_t)t->dim;
    float *alone = malloc(GROUP * d * sizeof *alone);
    assert_non_null(alone);
    for (size_t i = 0; i < QUERIES; i++) {
        attention_queries(simd_best(), head, t->q + i * GROUP * d, GROUP * d, FIRST + i, 1, alone, GROUP * d, scratch);
        assert_memory_equal(alone, among + i * GROUP * d, GROUP * d * sizeof *alone);
    }
    free(alone);
}

static void check_window(int dim, bool rotate, uint32_t visible, uint32_t kb, uint32_t kw, uint32_t vb, uint32_t vw)
{
    fixture t;
    open_fixture(&t, dim, rotate);
    const simd *s = simd_best();
    size_t d = (size_t)dim;
    bool k_open = kb > 1 || kw > 0, v_open = vb > 1 || vw > 0;
    attention_head head = { dim,
                            GROUP,
                            1.0f / sqrtf((float)dim),
                            visible,
                            { t.panels[0], k_open ? t.panels[1] : NULL, kb, kw },
                            { t.v[0], v_open ? t.v[1] : NULL, vb, vw } };
    float *out = malloc(QUERIES * GROUP * d * sizeof *out);
    float *scratch = malloc(attention_scratch_floats(s, &head, QUERIES, ROWS) * sizeof *scratch);
    double *exact = malloc(d * sizeof *exact);
    assert_non_null(out);
    assert_non_null(scratch);
    assert_non_null(exact);
    attention_queries(s, &head, t.q, GROUP * d, FIRST, QUERIES, out, GROUP * d, scratch);
    for (size_t at = FIRST; at < ROWS; at++)
        for (size_t g = 0; g < GROUP; g++) {
            attend_exactly(&t, at, g, visible, kb, kw, vb, vw, exact);
            for (size_t i = 0; i < d; i++)
                assert_true(fabs((double)out[((at - FIRST) * GROUP + g) * d + i] - exact[i]) < 2e-5);
        }
    check_alone(&t, &head, out, scratch);
    free(out);
    free(scratch);
    free(exact);
    close_fixture(&t);
}

static void check(int dim, bool rotate, uint32_t kb, uint32_t kw, uint32_t vb, uint32_t vw)
{
    check_window(dim, rotate, 0, kb, kw, vb, vw);
}

static void attention_is_its_definition(void **state)
{
    (void)state;
    static const int dims[] = { 16, 48, 64, 128 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        check(dims[i], false, 1, 0, 1, 0);
        check(dims[i], true, 1, 0, 1, 0);
    }
}

static void open_rows_are_seen_until_their_block_is_full_and_out_of_the_window(void **state)
{
    (void)state;
    check(32, true, 16, 0, 1, 0);
    check(32, true, 1, 0, 16, 0);
    check(48, false, 8, 5, 32, 0);
    check(64, true, 1, 10, 1, 3);
    check(64, true, 128, 0, 64, 100);
}

static void a_query_sees_its_window_and_no_more(void **state)
{
    (void)state;
    static const uint32_t windows[] = { 1, 2, 5, 16, 31, 32, 33, 40, 41, 70, 71, 72, UINT32_MAX };
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        check_window(48, true, windows[i], 1, 0, 1, 0);
        check_window(32, false, windows[i], 8, 5, 16, 0);
        check_window(16, true, windows[i], 1, 10, 64, 100);
    }
    assert_int_equal(attention_first(15, 16), 0);
    assert_int_equal(attention_first(16, 16), 1);
    assert_int_equal(attention_first(1000, 0), 0);
}

/* Rows that have left the window may hold anything. */
static void what_left_the_window_is_not_read(void **state)
{
    (void)state;
    enum { DIM = 32, WINDOW = 7 };
    fixture t;
    open_fixture(&t, DIM, false);
    const simd *s = simd_best();
    const size_t first = ROWS - 1, low = attention_first(first, WINDOW) / (size_t)s->width * (size_t)s->width;
    const attention_head head = { .dim = DIM,
                                  .group = 1,
                                  .scale = 0.2f,
                                  .visible = WINDOW,
                                  .k = { t.panels[0], NULL, 1, 0 },
                                  .v = { t.v[0], NULL, 1, 0 } };
    float *scratch = malloc(attention_scratch_floats(s, &head, 1, ROWS) * sizeof *scratch), out[2][DIM];
    assert_non_null(scratch);
    assert_true(low >= 32);
    for (int i = 0; i < 2; i++) {
        attention_queries(s, &head, t.q, DIM, first, 1, out[i], DIM, scratch);
        for (size_t j = 0; j < low * DIM; j++)
            t.panels[0][j] = t.v[0][j] = NAN;
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    free(scratch);
    close_fixture(&t);
}

static void queries_together_fill_tiles_and_no_more_memory_than_need_be(void **state)
{
    (void)state;
    attention_head head = { .dim = 128, .group = 2 };
    assert_int_equal(attention_together(&head, 1000), 32);
    assert_true(attention_together(&head, 1 << 20) < 32);
    head.group = 100;
    assert_int_equal(attention_together(&head, 1000), 1);
    const simd *s = simd_best();
    head.group = 2;
    const size_t all = attention_scratch_floats(s, &head, 8, 100000);
    head.v.open = &head.scale;
    assert_true(attention_scratch_floats(s, &head, 8, 100000) > 3 * all / 2); /* weights of open rows have their own */
    head.v.open = NULL;
    head.visible = 512;
    assert_true(attention_scratch_floats(s, &head, 8, 100000) < all / 50);
    for (int l = 0; simd_level(l); l++) /* what is enough for many rows is enough for fewer */
        for (head.visible = 0; head.visible < 100; head.visible += 33)
            for (size_t rows = 2; rows < 300; rows++)
                assert_true(attention_scratch_floats(simd_level(l), &head, 3, rows) >=
                            attention_scratch_floats(simd_level(l), &head, 3, rows - 1));
}

static void settled_rows_grow_by_whole_blocks(void **state)
{
    (void)state;
    assert_int_equal(attention_settled(0, 1, 0), 1);
    assert_int_equal(attention_settled(6, 8, 0), 0);
    assert_int_equal(attention_settled(7, 8, 0), 8);
    assert_int_equal(attention_settled(14, 8, 0), 8);
    assert_int_equal(attention_settled(9, 1, 10), 0);
    assert_int_equal(attention_settled(10, 1, 10), 1);
    assert_int_equal(attention_settled(17, 8, 10), 8);
    assert_int_equal(attention_settled(16, 8, 10), 0);
}

static void rope_keeps_lengths_and_relative_angles(void **state)
{
    (void)state;
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        rope_table t = { .n_rot = 24, .interleaved = interleaved };
        assert_true(rope_table_grow(&t, 100, 10000.0f, NULL));
        float *x = noise(64, 30), a[32], b[32];
        double dots[2];
        for (int shift = 0; shift < 2; shift++) {
            memcpy(a, x, sizeof a);
            memcpy(b, x + 32, sizeof b);
            rope_rotate(&t, a, 10 + 50 * shift);
            rope_rotate(&t, b, 3 + 50 * shift);
            dots[shift] = 0;
            for (int i = 0; i < 32; i++)
                dots[shift] += (double)a[i] * (double)b[i];
            assert_memory_equal(a + 24, x + 24, 8 * sizeof *a);
        }
        assert_true(fabs(dots[0] - dots[1]) < 1e-4);
        memcpy(a, x, sizeof a);
        rope_rotate(&t, a, 0);
        assert_memory_equal(a, x, sizeof a);
        rope_rotate(&t, a, 1);
        int other = interleaved ? 1 : 12;
        assert_true(fabs((double)a[0] - ((double)x[0] * cos(1) - (double)x[other] * sin(1))) < 1e-6);
        assert_true(fabs((double)a[other] - ((double)x[0] * sin(1) + (double)x[other] * cos(1))) < 1e-6);
        free(x);
        rope_table_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_is_its_definition),
        cmocka_unit_test(open_rows_are_seen_until_their_block_is_full_and_out_of_the_window),
        cmocka_unit_test(a_query_sees_its_window_and_no_more),
        cmocka_unit_test(what_left_the_window_is_not_read),
        cmocka_unit_test(queries_together_fill_tiles_and_no_more_memory_than_need_be),
        cmocka_unit_test(settled_rows_grow_by_whole_blocks),
        cmocka_unit_test(rope_keeps_lengths_and_relative_angles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
