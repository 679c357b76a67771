/* The codecs of a cache as bytes: opened, calibrated, closed. */
#include <stdlib.h>
#include <string.h>

#include "app/encoded_streams.h"
#include "kernels/cpu.h"

static instance *open_instance(const encoded *c, int layer, int side, int head, fault *f)
{
    const kvant_shape shape = compress_shape(&c->r, layer, side, head);
    return instance_open(c->r.known, c->plan[layer].spec[side], &shape, c->r.env, f);
}

static const instance *open_stream(void *self, int layer, int side, int head, fault *f)
{
    encoded_stream *s = encoded_stream_of(self, layer, side, head);
    s->head = head;
    return s->encoder = open_instance(self, layer, side, head, f);
}

static bool calibrate_stream(void *self, int layer, int side, int head, const kvant_samples *samples, fault *f)
{
    return instance_calibrate(encoded_stream_of(self, layer, side, head)->encoder, samples, f);
}

static stream_geometry *geometry_of(void *self, int layer, int side, int head)
{
    return &encoded_stream_of(self, layer, side, head)->geometry;
}

static void set_pages(encoded *c)
{
    for (size_t i = 0; i < c->n_streams; i++) {
        encoded_stream *s = &c->streams[i];
        const uint32_t block = s->geometry.block;
        s->page = ((size_t)ENCODED_PAGE + block - 1) / block * block;
        if (s->page > c->most_page) c->most_page = s->page;
    }
}

static bool open_codecs(encoded *c, fault *f)
{
    const stream_codecs q = { &c->r, c->plan, NULL, open_stream, calibrate_stream, geometry_of, c };
    if (!stream_codecs_open(&q, &c->most_heads, f)) return false;
    set_pages(c);
    return stream_codecs_calibrate(&q, f);
}

/* ---- the decoder ---- */

static bool changed(const encoded *c, int layer, int side, const encoded_stream *s, fault *f)
{
    return fault_set(f, FAULT_INPUT,
                     "%c=%.150s, layer %d, head %d: its side data changed while it encoded; bytes that are kept have "
                     "one decoder",
                     side == KVANT_V ? 'v' : 'k', c->plan[layer].spec[side]->text, layer, s->head);
}

static bool is_known(const encoded_stream *s, const uint8_t *bytes, size_t n)
{
    return s->decoder && n == s->n_side && (n == 0 || memcmp(bytes, s->side, n) == 0);
}

bool encoded_ready(const encoded *c, int layer, int side, encoded_stream *s, bool fresh, fault *f)
{
    uint8_t *bytes;
    size_t n;
    if (!instance_save(s->encoder, &bytes, &n, f)) return false;
    if (is_known(s, bytes, n) || (s->decoder && !fresh)) {
        const bool known = is_known(s, bytes, n);
        free(bytes);
        return known || changed(c, layer, side, s, f);
    }
    free(s->side);
    s->side = bytes;
    s->n_side = n;
    const bool ok = instance_close(s->decoder, f);
    s->decoder = NULL;
    if (!ok) return false;
    s->decoder = open_instance(c, layer, side, s->head, f);
    return s->decoder && (n == 0 || instance_load(s->decoder, bytes, n, f));
}

bool encoded_unchanged(const encoded *c, fault *f)
{
    const size_t heads = (size_t)c->shape->n_kv_heads;
    for (size_t i = 0; i < c->n_streams; i++) {
        encoded_stream *s = &c->streams[i];
        if (!s->encoder || !s->decoder || s->settled % s->page == 0) continue;
        if (!encoded_ready(c, (int)(i / heads / 2), (int)(i / heads % 2), s, false, f)) return false;
    }
    return true;
}

/* ---- the whole ---- */

encoded *encoded_open(const compress_request *request, fault *f)
{
    encoded *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the codecs");
        return NULL;
    }
    c->r = *request;
    c->shape = &engine_model(request->e)->shape;
    c->simd = simd_best();
    c->weights = weigher_best();
    c->turned = turned_at(cpu_level());
    c->lanes = lanes_at(cpu_level());
    c->failed = SIZE_MAX;
    pthread_mutex_init(&c->failing, NULL);
    c->n_threads = pool_threads(engine_pool(request->e));
    c->n_streams = (size_t)c->shape->n_layers * 2 * (size_t)c->shape->n_kv_heads;
    c->streams = calloc(c->n_streams, sizeof *c->streams);
    c->scratch = calloc((size_t)c->n_threads, sizeof *c->scratch);
    bool ok = (c->streams && c->scratch) || fault_memory(f, "the codecs");
    for (size_t i = 0; c->streams && i < c->n_streams; i++)
        pthread_mutex_init(&c->streams[i].lock, NULL);
    if (ok && (c->plan = compress_plan(request->config, c->shape, f)) && open_codecs(c, f)) return c;
    encoded_close(c, NULL);
    return NULL;
}

static bool close_stream(encoded_stream *s, fault *f)
{
    bool ok = instance_close(s->decoder, f);
    ok = instance_close(s->encoder, ok ? f : NULL) && ok;
    for (size_t i = 0; i < s->n_pages; i++)
        free(s->pages[i].bytes);
    free(s->pages);
    free(s->open);
    free(s->side);
    pthread_mutex_destroy(&s->lock);
    return ok;
}

bool encoded_close(encoded *c, fault *f)
{
    if (!c) return true;
    if (f && !c->changed) encoded_begin(c);
    bool ok = !(f && c->changed);
    if (!ok) *f = c->why_changed;
    for (size_t i = 0; c->streams && i < c->n_streams; i++)
        if (!close_stream(&c->streams[i], ok ? f : NULL)) ok = false;
    for (int i = 0; c->scratch && i < c->n_threads; i++) {
        free(c->scratch[i].rows);
        free(c->scratch[i].panels);
        free(c->scratch[i].weights);
    }
    float *buffers[] = { c->queries, c->scores, c->most, c->sums, c->partial };
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        free(buffers[i]);
    pthread_mutex_destroy(&c->failing);
    free(c->scratch);
    free(c->streams);
    free(c->plan);
    free(c);
    return ok;
}
