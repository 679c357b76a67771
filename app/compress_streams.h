/* compress_streams.h - the streams of a compressor; used by app/compress*.c only. */
#ifndef KVANT_APP_COMPRESS_STREAMS_H
#define KVANT_APP_COMPRESS_STREAMS_H

#include "app/compress.h"
#include "app/roundtrip.h"
#include "app/stream_error.h"

/* One (layer, side, head). */
typedef struct stream {
    roundtrip *codec;       /* NULL: head 0's serves it, too */
    int heads;              /* that the codec serves: 1, or all when it pools them; 0 without a codec */
    uint32_t block, window; /* in positions */
    size_t settled;         /* positions of this passage that have been encoded */
    float *exact; /* stream protocol: [ctx][dim] as the model made them; keys, and values that are ever open; of pooled
                     heads one piece of memory, head 0's */
    roundtrip_bytes bytes;        /* of the sequences counted so far, and what codecs wrote in the one at work */
    roundtrip_bytes counted;      /* the first of the two */
    uint64_t values, open_values; /* that live in the cache at the end of a sequence: rows past a window do not */
    uint64_t encoded;             /* values that went through the codec */
    stream_error error;
    fault fault; /* of the last task that worked on it */
} stream;

struct compressor {
    compress_request r;
    host_env env; /* the request's, with threads that help */
    const model_shape *shape;
    config_layer *plan;
    stream *streams; /* [layer][side][head] */
    size_t n_streams;
    bool calibrates; /* some codec wants it */
    int most_heads;  /* that one codec serves */
    float *queries;  /* stream protocol: [layer][sampled position][n_heads * dim] */
    float **scratch; /* [thread][heads of a codec][ctx][dim] */
    kv_cache *cache; /* of the passage at work */
    const reference *exact;
    uint64_t sequences, positions; /* counted so far */
    uint64_t windowed_rows;        /* that a layer with a window keeps of them */
};

static inline stream *stream_of(const compressor *c, int layer, int side, int head)
{
    return &c->streams[((size_t)layer * 2 + (size_t)side) * (size_t)c->shape->n_kv_heads + (size_t)head];
}

/* Counts what a sequence of n rows leaves in the cache, `settled` of which went through the codec: all of it, or, of a
 * layer with a window, what a cache of the window's rows would hold. */
void compress_count(const compressor *c, stream *s, int layer, size_t n, size_t settled);

/* The first fault that a layer's tasks left, in the streams' order; true when there is none. */
bool compress_first_fault(const compressor *c, int layer, fault *f);

#endif
