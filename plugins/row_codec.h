/* row_codec.h - what every codec with a fixed number of bytes per row checks, and says, in the same way.
 *
 * The first member of the state of such a codec. Rows are independent: no geometry, no side data, and the position of a
 * row changes nothing.
 */
#ifndef KVANT_PLUGINS_ROW_CODEC_H
#define KVANT_PLUGINS_ROW_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/lanes.h"
#include "kvant/codec.h"

typedef struct row_codec {
    const kvant_host *host;
    const char *name;
    size_t dim;
    size_t row_bytes;
    size_t metadata;    /* of row_bytes: norms, scales and padding; for split */
    const lanes *lanes; /* this machine's kernels for rows; NULL: the portable ones */
} row_codec;

/* Allocates a zeroed state of `bytes` that begins with a row_codec. KVANT_E_MEMORY with a message, or KVANT_OK. */
int row_codec_create(const kvant_host *host, const char *name, const kvant_shape *shape, size_t bytes, void **state);

/* The codec functions that need nothing but the row_codec at the start of the state. */
void row_codec_destroy(void *state);
size_t row_codec_bound(const void *state, size_t first, size_t n_rows);
int row_codec_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                    kvant_split *out);

/* Is there room for n_rows, and is every value finite? The number of bytes to write, or an error with a message. */
int64_t row_codec_check_rows(const row_codec *c, size_t first, const float *rows, size_t n_rows, size_t capacity);

/* encode for codecs that say row by row what does not fit: the checks of row_codec_check_rows and then `piece`, some
 * rows at a time, so that rows are still in the first-level cache when they are encoded. piece writes n_rows ·
 * row_bytes and returns KVANT_OK or an error with a message; the error for the earliest piece is the one returned. */
typedef int row_codec_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out);
int64_t row_codec_encode(const void *state, row_codec_piece *piece, size_t first, const float *rows, size_t n_rows,
                         uint8_t *out, size_t capacity);

/* Are these the bytes of n_rows? KVANT_OK or KVANT_E_CORRUPT with a message. */
int row_codec_check_bytes(const row_codec *c, size_t first, size_t n_bytes, size_t n_rows);

/* KVANT_E_RANGE: a row's norm, scale or value does not fit f16. what: "norm", "scale" … */
int row_codec_too_large(const row_codec *c, size_t position, const char *what, double value);

/* KVANT_E_CORRUPT: a row holds bytes that encode does not write. what: "the norm is not a finite positive number" … */
int row_codec_corrupt(const row_codec *c, size_t position, const char *what);

#endif
