/* offline_codec.h - stored rows of one layer and side through a codec, as a cache would put them.
 *
 * Each kv head has its codec, or one codec pools them all. Every sequence of the rows goes through whole: the blocks
 * that have left the window encoded and decoded by a fresh instance, the rest (open rows) in f16.
 *
 *     offline_codec *c = offline_codec_open(&request, &f);
 *     for each i < offline_codec_instances(c):
 *         offline_codec_learn(c, i, &known, rows, &f);           when it calibrates
 *         offline_codec_run(c, i, rows, back, &f);
 *     offline_codec_close(c, &f);
 *
 * Different instances may be at work at the same time.
 */
#ifndef KVANT_APP_OFFLINE_CODEC_H
#define KVANT_APP_OFFLINE_CODEC_H

#include "app/job.h"
#include "app/offline_samples.h"
#include "app/roundtrip.h"

typedef struct offline_codec_request {
    const registry *known;
    const spec *codec;
    kvant_shape shape; /* of head 0; n_heads, layer and side as they are */
    size_t rows;       /* per head */
    size_t stride;     /* rows from one head's first to the next head's in memory; 0: as many as it has */
    size_t sequence;   /* rows per sequence; the last one may be shorter */
    bool calibrate;    /* offline_codec_learn will be called; without it a codec that calibrates is a fault */
    bool from_half;    /* a codec with open rows encodes what f16 left of them, as a server's cache does */
    const host_env *env;
    /* Given each encoding, in order, when it is not NULL. */
    bool (*encoded)(void *self, const uint8_t *bytes, size_t n, fault *f);
    void *self;
} offline_codec_request;

typedef struct offline_account {
    byte_counts bytes;
    size_t side_bytes;
    double encode, decode; /* seconds */
} offline_account;

typedef struct offline_codec offline_codec;

/* request->known, codec and env must outlive it. */
offline_codec *offline_codec_open(const offline_codec_request *request, fault *f);

/* False when a codec left memory behind; c is gone all the same. NULL is fine. */
bool offline_codec_close(offline_codec *c, fault *f);

bool offline_codec_pooled(const offline_codec *c);
bool offline_codec_calibrates(const offline_codec *c);
size_t offline_codec_instances(const offline_codec *c); /* kv heads, or 1 when pooled */

/* Calibrates instance i. rows: of all heads, as known->from says, of the codec's own dimension. */
bool offline_codec_learn(offline_codec *c, size_t i, const offline_known *known, const float *rows, fault *f);

/* rows, back: [rows][dim] of head i; pooled: of head 0, the others `stride` rows apart. */
bool offline_codec_run(offline_codec *c, size_t i, const float *rows, float *back, fault *f);

/* What instance i has cost so far. */
offline_account offline_codec_account(const offline_codec *c, size_t i);

void offline_add_bytes(byte_counts *to, const byte_counts *b);

#endif
