/* Attention on encoded rows gives one set of bits on every level, for all formats, numbers of queries and of rows. */
#include "kernels/fused.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/half.h"
#include "kernels/random.h"

enum { GROUP = 128, QUERIES = 9, ROWS = 52, DIM_MOST = 1664, KEY = 5 };

typedef struct subject {
    fused_format format;
    size_t row_bytes;
    uint8_t *bytes;
    float *q, *weights;
} subject;

static float number_at(size_t i)
{
    return (float)((double)(random_bits(KEY, i) % 20001) / 1e4 - 1.0);
}

static void *room(size_t n, size_t size)
{
    void *p = calloc(n, size);
    assert_non_null(p);
    return p;
}

/* Any codes, and scales that an encoder may write. */
static void fill(subject *s, size_t step)
{
    for (size_t i = 0; i < ROWS * s->row_bytes; i++)
        s->bytes[i] = (uint8_t)random_bits(KEY + 1, i);
    for (size_t at = 0; at < ROWS * s->row_bytes; at += step) {
        half_store(s->bytes + at, half_from_float(1.5f + number_at(at)));
        if (s->format.header == 4) half_store(s->bytes + at + 2, 0);
        for (size_t i = 2; s->format.kind == FUSED_Q8_0 && i < step; i++)
            if (s->bytes[at + i] == 0x80) s->bytes[at + i] = 1;
    }
}

static subject subject_in_groups(fused_kind kind, size_t dim, size_t group, size_t header, const float *level,
                                 const wht *rotation)
{
    const size_t bits = kind >= FUSED_CODES_1 ? (size_t)(kind - FUSED_CODES_1) + 1 : 3;
    subject s = { .format = { kind, dim, group, header, header + group * bits / 8, level, rotation } };
    fused f;
    fused_init(&f, &s.format);
    s.row_bytes = f.row_bytes;
    s.bytes = room(ROWS * s.row_bytes, 1);
    s.q = room(QUERIES * dim, sizeof *s.q);
    s.weights = room(QUERIES * ROWS, sizeof *s.weights);
    fill(&s, kind == FUSED_F16 ? 2 : f.group_bytes);
    for (size_t i = 0; i < QUERIES * dim; i++)
        s.q[i] = number_at(i);
    for (size_t i = 0; i < QUERIES * ROWS; i++)
        s.weights[i] = i % 3 ? 1.0f + number_at(i) : 0.0f;
    return s;
}

static subject subject_of(fused_kind kind, size_t dim, size_t header, const float *level, const wht *rotation)
{
    return subject_in_groups(kind, dim, GROUP, header, level, rotation);
}

static void release(subject *s)
{
    free(s->bytes);
    free(s->q);
    free(s->weights);
}

/* Scores, then sums, at a level. */
static float *results(const subject *s, int level, size_t n_rows, size_t n_q)
{
    float *scores = room(n_q * (n_rows + s->format.dim), sizeof *scores);
    fused f;
    cpu_force(cpu_level_name(level));
    fused_init(&f, &s->format);
    cpu_force(NULL);
    assert_true(fused_scores(&f, s->bytes, n_rows, s->q, n_q, scores));
    assert_true(fused_mix(&f, s->bytes, n_rows, s->weights, n_q, scores + n_q * n_rows));
    return scores;
}

static void compare_call(const subject *s, size_t n_rows, size_t n_q)
{
    float *portable = results(s, 0, n_rows, n_q);
    for (int level = 1; cpu_level_name(level) && cpu_runs(level); level++) {
        float *other = results(s, level, n_rows, n_q);
        assert_memory_equal(other, portable, n_q * (n_rows + s->format.dim) * sizeof *other);
        free(other);
    }
    free(portable);
}

static void compare_levels(const subject *s)
{
    static const size_t rows[] = { 1, 16, 33, ROWS };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t n_q = 1; n_q <= QUERIES; n_q++)
            compare_call(s, rows[r], n_q);
}

static void fill_levels(float level[FUSED_LEVELS])
{
    for (size_t i = 0; i < FUSED_LEVELS; i++)
        level[i] = number_at(i + 7);
}

static void every_level_gives_the_same_bits(void **state)
{
    (void)state;
    wht rotation;
    float level[FUSED_LEVELS];
    wht_init(&rotation, GROUP);
    fill_levels(level);
    for (int kind = 0; kind < FUSED_KINDS; kind++) {
        const size_t dim = kind == FUSED_F16 ? 77 : 256, header = kind % 2 ? 4 : 2;
        subject s = subject_of((fused_kind)kind, dim, header, level, &rotation);
        compare_levels(&s);
        release(&s);
    }
}

/* Rows that do not fit one block, and do not end with one. */
static void long_rows_are_cut_alike(void **state)
{
    (void)state;
    subject s = subject_of(FUSED_F16, DIM_MOST - 3, 0, NULL, NULL), t = subject_of(FUSED_Q4_0, DIM_MOST, 0, NULL, NULL);
    compare_levels(&s);
    compare_levels(&t);
    release(&s);
    release(&t);
}

/* Pieces that are looked up four at a time, and those that are left; rows too long to be unpacked first. */
static void groups_of_any_size_are_alike(void **state)
{
    (void)state;
    static const struct {
        size_t dim, group;
    } cases[] = { { 16, 16 }, { 48, 48 }, { 96, 96 }, { 100, 80 }, { 256, 64 }, { 272, 272 }, { 512, 512 } };
    float level[FUSED_LEVELS];
    fill_levels(level);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int bits = 3; bits <= 4; bits++) {
            subject s =
                subject_in_groups((fused_kind)(FUSED_CODES_1 + bits - 1), cases[i].dim, cases[i].group, 2, level, NULL);
            compare_call(&s, 17, 1);
            compare_call(&s, 33, 3);
            release(&s);
        }
}

/* A sign that no scale has, in one row, met by any number of queries. */
static void what_no_encoder_writes_is_seen(void **state)
{
    (void)state;
    enum { BAD = 21 };
    float level[FUSED_LEVELS];
    fill_levels(level);
    for (int kind = FUSED_PLANES3; kind < FUSED_KINDS; kind++) {
        subject s = subject_of((fused_kind)kind, 256, 4, level, NULL);
        s.bytes[BAD * s.row_bytes + 1] |= 0x80;
        for (int at = 0; cpu_level_name(at) && cpu_runs(at); at++)
            for (size_t n_q = 1; n_q <= QUERIES; n_q += 2) {
                float scores[QUERIES * ROWS], sums[QUERIES * 256] = { 0 };
                fused f;
                cpu_force(cpu_level_name(at));
                fused_init(&f, &s.format);
                cpu_force(NULL);
                s.weights[BAD] = 1;
                assert_false(fused_scores(&f, s.bytes, ROWS, s.q, n_q, scores));
                assert_false(fused_mix(&f, s.bytes, ROWS, s.weights, n_q, sums));
                assert_true(fused_scores(&f, s.bytes, BAD, s.q, n_q, scores));
            }
        release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits),
        cmocka_unit_test(long_rows_are_cut_alike),
        cmocka_unit_test(groups_of_any_size_are_alike),
        cmocka_unit_test(what_no_encoder_writes_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
