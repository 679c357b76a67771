/* center.h - the parts of the center wrapper: means kept in f16, and what is done block by block.
 *
 * A mean is one vector per head, [head][dim]. It is stored in f16, and what is stored is what is subtracted.
 */
#ifndef KVANT_PLUGINS_CENTER_CENTER_H
#define KVANT_PLUGINS_CENTER_CENTER_H

#include <float.h>

#include "plugins/wrapper.h"

typedef struct center {
    wrapper base;
    int per_block;
    size_t width;      /* heads * dim */
    size_t mean_bytes; /* 2 * width */
    size_t block;      /* per=block: rows per mean */
    double *sum;       /* [width], for center_store_mean */
    uint8_t *mean;     /* per=channel: the f16 mean; NULL before calibrate or load */
} center;

/* The largest magnitude in rows, and in what an inner codec returns: with a mean added it stays finite. */
#define CENTER_LARGEST (FLT_MAX / 2.0f)

/* Writes the f16 mean of n_rows > 0 whole positions to out (mean_bytes). KVANT_E_RANGE, naming rows from `first`, where
 * it does not fit. */
int center_store_mean(center *w, size_t first, const float *rows, size_t n_rows, uint8_t *out);

/* Adds the mean, times sign, to rows that begin with head 0. */
void center_add_mean(const center *w, float *rows, size_t n_rows, const uint8_t *mean, float sign);

/* KVANT_E_CORRUPT when bytes (mean_bytes of them) are no mean that center_store_mean writes. */
int center_check_mean(const center *w, const uint8_t *bytes);

/* decode of the inner codec, and the mean added. */
int center_decode_rows(center *w, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                       const uint8_t *mean);

/* per=block: the codec functions; center_blocks_calibrate centres the copy in base.rows. */
int center_blocks_choose(center *w, int64_t positions);
int center_blocks_calibrate(center *w, size_t n_rows, size_t sequence);
size_t center_blocks_bound(const center *w, size_t first, size_t n_rows);
int64_t center_blocks_encode(center *w, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity);
int center_blocks_decode(center *w, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows);
int center_blocks_split(const center *w, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                        kvant_split *out);

#endif
