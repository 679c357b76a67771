/* verify_battery.h - what the checks of `kvant verify` share. Used by app/verify*.c and app/checklist*.c alone.
 *
 * A check is a function over the codec under test that returns passed, failed or not_applicable with what it measured.
 * Whatever it returns, it has failed when the ledger holds a breach afterwards (app/verify_trial.h).
 */
#ifndef KVANT_APP_VERIFY_BATTERY_H
#define KVANT_APP_VERIFY_BATTERY_H

#include "app/verify.h"
#include "app/verify_rows.h"
#include "app/verify_trial.h"

typedef struct verify {
    const registry *known;
    const spec *spec;
    bool quick;
    kvant_shape shape; /* what most checks use: a claimed head dimension near 128, two kv heads */
    size_t dim, unit;  /* of that shape; a block's rows */
    size_t n_rows;     /* of rows: a few blocks */
    size_t few;        /* at most n_rows: one block, or 24 rows */
    kvant_geometry geometry;
    float *rows, *back; /* Gaussian rows; what came back of them, once round_trip has passed */
    double error;       /* of back */
    size_t bytes, side; /* of their encoding, of the side data */
    bool hopeless;      /* it cannot even be created: the rest is not run */
    ledger ledger;
    verify_result now;
} verify;

typedef verify_outcome (*verify_function)(verify *v);

typedef struct verify_check {
    const char *name, *expected;
    verify_function run;
    bool sweeps; /* left out when quick */
} verify_check;

verify_outcome passed(verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
verify_outcome failed(verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
verify_outcome not_applicable(verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces the text of the table where what is expected depends on the codec. */
void expect(verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory of this program itself; ends the process when there is none. */
void *verify_memory(size_t bytes);

/* An encoder of v's shape, calibrated where it must be. False, with a breach, when that fails. Close it in any case. */
bool ready_encoder(verify *v, trial *t);
bool ready_decoder(verify *v, trial *t, trial *encoder);

/* Encodes and decodes what must work: false with a breach that says what the codec answered. */
bool must_encode(trial *t, size_t first, const float *rows, size_t n_rows, blob *b);
bool must_decode(trial *t, size_t first, const blob *b, float *rows, size_t n_rows);

/* The error of another spec or shape on Gaussian rows; rows: a multiple of its block near `rows`. NAN, and the reason
 * in out->said, when it refuses. The caller frees nothing. */
typedef struct measure {
    double error, bits; /* bits per value, side data included */
    size_t n_rows;
    int code; /* KVANT_OK, or the answer of the call `where` */
    const char *where;
    char said[200];
    size_t bytes;
} measure;
void measure_error(verify *v, const spec *s, const kvant_shape *shape, size_t values, float scale, measure *out);

/* Rows for about so many values, whole blocks of `unit`. */
size_t rows_for(size_t values, size_t dim, size_t unit);

/* "name(inner,key=value)" parsed against the loaded plugins; NULL when it is refused. */
spec *with_param(const verify *v, const char *key, const char *value);

/* ---- the checks, by file ---- */

verify_outcome check_descriptor(verify *v); /* verify_contract.c */
verify_outcome check_create(verify *v);
verify_outcome check_geometry(verify *v);
verify_outcome check_capacity(verify *v);
verify_outcome check_determinism(verify *v);

verify_outcome check_pieces(verify *v); /* verify_pieces.c */
verify_outcome check_sequences(verify *v);
verify_outcome check_decoder(verify *v);
verify_outcome check_split(verify *v);

verify_outcome check_side_data(verify *v); /* verify_life.c */
verify_outcome check_calibration(verify *v);
verify_outcome check_weights(verify *v);
verify_outcome check_memory(verify *v);
verify_outcome check_cancel(verify *v);
verify_outcome check_leaks(verify *v);

verify_outcome check_attention(verify *v); /* verify_attention.c */

/* verify_columns.c: decode_columns against v->back, which decode has made of b. */
void verify_columns(verify *v, trial *t, const blob *b);

verify_outcome check_round_trip(verify *v); /* verify_numbers.c */
verify_outcome check_rate(verify *v);
verify_outcome check_scale(verify *v);
verify_outcome check_distortion(verify *v);
verify_outcome check_monotone(verify *v);

verify_outcome check_kinds(verify *v); /* verify_hostile.c */
verify_outcome check_nonfinite(verify *v);
verify_outcome check_truncated(verify *v);
verify_outcome check_flipped(verify *v);

verify_outcome check_dims(verify *v); /* verify_sweep.c */
verify_outcome check_params(verify *v);
verify_outcome check_pooled(verify *v);

#endif
