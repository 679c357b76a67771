/* What a cache weighs: shapes from descriptions and files, bytes from codecs, the context that fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/memory.h"
#include "app/predict_answer.h"
#include "kvant/codec.h"
#include "tests/app/known.h"
#include "tests/engine/gguf_builder.h"

#define MIB 1048576.0
#define GIB 1073741824.0

static catalog *known;
static answerer *answers;

static int set_up(void **state)
{
    (void)state;
    fault f = { 0 };
    known = scanned_codecs(PLUGINS, DESCRIBER);
    if (known) answers = answerer_create(known, NULL, NULL, &f);
    if (known && !answers) print_error("%s\n", f.text);
    return answers ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    answerer_destroy(answers);
    catalog_free(known);
    return 0;
}

static prediction predicted(const char *config, const char *of, int ctx)
{
    prediction_question q = { .ctx = ctx };
    prediction p;
    snprintf(q.config, sizeof q.config, "%s", config);
    snprintf(q.model, sizeof q.model, "%s", of);
    answerer_answer(answers, &q, &p);
    if (p.state != PREDICTION_KNOWN) fail_msg("%s on %s: %s", config, of, p.text);
    return p;
}

/* ---- figures of others ---- */

/* llama.cpp's KV cache of Hermes-4-14B in MiB (40 layers, 8 kv heads, 128): computed for its formats, and measured
 * where it was run. */
static void published_table_comes_out_to_the_mib(void **state)
{
    (void)state;
    static const char described[] = "layers=40 kv=8 dim=128";
    static const char *const configs[] = { "f16",    "q8_0",   "k=q8_0 v=turbo4", "k=q8_0 v=turbo3", "k=q8_0 v=turbo2",
                                           "turbo4", "turbo3", "turbo2" };
    static const int ctx[] = { 2048, 8192, 32768, 65536, 131072 };
    static const double mib[5][8] = {
        { 320, 170, 127.5, 116.25, 106.25, 85, 62.5, 42.5 },  { 1280, 680, 510, 465, 425, 340, 250, 170 },
        { 5120, 2720, 2040, 1860, 1700, 1360, 1000, 680 },    { 10240, 5440, 4080, 3720, 3400, 2720, 2000, 1360 },
        { 20480, 10880, 8160, 7440, 6800, 5440, 4000, 2720 },
    };
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 8; j++) {
            const prediction p = predicted(configs[j], described, ctx[i]);
            if (p.bytes != mib[i][j] * MIB || p.about || p.side_bytes != 0 || p.peak_bytes != p.bytes)
                fail_msg("%s at %d: %.17g MiB, published %g", configs[j], ctx[i], p.bytes / MIB, mib[i][j]);
        }
}

static void published_bytes_per_token_come_out(void **state)
{
    (void)state;
    static const struct {
        const char *model, *config;
        double bytes;
    } cases[] = {
        { "layers=40 kv=8 dim=128", "f16", 163840 },
        { "layers=40 kv=8 dim=128", "k=q8_0 v=turbo4", 65280 },
        { "layers=40 kv=8 dim=128", "turbo4", 43520 },
        { "layers=40 kv=8 dim=128", "turbo3", 32000 },
        { "layers=40 kv=8 dim=128", "turbo2", 21760 },
        /* Heads of other sizes are padded to 128 by the turbo formats, and by no other: 68 B per 128. */
        { "layers=1 kv=1 dim=64", "turbo4", 2 * 68 },
        { "layers=1 kv=1 dim=96", "k=q8_0 v=turbo4", 102 + 68 },
        { "layers=1 kv=1 dim=192", "turbo3", 2 * 100 },
        { "layers=1 kv=1 dim=576 vdim=0", "turbo4", 340 },
        /* A model of 94 layers with 4 kv heads x 128: 94 x 4 x 2 rows of 256, 136, 68, 50 and 34 bytes. */
        { "layers=94 kv=4 dim=128", "f16", 192512 },
        { "layers=94 kv=4 dim=128", "q8_0", 102272 },
        { "layers=94 kv=4 dim=128", "turbo4", 51136 },
        { "layers=94 kv=4 dim=128", "turbo3", 37600 },
        { "layers=94 kv=4 dim=128", "turbo2", 25568 },
        /* Mode 7 keeps the values of two layers at each end in q8_0 and takes turbo2 for the others. */
        { "layers=40 kv=8 dim=128", "k=q8_0 v=turbo2 adaptive=7", 40 * 8 * 136 + 4 * 8 * 136 + 36 * 8 * 34 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const prediction p = predicted(cases[i].config, cases[i].model, 1024);
        if (p.bytes != 1024 * cases[i].bytes)
            fail_msg("%s on %s: %.17g bytes per token, expected %g", cases[i].config, cases[i].model, p.bytes / 1024,
                     cases[i].bytes);
    }
}

/* 16 of 64 layers are attention: 8 GiB at 128K, and not the 38 GB of a table that counts all of them. */
static void layers_without_a_cache_weigh_nothing(void **state)
{
    (void)state;
    static const char described[] = "layers=64 kv=4 dim=256 attention=1/4";
    assert_true(predicted("f16", described, 131072).bytes == 8 * GIB);
    assert_true(predicted("turbo4", described, 131072).bytes == 2.125 * GIB);
    assert_true(predicted("f16", "layers=64 kv=4 dim=256", 131072).bytes == 32 * GIB);
}

static void a_window_keeps_no_more_than_it_is_long(void **state)
{
    (void)state;
    static const char described[] = "layers=12 kv=2 dim=64 windows=1024:5/6";
    const double row = 2 * 2 * 64 * 2; /* of one token in one layer, f16 */
    assert_true(predicted("f16", described, 1000).bytes == 12 * 1000 * row);
    assert_true(predicted("f16", described, 1024).bytes == 12 * 1024 * row);
    assert_true(predicted("f16", described, 8192).bytes == (10 * 1024 + 2 * 8192) * row);
    /* Layers are counted alike: exceptions name those with a window and those without. */
    const double q8 = 2 * 2 * 68;
    assert_true(predicted("f16 @5:q8_0", described, 8192).bytes == (10 * 1024 + 8192) * row + 8192 * q8);
    assert_true(predicted("f16 @0:q8_0", described, 8192).bytes == (9 * 1024 + 2 * 8192) * row + 1024 * q8);
    assert_true(predicted("f16 @swa:q8_0", described, 8192).bytes == 2 * 8192 * row + 10 * 1024 * q8);
}

/* ---- what is open on the way ---- */

/* Where all streams settle at the same positions it is exact; elsewhere, as the sum of what each holds at most, it is
 * too much by what one side writes while the other fills a block. */
static void the_peak_is_the_most_of_all_shorter_contexts(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        double slack; /* tokens, in f16 */
    } cases[] = {
        { "q8_0", 0 },
        { "window(q4_0,n=20)", 0 },
        { "kivi(group=32)", 3 },
        { "k=window(kivi(group=32),n=40) v=q8_0", 9 },
        { "k=kivi(group=64) v=window(q8_0,n=7)", 17 },
    };
    const double token = 2 * 2 * 64 * 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double most = 0, before = 0;
        for (int ctx = 1; ctx <= 200; ctx++) {
            const prediction p = predicted(cases[i].config, "layers=1 kv=2 dim=64", ctx);
            if (p.bytes > most) most = p.bytes;
            if (p.peak_bytes < most || p.peak_bytes > most + cases[i].slack * token || p.peak_bytes < before)
                fail_msg("%s at %d: %g bytes, most %g, peak %g after %g", cases[i].config, ctx, p.bytes, most,
                         p.peak_bytes, before);
            before = p.peak_bytes;
        }
    }
}

/* ---- descriptions ---- */

static memory_shape shape_of(const char *text)
{
    memory_shape s;
    fault f = { 0 };
    if (!memory_shape_parse(text, &s, &f)) fail_msg("%s: %s", text, f.text);
    return s;
}

static void assert_layer(const memory_shape *s, int i, int heads, int k, int v, int window)
{
    const memory_layer *l = &s->layers[i];
    if (l->heads != heads || l->dim[KVANT_K] != k || l->dim[KVANT_V] != v || l->window != window)
        fail_msg("layer %d: %d heads x %d/%d, window %d", i, l->heads, l->dim[KVANT_K], l->dim[KVANT_V], l->window);
}

static void descriptions_are_read(void **state)
{
    (void)state;
    memory_shape s = shape_of("layers=40 kv=8 dim=128");
    assert_int_equal(s.n_layers, 40);
    assert_layer(&s, 39, 8, 128, 128, 0);
    s = shape_of("  dim=64*2,128 kv=8*2,4  layers=3 vdim=32 ctx_train=128k name=a model  of mine");
    assert_string_equal(s.name, "a model  of mine");
    assert_int_equal(s.ctx_train, 131072);
    assert_layer(&s, 1, 8, 64, 32, 0);
    assert_layer(&s, 2, 4, 128, 32, 0);
    s = shape_of("layers=12 kv=1 dim=8 windows=1k:5/6");
    assert_layer(&s, 4, 1, 8, 8, 1024);
    assert_layer(&s, 5, 1, 8, 8, 0);
    assert_layer(&s, 6, 1, 8, 8, 1024);
    s = shape_of("layers=3 kv=1 dim=8 windows=0,7*2");
    assert_layer(&s, 0, 1, 8, 8, 0);
    assert_layer(&s, 1, 1, 8, 8, 7);
    s = shape_of("layers=8 kv=1,2,3,4,5,6,7,8 dim=8 attention=1/4");
    assert_int_equal(s.n_blocks, 8);
    assert_int_equal(s.n_layers, 2);
    assert_layer(&s, 0, 4, 8, 8, 0);
    assert_layer(&s, 1, 8, 8, 8, 0);
}

static void what_is_no_description_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        { "layers=4", "says no kv=" },
        { "kv=1 dim=8", "says no layers=" },
        { "layers=4 kv=2 dim=64 window=3", "did you mean \"windows\"" },
        { "layers=4 kv=2 dim=64 colour=3", "has no \"colour\"" },
        { "layers=4 kv=2 dim=64 large", "has no \"large\"" },
        { "layers=4 kv=2 kv=2 dim=64", "kv= twice" },
        { "layers=4 kv= dim=64", "nothing stands behind kv=" },
        { "layers=0 kv=1 dim=8", "layers=0" },
        { "layers=1001 kv=1 dim=8", "0 to 1000" },
        { "layers=99999999999999999999 kv=1 dim=8", "0 to 1000" },
        { "layers=4,4 kv=1 dim=8", "one number above 0" },
        { "layers=4 kv=-1 dim=8", "kv=-1" },
        { "layers=4 kv=1.5 dim=8", "kv=1.5" },
        { "layers=4 kv=2*3 dim=8", "for 3 layers, but there are 4" },
        { "layers=4 kv=2*5 dim=8", "kv=2*5" },
        { "layers=4 kv=2*-1,2 dim=8", "kv=2*-1" },
        { "layers=4 kv=2,2,2,2, dim=8", "kv=2,2,2,2," },
        { "layers=4 kv=0 dim=8", "no layer" },
        { "layers=4 kv=1 dim=8 attention=0/4", "no layer" },
        { "layers=4 kv=1 dim=8 attention=5/4", "attention=5/4" },
        { "layers=4 kv=1 dim=8 attention=1", "attention=1" },
        { "layers=4 kv=1 dim=8 windows=8:2/0", "windows=8:2/0" },
        { "layers=4 kv=1 dim=8 windows=0:1/2", "windows=0:1/2" },
        { "layers=4 kv=1 dim=9999999", "dim=9999999" },
        { "layers=4 kv=4096,1*3 dim=4096", "layer 0: 4096 kv heads of 4096" },
        { "layers=4 kv=4096 dim=1 vdim=4096", "layer 0: 4096 kv heads of 4096" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memory_shape s;
        fault f = { 0 };
        if (memory_shape_parse(wrong[i].text, &s, &f)) fail_msg("%s is taken", wrong[i].text);
        if (!strstr(f.text, wrong[i].says) || f.code != FAULT_INPUT) fail_msg("%s: %s", wrong[i].text, f.text);
    }
}

static void files_are_no_descriptions(void **state)
{
    (void)state;
    assert_true(memory_shape_described("layers=4 kv=1"));
    assert_true(memory_shape_described(" kv=1"));
    assert_false(memory_shape_described("model.gguf"));
    assert_false(memory_shape_described("layers/kv=8.gguf"));
    assert_false(memory_shape_described("k=q8_0"));
    assert_false(memory_shape_described("layers"));
}

static void writing_and_reading_a_shape_gives_it_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "layers=40 kv=8 dim=128",
        "layers=62 kv=16 dim=128 windows=1024:5/6 ctx_train=131072",
        "layers=61 kv=1 dim=576 vdim=0",
        "layers=6 kv=8*2,4,0,2*2 dim=64*5,128 vdim=32 attention=5/6",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[MEMORY_TEXT];
        fault f = { 0 };
        const memory_shape a = shape_of(texts[i]);
        assert_true(memory_shape_write(&a, text, &f));
        const memory_shape b = shape_of(text);
        assert_int_equal(a.n_layers, b.n_layers);
        assert_int_equal(a.ctx_train, b.ctx_train);
        assert_memory_equal(a.layers, b.layers, (size_t)a.n_layers * sizeof *a.layers);
    }
}

static void a_shape_too_long_to_write_is_a_fault(void **state)
{
    (void)state;
    memory_shape s = shape_of("layers=1000 kv=8 dim=128");
    char text[MEMORY_TEXT];
    fault f = { 0 };
    for (int i = 0; i < 1000; i++)
        s.layers[i].window = 1000 + i;
    assert_false(memory_shape_write(&s, text, &f));
    assert_true(strlen(text) < MEMORY_TEXT);
}

/* ---- files ---- */

static void files_say_what_the_engine_says(void **state)
{
    (void)state;
    static const char *const files[] = { "llama", "llama3-ropefreqs", "qwen2", "qwen3", "gemma3", "chatglm" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "tests/data/arch/%s.gguf", files[i]);
        fault f = { 0 };
        memory_shape read, engine;
        model_shape m;
        gguf *g = gguf_open(path, &f);
        if (!g || !model_read_shape(g, &m, &f) || !memory_shape_of_model(&m, &engine, &f) ||
            !memory_shape_read(path, &read, &f))
            fail_msg("%s", f.text);
        assert_int_equal(read.weights, gguf_file_bytes(g));
        assert_int_equal(read.n_layers, engine.n_layers);
        assert_int_equal(read.ctx_train, engine.ctx_train);
        assert_memory_equal(read.layers, engine.layers, (size_t)read.n_layers * sizeof *read.layers);
        gguf_close(g);
    }
}

/* A file of an architecture. */
static void add_tensor(builder *b, int layer, const char *name, uint64_t rows, uint64_t offset)
{
    char full[64];
    snprintf(full, sizeof full, "blk.%d.%s.weight", layer, name);
    builder_tensor(b, full, 2, (const uint64_t[]){ 32, rows }, 0, offset);
}

static void begin(builder *b, const char *arch, uint64_t n_tensors, uint64_t n_keys, uint32_t layers)
{
    char key[64];
    *b = (builder){ 0 };
    builder_header(b, 3, n_tensors, n_keys + 5);
    builder_key_text(b, "general.architecture", arch);
    static const struct {
        const char *name;
        uint32_t value;
    } numbers[] = {
        { "block_count", 0 }, { "embedding_length", 64 }, { "attention.head_count", 4 }, { "context_length", 4096 }
    };
    for (size_t i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "%s.%s", arch, numbers[i].name);
        builder_key_u32(b, key, i == 0 ? layers : numbers[i].value);
    }
}

static memory_shape finish_file(builder *b, uint64_t floats)
{
    memory_shape s;
    fault f = { 0 };
    builder_align(b);
    float *zeros = calloc(floats + 1, sizeof *zeros);
    builder_bytes(b, zeros, floats * sizeof *zeros);
    free(zeros);
    if (!memory_shape_read(builder_save(b), &s, &f)) fail_msg("%s", f.text);
    builder_free(b);
    return s;
}

static void windows_are_read_from_files(void **state)
{
    (void)state;
    builder b;
    begin(&b, "gemma3", 0, 2, 12);
    builder_key_u32(&b, "gemma3.attention.sliding_window", 512);
    builder_key_u32(&b, "gemma3.attention.head_count_kv", 2);
    memory_shape s = finish_file(&b, 0);
    assert_int_equal(s.n_layers, 12);
    assert_layer(&s, 0, 2, 16, 16, 512);
    assert_layer(&s, 5, 2, 16, 16, 0);
    assert_layer(&s, 6, 2, 16, 16, 512);
    assert_layer(&s, 11, 2, 16, 16, 0);

    begin(&b, "unheard", 0, 2, 4);
    builder_key_u32(&b, "unheard.attention.sliding_window", 512);
    builder_key_i32s(&b, "unheard.attention.sliding_window_pattern", (const int32_t[]){ 0, 1, 1, 0 }, 4);
    s = finish_file(&b, 0);
    assert_layer(&s, 0, 4, 16, 16, 0);
    assert_layer(&s, 1, 4, 16, 16, 512);
    assert_layer(&s, 3, 4, 16, 16, 0);
    assert_string_equal(s.note, "");

    begin(&b, "unheard", 0, 2, 6);
    builder_key_u32(&b, "unheard.attention.sliding_window", 512);
    builder_key_u32(&b, "unheard.attention.sliding_window_pattern", 3);
    s = finish_file(&b, 0);
    assert_layer(&s, 1, 4, 16, 16, 512);
    assert_layer(&s, 2, 4, 16, 16, 0);

    begin(&b, "shorter", 0, 3, 2);
    builder_key_u32(&b, "shorter.attention.sliding_window", 512);
    builder_key_i32s(&b, "shorter.attention.sliding_window_pattern", (const int32_t[]){ 1, 0 }, 2);
    builder_key_u32(&b, "shorter.attention.key_length_swa", 8);
    s = finish_file(&b, 0);
    assert_layer(&s, 0, 4, 8, 16, 512);
    assert_layer(&s, 1, 4, 16, 16, 0);

    begin(&b, "unheard", 0, 1, 4);
    builder_key_u32(&b, "unheard.attention.sliding_window", 512);
    s = finish_file(&b, 0);
    assert_layer(&s, 1, 4, 16, 16, 0);
    assert_non_null(strstr(s.note, "window of 512 tokens"));
}

static void layers_of_hybrids_are_told_apart_by_their_tensors(void **state)
{
    (void)state;
    enum { FLOATS = 32 * 8 };
    builder b;
    begin(&b, "hybrid", 7, 2, 4);
    builder_key_u32(&b, "hybrid.attention.key_length", 8);
    builder_key_u32(&b, "hybrid.attention.head_count_kv", 1);
    static const struct {
        int layer;
        const char *name;
    } tensors[] = { { 0, "attn_qkv" }, { 0, "ssm_conv1d" }, { 1, "attn_qkv" }, { 1, "ssm_out" },
                    { 2, "attn_k" },   { 2, "ssm_out" },    { 3, "attn_qkv" } };
    for (uint64_t i = 0; i < 7; i++)
        add_tensor(&b, tensors[i].layer, tensors[i].name, 8, i * FLOATS * sizeof(float));
    const memory_shape s = finish_file(&b, 7 * FLOATS);
    assert_int_equal(s.n_blocks, 4);
    assert_int_equal(s.n_layers, 2);
    assert_layer(&s, 0, 1, 8, 8, 0);
}

static void head_counts_may_differ_and_be_none(void **state)
{
    (void)state;
    builder b;
    begin(&b, "mixed", 0, 2, 4);
    builder_key_i32s(&b, "mixed.attention.head_count_kv", (const int32_t[]){ 0, 2, 0, 1 }, 4);
    builder_key_u32(&b, "mixed.attention.value_length", 24);
    memory_shape s = finish_file(&b, 0);
    assert_int_equal(s.n_layers, 2);
    assert_layer(&s, 0, 2, 16, 24, 0);
    assert_layer(&s, 1, 1, 16, 24, 0);

    begin(&b, "shares", 0, 1, 4);
    builder_key_u32(&b, "shares.attention.shared_kv_layers", 3);
    s = finish_file(&b, 0);
    assert_int_equal(s.n_layers, 1);
}

static void latent_attention_keeps_its_latent(void **state)
{
    (void)state;
    builder b;
    begin(&b, "deep", 1, 0, 1);
    add_tensor(&b, 0, "attn_kv_a_mqa", 576, 0);
    const memory_shape s = finish_file(&b, 32 * 576);
    assert_layer(&s, 0, 1, 576, 0, 0);
}

static void files_that_say_nothing_sensible_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t values[2];
        const char *says;
    } wrong[] = {
        { "odd.attention.head_count_kv", { 1, -1 }, "layer 1" },
        { "odd.attention.head_count_kv", { 0, 0 }, "no layer keeps" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        builder b;
        memory_shape s;
        fault f = { 0 };
        begin(&b, "odd", 0, 1, 2);
        builder_key_i32s(&b, wrong[i].key, wrong[i].values, 2);
        assert_false(memory_shape_read(builder_save(&b), &s, &f));
        if (!strstr(f.text, wrong[i].says)) fail_msg("%s", f.text);
        builder_free(&b);
    }
    builder b;
    memory_shape s;
    fault f = { 0 };
    begin(&b, "odd", 0, 1, 2);
    builder_key_u32(&b, "odd.attention.shared_kv_layers", 3);
    assert_false(memory_shape_read(builder_save(&b), &s, &f));
    assert_non_null(strstr(f.text, "shared_kv_layers is 3, expected at most 2"));
    builder_free(&b);
}

/* ---- the ceiling ---- */

typedef struct curve {
    double fixed, per_token, jump; /* jump: every 512 tokens */
    int asked, most;
} curve;

static double curve_at(const curve *c, int ctx)
{
    return c->fixed + c->per_token * ctx + c->jump * (ctx / 512);
}

static bool curve_needs(void *self, int ctx, double *bytes, fault *f)
{
    (void)f;
    curve *c = self;
    c->asked++;
    *bytes = curve_at(c, ctx);
    if (ctx > c->most) c->most = ctx;
    return true;
}

static void the_ceiling_is_the_last_context_that_fits(void **state)
{
    (void)state;
    static const struct {
        curve c;
        double budget;
        int step;
    } cases[] = {
        { { 0, 43520, 0, 0, 0 }, 27 * GIB, 1 },
        { { 16 * GIB, 163840, 0, 0, 0 }, 27 * GIB, 1 },
        { { 16 * GIB, 163840, 0, 0, 0 }, 27 * GIB, 256 },
        { { 0, 0, 5000, 0, 0 }, 123456, 1 },
        { { 10, 1, 1000, 0, 0 }, 99999, 7 },
        { { 0, 1, 0, 0, 0 }, 1, 1 },
        { { 0, 1, 0, 0, 0 }, 1000, 1 },
        { { 0, 100, 0, 0, 0 }, 99, 1 },
        { { 0, 1, 0, 0, 0 }, 1e12, 1 },
        { { 0, 1, 0, 0, 0 }, 1e12, 1000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        curve c = cases[i].c;
        int ctx = -1;
        fault f = { 0 };
        assert_true(memory_search(curve_needs, &c, cases[i].budget, cases[i].step, MEMORY_CTX, &ctx, &f));
        assert_int_equal(ctx % cases[i].step, 0);
        if (ctx > 0 && curve_at(&c, ctx) > cases[i].budget) fail_msg("case %zu: %d does not fit", i, ctx);
        if (ctx + cases[i].step <= MEMORY_CTX && curve_at(&c, ctx + cases[i].step) <= cases[i].budget)
            fail_msg("case %zu: more than %d fits", i, ctx);
        assert_in_range(c.most, 1, MEMORY_CTX);
        if (c.asked > 60) fail_msg("case %zu: asked %d times", i, c.asked);
    }
}

/* 27 GiB less 16 GiB of weights, at 163840 bytes a token: 11 GiB / 160 KiB = 72089.6. */
static void a_ceiling_worked_by_hand(void **state)
{
    (void)state;
    curve c = { 16 * GIB, 163840, 0, 0, 0 };
    int ctx;
    fault f = { 0 };
    assert_true(memory_search(curve_needs, &c, 27 * GIB, 1, MEMORY_CTX, &ctx, &f));
    assert_int_equal(ctx, 72089);
    assert_true(memory_search(curve_needs, &c, 27 * GIB, 256, MEMORY_CTX, &ctx, &f));
    assert_int_equal(ctx, 71936);
}

static void cells_are_tokens_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(memory_cells(1000, 1), 1000);
    assert_int_equal(memory_cells(1000, 256), 1024);
    assert_int_equal(memory_cells(1024, 256), 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_table_comes_out_to_the_mib),
        cmocka_unit_test(published_bytes_per_token_come_out),
        cmocka_unit_test(layers_without_a_cache_weigh_nothing),
        cmocka_unit_test(a_window_keeps_no_more_than_it_is_long),
        cmocka_unit_test(the_peak_is_the_most_of_all_shorter_contexts),
        cmocka_unit_test(descriptions_are_read),
        cmocka_unit_test(what_is_no_description_is_told),
        cmocka_unit_test(files_are_no_descriptions),
        cmocka_unit_test(writing_and_reading_a_shape_gives_it_again),
        cmocka_unit_test(a_shape_too_long_to_write_is_a_fault),
        cmocka_unit_test(files_say_what_the_engine_says),
        cmocka_unit_test(windows_are_read_from_files),
        cmocka_unit_test(layers_of_hybrids_are_told_apart_by_their_tensors),
        cmocka_unit_test(head_counts_may_differ_and_be_none),
        cmocka_unit_test(latent_attention_keeps_its_latent),
        cmocka_unit_test(files_that_say_nothing_sensible_are_refused),
        cmocka_unit_test(the_ceiling_is_the_last_context_that_fits),
        cmocka_unit_test(a_ceiling_worked_by_hand),
        cmocka_unit_test(cells_are_tokens_rounded_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
