/* verify_trial.h - one instance of a codec under test: every call fenced, every broken rule noted.
 *
 * The rows and bytes a codec reads end where the memory it may touch ends, so that reading on is a crash; what it
 * writes has a fence behind it. A call that breaks a rule whatever its arguments were (a write past the buffer, a code
 * the ABI does not have, an error without a message, NaN out of decode, memory left behind) is a breach: the first one
 * is kept in the ledger, and the check that was running fails by it.
 *
 *     trial t;
 *     if (trial_open(&t, known, s, &shape, NULL, 1.0f, &ledger) == KVANT_OK && trial_calibrate(&t) == KVANT_OK) {
 *         blob b = { 0 };
 *         trial_encode(&t, 0, rows, n_rows, &b);
 *         ...
 *     }
 *     trial_close(&t);
 */
#ifndef KVANT_APP_VERIFY_TRIAL_H
#define KVANT_APP_VERIFY_TRIAL_H

#include "app/guard.h"
#include "app/verify_host.h"
#include "app/verify_ledger.h"

/* Memory that ends at a page nobody may touch. */
typedef struct fence {
    uint8_t *map;
    size_t room;
} fence;

typedef struct trial {
    const registry *known;
    const spec *spec;
    const kvant_codec *codec; /* NULL: not open */
    void *state;
    verify_host *host;
    verify_plan plan;
    kvant_shape shape;
    kvant_geometry geometry;
    size_t dim, unit; /* unit: a block's rows */
    size_t side;      /* a decoder's: the bytes of side data it was given */
    float scale;      /* of the rows to come: samples are made with it */
    ledger *ledger;
    guard bytes, rows; /* what it writes */
    fence in;          /* what it reads */
} trial;

/* Opens an instance; the answer of create or geometry. Close it in any case. plan: which allocation fails, NULL: none.
 */
int trial_open(trial *t, const registry *known, const spec *s, const kvant_shape *shape, const verify_plan *plan,
               float scale, ledger *l);
void trial_close(trial *t);

/* What its last answer said, "" when nothing. */
const char *trial_message(const trial *t);

/* Samples, where it calibrates. */
int trial_calibrate(trial *t);

/* Rows (whole units, at positions first ...) in a buffer of `bound` bytes filled with `fill`. The bytes replace what b
 * held. The number of bytes, or the codec's answer. */
int64_t trial_encode(trial *t, size_t first, const float *rows, size_t n_rows, blob *b);
int64_t trial_encode_into(trial *t, size_t first, const float *rows, size_t n_rows, size_t capacity, uint8_t fill,
                          blob *b);

/* Bytes into rows; `rows` is only written when the answer is KVANT_OK. */
int trial_decode(trial *t, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows);

/* Side data; none: side->n is 0. */
int trial_save(trial *t, blob *side);
int trial_load(trial *t, const uint8_t *bytes, size_t n_bytes);

/* A fresh instance of what the encoder is, which knows its side data and nothing else. Close it in any case. */
int trial_open_decoder(trial *t, trial *encoder, const verify_plan *plan);

/* The whole way with fresh instances at position 0: calibrate, encode, make the decoder, decode. The first answer that
 * is not KVANT_OK, with the call in `where` and its message in `said`. */
typedef struct trip {
    const char *where;
    char said[200];
    blob bytes;
    size_t side;
} trip;
int trial_trip(const registry *known, const spec *s, const kvant_shape *shape, float scale, const float *rows,
               size_t n_rows, float *back, ledger *l, trip *out);
void trip_free(trip *t);

#endif
