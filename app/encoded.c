#include "app/encoded_streams.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kernels/attention.h"

bool encoded_room(float **buffer, size_t *room, size_t floats, fault *f)
{
    if (floats <= *room) return true;
    const size_t more = *room + *room / 2; /* a token more in the cache wants a little more each time */
    free(*buffer);
    *room = floats > more ? floats : more;
    *buffer = calloc(*room, sizeof **buffer);
    if (!*buffer) *room = 0;
    return *buffer || fault_memory(f, "attention on the encoded cache");
}

/* ---- tasks ---- */

void encoded_fail(encoded *c, size_t task, const fault *why)
{
    pthread_mutex_lock(&c->failing);
    if (task < c->failed) {
        c->failed = task;
        c->why = *why;
    }
    pthread_mutex_unlock(&c->failing);
}

bool encoded_run(encoded *c, size_t n_tasks, pool_task task, void *arg, fault *f)
{
    c->failed = SIZE_MAX;
    pool_run(engine_pool(c->r.e), n_tasks, task, arg);
    if (c->failed == SIZE_MAX) return true;
    if (f) *f = c->why;
    return false;
}

/* ---- the keeper ---- */

static bool room_to_take(encoded *c, int n, fault *f)
{
    const size_t ctx = (size_t)c->r.ctx, page = c->most_page < ctx ? c->most_page : ctx;
    const size_t positions = page > (size_t)n ? page : (size_t)n;
    const size_t row = (size_t)c->most_heads * (size_t)c->shape->head_dim;
    for (int i = 0; i < c->n_threads; i++) {
        encoded_scratch *s = &c->scratch[i];
        /* a panel of columns may be read past the last row's end */
        if (!encoded_room(&s->rows, &s->rows_room, positions * row + (size_t)c->simd->width, f)) return false;
    }
    return true;
}

static bool attend(void *self, int layer, int first, int n, const rope_table *rope, const float *k, const float *v,
                   const float *q, float *out, fault *f)
{
    encoded *c = self;
    encoded_call call = { c, layer, first, n, rope, { k, v }, q, out };
    const double begin = clock_seconds();
    if (c->changed) {
        *f = c->why_changed;
        return false;
    }
    if (first + n > c->r.ctx)
        return fault_set(f, FAULT_INTERNAL, "position %d is past the %d that the cache was opened for", first + n - 1,
                         c->r.ctx);
    if (c->r.at_layer) c->r.at_layer(c->r.self, layer);
    if (!room_to_take(c, n, f) || !encoded_run(c, 2 * (size_t)c->shape->n_kv_heads, encoded_take, &call, f))
        return false;
    c->work.take_s += clock_seconds() - begin;
    return !q || encoded_attend(&call, f);
}

kv_keeper encoded_keeper(encoded *c)
{
    return (kv_keeper){ attend, c };
}

void encoded_begin(encoded *c)
{
    if (!c->changed) c->changed = !encoded_unchanged(c, &c->why_changed);
    for (size_t i = 0; i < c->n_streams; i++) {
        encoded_stream *s = &c->streams[i];
        for (size_t j = 0; j < s->n_pages; j++)
            free(s->pages[j].bytes);
        s->n_pages = s->taken = s->settled = s->open_first = 0;
        s->written = 0;
        free(s->open);
        s->open = NULL;
        s->open_room = 0;
    }
    encoded_spent(c);
}

/* ---- counting ---- */

/* What a sequence of `taken` rows leaves in the cache: all of it or, of a layer with a window, what a cache of the
 * window's rows would hold. */
static uint64_t count_stream(const encoded *c, const encoded_stream *s, int layer)
{
    const size_t row = (size_t)s->geometry.heads * (size_t)c->shape->head_dim;
    const size_t rows = s->taken ? (size_t)model_rows(c->shape, layer, (int)s->taken) : 0;
    size_t kept = s->settled;
    uint64_t bytes = s->written;
    if (rows < s->taken) kept = attention_settled(rows - 1, s->geometry.block, s->geometry.window);
    if (kept < s->settled) bytes = (bytes * kept + s->settled / 2) / s->settled;
    return bytes + 2 * (uint64_t)((rows - kept) * row);
}

void encoded_count(const encoded *c, encoded_size *out)
{
    *out = (encoded_size){ 0 };
    for (size_t i = 0; i < c->n_streams; i++) {
        const encoded_stream *s = &c->streams[i];
        if (!s->encoder) continue;
        out->bytes += count_stream(c, s, (int)(i / (2 * (size_t)c->shape->n_kv_heads)));
        out->side_bytes += s->n_side;
        out->held += s->open_room * (size_t)s->geometry.heads * (size_t)c->shape->head_dim * sizeof *s->open;
        for (size_t j = 0; j < s->n_pages; j++)
            out->held += s->pages[j].bytes ? s->pages[j].room : 0;
    }
}

encoded_work encoded_spent(encoded *c)
{
    encoded_work work = c->work;
    for (int i = 0; i < c->n_threads; i++) {
        work.seen += c->scratch[i].seen;
        work.kept += c->scratch[i].kept;
        c->scratch[i].seen = c->scratch[i].kept = 0;
    }
    c->work = (encoded_work){ 0 };
    return work;
}

void encoded_fused(const encoded *c, int *keys, int *values)
{
    *keys = *values = 0;
    for (int il = 0; il < c->shape->n_layers; il++) {
        const encoded_stream *k = encoded_stream_of(c, il, KVANT_K, 0), *v = encoded_stream_of(c, il, KVANT_V, 0);
        *keys += k->geometry.heads == 1 && c->r.config->rope_post && instance_has_scores(k->encoder);
        *values += v->geometry.heads == 1 && instance_has_mix(v->encoder);
    }
}
