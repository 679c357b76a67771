#include "tests/app/encoded_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/calibrate.h"
#include "kernels/random.h"

place llama, gemma;

static const char *const names[] = { "attnweight", "besi",     "block",   "center",        "exact", "kakeya",
                                     "kivi",       "kvarn",    "lattice", "outlier_split", "polar", "polar_recursive",
                                     "qjl",        "qprecond", "rotate",  "sink",          "tcq",   "tqprod",
                                     "turbo",      "window" };

static const calibration *known_calibration(void *self, fault *f)
{
    const place *p = self;
    (void)f;
    return p->calibration;
}

static bool go_on(void *self, size_t done, size_t total)
{
    (void)self;
    return done <= total;
}

static void make_calibration(place *p)
{
    enum { N = 4, LENGTH = 64 };
    fault f = { 0 };
    int32_t tokens[N * LENGTH];
    for (int i = 0; i < N * LENGTH; i++)
        tokens[i] = (i * 73 + i / 7) % p->model->shape.n_vocab;
    passages text = { .tokens = tokens, .n = N, .length = LENGTH, .text_tokens = N * LENGTH };
    memset(p->id, '0', HASH_HEX - 1);
    memcpy(text.text_id, p->id, HASH_HEX);
    snprintf(p->file, sizeof p->file, "/tmp/kvant-encoded-%d", (int)getpid());
    const calibrate_request r = {
        .e = p->engine, .text = &text, .sampled = N, .model_id = p->id, .text_name = "t", .at = go_on
    };
    if (!calibrate(&r, p->file, &f)) fail_msg("%s", f.text);
    p->calibration = calibration_open(p->file, p->id, &p->model->shape, &f);
    unlink(p->file);
    if (!p->calibration) fail_msg("%s", f.text);
}

/* Rows as models make them: some coordinates larger than others, rows alike. */
static float *rows_of(int width, uint64_t key)
{
    float *rows = calloc((size_t)CTX * (size_t)width, sizeof *rows);
    assert_non_null(rows);
    for (int i = 0; i < CTX; i++)
        for (int j = 0; j < width; j++) {
            const float x = (float)random_normal(key, (uint64_t)(i * width + j));
            rows[i * width + j] = x * (j % 7 == 3 ? 2.5f : 0.8f) + 0.3f * sinf((float)j);
        }
    return rows;
}

void open_place(place *p, const char *file, int threads)
{
    fault f = { 0 };
    *p = (place){ 0 };
    p->model = model_open(file, &f);
    p->engine = p->model ? engine_open(p->model, threads, &f) : NULL;
    p->known = p->engine ? registry_create(&f) : NULL;
    for (size_t i = 0; p->known && i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s.so", PLUGINS, names[i]);
        if (!registry_load(p->known, path, &f)) fail_msg("%s", f.text);
    }
    if (!p->known) fail_msg("%s", f.text);
    const model_shape *s = &p->model->shape;
    assert_int_equal(s->head_dim, DIM);
    p->k = rows_of(s->n_kv_heads * DIM, 1);
    p->v = rows_of(s->n_kv_heads * DIM, 2);
    p->q = rows_of(s->n_heads * DIM, 3);
    make_calibration(p);
}

void close_place(place *p)
{
    calibration_close(p->calibration);
    registry_destroy(p->known);
    engine_close(p->engine);
    model_close(p->model);
    free(p->k);
    free(p->v);
    free(p->q);
}

compress_request request_of(const place *p, const config *c, int n)
{
    return (compress_request){ .known = p->known,
                               .config = c,
                               .e = p->engine,
                               .ctx = n,
                               .env = &p->env,
                               .calibration = known_calibration,
                               .self = (void *)p };
}

subject open_subject(const place *p, const char *text, int layer, int n)
{
    fault f = { 0 };
    subject s = { .p = p, .layer = layer, .n = n, .config = config_parse(registry_catalog(p->known), text, &f) };
    if (!s.config) fail_msg("%s: %s", text, f.text);
    const compress_request request = request_of(p, s.config, n);
    s.cache = encoded_open(&request, &f);
    s.rope = engine_layer_rope(p->engine, layer, n, &f);
    if (!s.cache || !s.rope) fail_msg("%s: %s", text, f.text);
    return s;
}

void close_subject(subject *s)
{
    fault f = { 0 };
    if (!encoded_close(s->cache, &f)) fail_msg("%s", f.text);
    config_free(s->config);
}

float *attend(const subject *s, int piece)
{
    const model_shape *m = &s->p->model->shape;
    const size_t kv = (size_t)m->n_kv_heads * DIM, q = (size_t)m->n_heads * DIM;
    float *out = calloc((size_t)s->n * q, sizeof *out);
    assert_non_null(out);
    encoded_begin(s->cache);
    const kv_keeper keeper = encoded_keeper(s->cache);
    for (int at = 0; at < s->n; at += piece) {
        fault f = { 0 };
        const int n = piece < s->n - at ? piece : s->n - at;
        const size_t i = (size_t)at;
        if (!keeper.attend(keeper.self, s->layer, at, n, s->rope, s->p->k + i * kv, s->p->v + i * kv, s->p->q + i * q,
                           out + i * q, &f))
            fail_msg("%s: %s", s->config->text, f.text);
    }
    return out;
}

int set_up(void **state)
{
    (void)state;
    open_place(&llama, "tests/data/arch/llama.gguf", 2);
    open_place(&gemma, "tests/data/arch/gemma3.gguf", 2);
    return 0;
}

int set_up_with_shifts(void **state)
{
    fault f = { 0 };
    if (set_up(state) != 0) return -1;
    if (!registry_load(llama.known, TEST_PLUGINS "/shifts.so", &f) ||
        !registry_load(gemma.known, TEST_PLUGINS "/shifts.so", &f))
        fail_msg("%s", f.text);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    close_place(&llama);
    close_place(&gemma);
    return 0;
}
