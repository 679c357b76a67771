/* bench_kernel_rows.h - what codecs are made of, one by one: what `kvant bench --kernels` times. Used by
 * bench_kernel*.c.
 *
 * A kernel has a portable way and mostly one on lanes (kernels/lanes.h). That one works on tiles: KERNEL_DIM values of
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

enum { KERNEL_DIM = 128, KERNEL_VALUES = 1 << 16, KERNEL_FORMATS = 11 };

/* Where a kernel leaves what it computes. */
typedef enum kernel_place { KERNEL_OUT, KERNEL_CODES, KERNEL_BYTES, KERNEL_IN_PLACE } kernel_place;

typedef struct kernel_work kernel_work;
typedef struct kernel {
    /* The values from `at` on: one row of KERNEL_DIM, or all when it is `whole`. */
    void (*rows)(kernel_work *w, size_t at);
    bool whole;
    void (*tile)(kernel_work *w, size_t at); /* one tile of them; NULL: rows chooses lanes by itself */
    kernel_place place;                      /* of KERNEL_CODES tile leaves `wide` */
    bool takes_tiles, leaves_tiles;          /* tile: rows and codes; what is in `place` */
} kernel;

typedef struct kernel_row {
    const char *name;
    int with; /* dimension, levels or bits */
    const kernel *kernel;
} kernel_row;

extern const kernel_row kernel_rows[];
extern const size_t kernel_n_rows;

struct kernel_work {
    const kernel_row *row;
    size_t format;      /* of a block */
    const lanes *lanes; /* NULL: portable */
    wht rotation;
    quantizer table;
    lattice points;
    besi_lines lines;
    float *rows, *out;      /* KERNEL_VALUES each */
    uint8_t *codes, *bytes; /* KERNEL_VALUES, and twice as many: room for bf16 */
    uint32_t *wide;         /* codes in 32 bits */
};

/* All of the work once: for bench_turns. */
bool kernel_run(void *work, fault *f);

bool kernel_is_tiled(const kernel_work *w);

/* The block format a row's name begins with; the first for rows without one, which do not use it. */
size_t kernel_format_of(const kernel_row *row);

/* Encodes as many values as there are in its rows, portably: what a decoder has to read. */
void kernel_fill_bytes(kernel_work *w);

#endif
