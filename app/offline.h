/* offline.h - a config on a capture: what it costs and what it does to attention, without the model.
 *
 * Layer by layer every stream goes through its codec as in a cache (app/offline_codec.h), and what comes back is held
 * against the exact rows: relative squared errors per side, the error of the logits, and the cosines of attention
 * weights and outputs (app/offline_attention.h). Definitions as in a run; but every query meets the keys of its own
 * capture, so errors do not travel from layer to layer.
 *
 * rope=pre hands codecs keys before RoPE, rope=post after it, whatever form they are stored in; for attention both keys
 * and queries are turned.
 */
#ifndef KVANT_APP_OFFLINE_H
#define KVANT_APP_OFFLINE_H

#include "app/capture_file.h"
#include "app/config.h"
#include "app/job.h"
#include "app/offline_rope.h"
#include "app/registry.h"
#include "app/host.h"

typedef struct offline_request {
    const registry *known;
    const config *config;
    const rows_file *file;
    offline_rope_options rope;
    size_t sequence;     /* rows per sequence; 0: as the file says, else all of them are one */
    bool calibrate_rows; /* codecs that calibrate learn from the first half of the rows; the second is measured */
    size_t queries;      /* of each sequence and head that are compared, spread evenly; 0: all */
    int threads;
    const host_env *env;
    /* Told how many layers are done; false stops it (FAULT_INTERRUPTED). */
    bool (*at)(void *self, int done, int n_layers);
    void *self;
} offline_request;

/* One query head. */
typedef struct offline_head {
    double weights, outputs; /* mean cosines */
} offline_head;

typedef struct offline_side {
    const char *codec;   /* canonical; the config's */
    double error;        /* sum |x - x'|^2 / sum |x|^2 over all kv heads */
    double *head_errors; /* per kv head */
} offline_side;

typedef struct offline_layer {
    int number;           /* as the file counts */
    int kv_heads, heads;  /* heads: of queries; 0 without them */
    offline_side side[2]; /* KVANT_K, KVANT_V */
    double query_error;   /* of the logits, all heads; NaN without queries */
    double *query_errors; /* per kv head */
    offline_head mean;    /* over the query heads; NaN without queries */
    offline_head *each;   /* per query head */
    int worst;            /* the query head with the least cosine of weights */
    byte_counts bytes;
    size_t side_bytes;
    double *memory; /* owns the arrays */
} offline_layer;

typedef struct offline_result {
    offline_layer *layers;
    int n_layers;
    size_t rows, calibrated, sequence; /* measured per stream; that calibration took; of a sequence, measured */
    bool queries;
    double k_error, v_error, query_error; /* over all layers */
    offline_head mean;                    /* over all query heads */
    int worst_layer, worst_head;          /* index and query head with the least cosine of weights */
    job_result
        account; /* bytes, side_bytes, ratio, bits_per_value; ratio_ctx and ratio_128k when sequences are whole */
    double encode, decode; /* seconds */
} offline_result;

/* The caller releases *out, also on failure. */
bool offline_evaluate(const offline_request *request, offline_result *out, fault *f);
void offline_result_release(offline_result *r);

#endif
