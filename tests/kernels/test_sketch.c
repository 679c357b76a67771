#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/random.h"
#include "kernels/sketch.h"

#define PI 3.141592653589793

static const sketch_kind kinds[] = { SKETCH_GAUSSIAN, SKETCH_ORTHOGONAL };

static void *open_sketch(sketch *s, sketch_kind kind, size_t n, size_t m, uint64_t seed)
{
    void *memory = malloc(sketch_bytes(n, m)), *work = malloc(sketch_work_bytes(n));
    memset(memory, 0xff, sketch_bytes(n, m)); /* NaN wherever nothing is written */
    assert_true(sketch_init(s, kind, n, m, seed, memory, work));
    free(work);
    return memory;
}

static void fill(float *x, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static const struct {
    size_t n, m;
} sizes[] = { { 8, 8 }, { 64, 64 }, { 128, 128 }, { 128, 256 }, { 128, 40 }, { 80, 200 }, { 256, 64 } };

static void products_are_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int k = 0; k < 2; k++) {
            const size_t n = sizes[i].n, m = sizes[i].m;
            float rows[3 * 256], y[3 * 256], x[256];
            uint8_t bytes[32];
            sketch s;
            void *memory = open_sketch(&s, kinds[k], n, m, 4);
            fill(rows, 3 * n, 1);
            sketch_apply(&s, rows, 3, m, y);
            for (size_t r = 0; r < 3; r++)
                for (size_t j = 0; j < m; j++)
                    assert_true(fabs((double)y[r * m + j] - dot(s.rows + j * n, rows + r * n, n)) < 1e-4);

            sketch_signs(y, m, bytes);
            fill(x, n, 2);
            for (size_t c = 0; c < n; c++) {
                double sum = (double)x[c];
                for (size_t j = 0; j < m; j++)
                    sum += 0.25 * (y[j] >= 0.0f ? 1.0 : -1.0) * (double)s.rows[j * n + c];
                rows[c] = (float)sum;
            }
            sketch_spread(&s, bytes, 0, 1, m, &(double){ 0.25 }, x);
            for (size_t c = 0; c < n; c++)
                assert_true(fabsf(x[c] - rows[c]) < 1e-4f);
            free(memory);
        }
}

/* A row's sketch has the same bits alone, in a batch, and when fewer of its rows are asked for. */
static void batches_and_prefixes_change_nothing(void **state)
{
    (void)state;
    enum { N = 128, M = 256, ROWS = 9, PREFIX = 72 };
    static float rows[ROWS * N], all[ROWS * M], one[M], part[PREFIX];
    sketch s;
    void *memory = open_sketch(&s, SKETCH_GAUSSIAN, N, M, 1);
    fill(rows, ROWS * N, 3);
    sketch_apply(&s, rows, ROWS, M, all);
    for (size_t r = 0; r < ROWS; r++) {
        sketch_apply(&s, rows + r * N, 1, M, one);
        assert_memory_equal(one, all + r * M, sizeof one);
        sketch_apply(&s, rows + r * N, 1, PREFIX, part);
        assert_memory_equal(part, one, sizeof part);
    }
    float back[N] = { 0 };
    uint8_t bytes[M / 8];
    sketch_signs(all, M, bytes);
    sketch_spread(&s, bytes, 0, 1, PREFIX, &(double){ 1.0 }, back);
    for (size_t i = 0; i < N; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < PREFIX; j++)
            sum += (all[j] >= 0.0f ? 1.0 : -1.0) * (double)s.rows[j * N + i];
        assert_true(fabs((double)back[i] - sum) < 1e-4);
    }
    free(memory);
}

static void orthogonal_rows_are_orthogonal_and_as_long_as_gaussian_ones(void **state)
{
    (void)state;
    enum { N = 64, M = 160 };
    sketch s;
    void *memory = open_sketch(&s, SKETCH_ORTHOGONAL, N, M, 9);
    for (size_t i = 0; i < M; i++)
        for (size_t j = i / N * N; j < i; j++)
            assert_true(fabs(dot(s.rows + i * N, s.rows + j * N, N)) < 1e-4);
    for (size_t i = 0; i < M; i++)
        assert_true(fabs(dot(s.rows + i * N, s.rows + i * N, N) - N) < 1e-4);
    free(memory);
    memory = open_sketch(&s, SKETCH_GAUSSIAN, N, M, 9);
    assert_true(fabs(dot(s.rows, s.rows, N * M) / (N * M) - 1.0) < 0.05); /* 10240 squares: sd 0.014 */
    free(memory);
}

static void a_seed_gives_one_sketch_and_another_another(void **state)
{
    (void)state;
    enum { N = 64 };
    for (int k = 0; k < 2; k++) {
        sketch a, b, c;
        void *memory[] = { open_sketch(&a, kinds[k], N, 2 * N, 1), open_sketch(&b, kinds[k], N, 2 * N, 1),
                           open_sketch(&c, kinds[k], N, 2 * N, 2) };
        assert_memory_equal(a.rows, b.rows, 2 * N * N * sizeof *a.rows);
        assert_true(fabs(dot(a.rows, c.rows, 2 * N * N) / (2 * N * N)) < 0.06); /* sd 0.011 */
        assert_true(fabs(dot(a.rows, a.rows + N * N, N * N) / (N * N)) < 0.08); /* its own blocks */
        free(memory[0]), free(memory[1]), free(memory[2]);
    }
}

/* The bias of √(π/2) with an orthogonal sketch, √(n/2) Γ(n/2)/Γ((n+1)/2): 1.00391, 1.00196, 1.00098. */
static void the_orthogonal_gain_takes_out_the_bias(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double bias;
    } cases[] = { { 64, 1.00391 }, { 128, 1.00196 }, { 256, 1.00098 } };
    for (size_t i = 0; i < 3; i++) {
        sketch s;
        free(open_sketch(&s, SKETCH_ORTHOGONAL, cases[i].n, 8, 0));
        assert_true(fabs(sqrt(PI / 2) / s.gain - cases[i].bias) < 1e-5);
        const double half = 0.5 * (double)cases[i].n;
        assert_true(fabs(s.gain / (sqrt(PI / (double)cases[i].n) * exp(lgamma(half + 0.5) - lgamma(half))) - 1) <
                    1e-12);
        free(open_sketch(&s, SKETCH_GAUSSIAN, cases[i].n, 8, 0));
        assert_true(fabs(s.gain - sqrt(PI / 2)) < 1e-12);
    }
}

typedef struct figures {
    double error, along, across; /* means of |x̃-x|², <x,x̃> and <q,x̃> for unit x and a unit q at right angles to x */
} figures;

/* Over `seeds` sketches and 8 rows each. */
static figures estimate(sketch_kind kind, size_t n, size_t m, uint64_t seeds)
{
    figures f = { 0 };
    const double share = 1.0 / (double)(8 * seeds);
    for (uint64_t seed = 0; seed < seeds; seed++) {
        float x[8 * 256], y[8 * 256], back[256];
        uint8_t bytes[32];
        sketch s;
        void *memory = open_sketch(&s, kind, n, m, seed);
        for (size_t i = 0; i < 8 * n; i++)
            x[i] = (float)random_normal(99 + seed / 4, i);
        sketch_apply(&s, x, 8, m, y);
        for (size_t r = 0; r < 8; r++) {
            const float *row = x + r * n, *other = x + (r + 1) % 8 * n;
            const double length = sqrt(dot(row, row, n)), onto = dot(row, other, n) / (length * length);
            memset(back, 0, sizeof back);
            sketch_signs(y + r * m, m, bytes);
            sketch_spread(&s, bytes, 0, 1, m, &(double){ s.gain / (double)m * length }, back);
            const double rest = sqrt(dot(other, other, n) - onto * onto * length * length);
            f.along += share * dot(row, back, n) / (length * length);
            f.across += share * (dot(other, back, n) - onto * dot(row, back, n)) / (rest * length);
            for (size_t i = 0; i < n; i++)
                f.error += share * pow((double)(back[i] - row[i]) / length, 2);
        }
        free(memory);
    }
    return f;
}

/* n = 64, 1600 estimates: <x,x̃> has a standard deviation of √((π/2-1)/m) each, 0.0024 in the mean, <q,x̃> √(π/2/m),
 * 0.0039. Errors: n/m (π/2 - 1/n) and, block by block of n, n/m (gain² - 1). */
static void estimates_are_unbiased_and_their_error_is_known(void **state)
{
    (void)state;
    enum { N = 64, SEEDS = 200 };
    for (int k = 0; k < 2; k++)
        for (size_t m = N; m <= 2 * N; m += N) {
            sketch s;
            free(open_sketch(&s, kinds[k], N, m, 0));
            const figures f = estimate(kinds[k], N, m, SEEDS);
            const double expected = (double)N / (double)m * (k ? s.gain * s.gain - 1.0 : PI / 2 - 1.0 / N);
            print_message("kind %d, m %zu: <x,x~> %.4f, <q,x~> %.4f, error %.4f, expected %.4f\n", k, m, f.along,
                          f.across, f.error, expected);
            assert_true(fabs(f.along - 1.0) < 0.01);
            assert_true(fabs(f.across) < 0.016);
            assert_true(fabs(f.error / expected - 1.0) < 0.02);
        }
}

/* Length and signs as one row of bytes: what f16 cannot hold is said, what it cannot tell from zero is zero. */
static void encoded_rows_hold_a_length_and_signs(void **state)
{
    (void)state;
    enum { N = 64, BYTES = 2 + N / 8 };
    static const float bad[] = { 0x1p-14f, INFINITY, NAN, -1.0f, -0.0f };
    float x[N], y[N] = { 0 }, short_row[N], zero[N] = { 0 };
    uint8_t bytes[BYTES], signs[N / 8], other[BYTES];
    sketch s;
    void *memory = open_sketch(&s, SKETCH_ORTHOGONAL, N, N, 2);
    assert_int_equal(sketch_row_bytes(N), BYTES);
    fill(x, N, 5);
    sketch_apply(&s, x, 1, N, y);
    sketch_signs(y, N, signs);
    const float length = half_to_float(half_from_float((float)sqrt(dot(x, x, N))));
    assert_true(sketch_encode(&s, x, bytes) == 0.0);
    assert_true(half_to_float(half_load(bytes)) == length);
    assert_memory_equal(bytes + 2, signs, sizeof signs);
    fill(x, N, 6);
    memcpy(y, x, sizeof y);
    sketch_spread(&s, signs, 0, 1, N, &(double){ s.gain / N * (double)length }, y);
    assert_int_equal(sketch_decode_rows(&s, bytes, 0, x, 1), 1);
    assert_memory_equal(x, y, sizeof x);
    for (size_t i = 0; i < 5; i++) {
        half_store(bytes, half_from_float(bad[i]));
        assert_int_equal(sketch_decode_rows(&s, bytes, 0, x, 1), i == 0);
    }

    for (size_t i = 0; i < N; i++) {
        short_row[i] = i % 2 ? 1e-9f : -1e-9f;
        x[i] = 1e30f;
    }
    assert_true(sketch_encode(&s, short_row, bytes) == 0.0 && sketch_encode(&s, zero, other) == 0.0);
    assert_memory_equal(bytes, other, BYTES);
    assert_memory_equal(short_row, zero, sizeof zero);
    assert_true(fabs(sketch_encode(&s, x, bytes) / 8e30 - 1.0) < 1e-6);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_the_definition),
        cmocka_unit_test(batches_and_prefixes_change_nothing),
        cmocka_unit_test(orthogonal_rows_are_orthogonal_and_as_long_as_gaussian_ones),
        cmocka_unit_test(a_seed_gives_one_sketch_and_another_another),
        cmocka_unit_test(the_orthogonal_gain_takes_out_the_bias),
        cmocka_unit_test(encoded_rows_hold_a_length_and_signs),
        cmocka_unit_test(estimates_are_unbiased_and_their_error_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
