/* encoded_streams.h - the streams of a cache as bytes; used by app/encoded*.c only. */
#ifndef KVANT_APP_ENCODED_STREAMS_H
#define KVANT_APP_ENCODED_STREAMS_H

#include <pthread.h>

#include "app/encoded.h"
#include "app/stream_codecs.h"
#include "kernels/lanes.h"
#include "kernels/simd.h"
#include "kernels/turned.h"
#include "kernels/weights.h"

/* The bytes of consecutive positions. */
typedef struct encoded_page {
    uint8_t *bytes; /* NULL: let go */
    size_t n, room;
    size_t positions; /* that stand in it */
} encoded_page;

/* What one codec serves: a (layer, side, head), or all heads of a layer and side when it pools them. */
typedef struct encoded_stream {
    instance *encoder;    /* NULL: head 0's serves it, too */
    instance *decoder;    /* once something has been encoded */
    pthread_mutex_t lock; /* of the decoder, for decoding */
    uint8_t *side;        /* what the decoder was given */
    size_t n_side;
    int head; /* the first that it serves */
    stream_geometry geometry;
    size_t page; /* positions of a full page, whole blocks */
    encoded_page *pages;
    size_t n_pages, pages_room;
    size_t taken, settled; /* positions of this sequence: in all, and as bytes */
    uint64_t written;      /* bytes */
    /* Positions open_first ... taken-1 in f16, [position][head][dim]; they stay for the queries of the call in which
     * their block is encoded. */
    uint16_t *open;
    size_t open_first, open_room; /* room: positions */
} encoded_stream;

typedef struct encoded_scratch {
    float *rows, *panels, *weights;
    size_t rows_room, panels_room, weights_room; /* floats */
    uint64_t seen, kept;
} encoded_scratch;

struct encoded {
    compress_request r;
    const model_shape *shape;
    config_layer *plan;
    encoded_stream *streams; /* [layer][side][head] */
    size_t n_streams;
    int most_heads; /* that one codec serves */
    size_t most_page;
    const simd *simd;
    const weigher *weights;
    const turned *turned;
    const lanes *lanes;       /* NULL: none */
    encoded_scratch *scratch; /* [thread] */
    int n_threads;
    /* One block of queries: */
    float *queries; /* [kv head][query][dim], rotated */
    float *scores;  /* [kv head][query][position] */
    float *most;    /* [kv head][cell of keys][query]: the largest score */
    float *sums;    /* [kv head][cell of values][query] of weights */
    float *partial; /* [kv head][cell of values][query][dim] */
    size_t queries_room, scores_room, most_room, sums_room, partial_room; /* floats */
    bool changed; /* side data had changed when a sequence ended, and why_changed says whose */
    fault why_changed;
    pthread_mutex_t failing;
    size_t failed; /* the first task of a round that failed; SIZE_MAX: none */
    fault why;
    encoded_work work;
};

static inline encoded_stream *encoded_stream_of(const encoded *c, int layer, int side, int head)
{
    return &c->streams[((size_t)layer * 2 + (size_t)side) * (size_t)c->shape->n_kv_heads + (size_t)head];
}

static inline bool encoded_opens(const encoded_stream *s)
{
    return s->geometry.block > 1 || s->geometry.window > 0;
}

/* One call of the keeper. */
typedef struct encoded_call {
    encoded *c;
    int layer, first, n;
    const rope_table *rope;
    const float *rows[2]; /* k, v */
    const float *q;
    float *out;
} encoded_call;

/* encoded_open.c: a decoder that has the encoder's side data as it is now. `fresh`: nothing of this sequence has been
 * decoded yet, the side data may be other ones. */
bool encoded_ready(const encoded *c, int layer, int side, encoded_stream *s, bool fresh, fault *f);

/* encoded_open.c: do all decoders know what their encoders' side data are now? Of pages that are not full. */
bool encoded_unchanged(const encoded *c, fault *f);

/* encoded_rows.c: the call's rows become bytes, as far as they can. A task for pool_run: 0 ... 2*n_kv_heads-1. */
void encoded_take(void *call, size_t task, int thread);

/* encoded_rows.c: n open positions from `from` on, as f32 rows of all the stream's heads. */
void encoded_open_rows(const encoded_stream *s, size_t dim, size_t from, size_t n, float *rows);

/* encoded_attend.c: what the call's queries see. */
bool encoded_attend(const encoded_call *call, fault *f);

/* Keys of one head before RoPE, at positions from ... from+n-1: rows that stand `stride` floats apart or, when rows is
 * NULL, as bytes that decoder (instance_has_columns) turns into rows, row_bytes each. */
typedef struct encoded_keys {
    size_t from, n;
    const float *rows;
    size_t stride;
    const instance *decoder;
    const uint8_t *bytes;
    size_t row_bytes;
} encoded_keys;

/* encoded_turned.c: scores[i*ld + r] of queries after RoPE. `tile` has encoded_tile_room floats. */
bool encoded_turned_scores(const encoded *c, const rope_table *rope, const encoded_keys *keys, const float *q,
                           size_t n_q, float *tile, float *scores, size_t ld, fault *f);
size_t encoded_tile_room(const encoded *c);

/* encoded.c: at least `floats` in *buffer; what was there is lost. */
bool encoded_room(float **buffer, size_t *room, size_t floats, fault *f);

/* encoded.c: runs tasks, and has the first fault that encoded_fail was told, in the order of tasks. */
bool encoded_run(encoded *c, size_t n_tasks, pool_task task, void *arg, fault *f);
void encoded_fail(encoded *c, size_t task, const fault *why);

#endif
