/* offline_work.h - what the parts of an offline evaluation share. Used by app/offline*.c alone.
 *
 *     offline.c             what is asked for is there and fits; every layer; the sum
 *     offline_layer.c       one layer: rows, codecs, attention
 *     offline_calibrate.c   what a layer's codecs learn before that
 *     offline_account.c     what a layer cost and what it lost
 */
#ifndef KVANT_APP_OFFLINE_WORK_H
#define KVANT_APP_OFFLINE_WORK_H

#include "app/offline.h"
#include "app/offline_attention.h"
#include "app/offline_codec.h"
#include "app/stream_error.h"
#include "base/pool.h"

typedef struct evaluation {
    const offline_request *r;
    offline_result *out;
    capture_layers layers;
    config_layer *plan;
    offline_rope rope;
    pool *crew;
    host_env env;               /* the request's, with threads that help */
    size_t sequence, rows, cut; /* of a head: rows in the file, rows that calibration takes */
    stream_error sums[2];       /* over all layers; the queries' are in the keys' */
} evaluation;

/* Rows are [heads][rows][dim]; `exact` first as the codec sees them, then, keys, after RoPE. */
typedef struct layer_side {
    const rows_tensor *t;
    float *exact, *back;
    offline_codec *codec;
} layer_side;

typedef struct layer_work {
    const evaluation *v;
    const capture_layer *in;
    offline_layer *out;
    layer_side side[2];
    float *q;            /* after RoPE */
    attention_gap *gaps; /* per query head */
    fault *faults;       /* per task */
} layer_work;

/* Brings keys or queries (after RoPE: true) from one form to the other, head by head. */
void offline_turn(const evaluation *v, float *rows, const rows_tensor *t, bool from, bool to);

/* Runs the layer with this index into v->out->layers; releases all but its result. */
bool offline_run_layer(evaluation *v, int layer, fault *f);

/* Runs n tasks, which may spread; each has a place in w->faults, and of several the first counts. */
bool offline_run_tasks(layer_work *w, pool_task task, void *arg, size_t n, fault *f);

/* Gives the codecs that want it what the first v->cut rows say. w->q still stands as it is stored. */
bool offline_calibrate(layer_work *w, fault *f);

/* Fills w->out, and adds to the sums in v: one side's errors and bytes; the queries' gaps. */
void offline_account_side(layer_work *w, evaluation *v, int side);
void offline_account_attention(const layer_work *w, evaluation *v);

#endif
