/* A cache as bytes: what queries see of it, beside the same attention computed here in f64 from what the evaluation
 * would have put into the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/roundtrip.h"
#include "kernels/attention.h"
#include "kernels/cpu.h"
#include "kernels/half.h"
#include "kernels/weights.h"
#include "tests/app/encoded_place.h"
#include "tests/scale.h"

/* ---- the same by other means ---- */

/* The two versions of one side's rows, [position][head][dim]. */
typedef struct versions {
    float *settled, *open;
    uint32_t block, window;
} versions;

static versions versions_of(const subject *s, int side)
{
    fault f = { 0 };
    const model_shape *m = &s->p->model->shape;
    const size_t heads = (size_t)m->n_kv_heads, n = (size_t)s->n, all = heads * DIM;
    config_layer *plan = compress_plan(s->config, m, &f);
    versions x = { .settled = calloc(n * all, sizeof(float)), .open = calloc(n * all, sizeof(float)) };
    float *one = calloc(n * all, sizeof *one);
    assert_true(plan && x.settled && x.open && one);
    memcpy(x.open, side == KVANT_K ? s->p->k : s->p->v, n * all * sizeof *x.open);
    for (size_t i = 0; side == KVANT_K && s->config->rope_post && i < n * heads; i++)
        rope_rotate(s->rope, x.open + i * DIM, (int)(i / heads));
    for (size_t h = 0, together = 1; h < heads; h += together) {
        const kvant_shape shape = { .stream = side,
                                    .dim = DIM,
                                    .layer = s->layer,
                                    .n_layers = m->n_layers,
                                    .head = (int32_t)h,
                                    .n_heads = (int32_t)heads,
                                    .rotated = side == KVANT_K && s->config->rope_post,
                                    .max_rows = n };
        roundtrip *t = roundtrip_open(s->p->known, plan[s->layer].spec[side], &shape, &s->p->env, &f);
        if (!t) fail_msg("%s: %s", s->config->text, f.text);
        const instance *encoder = roundtrip_encoder(t);
        together = instance_pooled(encoder) ? heads : 1;
        x.block = (uint32_t)(instance_block(encoder) / together);
        x.window = (uint32_t)(instance_window(encoder) / together);
        if (instance_calibrates(encoder)) {
            kvant_samples samples;
            void *memory;
            assert_true(calibration_samples(s->p->calibration, s->layer, side, together > 1 ? -1 : (int)h,
                                            shape.rotated ? s->rope : NULL, &samples, &memory, &f));
            if (!roundtrip_calibrate(t, &samples, &f)) fail_msg("%s", f.text);
            free(memory);
        }
        const size_t until = attention_settled(n - 1, x.block, x.window);
        for (size_t i = 0; i < n * together; i++)
            for (size_t d = 0; d < DIM; d++) {
                float *from = x.open + (i / together * heads + h + i % together) * DIM + d;
                if (x.block > 1 || x.window > 0) *from = half_to_float(half_from_float(*from));
                one[i * DIM + d] = *from;
            }
        roundtrip_bytes bytes = { 0 };
        if (until > 0 && !roundtrip_rows(t, 0, one, until * together, one, &bytes, &f)) fail_msg("%s", f.text);
        for (size_t i = 0; i < until * together; i++)
            memcpy(x.settled + (i / together * heads + h + i % together) * DIM, one + i * DIM, DIM * sizeof *one);
        if (!roundtrip_close(t, &f)) fail_msg("%s", f.text);
    }
    for (size_t i = 0; side == KVANT_K && !s->config->rope_post && i < n * heads; i++) {
        rope_rotate(s->rope, x.open + i * DIM, (int)(i / heads));
        rope_rotate(s->rope, x.settled + i * DIM, (int)(i / heads));
    }
    free(one);
    free(plan);
    return x;
}

static const float *row_seen(const versions *x, size_t t, size_t row, size_t head, size_t heads)
{
    const bool settled = row < attention_settled(t, x->block, x->window);
    return (settled ? x->settled : x->open) + (row * heads + head) * DIM;
}

/* What query head h at position t sees, in f64. */
static void see(const subject *s, const versions *k, const versions *v, size_t t, size_t h, double out[DIM])
{
    const model_shape *m = &s->p->model->shape;
    const size_t heads = (size_t)m->n_kv_heads, head = h / (size_t)(m->n_heads / m->n_kv_heads);
    const size_t low = attention_first(t, (uint32_t)model_window(m, s->layer));
    float query[DIM];
    double weights[CTX], most = -INFINITY, sum = 0;
    memcpy(query, s->p->q + (t * (size_t)m->n_heads + h) * DIM, sizeof query);
    rope_rotate(s->rope, query, (int)t);
    for (size_t r = low; r <= t; r++) {
        const float *row = row_seen(k, t, r, head, heads);
        weights[r] = 0;
        for (int d = 0; d < DIM; d++)
            weights[r] += (double)query[d] * (double)row[d];
        weights[r] *= (double)m->score_scale;
        most = weights[r] > most ? weights[r] : most;
    }
    memset(out, 0, DIM * sizeof *out);
    for (size_t r = low; r <= t; r++) {
        const float *row = row_seen(v, t, r, head, heads);
        const double w = exp(weights[r] - most);
        if (w < (double)WEIGHTS_LEAST) continue;
        sum += w;
        for (int d = 0; d < DIM; d++)
            out[d] += w * (double)row[d];
    }
    for (int d = 0; d < DIM; d++)
        out[d] /= sum;
}

/* The largest difference to f64 over every step-th query, relative to the largest output. */
static double distance(const subject *s, const float *out, size_t step)
{
    const size_t heads = (size_t)s->p->model->shape.n_heads;
    versions k = versions_of(s, KVANT_K), v = versions_of(s, KVANT_V);
    double most = 0, off = 0, expected[DIM];
    for (size_t t = 0; t < (size_t)s->n; t += step)
        for (size_t h = 0; h < heads; h++) {
            see(s, &k, &v, t, h, expected);
            for (size_t d = 0; d < DIM; d++) {
                const double x = (double)out[(t * heads + h) * DIM + d];
                most = fmax(most, fabs(expected[d]));
                off = fmax(off, isfinite(x) ? fabs(x - expected[d]) : INFINITY);
            }
        }
    free(k.settled);
    free(k.open);
    free(v.settled);
    free(v.open);
    return off / most;
}

static void check(const place *p, const char *text, int layer, int n, size_t step)
{
    subject s = open_subject(p, text, layer, n);
    float *whole = attend(&s, n), *parts = attend(&s, 37);
    const size_t floats = (size_t)n * (size_t)p->model->shape.n_heads * DIM;
    if (memcmp(whole, parts, floats * sizeof *whole) != 0) fail_msg("%s: depends on how positions are split", text);
    const double off = distance(&s, whole, step);
    if (!(off < 1e-5)) fail_msg("%s: %g off", text, off);
    free(whole);
    free(parts);
    close_subject(&s);
}

/* Positions a codec may want before it encodes any. */
static uint32_t reach(const place *p, const char *text)
{
    subject s = open_subject(p, text, 0, 2);
    uint32_t most = 0;
    for (int side = KVANT_K; side <= KVANT_V; side++) {
        const versions x = versions_of(&s, side);
        if (x.block + x.window > most) most = x.block + x.window;
        free(x.settled);
        free(x.open);
    }
    close_subject(&s);
    return most;
}

/* ---- properties ---- */

/* The codec's own defaults; a wrapper around its default or around q8_0. */
static void expression_of(const catalog_codec *c, char *text, size_t room)
{
    const catalog_param *inner = catalog_inner(c);
    snprintf(text, room, "%s%s", c->name,
             inner && !inner->inner ? strcmp(c->name, "attnweight") ? "(q8_0)" : "(kakeya(block=32))" : "");
}

static void queries_see_what_the_evaluation_says_with_every_codec(void **state)
{
    (void)state;
    const catalog *known = registry_catalog(llama.known);
    size_t seen = 0;
    for (size_t i = 0; i < known->n_codecs; i++) {
        const catalog_codec *c = known->codecs[i];
        char expression[128], text[160];
        expression_of(c, expression, sizeof expression);
        if (!catalog_takes_dim(c, DIM)) continue;
        const char *side = c->flags & KVANT_K_ONLY ? "k=" : c->flags & KVANT_V_ONLY ? "v=" : "";
        for (int post = 0; post < 2; post++) {
            snprintf(text, sizeof text, "%s%s%s", side, expression, post ? " rope=post" : "");
            const bool far = reach(&llama, text) > 60;
            check(&llama, text, 1, far ? CTX : 150, far ? 61 : 3);
        }
        seen++;
    }
    assert_true(seen >= 30);
}

static void blocks_windows_and_pools_too(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "k=kivi(group=32,bits=2) v=turbo4 rope=post",
        "kakeya(block=32,rank=8)",
        "kakeya(block=32,rank=8,pool=layer)",
        "k=window(turbo4,n=40) v=window(kivi(group=32),n=24) rope=post",
        "sink(turbo4,n=4) rope=post",
        "window(q8_0,n=200)",
        "k=window(q4_0,n=1) v=f16 rope=post",
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        check(&llama, configs[i], 0, 150, 1);
}

/* More than two pages, a block that does not divide one, and open rows that go on for more than one. */
static void pages_join_without_a_seam(void **state)
{
    (void)state;
    static const char *const configs[] = { "turbo4 rope=post",
                                           "turbo4",
                                           "q4_0",
                                           "k=kivi(group=96) v=f16 rope=post",
                                           "k=kivi(group=40) v=f16",
                                           "k=window(q8_0,n=700) v=q8_0 rope=post" };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        check(&llama, configs[i], 0, CTX, 29);
}

static void windows_of_the_model_are_heeded(void **state)
{
    (void)state;
    static const char *const configs[] = { "f16 rope=post", "turbo4", "kivi(group=32)", "k=window(q8_0,n=20) v=q4_0" };
    assert_true(model_window(&gemma.model->shape, 0) == 16 && model_window(&gemma.model->shape, 5) == 0);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        check(&gemma, configs[i], 0, 150, 1);
        check(&gemma, configs[i], 5, 150, 1);
    }
    check(&gemma, "turbo4 rope=post", 0, CTX, 13);
}

static void bits_do_not_depend_on_threads_or_instructions(void **state)
{
    (void)state;
    enum { N = SANITIZED ? 150 : 600 };
    static const char *const configs[] = {
        "turbo4 rope=post", "k=q8_0 v=kivi(group=32)", "k=polar(bits=4) v=q4_0 rope=post", "f16 rope=post",
        "turbo3",           "k=polar(bits=4) v=q4_0"
    };
    const size_t bytes = N * (size_t)llama.model->shape.n_heads * DIM * sizeof(float);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        subject s = open_subject(&llama, configs[i], 0, N);
        float *expected = attend(&s, N);
        close_subject(&s);
        for (int threads = 1; threads <= 3; threads += 2) {
            place other = llama;
            fault f = { 0 };
            other.engine = engine_open(llama.model, threads, &f);
            assert_non_null(other.engine);
            for (int level = 0; cpu_runs(level); level++) {
                cpu_force(cpu_level_name(level));
                s = open_subject(&other, configs[i], 0, N);
                float *out = attend(&s, 5 * N / 12);
                if (memcmp(out, expected, bytes) != 0)
                    fail_msg("%s: other bits with %d threads and %s", configs[i], threads, cpu_level_name(level));
                free(out);
                close_subject(&s);
            }
            cpu_force(NULL);
            engine_close(other.engine);
        }
        free(expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_see_what_the_evaluation_says_with_every_codec),
        cmocka_unit_test(blocks_windows_and_pools_too),
        cmocka_unit_test(pages_join_without_a_seam),
        cmocka_unit_test(windows_of_the_model_are_heeded),
        cmocka_unit_test(bits_do_not_depend_on_threads_or_instructions),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
