#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"
#include "kernels/trellis.h"

static trellis code_of(int bits, int memory)
{
    trellis t;
    assert_true(trellis_init(&t, bits, memory));
    return t;
}

static void for_each(void (*check)(const trellis *t))
{
    for (int bits = 1; bits <= TRELLIS_BITS_MAX; bits++)
        for (int memory = TRELLIS_MEMORY_MIN; memory <= TRELLIS_MEMORY_MAX; memory++) {
            const trellis t = code_of(bits, memory);
            check(&t);
        }
}

static double error_of(const trellis *t, const uint8_t *code, const float *x, size_t n)
{
    float *y = malloc(n * sizeof *y);
    double sum = 0.0;
    trellis_decode(t, code, n, y);
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    free(y);
    return sum;
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The levels are the quantiles (i + 1/2)/states of N(0, 1), each once. */
static void check_quantiles(const trellis *t)
{
    const int n = 1 << t->memory;
    float sorted[TRELLIS_STATES_MAX];
    memcpy(sorted, t->level, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int i = 0; i < n; i++) {
        assert_true(fabs(0.5 * erfc(-(double)sorted[i] / sqrt(2.0)) * n - (i + 0.5)) < 1e-3);
        assert_true(sorted[i] == -sorted[n - 1 - i]);
    }
}

static void levels_are_the_quantiles_of_the_normal_density(void **state)
{
    (void)state;
    for_each(check_quantiles);
}

static unsigned part_of(const trellis *t, int s)
{
    return (unsigned)(0.5 * erfc(-(double)t->level[s] / sqrt(2.0)) * (1 << t->bits));
}

/* Out of every state, and into every overlap of two states, goes one level of each part of the density. */
static void check_parts(const trellis *t)
{
    const int ways = 1 << t->bits, states = 1 << t->memory, overlaps = states / ways;
    for (int o = 0; o < overlaps; o++) {
        unsigned out = 0, in = 0;
        for (int a = 0; a < ways; a++) {
            out |= 1u << part_of(t, o * ways + a);
            in |= 1u << part_of(t, a * overlaps + o);
        }
        assert_int_equal(out, (1u << ways) - 1);
        assert_int_equal(in, (1u << ways) - 1);
    }
}

static void ways_in_and_out_cover_the_density(void **state)
{
    (void)state;
    for_each(check_parts);
}

/* Value t is the level of the window of `memory` bits from (n-1-t)·bits on, around the end. */
static void check_windows(const trellis *t)
{
    enum { N = 24 };
    uint8_t code[N * TRELLIS_BITS_MAX / 8];
    float x[N];
    const int n_bits = N * t->bits;
    for (int i = 0; i < n_bits / 8; i++)
        code[i] = (uint8_t)random_bits(1, (uint64_t)i);
    trellis_decode(t, code, N, x);
    for (int i = 0; i < N; i++) {
        int window = 0;
        for (int b = 0; b < t->memory; b++) {
            const int at = ((N - 1 - i) * t->bits + b) % n_bits;
            window |= (code[at / 8] >> at % 8 & 1) << b;
        }
        assert_true(x[i] == t->level[window]);
    }
}

static void a_value_is_the_level_of_its_window(void **state)
{
    (void)state;
    for_each(check_windows);
}

static void check_codewords(const trellis *t)
{
    static const size_t lengths[] = { 16, 40, 128, 512 };
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        const size_t n = lengths[k], n_bytes = n * (size_t)t->bits / 8;
        uint8_t code[512 * TRELLIS_BITS_MAX / 8], again[512 * TRELLIS_BITS_MAX / 8];
        float x[512];
        void *room = malloc(trellis_room(t, n));
        assert_non_null(room);
        for (size_t i = 0; i < n_bytes; i++)
            code[i] = (uint8_t)random_bits(2 + k, i);
        trellis_decode(t, code, n, x);
        trellis_encode(t, x, n, again, room);
        if (n > 16) assert_memory_equal(code, again, n_bytes);
        assert_true(error_of(t, again, x, n) == 0.0);
        free(room);
    }
}

/* Its own code has no error, so the encoder must find it: through every step, and around the seam. */
static void a_codeword_is_encoded_as_itself(void **state)
{
    (void)state;
    for_each(check_codewords);
}

/* All 65536 codes of 16 values at one bit: the encoder's is the best of those with its overlap at the seam. Of all
 * codes it is not: a row only two memories long has half its code at the seam, which the first pass chooses knowing one
 * side. */
static void no_other_path_through_the_seam_is_nearer(void **state)
{
    (void)state;
    enum { N = 16, ROWS = 24 };
    const trellis t = code_of(1, 8);
    void *room = malloc(trellis_room(&t, N));
    double chosen = 0.0, best = 0.0;
    for (uint64_t r = 0; r < ROWS; r++) {
        float x[N];
        uint8_t code[2];
        for (uint64_t i = 0; i < N; i++)
            x[i] = (float)random_normal(5, r * N + i);
        trellis_encode(&t, x, N, code, room);
        const double error = error_of(&t, code, x, N);
        double least = INFINITY;
        for (int c = 0; c < 65536; c++) {
            const uint8_t other[2] = { (uint8_t)c, (uint8_t)(c >> 8) };
            const double e = error_of(&t, other, x, N);
            /* the overlap before value 0: the 7 symbols before the end, in the lowest bits */
            if ((other[0] & 0x7f) == (code[0] & 0x7f)) assert_true(e >= error - 1e-5);
            least = fmin(least, e);
        }
        chosen += error;
        best += least;
    }
    print_message("16 values: %.4f, best of all paths %.4f\n", chosen / ROWS / N, best / ROWS / N);
    assert_true(chosen < 1.6 * best);
    free(room);
}

/* Long Gaussian rows, where the seam costs nothing, at the best scale. Random levels at 2 bits: 0.0744 with 2^10
 * states, 0.0723 with 2^12; trained ones with 2^8: 0.0794. */
static void error_of_long_rows_is_below_that_of_random_levels(void **state)
{
    (void)state;
    static const struct {
        int bits, memory;
        double most;
    } cases[] = { { 1, 12, 0.284 }, { 2, 8, 0.0794 }, { 2, 10, 0.0744 }, { 2, 12, 0.0723 }, { 3, 9, 0.0222 } };
    enum { N = 16384 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (uint64_t i = 0; i < N; i++)
        x[i] = (float)random_normal(9, i);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const trellis t = code_of(cases[k].bits, cases[k].memory);
        void *room = malloc(trellis_room(&t, N));
        uint8_t *code = malloc(N * TRELLIS_BITS_MAX / 8);
        double xx = 0.0, xy = 0.0, yy = 0.0;
        trellis_encode(&t, x, N, code, room);
        trellis_decode(&t, code, N, y);
        for (size_t i = 0; i < N; i++) {
            xx += (double)x[i] * (double)x[i];
            xy += (double)x[i] * (double)y[i];
            yy += (double)y[i] * (double)y[i];
        }
        const double error = (xx - xy * xy / yy) / xx;
        print_message("%d bits, 2^%d states: %.4f (%.4f)\n", cases[k].bits, cases[k].memory, error, cases[k].most);
        assert_true(error < cases[k].most && error > pow(4.0, -cases[k].bits));
        free(room), free(code);
    }
    free(x), free(y);
}

/* Values far outside the levels, and all alike: finite costs, a legal code. */
static void values_beyond_the_levels_are_encoded_at_the_ends(void **state)
{
    (void)state;
    static const float values[] = { 1e3f, -1e3f, 100.0f, 0.0f };
    const trellis t = code_of(2, 8);
    void *room = malloc(trellis_room(&t, 128));
    for (size_t k = 0; k < 4; k++) {
        float x[128], y[128];
        uint8_t code[32];
        for (size_t i = 0; i < 128; i++)
            x[i] = values[k];
        trellis_encode(&t, x, 128, code, room);
        trellis_decode(&t, code, 128, y);
        for (size_t i = 8; i < 120; i++)
            assert_true(values[k] > 0.0f ? y[i] > 0.0f : values[k] < 0.0f ? y[i] < 0.0f : fabsf(y[i]) < 0.8f);
    }
    free(room);
}

static void codes_beyond_the_table_are_refused(void **state)
{
    (void)state;
    trellis t;
    assert_false(trellis_init(&t, 0, 8));
    assert_false(trellis_init(&t, 4, 8));
    assert_false(trellis_init(&t, 2, 7));
    assert_false(trellis_init(&t, 2, 13));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_the_quantiles_of_the_normal_density),
        cmocka_unit_test(ways_in_and_out_cover_the_density),
        cmocka_unit_test(a_value_is_the_level_of_its_window),
        cmocka_unit_test(a_codeword_is_encoded_as_itself),
        cmocka_unit_test(no_other_path_through_the_seam_is_nearer),
        cmocka_unit_test(error_of_long_rows_is_below_that_of_random_levels),
        cmocka_unit_test(values_beyond_the_levels_are_encoded_at_the_ends),
        cmocka_unit_test(codes_beyond_the_table_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
