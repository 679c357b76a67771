#include "engine/cache.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pages.h"

static size_t head_offset(const kv_cache *c, int head)
{
    return (size_t)head * (size_t)c->capacity * (size_t)c->dim;
}

static size_t side_bytes(const kv_cache *c)
{
    return head_offset(c, c->n_heads) * sizeof(float);
}

static float *side_rows(const kv_cache *c)
{
    return pages_create(side_bytes(c), PAGES_PLAIN);
}

/* Rows of all layers beside each other, in large pages. Such a cache is filled from its beginning and read again for
 * every token; others are given back in parts, which would cut large pages up. */
static bool packed_rows(kv_cache *c)
{
    const size_t side = head_offset(c, c->n_heads);
    c->bytes = 2 * (size_t)c->n_layers * side * sizeof *c->packed;
    c->packed = pages_create(c->bytes, PAGES_LARGE);
    for (int il = 0; c->packed && il < c->n_layers; il++) {
        c->layers[il].k.settled = c->packed + 2 * (size_t)il * side;
        c->layers[il].v.settled = c->layers[il].k.settled + side;
    }
    return c->packed != NULL;
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
        if (form == KV_BEFORE_ROPE || form == KV_ROTATED)
            ok = (l->k.settled = side_rows(c)) && (l->v.settled = side_rows(c));
    }
    if (ok && form == KV_PACKED) ok = packed_rows(c);
    if (ok) return c;
    kv_cache_destroy(c);
    fault_set(f, FAULT_INTERNAL, "out of memory for a cache of %d positions", capacity);
    return NULL;
}

void kv_cache_destroy(kv_cache *c)
{
    if (!c) return;
    for (int il = 0; c->layers && il < c->n_layers; il++) {
        kv_layer *l = &c->layers[il];
        if (!c->packed) {
            pages_destroy(l->k.settled, side_bytes(c));
            pages_destroy(l->v.settled, side_bytes(c));
        }
        pages_destroy(l->k.open, side_bytes(c));
        pages_destroy(l->v.open, side_bytes(c));
    }
    pages_destroy(c->packed, c->bytes);
    free(c->layers);
    free(c);
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

void kv_layer_forget(const kv_cache *c, int layer)
{
    const size_t n = head_offset(c, c->n_heads);
    const kv_layer *l = &c->layers[layer];
    float *const rows[] = { l->k.settled, l->k.open, l->v.settled, l->v.open };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        give_back(rows[i], n);
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
