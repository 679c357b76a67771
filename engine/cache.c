#include "engine/cache.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static float *side_rows(const kv_cache *c)
{
    return calloc((size_t)c->n_heads * (size_t)c->capacity, (size_t)c->dim * sizeof(float));
}

kv_cache *kv_cache_create(const model_shape *shape, int capacity, kv_form form, fault *f)
{
    kv_cache *c = calloc(1, sizeof *c);
    const int context = capacity;
    if (form == KV_PACKED) { /* whole panels */
        int width = simd_best()->width;
        capacity = (capacity + width - 1) / width * width;
    }
    if (c) {
        *c = (kv_cache){ .n_layers = shape->n_layers,
                         .n_heads = shape->n_kv_heads,
                         .dim = shape->head_dim,
                         .capacity = capacity,
                         .context = context,
                         .form = form };
        c->layers = calloc((size_t)c->n_layers, sizeof *c->layers);
    }
    bool ok = c && c->layers;
    for (int il = 0; ok && il < c->n_layers; il++) {
        kv_layer *l = &c->layers[il];
        l->k.block = l->v.block = 1;
        if (form != KV_KEPT) ok = (l->k.settled = side_rows(c)) && (l->v.settled = side_rows(c));
    }
    if (ok) return c;
    kv_cache_destroy(c);
    fault_set(f, FAULT_INTERNAL, "out of memory for a cache of %d positions", capacity);
    return NULL;
}

void kv_cache_destroy(kv_cache *c)
{
    if (!c) return;
    for (int il = 0; c->layers && il < c->n_layers; il++) {
        free(c->layers[il].k.settled);
        free(c->layers[il].k.open);
        free(c->layers[il].v.settled);
        free(c->layers[il].v.open);
    }
    free(c->layers);
    free(c);
}

static size_t head_offset(const kv_cache *c, int head)
{
    return (size_t)head * (size_t)c->capacity * (size_t)c->dim;
}

float *kv_rows(const kv_cache *c, const kv_side *side, int head)
{
    return side->settled + head_offset(c, head);
}

/* Whole pages; those at the ends are shared with others. */
static void give_back(float *rows, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = n * sizeof *rows;
    const size_t skip = (page - (uintptr_t)rows % page) % page;
    if (rows && bytes >= skip + page) madvise((char *)rows + skip, (bytes - skip) / page * page, MADV_DONTNEED);
}

void kv_rows_forget(const kv_cache *c, const kv_side *side, int head)
{
    give_back(kv_rows(c, side, head), (size_t)c->capacity * (size_t)c->dim);
}

void kv_cache_forget(kv_cache *c)
{
    const size_t n = head_offset(c, c->n_heads);
    for (int il = 0; il < c->n_layers; il++) {
        kv_layer *l = &c->layers[il];
        float *const rows[] = { l->k.settled, l->k.open, l->v.settled, l->v.open };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            give_back(rows[i], n);
    }
    c->n = 0;
}

float *kv_open_rows(const kv_cache *c, const kv_side *side, int head)
{
    return side->open + head_offset(c, head);
}

bool kv_side_open(const kv_cache *c, kv_side *side, uint32_t block, uint32_t window, fault *f)
{
    side->block = block;
    side->window = window;
    if (block == 1 && window == 0) return true;
    if (!side->open) side->open = side_rows(c);
    return side->open || fault_set(f, FAULT_INTERNAL, "out of memory for the open rows of %d positions", c->capacity);
}
