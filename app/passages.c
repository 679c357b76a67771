#include "app/passages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/fingerprint.h"
#include "base/file.h"
#include "engine/sample.h"

#define SAMPLE_CACHE_BYTES ((size_t)512 << 20) /* caches of sequences that are sampled together */
enum { SAMPLE_TOGETHER = 32 };

void passages_release(passages *p)
{
    free(p->tokens);
    *p = (passages){ 0 };
}

const int32_t *passages_at(const passages *p, int i)
{
    return p->tokens + (size_t)i * (size_t)p->length;
}

/* ---- a file ---- */

/* The file's tokens, from the shelf or the tokenizer. *tokens is malloc'd. */
static bool file_tokens(const passages_request *r, const tokenizer *t, const shelf *kept, int32_t **tokens, size_t *n,
                        char text_id[HASH_HEX], fault *f)
{
    size_t bytes;
    char *text;
    if (!file_read(r->text, &text, &bytes, f)) return fault_prefix(f, "text");
    hash h;
    hash_start(&h);
    hash_bytes(&h, text, bytes);
    hash_finish(&h, text_id);
    char key[HASH_HEX];
    hash_start(&h);
    hash_string(&h, fingerprint_engine());
    hash_string(&h, r->model_id);
    hash_string(&h, text_id);
    hash_finish(&h, key);
    shelf_entry e;
    bool ok = true;
    if (shelf_get(kept, "tokens", key, &e)) {
        *n = e.n / sizeof **tokens;
        *tokens = malloc(e.n);
        if (*tokens)
            memcpy(*tokens, e.bytes, *n * sizeof **tokens);
        else
            ok = fault_memory(f, "the tokens");
        shelf_release(&e);
    } else {
        ok = tokenizer_encode(t, text, bytes, true, tokens, n, f);
        if (ok && *n > 0 && !shelf_put(kept, "tokens", key, &(shelf_part){ *tokens, *n * sizeof **tokens }, 1, f)) {
            free(*tokens);
            ok = false;
        }
        if (!ok) fault_prefix(f, "text %s", r->text);
    }
    free(text);
    return ok;
}

static bool from_file(const passages_request *r, const tokenizer *t, const shelf *kept, passages *out, fault *f)
{
    int32_t *tokens;
    size_t n;
    if (!file_tokens(r, t, kept, &tokens, &n, out->text_id, f)) return false;
    size_t whole = n / (size_t)r->length, wanted = (size_t)r->n;
    out->text_tokens = n;
    if (whole < 1 || (whole < wanted && !r->at_most)) {
        free(tokens);
        return fault_set(f, FAULT_INPUT,
                         "text %s: %zu tokens are %zu passages of %d, but %d are asked for (--passages, --ctx)",
                         r->text, n, whole, r->length, r->n);
    }
    out->n = (int)(whole < wanted ? whole : wanted);
    out->length = r->length;
    out->tokens = tokens;
    if (r->from_end) {
        size_t skipped = (whole - (size_t)out->n) * (size_t)r->length;
        memmove(tokens, tokens + skipped, (size_t)out->n * (size_t)r->length * sizeof *tokens);
    }
    for (int i = 0; tokenizer_adds_bos(t) && i < out->n; i++)
        tokens[(size_t)i * (size_t)r->length] = tokenizer_bos(t);
    return true;
}

/* ---- self ---- */

static void self_key(const passages_request *r, int passage, char key[HASH_HEX])
{
    char numbers[96];
    snprintf(numbers, sizeof numbers, "self seed %llu passage %d length %d", (unsigned long long)r->seed, passage,
             r->length);
    hash h;
    hash_start(&h);
    hash_string(&h, fingerprint_engine());
    hash_string(&h, r->model_id);
    hash_string(&h, numbers);
    hash_finish(&h, key);
}

/* Samples passages ids[0 … n-1] side by side, one token each per step. */
static bool sample_some(const passages_request *r, engine *e, int32_t first_token, const int *ids, int n, passages *out,
                        const passages_watch *watch, size_t done, fault *f)
{
    const model_shape *s = &engine_model(e)->shape;
    size_t vocab = (size_t)s->n_vocab;
    sequence *seqs = calloc((size_t)n, sizeof *seqs);
    float *logits = reallocarray(NULL, (size_t)n * vocab, sizeof *logits);
    bool ok = (seqs && logits) || fault_memory(f, "sampling");
    for (int i = 0; ok && i < n; i++) {
        int32_t *tokens = out->tokens + (size_t)ids[i] * (size_t)r->length;
        tokens[0] = first_token;
        seqs[i] = (sequence){ .cache = kv_cache_create(s, r->length, KV_PACKED, f),
                              .tokens = tokens,
                              .n = 1,
                              .logits = logits + (size_t)i * vocab };
        ok = seqs[i].cache != NULL;
    }
    for (int at = 1; ok && at < r->length; at++) {
        ok = engine_forward(e, seqs, n, f);
        for (int i = 0; ok && i < n; i++) {
            int32_t *next = out->tokens + (size_t)ids[i] * (size_t)r->length + at;
            uint64_t draw = (uint64_t)ids[i] << 32 | (uint64_t)at;
            *next = sample_temperature(seqs[i].logits, vocab, 1.0, r->seed, draw);
            seqs[i].tokens = next;
        }
        size_t steps = done * (size_t)r->length + (size_t)at * (size_t)n;
        if (ok && !watch->at(watch->self, PASSAGES_SAMPLING, steps, (size_t)out->n * (size_t)r->length))
            ok = fault_set(f, FAULT_INTERRUPTED, "interrupted while sampling the text");
    }
    for (int i = 0; seqs && i < n; i++)
        kv_cache_destroy(seqs[i].cache);
    free(seqs);
    free(logits);
    return ok;
}

static int sampled_together(const model_shape *s, int length)
{
    size_t one = 2 * model_kv_bytes(s) * (size_t)length, n = SAMPLE_CACHE_BYTES / (one + 1);
    return n < 1 ? 1 : n > SAMPLE_TOGETHER ? SAMPLE_TOGETHER : (int)n;
}

static bool keep_sampled(const passages_request *r, const int *ids, int n, const passages *out, const shelf *kept,
                         fault *f)
{
    for (int i = 0; i < n; i++) {
        char key[HASH_HEX];
        self_key(r, ids[i], key);
        shelf_part part = { passages_at(out, ids[i]), (size_t)r->length * sizeof(int32_t) };
        if (!shelf_put(kept, "self", key, &part, 1, f)) return false;
    }
    return true;
}

static bool from_self(const passages_request *r, const tokenizer *t, engine *e, const shelf *kept,
                      const passages_watch *watch, passages *out, fault *f)
{
    int32_t first = tokenizer_bos(t) >= 0 ? tokenizer_bos(t) : tokenizer_eos(t);
    if (first < 0)
        return fault_set(f, FAULT_INPUT,
                         "text self: the model has neither BOS nor EOS to begin with; give --text FILE");
    *out = (passages){ .n = r->n, .length = r->length, .text_tokens = (uint64_t)r->n * (uint64_t)r->length };
    char words[64];
    snprintf(words, sizeof words, "self seed %llu", (unsigned long long)r->seed);
    hash h;
    hash_start(&h);
    hash_string(&h, r->model_id);
    hash_string(&h, words);
    hash_finish(&h, out->text_id);
    out->tokens = reallocarray(NULL, (size_t)r->n, (size_t)r->length * sizeof *out->tokens);
    int *missing = reallocarray(NULL, (size_t)r->n, sizeof *missing);
    bool ok = (out->tokens && missing) || fault_memory(f, "the text");
    int n_missing = 0;
    for (int i = 0; ok && i < r->n; i++) {
        char key[HASH_HEX];
        self_key(r, i, key);
        shelf_entry entry;
        size_t bytes = (size_t)r->length * sizeof *out->tokens;
        bool found = shelf_get(kept, "self", key, &entry) && entry.n == bytes;
        if (found)
            memcpy(out->tokens + (size_t)i * (size_t)r->length, entry.bytes, bytes);
        else
            missing[n_missing++] = i;
        shelf_release(&entry);
    }
    if (n_missing > 0) watch->at(watch->self, PASSAGES_SAMPLING, 0, (size_t)r->n * (size_t)r->length);
    int together = sampled_together(&engine_model(e)->shape, r->length);
    for (int i = 0; ok && i < n_missing; i += together) {
        int n = n_missing - i < together ? n_missing - i : together;
        size_t done = (size_t)(r->n - n_missing + i);
        ok = sample_some(r, e, first, missing + i, n, out, watch, done, f) &&
             keep_sampled(r, missing + i, n, out, kept, f);
    }
    free(missing);
    if (!ok) passages_release(out);
    return ok;
}

bool passages_make(const passages_request *r, const tokenizer *t, engine *e, const shelf *kept,
                   const passages_watch *watch, passages *out, fault *f)
{
    *out = (passages){ 0 };
    if (strcmp(r->text, "self") == 0) return from_self(r, t, e, kept, watch, out, f);
    return from_file(r, t, kept, out, f);
}
