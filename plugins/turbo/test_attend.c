/* Codecs that attend without decoding: scores and mix are what decoded rows give, in the order kernels/fused.h defines,
 * the same bits on every level, for any number of queries and rows in a call, from several threads. */
#include "tests/codecs/test_host.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu.h"

enum { ROWS = 2 * 16 + 7, QUERIES = 9 };

static const struct {
    const char *module, *name;
    const char *param; /* set to `value`, NULL: defaults */
    int value;
} subjects[] = {
    { "exact", "f16", NULL, 0 },       { "block", "q8_0", NULL, 0 },      { "block", "q4_0", NULL, 0 },
    { "turbo", "turbo2", NULL, 0 },    { "turbo", "turbo3", NULL, 0 },    { "turbo", "turbo4", NULL, 0 },
    { "turbo", "turbo4_lm", NULL, 0 }, { "turbo", "turbo2_64", NULL, 0 }, { "turbo", "turbo3_64", NULL, 0 },
    { "turbo", "turbo4_64", NULL, 0 }, { "polar", "polar", "bits", 1 },   { "polar", "polar", "bits", 2 },
    { "polar", "polar", "bits", 3 },   { "polar", "polar", "bits", 4 },   { "polar", "polar", "bits", 5 },
    { "polar", "polar", "bits", 6 },   { "polar", "polar", "bits", 7 },   { "polar", "polar", "bits", 8 },
    { "polar", "polar", "scale", 0 },  { "polar", "polar", "scale", 3 },
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };
static const int dims[] = { 32, 48, 64, 96, 100, 128, 160, 256 };
enum { DIMS = sizeof dims / sizeof *dims };

/* An instance with rows of unequal length, encoded, and decoded again by the portable version. */
typedef struct trial {
    test_instance t;
    size_t dim, n_bytes;
    float *rows, *back, *q, *weights;
    uint8_t *bytes;
} trial;

static bool takes(size_t subject, int dim)
{
    const kvant_codec *c = test_codec(subjects[subject].module, subjects[subject].name);
    return dim >= c->dim_min && dim <= c->dim_max && (dim - c->dim_min) % c->dim_step == 0;
}

static void open_at(test_instance *t, size_t subject, int dim, int level)
{
    const kvant_codec *codec = test_codec(subjects[subject].module, subjects[subject].name);
    kvant_value values[TEST_PARAMS] = { 0 };
    test_defaults(codec, NULL, values);
    if (subjects[subject].param) values[test_param(codec, subjects[subject].param)].i = subjects[subject].value;
    cpu_force(cpu_level_name(level));
    test_open(t, codec, dim, values);
    cpu_force(NULL);
}

static void begin(trial *x, size_t subject, int dim)
{
    *x = (trial){ .dim = (size_t)dim };
    open_at(&x->t, subject, dim, 0);
    x->rows = test_rows(TEST_GAUSSIAN, ROWS, x->dim, 7, 1.0f);
    for (size_t i = 0; i < ROWS * x->dim; i++)
        x->rows[i] *= (float)(1 + i / x->dim % 5);
    memset(x->rows + 18 * dim, 0, x->dim * sizeof *x->rows);
    x->q = test_rows(TEST_GAUSSIAN, QUERIES, x->dim, 8, 1.0f);
    x->weights = test_rows(TEST_GAUSSIAN, QUERIES, ROWS, 9, 1.0f);
    for (size_t i = 0; i < QUERIES * ROWS; i++)
        if (i % 5 == 1 || i % ROWS == 20) x->weights[i] = 0.0f;
    x->back = malloc(ROWS * x->dim * sizeof *x->back);
    assert_non_null(x->back);
    x->bytes = test_encode(&x->t, x->rows, ROWS, &x->n_bytes);
    assert_int_equal(x->t.codec->decode(x->t.state, 0, x->bytes, x->n_bytes, x->back, ROWS), KVANT_OK);
}

static void end(trial *x)
{
    test_close(&x->t);
    free(x->rows), free(x->back), free(x->q), free(x->weights), free(x->bytes);
}

static size_t row_bytes(const trial *x)
{
    return x->n_bytes / ROWS;
}

/* out: n_q x n_rows from row `first`. */
static void score(const trial *x, const test_instance *t, size_t first, size_t n_rows, size_t query, size_t n_q,
                  float *out)
{
    assert_int_equal(t->codec->scores(t->state, first, x->bytes + first * row_bytes(x), n_rows * row_bytes(x), n_rows,
                                      x->q + query * x->dim, n_q, out),
                     KVANT_OK);
}

/* out begins as ones. */
static void mix(const trial *x, const test_instance *t, size_t query, size_t n_q, float *out)
{
    for (size_t i = 0; i < n_q * x->dim; i++)
        out[i] = 1.0f;
    assert_int_equal(t->codec->mix(t->state, 0, x->bytes, x->n_bytes, ROWS, x->weights + query * ROWS, n_q, out),
                     KVANT_OK);
}

/* ---- what decoded rows give ---------------------------------------------------------------------------------------
 */

static void assert_near(const float *got, const double *expected, size_t n)
{
    double error = 0, energy = 0;
    for (size_t i = 0; i < n; i++) {
        error += ((double)got[i] - expected[i]) * ((double)got[i] - expected[i]);
        energy += expected[i] * expected[i];
    }
    assert_true(error <= 1e-11 * energy);
}

static void scores_and_mix_are_those_of_decoded_rows(void **state)
{
    (void)state;
    double exact[QUERIES * 256], exact_scores[QUERIES * ROWS];
    float got[QUERIES * 256], scores[QUERIES * ROWS];
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t d = 0; d < DIMS; d++) {
            trial x;
            if (!takes(s, dims[d])) continue;
            begin(&x, s, dims[d]);
            for (size_t i = 0; i < QUERIES * x.dim; i++)
                exact[i] = 1.0;
            for (size_t i = 0; i < QUERIES * ROWS; i++) {
                exact_scores[i] = 0;
                for (size_t k = 0; k < x.dim; k++) {
                    const double y = (double)x.back[i % ROWS * x.dim + k];
                    exact_scores[i] += (double)x.q[i / ROWS * x.dim + k] * y;
                    exact[i / ROWS * x.dim + k] += (double)x.weights[i] * y;
                }
            }
            score(&x, &x.t, 0, ROWS, 0, QUERIES, scores);
            mix(&x, &x.t, 0, QUERIES, got);
            assert_near(scores, exact_scores, QUERIES * ROWS);
            assert_near(got, exact, QUERIES * x.dim);
            end(&x);
        }
}

/* kernels/fused.h: 16 lanes, folded. */
static float in_lanes(const float *q, const float *y, size_t n)
{
    enum { LANES = 16, BLOCK = 1024 };
    float total = 0.0f;
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t end_at = n - at < BLOCK ? n : at + BLOCK;
        float lane[LANES] = { 0 };
        for (size_t i = at; i < end_at; i++)
            lane[i % LANES] = fmaf(q[i], y[i], lane[i % LANES]);
        for (int s = LANES / 2; s > 0; s /= 2)
            for (int l = 0; l < s; l++)
                lane[l] += lane[l + s];
        total = at ? total + lane[0] : lane[0];
    }
    return total;
}

/* Where no rotation comes between, to the last bit; also of rows longer than a block and of no whole pieces. */
static void sums_run_in_the_order_the_header_says(void **state)
{
    (void)state;
    static const int lengths[] = { 1, 15, 16, 17, 32, 100, 128, 1024, 1056, 2080, 2081 };
    float scores[QUERIES * ROWS];
    for (size_t s = 0; s < 3; s++)
        for (size_t d = 0; d < sizeof lengths / sizeof *lengths; d++) {
            trial x;
            if (!takes(s, lengths[d])) continue;
            begin(&x, s, lengths[d]);
            float *mixed = malloc(QUERIES * x.dim * sizeof *mixed);
            assert_non_null(mixed);
            score(&x, &x.t, 0, ROWS, 0, QUERIES, scores);
            mix(&x, &x.t, 0, QUERIES, mixed);
            for (size_t i = 0; i < QUERIES * ROWS; i++)
                assert_true(scores[i] == in_lanes(x.q + i / ROWS * x.dim, x.back + i % ROWS * x.dim, x.dim));
            for (size_t i = 0; i < QUERIES * x.dim; i++) {
                float sum = 0.0f;
                for (size_t r = 0; r < ROWS; r++)
                    sum = fmaf(x.weights[i / x.dim * ROWS + r], x.back[r * x.dim + i % x.dim], sum);
                assert_true(mixed[i] == 1.0f + sum);
            }
            free(mixed);
            end(&x);
        }
}

/* ---- the same bits ------------------------------------------------------------------------------------------------
 */

static void compare_level(const trial *x, const test_instance *t, const float *scores, const float *mixed)
{
    static const size_t rows[] = { 1, 15, 16, 17, ROWS };
    float got[QUERIES * ROWS], out[QUERIES * 256];
    for (size_t n_q = 1; n_q <= QUERIES; n_q++) {
        const size_t query = (QUERIES - n_q) / 2;
        score(x, t, 0, ROWS, query, n_q, got);
        assert_memory_equal(got, scores + query * ROWS, n_q * ROWS * sizeof *got);
        mix(x, t, query, n_q, out);
        assert_memory_equal(out, mixed + query * x->dim, n_q * x->dim * sizeof *out);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t first = ROWS - rows[i];
        score(x, t, first, rows[i], 3, 1, got);
        assert_memory_equal(got, scores + 3 * ROWS + first, rows[i] * sizeof *got);
    }
}

static void levels_other_queries_and_other_rows_change_no_bit(void **state)
{
    (void)state;
    float scores[QUERIES * ROWS], mixed[QUERIES * 256];
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t d = 0; d < DIMS; d++) {
            trial x;
            if (!takes(s, dims[d])) continue;
            begin(&x, s, dims[d]);
            score(&x, &x.t, 0, ROWS, 0, QUERIES, scores);
            mix(&x, &x.t, 0, QUERIES, mixed);
            for (int level = 0; cpu_level_name(level) && cpu_runs(level); level++) {
                test_instance t;
                open_at(&t, s, dims[d], level);
                compare_level(&x, &t, scores, mixed);
                test_close(&t);
            }
            end(&x);
        }
}

typedef struct errand {
    const trial *x;
    const test_instance *t;
    float scores[QUERIES * ROWS], mixed[QUERIES * 128];
} errand;

static void *run(void *arg)
{
    enum { TIMES = 20 };
    errand *e = arg;
    for (int i = 0; i < TIMES; i++) {
        score(e->x, e->t, 0, ROWS, 0, QUERIES, e->scores);
        mix(e->x, e->t, 0, QUERIES, e->mixed);
    }
    return NULL;
}

static void threads_share_an_instance(void **state)
{
    (void)state;
    enum { THREADS = 3, DIM = 128 };
    static errand e[THREADS];
    for (size_t s = 0; s < SUBJECTS; s++) {
        trial x;
        test_instance t;
        pthread_t threads[THREADS];
        begin(&x, s, DIM);
        open_at(&t, s, DIM, cpu_level());
        for (int i = 0; i < THREADS; i++) {
            e[i] = (errand){ .x = &x, .t = &t };
            assert_int_equal(pthread_create(&threads[i], NULL, run, &e[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int i = 1; i < THREADS; i++) {
            assert_memory_equal(e[i].scores, e[0].scores, sizeof e->scores);
            assert_memory_equal(e[i].mixed, e[0].mixed, sizeof e->mixed);
        }
        test_close(&t);
        end(&x);
    }
}

/* ---- bytes that no encoder writes ---------------------------------------------------------------------------------
 */

/* What is put at a byte of a row, and the codec that must refuse it; "": all that have a scale there. */
static const struct {
    const char *name;
    size_t at;
    uint8_t value;
} damages[] = {
    { "f16", 1, 0x7c },    { "f16", 255, 0xfe },  { "", 1, 0x7c },      { "", 1, 0x7e },       { "turbo2", 1, 0x80 },
    { "turbo3", 1, 0x80 }, { "turbo4", 1, 0x80 }, { "turbo4", 2, 1 },   { "turbo4", 3, 0x40 }, { "polar", 1, 0x80 },
    { "q8_0", 1, 0x80 },   { "q8_0", 2, 0x80 },   { "q8_0", 33, 0x80 }, { "q8_0", 104, 0x80 }, { "q4_0", 19, 0x7c },
};
enum { DAMAGES = sizeof damages / sizeof *damages };

static void refuse(trial *x, const test_instance *t, size_t row)
{
    float out[QUERIES * ROWS + QUERIES * 128] = { 0 };
    char name[32];
    snprintf(name, sizeof name, "row %zu: ", row + 100);
    test_host *host = (test_host *)(uintptr_t)&t->host;
    for (size_t n_q = 1; n_q <= QUERIES; n_q += QUERIES - 1) {
        host->message[0] = 0;
        assert_int_equal(t->codec->scores(t->state, 100, x->bytes, x->n_bytes, ROWS, x->q, n_q, out), KVANT_E_CORRUPT);
        assert_non_null(strstr(host->message, name));
        host->message[0] = 0;
        assert_int_equal(t->codec->mix(t->state, 100, x->bytes, x->n_bytes, ROWS, x->weights, n_q, out),
                         KVANT_E_CORRUPT);
        assert_non_null(strstr(host->message, name));
    }
    for (size_t i = 0; i < QUERIES; i++)
        x->weights[i * ROWS + row] = 0.0f;
    assert_int_equal(t->codec->mix(t->state, 100, x->bytes, x->n_bytes, ROWS, x->weights, QUERIES, out), KVANT_OK);
}

static void corrupt_rows_are_named_on_every_level_unless_nobody_looks(void **state)
{
    (void)state;
    static const size_t rows[] = { 0, 17, ROWS - 1 };
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t i = 0; i < DAMAGES; i++) {
            const char *name = subjects[s].name;
            if (*damages[i].name ? strcmp(damages[i].name, name) != 0 : strcmp(name, "f16") == 0) continue;
            for (int level = 0; cpu_level_name(level) && cpu_runs(level); level++) {
                trial x;
                test_instance t;
                const size_t row = rows[(i + (size_t)level) % 3];
                begin(&x, s, 128);
                open_at(&t, s, 128, level);
                for (size_t k = 0; k < QUERIES; k++)
                    x.weights[k * ROWS + row] = 0.25f;
                x.bytes[row * row_bytes(&x) + damages[i].at] = damages[i].value;
                refuse(&x, &t, row);
                test_close(&t);
                end(&x);
            }
        }
}

/* Row 5 has no weight and is not looked at: the one that mix names is row 21. */
static void mix_names_the_corrupt_row_that_it_read(void **state)
{
    (void)state;
    float out[128] = { 0 };
    for (size_t s = 0; s < SUBJECTS; s++) {
        trial x;
        begin(&x, s, 128);
        x.bytes[5 * row_bytes(&x) + 1] = x.bytes[21 * row_bytes(&x) + 1] = 0x7c;
        x.weights[5] = 0.0f;
        x.weights[21] = 0.5f;
        assert_int_equal(x.t.codec->mix(x.t.state, 0, x.bytes, x.n_bytes, ROWS, x.weights, 1, out), KVANT_E_CORRUPT);
        assert_non_null(strstr(x.t.host.message, "row 21: "));
        end(&x);
    }
}

static void short_and_long_bytes_are_refused(void **state)
{
    (void)state;
    float out[2 * ROWS + 2 * 128] = { 0 };
    for (size_t s = 0; s < SUBJECTS; s++) {
        trial x;
        begin(&x, s, 128);
        const kvant_codec *c = x.t.codec;
        for (size_t off = 1; off <= row_bytes(&x); off += row_bytes(&x) - 1) {
            assert_int_equal(c->scores(x.t.state, 0, x.bytes, x.n_bytes - off, ROWS, x.q, 2, out), KVANT_E_CORRUPT);
            assert_int_equal(c->mix(x.t.state, 0, x.bytes, x.n_bytes - off, ROWS, x.weights, 2, out), KVANT_E_CORRUPT);
        }
        assert_int_equal(c->scores(x.t.state, 0, x.bytes, x.n_bytes, ROWS - 1, x.q, 2, out), KVANT_E_CORRUPT);
        assert_int_equal(c->mix(x.t.state, 0, x.bytes, x.n_bytes, ROWS - 1, x.weights, 2, out), KVANT_E_CORRUPT);
        assert_int_equal(c->scores(x.t.state, 0, x.bytes, 0, 0, x.q, 2, out), KVANT_OK);
        assert_int_equal(c->mix(x.t.state, 0, x.bytes, 0, 0, x.weights, 2, out), KVANT_OK);
        end(&x);
    }
}

/* Scores that no f32 holds are infinite, and not an error: the bytes are sound. */
static void an_overflow_is_no_corruption(void **state)
{
    (void)state;
    float scores[ROWS];
    for (size_t s = 0; s < SUBJECTS; s++) {
        trial x;
        begin(&x, s, 128);
        for (size_t i = 0; i < x.dim; i++)
            x.q[i] = x.back[i] > 0 ? 1e37f : -1e37f;
        score(&x, &x.t, 0, ROWS, 0, 1, scores);
        assert_true(!isfinite(scores[0]));
        end(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_and_mix_are_those_of_decoded_rows),
        cmocka_unit_test(sums_run_in_the_order_the_header_says),
        cmocka_unit_test(levels_other_queries_and_other_rows_change_no_bit),
        cmocka_unit_test(threads_share_an_instance),
        cmocka_unit_test(corrupt_rows_are_named_on_every_level_unless_nobody_looks),
        cmocka_unit_test(mix_names_the_corrupt_row_that_it_read),
        cmocka_unit_test(short_and_long_bytes_are_refused),
        cmocka_unit_test(an_overflow_is_no_corruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
