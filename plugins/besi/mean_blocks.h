/* mean_blocks.h - blocks of rows of a fixed size, whose mean row may be subtracted first.
 *
 * The first member of the state of a codec that codes row by row. With `mean`, every `block` rows begin with their mean
 * as dim f16, and what is coded is row minus that mean as f16 has it; without, blocks are single rows and nothing is
 * subtracted. The codec gives two functions for a row and takes these for the rest of its descriptor.
 */
#ifndef KVANT_PLUGINS_BESI_MEAN_BLOCKS_H
#define KVANT_PLUGINS_BESI_MEAN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/besicovitch.h"
#include "kvant/codec.h"

enum { MEAN_BLOCKS_DIM = BESI_N_MAX };

typedef struct mean_blocks mean_blocks;
struct mean_blocks {
    const kvant_host *host;
    const char *name;
    size_t dim;
    size_t row_bytes;
    size_t metadata; /* of row_bytes; for split */
    size_t block;    /* 1 without mean */
    bool mean;
    /* One row to row_bytes bytes and back; KVANT_OK or an error with a message. position: for the message. */
    int (*encode_row)(const mean_blocks *b, size_t position, const float *row, uint8_t *out);
    int (*decode_row)(const mean_blocks *b, size_t position, const uint8_t *in, float *row);
};

/* The parameters that go with it. */
#define MEAN_BLOCKS_PARAMS                                                                                             \
    { .name = "mean", .type = KVANT_BOOL, .def = 1, .max = 1, .help = "subtract the mean row of each block" },         \
    {                                                                                                                  \
        .name = "block", .type = KVANT_INT, .flags = KVANT_LOG, .def = 1024, .min = 8, .max = 16384, .step = 2,        \
        .help = "rows that share a mean"                                                                               \
    }

/* Allocates a zeroed state of `bytes` that begins with a mean_blocks. KVANT_E_MEMORY with a message, or KVANT_OK. */
int mean_blocks_create(const kvant_host *host, const char *name, const kvant_shape *shape, const kvant_value *mean,
                       const kvant_value *block, size_t bytes, void **state);

/* The mean of n rows (at most block) as f16 has it, in mean[dim], and stored in out unless that is NULL. KVANT_E_RANGE
 * with a message when it does not fit. */
int mean_blocks_fit(const mean_blocks *b, size_t position, const float *rows, size_t n, float *mean, uint8_t *out);

/* The codec functions. */
void mean_blocks_destroy(void *state);
int mean_blocks_geometry(const void *state, kvant_geometry *out);
size_t mean_blocks_bound(const void *state, size_t first, size_t n_rows);
int64_t mean_blocks_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity);
int mean_blocks_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows);
int mean_blocks_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                      kvant_split *out);

#endif
