/* job.h - one run as it is asked for, and what came of it.
 *
 * The front sends a job to a worker process and gets a result back, both as JSON (app/job_json.c); nothing else passes
 * between them but progress. The structs hold no pointers into anything: copy them freely, release results.
 */
#ifndef KVANT_APP_JOB_H
#define KVANT_APP_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "app/calibration_files.h"
#include "app/fingerprint.h"
#include "app/metrics.h"
#include "app/stopwatch.h"
#include "app/suite.h"
#include "app/verdict.h"
#include "base/hash.h"

typedef enum protocol { PROTOCOL_STREAM, PROTOCOL_SNAPSHOT } protocol;

/* "stream" or "snapshot". */
const char *protocol_name(protocol p);

enum { JOB_CONFIG = 4096, JOB_PLUGINS = 16 };

typedef struct job {
    char model[PATH_MAX];
    char text[PATH_MAX]; /* a path, or "self" */
    char config[JOB_CONFIG];
    protocol protocol;
    int ctx, eval; /* ctx 0, with a suite: as the model was trained */
    int passages;
    bool at_most; /* fewer passages are fine when the text has fewer */
    int threads;
    bool timing;                 /* say where the time went: job_result.spent */
    uint64_t seed;               /* of self text and of the bootstrap */
    char cache[PATH_MAX];        /* "": keep nothing */
    char calibration[PATH_MAX];  /* what codecs that calibrate are given: a path, or a name (below) */
    char calibrations[PATH_MAX]; /* the directory of names: app/calibration_files.h */
    char suite[SUITE_NAME];      /* "": none; app/suite.h */
    char suite_options[SUITE_OPTIONS];
    char plugins[JOB_PLUGINS][PATH_MAX]; /* where codecs are looked for, in order; "" ends the list */
} job;

/* A codec's side data and bytes, summed over all streams and passages. Per value: bytes*8/values. */
typedef struct byte_counts {
    uint64_t values;   /* f32 values that went into the cache */
    uint64_t total;    /* bytes that must live in the cache for them: payload + metadata + exact */
    uint64_t payload;  /* codes */
    uint64_t metadata; /* norms, scales, indices, padding */
    uint64_t exact;    /* rows or values kept in f16 or f32, open blocks and windows included */
    uint64_t open;     /* the part of exact that are open rows, kept in f16 by the host */
    uint64_t open_values;
} byte_counts;

/* One side (keys or values) of one layer. */
typedef struct layer_result {
    int layer;
    int stream;         /* KVANT_K or KVANT_V */
    char codec[256];    /* canonical, cut */
    double error;       /* sum |x - x'|^2 / sum |x|^2 */
    double query_error; /* keys: sum (q.(k-k'))^2 / sum (q.k)^2 over sampled causal pairs; values: NaN */
    byte_counts bytes;
} layer_result;

typedef struct job_result {
    /* What was run */
    char model_id[HASH_HEX], model_name[96], model_arch[32], model_type[32];
    uint64_t model_bytes, model_params;
    int n_layers, n_heads, n_kv_heads, head_dim, n_ctx_train;
    char text_id[HASH_HEX];
    uint64_t text_tokens;
    calibration_identity calibration;             /* id "": none was used */
    char config[JOB_CONFIG], config_id[HASH_HEX]; /* canonical */
    int passages, ctx;
    machine machine;
    /* What came out */
    run_metrics metrics;
    verdict verdict;
    byte_counts bytes;             /* over all sequences */
    uint64_t sequences, positions; /* that were counted */
    byte_counts windowed;          /* the part of bytes that is in layers with a window: rows past it are not there */
    uint64_t windowed_rows;        /* that one such layer keeps, over all sequences */
    int window;                    /* positions such a layer sees; 0: no layer has one */
    uint64_t side_bytes;           /* once per model, not per sequence */
    double ratio, bits_per_value;
    double ratio_ctx, ratio_128k;  /* with side data, for one sequence of ctx and of 131072 tokens */
    double encode_gbs, decode_gbs; /* f32 bytes per second of codec time, one thread; NaN: nothing was encoded */
    double seconds;                /* in the worker */
    double ms_per_token_layer;     /* forward pass of the config; NaN: a suite, which has none of its own */
    uint64_t peak_rss;
    bool reference_kept; /* the reference came from disk */
    stopwatch spent;     /* with job.timing; else its threads are 0 */
    layer_result *layers;
    size_t n_layer_results;
    block_metrics *blocks;
    size_t n_blocks;
    double score, score_ref; /* of a suite, as the next: app/suite.h; NaN for others */
    suite_item *items;
    size_t n_items;
    char warning[256]; /* about the run itself, or "" */
} job_result;

void job_result_release(job_result *r);

/* Fills ratio, bits_per_value, ratio_ctx and ratio_128k from the counts: the one place a ratio is computed. */
void job_ratios(job_result *r, int ctx);

cJSON *job_to_json(const job *j);
bool job_from_json(const cJSON *json, job *j, fault *f);
cJSON *job_result_to_json(const job_result *r);
bool job_result_from_json(const cJSON *json, job_result *r, fault *f);

#endif
