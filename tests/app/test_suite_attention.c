/* Attention over two versions of a cache, against plain sums in f64: every row a query sees, open or settled, inside a
 * window or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/offline_attention.h"
#include "kernels/random.h"

enum { DIM = 24, V_DIM = 40, N = 75 };

typedef struct world {
    float k[N * DIM], k_decoded[N * DIM], k_open[N * DIM], q[N * DIM];
    float v[N * V_DIM], v_decoded[N * V_DIM], v_open[N * V_DIM];
    attention_rows rows;
} world;

static void fill(float *x, size_t n, uint64_t seed, const float *near, double part)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((near ? (double)near[i] : 0) + part * random_normal(seed, i));
}

/* open: 1 keys, 2 values. */
static world *make(int open)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fill(w->k, N * DIM, 1, NULL, 1);
    fill(w->v, N * V_DIM, 2, NULL, 1);
    fill(w->q, N * DIM, 3, NULL, 1.5);
    fill(w->k_decoded, N * DIM, 4, w->k, 0.3);
    fill(w->v_decoded, N * V_DIM, 5, w->v, 0.3);
    fill(w->k_open, N * DIM, 6, w->k, 0.05);
    fill(w->v_open, N * V_DIM, 7, w->v, 0.05);
    w->rows = (attention_rows){ .k = w->k,
                                .v = w->v,
                                .k_decoded = w->k_decoded,
                                .v_decoded = w->v_decoded,
                                .n = N,
                                .dim = DIM,
                                .v_dim = V_DIM,
                                .k_open = open & 1 ? w->k_open : NULL,
                                .v_open = open & 2 ? w->v_open : NULL };
    return w;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Rows before this one are settled for the query at t: whole blocks that have left the window. */
static size_t settled(size_t t, uint32_t block, uint32_t window)
{
    const size_t left = t + 1 > window ? t + 1 - window : 0;
    return block == 0 ? 0 : left / block * block;
}

static double cosine(const double *a, const double *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

typedef struct side {
    double logits[N], weights[N], output[V_DIM];
} side;

static void attend(const world *w, size_t t, bool exact, side *s)
{
    const attention_rows *r = &w->rows;
    const size_t low = r->visible && t + 1 > r->visible ? t + 1 - r->visible : 0;
    const double scale = r->scale > 0 ? (double)r->scale : 1 / sqrt(DIM);
    double most = -INFINITY, sum = 0;
    memset(s, 0, sizeof *s);
    for (size_t j = low; j <= t; j++) {
        const bool open = r->k_open && j >= settled(t, r->k_block, r->k_window);
        const float *row = (exact ? r->k : open ? r->k_open : r->k_decoded) + j * DIM;
        s->logits[j] = dot(w->q + t * DIM, row, DIM);
        most = fmax(most, scale * s->logits[j]);
    }
    for (size_t j = low; j <= t; j++)
        sum += s->weights[j] = exp(scale * s->logits[j] - most);
    for (size_t j = low; j <= t; j++) {
        const bool open = r->v_open && j >= settled(t, r->v_block, r->v_window);
        const float *row = (exact ? r->v : open ? r->v_open : r->v_decoded) + j * V_DIM;
        s->weights[j] /= sum;
        for (size_t c = 0; c < V_DIM; c++)
            s->output[c] += s->weights[j] * (double)row[c];
    }
}

static void expected(const world *w, attention_gap *g)
{
    *g = (attention_gap){ .least = 2 };
    for (size_t t = w->rows.first; t < N; t++) {
        side x, y;
        attend(w, t, true, &x);
        attend(w, t, false, &y);
        const double c = cosine(x.weights, y.weights, N);
        g->weights += c;
        g->outputs += cosine(x.output, y.output, V_DIM);
        g->least = fmin(g->least, c);
        g->queries++;
        for (size_t j = 0; j <= t; j++) {
            g->logit_error += (x.logits[j] - y.logits[j]) * (x.logits[j] - y.logits[j]);
            g->logit_total += x.logits[j] * x.logits[j];
        }
    }
}

static void expect_close(const world *w)
{
    attention_gap got = { 0 }, want;
    assert_true(attention_gap_add(&got, &w->rows, w->q + w->rows.first * DIM, 0, NULL));
    expected(w, &want);
    assert_int_equal(got.queries, want.queries);
    assert_true(fabs(got.weights - want.weights) < 1e-4);
    assert_true(fabs(got.outputs - want.outputs) < 1e-4);
    assert_true(fabs(got.least - want.least) < 1e-5);
    assert_true(fabs(got.logit_error / want.logit_error - 1) < 1e-4);
    assert_true(fabs(got.logit_total / want.logit_total - 1) < 1e-5);
}

static void every_kind_of_cache_is_what_plain_sums_say(void **state)
{
    (void)state;
    static const struct {
        int open;
        uint32_t k_block, k_window, v_block, v_window, visible;
        float scale;
        size_t first;
    } cases[] = {
        { 0, 1, 0, 1, 0, 0, 0, 0 },        { 0, 1, 0, 1, 0, 0, 0.3f, 0 },  { 0, 1, 0, 1, 0, 10, 0, 0 },
        { 0, 1, 0, 1, 0, 0, 0, 40 },       { 1, 16, 0, 1, 0, 0, 0, 0 },    { 2, 1, 0, 16, 0, 0, 0, 0 },
        { 3, 16, 0, 8, 0, 0, 0, 0 },       { 3, 1, 20, 1, 5, 0, 0, 0 },    { 3, 8, 10, 32, 3, 0, 0.2f, 33 },
        { 3, 8, 10, 32, 3, 17, 0.2f, 33 }, { 3, 4, 200, 4, 200, 9, 0, 0 }, { 1, 8, 3, 1, 0, 1, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world *w = make(cases[i].open);
        w->rows.k_block = cases[i].k_block;
        w->rows.k_window = cases[i].k_window;
        w->rows.v_block = cases[i].v_block;
        w->rows.v_window = cases[i].v_window;
        w->rows.visible = cases[i].visible;
        w->rows.scale = cases[i].scale;
        w->rows.first = cases[i].first;
        print_message("case %zu\n", i);
        expect_close(w);
        free(w);
    }
}

static void pieces_add_up_to_the_whole(void **state)
{
    (void)state;
    world *w = make(3);
    attention_gap whole = { 0 }, pieces = { 0 };
    w->rows.k_block = w->rows.v_block = 8;
    w->rows.k_window = 4;
    assert_true(attention_gap_add(&whole, &w->rows, w->q, 0, NULL));
    static const size_t ends[] = { 1, 30, 31, 64, N };
    for (size_t i = 0, first = 0; i < sizeof ends / sizeof *ends; first = ends[i++]) {
        w->rows.first = first;
        w->rows.n = ends[i];
        assert_true(attention_gap_add(&pieces, &w->rows, w->q + first * DIM, 0, NULL));
    }
    assert_int_equal(pieces.queries, whole.queries);
    assert_true(fabs(pieces.weights - whole.weights) < 1e-9);
    assert_true(fabs(pieces.outputs - whole.outputs) < 1e-9);
    assert_true(pieces.least == whole.least);
    free(w);
}

static void equal_rows_give_exactly_one(void **state)
{
    (void)state;
    world *w = make(0);
    attention_gap g = { 0 };
    w->rows.k_decoded = w->k;
    w->rows.v_decoded = w->v;
    w->rows.visible = 12;
    assert_true(attention_gap_add(&g, &w->rows, w->q, 0, NULL));
    assert_true(g.weights == N && g.outputs == N && g.least == 1 && g.logit_error == 0);
    free(w);
}

static void few_queries_are_spread_over_the_positions(void **state)
{
    (void)state;
    world *w = make(0);
    attention_gap g = { 0 };
    w->rows.first = 15;
    assert_true(attention_gap_add(&g, &w->rows, w->q + 15 * DIM, 7, NULL));
    assert_int_equal(g.queries, 7);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_cache_is_what_plain_sums_say),
        cmocka_unit_test(pieces_add_up_to_the_whole),
        cmocka_unit_test(equal_rows_give_exactly_one),
        cmocka_unit_test(few_queries_are_spread_over_the_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
