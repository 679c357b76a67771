/* compress.h - a config at work on a cache: every stream through its codec, counted and compared.
 *
 * One compressor serves a whole run: it opens a codec per (layer, K or V, kv head) and adds up bytes and errors over
 * all passages.
 *
 * stream protocol: a tap sits in the forward pass. Rows are replaced as they are written; a block codec's rows
 * stand in f16 (the cache's open rows) until their block is full and has left the window, and are encoded from that
 * f16. snapshot protocol: a cache is filled with the round-tripped prefix of a reference; rows that make no whole
 * block, or lie in the window, stay in f16.
 *
 *     compressor *c = compress_open(&request, &f);
 *     for each passage: compress_stream(c, &s, &f) or compress_snapshot(c, &exact, &s, &seconds, &f);
 *     or token by token: compress_begin(c, cache, &f), engine_forward with compress_tap(c), compress_end(c, &f);
 *     compress_report(c, &result, &f);
 *     compress_close(c, &f);
 */
#ifndef KVANT_APP_COMPRESS_H
#define KVANT_APP_COMPRESS_H

#include "app/calibration.h"
#include "app/config.h"
#include "app/job.h"
#include "app/reference.h"
#include "app/registry.h"
#include "app/host.h"
#include "engine/forward.h"

typedef struct compressor compressor;

typedef struct compress_request {
    const registry *known;
    const config *config;
    engine *e;
    int ctx; /* rows of a passage that are compressed; of a sequence that may be shorter: at most */
    const host_env *env;
    void (*at_layer)(void *self, int layer); /* told before codecs work on a layer */
    void *self;
    /* Opens the calibration, once, when a codec wants it; NULL with a fault when there is none. The caller keeps it as
     * long as the compressor is being opened. */
    const calibration *(*calibration)(void *self, fault *f);
} compress_request;

/* The codecs of every layer, malloc'd; NULL with a fault when the config does not fit the model. Runs no codec. */
config_layer *compress_plan(const config *c, const model_shape *shape, fault *f);

/* What the codec of a stream is told of it. */
kvant_shape compress_shape(const compress_request *request, int layer, int side, int head);

/* Opens all codecs and calibrates those that want it; a config that does not fit the model is a fault. */
compressor *compress_open(const compress_request *request, fault *f);

/* False when a codec left memory behind; c is gone all the same. NULL is fine. */
bool compress_close(compressor *c, fault *f);

/* The form caches must have: rotated for rope=post. */
kv_form compress_form(const compressor *c);

/* stream: a new sequence in an empty cache of at least ctx positions; its tap; its end, after ctx positions or fewer.
 * A sequence that did not come to its end spoils the counts, but not the next one. */
bool compress_begin(compressor *c, kv_cache *cache, fault *f);
kv_tap compress_tap(compressor *c);
bool compress_end(compressor *c, fault *f);

/* A whole passage through an empty cache to its states (engine_forward_layers), with compress_tap's tap or one around
 * it in s->tap. It goes layer by layer, so that exact rows are held of one layer at a time; of a large cache, each
 * layer's rows are given back after it, and none are left at the end. */
bool compress_stream(compressor *c, sequence *s, fault *f);

/* snapshot: s in an empty cache, behind the round-tripped prefix of the reference, to its states. A layer's prefix is
 * filled in when its turn comes; the exact rows are given back as it goes (reference_forget), and of a large cache
 * those of each layer after it. *seconds: what the prefix took. s->tap is set and cleared. */
bool compress_snapshot(compressor *c, const reference *exact, sequence *s, double *seconds, fault *f);

/* Writes bytes, side bytes, speeds and layers (allocated) into *out. */
bool compress_report(const compressor *c, job_result *out, fault *f);

#endif
