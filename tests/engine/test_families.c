/* Families for which, or parts of families for which, no reference logits exist: the engine against tiny_model.h, which
 * computes each from its published definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/forward.h"
#include "kernels/random.h"
#include "tests/engine/tiny_model.h"

static const double pi = 3.14159265358979323846;

/* ---- angles ---- */

static void turn_plainly(tiny_angles *a, int rot, double base)
{
    a->magnitude = 1;
    for (int i = 0; i < rot / 2; i++)
        a->step[i] = pow(base, -2.0 * i / rot);
}

static void turn_all(tiny *t, double base)
{
    for (int il = 0; il < t->layers; il++)
        turn_plainly(&t->angles[il], t->rot, base);
}

static void stretch(tiny_angles *a, int rot, double factor)
{
    for (int i = 0; i < rot / 2; i++)
        a->step[i] /= factor;
}

/* ---- a model and its runs ---- */

static tiny small(const char *arch)
{
    return (tiny){ .arch = arch,
                   .layers = 3,
                   .embd = 24,
                   .ff = 40,
                   .heads = 4,
                   .kv_heads = 2,
                   .dim = 16,
                   .rot = 16,
                   .vocab = 50,
                   .ctx = 4096,
                   .base = 10000,
                   .score_scale = 0.25 };
}

/* Settled rows as tiny_compute has them. */
static bool lose_a_quarter(void *self, kv_cache *c, int layer, int first, int n, const float *q, fault *f)
{
    (void)q;
    const tiny *t = self;
    kv_side *sides[] = { &c->layers[layer].k, &c->layers[layer].v };
    for (int i = 0; i < 2; i++) {
        if (!sides[i]->open && !kv_side_open(c, sides[i], t->block, t->held, f)) return false;
        for (int h = 0; h < c->n_heads; h++) {
            const size_t at = (size_t)first * (size_t)c->dim, count = (size_t)n * (size_t)c->dim;
            float *rows = kv_rows(c, sides[i], h) + at;
            memcpy(kv_open_rows(c, sides[i], h) + at, rows, count * sizeof *rows);
            for (size_t k = 0; k < count; k++)
                rows[k] *= 0.75f;
        }
    }
    return true;
}

static void run(const tiny *t, const model *m, const int32_t *ids, int n, int threads, int step, kv_form form,
                float *logits)
{
    fault f = { 0 };
    kv_tap tap = { lose_a_quarter, (void *)t };
    engine *e = engine_open(m, threads, &f);
    kv_cache *c = kv_cache_create(&m->shape, n, form, &f);
    assert_true(e && c);
    for (int at = 0; at < n; at += step) {
        sequence s = { .cache = c,
                       .tokens = ids + at,
                       .n = n - at < step ? n - at : step,
                       .logits = logits + (size_t)at * (size_t)t->vocab,
                       .tap = t->block ? &tap : NULL };
        if (!engine_forward(e, &s, 1, &f)) fail_msg("%s", f.text);
    }
    kv_cache_destroy(c);
    engine_close(e);
}

/* The file's logits equal the definition's, in every form and cut of the work to the same bits. */
static void agrees(tiny *t, int n)
{
    static const struct {
        int threads, step;
        kv_form form;
    } ways[] = { { 2, 4096, KV_BEFORE_ROPE }, { 1, 1, KV_BEFORE_ROPE }, { 3, 7, KV_BEFORE_ROPE },
                 { 2, 5, KV_ROTATED },        { 2, 4096, KV_PACKED },   { 1, 1, KV_PACKED } };
    const size_t count = (size_t)n * (size_t)t->vocab;
    int32_t *ids = calloc((size_t)n, sizeof *ids);
    double *exact = calloc(count, sizeof *exact), worst = 0, most = 0;
    float *first = calloc(count, sizeof *first), *other = calloc(count, sizeof *other);
    builder b = { 0 };
    fault f = { 0 };
    assert_true(ids && exact && first && other);
    for (int i = 0; i < n; i++)
        ids[i] = (int32_t)(random_bits(77, (uint64_t)i) % (uint64_t)t->vocab);
    tiny_open(t, 1);
    model *m = model_open(tiny_write(t, &b), &f);
    if (!m) fail_msg("%s", f.text);
    tiny_compute(t, ids, n, exact);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        if (t->block && ways[w].form != KV_BEFORE_ROPE) continue;
        run(t, m, ids, n, ways[w].threads, ways[w].step, ways[w].form, w ? other : first);
        if (w) assert_memory_equal(other, first, count * sizeof *first);
    }
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs(exact[i] - (double)first[i]));
        most = fmax(most, fabs(exact[i]));
    }
    print_message("%-8s %3d positions: %.1e of the largest logit\n", t->arch, n, worst / most);
    assert_true(most > 0.5);
    assert_true(worst <= 1e-5 * most); /* measured: below 6e-6 */
    model_close(m);
    builder_free(&b);
    tiny_close(t);
    free(ids);
    free(exact);
    free(first);
    free(other);
}

/* ---- families ---- */

static tiny phi3(void)
{
    tiny t = small("phi3");
    t.rot = 12;
    t.fused_qkv = t.fused_gate_up = true;
    turn_all(&t, t.base);
    return t;
}

static void phi3_is_its_definition(void **state)
{
    (void)state;
    tiny t = phi3();
    agrees(&t, 40);
    t.fused_qkv = false; /* files may have them apart */
    t.tied = true;
    agrees(&t, 40);
}

static void phi3_sees_the_window_its_file_names(void **state)
{
    (void)state;
    tiny t = phi3();
    t.keys[0] = (tiny_key){ "attention.sliding_window", GGUF_U32, 7, NULL, NULL };
    for (int il = 0; il < t.layers; il++)
        t.window[il] = 7;
    agrees(&t, 40);
    t.keys[0].number = 0; /* as converters write "none" */
    memset(t.window, 0, sizeof t.window);
    agrees(&t, 40);
}

/* Ding et al.: step i is base^(-2i/n) / factor[i], the long factors in sequences past the original context. */
static void longrope_takes_its_factors_by_the_length_of_the_sequence(void **state)
{
    (void)state;
    static const float by_short[6] = { 1, 1.05f, 1.1f, 1.2f, 1.5f, 2 }, by_long[6] = { 1, 1.5f, 4, 9, 30, 62 };
    for (int past = 0; past < 2; past++)
        for (int typed = 0; typed < 2; typed++) {
            tiny t = phi3();
            t.factors_short = by_short;
            t.factors_long = by_long;
            t.keys[0] = (tiny_key){ "rope.scaling.original_context_length", GGUF_U32, 40, NULL, NULL };
            t.keys[1] = (tiny_key){ "rope.scaling.attn_factor", GGUF_F32, 1.1875, NULL, NULL };
            if (typed) t.keys[2] = (tiny_key){ "rope.scaling.type", GGUF_STRING, 0, "longrope", NULL };
            for (int il = 0; il < t.layers; il++) {
                t.angles[il].magnitude = 1.1875;
                for (int i = 0; i < 6; i++)
                    t.angles[il].step[i] /= (double)(past ? by_long : by_short)[i];
            }
            agrees(&t, past ? 41 : 40);
        }
}

static void linear_scaling_divides_positions(void **state)
{
    (void)state;
    static const char *const keys[] = { "rope.scaling.factor", "rope.scale_linear" };
    static const float freqs[8] = { 1, 1, 1, 1.5f, 2, 4, 8, 8 };
    for (int old = 0; old < 2; old++)
        for (int with = 0; with < 2; with++) {
            tiny t = small("llama");
            t.interleaved = true;
            turn_all(&t, t.base);
            t.keys[0] = (tiny_key){ keys[old], GGUF_F32, 4, NULL, NULL };
            if (with) t.freqs = freqs;
            for (int il = 0; il < t.layers; il++)
                for (int i = 0; i < 8; i++)
                    t.angles[il].step[i] /= 4 * (with ? (double)freqs[i] : 1);
            agrees(&t, 40);
        }
    tiny none = small("llama"); /* a factor that the type takes back */
    none.interleaved = true;
    turn_all(&none, none.base);
    none.keys[0] = (tiny_key){ "rope.scaling.factor", GGUF_F32, 4, NULL, NULL };
    none.keys[1] = (tiny_key){ "rope.scaling.type", GGUF_STRING, 0, "none", NULL };
    agrees(&none, 40);
}

/* Peng et al. section 3.2 and 3.4, with the ramp over pairs as all implementations have it: from the pair that turns 32
 * times in the original context, rounded down, to the one that turns once, rounded up. */
static void yarn_stretches_slow_pairs_and_lengthens_rows(void **state)
{
    (void)state;
    tiny t = small("qwen2");
    t.biases = true;
    turn_all(&t, t.base);
    t.keys[0] = (tiny_key){ "rope.scaling.type", GGUF_STRING, 0, "yarn", NULL };
    t.keys[1] = (tiny_key){ "rope.scaling.factor", GGUF_F32, 8, NULL, NULL };
    t.keys[2] = (tiny_key){ "rope.scaling.original_context_length", GGUF_U32, 512, NULL, NULL };
    const double low = floor(16 * log(512 / (2 * pi * 32)) / (2 * log(10000)));
    const double high = ceil(16 * log(512 / (2 * pi)) / (2 * log(10000)));
    for (int i = 0; i < 8; i++) {
        const double kept = 1 - fmin(1, fmax(0, (i - low) / (high - low)));
        const double turns = 512 * t.angles[0].step[i] / (2 * pi);
        if (turns >= 64) assert_true(kept == 1);
        if (turns < 0.5) assert_true(kept == 0);
        for (int il = 0; il < t.layers; il++) {
            t.angles[il].step[i] *= kept + (1 - kept) / 8;
            t.angles[il].magnitude = 1 + 0.1 * log(8);
        }
    }
    agrees(&t, 40);
    t.keys[3] = (tiny_key){ "rope.scaling.yarn_attn_factor", GGUF_F32, 1.5, NULL, NULL };
    t.keys[4] = (tiny_key){ "rope.scaling.attn_factor", GGUF_F32, 0.5, NULL, NULL };
    for (int il = 0; il < t.layers; il++)
        t.angles[il].magnitude = 0.75;
    agrees(&t, 40);
}

static tiny gemma3(int layers)
{
    tiny t = small("gemma3");
    t.layers = layers;
    t.qk_norm = t.post_norms = t.gelu = t.scaled_embedding = t.tied = true;
    t.base = 1e6;
    t.keys[0] = (tiny_key){ "attention.sliding_window", GGUF_U32, 5, NULL, NULL };
    t.keys[1] = (tiny_key){ "rope.scaling.factor", GGUF_F32, 8, NULL, NULL };
    t.keys[2] = (tiny_key){ "rope.scaling.type", GGUF_STRING, 0, "linear", NULL };
    for (int il = 0; il < layers; il++) {
        const bool local = il % 6 < 5;
        t.window[il] = local ? 5 : 0;
        turn_plainly(&t.angles[il], t.rot, local ? 10000 : 1e6);
        if (!local) stretch(&t.angles[il], t.rot, 8);
    }
    return t;
}

/* Gemma 3 report, section 2: five local layers to one global, bases 10 k and 1 M, the global ones scaled by 8. */
static void gemma3_turns_and_sees_by_layer(void **state)
{
    (void)state;
    tiny t = gemma3(7);
    agrees(&t, 40);
    t.keys[3] = (tiny_key){ "rope.scaling.attn_factor", GGUF_F32, 1.25, NULL, NULL };
    t.angles[5].magnitude = 1.25; /* nothing of the scaling is for layers with a window */
    agrees(&t, 40);
    t = gemma3(7);
    static const bool flags[7] = { false, true, true, false, true, false, false };
    t.keys[3] = (tiny_key){ "attention.sliding_window_pattern", GGUF_ARRAY, 0, NULL, flags };
    t.keys[4] = (tiny_key){ "rope.freq_base_swa", GGUF_F32, 500, NULL, NULL };
    for (int il = 0; il < 7; il++) {
        t.window[il] = flags[il] ? 5 : 0;
        turn_plainly(&t.angles[il], t.rot, flags[il] ? 500 : 1e6);
        if (!flags[il]) stretch(&t.angles[il], t.rot, 8);
    }
    agrees(&t, 40);
    t.keys[3] = (tiny_key){ "attention.sliding_window_pattern", GGUF_U32, 2, NULL, NULL };
    for (int il = 0; il < 7; il++) {
        t.window[il] = il % 2 == 0 ? 5 : 0;
        turn_plainly(&t.angles[il], t.rot, il % 2 == 0 ? 500 : 1e6);
        if (il % 2) stretch(&t.angles[il], t.rot, 8);
    }
    agrees(&t, 40);
}

/* The 27B model, known by its 62 layers, scales scores by the width of the embedding per head. */
static void the_largest_gemma3_scales_scores_by_its_embedding(void **state)
{
    (void)state;
    tiny t = gemma3(62);
    t.score_scale = 1 / sqrt(24.0 / 4);
    agrees(&t, 12);
    t.keys[3] = (tiny_key){ "attention.scale", GGUF_F32, 0.5, NULL, NULL };
    t.score_scale = 0.5;
    agrees(&t, 12);
}

static void chatglm_turns_half_a_head_by_neighbours(void **state)
{
    (void)state;
    tiny t = small("chatglm");
    t.rot = 8;
    t.interleaved = t.fused_gate_up = t.biases = true;
    turn_all(&t, t.base);
    for (int fused = 0; fused < 2; fused++) {
        t.fused_qkv = fused;
        agrees(&t, 40);
    }
}

/* What a block codec has settled and what is still open, windows of the codec and of the model: all at once. */
static void codec_blocks_and_model_windows_go_together(void **state)
{
    (void)state;
    static const unsigned blocks[][2] = { { 8, 0 }, { 4, 3 }, { 1, 6 }, { 16, 9 }, { 3, 1 } };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        tiny t = gemma3(7);
        t.block = blocks[i][0];
        t.held = blocks[i][1];
        agrees(&t, 50);
    }
}

/* More positions than a batch has, so that whole stretches of keys have left the window and are skipped. */
static void a_window_holds_past_whole_batches(void **state)
{
    (void)state;
    tiny t = gemma3(2);
    t.window[1] = 0;
    t.keys[0].number = 40;
    t.window[0] = 40;
    t.keys[3] = (tiny_key){ "attention.sliding_window_pattern", GGUF_U32, 2, NULL, NULL };
    turn_plainly(&t.angles[1], t.rot, 1e6);
    stretch(&t.angles[1], t.rot, 8);
    agrees(&t, 900);
}

/* ---- refusals ---- */

static void refused(tiny *t, const char *why)
{
    builder b = { 0 };
    fault f = { 0 };
    tiny_open(t, 1);
    model *m = model_open(tiny_write(t, &b), &f);
    if (m) fail_msg("taken, expected \"%s\"", why);
    if (!strstr(f.text, why)) fail_msg("\"%s\", expected \"%s\"", f.text, why);
    assert_int_equal(f.code, FAULT_INPUT);
    builder_free(&b);
    tiny_close(t);
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
    (void)state;
    static const float factors[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const float broken[8] = { 1, 1, -1, 1, 1, 1, 1, 1 };
    static const bool flags[3] = { true, true, false };
    const struct {
        const char *arch;
        tiny_key keys[3];
        const float *by_short, *by_long, *freqs;
        const char *why;
    } cases[] = {
        { "llama",
          { { "rope.scaling.type", GGUF_STRING, 0, "ntk-aware", NULL } },
          NULL,
          NULL,
          NULL,
          "RoPE scaling \"ntk-aware\" is not supported (supported: none, linear, yarn, longrope)" },
        { "llama",
          { { "rope.scaling.type", GGUF_STRING, 0, "longrope", NULL } },
          NULL,
          NULL,
          NULL,
          "rope_factors_long.weight is missing" },
        { "phi3", { { 0 } }, NULL, factors, NULL, "tensor rope_factors_short.weight is missing" },
        { "phi3", { { 0 } }, factors, NULL, NULL, "tensor rope_factors_short.weight has no place" },
        { "llama",
          { { "rope.scaling.factor", GGUF_F32, -2, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "llama.rope.scaling.factor is -2" },
        { "llama",
          { { "rope.scaling.factor", GGUF_F32, NAN, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "llama.rope.scaling.factor is " },
        { "llama",
          { { "rope.scaling.attn_factor", GGUF_F32, 0, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "llama.rope.scaling.attn_factor is 0" },
        { "llama",
          { { "rope.scaling.type", GGUF_STRING, 0, "yarn", NULL },
            { "rope.scaling.yarn_log_multiplier", GGUF_F32, 0.1, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "yarn_log_multiplier is 0.1" },
        { "llama",
          { { "rope.scaling.type", GGUF_STRING, 0, "yarn", NULL },
            { "rope.scaling.yarn_beta_fast", GGUF_F32, 0, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "yarn_beta_fast is 0" },
        { "llama",
          { { "rope.scaling.type", GGUF_STRING, 0, "yarn", NULL },
            { "rope.scaling.original_context_length", GGUF_U32, 0, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "original_context_length is 0" },
        { "llama", { { 0 } }, NULL, NULL, broken, "the divisor of RoPE's frequency 2 is -1" },
        { "phi3",
          { { "attention.sliding_window", GGUF_U32, 4e9, NULL, NULL } },
          NULL,
          NULL,
          NULL,
          "phi3.attention.sliding_window is 4000000000" },
        { "phi3",
          { { "attention.sliding_window", GGUF_U32, 4, NULL, NULL },
            { "attention.sliding_window_pattern", GGUF_STRING, 0, "all", NULL } },
          NULL,
          NULL,
          NULL,
          "sliding_window_pattern" },
        { "qwen2", { { "attention.scale", GGUF_F32, -1, NULL, NULL } }, NULL, NULL, NULL, "attention.scale is -1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tiny t = small(cases[i].arch);
        memcpy(t.keys, cases[i].keys, sizeof cases[i].keys);
        t.factors_short = cases[i].by_short;
        t.factors_long = cases[i].by_long;
        t.freqs = cases[i].freqs;
        t.fused_qkv = t.fused_gate_up = strcmp(t.arch, "phi3") == 0;
        t.biases = strcmp(t.arch, "qwen2") == 0;
        refused(&t, cases[i].why);
    }
    tiny t = small("phi3"); /* a pattern of another length than the layers */
    t.layers = 3;
    t.keys[0] = (tiny_key){ "attention.sliding_window", GGUF_U32, 4, NULL, NULL };
    t.keys[1] = (tiny_key){ "attention.sliding_window_pattern", GGUF_ARRAY, 2, NULL, flags };
    t.fused_qkv = t.fused_gate_up = true;
    refused(&t, "has 2 values for 3 layers");
    tiny apart = small("phi3"); /* gate and up must be one tensor there */
    apart.fused_qkv = true;
    refused(&apart, "tensor blk.0.ffn_up.weight is 24 x 40 x 1 x 1, expected 24 x 80");
    tiny fused = small("llama");
    fused.fused_qkv = true;
    refused(&fused, "tensor blk.0.attn_q.weight is missing");
}

/* ---- what a shape says ---- */

static void shapes_count_the_rows_that_windows_keep(void **state)
{
    (void)state;
    tiny t = gemma3(7);
    builder b = { 0 };
    fault f = { 0 };
    tiny_open(&t, 1);
    model *m = model_open(tiny_write(&t, &b), &f);
    if (!m) fail_msg("%s", f.text);
    assert_int_equal(model_n_windowed(&m->shape), 6);
    for (int il = 0; il < 7; il++) {
        assert_int_equal(model_window(&m->shape, il), il == 5 ? 0 : 5);
        assert_int_equal(model_rows(&m->shape, il, 3), 3);
        assert_int_equal(model_rows(&m->shape, il, 5), 5);
        assert_int_equal(model_rows(&m->shape, il, 100), il == 5 ? 100 : 5);
    }
    assert_false(model_one_rope(&m->shape));
    model_close(m);
    builder_free(&b);
    tiny_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phi3_is_its_definition),
        cmocka_unit_test(phi3_sees_the_window_its_file_names),
        cmocka_unit_test(longrope_takes_its_factors_by_the_length_of_the_sequence),
        cmocka_unit_test(linear_scaling_divides_positions),
        cmocka_unit_test(yarn_stretches_slow_pairs_and_lengthens_rows),
        cmocka_unit_test(gemma3_turns_and_sees_by_layer),
        cmocka_unit_test(the_largest_gemma3_scales_scores_by_its_embedding),
        cmocka_unit_test(chatglm_turns_half_a_head_by_neighbours),
        cmocka_unit_test(codec_blocks_and_model_windows_go_together),
        cmocka_unit_test(a_window_holds_past_whole_batches),
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(shapes_count_the_rows_that_windows_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
