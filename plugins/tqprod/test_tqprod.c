#include "tests/codecs/promises.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/random.h"
#include "kernels/sketch.h"
#include "kernels/sphere.h"
#include "tests/scale.h"

#define PI 3.141592653589793

enum { GAUSSIAN, ORTHOGONAL };

static void values_of(kvant_value *values, int bits, int kind, int64_t seed)
{
    const kvant_codec *codec = test_codec("tqprod", "tqprod");
    test_defaults(codec, NULL, values);
    values[test_param(codec, "bits")].i = bits;
    values[test_param(codec, "sketch")].i = kind;
    values[test_param(codec, "seed")].i = seed;
}

static void open_tqprod(test_instance *t, int dim, int bits, int kind, int64_t seed)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    values_of(values, bits, kind, seed);
    test_open(t, test_codec("tqprod", "tqprod"), dim, values);
}

/* Rows through the codec; the bytes are not kept. */
static void round_trip(int dim, int bits, int kind, int64_t seed, const float *rows, float *back, size_t n)
{
    test_instance t;
    size_t n_bytes;
    open_tqprod(&t, dim, bits, kind, seed);
    uint8_t *bytes = test_encode(&t, rows, n, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, n), KVANT_OK);
    test_close(&t);
    free(bytes);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The distortion of the codebook's part, 1 without one. */
static double codebook_error(int dim, int bits)
{
    double level[256];
    if (bits == 0) return 1.0;
    assert_true(lloyd_max(dim, bits, level));
    return lloyd_distortion(dim, bits, level);
}

typedef struct errors {
    double products; /* d E(<y,x> - <y,x̃>)² for unit x and y */
    double rows;     /* E|x - x̃|²/|x|²: the same in the mean over y, with less noise */
} errors;

/* Over 4000 rows and as many independent y: 20 projections, 200 rows each. */
static errors errors_of(int dim, int bits, int kind)
{
    enum { N = 200, SEEDS = SANITIZED ? 3 : 20 };
    const size_t d = (size_t)dim;
    float *back = malloc(N * d * sizeof *back);
    errors e = { 0 };
    for (int seed = 0; seed < SEEDS; seed++) {
        float *rows = test_rows(TEST_GAUSSIAN, N, d, 100 + (uint64_t)seed, 0.0f);
        float *others = test_rows(TEST_GAUSSIAN, N, d, 200 + (uint64_t)seed, 0.0f);
        round_trip(dim, bits, kind, seed, rows, back, N);
        for (size_t r = 0; r < N; r++) {
            const float *x = rows + r * d, *y = others + r * d;
            const double off = dot(x, y, d) - dot(back + r * d, y, d), share = 1.0 / (N * SEEDS * dot(x, x, d));
            e.products += share * dim * off * off / dot(y, y, d);
            e.rows += share * test_error(x, back + r * d, d);
        }
        free(rows), free(others);
    }
    free(back);
    return e;
}

/* Gaussian projection: (π/2) D(b-1), printed for d → ∞ as 1.5708, 0.5708, 0.1845, 0.0543 (TurboQuant's D_prod times d);
 * at d it is (π/2 - 1/d) D_d(b-1). Orthogonal: 0.567, 0.206, 0.067, 0.0196 with the uncorrected gain at d = 128;
 * unbiased it is (gain² - 1) D_d(b-1), 0.5647 at b = 1. */
static void product_errors_are_the_known_ones(void **state)
{
    (void)state;
    static const double printed[2][4] = { { 1.5708, 0.5708, 0.1845, 0.0543 }, { 0.567, 0.206, 0.067, 0.0196 } };
    for (int kind = 0; kind < 2; kind++)
        for (int bits = 1; bits <= 5; bits++) {
            const double gain2 = PI / 2 / pow(1.00196, 2);
            const double exact = (kind ? gain2 - 1.0 : PI / 2 - 1.0 / 128) * codebook_error(128, bits - 1);
            const errors e = errors_of(128, bits, kind);
            print_message("%s, %d bits: d D_prod %.4f by products, %.4f by rows, exact %.4f, printed %.4f\n",
                          kind ? "orthogonal" : "gaussian", bits, e.products, e.rows, exact,
                          bits < 5 ? printed[kind][bits - 1] : exact);
            assert_true(fabs(e.rows / exact - 1.0) < WIDER(0.01));
            assert_true(fabs(e.products / exact - 1.0) < WIDER(0.06)); /* 4000 squares of a normal: sd 2.2 % */
            if (bits < 5) assert_true(fabs(e.rows / printed[kind][bits - 1] - 1.0) < WIDER(0.03));
        }
}

/* For one row and one y, over 200 projections: the mean of <y,x̃> is <y,x> within 4 standard deviations of the mean, and
 * so is that of <x,x̃>, which the codebook alone would make short by D. The variance of <y,x̃> is at most QJL's
 * (π/2)|y|²|r|²/d. */
static void inner_products_are_unbiased_over_projections(void **state)
{
    (void)state;
    enum { DIM = 64, SEEDS = SANITIZED ? 50 : 200, ROWS = 4 };
    float *x = test_rows(TEST_GAUSSIAN, ROWS, DIM, 5, 0.0f), *y = test_rows(TEST_GAUSSIAN, ROWS, DIM, 6, 0.0f);
    float back[ROWS * DIM];
    for (int kind = 0; kind < 2; kind++)
        for (int bits = 1; bits <= 3; bits++) {
            double sum[ROWS][2] = { 0 }, squares[ROWS][2] = { 0 };
            for (int seed = 0; seed < SEEDS; seed++) {
                round_trip(DIM, bits, kind, seed, x, back, ROWS);
                for (size_t r = 0; r < ROWS; r++)
                    for (int k = 0; k < 2; k++) {
                        const float *other = k ? x + r * DIM : y + r * DIM;
                        const double off = dot(other, back + r * DIM, DIM) - dot(other, x + r * DIM, DIM);
                        sum[r][k] += off / SEEDS;
                        squares[r][k] += off * off / SEEDS;
                    }
            }
            for (size_t r = 0; r < ROWS; r++)
                for (int k = 0; k < 2; k++) {
                    const double variance = squares[r][k] - sum[r][k] * sum[r][k];
                    const double x2 = test_energy(x + r * DIM, DIM), y2 = k ? x2 : test_energy(y + r * DIM, DIM);
                    assert_true(fabs(sum[r][k]) < 4.0 * sqrt(variance / SEEDS) + 1e-3);
                    assert_true(variance < (1.0 + WIDER(0.3)) * PI / 2 / DIM * x2 * y2 *
                                               (bits > 1 ? 1.4 * codebook_error(DIM, bits - 1) : 1.0));
                }
        }
    free(x), free(y);
}

/* In the mean over many rows the bias is gone to a thousandth: one bit of the bare codebook would be 36 % short. */
static void decoded_rows_are_not_shrunk(void **state)
{
    (void)state;
    static const int dims[] = { 64, 80, 256 };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i += EVERY(2))
        for (int kind = 0; kind < 2; kind++)
            for (int bits = 1; bits <= 3; bits++) {
                enum { N = 400, SEEDS = 4 };
                const size_t d = (size_t)dims[i];
                double along = 0.0;
                float *x = test_rows(TEST_GAUSSIAN, N, d, 8, 0.0f), *back = malloc(N * d * sizeof *back);
                for (int seed = 0; seed < SEEDS; seed++) {
                    round_trip(dims[i], bits, kind, 1000 + seed, x, back, N);
                    for (size_t r = 0; r < N; r++)
                        along += dot(x + r * d, back + r * d, d) / test_energy(x + r * d, d) / (N * SEEDS);
                }
                /* Gaussian: of one projection √(2/d²) of the residual's energy, which all its rows share */
                assert_true(fabs(along - 1.0) < (kind ? 0.002 : 0.04 * codebook_error(dims[i], bits - 1)));
                free(x), free(back);
            }
}

/* A row of 128 bits by bits: two f16 and bits·16 bytes; one bit needs no codebook and no norm. */
static void rows_have_the_stated_bytes(void **state)
{
    (void)state;
    for (int bits = 1; bits <= 5; bits++) {
        test_instance t;
        open_tqprod(&t, 128, bits, ORTHOGONAL, 0);
        assert_int_equal(t.codec->bound(t.state, 0, 1), (bits > 1 ? 4 : 2) + 16 * bits);
        test_close(&t);
        open_tqprod(&t, 80, bits, GAUSSIAN, 0);
        assert_int_equal(t.codec->bound(t.state, 0, 3), 3 * ((bits > 1 ? 4 : 2) + 10 * bits));
        test_close(&t);
    }
}

/* Algorithm 2 step by step: x̃ = x̂ + gain/d · γ · S' sign(S (x - x̂)), with γ rounded to f16. */
static void bytes_and_rows_are_the_algorithm_s(void **state)
{
    (void)state;
    enum { DIM = 96, BITS = 3, HEAD = 2 + 2 * 12 };
    float *x = test_rows(TEST_SPIKY, 1, DIM, 9, 0.0f), first[DIM], rest[DIM], back[DIM];
    uint8_t head[HEAD];
    static double work[DIM * DIM];
    void *memory = malloc(sketch_bytes(DIM, DIM));
    sphere codebook;
    sketch s;
    test_instance t;
    size_t n_bytes;
    assert_true(sphere_init(&codebook, DIM, BITS - 1));
    assert_true(sketch_init(&s, SKETCH_ORTHOGONAL, DIM, DIM, 7, memory, work));
    assert_true(sphere_encode(&codebook, SPHERE_PLAIN, x, head) == 0.0 && sphere_decode(&codebook, head, first));
    for (int i = 0; i < DIM; i++)
        rest[i] = x[i] - first[i];
    open_tqprod(&t, DIM, BITS, ORTHOGONAL, 7);
    uint8_t *bytes = test_encode(&t, x, 1, &n_bytes);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 1), KVANT_OK);
    assert_memory_equal(bytes, head, HEAD);
    const float gamma = half_to_float(half_from_float((float)sqrt(test_energy(rest, DIM))));
    assert_true(half_to_float(half_load(bytes + HEAD)) == gamma);
    for (size_t j = 0; j < DIM; j++) {
        const bool positive = dot(s.rows + j * DIM, rest, DIM) >= 0.0;
        assert_int_equal(bytes[HEAD + 2 + j / 8] >> (j % 8) & 1, positive);
        for (size_t i = 0; i < DIM; i++)
            first[i] += (float)(s.gain / DIM * (double)gamma * (positive ? 1.0 : -1.0) * (double)s.rows[j * DIM + i]);
    }
    for (int i = 0; i < DIM; i++)
        assert_true(fabsf(first[i] - back[i]) < 1e-4f);
    test_close(&t);
    free(x), free(bytes), free(memory);
}

static void two_lengths_are_the_metadata(void **state)
{
    (void)state;
    static const struct {
        int dim, bits;
        size_t metadata; /* of a row */
    } expected[] = { { 128, 1, 2 }, { 128, 2, 4 }, { 80, 4, 4 } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const size_t dim = (size_t)expected[i].dim;
        float *rows = test_rows(TEST_GAUSSIAN, 3, dim, 1, 0.0f);
        size_t n_bytes;
        test_instance t;
        kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
        open_tqprod(&t, (int)dim, expected[i].bits, ORTHOGONAL, 0);
        uint8_t *bytes = test_encode(&t, rows, 3, &n_bytes);
        assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, 3, &split), KVANT_OK);
        assert_int_equal(split.metadata, 3 * expected[i].metadata);
        test_close(&t);
        free(rows), free(bytes);
    }
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "tqprod(bits=1,sketch=gaussian,seed=3)", 32, 1, 2500.0f },
        { "tqprod(bits=3,sketch=orthogonal,seed=3)", 32, 1, 2500.0f },
        { "tqprod(bits=2,sketch=gaussian,seed=3)", 64, 1, 2500.0f },
        { "tqprod(bits=4,sketch=orthogonal,seed=3)", 64, 1, 2500.0f },
        { "tqprod(bits=3,sketch=gaussian,seed=3)", 80, 1, 2500.0f },
        { "tqprod(bits=5,sketch=orthogonal,seed=3)", 80, 1, 2500.0f },
        { "tqprod(bits=4,sketch=gaussian,seed=3)", 96, 1, 2500.0f },
        { "tqprod(bits=1,sketch=orthogonal,seed=3)", 96, 1, 2500.0f },
        { "tqprod(bits=5,sketch=gaussian,seed=3)", 128, 1, 2500.0f },
        { "tqprod(bits=2,sketch=orthogonal,seed=3)", 128, 1, 2500.0f },
        { "tqprod(bits=1,sketch=gaussian,seed=3)", 192, 1, 2500.0f },
        { "tqprod(bits=3,sketch=orthogonal,seed=3)", 192, 1, 2500.0f },
        { "tqprod(bits=2,sketch=gaussian,seed=3)", 256, 1, 2500.0f },
        { "tqprod(bits=3,sketch=gaussian,seed=3)", 512, 1, 2500.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

static void bad_lengths_and_norms_are_corrupt(void **state)
{
    (void)state;
    static const uint8_t bad[] = { 0x7c, 0x7e, 0xfc, 0xbc, 0x80 }; /* infinity, NaN, -infinity, -1, -0 */
    for (size_t i = 0; i < 2 * sizeof bad; i++) {
        float row[64] = { 1.0f };
        size_t n_bytes;
        test_instance t;
        open_tqprod(&t, 64, 2, ORTHOGONAL, 0);
        uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
        const size_t at = i % 2 ? 11 : 1;
        bytes[at - 1] = 0;
        bytes[at] = bad[i / 2];
        assert_int_equal(t.codec->decode(t.state, 8, bytes, n_bytes, row, 1), KVANT_E_CORRUPT);
        assert_non_null(
            strstr(t.host.message, i % 2 ? "tqprod: row 8: the length of the rest" : "tqprod: row 8: the norm"));
        test_close(&t);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_errors_are_the_known_ones),
        cmocka_unit_test(inner_products_are_unbiased_over_projections),
        cmocka_unit_test(decoded_rows_are_not_shrunk),
        cmocka_unit_test(rows_have_the_stated_bytes),
        cmocka_unit_test(bytes_and_rows_are_the_algorithm_s),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(bad_lengths_and_norms_are_corrupt),
        cmocka_unit_test(two_lengths_are_the_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
