#include "app/passages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/fingerprint.h"
#include "base/file.h"
#include "base/pool.h"
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

/* Passages ids[0 … n-1], sampled side by side, one token each per step. */
typedef struct sampling {
    const passages_request *r;
    engine *e;
    const int *ids;
    int n, at; /* passages; the position of the token to be drawn */
    int32_t *tokens;
    sequence *seqs;
    float *logits;
    double *weights; /* n_vocab for each thread */
    size_t vocab;
} sampling;

static int32_t *token_at(const sampling *s, int i, int at)
{
    return s->tokens + (size_t)s->ids[i] * (size_t)s->r->length + at;
}

static bool begin_sampling(sampling *s, int32_t first_token, fault *f)
{
    const model_shape *shape = &engine_model(s->e)->shape;
    const size_t n = (size_t)s->n;
    s->vocab = (size_t)shape->n_vocab;
    s->seqs = calloc(n, sizeof *s->seqs);
    s->logits = reallocarray(NULL, n * s->vocab, sizeof *s->logits);
    s->weights = reallocarray(NULL, (size_t)pool_threads(engine_pool(s->e)) * s->vocab, sizeof *s->weights);
    if (!s->seqs || !s->logits || !s->weights) return fault_memory(f, "sampling");
    for (int i = 0; i < s->n; i++) {
        *token_at(s, i, 0) = first_token;
        s->seqs[i] = (sequence){ .cache = kv_cache_create(shape, s->r->length, KV_PACKED, f),
                                 .tokens = token_at(s, i, 0),
                                 .n = 1,
                                 .logits = s->logits + (size_t)i * s->vocab };
        if (!s->seqs[i].cache) return false;
    }
    return true;
}

static void finish_sampling(sampling *s)
{
    for (int i = 0; s->seqs && i < s->n; i++)
        kv_cache_destroy(s->seqs[i].cache);
    free(s->seqs);
    free(s->logits);
    free(s->weights);
}

static void draw_task(void *arg, size_t task, int thread)
{
    const sampling *s = arg;
    sequence *seq = &s->seqs[task];
    const uint64_t draw = (uint64_t)s->ids[task] << 32 | (uint64_t)s->at;
    int32_t *next = token_at(s, (int)task, s->at);
    *next = sample_with(seq->logits, s->vocab, 1.0, s->r->seed, draw, s->weights + (size_t)thread * s->vocab);
    seq->tokens = next;
}

static bool sample_some(const passages_request *r, engine *e, int32_t first_token, const int *ids, int n, passages *out,
                        const passages_watch *watch, size_t done, fault *f)
{
    sampling s = { .r = r, .e = e, .ids = ids, .n = n, .tokens = out->tokens };
    bool ok = begin_sampling(&s, first_token, f);
    for (s.at = 1; ok && s.at < r->length; s.at++) {
        ok = engine_forward(e, s.seqs, n, f);
        if (ok) pool_run(engine_pool(e), (size_t)n, draw_task, &s);
        const size_t steps = done * (size_t)r->length + (size_t)s.at * (size_t)n;
        if (ok && !watch->at(watch->self, PASSAGES_SAMPLING, steps, (size_t)out->n * (size_t)r->length))
            ok = fault_set(f, FAULT_INTERRUPTED, "interrupted while sampling the text");
    }
    finish_sampling(&s);
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
