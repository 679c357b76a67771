/* fused_rows.h - scores and mix of a codec with a fixed number of bytes per row, by kernels/fused.h.
 *
 * The codec's state begins with a row_codec and has a `fused` that describes the same rows; its own scores and mix are
 * one call each, which checks the bytes, runs the kernels and, when these have a doubt, asks the codec's decoder.
 */
#ifndef KVANT_PLUGINS_FUSED_ROWS_H
#define KVANT_PLUGINS_FUSED_ROWS_H

#include "kernels/fused.h"
#include "plugins/row_codec.h"

/* NULL, or what is wrong with a row, as the codec's decode says it. */
typedef const char *fused_rows_wrong(const void *state, const uint8_t *row);

/* KVANT_OK, or KVANT_E_CORRUPT with a message that names the first row that is wrong: of mix, among the rows that some
 * query gives weight. [any thread] */
int fused_rows_scores(const row_codec *c, const fused *f, fused_rows_wrong *wrong, size_t first, const uint8_t *bytes,
                      size_t n_bytes, size_t n_rows, const float *q, size_t n_q, float *scores);
int fused_rows_mix(const row_codec *c, const fused *f, fused_rows_wrong *wrong, size_t first, const uint8_t *bytes,
                   size_t n_bytes, size_t n_rows, const float *weights, size_t n_q, float *out);

#endif
