/* compress_streams.h - the streams of a compressor; used by app/compress*.c only. */
#ifndef KVANT_APP_COMPRESS_STREAMS_H
#define KVANT_APP_COMPRESS_STREAMS_H

#include "app/compress.h"
#include "app/roundtrip.h"
#include "app/stream_codecs.h"
#include "app/stream_error.h"
#include "kernels/lanes.h"

/* One (layer, side, head). */
typedef struct stream {
    roundtrip *codec; /* NULL: head 0's serves it, too */
    stream_geometry geometry;
    size_t settled;               /* positions of this passage that have been encoded */
    roundtrip_bytes bytes;        /* of the sequences counted so far, and what codecs wrote in the one at work */
    roundtrip_bytes counted;      /* the first of the two */
    uint64_t values, open_values; /* that live in the cache at the end of a sequence: rows past a window do not */
    uint64_t encoded;             /* values that went through the codec */
    stream_error error;
    fault fault; /* of the last task that worked on it */
} stream;

struct compressor {
    compress_request r;
    host_env env;       /* the request's, with threads that help */
    const lanes *lanes; /* NULL: none */
    const model_shape *shape;
    config_layer *plan;
    stream *streams; /* [layer][side][head] */
    size_t n_streams;
    int most_heads;  /* that one codec serves */
    float *queries;  /* stream protocol: [layer][sampled position][n_heads * dim] */
    float **scratch; /* [thread][heads of a codec][ctx][dim] */
    bool by_layer;   /* a passage goes through a layer before the next begins: exact rows are those of one layer */
    /* stream protocol: [layer][K, V], or [K, V] by layers: [kv head][ctx][dim] as the model made them, or NULL */
    float **exact_rows;
    kv_cache *cache; /* of the passage at work */
    const reference *exact;
    uint64_t sequences, positions; /* counted so far */
    uint64_t windowed_rows;        /* that a layer with a window keeps of them */
};

static inline stream *stream_of(const compressor *c, int layer, int side, int head)
{
    return &c->streams[((size_t)layer * 2 + (size_t)side) * (size_t)c->shape->n_kv_heads + (size_t)head];
}

static inline size_t exact_side(const compressor *c, int layer, int side)
{
    return (c->by_layer ? 0 : 2 * (size_t)layer) + (size_t)side;
}

/* Exact rows of one head; NULL where none are kept. */
static inline float *exact_rows(const compressor *c, int layer, int side, int head)
{
    float *rows = c->exact_rows[exact_side(c, layer, side)];
    return rows ? rows + (size_t)head * (size_t)c->r.ctx * (size_t)c->shape->head_dim : NULL;
}

/* Positions first … first+n-1 of a layer, on their way through its codecs. */
typedef struct layer_work {
    compressor *c;
    int layer, first, n;
} layer_work;

static inline kv_side *compress_side(const layer_work *w, int side)
{
    kv_layer *l = &w->c->cache->layers[w->layer];
    return side == KVANT_K ? &l->k : &l->v;
}

/* The cache of a sequence, and the angles of its layers: made before tasks on several threads ask for them. */
bool compress_take_cache(compressor *c, kv_cache *cache, fault *f);

/* Runs task over (side, head) of a layer and returns the first fault, in the streams' order. */
bool compress_over_streams(layer_work *w, pool_task task, fault *f);

/* `count` positions of the heads that one codec serves, from position `first` on, into the cache: `from` and `to` are
 * the first head's rows, `from_head` floats before the next head's. Pooled heads go through the scratch interleaved. */
bool compress_through_codec(const layer_work *w, stream *s, size_t first, size_t count, const float *from,
                            size_t from_head, float *to, float *scratch);

/* Sampled queries against the keys of one head, exact and as they came back. */
void compress_add_query_error(const layer_work *w, stream *s, int head, const float *queries, const float *exact,
                              const float *decoded);

/* stream: a sequence in an empty cache, and the end of a layer that n positions have passed. by_layer: the pass goes
 * layer by layer, and each layer's end comes before the next layer's first rows. */
bool compress_begin_rows(compressor *c, kv_cache *cache, bool by_layer, fault *f);
bool compress_end_layer(compressor *c, int layer, int n, fault *f);

/* snapshot: positions 0 … ctx-1 of one layer of c->cache, from c->exact. */
bool compress_prefix_layer(compressor *c, int layer, fault *f);

/* A sequence of n positions has come to its end. */
void compress_add_sequence(compressor *c, int n);

/* Counts what a sequence of n rows leaves in the cache, `settled` of which went through the codec: all of it, or, of a
 * layer with a window, what a cache of the window's rows would hold. */
void compress_count(const compressor *c, stream *s, int layer, size_t n, size_t settled);

/* The first fault that a layer's tasks left, in the streams' order; true when there is none. */
bool compress_first_fault(const compressor *c, int layer, fault *f);

#endif
