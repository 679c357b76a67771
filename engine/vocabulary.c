#include "engine/vocabulary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS "tokenizer.ggml.tokens"
#define SCORES "tokenizer.ggml.scores"
#define KINDS  "tokenizer.ggml.token_type"

/* Texts that mark the end of a text, of a turn, or a gap to fill: control tokens whatever kind the file gives them, as
 * in llama.cpp, so that a corpus which contains them is text. */
static const struct {
    const char *text;
    bool ends;
} always_control[] = {
    { "<|eot_id|>", true },
    { "<|im_end|>", true },
    { "<|end|>", true },
    { "<|return|>", true },
    { "<|call|>", true },
    { "<|flush|>", true },
    { "<|calls|>", true },
    { "<end_of_turn>", true },
    { "<|endoftext|>", true },
    { "</s>", true },
    { "<|eom_id|>", true },
    { "<EOT>", true },
    { "_<EOT>", true },
    { "[EOT]", true },
    { "[EOS]", true },
    { "<|end_of_text|>", true },
    { "<end_of_utterance>", true },
    { "<eos>", true },
    { "<|fim_prefix|>", false },
    { "<fim-prefix>", false },
    { "<fim_prefix>", false },
    { "<PRE>", false },
    { "<|code_prefix|>", false },
    { "<|fim_suffix|>", false },
    { "<fim-suffix>", false },
    { "<fim_suffix>", false },
    { "<SUF>", false },
    { "<|code_suffix|>", false },
    { "<|fim_middle|>", false },
    { "<fim-middle>", false },
    { "<fim_middle>", false },
    { "<MID>", false },
    { "<|code_middle|>", false },
    { "<|fim_pad|>", false },
    { "<fim-pad>", false },
    { "<fim_pad>", false },
    { "<PAD>", false },
    { "[PAD]", false },
    { "<|fim_repo|>", false },
    { "<|repo_name|>", false },
    { "<fim-repo>", false },
    { "<REPO>", false },
    { "<reponame>", false },
    { "<|file_sep|>", false },
};

/* Control tokens that begin the turn of someone else: where a model without an end of turn stops (GLM). */
static const char *const other_turn[] = { "<|user|>", "<|observation|>" };

static bool is_text(gguf_string text, const char *expected)
{
    return strlen(expected) == text.n && memcmp(expected, text.bytes, text.n) == 0;
}

static bool is_always_control(gguf_string text)
{
    for (size_t i = 0; i < sizeof always_control / sizeof *always_control; i++)
        if (is_text(text, always_control[i].text)) return true;
    return false;
}

bool vocabulary_ends(const vocabulary *v, int32_t id)
{
    if (v->kind[id] != TOKEN_CONTROL) return false;
    const gguf_string text = vocabulary_text(v, id);
    for (size_t i = 0; i < sizeof always_control / sizeof *always_control; i++)
        if (always_control[i].ends && is_text(text, always_control[i].text)) return true;
    for (size_t i = 0; i < sizeof other_turn / sizeof *other_turn; i++)
        if (is_text(text, other_turn[i])) return true;
    return false;
}

/* The key's array must have at least one element per token. */
static bool check_array(const vocabulary *v, const gguf *g, const char *key, gguf_kind expected, fault *f)
{
    gguf_kind element;
    size_t n;
    if (!gguf_array(g, key, &element, &n, f)) return false;
    if (n < (size_t)v->n)
        return fault_set(f, FAULT_INPUT, "%s: key %s has %zu elements, fewer than the %d tokens", gguf_path(g), key, n,
                         v->n);
    if (element != expected)
        return fault_set(f, FAULT_INPUT, "%s: key %s is an array of another type, expected %s", gguf_path(g), key,
                         expected == GGUF_F32 ? "f32" : "i32");
    return true;
}

static bool read_texts(vocabulary *v, const gguf *g, fault *f)
{
    for (int32_t id = 0; id < v->n; id++) {
        const gguf_string text = gguf_array_string(g, TOKENS, (size_t)id);
        v->symbol[id] = -1;
        if (text.n == 0) continue;
        v->symbol[id] = symbol_table_add(v->symbols, text.bytes, text.n, f);
        if (v->symbol[id] < 0) return false;
        v->token[v->symbol[id]] = id;
    }
    v->n_token_symbols = symbol_table_count(v->symbols);
    return true;
}

static bool read_kinds(vocabulary *v, const gguf *g, fault *f)
{
    const bool given = gguf_has(g, KINDS);
    if (given && !check_array(v, g, KINDS, GGUF_I32, f)) return false;
    for (int32_t id = 0; id < v->n; id++) {
        int64_t kind = TOKEN_NORMAL;
        if (given) gguf_array_i64(g, KINDS, (size_t)id, &kind);
        v->kind[id] = kind > TOKEN_BYTE || kind < 0 ? TOKEN_UNDEFINED : (uint8_t)kind;
        if (kind == TOKEN_USER_DEFINED && is_always_control(vocabulary_text(v, id))) v->kind[id] = TOKEN_CONTROL;
    }
    return true;
}

static bool read_scores(vocabulary *v, const gguf *g, fault *f)
{
    if (!gguf_has(g, SCORES)) return true;
    if (!check_array(v, g, SCORES, GGUF_F32, f)) return false;
    v->score = malloc((size_t)v->n * sizeof *v->score);
    if (!v->score) return fault_memory(f, "the vocabulary");
    for (int32_t id = 0; id < v->n; id++) {
        gguf_array_f32(g, SCORES, (size_t)id, &v->score[id]);
        if (isnan(v->score[id]))
            return fault_set(f, FAULT_INPUT, "%s: key %s: element %d is not a number", gguf_path(g), SCORES, id);
    }
    return true;
}

bool vocabulary_open(vocabulary *v, const gguf *g, fault *f)
{
    *v = (vocabulary){ 0 };
    gguf_kind element;
    size_t n;
    if (!gguf_array(g, TOKENS, &element, &n, f)) return false;
    if (element != GGUF_STRING || n < 1 || n > INT32_MAX)
        return fault_set(f, FAULT_INPUT, "%s: key %s has %zu elements%s, expected 1 to %d strings", gguf_path(g),
                         TOKENS, n, element == GGUF_STRING ? "" : " that are no strings", INT32_MAX);
    v->n = (int32_t)n;
    v->symbol = malloc(n * sizeof *v->symbol);
    v->token = malloc(n * sizeof *v->token);
    v->kind = malloc(n);
    v->symbols = symbol_table_create(f);
    bool ok = v->symbols && ((v->symbol && v->token && v->kind) || fault_memory(f, "the vocabulary"));
    ok = ok && read_texts(v, g, f) && read_kinds(v, g, f) && read_scores(v, g, f);
    if (!ok) vocabulary_close(v);
    return ok;
}

void vocabulary_close(vocabulary *v)
{
    symbol_table_destroy(v->symbols);
    free(v->symbol);
    free(v->token);
    free(v->kind);
    free(v->score);
    *v = (vocabulary){ 0 };
}

int32_t vocabulary_token(const vocabulary *v, int32_t symbol)
{
    return symbol >= 0 && (size_t)symbol < v->n_token_symbols ? v->token[symbol] : -1;
}

int32_t vocabulary_find(const vocabulary *v, const char *bytes, size_t n)
{
    return vocabulary_token(v, symbol_table_find(v->symbols, bytes, n));
}

gguf_string vocabulary_text(const vocabulary *v, int32_t id)
{
    return v->symbol[id] < 0 ? (gguf_string){ "", 0 } : symbol_table_text(v->symbols, v->symbol[id]);
}
