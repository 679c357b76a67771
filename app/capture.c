#include "app/capture.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/rows_name.h"
#include "app/safetensors_writer.h"
#include "engine/utf8.h"
#include "kernels/half.h"

enum { SIDES = 3, NAME = 32 };

static const char side_letters[SIDES] = { 'k', 'v', 'q' }; /* by ROWS_K, ROWS_V, ROWS_Q */

typedef struct recorder {
    const capture_request *r;
    const model_shape *shape;
    safetensors_writer *file;
    size_t ctx, rows, dim; /* of a passage, of all */
    size_t passage;        /* at work */
    float *turned;         /* queries of one head, after RoPE: ctx x dim */
    void *stored;          /* ctx x dim in the file's type */
    uint64_t done;
} recorder;

static size_t heads_of(const model_shape *s, int side)
{
    return (size_t)(side == ROWS_Q ? s->n_heads : s->n_kv_heads);
}

uint64_t capture_bytes(const capture_request *r)
{
    const model_shape *s = &engine_model(r->e)->shape;
    const uint64_t vectors = (uint64_t)s->n_layers * (uint64_t)(2 * s->n_kv_heads + s->n_heads);
    return vectors * (uint64_t)s->head_dim * (uint64_t)r->text->n * (uint64_t)r->text->length *
           (r->type == SAFETENSORS_F32 ? 4 : 2);
}

/* ---- rows as they come ---- */

static bool does_not_fit(int layer, int side, size_t head, size_t position, float value, fault *f)
{
    return fault_set(f, FAULT_INPUT, "layer %d, %c, head %zu: the row at position %zu holds %g, which %s", layer,
                     side_letters[side], head, position, (double)value,
                     isfinite(value) ? "f16 cannot hold; use --type f32" : "is no number of any type");
}

/* n rows of one head in the file's type; the message names the first value that does not fit. */
static const void *stored_rows(const recorder *c, const float *rows, size_t n, int layer, int side, size_t head,
                               size_t first, fault *f)
{
    const bool f32 = c->r->type == SAFETENSORS_F32;
    uint16_t *half = c->stored;
    if (!f32) half_from_floats(rows, half, n * c->dim);
    for (size_t i = 0; i < n * c->dim; i++)
        if (f32 ? !isfinite(rows[i]) : half_is_special(half[i])) {
            does_not_fit(layer, side, head, first + i / c->dim, rows[i], f);
            return NULL;
        }
    return f32 ? (const void *)rows : half;
}

static bool write_rows(recorder *c, const float *rows, size_t n, int layer, int side, size_t head, size_t first,
                       fault *f)
{
    const size_t size = (c->r->type == SAFETENSORS_F32 ? 4 : 2) * c->dim;
    const void *bytes = stored_rows(c, rows, n, layer, side, head, first, f);
    const uint64_t at = (uint64_t)head * c->rows + c->passage * c->ctx + first;
    return bytes && safetensors_put(c->file, (size_t)layer * SIDES + (size_t)side, at * size, bytes, n * size, f);
}

/* The queries of one head out of rows of all heads. */
static const float *head_queries(const recorder *c, const rope_table *rope, const float *q, size_t head, size_t first,
                                 size_t n)
{
    const size_t width = heads_of(c->shape, ROWS_Q) * c->dim;
    for (size_t i = 0; i < n; i++) {
        float *row = c->turned + i * c->dim;
        memcpy(row, q + i * width + head * c->dim, c->dim * sizeof *row);
        if (rope) rope_rotate(rope, row, (int)(first + i));
    }
    return c->turned;
}

static bool tell(const recorder *c, fault *f)
{
    const uint64_t total = (uint64_t)c->rows * (uint64_t)c->shape->n_layers;
    return !c->r->at || c->r->at(c->r->self, c->done, total) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

static bool wrote(void *self, kv_cache *cache, int layer, int first, int n, const float *q, fault *f)
{
    recorder *c = self;
    const size_t from = (size_t)first, count = (size_t)n;
    const rope_table *rope = c->r->rotated ? engine_layer_rope(c->r->e, layer, (int)c->ctx, f) : NULL;
    if (c->r->rotated && !rope) return false;
    const kv_side *sides[] = { &cache->layers[layer].k, &cache->layers[layer].v };
    for (int side = ROWS_K; side <= ROWS_V; side++)
        for (int h = 0; h < cache->n_heads; h++)
            if (!write_rows(c, kv_rows(cache, sides[side], h) + from * c->dim, count, layer, side, (size_t)h, from, f))
                return false;
    for (size_t h = 0; h < heads_of(c->shape, ROWS_Q); h++)
        if (!write_rows(c, head_queries(c, rope, q, h, from, count), count, layer, ROWS_Q, h, from, f)) return false;
    c->done += count;
    return tell(c, f);
}

/* ---- what the file says ---- */

typedef struct word {
    const char *key;
    char value[256];
} word;

/* A name from outside as UTF-8, cut at the end of a character. */
static void put_text(word *w, const char *key, const char *text)
{
    size_t n = 0, length;
    uint32_t point;
    w->key = key;
    for (size_t left = strlen(text); left > 0; text += length, left -= length) {
        const bool whole = (length = utf8_decode(text, left, &point)) > 0;
        if (!whole) length = 1;
        if (n + length >= sizeof w->value) break;
        memcpy(w->value + n, whole ? text : "?", length);
        n += length;
    }
    w->value[n] = '\0';
}

static void put_number(word *w, const char *key, double value)
{
    w->key = key;
    number_write(value, w->value);
}

enum { MOST_WORDS = 24 };

/* The rotation of all layers; NULL when they do not share one: the file then says nothing of angles. */
static const model_rope *one_rope(const recorder *c)
{
    const model *m = engine_model(c->r->e);
    return model_one_rope(&m->shape) ? &m->ropes[model_rope_at(&m->shape, 0, (int)c->ctx)] : NULL;
}

/* words: room for MOST_WORDS; returns how many. */
static size_t describe(const recorder *c, word *words)
{
    const capture_request *r = c->r;
    const model_shape *s = c->shape;
    const struct {
        const char *key, *text;
    } texts[] = {
        { "format", "kvant capture" },
        { "version", "1" },
        { "model", r->model_id },
        { "model_name", s->name },
        { "arch", s->arch->name },
        { "text", r->text_name },
        { "text_id", r->text->text_id },
        { "rope", r->rotated ? "post" : "pre" },
        { "rope_pairs", s->arch->interleaved ? "interleaved" : "halves" },
    };
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        { "seed", (double)r->seed }, { "ctx", (double)c->ctx }, { "passages", r->text->n },
        { "n_layers", s->n_layers }, { "n_heads", s->n_heads }, { "n_kv_heads", s->n_kv_heads },
        { "head_dim", s->head_dim },
    };
    const model_rope *rope = one_rope(c);
    const struct {
        const char *key;
        double value;
    } angles[] = {
        { "rope_theta", rope ? (double)rope->base : 0 },
        { "rope_dims", s->n_rot },
        { "rope_magnitude", rope ? (double)rope->magnitude : 0 },
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(&words[n++], texts[i].key, texts[i].text);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_number(&words[n++], numbers[i].key, numbers[i].value);
    for (size_t i = 0; rope && i < sizeof angles / sizeof *angles; i++)
        put_number(&words[n++], angles[i].key, angles[i].value);
    return n;
}

/* The tensors in the order in which write_rows counts them, then tokens and factors. names: room for all. */
static size_t list_tensors(const recorder *c, safetensor *tensors, char (*names)[NAME])
{
    const model_shape *s = c->shape;
    size_t n = 0;
    for (int layer = 0; layer < s->n_layers; layer++)
        for (int side = 0; side < SIDES; side++, n++) {
            snprintf(names[n], NAME, "layers.%d.%c", layer, side_letters[side]);
            tensors[n] = (safetensor){ names[n], c->r->type, 3, { heads_of(s, side), c->rows, c->dim }, 0, NULL, 0 };
        }
    tensors[n++] = (safetensor){ "tokens", SAFETENSORS_I32, 2, { (uint64_t)c->r->text->n, c->ctx }, 0, NULL, 0 };
    if (one_rope(c) && one_rope(c)->divisors)
        tensors[n++] = (safetensor){ "rope.factors", SAFETENSORS_F32, 1, { (uint64_t)s->n_rot / 2 }, 0, NULL, 0 };
    return n;
}

static bool create_file(recorder *c, const char *path, fault *f)
{
    const size_t most = (size_t)c->shape->n_layers * SIDES + 2;
    word words[MOST_WORDS];
    const char *pairs[2 * MOST_WORDS + 1] = { NULL };
    const size_t n_words = describe(c, words);
    for (size_t i = 0; i < n_words; i++) {
        pairs[2 * i] = words[i].key;
        pairs[2 * i + 1] = words[i].value;
    }
    safetensor *tensors = calloc(most, sizeof *tensors);
    char(*names)[NAME] = calloc(most, sizeof *names);
    if (!tensors || !names)
        fault_memory(f, "the file's header");
    else
        c->file = safetensors_create(path, pairs, tensors, list_tensors(c, tensors, names), f);
    free(tensors);
    free(names);
    if (!c->file) return false;
    const size_t tokens = most - 2, n_tokens = c->rows * sizeof(int32_t);
    if (!safetensors_put(c->file, tokens, 0, c->r->text->tokens, n_tokens, f)) return false;
    const size_t n_factors = (size_t)c->shape->n_rot / 2 * sizeof(float);
    const model_rope *rope = one_rope(c);
    return !rope || !rope->divisors || safetensors_put(c->file, tokens + 1, 0, rope->divisors, n_factors, f);
}

/* ---- the whole ---- */

static bool run_passage(recorder *c, size_t passage, fault *f)
{
    const kv_tap tap = { wrote, c };
    kv_cache *cache = kv_cache_create(c->shape, (int)c->ctx, c->r->rotated ? KV_ROTATED : KV_BEFORE_ROPE, f);
    sequence s = { .cache = cache, .tokens = passages_at(c->r->text, (int)passage), .n = (int)c->ctx, .tap = &tap };
    c->passage = passage;
    const bool ok = cache && engine_forward(c->r->e, &s, 1, f);
    kv_cache_destroy(cache);
    return ok;
}

bool capture(const capture_request *request, const char *path, fault *f)
{
    const model_shape *s = &engine_model(request->e)->shape;
    recorder c = { .r = request, .shape = s, .ctx = (size_t)request->text->length, .dim = (size_t)s->head_dim };
    c.rows = c.ctx * (size_t)request->text->n;
    c.turned = reallocarray(NULL, c.ctx, c.dim * sizeof *c.turned);
    c.stored = reallocarray(NULL, c.ctx, c.dim * sizeof(uint16_t));
    bool ok = (c.turned && c.stored) || fault_memory(f, "a passage's rows");
    ok = ok && create_file(&c, path, f) && tell(&c, f);
    for (size_t i = 0; ok && i < (size_t)request->text->n; i++)
        ok = run_passage(&c, i, f);
    if (ok)
        ok = safetensors_finish(c.file, f);
    else
        safetensors_abandon(c.file);
    free(c.turned);
    free(c.stored);
    return ok;
}
