/* A whole reference engine as `kvant bench --engine --against` wants it: kvant's own, behind the names of llama.h, with
 * structures of parameters of a size that kvant does not know. WRONG 1 answers for another prompt, 2 has n_ctx
 * somewhere else, 3 fails to decode, 4 dies, 5 has another vocabulary, 6 misses a function, 7 says nothing at all (no
 * logits), 8 has nothing that computes. */
#include <stdlib.h>
#include <string.h>

#include "engine/forward.h"

#ifndef WRONG
#define WRONG 0
#endif

#define EXPORT __attribute__((visibility("default")))

typedef struct model_params {
    char what[72];
} model_params;

typedef struct context_params {
#if WRONG == 2
    uint32_t first;
#endif
    uint32_t n_ctx;
    char what[168];
} context_params;

typedef struct llama_batch {
    int32_t n_tokens;
    int32_t *token;
    void *others[5];
} llama_batch;

typedef struct context {
    const model *m;
    engine *e;
    kv_cache *cache;
    float *logits;
    uint32_t n_ctx;
} context;

typedef struct pool_params {
    char what[512];
    int threads;
} pool_params;

/* What may be run only between new and free, and not while it is paused: counted by who asks for work. */
static struct {
    int pools, backends, awake;
} now;

EXPORT void llama_log_set(void (*log)(int, const char *, void *), void *self);
void llama_log_set(void (*log)(int, const char *, void *), void *self)
{
    if (log) log(1, "a word that nobody needs\n", self);
}

EXPORT model_params llama_model_default_params(void);
model_params llama_model_default_params(void)
{
    return (model_params){ "as they come" };
}

EXPORT context_params llama_context_default_params(void);
context_params llama_context_default_params(void)
{
    return (context_params){ .n_ctx = 512, .what = "as they come" };
}

EXPORT void *llama_model_load_from_file(const char *path, model_params params);
void *llama_model_load_from_file(const char *path, model_params params)
{
    fault f = { 0 };
    return strcmp(params.what, "as they come") == 0 ? model_open(path, &f) : NULL;
}

EXPORT void *llama_init_from_model(void *m, context_params params);
void *llama_init_from_model(void *m, context_params params)
{
    fault f = { 0 };
    context *c = calloc(1, sizeof *c);
    if (!c || strcmp(params.what, "as they come") != 0) return NULL;
    c->m = m;
    c->n_ctx = params.n_ctx;
    c->e = engine_open(m, 2, &f);
    c->cache = kv_cache_create(&c->m->shape, (int)params.n_ctx, KV_PACKED, &f);
    c->logits = calloc((size_t)c->m->shape.n_vocab, sizeof *c->logits);
    return c->e && c->cache && c->logits ? c : NULL;
}

EXPORT uint32_t llama_n_ctx(const void *context);
uint32_t llama_n_ctx(const void *c)
{
    return ((const context *)c)->n_ctx;
}

EXPORT const void *llama_model_get_vocab(const void *m);
const void *llama_model_get_vocab(const void *m)
{
    return m;
}

EXPORT int32_t llama_vocab_n_tokens(const void *vocab);
int32_t llama_vocab_n_tokens(const void *vocab)
{
    return ((const model *)vocab)->shape.n_vocab + (WRONG == 5);
}

EXPORT void llama_set_n_threads(void *c, int32_t one, int32_t many);
void llama_set_n_threads(void *c, int32_t one, int32_t many)
{
    (void)c;
    if (one != many) abort();
}

EXPORT void llama_attach_threadpool(void *c, void *one, void *many);
void llama_attach_threadpool(void *c, void *one, void *many)
{
    (void)c;
    if (!one || many) abort();
}

EXPORT llama_batch llama_batch_get_one(int32_t *tokens, int32_t n);
llama_batch llama_batch_get_one(int32_t *tokens, int32_t n)
{
    return (llama_batch){ n, tokens, { 0 } };
}

EXPORT int32_t llama_decode(void *context, llama_batch b);
int32_t llama_decode(void *self, llama_batch b)
{
    context *c = self;
    fault f = { 0 };
    if (WRONG == 3 && b.n_tokens > 1) return -2;
    if (WRONG == 4) abort();
    if (now.pools != 1) abort();
    now.awake = 1;
    sequence s = {
        .cache = c->cache, .tokens = b.token, .n = b.n_tokens, .logits = c->logits, .logits_from = b.n_tokens - 1
    };
    if (!engine_forward(c->e, &s, 1, &f)) return 1;
    for (int i = 0; WRONG == 1 && i < c->m->shape.n_vocab; i++)
        c->logits[i] = 8.0f * (float)(i % 7);
    return 0;
}

EXPORT void llama_synchronize(void *c);
void llama_synchronize(void *c)
{
    (void)c;
}

EXPORT float *llama_get_logits(void *context);
float *llama_get_logits(void *c)
{
    return WRONG == 7 ? NULL : ((context *)c)->logits;
}

EXPORT void *llama_get_memory(const void *context);
void *llama_get_memory(const void *c)
{
    return ((const context *)c)->cache;
}

EXPORT void llama_memory_clear(void *memory, bool data);
void llama_memory_clear(void *memory, bool data)
{
    (void)data;
    ((kv_cache *)memory)->n = 0;
}

EXPORT void llama_free(void *context);
void llama_free(void *self)
{
    context *c = self;
    engine_close(c->e);
    kv_cache_destroy(c->cache);
    free(c->logits);
    free(c);
}

EXPORT void llama_model_free(void *m);
void llama_model_free(void *m)
{
    model_close(m);
}

#if WRONG != 6
EXPORT void *ggml_backend_reg_by_name(const char *name);
void *ggml_backend_reg_by_name(const char *name)
{
    return now.backends && strcmp(name, "CPU") == 0 ? &now : NULL;
}
#endif

/* Where the backends are: in the folder of the library. */
EXPORT void ggml_backend_load_all_from_path(const char *folder);
void ggml_backend_load_all_from_path(const char *folder)
{
    const size_t n = strlen(folder);
    now.backends = WRONG != 8 && n >= 14 && strcmp(folder + n - 14, "/tests/plugins") == 0;
}

EXPORT pool_params ggml_threadpool_params_default(int threads);
pool_params ggml_threadpool_params_default(int threads)
{
    return (pool_params){ "as they come", threads };
}

EXPORT void *ggml_threadpool_new(pool_params *params);
void *ggml_threadpool_new(pool_params *params)
{
    if (strcmp(params->what, "as they come") != 0 || params->threads < 1) return NULL;
    now.pools++;
    return &now.pools;
}

EXPORT void ggml_threadpool_free(void *crew);
void ggml_threadpool_free(void *crew)
{
    if (crew != &now.pools || now.awake) abort(); /* looks for work while others are timed */
    now.pools--;
}

EXPORT void ggml_threadpool_pause(void *crew);
void ggml_threadpool_pause(void *crew)
{
    if (crew != &now.pools) abort();
    now.awake = 0;
}

EXPORT void *ggml_backend_reg_get_proc_address(void *backend, const char *name);
void *ggml_backend_reg_get_proc_address(void *backend, const char *name)
{
    void *(*create)(pool_params *) = ggml_threadpool_new;
    void (*end)(void *) = ggml_threadpool_free;
    void *found = NULL;
    if (backend != &now) return NULL;
    if (strcmp(name, "ggml_threadpool_new") == 0) memcpy(&found, &create, sizeof found);
    if (strcmp(name, "ggml_threadpool_free") == 0) memcpy(&found, &end, sizeof found);
    return found;
}
