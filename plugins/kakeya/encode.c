#include "plugins/kakeya/encode.h"

#include <string.h>

#include "plugins/kakeya/fit.h"
#include "plugins/kakeya/layout.h"

enum { WAVE = 16 }; /* groups that are encoded at once */

/* Bytes written, or an error. */
static int64_t encode_group(const kakeya *c, kakeya_work *w, size_t first, const float *rows, const float *weights,
                            uint8_t *out, size_t capacity)
{
    const kakeya_config *p = &c->config;
    size_t used = 0;
    int rc = kakeya_fit_skeleton(c, w, rows, weights, kakeya_group_rows(c), first);
    for (size_t i = 0; rc == KVANT_OK && i < p->shared; i++) {
        const size_t at = i * p->block;
        rc = kakeya_fit_block(c, w, rows + at * p->dim, weights ? weights + at : NULL, p->block, first + at);
        if (rc != KVANT_OK) break;
        const layout_parts parts = layout_size(p, &w->skeleton, &w->block, i == 0);
        const size_t bytes = parts.codes + parts.outlier_values + parts.rest;
        if (bytes > capacity - used)
            return c->host->fail(c->host, KVANT_E_SPACE, "kakeya: the block at row %zu needs %zu bytes, %zu are left",
                                 first + at, bytes, capacity - used);
        layout_put(p, &w->skeleton, &w->block, i == 0, out + used);
        used += bytes;
    }
    return rc == KVANT_OK ? (int64_t)used : rc;
}

/* Groups know nothing of each other: some at a time are tasks, each with room of its own. */
typedef struct wave {
    const kakeya *c;
    size_t first; /* position of the first row */
    const float *rows, *weights;
    uint8_t *room; /* `most` bytes for each group */
    size_t most;
    int64_t bytes[WAVE]; /* written, or an error */
} wave;

static void encode_one(void *arg, size_t i)
{
    wave *v = arg;
    const kakeya *c = v->c;
    const size_t at = i * kakeya_group_rows(c);
    kakeya_work w;
    v->bytes[i] = kakeya_work_open(c, true, &w);
    w.tells = !c->logged && i == 0;
    if (v->bytes[i] == KVANT_OK)
        v->bytes[i] = encode_group(c, &w, v->first + at, v->rows + at * c->config.dim,
                                   v->weights ? v->weights + at : NULL, v->room + i * v->most, v->most);
    kakeya_work_close(c, &w);
}

/* The error of group i, made once more so that its message stands. Memory may be there again: it remains an error. */
static int64_t fail_again(wave *v, size_t n, size_t i)
{
    const int64_t error = v->bytes[i];
    if (n > 1) encode_one(v, i);
    return error;
}

/* The groups' bytes one after another. Of errors the first counts. */
static int64_t join(wave *v, size_t n, uint8_t *out, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (v->bytes[i] < 0) return fail_again(v, n, i);
        const size_t bytes = (size_t)v->bytes[i];
        if (bytes > capacity - used)
            return v->c->host->fail(v->c->host, KVANT_E_SPACE,
                                    "kakeya: the group at row %zu needs %zu bytes, %zu are left",
                                    v->first + i * kakeya_group_rows(v->c), bytes, capacity - used);
        if (v->room != out) memcpy(out + used, v->room + i * v->most, bytes);
        used += bytes;
    }
    return (int64_t)used;
}

/* One group goes straight to where it belongs. */
static int64_t encode_wave(kakeya *c, wave *v, size_t n, uint8_t *out, size_t capacity)
{
    const kvant_host *host = c->host;
    if (host->cancelled(host)) return KVANT_E_CANCELLED;
    uint8_t *room = n > 1 ? host->alloc(host, n * v->most) : NULL;
    if (n > 1 && !room)
        return host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for %zu bytes of blocks", n * v->most);
    v->room = n > 1 ? room : out;
    if (n == 1) v->most = capacity;
    host->parallel(host, n, encode_one, v);
    const int64_t bytes = join(v, n, out, capacity);
    c->logged = true;
    host->release(host, room);
    return bytes;
}

int64_t kakeya_encode_groups(kakeya *c, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const size_t group = kakeya_group_rows(c);
    size_t used = 0;
    for (size_t r = 0; r < n_rows;) {
        const size_t left = (n_rows - r) / group, n = left < WAVE ? left : WAVE;
        wave v = { .c = c,
                   .first = first + r,
                   .rows = rows + r * c->config.dim,
                   .weights = c->weights ? c->weights + r : NULL,
                   .most = layout_group_most(c) };
        const int64_t bytes = encode_wave(c, &v, n, out + used, capacity - used);
        if (bytes < 0) return bytes;
        used += (size_t)bytes;
        r += n * group;
    }
    return (int64_t)used;
}
