/* kakeya.h - what the parts of the codec share: its parameters, a group's skeleton, a block's codes.
 *
 * A group is `shared` blocks that follow one another and have one skeleton (mean and principal directions); a block has
 * its own centres. See README.md for the mathematics and the bytes.
 */
#ifndef KVANT_PLUGINS_KAKEYA_H
#define KVANT_PLUGINS_KAKEYA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/besicovitch.h"
#include "kernels/fan.h"
#include "kernels/quantizer.h"
#include "kvant/codec.h"
#include "plugins/kakeya/rotation.h"

enum { KAKEYA_DIM_MAX = 512, KAKEYA_CENTRES_MAX = 64 };
#define KAKEYA_LARGEST                                                                                                 \
    1e36f /* magnitude of a value; sums of 512 squares and of products stay far inside f32 and f64                     \
           */

typedef struct kakeya_config {
    size_t dim, block, shared, centres;
    size_t rank_most; /* of any group: the cap, the dimension, a group's rows less one */
    size_t oversample;
    int power, bits;
    double variance, outlier; /* outlier 0: none kept apart */
    bool sketch;              /* pca=rsvd */
    bool pooled;              /* pool=layer */
    bool wide;                /* skeleton=f32 */
    bool calibrated, lsq, besi, published;
} kakeya_config;

typedef struct kakeya {
    const kvant_host *host;
    fan threads; /* the host's parallel */
    kakeya_config config;
    kvant_shape shape;
    bool has_table;  /* of codebook=calibrated: fitted or loaded */
    bool logged;     /* the captured variance, once */
    quantizer table; /* residual=lloyd */
    besi directions; /* residual=besi */
    float *weights;  /* of the next encode, or NULL */
    size_t n_weights;
} kakeya;

/* Rows that are encoded with one skeleton. */
static inline size_t kakeya_group_rows(const kakeya *c)
{
    return c->config.block * c->config.shared;
}

typedef struct kakeya_skeleton {
    size_t rank, width; /* directions; values of a rotated residual */
    size_t code_bytes;  /* of one row's residual */
    float *mean;        /* dim; as a decoder reads them, here and below */
    float *basis;       /* rank x dim, then PCA_PAD floats */
    rotation turn;
} kakeya_skeleton;

/* One block: what is stored of it. Scalars are f16 times 2^exponent. */
typedef struct kakeya_block {
    size_t rows, centres;
    int exponent;
    float *centre;           /* centres x rank */
    uint16_t *segment;       /* rows */
    uint16_t *along;         /* rows: t, the length along the centre */
    uint16_t *gain;          /* rows: what the residual's levels are multiplied by */
    uint8_t *codes;          /* rows x code_bytes */
    uint16_t *count;         /* rows: outliers of each */
    uint16_t *index, *value; /* all outliers, row after row, index ascending */
    size_t outliers;
} kakeya_block;

/* Gives the skeleton a rank, and what follows from it. */
void kakeya_set_rank(const kakeya *c, kakeya_skeleton *s, size_t rank);

/* The most outliers a row can have: a row of `width` values with mean square 1 has fewer than width/T² beyond T. */
size_t kakeya_outliers_most(const kakeya_config *p, size_t width);

#endif
