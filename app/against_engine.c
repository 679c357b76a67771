#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "app/against_engine.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "engine/sample.h"

/* What is returned and taken by value: longer than that of any version. Callers of both kinds pass such structures in
 * memory, of which the other side reads and writes as much as it knows. */
typedef union unknown {
    uint32_t n_ctx;
    unsigned char bytes[2048];
} unknown;

typedef struct batch {
    int32_t n_tokens;
    int32_t *token;
    void *others[5];
} batch;

typedef struct functions {
    void (*log_set)(void (*log)(int level, const char *text, void *self), void *self);
    unknown (*model_params)(void), (*context_params)(void);
    void *(*load)(const char *path, unknown params);
    void *(*init)(void *model, unknown params);
    uint32_t (*n_ctx)(const void *context);
    const void *(*vocab)(const void *model);
    int32_t (*n_tokens)(const void *vocab);
    void (*set_threads)(void *context, int32_t one, int32_t many);
    void (*attach)(void *context, void *pool, void *pool_many);
    batch (*one)(int32_t *tokens, int32_t n);
    int32_t (*decode)(void *context, batch b);
    void (*synchronize)(void *context);
    float *(*logits)(void *context);
    void *(*memory)(const void *context);
    void (*clear)(void *memory, bool data);
    void (*free_context)(void *context);
    void (*free_model)(void *model);
    void *(*backend)(const char *name);
    void *(*address)(void *backend, const char *name);
    void (*backends_in)(const char *folder);
    unknown (*pool_params)(int threads);
    void *(*pool_new)(void *params);
    void (*pool_free)(void *pool);
    void (*pool_pause)(void *pool);
} functions;

#define AT(member) offsetof(functions, member)

static const struct {
    const char *name;
    size_t at;
} names[] = {
    { "llama_log_set", AT(log_set) },
    { "llama_model_default_params", AT(model_params) },
    { "llama_context_default_params", AT(context_params) },
    { "llama_model_load_from_file", AT(load) },
    { "llama_init_from_model", AT(init) },
    { "llama_n_ctx", AT(n_ctx) },
    { "llama_model_get_vocab", AT(vocab) },
    { "llama_vocab_n_tokens", AT(n_tokens) },
    { "llama_set_n_threads", AT(set_threads) },
    { "llama_attach_threadpool", AT(attach) },
    { "llama_batch_get_one", AT(one) },
    { "llama_decode", AT(decode) },
    { "llama_synchronize", AT(synchronize) },
    { "llama_get_logits", AT(logits) },
    { "llama_get_memory", AT(memory) },
    { "llama_memory_clear", AT(clear) },
    { "llama_free", AT(free_context) },
    { "llama_model_free", AT(free_model) },
    { "ggml_backend_reg_by_name", AT(backend) },
    { "ggml_backend_reg_get_proc_address", AT(address) },
    { "ggml_backend_load_all_from_path", AT(backends_in) },
    { "ggml_threadpool_params_default", AT(pool_params) },
};

struct against_engine {
    functions its;
    against_work work;
    void *model, *context, *pool;
    int32_t *ids; /* the work's tokens: it takes no const ones */
    float *logits;
};

/* ---- opening ---- */

static void say_nothing(int level, const char *text, void *self)
{
    (void)level;
    (void)text;
    (void)self;
}

bool against_has_engine(const against *a)
{
    return against_symbol(a, "llama_decode") != NULL;
}

static bool find_functions(against_engine *e, const against *a, fault *f)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *const found = against_symbol(a, names[i].name);
        if (!found)
            return fault_set(f, FAULT_INPUT, "bench: --against %s: it has llama_decode, but no %s", against_path(a),
                             names[i].name);
        memcpy((unsigned char *)&e->its + names[i].at, &found, sizeof found);
    }
    return true;
}

/* What computes may be in libraries of their own, one for each kind of processor, in the same folder. */
static void *find_processor(const against_engine *e, const against *a, fault *f)
{
    const char *path = against_path(a);
    if (!e->its.backend("CPU")) {
        char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
        if (!folder) return fault_memory(f, "a path"), NULL;
        e->its.backends_in(folder);
        free(folder);
    }
    void *const cpu = e->its.backend("CPU");
    if (!cpu) fault_set(f, FAULT_INPUT, "bench: --against %s: nothing that computes: no libggml-cpu beside it", path);
    return cpu;
}

/* The processor's library is asked for the first two by name; the third is exported only, wherever the first is. */
static bool open_pool(against_engine *e, const against *a, fault *f)
{
    static const char *const wanted[] = { "ggml_threadpool_new", "ggml_threadpool_free", "ggml_threadpool_pause" };
    void *found[3] = { NULL }, *const cpu = find_processor(e, a, f);
    Dl_info where;
    if (!cpu) return false;
    for (int i = 0; i < 2; i++)
        found[i] = e->its.address(cpu, wanted[i]);
    if (found[0] && dladdr(found[0], &where)) {
        void *const library = dlopen(where.dli_fname, RTLD_NOW | RTLD_NOLOAD);
        if (library) found[2] = dlsym(library, wanted[2]);
        if (library) dlclose(library); /* counts; the backend holds it */
    }
    for (int i = 0; i < 3; i++)
        if (!found[i]) return fault_set(f, FAULT_INPUT, "bench: --against %s: no %s", against_path(a), wanted[i]);
    memcpy(&e->its.pool_new, &found[0], sizeof found[0]);
    memcpy(&e->its.pool_free, &found[1], sizeof found[1]);
    memcpy(&e->its.pool_pause, &found[2], sizeof found[2]);
    unknown params = e->its.pool_params(e->work.threads);
    e->pool = e->its.pool_new(&params);
    return e->pool || fault_set(f, FAULT_INPUT, "bench: --against %s: %s gave none", against_path(a), wanted[0]);
}

static bool open_model(against_engine *e, const char *path, fault *f)
{
    const against_work *w = &e->work;
    unknown params = e->its.context_params();
    e->model = e->its.load(w->model, e->its.model_params());
    if (!e->model) return fault_set(f, FAULT_INPUT, "bench: --against %s: it cannot read %s", path, w->model);
    const int32_t n = e->its.n_tokens(e->its.vocab(e->model));
    if (n != w->n_vocab)
        return fault_set(f, FAULT_INPUT, "bench: --against %s: it says %s has %d tokens; there are %d", path, w->model,
                         n, w->n_vocab);
    params.n_ctx = (uint32_t)(w->depth + w->generate > w->prompt ? w->depth + w->generate : w->prompt);
    e->context = e->its.init(e->model, params);
    if (!e->context) return fault_set(f, FAULT_INPUT, "bench: --against %s: it makes no context of %s", path, w->model);
    if (e->its.n_ctx(e->context) < params.n_ctx)
        return fault_set(f, FAULT_INPUT,
                         "bench: --against %s: n_ctx is not where it should be, at the beginning of "
                         "llama_context_params: a version that is not known here",
                         path);
    e->its.set_threads(e->context, w->threads, w->threads);
    e->its.attach(e->context, e->pool, NULL);
    return true;
}

against_engine *against_engine_open(const against *a, const against_work *work, fault *f)
{
    against_engine *e = calloc(1, sizeof *e);
    const size_t longest = (size_t)(work->depth > work->prompt ? work->depth : work->prompt);
    if (e) e->ids = reallocarray(NULL, longest, sizeof *e->ids);
    if (e) e->logits = reallocarray(NULL, (size_t)work->n_vocab, sizeof *e->logits);
    if (!e || !e->ids || !e->logits) {
        fault_memory(f, "a reference engine");
        against_engine_close(e);
        return NULL;
    }
    e->work = *work;
    memcpy(e->ids, work->tokens, longest * sizeof *e->ids);
    bool ok = find_functions(e, a, f);
    if (ok) e->its.log_set(say_nothing, NULL);
    ok = ok && open_pool(e, a, f) && open_model(e, against_path(a), f);
    if (ok) return e;
    against_engine_close(e);
    return NULL;
}

void against_engine_close(against_engine *e)
{
    if (!e) return;
    if (e->context) e->its.free_context(e->context);
    if (e->model) e->its.free_model(e->model);
    if (e->pool) e->its.pool_free(e->pool);
    free(e->ids);
    free(e->logits);
    free(e);
}

/* ---- at work ---- */

/* n tokens behind those before; *logits: of the last one. */
static bool read_on(against_engine *e, int32_t *tokens, int n, const float **logits, fault *f)
{
    const int32_t failed = e->its.decode(e->context, e->its.one(tokens, n));
    if (failed) return fault_set(f, FAULT_INPUT, "bench: --against: llama_decode of %d tokens gave %d", n, failed);
    e->its.synchronize(e->context);
    *logits = e->its.logits(e->context);
    return *logits || fault_set(f, FAULT_INPUT, "bench: --against: llama_get_logits gave none");
}

static void forget(against_engine *e)
{
    e->its.clear(e->its.memory(e->context), false);
}

static bool generate(against_engine *e, fault *f)
{
    const float *logits = NULL;
    int32_t id = e->ids[0];
    for (int i = 0; i < e->work.generate; i++) {
        if (!read_on(e, &id, 1, &logits, f)) return false;
        id = sample_greedy(logits, (size_t)e->work.n_vocab);
    }
    return true;
}

static bool time_prompt(against_engine *e, double *figure, fault *f)
{
    const float *logits = NULL;
    forget(e);
    const double begin = clock_seconds();
    if (!read_on(e, e->ids, e->work.prompt, &logits, f)) return false;
    *figure = e->work.prompt / (clock_seconds() - begin);
    memcpy(e->logits, logits, (size_t)e->work.n_vocab * sizeof *logits);
    return true;
}

static bool time_generation(against_engine *e, double *figure, fault *f)
{
    forget(e);
    const double begin = clock_seconds();
    if (!generate(e, f)) return false;
    *figure = e->work.generate / (clock_seconds() - begin);
    return true;
}

static bool time_depth(against_engine *e, double *figure, fault *f)
{
    const float *logits = NULL;
    forget(e);
    if (!read_on(e, e->ids, e->work.depth, &logits, f)) return false;
    const double begin = clock_seconds();
    if (!generate(e, f)) return false;
    *figure = e->work.generate / (clock_seconds() - begin);
    return true;
}

typedef struct errand {
    against_engine *e;
    bool (*run)(against_engine *e, double *figure, fault *f);
    double *figure;
    fault *f;
    bool ok;
} errand;

static void *go(void *arg)
{
    errand *x = arg;
    const float *logits;
    const double until = clock_seconds() + AGAINST_ENGINE_SETTLE;
    do {
        forget(x->e);
        x->ok = read_on(x->e, x->e->ids, 1, &logits, x->f);
    } while (x->ok && clock_seconds() < until);
    x->ok = x->ok && x->run(x->e, x->figure, x->f);
    return NULL;
}

bool against_engine_time(against_engine *e, against_part part, double *tokens_per_second, fault *f)
{
    static bool (*const timers[AGAINST_PARTS])(against_engine * e, double *figure, fault *f) = {
        [AGAINST_PROMPT] = time_prompt, [AGAINST_GENERATION] = time_generation, [AGAINST_DEPTH] = time_depth
    };
    errand x = { .e = e, .run = timers[part], .figure = tokens_per_second, .f = f };
    pthread_t id;
    const int failed = thread_begin(&id, go, &x);
    if (failed) return fault_set(f, FAULT_INTERNAL, "a thread for a reference cannot start: %s", strerror(failed));
    pthread_join(id, NULL);
    e->its.pool_pause(e->pool);
    return x.ok;
}

const float *against_engine_logits(const against_engine *e)
{
    return e->logits;
}
