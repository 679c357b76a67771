/* residual.h - one row's residual, rotated and scaled to mean square 1, to codes and back.
 *
 * Every row by itself: `width` values s, of which those beyond the outlier threshold are kept as f16 and the others
 * become levels q of the table (or the directions and magnitudes of kernels/besicovitch.h). What is stored as the gain
 * is the residual's length |e|, or with gain=lsq |e| <s,q>/<q,q>, the factor of q with the least error.
 */
#ifndef KVANT_PLUGINS_KAKEYA_RESIDUAL_H
#define KVANT_PLUGINS_KAKEYA_RESIDUAL_H

#include "plugins/kakeya/kakeya.h"

/* e (rank values, room for width) becomes s; returns |e|. A residual of length 0 becomes zeros. */
double residual_scale(const kakeya_skeleton *s, float *e);

/* Appends row `row` of `length` to b->codes, count, index, value; returns the gain, before it is rounded. */
double residual_encode(const kakeya *c, const kakeya_skeleton *s, const float *scaled, double length, size_t row,
                       kakeya_block *b);

/* Replaces the row just appended by that of a residual of zeros. */
void residual_clear(const kakeya_skeleton *s, size_t row, kakeya_block *b);

/* q of row `row`, whose outliers begin at `from` in b->index: levels and outliers. False: bytes that are never written.
 */
bool residual_levels(const kakeya *c, const kakeya_skeleton *s, const kakeya_block *b, size_t row, size_t from,
                     float *levels);

/* Levels times gain, turned back: the first rank values are the residual. */
void residual_restore(const kakeya_skeleton *s, double gain, float *levels);

#endif
