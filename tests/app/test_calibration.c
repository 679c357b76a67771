/* A calibration against what the model's own rows give by hand. */
#include "app/calibrate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/calibration.h"
#include "base/file.h"

#define MODEL "tests/data/arch/llama.gguf"
enum { CTX = 40, PASSAGES = 3, SAMPLED = 2 };

static const char model_id[HASH_HEX] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

typedef struct setting {
    char path[64];
    model *m;
    engine *e;
    passages text;
    calibration *c;
} setting;

enum { LAYER = 1 };

static bool go_on(void *self, size_t done, size_t total)
{
    (void)self, (void)done, (void)total;
    return true;
}

static bool make(setting *s, engine *e, const char *path, fault *f)
{
    const calibrate_request r = { e, &s->text, SAMPLED, model_id, "a text", 7, go_on, NULL };
    return calibrate(&r, path, f);
}

static int open_all(void **state, const char *model_path)
{
    static setting s;
    fault f = { 0 };
    s.m = model_open(model_path, &f);
    s.e = s.m ? engine_open(s.m, 2, &f) : NULL;
    if (!s.e) fail_msg("%s", f.text);
    s.text = (passages){ .n = PASSAGES, .length = CTX, .text_tokens = PASSAGES * CTX };
    memset(s.text.text_id, 'a', HASH_HEX - 1);
    s.text.tokens = malloc(PASSAGES * CTX * sizeof *s.text.tokens);
    for (int i = 0; i < PASSAGES * CTX; i++)
        s.text.tokens[i] = (i * i * 7 + i / 3) % s.m->shape.n_vocab;
    snprintf(s.path, sizeof s.path, "/tmp/kvant-calibration-%d.safetensors", (int)getpid());
    if (!make(&s, s.e, s.path, &f)) fail_msg("%s", f.text);
    s.c = calibration_open(s.path, model_id, &s.m->shape, &f);
    if (!s.c) fail_msg("%s", f.text);
    *state = &s;
    return 0;
}

static int open_llama(void **state)
{
    return open_all(state, MODEL);
}

/* LAYER has a window there. */
static int open_gemma3(void **state)
{
    return open_all(state, "tests/data/arch/gemma3.gguf");
}

/* Positions a query of LAYER sees. */
static int seen_by(const setting *s)
{
    const int window = model_window(&s->m->shape, LAYER);
    return window ? window : CTX;
}

static int close_all(void **state)
{
    setting *s = *state;
    calibration_close(s->c);
    passages_release(&s->text);
    engine_close(s->e);
    model_close(s->m);
    remove(s->path);
    return 0;
}

/* ---- by hand ---- */

typedef struct rows {
    float *q, *k, *v; /* [position][head][dim] */
} rows;

static bool keep(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)f;
    rows *r = self;
    const size_t heads = (size_t)cache->n_heads, dim = (size_t)cache->dim;
    if (layer != LAYER) return true;
    const size_t width = 4 * dim; /* 4 query heads in this model */
    memcpy(r->q + (size_t)first * width, q, (size_t)n * width * sizeof *q);
    for (int i = first; i < first + n; i++)
        for (size_t h = 0; h < heads; h++) {
            const size_t to = ((size_t)i * heads + h) * dim, from = (size_t)i * dim;
            memcpy(r->k + to, kv_rows(cache, &cache->layers[layer].k, (int)h) + from, dim * sizeof *q);
            memcpy(r->v + to, kv_rows(cache, &cache->layers[layer].v, (int)h) + from, dim * sizeof *q);
        }
    return true;
}

static rows run_by_hand(const setting *s, int passage)
{
    fault f = { 0 };
    const model_shape *shape = &s->m->shape;
    assert_int_equal(shape->n_heads, 4);
    const size_t n = CTX * (size_t)shape->n_heads * (size_t)shape->head_dim;
    rows r = { calloc(n, 4), calloc(n, 4), calloc(n, 4) };
    const kv_tap tap = { keep, &r };
    kv_cache *cache = kv_cache_create(shape, CTX, KV_BEFORE_ROPE, &f);
    sequence seq = { .cache = cache, .tokens = passages_at(&s->text, passage), .n = CTX, .tap = &tap };
    assert_true(engine_forward(s->e, &seq, 1, &f));
    kv_cache_destroy(cache);
    return r;
}

static void free_rows(rows *r)
{
    free(r->q), free(r->k), free(r->v);
}

static void turn(const setting *s, float *all, size_t heads)
{
    fault f = { 0 };
    const rope_table *rope = engine_layer_rope(s->e, LAYER, CTX, &f);
    for (size_t i = 0; i < CTX * heads; i++)
        rope_rotate(rope, all + i * (size_t)s->m->shape.head_dim, (int)(i / heads));
}

/* Sum over the queries of kv head 1 of q q', and of (j+1) softmax weights; keys and queries after RoPE. */
static void sums_by_hand(const setting *s, const rows *r, double *moment, double *attention)
{
    const model_shape *shape = &s->m->shape;
    const size_t dim = (size_t)shape->head_dim, heads = (size_t)shape->n_heads, kv = (size_t)shape->n_kv_heads;
    const size_t group = heads / kv;
    for (size_t j = 0; j < CTX; j++)
        for (size_t g = 0; g < group; g++) {
            const float *q = r->q + (j * heads + group + g) * dim;
            double weight[CTX], sum = 0, most = -1e300;
            for (size_t a = 0; moment && a < dim * dim; a++)
                moment[a] += (double)q[a / dim] * (double)q[a % dim];
            const size_t all = (size_t)seen_by(s), low = j + 1 > all ? j + 1 - all : 0;
            for (size_t i = low; i <= j; i++) {
                weight[i] = 0;
                for (size_t a = 0; a < dim; a++)
                    weight[i] += (double)q[a] * (double)r->k[(i * kv + 1) * dim + a];
                weight[i] *= (double)shape->score_scale;
                most = fmax(most, weight[i]);
            }
            for (size_t i = low; i <= j; i++)
                sum += exp(weight[i] - most);
            for (size_t i = low; attention && i <= j; i++)
                attention[i] += (double)(j + 1) * exp(weight[i] - most) / sum;
        }
}

static void moments_and_attention_are_the_definition(void **state)
{
    const setting *s = *state;
    const size_t dim = (size_t)s->m->shape.head_dim, kv = (size_t)s->m->shape.n_kv_heads, group = 4 / kv;
    double *moment[2] = { calloc(dim * dim, sizeof(double)), calloc(dim * dim, sizeof(double)) };
    double attention[CTX] = { 0 };
    for (int p = 0; p < PASSAGES; p++) {
        rows r = run_by_hand(s, p);
        sums_by_hand(s, &r, moment[0], NULL);
        turn(s, r.q, 4);
        turn(s, r.k, kv);
        sums_by_hand(s, &r, moment[1], attention);
        free_rows(&r);
    }
    for (int form = 0; form < 2; form++) {
        fault f = { 0 };
        kvant_samples samples;
        void *memory;
        const rope_table *rope = form ? engine_layer_rope(s->e, LAYER, CTX, &f) : NULL;
        assert_true(calibration_samples(s->c, LAYER, KVANT_K, 1, rope, &samples, &memory, &f));
        double largest = 0;
        for (size_t a = 0; a < dim * dim; a++)
            largest = fmax(largest, fabs(moment[form][a]));
        for (size_t a = 0; a < dim * dim; a++) {
            const double expected = moment[form][a] / (double)(PASSAGES * CTX * group);
            assert_true(fabs((double)samples.query_moment[a] - expected) < 1e-6 * largest);
        }
        assert_int_equal(samples.n_attention, CTX);
        double total = 0;
        for (size_t i = 0; i < CTX; i++) {
            const double seen = (double)(PASSAGES * group * (CTX - i));
            assert_true(fabs((double)samples.attention[i] - attention[i] / seen) < 1e-4);
            total += (double)samples.attention[i] * seen;
        }
        /* A query's weights sum to 1, so all of them to the sum of j+1. */
        assert_true(fabs(total / (double)(PASSAGES * group * CTX * (CTX + 1) / 2) - 1.0) < 1e-5);
        free(memory);
    }
    free(moment[0]), free(moment[1]);
}

/* Over all pairs of positions that meet: each query of the text, as often as it stands at a distance, turned by that.
 */
static void the_moment_that_keys_meet_is_turned_by_all_distances(void **state)
{
    const setting *s = *state;
    const size_t dim = (size_t)s->m->shape.head_dim, group = 4 / (size_t)s->m->shape.n_kv_heads;
    fault f = { 0 };
    const rope_table *rope = engine_layer_rope(s->e, LAYER, CTX, &f);
    double *moment = calloc(dim * dim, sizeof(double)), weight = 0, largest = 0;
    for (int p = 0; p < PASSAGES; p++) {
        rows r = run_by_hand(s, p);
        for (size_t v = 0; v < CTX * group; v++)
            for (int distance = 0; distance < seen_by(s); distance++) {
                float q[256];
                memcpy(q, r.q + (v / group * 4 + group + v % group) * dim, dim * sizeof *q);
                rope_rotate(rope, q, distance);
                weight += CTX - distance;
                for (size_t a = 0; a < dim * dim; a++)
                    moment[a] += (double)(CTX - distance) * (double)q[a / dim] * (double)q[a % dim];
            }
        free_rows(&r);
    }
    kvant_samples samples;
    void *memory;
    assert_true(calibration_samples(s->c, LAYER, KVANT_K, 1, NULL, &samples, &memory, &f));
    for (size_t a = 0; a < dim * dim; a++)
        largest = fmax(largest, fabs(moment[a]));
    for (size_t a = 0; a < dim * dim; a++)
        assert_true(fabs((double)samples.query_moment_met[a] - moment[a] / weight) < 2e-6 * largest / weight);
    free(memory);
    assert_true(calibration_samples(s->c, LAYER, KVANT_K, 1, rope, &samples, &memory, &f));
    assert_null(samples.query_moment_met); /* after RoPE the moment itself is it */
    free(memory);
    free(moment);
}

static void rows_are_the_model_s_and_pooled_heads_interleave(void **state)
{
    const setting *s = *state;
    const size_t dim = (size_t)s->m->shape.head_dim, kv = (size_t)s->m->shape.n_kv_heads;
    for (int side = KVANT_K; side <= KVANT_V; side++) {
        fault f = { 0 };
        kvant_samples one, all;
        void *memory[2];
        assert_true(calibration_samples(s->c, LAYER, side, 1, NULL, &one, &memory[0], &f));
        assert_true(calibration_samples(s->c, LAYER, side, -1, NULL, &all, &memory[1], &f));
        assert_int_equal(one.n_rows, SAMPLED * CTX);
        assert_int_equal(one.sequence, CTX);
        assert_int_equal(all.n_rows, SAMPLED * CTX * kv);
        assert_int_equal(all.sequence, CTX * kv);
        for (int p = 0; p < SAMPLED; p++) {
            rows r = run_by_hand(s, p);
            const float *exact = side == KVANT_K ? r.k : r.v;
            for (size_t i = 0; i < CTX * dim; i++) {
                const float x = exact[(i / dim * kv + 1) * dim + i % dim];
                const float kept = one.rows[(size_t)p * CTX * dim + i];
                assert_true(fabsf(kept - x) <= 0x1p-11f * fabsf(x) + 1e-7f);
                assert_true(all.rows[(((size_t)p * CTX + i / dim) * kv + 1) * dim + i % dim] == kept);
            }
            free_rows(&r);
        }
        assert_memory_equal(all.query_moment + dim * dim, one.query_moment, dim * dim * sizeof(float));
        assert_memory_equal(all.attention + CTX, one.attention, CTX * sizeof(float));
        free(memory[0]), free(memory[1]);
    }
}

static void keys_after_rope_are_turned_by_their_position(void **state)
{
    const setting *s = *state;
    const size_t dim = (size_t)s->m->shape.head_dim;
    fault f = { 0 };
    const rope_table *rope = engine_layer_rope(s->e, LAYER, CTX, &f);
    kvant_samples before, after;
    void *memory[2];
    assert_true(calibration_samples(s->c, LAYER, KVANT_K, 0, NULL, &before, &memory[0], &f));
    assert_true(calibration_samples(s->c, LAYER, KVANT_K, 0, rope, &after, &memory[1], &f));
    for (size_t i = 0; i < before.n_rows; i++) {
        float row[256];
        memcpy(row, before.rows + i * dim, dim * sizeof *row);
        rope_rotate(rope, row, (int)(i % CTX));
        assert_memory_equal(row, after.rows + i * dim, dim * sizeof *row);
    }
    free(memory[0]), free(memory[1]);
}

static void the_file_does_not_depend_on_threads(void **state)
{
    setting *s = *state;
    fault f = { 0 };
    char path[80], id[HASH_HEX];
    calibration_identity made;
    calibration_identify(s->c, &made);
    assert_string_equal(made.text, "a text");
    assert_int_equal(made.tokens, PASSAGES * CTX);
    snprintf(path, sizeof path, "%s.again", s->path);
    for (int threads = 1; threads <= 3; threads += 2) {
        engine *e = engine_open(s->m, threads, &f);
        assert_true(make(s, e, path, &f));
        assert_true(hash_file(path, id, &f));
        assert_string_equal(id, made.id);
        engine_close(e);
    }
    remove(path);
}

static void another_model_s_file_is_refused(void **state)
{
    setting *s = *state;
    fault f = { 0 };
    static const char other[HASH_HEX] = "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_null(calibration_open(s->path, other, &s->m->shape, &f));
    assert_non_null(strstr(f.text, "made with another model (0123456789abcdef"));
    model_shape shape = s->m->shape;
    shape.n_layers++;
    assert_null(calibration_open(s->path, model_id, &shape, &f));
    assert_non_null(strstr(f.text, "no tensor layers."));
    assert_null(calibration_open(MODEL, model_id, &s->m->shape, &f));
}

static void shared_text_is_found_wherever_it_stands(void **state)
{
    const setting *s = *state;
    fault f = { 0 };
    int32_t text[400];
    for (int i = 0; i < 400; i++)
        text[i] = (i * 31 + 5) % 97 + 1000;
    assert_true(calibration_overlap(s->c, text, 400, &f) == 0);
    memcpy(text + 100, s->text.tokens + CTX + 5, 31 * sizeof *text); /* one token too few */
    assert_true(calibration_overlap(s->c, text, 400, &f) == 0);
    memcpy(text + 100, s->text.tokens + CTX + 5, 34 * sizeof *text);
    assert_true(fabs(calibration_overlap(s->c, text, 400, &f) - 34.0 / 400) < 1e-12);
    memcpy(text + 300, s->text.tokens, CTX * sizeof *text);
    assert_true(fabs(calibration_overlap(s->c, text, 400, &f) - (34.0 + CTX) / 400) < 1e-12);
    assert_true(calibration_overlap(s->c, s->text.tokens, PASSAGES * CTX, &f) == 1);
    assert_true(calibration_overlap(s->c, text, 10, &f) == 0);
}

/* The header one blank longer: every tensor stands at an odd place in the file. */
static void a_file_with_odd_offsets_is_read_alike(void **state)
{
    const setting *s = *state;
    fault f = { 0 };
    char path[80], *bytes, *odd;
    size_t n;
    assert_true(file_read(s->path, &bytes, &n, &f));
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    odd = malloc(n + 1);
    memcpy(odd, bytes, 8 + header);
    odd[8 + header] = ' ';
    memcpy(odd + 9 + header, bytes + 8 + header, n - 8 - header);
    header++;
    memcpy(odd, &header, sizeof header);
    snprintf(path, sizeof path, "%s.odd", s->path);
    assert_true(file_write(path, odd, n + 1, &f));
    calibration *c = calibration_open(path, model_id, &s->m->shape, &f);
    if (!c) fail_msg("%s", f.text);
    assert_true(calibration_overlap(c, s->text.tokens, PASSAGES * CTX, &f) == 1);
    kvant_samples one, other;
    void *memory[2];
    assert_true(calibration_samples(s->c, LAYER, KVANT_K, 0, NULL, &one, &memory[0], &f));
    assert_true(calibration_samples(c, LAYER, KVANT_K, 0, NULL, &other, &memory[1], &f));
    assert_memory_equal(one.rows, other.rows, one.n_rows * (size_t)s->m->shape.head_dim * sizeof(float));
    calibration_close(c);
    remove(path);
    free(memory[0]), free(memory[1]), free(bytes), free(odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_and_attention_are_the_definition),
        cmocka_unit_test(the_moment_that_keys_meet_is_turned_by_all_distances),
        cmocka_unit_test(rows_are_the_model_s_and_pooled_heads_interleave),
        cmocka_unit_test(keys_after_rope_are_turned_by_their_position),
        cmocka_unit_test(the_file_does_not_depend_on_threads),
        cmocka_unit_test(another_model_s_file_is_refused),
        cmocka_unit_test(shared_text_is_found_wherever_it_stands),
        cmocka_unit_test(a_file_with_odd_offsets_is_read_alike),
    };
    return cmocka_run_group_tests_name("llama", tests, open_llama, close_all) +
           cmocka_run_group_tests_name("gemma3", tests, open_gemma3, close_all);
}
