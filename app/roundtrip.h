/* roundtrip.h - rows through a codec and back, and what that costs in bytes.
 *
 * An encoder, and a decoder that is a fresh instance knowing only the bytes and the saved side data. Should an
 * encoder's side data change while it encodes, the next rows are decoded by another fresh instance with the new data.
 *
 *     roundtrip *t = roundtrip_open(known, s, &shape, NULL, &f);
 *     roundtrip_calibrate(t, &samples, &f);
 *     roundtrip_bytes bytes = { 0 };
 *     roundtrip_rows(t, 0, rows, n_rows, back, &bytes, &f);
 *     roundtrip_close(t, &f);
 *
 * One thread at a time; different roundtrips run at the same time.
 */
#ifndef KVANT_APP_ROUNDTRIP_H
#define KVANT_APP_ROUNDTRIP_H

#include "app/instance.h"

/* Counted by the host. total = payload + metadata + exact. */
typedef struct roundtrip_bytes {
    uint64_t total, payload, metadata, exact;
} roundtrip_bytes;

typedef struct roundtrip roundtrip;

/* As instance_open. */
roundtrip *roundtrip_open(const registry *known, const spec *s, const kvant_shape *shape, const host_env *env,
                          fault *f);

/* False with a message when encoder or decoder left memory behind; it is gone then, too. NULL is fine. */
bool roundtrip_close(roundtrip *t, fault *f);

/* The encoder, for its geometry and flags. */
const instance *roundtrip_encoder(const roundtrip *t);

/* Samples for a codec that calibrates, before the first rows; nothing happens for others. */
bool roundtrip_calibrate(roundtrip *t, const kvant_samples *samples, fault *f);

/* Encodes n_rows x dim f32, whole blocks at positions first ..., and decodes them into `back` (n_rows x dim; may be
 * `rows` itself). What they cost is added to *bytes, side data apart. Faults as in app/instance.h. */
bool roundtrip_rows(roundtrip *t, size_t first, const float *rows, size_t n_rows, float *back, roundtrip_bytes *bytes,
                    fault *f);

/* The encoding of the last roundtrip_rows: it stays until the next. */
const uint8_t *roundtrip_encoding(const roundtrip *t, size_t *n_bytes);

/* Frees what the last roundtrip_rows needed: the encoding and the decoder's buffer, a copy of all its rows. */
void roundtrip_drop_buffers(roundtrip *t);

/* Processor seconds, of all threads, spent in encode and in decode so far, their checks included. */
void roundtrip_seconds(const roundtrip *t, double *encode, double *decode);

/* Bytes of side data the decoder was last given. */
size_t roundtrip_side_bytes(const roundtrip *t);

#endif
