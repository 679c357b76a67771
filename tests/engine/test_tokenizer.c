#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/tokenizer.h"
#include "gguf_builder.h"
#include "kernels/random.h"

#define BOOKS "models/kvant-books-8m-q8_0.gguf"

static tokenizer *open_file(const char *path)
{
    fault f = { 0 };
    gguf *g = gguf_open(path, &f);
    tokenizer *t = g ? tokenizer_open(g, &f) : NULL;
    if (!t) fail_msg("%s", f.text);
    gguf_close(g); /* the tokenizer lives on */
    return t;
}

static char *read_text(const char *path, size_t *n)
{
    *n = 0;
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    char *text = malloc(2 << 20);
    assert_non_null(text);
    *n = fread(text, 1, 2 << 20, in);
    fclose(in);
    return text;
}

/* NAME.gguf's ids of text.txt, specials on, are those of NAME.tokens. */
static void reproduces(const char *folder, const char *name)
{
    char path[128];
    fault f = { 0 };
    size_t n, n_ids, n_text;
    int32_t *ids;
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    tokenizer *t = open_file(path);
    snprintf(path, sizeof path, "%s/text.txt", folder);
    char *text = read_text(path, &n);
    snprintf(path, sizeof path, "%s/%s.tokens", folder, name);
    char *expected = read_text(path, &n_text);
    assert_true(text && expected);
    expected[n_text] = 0;
    assert_true(tokenizer_encode(t, text, n, true, &ids, &n_ids, &f));
    char *at = expected;
    for (size_t i = 0; i < n_ids; i++)
        if (strtol(at, &at, 10) != ids[i]) fail_msg("%s: token %zu is %d", name, i, ids[i]);
    assert_string_equal(at + strspn(at, "\n "), "");
    free(ids);
    free(text);
    free(expected);
    tokenizer_close(t);
}

static void ids_are_the_references(void **state)
{
    (void)state;
    static const char *const names[] = { "llama",     "llama3-ropefreqs", "qwen2",           "qwen3",
                                         "llama-spm", "llama-256-Q2_K",   "llama-256-Q3_K_M" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        reproduces("tests/data/arch", names[i]);
}

static void ids_are_the_references_for_the_other_fixtures(void **state)
{
    (void)state;
    static const char *const names[] = { "chatglm",          "gemma3",         "llama-256-BF16",   "llama-256-IQ4_NL",
                                         "llama-256-IQ4_XS", "llama-256-Q4_0", "llama-256-Q4_1",   "llama-256-Q4_K_M",
                                         "llama-256-Q5_0",   "llama-256-Q5_1", "llama-256-Q5_K_M", "llama-256-Q6_K",
                                         "llama-256-Q8_0",   "llama-256-f16" };
    const char *folder = "../shared/fixtures/arch";
    fault f = { 0 };
    gguf *g = gguf_open("../shared/fixtures/arch/chatglm.gguf", &f);
    if (!g) {
        print_message("skipped: %s\n", f.text);
        skip();
    }
    gguf_close(g);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        reproduces(folder, names[i]);
}

/* The pieces of text's ids, one after the other, are `expected`. */
static void decodes_to(const tokenizer *t, const char *text, size_t n, const char *expected, size_t n_expected)
{
    fault f = { 0 };
    int32_t *ids;
    size_t n_ids, length = 0;
    char *back = malloc(2 * n + 64);
    assert_non_null(back);
    if (!tokenizer_encode(t, text, n, false, &ids, &n_ids, &f)) fail_msg("%s", f.text);
    for (size_t i = 0; i < n_ids; i++)
        length += tokenizer_piece(t, ids[i], back + length, 2 * n + 64 - length);
    assert_int_equal(length, n_expected);
    assert_memory_equal(back, expected, n_expected);
    free(ids);
    free(back);
}

/* Text of up to 300 characters of every length of UTF-8, many of them spaces, digits and apostrophes. */
static size_t random_text(uint64_t seed, char *text)
{
    static const uint32_t common[] = { ' ', ' ', '\n', '\'', '7', 's', 't', 'e', 'L', '\t', '\r', '.', 0xa0, 0x3000 };
    size_t n = 0;
    const size_t count = random_bits(8 * seed + 1, 0) % 300;
    for (size_t i = 0; i < count; i++) {
        const uint64_t r = random_bits(8 * seed + 2, i);
        uint32_t c = r % 3 == 0 ? common[(r >> 8) % 14] : (uint32_t)(r >> 8) % (r % 3 == 1 ? 0x250 : 0x110000);
        if (c >= 0xd800 && c < 0xe000) c = 'x';
        if (c < 0x80) {
            text[n++] = (char)c;
            continue;
        }
        const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        text[n++] = (char)((0xf00 >> more & 0xff) | c >> 6 * more);
        for (int k = more - 1; k >= 0; k--)
            text[n++] = (char)(0x80 | (c >> 6 * k & 0x3f));
    }
    return n;
}

static void decoding_gives_the_text_back(void **state)
{
    (void)state;
    static const char *const files[] = { BOOKS, "tests/data/arch/llama3-ropefreqs.gguf", "tests/data/arch/qwen2.gguf" };
    char text[2048];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tokenizer *t = open_file(files[i]);
        for (uint64_t seed = 0; seed < 200; seed++) {
            const size_t n = random_text(seed, text);
            decodes_to(t, text, n, text, n);
        }
        tokenizer_close(t);
    }
}

static void bytes_that_are_no_text_come_back_too(void **state)
{
    (void)state;
    char text[257];
    tokenizer *t = open_file(BOOKS);
    for (uint64_t seed = 0; seed < 200; seed++) {
        for (size_t i = 0; i < 256; i++)
            text[i + 1] = (char)random_bits(8 * seed + 3, i);
        decodes_to(t, text + 1, 256, text + 1, 256);
    }
    tokenizer_close(t);
    t = open_file("tests/data/arch/llama-spm.gguf");
    for (size_t i = 0; i < 256; i++)
        text[i + 1] = (char)(255 - i);
    text[0] = ' '; /* SentencePiece's own space in front */
    decodes_to(t, text + 1, 256, text, 257);
    tokenizer_close(t);
}

/* A SentencePiece model: scores decide, byte tokens for a and \xff only, <t> user-defined, <c> control. */
static tokenizer *spm_model(builder *b, bool prefix_key, fault *f)
{
    static const char *const tokens[] = { "<unk>", "<s>", "</s>",         "a", "b", "c", "ab", "bc", "abc", "<0xFF>",
                                          "<t>",   "<c>", "\xe2\x96\x81", "<", ">", "t", "<c" };
    static const float scores[] = { 0, 0, 0, -9, -9, -9, -2, -1, -3, 0, 0, 0, -4, -9, -9, -9, -1 };
    static const int32_t kinds[] = { 2, 3, 3, 1, 1, 1, 1, 1, 1, 6, 4, 3, 1, 1, 1, 1, 1 };
    builder_header(b, 3, 0, prefix_key ? 5 : 4);
    builder_key_text(b, "tokenizer.ggml.model", "llama");
    builder_key_texts(b, "tokenizer.ggml.tokens", tokens, 17);
    builder_key_f32s(b, "tokenizer.ggml.scores", scores, 17);
    builder_key_i32s(b, "tokenizer.ggml.token_type", kinds, 17);
    if (prefix_key) builder_key_bool(b, "tokenizer.ggml.add_space_prefix", false);
    gguf *g = gguf_open(builder_save(b), f);
    assert_non_null(g);
    tokenizer *t = tokenizer_open(g, f);
    gguf_close(g);
    return t;
}

static void encodes_to(const tokenizer *t, const char *text, bool special, const char *expected)
{
    fault f = { 0 };
    int32_t *ids;
    size_t n;
    char got[256] = "";
    if (!tokenizer_encode(t, text, strlen(text), special, &ids, &n, &f)) fail_msg("%s", f.text);
    for (size_t i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i ? " " : "", ids[i]);
    assert_string_equal(got, expected);
    free(ids);
}

static void sentencepiece_merges_by_score(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = spm_model(&b, true, &f);
    assert_string_equal(tokenizer_model(t), "llama");
    assert_string_equal(tokenizer_pre(t), "");
    encodes_to(t, "abc", false, "8"); /* bc (-1) before ab (-2); then a + bc = abc */
    encodes_to(t, "abab", false, "6 6");
    encodes_to(t, "bcbc", true, "1 7 7"); /* BOS by default, no EOS */
    encodes_to(t, "a b", false, "3 12 4");
    encodes_to(t,
               "a\xff"
               "b",
               false, "3 9 4");
    encodes_to(t, "z\xc3\xa9", false, "0 0"); /* one unknown token per character */
    encodes_to(t, "", true, "1");
    encodes_to(t, "", false, "");
    tokenizer_close(t);
    builder_free(&b);
}

static void sentencepiece_puts_a_space_before_the_text_and_after_user_tokens(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = spm_model(&b, false, &f);
    encodes_to(t, "ab", false, "12 6");
    encodes_to(t, "a<t>b<t>", false, "12 3 10 12 4 10");
    encodes_to(t, "<t>a", true, "1 10 12 3");
    tokenizer_close(t);
    builder_free(&b);
}

/* llama.cpp looks merged text up among all tokens, so "<c" + ">" is the control token after all. */
static void control_tokens_are_text_where_the_vocabulary_lets_them(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = spm_model(&b, true, &f);
    encodes_to(t, "<c>", false, "11");
    encodes_to(t, "<s>", false, "13 0 14");
    tokenizer_close(t);
    builder_free(&b);
}

#define SPACE "\xc4\xa0" /* of the byte alphabet */
#define SPACE_AB                                                                                                       \
    "\xc4\xa0"                                                                                                         \
    "ab"

static tokenizer *bpe_model(builder *b, const char *pre, const char *bos_key, fault *f)
{
    static const char *const tokens[] = { "a",      "b",          "c",     "ab", "bc",     "abc", SPACE, "<x>",
                                          "<x><y>", "<|im_end|>", "<eot>", "cc", SPACE_AB, "<",   "|",   "i",
                                          "m",      "_",          "e",     "n",  "d",      ">",   "nn" };
    static const int32_t kinds[] = { 1, 1, 1, 1, 1, 1, 1, 4, 4, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    static const char *const merges[] = { "b c", "a b", SPACE " ab", "n n", "b c" };
    builder_header(b, 3, 0, bos_key ? 6 : 5);
    builder_key_text(b, "tokenizer.ggml.model", "gpt2");
    builder_key_text(b, "tokenizer.ggml.pre", pre);
    builder_key_texts(b, "tokenizer.ggml.tokens", tokens, 23);
    builder_key_i32s(b, "tokenizer.ggml.token_type", kinds, 23);
    builder_key_texts(b, "tokenizer.ggml.merges", merges, 5);
    if (bos_key) builder_key_u32(b, bos_key, 10);
    gguf *g = gguf_open(builder_save(b), f);
    assert_non_null(g);
    tokenizer *t = tokenizer_open(g, f);
    gguf_close(g);
    return t;
}

static void merges_go_by_rank_then_from_the_left(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = bpe_model(&b, "gpt-2", NULL, &f);
    assert_int_equal(tokenizer_bos(t), -1);
    assert_false(tokenizer_adds_bos(t));
    encodes_to(t, "abc", true, "0 4"); /* b+c stands before a+b, and again behind it; no merge to abc */
    encodes_to(t, "abab ab", true, "3 3 12");
    encodes_to(t, "nnn", true, "22 19");
    encodes_to(t, "cc", true, "2 2"); /* a token, but no merge leads to it */
    tokenizer_close(t);
    builder_free(&b);
}

static void whole_tokens_win_over_merges_in_the_llama3_family(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = bpe_model(&b, "llama-bpe", "tokenizer.ggml.bos_token_id", &f);
    assert_true(tokenizer_adds_bos(t)); /* without add_bos_token in the file */
    encodes_to(t, "abc", true, "10 5");
    encodes_to(t, "cc", false, "11");
    tokenizer_close(t);
    builder_free(&b);
}

static void user_tokens_are_found_longest_first_and_control_tokens_are_text(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    tokenizer *t = bpe_model(&b, "gpt-2", NULL, &f);
    encodes_to(t, "a<x>b<x><y><x>", false, "0 7 1 8 7");
    /* named as the end of a turn: control, though the file says user-defined */
    encodes_to(t, "<|im_end|>", false, "13 14 15 16 17 18 19 20 14 21");
    char name[16];
    assert_int_equal(tokenizer_piece(t, 10, name, sizeof name), 5);
    assert_memory_equal(name, "<eot>", 5);
    assert_int_equal(tokenizer_piece(t, 12, name, 1), 3);
    assert_int_equal(name[0], ' ');
    assert_int_equal(tokenizer_piece(t, 23, name, sizeof name), 0);
    assert_int_equal(tokenizer_piece(t, -1, name, sizeof name), 0);
    tokenizer_close(t);
    builder_free(&b);
}

static void a_byte_without_a_token_is_a_fault_with_its_offset(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    int32_t *ids;
    size_t n;
    tokenizer *t = bpe_model(&b, "gpt-2", NULL, &f);
    assert_false(tokenizer_encode(t, "ab<x>ab!", 8, false, &ids, &n, &f));
    assert_string_equal(f.text, "the byte 0x21 at offset 7 of the text has no token in this vocabulary");
    assert_int_equal(f.code, FAULT_INPUT);
    tokenizer_close(t);
    builder_free(&b);
}

static void unfit_tokenizers_are_refused_by_name(void **state)
{
    (void)state;
    fault f = { 0 };
    builder b = { 0 };
    assert_null(bpe_model(&b, "nonsense", NULL, &f));
    assert_non_null(strstr(f.text, b.path));
    assert_non_null(strstr(f.text, "key tokenizer.ggml.pre: pre-tokenizer \"nonsense\" is not known (known: "));
    builder_free(&b);
    assert_null(bpe_model(&b, "llama-bpe", NULL, &f));
    assert_non_null(strstr(f.text, "adds BOS to a text, but the model has no such token"));
    builder_free(&b);

    builder_header(&b, 3, 0, 1);
    builder_key_text(&b, "tokenizer.ggml.model", "bert");
    gguf *g = gguf_open(builder_save(&b), &f);
    assert_null(tokenizer_open(g, &f));
    assert_non_null(strstr(f.text, "tokenizer model \"bert\" is not supported (gpt2 and llama are)"));
    gguf_close(g);
    builder_free(&b);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One piece of a megabyte: n log n is below a second, n squared would be hours. */
static void a_megabyte_without_spaces_is_not_quadratic(void **state)
{
    (void)state;
    static const char *const files[] = { BOOKS, "tests/data/arch/llama-spm.gguf" };
    const size_t n = 1000000;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + random_bits(5, i) % 26);
    for (size_t i = 0; i < 2; i++) {
        fault f = { 0 };
        int32_t *ids;
        size_t n_ids;
        tokenizer *t = open_file(files[i]);
        const double start = seconds();
        assert_true(tokenizer_encode(t, text, n, false, &ids, &n_ids, &f));
        print_message("%s: %zu tokens of a megabyte without spaces in %.2f s\n", files[i], n_ids, seconds() - start);
        assert_true(seconds() - start < 20); /* sanitizers and a busy machine included */
        free(ids);
        tokenizer_close(t);
    }
    free(text);
}

static void a_corpus_is_tokenized_in_a_second(void **state)
{
    (void)state;
    size_t n, n_ids;
    fault f = { 0 };
    int32_t *ids;
    char *text = read_text("../shared/fixtures/text/wikitext2-test.txt", &n);
    if (!text) {
        print_message("skipped: the corpus is not there\n");
        skip();
    }
    tokenizer *t = open_file(BOOKS);
    const double start = seconds();
    assert_true(tokenizer_encode(t, text, n, true, &ids, &n_ids, &f));
    print_message("%zu bytes, %zu tokens, %.2f s\n", n, n_ids, seconds() - start);
    assert_true(seconds() - start < 20);
    free(ids);
    decodes_to(t, text, n, text, n);
    free(text);
    tokenizer_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_references),
        cmocka_unit_test(ids_are_the_references_for_the_other_fixtures),
        cmocka_unit_test(decoding_gives_the_text_back),
        cmocka_unit_test(bytes_that_are_no_text_come_back_too),
        cmocka_unit_test(sentencepiece_merges_by_score),
        cmocka_unit_test(sentencepiece_puts_a_space_before_the_text_and_after_user_tokens),
        cmocka_unit_test(control_tokens_are_text_where_the_vocabulary_lets_them),
        cmocka_unit_test(merges_go_by_rank_then_from_the_left),
        cmocka_unit_test(whole_tokens_win_over_merges_in_the_llama3_family),
        cmocka_unit_test(user_tokens_are_found_longest_first_and_control_tokens_are_text),
        cmocka_unit_test(a_byte_without_a_token_is_a_fault_with_its_offset),
        cmocka_unit_test(unfit_tokenizers_are_refused_by_name),
        cmocka_unit_test(a_megabyte_without_spaces_is_not_quadratic),
        cmocka_unit_test(a_corpus_is_tokenized_in_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
