/* Attention against its definition in f64 and, to the last bit, in f32, with and without open rows. */
#include "kernels/attention.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/random.h"

enum { ROWS = 71, GROUP = 9, FIRST = 40, QUERIES = ROWS - FIRST };

typedef struct fixture {
    int dim;
    float *k[2], *v[2], *q; /* settled, open */
    float *panels[2];
    rope_table rope;
} fixture;

static float *noise(size_t n, uint64_t key)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
    return x;
}

static void open_fixture(fixture *t, int dim, bool rotate)
{
    const simd *s = simd_best();
    size_t d = (size_t)dim;
    *t = (fixture){ .dim = dim, .q = noise(QUERIES * GROUP * d, 9), .rope = { .n_rot = dim, .interleaved = true } };
    assert_true(rope_table_grow(&t->rope, ROWS, 10000.0f, NULL));
    float *scratch = malloc((size_t)s->width * d * sizeof *scratch);
    assert_non_null(scratch);
    for (int i = 0; i < 2; i++) {
        t->k[i] = noise(ROWS * d, 10 + (uint64_t)i);
        t->v[i] = noise(ROWS * d, 20 + (uint64_t)i);
        t->panels[i] = calloc(attention_panel_floats(s, ROWS, dim), sizeof(float));
        assert_non_null(t->panels[i]);
        attention_pack_keys(s, t->k[i], 0, 64, dim, rotate ? &t->rope : NULL, t->panels[i], scratch);
        attention_pack_keys(s, t->k[i], 64, ROWS - 64, dim, rotate ? &t->rope : NULL, t->panels[i] + 64 * d, scratch);
        for (int r = 0; rotate && r < ROWS; r++)
            rope_rotate(&t->rope, t->k[i] + (size_t)r * d, r);
    }
    free(scratch);
}

static void close_fixture(fixture *t)
{
    for (int i = 0; i < 2; i++) {
        free(t->k[i]);
        free(t->v[i]);
        free(t->panels[i]);
    }
    free(t->q);
    rope_table_release(&t->rope);
}

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

/* ---- to the last bit ---- */

typedef struct sight {
    uint32_t visible, k_block, k_window, v_block, v_window;
} sight;

/* The definition: one fused multiply-add per coordinate or row, in ascending order, settled rows before open ones. */
static void attend_in_order(const fixture *t, const simd *s, const attention_head *head, size_t at, const float *q,
                            float *out)
{
    const size_t d = (size_t)t->dim, low = attention_first(at, head->visible);
    const size_t k_settled = attention_settled(at, head->k.block, head->k.window);
    const size_t v_settled = attention_settled(at, head->v.block, head->v.window);
    float weights[ROWS];
    for (size_t row = low; row <= at; row++) {
        const float *k = t->k[row >= k_settled] + row * d;
        weights[row] = 0;
        for (size_t i = 0; i < d; i++)
            weights[row] = fmaf(q[i], k[i], weights[row]);
    }
    s->softmax(weights + low, at + 1 - low, at + 1 - low, head->scale);
    memset(out, 0, d * sizeof *out);
    for (int open = 0; open < 2; open++)
        for (size_t row = low; row <= at; row++)
            for (size_t i = 0; (row >= v_settled) == (open == 1) && i < d; i++)
                out[i] = fmaf(weights[row], t->v[open][row * d + i], out[i]);
}

/* All queries, `step` at a time, of the group's first heads, in scratch that is as large as it is said to be. */
static void answer(const fixture *t, const simd *s, const attention_head *head, size_t step, float *out)
{
    enum { BEHIND = 4096 };
    const size_t row = GROUP * (size_t)t->dim, n = attention_scratch_floats(s, head, step, ROWS);
    float *scratch = malloc((n + BEHIND) * sizeof *scratch);
    assert_non_null(scratch);
    memset(scratch, 0xff, (n + BEHIND) * sizeof *scratch); /* not numbers */
    for (size_t i = 0; i < QUERIES; i += step)
        attention_queries(s, head, t->q + i * row, row, FIRST + i, QUERIES - i < step ? QUERIES - i : step,
                          out + i * row, row, scratch);
    for (size_t i = 0; i < BEHIND * sizeof *scratch; i++)
        assert_int_equal(((const uint8_t *)(scratch + n))[i], 0xff);
    free(scratch);
}

static void check_bits(int dim, int group, const sight *see)
{
    fixture t;
    open_fixture(&t, dim, false);
    const size_t d = (size_t)dim, n = QUERIES * GROUP * d;
    const bool k_open = see->k_block > 1 || see->k_window > 0, v_open = see->v_block > 1 || see->v_window > 0;
    float *expected = calloc(n, sizeof *expected), *out = calloc(n, sizeof *out);
    assert_non_null(expected);
    assert_non_null(out);
    for (int l = 0; simd_level(l); l++) {
        const simd *s = simd_level(l);
        float *panels[2], *scratch = malloc((size_t)s->width * d * sizeof *scratch);
        for (int i = 0; i < 2; i++) {
            panels[i] = calloc(attention_panel_floats(s, ROWS, dim), sizeof(float));
            assert_non_null(panels[i]);
            attention_pack_keys(s, t.k[i], 0, ROWS, dim, NULL, panels[i], scratch);
        }
        const attention_head head = { dim,
                                      group,
                                      0.17f,
                                      see->visible,
                                      { panels[0], k_open ? panels[1] : NULL, see->k_block, see->k_window },
                                      { t.v[0], v_open ? t.v[1] : NULL, see->v_block, see->v_window } };
        for (size_t i = 0; l == 0 && i < QUERIES; i++)
            for (size_t g = 0; g < (size_t)group; g++)
                attend_in_order(&t, s, &head, FIRST + i, t.q + (i * GROUP + g) * d, expected + (i * GROUP + g) * d);
        static const size_t steps[] = { QUERIES, 25, 13, 2, 1 };
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            memset(out, 0, n * sizeof *out);
            answer(&t, s, &head, steps[i], out);
            assert_memory_equal(out, expected, n * sizeof *out);
        }
        free(panels[0]);
        free(panels[1]);
        free(scratch);
    }
    free(expected);
    free(out);
    close_fixture(&t);
}

static void every_level_and_any_split_come_to_the_bits_of_sums_in_order(void **state)
{
    (void)state;
    static const sight sights[] = {
        { 0, 1, 0, 1, 0 },  { 0, 16, 0, 1, 0 },   { 0, 1, 0, 8, 5 },  { 0, 8, 5, 32, 0 },
        { 17, 1, 0, 1, 0 }, { 33, 16, 0, 8, 11 }, { 1, 1, 0, 64, 0 }, { 50, 128, 0, 1, 100 },
    };
    static const struct {
        int dim, group;
    } heads[] = { { 20, 3 }, { 32, GROUP }, { 128, 2 }, { 256, 1 } };
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (size_t i = 0; i < sizeof sights / sizeof *sights; i++)
            check_bits(heads[h].dim, heads[h].group, &sights[i]);
}

/* Settled rows from the last query's open ones on, and open rows before the first query's, are nobody's. */
static void versions_that_nobody_sees_are_not_read(void **state)
{
    (void)state;
    enum { DIM = 32, BLOCK = 32, WINDOW = 5, N = 20 }; /* first sees 32 settled, as does the last */
    fixture t;
    open_fixture(&t, DIM, false);
    const simd *s = simd_best();
    const attention_head head = { .dim = DIM,
                                  .group = GROUP,
                                  .scale = 0.2f,
                                  .k = { t.panels[0], t.panels[1], BLOCK, WINDOW },
                                  .v = { t.v[0], t.v[1], BLOCK, WINDOW } };
    float *scratch = malloc(attention_scratch_floats(s, &head, N, FIRST + N) * sizeof *scratch);
    float *out[2] = { malloc(N * GROUP * DIM * sizeof(float)), malloc(N * GROUP * DIM * sizeof(float)) };
    assert_non_null(scratch);
    assert_non_null(out[0]);
    assert_non_null(out[1]);
    assert_int_equal(attention_settled(FIRST, BLOCK, WINDOW), BLOCK);
    assert_int_equal(attention_settled(FIRST + N - 1, BLOCK, WINDOW), BLOCK);
    for (int i = 0; i < 2; i++) {
        attention_queries(s, &head, t.q, GROUP * DIM, FIRST, N, out[i], GROUP * DIM, scratch);
        for (size_t j = 0; j < BLOCK * DIM; j++) /* a whole number of panels of every width */
            t.panels[1][j] = t.v[1][j] = NAN;
        for (size_t j = BLOCK * DIM; j < ROWS * DIM; j++)
            t.panels[0][j] = t.v[0][j] = NAN;
    }
    assert_memory_equal(out[0], out[1], N * GROUP * DIM * sizeof(float));
    free(scratch);
    free(out[0]);
    free(out[1]);
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
        cmocka_unit_test(every_level_and_any_split_come_to_the_bits_of_sums_in_order),
        cmocka_unit_test(versions_that_nobody_sees_are_not_read),
        cmocka_unit_test(queries_together_fill_tiles_and_no_more_memory_than_need_be),
        cmocka_unit_test(settled_rows_grow_by_whole_blocks),
        cmocka_unit_test(rope_keeps_lengths_and_relative_angles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
