/* Attention to the last bit: on every level and however queries are cut into calls, sums in order; and what no query
 * sees is not read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kernels/attention_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_and_any_split_come_to_the_bits_of_sums_in_order),
        cmocka_unit_test(versions_that_nobody_sees_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
