#include "engine/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "engine/tokenizer_bpe.h"
#include "engine/tokenizer_spm.h"
#include "engine/user_tokens.h"

struct tokenizer {
    vocabulary vocab;
    user_tokens user;
    pretokenizer *pre; /* byte-level BPE has these two */
    bpe *bpe;
    spm *spm; /* SentencePiece has this one */
    bool space_prefix, adds_bos, adds_eos;
    int32_t bos, eos, eot, eom, unknown;
};

/* The id that a key gives, or `otherwise` where that is in the vocabulary, or -1. */
static bool read_id(const gguf *g, const char *key, int32_t otherwise, int32_t n_vocab, int32_t *id, fault *f)
{
    *id = otherwise < n_vocab ? otherwise : -1;
    if (!gguf_has(g, key)) return true;
    uint32_t value;
    if (!gguf_u32(g, key, &value, f)) return false;
    if (value >= (uint32_t)n_vocab)
        return fault_set(f, FAULT_INPUT, "%s: key %s is %u, but there are %d tokens", gguf_path(g), key, value,
                         n_vocab);
    *id = (int32_t)value;
    return true;
}

static bool read_specials(tokenizer *t, const gguf *g, bool sentencepiece, fault *f)
{
    const int32_t n = t->vocab.n;
    if (!read_id(g, "tokenizer.ggml.bos_token_id", sentencepiece ? 1 : -1, n, &t->bos, f) ||
        !read_id(g, "tokenizer.ggml.eos_token_id", sentencepiece ? 2 : -1, n, &t->eos, f) ||
        !read_id(g, "tokenizer.ggml.eot_token_id", -1, n, &t->eot, f) ||
        !read_id(g, "tokenizer.ggml.eom_token_id", -1, n, &t->eom, f) ||
        !read_id(g, "tokenizer.ggml.unknown_token_id", sentencepiece ? 0 : -1, n, &t->unknown, f))
        return false;
    const bool adds_bos = sentencepiece || pretokenizer_adds_bos(t->pre);
    if (!gguf_bool_or(g, "tokenizer.ggml.add_bos_token", adds_bos, &t->adds_bos, f) ||
        !gguf_bool_or(g, "tokenizer.ggml.add_eos_token", false, &t->adds_eos, f) ||
        !gguf_bool_or(g, "tokenizer.ggml.add_space_prefix", sentencepiece, &t->space_prefix, f))
        return false;
    if ((t->adds_bos && t->bos < 0) || (t->adds_eos && t->eos < 0))
        return fault_set(f, FAULT_INPUT, "%s: the tokenizer adds %s to a text, but the model has no such token",
                         gguf_path(g), t->adds_bos && t->bos < 0 ? "BOS" : "EOS");
    return true;
}

static bool open_bpe(tokenizer *t, const gguf *g, fault *f)
{
    gguf_string name = { "default", 7 };
    if (gguf_has(g, "tokenizer.ggml.pre") && !gguf_text(g, "tokenizer.ggml.pre", &name, f)) return false;
    t->pre = pretokenizer_open(name, f);
    if (!t->pre) return fault_prefix(f, "%s: key tokenizer.ggml.pre", gguf_path(g));
    t->bpe = bpe_open(g, &t->vocab, t->pre, f);
    return t->bpe && read_specials(t, g, false, f);
}

static bool open_spm(tokenizer *t, const gguf *g, fault *f)
{
    if (!t->vocab.score)
        return fault_set(f, FAULT_INPUT, "%s: key tokenizer.ggml.scores is missing, which tokenizer model llama needs",
                         gguf_path(g));
    if (!read_specials(t, g, true, f)) return false;
    t->spm = spm_open(&t->vocab, t->unknown, f);
    return t->spm != NULL;
}

static const struct {
    const char *name;
    bool (*open)(tokenizer *t, const gguf *g, fault *f);
} models[] = { { "gpt2", open_bpe }, { "llama", open_spm } };

static bool open_model(tokenizer *t, const gguf *g, fault *f)
{
    gguf_string name;
    if (!gguf_text(g, "tokenizer.ggml.model", &name, f)) return false;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strlen(models[i].name) == name.n && memcmp(models[i].name, name.bytes, name.n) == 0)
            return vocabulary_open(&t->vocab, g, f) && user_tokens_open(&t->user, &t->vocab, f) &&
                   models[i].open(t, g, f);
    char shown[GGUF_SHOWN];
    return fault_set(f, FAULT_INPUT, "%s: tokenizer model \"%s\" is not supported (gpt2 and llama are)", gguf_path(g),
                     gguf_shown(name, shown));
}

tokenizer *tokenizer_open(const gguf *g, fault *f)
{
    tokenizer *t = calloc(1, sizeof *t);
    if (!t) {
        fault_memory(f, "the tokenizer");
        return NULL;
    }
    if (open_model(t, g, f)) return t;
    tokenizer_close(t);
    return NULL;
}

void tokenizer_close(tokenizer *t)
{
    if (!t) return;
    spm_close(t->spm);
    bpe_close(t->bpe);
    pretokenizer_close(t->pre);
    user_tokens_close(&t->user);
    vocabulary_close(&t->vocab);
    free(t);
}

int tokenizer_n_vocab(const tokenizer *t)
{
    return t->vocab.n;
}

const char *tokenizer_model(const tokenizer *t)
{
    return t->spm ? "llama" : "gpt2";
}

const char *tokenizer_pre(const tokenizer *t)
{
    return t->pre ? pretokenizer_name(t->pre) : "";
}

int32_t tokenizer_bos(const tokenizer *t)
{
    return t->bos;
}

int32_t tokenizer_eos(const tokenizer *t)
{
    return t->eos;
}

bool tokenizer_adds_bos(const tokenizer *t)
{
    return t->adds_bos;
}

bool tokenizer_is_end(const tokenizer *t, int32_t id)
{
    if (id < 0 || id >= t->vocab.n) return false;
    return id == t->eos || id == t->eot || id == t->eom || vocabulary_ends(&t->vocab, id);
}

int32_t tokenizer_token_named(const tokenizer *t, const char *text)
{
    const int32_t id = vocabulary_find(&t->vocab, text, strlen(text));
    if (id < 0) return -1;
    const int kind = t->vocab.kind[id];
    return kind == TOKEN_CONTROL || kind == TOKEN_USER_DEFINED ? id : -1;
}

/* SentencePiece puts a space before the text and before what follows a user-defined token. */
static bool encode_parts(const tokenizer *t, const char *text, const text_part *parts, size_t n_parts, token_list *ids,
                         fault *f)
{
    bool after_token = true;
    for (size_t i = 0; i < n_parts; i++) {
        const text_part *p = &parts[i];
        const bool ok = p->token >= 0 ? token_list_push(ids, p->token, f)
                        : t->spm ? spm_encode(t->spm, text + p->at, p->n, t->space_prefix && after_token, p->at, ids, f)
                                 : bpe_encode(t->bpe, text + p->at, p->n, p->at, ids, f);
        if (!ok) return false;
        after_token = p->token >= 0;
    }
    return true;
}

/* One part: the text, and no token looked for in it. */
static bool whole(size_t n, text_part **parts, size_t *n_parts, fault *f)
{
    *n_parts = 0;
    *parts = malloc(sizeof **parts);
    if (!*parts) return fault_memory(f, "a text");
    if (n > 0) (*parts)[(*n_parts)++] = (text_part){ .at = 0, .n = n, .token = -1 };
    return true;
}

static bool encode(const tokenizer *t, const char *text, size_t n, bool add_special, bool literal, int32_t **ids,
                   size_t *n_ids, fault *f)
{
    /* Offsets are 32 bits inside, and SentencePiece's marked spaces take three bytes each. */
    if (n > TOKENIZER_MOST_BYTES)
        return fault_set(f, FAULT_INPUT, "a text of %zu bytes is too long to tokenize at once, at most %d", n,
                         TOKENIZER_MOST_BYTES);
    text_part *parts;
    size_t n_parts;
    token_list list = { 0 };
    if (!(literal ? whole(n, &parts, &n_parts, f) : user_tokens_cut(&t->user, text, n, &parts, &n_parts, f)))
        return false;
    bool ok = !(add_special && t->adds_bos) || token_list_push(&list, t->bos, f);
    ok = ok && encode_parts(t, text, parts, n_parts, &list, f);
    ok = ok && (!(add_special && t->adds_eos) || token_list_push(&list, t->eos, f));
    free(parts);
    if (ok && !list.at) { /* no tokens: still something to free */
        list.at = malloc(sizeof *list.at);
        ok = list.at || fault_memory(f, "the tokens of a text");
    }
    if (!ok) {
        free(list.at);
        return false;
    }
    *ids = list.at;
    *n_ids = list.n;
    return true;
}

bool tokenizer_encode(const tokenizer *t, const char *text, size_t n, bool add_special, int32_t **ids, size_t *n_ids,
                      fault *f)
{
    return encode(t, text, n, add_special, false, ids, n_ids, f);
}

bool tokenizer_encode_literal(const tokenizer *t, const char *text, size_t n, int32_t **ids, size_t *n_ids, fault *f)
{
    return encode(t, text, n, false, true, ids, n_ids, f);
}

static size_t copy(gguf_string text, char *bytes, size_t capacity)
{
    if (capacity > 0) memcpy(bytes, text.bytes, text.n < capacity ? text.n : capacity); /* of none, bytes may be NULL */
    return text.n;
}

size_t tokenizer_piece(const tokenizer *t, int32_t id, char *bytes, size_t capacity)
{
    if (id < 0 || id >= t->vocab.n) return 0;
    const gguf_string text = vocabulary_text(&t->vocab, id);
    const int kind = t->vocab.kind[id];
    if (kind == TOKEN_CONTROL || kind == TOKEN_UNKNOWN || kind == TOKEN_USER_DEFINED)
        return copy(text, bytes, capacity);
    const int byte = kind == TOKEN_BYTE ? spm_byte(text) : -1;
    if (byte >= 0) return copy((gguf_string){ &(char){ (char)byte }, 1 }, bytes, capacity);
    return t->spm ? spm_decode(text, bytes, capacity) : bpe_decode(text, bytes, capacity);
}
