#include "tests/codecs/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/sketch.h"
#include "tests/scale.h"

#define PI 3.141592653589793

enum { DIM = 128, GROUP = 32, GAUSSIAN = 0, ORTHOGONAL = 1 };

typedef struct settings {
    int bits, outliers, outlier_bits, group, kind, seed;
} settings;

static const settings standard = { 256, 8, 128, GROUP, ORTHOGONAL, 0 };

static void values_of(kvant_value *values, settings s)
{
    const kvant_codec *codec = test_codec("qjl", "qjl");
    test_defaults(codec, NULL, values);
    values[test_param(codec, "bits")].i = s.bits;
    values[test_param(codec, "outliers")].i = s.outliers;
    values[test_param(codec, "outlier_bits")].i = s.outlier_bits;
    values[test_param(codec, "group")].i = s.group;
    values[test_param(codec, "sketch")].i = s.kind;
    values[test_param(codec, "seed")].i = s.seed;
}

static void open_qjl(test_instance *t, int dim, settings s)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    values_of(values, s);
    test_open(t, test_codec("qjl", "qjl"), dim, values);
}

/* Encodes and decodes; the bytes are returned when wanted, else freed. */
static void round_trip(int dim, settings s, const float *rows, float *back, size_t n, uint8_t **wanted)
{
    test_instance t;
    size_t n_bytes;
    open_qjl(&t, dim, s);
    uint8_t *bytes = test_encode(&t, rows, n, &n_bytes);
    if (t.codec->decode(t.state, 0, bytes, n_bytes, back, n) != KVANT_OK) fail_msg("%s", t.host.message);
    test_close(&t);
    if (wanted)
        *wanted = bytes;
    else
        free(bytes);
}

/* Gaussian keys with a few channels 20 times as large, as keys have them. */
static float *keys_with_outliers(size_t n, size_t dim, uint64_t seed)
{
    float *rows = test_rows(TEST_GAUSSIAN, n, dim, seed, 0.0f);
    for (size_t r = 0; r < n; r++)
        for (size_t k = 0; k < 5; k++)
            rows[r * dim + (23 * k + 7) % dim] *= 20.0f;
    return rows;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* ---- the paper's score ------------------------------------------------------------------------------------------ */

/* gain/m √(|k|² - |k_out|²) <S q - S_out q_out, sign_in> + gain/m_out |k_out| <S_out q_out, sign_out>, from the bytes
 * of one group and token; gain is √(π/2) for the Gaussian sketch. Only the first m_out rows count in the second. */
static double score(const sketch *s, settings p, const uint8_t *group, size_t token, const float *q)
{
    const size_t bits = (size_t)p.bits, outlier_bits = (size_t)p.outlier_bits, n = (size_t)p.outliers;
    const uint8_t *in = group + n + token * (4 + bits / 8 + outlier_bits / 8);
    const double norm = (double)half_to_float(half_load(in)), apart = (double)half_to_float(half_load(in + 2));
    double inliers = 0.0, outliers = 0.0;
    for (size_t j = 0; j < bits; j++) {
        const float *row = s->rows + j * s->n;
        double all = dot(row, q, s->n), out = 0.0;
        for (size_t k = 0; k < n; k++)
            out += (double)row[group[k]] * (double)q[group[k]];
        inliers += (in[4 + j / 8] >> (j % 8) & 1 ? 1.0 : -1.0) * (all - out);
        if (j < outlier_bits) outliers += (in[4 + bits / 8 + j / 8] >> (j % 8) & 1 ? 1.0 : -1.0) * out;
    }
    return s->gain / p.bits * sqrt(norm * norm - apart * apart) * inliers + s->gain / p.outlier_bits * apart * outliers;
}

static void decoded_keys_give_the_paper_s_scores(void **state)
{
    (void)state;
    static double work[DIM * DIM];
    for (int kind = 0; kind < 2; kind++) {
        settings p = standard;
        p.kind = kind;
        p.seed = 3;
        uint8_t *bytes;
        float *keys = keys_with_outliers(2 * GROUP, DIM, 1), *q = test_rows(TEST_GAUSSIAN, 1, DIM, 2, 0.0f);
        float *back = malloc(2 * GROUP * DIM * sizeof *back);
        void *memory = malloc(sketch_bytes(DIM, 256));
        sketch s;
        assert_true(sketch_init(&s, kind ? SKETCH_ORTHOGONAL : SKETCH_GAUSSIAN, DIM, 256, 3, memory, work));
        if (kind == GAUSSIAN) assert_true(fabs(s.gain - sqrt(PI / 2)) < 1e-12);
        round_trip(DIM, p, keys, back, 2 * GROUP, &bytes);
        const size_t group_bytes = 8 + GROUP * (4 + 32 + 16);
        for (size_t r = 0; r < 2 * GROUP; r++) {
            const double expected = score(&s, p, bytes + r / GROUP * group_bytes, r % GROUP, q);
            assert_true(fabs(dot(q, back + r * DIM, DIM) - expected) < 2e-4 * (1.0 + fabs(expected)));
        }
        free(bytes), free(keys), free(q), free(back), free(memory);
    }
}

static void signs_and_norms_are_those_of_the_parts(void **state)
{
    (void)state;
    static double work[DIM * DIM];
    uint8_t *bytes;
    float *keys = keys_with_outliers(GROUP, DIM, 4), *back = malloc(GROUP * DIM * sizeof *back);
    void *memory = malloc(sketch_bytes(DIM, 256));
    sketch s;
    assert_true(sketch_init(&s, SKETCH_ORTHOGONAL, DIM, 256, 0, memory, work));
    round_trip(DIM, standard, keys, back, GROUP, &bytes);
    for (size_t r = 0; r < GROUP; r++) {
        const uint8_t *in = bytes + 8 + r * 52;
        float parts[2][DIM];
        memcpy(parts[0], keys + r * DIM, sizeof parts[0]);
        memset(parts[1], 0, sizeof parts[1]);
        for (size_t k = 0; k < 8; k++) {
            parts[1][bytes[k]] = parts[0][bytes[k]];
            parts[0][bytes[k]] = 0.0f;
        }
        assert_int_equal(half_load(in), half_from_float((float)sqrt(test_energy(keys + r * DIM, DIM))));
        assert_int_equal(half_load(in + 2), half_from_float((float)sqrt(test_energy(parts[1], DIM))));
        for (size_t j = 0; j < 256 + 128; j++) {
            const float *part = parts[j >= 256], *row = s.rows + j % 256 * DIM;
            const double y = dot(row, part, DIM);
            if (fabs(y) > 1e-4) assert_int_equal(in[4 + j / 8] >> (j % 8) & 1, y > 0.0);
        }
    }
    free(bytes), free(keys), free(back), free(memory);
}

/* ---- outliers --------------------------------------------------------------------------------------------------- */

static void outliers_are_the_channels_with_the_most_energy_in_their_group(void **state)
{
    (void)state;
    uint8_t *bytes;
    float *keys = test_rows(TEST_GAUSSIAN, 2 * GROUP, DIM, 4, 0.0f), *back = malloc(2 * GROUP * DIM * sizeof *back);
    static const uint8_t expected[2][8] = { { 3, 17, 40, 41, 77, 90, 120, 127 }, { 0, 1, 2, 64, 65, 66, 100, 101 } };
    for (size_t r = 0; r < 2 * GROUP; r++)
        for (size_t k = 0; k < 8; k++)
            if (r % GROUP % 8 == k)
                keys[r * DIM + expected[r / GROUP][k]] = 30.0f; /* large in some rows, small in others */
    keys[5 * DIM + 60] = 50.0f;                                 /* once, larger than any, but less over the group */
    keys[(GROUP + 5) * DIM + 9] = 50.0f;
    round_trip(DIM, standard, keys, back, 2 * GROUP, &bytes);
    assert_memory_equal(bytes, expected[0], 8);
    assert_memory_equal(bytes + 8 + GROUP * 52, expected[1], 8);
    free(bytes);

    for (size_t i = 0; i < 2 * GROUP * DIM; i++)
        keys[i] = 1.0f; /* all equal: the first */
    round_trip(DIM, standard, keys, back, GROUP, &bytes);
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(bytes[k], k);
    free(bytes), free(keys), free(back);
}

/* The mean squared error of scores over 128 keys, 8 queries and 6 sketches, over |k|² |q|²/d. */
static double score_error(const float *keys, settings p)
{
    enum { N = 4 * GROUP, SEEDS = SANITIZED ? 2 : 6, QUERIES = 8 };
    float *q = test_rows(TEST_GAUSSIAN, QUERIES, DIM, 50, 0.0f), *back = malloc(N * DIM * sizeof *back);
    double sum = 0.0;
    for (p.seed = 0; p.seed < SEEDS; p.seed++) {
        round_trip(DIM, p, keys, back, N, NULL);
        for (size_t r = 0; r < N; r++)
            for (size_t i = 0; i < QUERIES; i++) {
                const float *query = q + i * DIM;
                const double off = dot(query, back + r * DIM, DIM) - dot(query, keys + r * DIM, DIM);
                sum += off * off / (dot(query, query, DIM) * dot(keys + r * DIM, keys + r * DIM, DIM)) * DIM;
            }
    }
    free(q), free(back);
    return sum / (N * QUERIES * SEEDS);
}

/* Without outliers the error is the sketch's, d/m (π/2 - 1/d) and d/m (gain² - 1): 0.781 and 0.282 at m = 256. With
 * five channels of 20 times the size, the inliers' part is paid for with their own small norm alone, the outliers' with
 * 8 of 128 dimensions: much less error in fewer bits than all of them as inliers. */
static void score_errors_are_the_sketch_s_and_outliers_apart_cost_less(void **state)
{
    (void)state;
    float *plain = test_rows(TEST_GAUSSIAN, 4 * GROUP, DIM, 1, 0.0f), *spiky = keys_with_outliers(4 * GROUP, DIM, 1);
    const settings gaussian = { 256, 0, 128, GROUP, GAUSSIAN, 0 }, orthogonal = { 256, 0, 128, GROUP, ORTHOGONAL, 0 };
    const settings larger = { 384, 0, 128, GROUP, ORTHOGONAL, 0 };
    const double g = score_error(plain, gaussian), o = score_error(plain, orthogonal);
    const double whole = score_error(spiky, larger), apart = score_error(spiky, standard);
    print_message("gaussian %.4f (0.7815), orthogonal %.4f (0.2824); outliers inside %.4f, apart %.4f\n", g, o, whole,
                  apart);
    assert_true(fabs(g / (0.5 * (PI / 2 - 1.0 / DIM)) - 1.0) < WIDER(0.05));
    assert_true(fabs(o / (0.5 * (PI / 2 / pow(1.00196, 2) - 1.0)) - 1.0) < WIDER(0.05));
    assert_true(apart < 0.5 * whole);
    free(plain), free(spiky);
}

/* Over 150 sketches the mean score is the true one, within 4 standard deviations of the mean. */
static void scores_are_unbiased_over_sketches(void **state)
{
    (void)state;
    enum { N = 4, D = 64, SEEDS = SANITIZED ? 40 : 150 };
    float *keys = keys_with_outliers(N, D, 7), *q = test_rows(TEST_GAUSSIAN, N, D, 8, 0.0f), back[N * D];
    for (int kind = 0; kind < 2; kind++) {
        double sum[N][2] = { 0 }, squares[N][2] = { 0 };
        for (int seed = 0; seed < SEEDS; seed++) {
            const settings p = { 96, 4, 40, 2, kind, seed };
            round_trip(D, p, keys, back, N, NULL);
            for (size_t r = 0; r < N; r++)
                for (int k = 0; k < 2; k++) {
                    const float *other = k ? keys + r * D : q + r * D;
                    const double off = dot(other, back + r * D, D) - dot(other, keys + r * D, D);
                    sum[r][k] += off / SEEDS;
                    squares[r][k] += off * off / SEEDS;
                }
        }
        for (size_t r = 0; r < N; r++)
            for (int k = 0; k < 2; k++)
                assert_true(fabs(sum[r][k]) < 4.0 * sqrt((squares[r][k] - sum[r][k] * sum[r][k]) / SEEDS) + 0.02);
    }
    free(keys), free(q);
}

/* ---- sizes and limits ------------------------------------------------------------------------------------------- */

static void groups_have_the_stated_bytes(void **state)
{
    (void)state;
    static const struct {
        settings p;
        size_t group_bytes, signs;
    } cases[] = {
        { { 256, 8, 128, 32, 1, 0 }, 8 + 32 * (4 + 32 + 16), 384 }, /* 1672: 3.27 bits a value */
        { { 512, 8, 128, 32, 1, 0 }, 8 + 32 * (4 + 64 + 16), 640 },
        { { 256, 0, 128, 32, 1, 0 }, 32 * (2 + 32), 256 },
        { { 128, 1, 8, 1, 0, 0 }, 1 + 4 + 16 + 1, 136 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_instance t;
        open_qjl(&t, DIM, cases[i].p);
        kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
        assert_int_equal(t.codec->geometry(t.state, &g), KVANT_OK);
        assert_int_equal(g.block, cases[i].p.group);
        assert_int_equal(g.calibrates, 0);
        assert_int_equal(t.codec->bound(t.state, 0, 3 * g.block), 3 * cases[i].group_bytes);
        static const uint8_t bytes[4096];
        kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
        assert_int_equal(t.codec->split(t.state, 0, bytes, cases[i].group_bytes, g.block, &split), KVANT_OK);
        assert_int_equal(split.payload, g.block * cases[i].signs / 8);
        test_close(&t);
    }
    assert_true(test_codec("qjl", "qjl")->flags & KVANT_K_ONLY);
}

static void it_keeps_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const promise cases[] = {
        { "qjl(bits=256,outliers=8,outlier_bits=128,group=32,sketch=orthogonal,seed=0)", 128, 1, 3000.0f },
        { "qjl(bits=128,outliers=0,outlier_bits=8,group=16,sketch=gaussian,seed=5)", 64, 1, 3000.0f },
        { "qjl(bits=200,outliers=3,outlier_bits=200,group=12,sketch=orthogonal,seed=0)", 80, 1, 3000.0f },
        { "qjl(bits=96,outliers=8,outlier_bits=16,group=32,sketch=gaussian,seed=0)", 96, 1, 3000.0f },
        { "qjl(bits=256,outliers=64,outlier_bits=64,group=16,sketch=orthogonal,seed=1)", 256, 1, 3000.0f },
        { "qjl(bits=16,outliers=8,outlier_bits=8,group=16,sketch=orthogonal,seed=0)", 16, 1, 3000.0f },
    };
    promises_hold(cases, sizeof cases / sizeof *cases);
}

static void parts_of_groups_are_refused(void **state)
{
    (void)state;
    test_instance t;
    size_t n_bytes;
    float *rows = test_rows(TEST_GAUSSIAN, 64, DIM, 1, 0.0f);
    open_qjl(&t, DIM, standard);
    uint8_t *bytes = test_encode(&t, rows, 64, &n_bytes);
    assert_int_equal(t.codec->encode(t.state, 32, rows, 33, bytes, n_bytes), KVANT_E_STATE);
    assert_non_null(strstr(t.host.message, "33 rows from row 32 are not whole blocks of 32"));
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes / 2, rows, 31), KVANT_E_CORRUPT);
    assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes / 2, rows, 33), KVANT_E_CORRUPT);
    test_close(&t);
    free(rows), free(bytes);
}

static void bytes_no_encoder_writes_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t low, high;
        const char *message;
    } cases[] = {
        { 6, 128, 200, "row 32: the outlier channels" }, /* beyond the head */
        { 6, 127, 127, "row 32: the outlier channels" }, /* twice */
        { 6, 90, 20, "row 32: the outlier channels" },   /* descending */
        { 8 + 52, 0, 0x7c, "row 33: a norm" },
        { 8 + 52, 0, 0xbc, "row 33: a norm" },
        { 8 + 52 + 2, 0, 0x7e, "row 33: a norm" },
        { 8 + 52 + 2, 0, 0x80, "row 33: a norm" },
        { 8 + 52 + 2, 0xff, 0x7b, "row 33: the outliers are longer" },
        { 8 + 21 * 52, 0, 0x7c, "row 53: a norm" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float *keys = keys_with_outliers(GROUP, DIM, 4);
        size_t n_bytes;
        test_instance t;
        open_qjl(&t, DIM, standard);
        uint8_t *bytes = test_encode(&t, keys, GROUP, &n_bytes);
        bytes[cases[i].at] = cases[i].low;
        bytes[cases[i].at + 1] = cases[i].high;
        assert_int_equal(t.codec->decode(t.state, 32, bytes, n_bytes, keys, GROUP), KVANT_E_CORRUPT);
        if (!strstr(t.host.message, cases[i].message)) fail_msg("%s", t.host.message);
        test_close(&t);
        free(keys), free(bytes);
    }
}

static void a_key_too_long_for_f16_is_named(void **state)
{
    (void)state;
    for (size_t row = 0; row < GROUP; row += 7) {
        float *keys = keys_with_outliers(GROUP, DIM, 4);
        test_instance t;
        open_qjl(&t, DIM, standard);
        const size_t room = t.codec->bound(t.state, GROUP, GROUP);
        uint8_t *bytes = malloc(room);
        char said[64];
        keys[row * DIM + 5] = 1e5f;
        assert_int_equal(t.codec->encode(t.state, GROUP, keys, GROUP, bytes, room), KVANT_E_RANGE);
        snprintf(said, sizeof said, "qjl: row %zu: the norm 100000", GROUP + row);
        if (!strstr(t.host.message, said)) fail_msg("%s", t.host.message);
        test_close(&t);
        free(keys), free(bytes);
    }
}

static void parameters_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        int dim;
        settings p;
        int code;
        const char *message;
    } cases[] = {
        { 128, { 100, 8, 64, 32, 1, 0 }, KVANT_E_PARAM, "bits=100" },
        { 128, { 256, 8, 12, 32, 1, 0 }, KVANT_E_PARAM, "outlier_bits=12" },
        { 128, { 64, 8, 128, 32, 1, 0 }, KVANT_E_PARAM, "outlier_bits=128 is more than bits=64" },
        { 64, { 64, 64, 64, 32, 1, 0 }, KVANT_E_PARAM, "outliers=64 of a head dimension of 64" },
        { 260, { 256, 8, 64, 32, 1, 0 }, KVANT_E_SHAPE, "260" },
        { 512, { 256, 8, 64, 32, 1, 0 }, KVANT_E_SHAPE, "512" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kvant_value values[TEST_PARAMS] = { 0 };
        test_instance t;
        values_of(values, cases[i].p);
        assert_int_equal(test_try_open(&t, test_codec("qjl", "qjl"), cases[i].dim, values), cases[i].code);
        if (!strstr(t.host.message, cases[i].message)) fail_msg("%s", t.host.message);
        assert_int_equal(t.host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoded_keys_give_the_paper_s_scores),
        cmocka_unit_test(signs_and_norms_are_those_of_the_parts),
        cmocka_unit_test(outliers_are_the_channels_with_the_most_energy_in_their_group),
        cmocka_unit_test(score_errors_are_the_sketch_s_and_outliers_apart_cost_less),
        cmocka_unit_test(scores_are_unbiased_over_sketches),
        cmocka_unit_test(groups_have_the_stated_bytes),
        cmocka_unit_test(it_keeps_the_promises_of_a_codec),
        cmocka_unit_test(parts_of_groups_are_refused),
        cmocka_unit_test(bytes_no_encoder_writes_are_corrupt),
        cmocka_unit_test(a_key_too_long_for_f16_is_named),
        cmocka_unit_test(parameters_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
