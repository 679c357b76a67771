#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/gguf.h"
#include "engine/tensor.h"
#include "engine/tokenizer.h"
#include "gguf_builder.h"

/* Touches everything that a file which opened says it has, and opens its tokenizer. Sanitizers watch. */
static size_t touch(const gguf *g)
{
    size_t sum = 0;
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const gguf_tensor *t = gguf_tensor_at(g, i);
        sum += t->name.n + (uint8_t)t->name.bytes[t->name.n - 1] + t->data[0] + t->data[t->n_bytes - 1];
        assert_int_equal(tensor_row_bytes(tensor_type_of(t->type), t->dims[0]) * t->dims[1] * t->dims[2] * t->dims[3],
                         t->n_bytes);
    }
    for (size_t i = 0; i < gguf_n_keys(g); i++)
        sum += gguf_key_name(g, i).n + gguf_key_kind(g, i);
    fault f = { 0 };
    tokenizer *t = tokenizer_open(g, &f);
    assert_true(t || f.text[0]);
    if (t) {
        int32_t *ids;
        size_t n;
        if (tokenizer_encode(t, "A \xff text\n", 8, true, &ids, &n, &f)) {
            for (size_t i = 0; i < n; i++) {
                assert_true(ids[i] >= 0 && ids[i] < tokenizer_n_vocab(t));
                sum += (size_t)ids[i];
            }
            free(ids);
        }
    }
    tokenizer_close(t);
    return sum;
}

/* Opens what was saved: fine or a message. */
static bool opens(const char *path)
{
    fault f = { 0 };
    gguf *g = gguf_open(path, &f);
    if (!g) {
        assert_true(f.text[0] && f.code == FAULT_INPUT);
        return false;
    }
    touch(g);
    gguf_close(g);
    return true;
}

/* A model with every kind of metadata and a tokenizer of either sort; small enough to damage at every byte. Returns
 * where its data begins. */
static size_t tiny_model(builder *b, bool sentencepiece)
{
    static const char *const tokens[] = { "<s>", "</s>", "a", "b", "ab", "<0xFF>", "\xc4\xa0", "<u>" };
    builder_header(b, 3, 2, sentencepiece ? 9 : 10);
    builder_key_text(b, "tokenizer.ggml.model", sentencepiece ? "llama" : "gpt2");
    builder_key_texts(b, "tokenizer.ggml.tokens", tokens, 8);
    builder_key_i32s(b, "tokenizer.ggml.token_type", (int32_t[]){ 3, 3, 1, 1, 1, 6, 1, 4 }, 8);
    builder_key_f32s(b, "tokenizer.ggml.scores", (float[]){ 0, 0, -1, -2, -3, 0, -5, 0 }, 8);
    if (!sentencepiece) builder_key_texts(b, "tokenizer.ggml.merges", (const char *const[]){ "a b" }, 1);
    builder_key_u32(b, "tokenizer.ggml.bos_token_id", 0);
    builder_key_u32(b, "tokenizer.ggml.eos_token_id", 1);
    builder_key_bool(b, "tokenizer.ggml.add_bos_token", true);
    builder_key_text(b, "tokenizer.ggml.pre", "llama-bpe");
    builder_key(b, "some.number", GGUF_F64);
    builder_u64(b, 0x3ff0000000000000u);
    builder_tensor(b, "token_embd.weight", 2, (uint64_t[]){ 4, 8 }, 0, 0);
    builder_tensor(b, "output.weight", 1, (uint64_t[]){ 32 }, 8, 128);
    builder_align(b);
    const size_t data = b->n;
    for (int i = 0; i < 128 + 34; i++)
        builder_bytes(b, &(uint8_t){ (uint8_t)i }, 1);
    return data;
}

static void truncated_gguf_is_refused(void **state)
{
    (void)state;
    for (int sort = 0; sort < 2; sort++) {
        builder b = { 0 };
        tiny_model(&b, sort);
        for (size_t n = 0; n < b.n; n++)
            assert_false(opens(builder_save_part(&b, n)));
        assert_true(opens(builder_save(&b)));
        builder_free(&b);
    }
}

static void a_flipped_byte_opens_or_is_refused(void **state)
{
    (void)state;
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    for (int sort = 0; sort < 2; sort++) {
        builder b = { 0 };
        const size_t data = tiny_model(&b, sort);
        const char *path = builder_save(&b);
        for (size_t at = 0; at < data; at++) {
            const uint8_t right = b.bytes[at];
            for (size_t v = 0; v <= sizeof values; v++) {
                builder_poke(&b, at, v < sizeof values ? values[v] : right ^ 1);
                opens(path);
            }
            builder_poke(&b, at, right);
        }
        builder_free(&b);
    }
}

static void real_model_truncated_or_damaged_opens_or_is_refused(void **state)
{
    (void)state;
    builder b = { 0 };
    FILE *in = fopen("tests/data/arch/llama-256-Q2_K.gguf", "rb");
    assert_non_null(in);
    uint8_t bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        builder_bytes(&b, bytes, n);
    fclose(in);
    const size_t metadata = 12755; /* where the description of its last tensor ends */
    for (size_t n = 0; n < metadata; n++)
        assert_false(opens(builder_save_part(&b, n)));
    for (size_t n = metadata; n < b.n; n += 40009)
        assert_false(opens(builder_save_part(&b, n)));
    const char *path = builder_save(&b);
    for (size_t at = 0; at < metadata; at++) {
        const uint8_t right = b.bytes[at];
        builder_poke(&b, at, (uint8_t)~right);
        opens(path);
        builder_poke(&b, at, right);
    }
    assert_true(opens(path));
    builder_free(&b);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* 200 000 keys and as many tensors: quadratic work would be 10^10 steps. */
static void opening_is_not_quadratic_in_hostile_counts(void **state)
{
    (void)state;
    builder b = { 0 };
    char name[32];
    const int n = 200000;
    builder_header(&b, 3, (uint64_t)n, (uint64_t)n);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "k%d", i);
        builder_key_u32(&b, name, (uint32_t)i);
    }
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "t%d", i);
        builder_tensor(&b, name, 1, (uint64_t[]){ 1 }, 0, 0);
    }
    builder_align(&b);
    builder_u32(&b, 0);
    fault f = { 0 };
    const double start = seconds();
    gguf *g = gguf_open(builder_save(&b), &f);
    assert_non_null(g);
    uint32_t value;
    assert_true(gguf_u32(g, "k123456", &value, &f));
    assert_int_equal(value, 123456);
    assert_non_null(gguf_find_tensor(g, "t199999"));
    assert_true(seconds() - start < 5);
    gguf_close(g);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_gguf_is_refused),
        cmocka_unit_test(a_flipped_byte_opens_or_is_refused),
        cmocka_unit_test(real_model_truncated_or_damaged_opens_or_is_refused),
        cmocka_unit_test(opening_is_not_quadratic_in_hostile_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
