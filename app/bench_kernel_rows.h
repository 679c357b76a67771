/* bench_kernel_rows.h - what codecs are made of, one by one: what `kvant bench --kernels` times. Used by
 * bench_kernel*.c.
 *
 * A row has a portable way and mostly one on lanes (kernels/lanes.h). That one works on tiles: KERNEL_DIM values of
 * each lane, those of one index side by side.
 */
#ifndef KVANT_APP_BENCH_KERNEL_ROWS_H
#define KVANT_APP_BENCH_KERNEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "kernels/besicovitch.h"
#include "kernels/lanes.h"
#include "kernels/lattice.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"

enum { KERNEL_DIM = 128, KERNEL_VALUES = 1 << 16, KERNEL_FORMATS = 6 };

typedef struct kernel_row {
    const char *name;
    int with; /* dimension, levels or bits */
    bool (*portable)(void *arg, fault *f);
    bool (*fast)(void *arg, fault *f); /* NULL: portable's function, which chooses by itself */
} kernel_row;

extern const kernel_row kernel_rows[];
extern const size_t kernel_n_rows;

typedef struct kernel_work {
    const kernel_row *row;
    size_t format;      /* of a block */
    const lanes *lanes; /* NULL: portable */
    wht rotation;
    quantizer table;
    lattice points;
    besi_lines lines;
    float *rows, *out;      /* KERNEL_VALUES each */
    uint8_t *codes, *bytes; /* KERNEL_VALUES, and twice as many: room for q8_0 */
    uint32_t *wide;         /* codes in 32 bits */
} kernel_work;

/* The block format a row's name begins with; the first for rows without one, which do not use it. */
size_t kernel_format_of(const kernel_row *row);
extern const lanes_blocks kernel_portable_blocks[KERNEL_FORMATS];

/* Where a row leaves what it computes. */
typedef enum kernel_place { KERNEL_OUT, KERNEL_CODES, KERNEL_BYTES, KERNEL_IN_PLACE } kernel_place;
typedef struct kernel_output {
    kernel_place place;      /* of KERNEL_CODES the fast way leaves `wide` */
    bool takes_tiles, tiled; /* the fast way: what it takes, what it leaves */
} kernel_output;
kernel_output kernel_output_of(const kernel_row *row);

#endif
