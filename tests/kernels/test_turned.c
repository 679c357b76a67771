/* Scores of keys before RoPE: what rope_rotate and a product give, and the same bits on every level, whatever shares a
 * call. */
#include "kernels/turned.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/random.h"

enum { DIM = 80, POSITIONS = 4096, QUERIES = 19, KEYS = ROPE_TILE };

static const struct form {
    int n_rot;
    bool interleaved;
    float magnitude;
} forms[] = { { DIM, true, 0 }, { DIM, false, 0 }, { 64, true, 1.25f }, { 48, false, 0.5f }, { 2, true, 0 } };

typedef struct setting {
    rope_table rope;
    float keys[KEYS * DIM], q[QUERIES * DIM];
} setting;

static void fill(float *x, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
}

static void open_setting(setting *s, const struct form *f)
{
    s->rope = (rope_table){ .n_rot = f->n_rot, .interleaved = f->interleaved, .magnitude = f->magnitude };
    assert_true(rope_table_grow(&s->rope, 7, 10000.0f, NULL)); /* and on */
    assert_true(rope_table_grow(&s->rope, POSITIONS, 10000.0f, NULL));
    fill(s->keys, KEYS * DIM, 1);
    fill(s->q, QUERIES * DIM, 2);
}

/* Scores of n_q queries with all keys, the first of them at position `first`. */
static void score(const turned *t, const setting *s, size_t first, size_t n_q, float *scores)
{
    _Alignas(64) float tile[TURNED_MOST * DIM];
    for (size_t k = 0; k < KEYS; k += t->columns) {
        for (size_t c = 0; c < t->columns; c++)
            for (size_t d = 0; d < DIM; d++)
                tile[d * t->columns + c] = s->keys[(k + c) * DIM + d];
        t->scores(&s->rope, first + k, tile, DIM, s->q, n_q, 0, t->columns, scores + k, KEYS);
    }
}

static void scores_are_those_of_turned_rows(void **state)
{
    (void)state;
    static const size_t places[] = { 0, 32, 1024, POSITIONS - KEYS };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        setting s;
        float scores[QUERIES * KEYS];
        open_setting(&s, &forms[i]);
        for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
            score(turned_at(0), &s, places[p], QUERIES, scores);
            for (size_t c = 0; c < KEYS; c++) {
                float row[DIM];
                memcpy(row, s.keys + c * DIM, sizeof row);
                rope_rotate(&s.rope, row, (int)(places[p] + c));
                for (size_t j = 0; j < QUERIES; j++) {
                    double sum = 0, size = 0;
                    for (size_t d = 0; d < DIM; d++) {
                        sum += (double)row[d] * (double)s.q[j * DIM + d];
                        size += fabs((double)row[d] * (double)s.q[j * DIM + d]);
                    }
                    if (fabs((double)scores[j * KEYS + c] - sum) > 1e-6 * size)
                        fail_msg("form %zu, position %zu: %g, not %g", i, places[p] + c, (double)scores[j * KEYS + c],
                                 sum);
                }
            }
        }
        rope_table_release(&s.rope);
    }
}

/* kernels/turned.h, word for word. */
static void a_score_is_what_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        setting s;
        float scores[KEYS];
        open_setting(&s, &forms[i]);
        score(turned_at(0), &s, 320, 1, scores);
        const int half = forms[i].n_rot / 2, apart = forms[i].interleaved ? 1 : half;
        for (int c = 0; c < KEYS; c++) {
            const float *key = s.keys + c * DIM;
            float first = 0, second = 0;
            for (int k = 0; k < half; k++) {
                const int at = forms[i].interleaved ? 2 * k : k;
                const float *line = s.rope.cos_sin + 320 * forms[i].n_rot + 2 * k, *steps = s.rope.steps + k * 2 * KEYS;
                const float cosine = fmaf(-line[1], steps[KEYS + c], line[0] * steps[c]);
                const float sine = fmaf(line[1], steps[c], line[0] * steps[KEYS + c]);
                const float x = key[at], y = key[at + apart];
                first = fmaf(s.q[at], fmaf(-y, sine, x * cosine), first);
                second = fmaf(s.q[at + apart], fmaf(x, sine, y * cosine), second);
            }
            for (int d = 2 * half; d < DIM; d++)
                first = fmaf(s.q[d], key[d], first);
            assert_true(scores[c] == first + second);
        }
        rope_table_release(&s.rope);
    }
}

static void every_level_gives_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        setting s;
        float expected[QUERIES * KEYS], scores[QUERIES * KEYS];
        open_setting(&s, &forms[i]);
        score(turned_at(0), &s, 992, QUERIES, expected);
        for (int level = 1; cpu_runs(level); level++) {
            score(turned_at(level), &s, 992, QUERIES, scores);
            assert_memory_equal(scores, expected, sizeof scores);
        }
        rope_table_release(&s.rope);
    }
}

static void a_score_does_not_depend_on_other_queries(void **state)
{
    (void)state;
    setting s;
    float all[QUERIES * KEYS], some[QUERIES * KEYS];
    open_setting(&s, &forms[0]);
    for (int level = 0; cpu_runs(level); level++) {
        score(turned_at(level), &s, 64, QUERIES, all);
        for (size_t n_q = 1; n_q < QUERIES; n_q++) {
            score(turned_at(level), &s, 64, n_q, some);
            assert_memory_equal(some, all, n_q * KEYS * sizeof *some);
        }
    }
    rope_table_release(&s.rope);
}

static void columns_that_are_not_asked_for_are_not_written(void **state)
{
    (void)state;
    setting s;
    open_setting(&s, &forms[2]);
    for (int level = 0; cpu_runs(level); level++) {
        const turned *t = turned_at(level);
        float whole[TURNED_MOST], part[TURNED_MOST + 1];
        for (size_t from = 0; from < t->columns; from++)
            for (size_t n = 1; from + n <= t->columns; n++) {
                _Alignas(64) float tile[2][TURNED_MOST * DIM];
                fill(tile[0], TURNED_MOST * DIM, 3);
                memcpy(tile[1], tile[0], sizeof tile[0]);
                for (size_t c = 0; c <= TURNED_MOST; c++)
                    part[c] = 5;
                t->scores(&s.rope, 32, tile[0], DIM, s.q, 1, 0, t->columns, whole, 1);
                t->scores(&s.rope, 32, tile[1], DIM, s.q, 1, from, n, part, 1);
                assert_memory_equal(part, whole + from, n * sizeof *part);
                for (size_t c = n; c <= TURNED_MOST; c++)
                    assert_true(part[c] == 5);
            }
    }
    rope_table_release(&s.rope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_turned_rows),
        cmocka_unit_test(a_score_is_what_is_said),
        cmocka_unit_test(every_level_gives_the_same_bits),
        cmocka_unit_test(a_score_does_not_depend_on_other_queries),
        cmocka_unit_test(columns_that_are_not_asked_for_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
