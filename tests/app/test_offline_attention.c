/* Attention through changed keys and values, against closed forms and its definition. */
#include "app/offline_attention.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/app/noise.h"

/* Two positions. The second query sees weights 1/4, 3/4 exactly (logits 0 and 2 ln 3, scale 1/2) and 1/2, 1/2 after its
 * key has become 0: a cosine of 2/sqrt(5); the first sees one row, whatever it is. Values are unit vectors, so outputs
 * are the weights; the first position's output stays (1, 0). The one logit that was not 0 is lost. */
static void two_positions_by_hand(void **state)
{
    (void)state;
    const float l = logf(3), q[8] = { 0, 0, 0, 0, 2, 0, 0, 0 }, k[8] = { 0, 0, 0, 0, l, 0, 0, 0 }, none[8] = { 0 };
    const float v[4] = { 1, 0, 0, 1 };
    const attention_rows rows = { .k = k, .v = v, .k_decoded = none, .v_decoded = v, .n = 2, .dim = 4, .v_dim = 2 };
    attention_gap g = { 0 };
    fault f = { 0 };
    assert_true(attention_gap_add(&g, &rows, q, 0, &f));
    assert_int_equal(g.queries, 2);
    near(g.weights, 1 + 2 / sqrt(5), 1e-7);
    near(g.outputs, 1 + 2 / sqrt(5), 1e-7);
    near(g.logit_error, 4 * log(3) * log(3), 1e-6);
    assert_true(g.logit_error == g.logit_total);
    /* Position 0 gets 1 from the first query, 2/4 from the second; position 1 gets 2*3/4. */
    double sums[2] = { 0 };
    uint64_t counts[2] = { 0 };
    assert_true(attention_received(q, k, 2, 4, sums, counts, &f));
    near(sums[0], 1.5, 1e-7);
    near(sums[1], 1.5, 1e-7);
    assert_true(counts[0] == 2 && counts[1] == 1);
}

static void uniform_attention_is_one_everywhere(void **state)
{
    (void)state;
    enum { N = 70 };
    float *zero = calloc(N * 8, sizeof *zero);
    double sums[N] = { 0 };
    uint64_t counts[N] = { 0 };
    fault f = { 0 };
    assert_true(attention_received(zero, zero, N, 8, sums, counts, &f));
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(counts[i], N - i);
        near(sums[i] / (double)counts[i], 1, 1e-6);
    }
    free(zero);
}

static double cosine(const double *x, const double *y, size_t n)
{
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    return xy / sqrt(xx) / sqrt(yy);
}

enum { N = 75, DIM = 20, V_DIM = 33 };

/* One query in f64, as the definition says. */
static void attend(const float *q, const float *k, const float *v, size_t t, double *logits, double *weights,
                   double *out)
{
    double sum = 0;
    memset(out, 0, V_DIM * sizeof *out);
    for (size_t j = 0; j <= t; j++) {
        logits[j] = 0;
        for (size_t i = 0; i < DIM; i++)
            logits[j] += (double)q[t * DIM + i] * (double)k[j * DIM + i];
        sum += weights[j] = exp(logits[j] / sqrt(DIM));
    }
    for (size_t j = 0; j <= t; j++) {
        weights[j] /= sum;
        for (size_t i = 0; i < V_DIM; i++)
            out[i] += weights[j] * (double)v[j * V_DIM + i];
    }
}

static void attention_is_compared_as_it_is_defined(void **state)
{
    (void)state;
    float *q = noise(N * DIM, 1, 1), *k = noise(N * DIM, 2, 1), *v = noise(N * V_DIM, 3, 1);
    float *k2 = noise(N * DIM, 4, 0.3), *v2 = noise(N * V_DIM, 5, 0.2);
    for (size_t i = 0; i < N * DIM; i++)
        k2[i] += k[i];
    for (size_t i = 0; i < N * V_DIM; i++)
        v2[i] += v[i];
    const attention_rows rows = {
        .k = k, .v = v, .k_decoded = k2, .v_decoded = v2, .n = N, .dim = DIM, .v_dim = V_DIM
    };
    const size_t most[] = { 0, N, 7, 1, N + 1 };
    for (size_t m = 0; m < sizeof most / sizeof *most; m++) {
        attention_gap g = { 0 };
        fault f = { 0 };
        double weights = 0, outputs = 0, error = 0, total = 0;
        const size_t count = most[m] > 0 && most[m] < N ? most[m] : N;
        assert_true(attention_gap_add(&g, &rows, q, most[m], &f));
        for (size_t i = 0; i < count; i++) {
            const size_t t = count == N ? i : (2 * i + 1) * N / (2 * count);
            double l[2][N], w[2][N], o[2][V_DIM];
            attend(q, k, v, t, l[0], w[0], o[0]);
            attend(q, k2, v2, t, l[1], w[1], o[1]);
            weights += cosine(w[0], w[1], t + 1);
            outputs += cosine(o[0], o[1], V_DIM);
            for (size_t j = 0; j <= t; j++) {
                error += (l[0][j] - l[1][j]) * (l[0][j] - l[1][j]);
                total += l[0][j] * l[0][j];
            }
        }
        assert_int_equal(g.queries, count);
        near(g.weights, weights, 1e-6);
        near(g.outputs, outputs, 1e-6);
        near(g.logit_error, error, 1e-5);
        near(g.logit_total, total, 1e-5);
    }
    free(q);
    free(k);
    free(v);
    free(k2);
    free(v2);
}

static void equal_rows_give_cosines_of_exactly_one(void **state)
{
    (void)state;
    const double scales[] = { 1, 1e-18, 1e17, 0 };
    for (size_t i = 0; i < 4; i++) {
        float *q = noise(N * DIM, 1, 3), *k = noise(N * DIM, 2, scales[i]), *v = noise(N * V_DIM, 3, scales[i]);
        const attention_rows rows = {
            .k = k, .v = v, .k_decoded = k, .v_decoded = v, .n = N, .dim = DIM, .v_dim = V_DIM
        };
        attention_gap g = { 0 };
        fault f = { 0 };
        assert_true(attention_gap_add(&g, &rows, q, 0, &f));
        assert_true(g.weights == N && g.outputs == N && g.logit_error == 0);
        free(q);
        free(k);
        free(v);
    }
    /* One query at a time, for a sum of many would swallow the last bit. */
    for (uint64_t seed = 0; seed < 200; seed++) {
        float *k = noise(9 * DIM, seed, 1), *v = noise(9 * V_DIM, seed + 1000, 1);
        const attention_rows rows = {
            .k = k, .v = v, .k_decoded = k, .v_decoded = v, .n = 9, .dim = DIM, .v_dim = V_DIM
        };
        attention_gap g = { 0 };
        fault f = { 0 };
        assert_true(attention_gap_add(&g, &rows, k, 1, &f));
        assert_true(g.weights == 1 && g.outputs == 1);
        free(k);
        free(v);
    }
    /* Values that are lost altogether leave nothing to point anywhere. */
    float *k = noise(N * DIM, 2, 1), *v = noise(N * V_DIM, 3, 1), *none = calloc(N * V_DIM, sizeof *none);
    const attention_rows rows = {
        .k = k, .v = v, .k_decoded = k, .v_decoded = none, .n = N, .dim = DIM, .v_dim = V_DIM
    };
    attention_gap g = { 0 };
    fault f = { 0 };
    assert_true(attention_gap_add(&g, &rows, k, 0, &f));
    assert_true(g.weights == N && g.outputs == 0);
    free(k);
    free(v);
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_positions_by_hand),
        cmocka_unit_test(uniform_attention_is_one_everywhere),
        cmocka_unit_test(attention_is_compared_as_it_is_defined),
        cmocka_unit_test(equal_rows_give_cosines_of_exactly_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
