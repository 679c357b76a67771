#include "tests/app/generation_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "app/config.h"
#include "engine/sample.h"

#define MODEL "tests/data/arch/llama.gguf"

static const char *const plugins[] = { PLUGINS "/exact.so", PLUGINS "/turbo.so", PLUGINS "/kivi.so",
                                       PLUGINS "/block.so" };

int set_up(void **state)
{
    fault f = { 0 };
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->model = model_open(MODEL, &f);
    p->engine = p->model ? engine_open(p->model, 2, &f) : NULL;
    p->tokenizer = p->engine ? tokenizer_open(p->model->file, &f) : NULL;
    p->known = registry_create(&f);
    for (size_t i = 0; p->known && i < sizeof plugins / sizeof *plugins; i++)
        if (!registry_load(p->known, plugins[i], &f)) fail_msg("%s", f.text);
    if (!p->tokenizer || !p->known) fail_msg("%s", f.text);
    for (int i = 0; i < PROMPT; i++)
        p->prompt[i] = (i * 37 + 11) % p->model->shape.n_vocab;
    *state = p;
    return 0;
}

int tear_down(void **state)
{
    place *p = *state;
    registry_destroy(p->known);
    tokenizer_close(p->tokenizer);
    engine_close(p->engine);
    model_close(p->model);
    free(p);
    return 0;
}

opened open_config(const place *p, const char *text)
{
    fault f = { 0 };
    opened o = { .config = config_parse(registry_catalog(p->known), text, &f) };
    if (!o.config) fail_msg("%s", f.text);
    const compress_request request = {
        .known = p->known, .config = o.config, .e = p->engine, .ctx = CTX, .env = &p->env
    };
    o.compressor = compress_open(&request, &f);
    if (!o.compressor) fail_msg("%s", f.text);
    return o;
}

void close_config(opened *o)
{
    fault f = { 0 };
    if (!compress_close(o->compressor, &f)) fail_msg("%s", f.text);
    config_free(o->config);
}

int continue_by_hand(const place *p, int32_t *out, int most)
{
    fault f = { 0 };
    const size_t n_vocab = (size_t)p->model->shape.n_vocab;
    float *logits = calloc(n_vocab, sizeof *logits);
    kv_cache *c = kv_cache_create(&p->model->shape, CTX, KV_BEFORE_ROPE, &f);
    assert_non_null(c);
    sequence s = { .cache = c, .tokens = p->prompt, .n = PROMPT, .logits = logits, .logits_from = PROMPT - 1 };
    int n = 0;
    for (; n < most && c->n < CTX; n++) {
        assert_true(engine_forward(p->engine, &s, 1, &f));
        out[n] = sample_greedy(logits, n_vocab);
        s.tokens = &out[n];
        s.n = 1;
        s.logits_from = 0;
    }
    kv_cache_destroy(c);
    free(logits);
    return n;
}
