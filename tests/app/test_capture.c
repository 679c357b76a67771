/* A capture holds the rows of the cache and the queries that met them, to the last bit in f32. */
#include "app/capture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernels/half.h"

enum { CTX = 530, PASSAGES = 2 }; /* more than the engine computes at once */

static char path[64];

typedef struct setting {
    model *m;
    engine *e;
    int32_t tokens[PASSAGES * CTX];
    passages text;
} setting;

static void open_setting(setting *s, const char *file)
{
    fault f = { 0 };
    if (!(s->m = model_open(file, &f)) || !(s->e = engine_open(s->m, 2, &f))) fail_msg("%s", f.text);
    for (int i = 0; i < PASSAGES * CTX; i++)
        s->tokens[i] = (i * 37 + 11) % s->m->shape.n_vocab;
    s->text = (passages){ .tokens = s->tokens, .n = PASSAGES, .length = CTX };
    memset(s->text.text_id, 'a', HASH_HEX - 1);
}

static void close_setting(setting *s)
{
    engine_close(s->e);
    model_close(s->m);
}

static capture_request request_of(const setting *s, bool rotated, safetensors_type type)
{
    return (capture_request){ .e = s->e,
                              .text = &s->text,
                              .model_id = "0123",
                              .text_name = "text \xff",
                              .seed = 3,
                              .rotated = rotated,
                              .type = type };
}

static safetensors *captured(const setting *s, bool rotated, safetensors_type type)
{
    fault f = { 0 };
    const capture_request r = request_of(s, rotated, type);
    if (!capture(&r, path, &f)) fail_msg("%s", f.text);
    safetensors *file = safetensors_open(path, &f);
    if (!file) fail_msg("%s", f.text);
    return file;
}

typedef struct kept {
    float *q; /* [layer][CTX][heads * dim] */
    size_t width;
} kept;

static bool keep(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    (void)cache;
    (void)f;
    const kept *k = self;
    memcpy(k->q + ((size_t)layer * CTX + (size_t)first) * k->width, q, (size_t)n * k->width * sizeof *q);
    return true;
}

static void same(const float *expected, const safetensor *t, size_t head, size_t passage, size_t position, size_t dim)
{
    const size_t row = (head * PASSAGES + passage) * CTX + position;
    for (size_t i = 0; i < dim; i++) {
        const float *single = t->bytes;
        const uint16_t *half = t->bytes;
        const float stored = t->type == SAFETENSORS_F32 ? single[row * dim + i] : half_to_float(half[row * dim + i]);
        const float want = t->type == SAFETENSORS_F32 ? expected[i] : half_to_float(half_from_float(expected[i]));
        if (stored != want)
            fail_msg("%s, head %zu, passage %zu, position %zu, column %zu: %g, expected %g", t->name, head, passage,
                     position, i, (double)stored, (double)want);
    }
}

static void compare(setting *s, const safetensors *file, bool rotated)
{
    const model_shape *shape = &s->m->shape;
    const size_t dim = (size_t)shape->head_dim, width = (size_t)shape->n_heads * dim;
    fault f = { 0 };
    kept k = { malloc((size_t)shape->n_layers * CTX * width * sizeof(float)), width };
    const kv_tap tap = { keep, &k };
    const rope_table *rope = engine_layer_rope(s->e, 0, CTX, &f);
    for (size_t p = 0; p < PASSAGES; p++) {
        kv_cache *c = kv_cache_create(shape, CTX, rotated ? KV_ROTATED : KV_BEFORE_ROPE, &f);
        sequence seq = { .cache = c, .tokens = s->tokens + p * CTX, .n = CTX, .tap = &tap };
        assert_true(engine_forward(s->e, &seq, 1, &f));
        for (int il = 0; il < shape->n_layers; il++) {
            char name[3][32];
            for (int i = 0; i < 3; i++)
                snprintf(name[i], sizeof name[i], "layers.%d.%c", il, "kvq"[i]);
            const safetensor *tk = safetensors_find(file, name[0]), *tv = safetensors_find(file, name[1]),
                             *tq = safetensors_find(file, name[2]);
            assert_true(tk && tv && tq);
            assert_true(tk->dims[0] == (uint64_t)shape->n_kv_heads && tk->dims[1] == PASSAGES * CTX &&
                        tk->dims[2] == dim && tq->dims[0] == (uint64_t)shape->n_heads);
            for (size_t t = 0; t < CTX; t++) {
                for (int h = 0; h < shape->n_kv_heads; h++) {
                    same(kv_rows(c, &c->layers[il].k, h) + t * dim, tk, (size_t)h, p, t, dim);
                    same(kv_rows(c, &c->layers[il].v, h) + t * dim, tv, (size_t)h, p, t, dim);
                }
                for (int h = 0; h < shape->n_heads; h++) {
                    float *q = k.q + ((size_t)il * CTX + t) * width + (size_t)h * dim;
                    if (rotated) rope_rotate(rope, q, (int)t);
                    same(q, tq, (size_t)h, p, t, dim);
                }
            }
        }
        kv_cache_destroy(c);
    }
    free(k.q);
}

static void a_capture_is_the_cache(void **state)
{
    (void)state;
    static const char *const models[] = { "llama", "llama3-ropefreqs", "qwen2", "qwen3" };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char file[96];
        setting s;
        snprintf(file, sizeof file, "tests/data/arch/%s.gguf", models[i]);
        open_setting(&s, file);
        for (int form = 0; form < 4; form++) {
            safetensors *c = captured(&s, form & 1, form & 2 ? SAFETENSORS_F16 : SAFETENSORS_F32);
            compare(&s, c, form & 1);
            const safetensor *tokens = safetensors_find(c, "tokens"), *factors = safetensors_find(c, "rope.factors");
            assert_true(tokens->type == SAFETENSORS_I32 && tokens->dims[0] == PASSAGES && tokens->dims[1] == CTX);
            assert_memory_equal(tokens->bytes, s.tokens, sizeof s.tokens);
            assert_int_equal(factors != NULL, i == 1);
            if (factors) assert_memory_equal(factors->bytes, s.m->ropes[0].divisors, factors->n_bytes);
            safetensors_close(c);
        }
        close_setting(&s);
    }
}

static void a_capture_says_what_it_is(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        { "format", "kvant capture" },
        { "version", "1" },
        { "model", "0123" },
        { "text", "text ?" },
        { "ctx", "530" },
        { "passages", "2" },
        { "seed", "3" },
        { "rope", "post" },
        { "rope_pairs", "halves" },
        { "rope_dims", "48" },
        { "n_heads", "4" },
        { "n_kv_heads", "2" },
        { "head_dim", "48" },
    };
    setting s;
    open_setting(&s, "tests/data/arch/qwen3.gguf");
    safetensors *c = captured(&s, true, SAFETENSORS_F16);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *word = safetensors_word(c, words[i][0]);
        if (!word || strcmp(word, words[i][1]) != 0)
            fail_msg("%s is \"%s\", expected \"%s\"", words[i][0], word ? word : "", words[i][1]);
    }
    assert_true(strtod(safetensors_word(c, "rope_theta"), NULL) == (double)s.m->shape.rope_base);
    safetensors_close(c);
    close_setting(&s);
}

static void what_f16_cannot_hold_is_refused(void **state)
{
    (void)state;
    setting s;
    fault f = { 0 };
    open_setting(&s, "tests/data/arch/llama.gguf");
    for (int i = 0; i < s.m->shape.n_embd; i++)
        s.m->layers[1].attn_norm[i] *= 1e6f;
    const capture_request half = request_of(&s, false, SAFETENSORS_F16);
    unlink(path);
    assert_false(capture(&half, path, &f));
    assert_non_null(strstr(f.text, "layer 1, k, head 0: the row at position 0 holds "));
    assert_non_null(strstr(f.text, "use --type f32"));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_int_not_equal(access(path, F_OK), 0);
    safetensors_close(captured(&s, false, SAFETENSORS_F32));
    s.m->layers[1].attn_norm[0] = NAN;
    const capture_request single = request_of(&s, false, SAFETENSORS_F32);
    assert_false(capture(&single, path, &f));
    assert_non_null(strstr(f.text, "layer 1, k, head 0: the row at position 0 holds "));
    assert_non_null(strstr(f.text, "is no number of any type"));
    close_setting(&s);
}

static bool stop_at_half(void *self, uint64_t done, uint64_t total)
{
    uint64_t *last = self;
    assert_true(done >= *last && done <= total);
    *last = done;
    return done < total / 2;
}

static void a_capture_that_is_stopped_leaves_nothing(void **state)
{
    (void)state;
    setting s;
    fault f = { 0 };
    uint64_t last = 0;
    open_setting(&s, "tests/data/arch/llama.gguf");
    capture_request r = request_of(&s, false, SAFETENSORS_F16);
    r.at = stop_at_half;
    r.self = &last;
    unlink(path);
    assert_false(capture(&r, path, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(last, CTX * (uint64_t)s.m->shape.n_layers);
    close_setting(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_is_the_cache),
        cmocka_unit_test(a_capture_says_what_it_is),
        cmocka_unit_test(what_f16_cannot_hold_is_refused),
        cmocka_unit_test(a_capture_that_is_stopped_leaves_nothing),
    };
    strcpy(path, "/tmp/kvant-capture.XXXXXX");
    const int file = mkstemp(path);
    if (file < 0) return 1;
    close(file);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
