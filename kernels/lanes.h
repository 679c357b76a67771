/* lanes.h - codec kernels on several rows at once: one row in each lane of a vector register.
 *
 * A tile holds `n` rows (16 with AVX-512, 8 with AVX2, 4 with NEON) turned on their side: value i of row r stands at
 * tile[i·n + r]. What is a sum over a row is then a sum in a lane, in the order in which one row alone would be summed;
 * what is a butterfly of a Walsh-Hadamard transform is one addition without a shuffle. So every function here gives the
 * bits of its portable counterpart, which is named with it, and which is used where there are fewer rows than lanes.
 *
 *     const lanes *l = lanes_at(cpu_level());            NULL: portable, no lanes
 *     l->gather(rows, stride, dim, 128, tile);           tile: 128 · l->n floats, aligned to LANES_ALIGN
 *     l->rotate(&w, w.s1, w.s2, NULL, tile);
 *     l->scatter(tile, 128, rows, stride);
 *
 * All functions: [any thread].
 */
#ifndef KVANT_KERNELS_LANES_H
#define KVANT_KERNELS_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/quantizer.h"

enum { LANES_MOST = 16, LANES_ALIGN = 64, LANES_CODES = 32 };

typedef struct wht wht;
typedef struct lattice lattice;
typedef struct besi_lines besi_lines;

/* An encoder and a decoder of kernels/block_q.h or kernels/block_fp.h. */
typedef struct lanes_blocks {
    size_t (*encode)(const float *values, size_t n, uint8_t *bytes);
    size_t (*decode)(const uint8_t *bytes, size_t n, float *values);
} lanes_blocks;

typedef struct lanes {
    int n; /* rows of a tile */

    /* finite_scan(x, n) == n. */
    bool (*finite)(const float *x, size_t n);

    /* The first `have` values of n rows (row r at rows + r·stride) into a tile of `want`, zeros after them; and back.
     */
    void (*gather)(const float *rows, size_t stride, size_t have, size_t want, float *tile);
    void (*scatter)(const float *tile, size_t have, float *rows, size_t stride);

    /* The first `have` values without turning them: value i's n rows to columns + i·stride. */
    void (*spread)(const float *tile, size_t have, float *columns, size_t stride);

    /* n values of f16, of any alignment; false when one of them is none. */
    bool (*widen)(const uint8_t *halves, size_t n, float *out);

    /* n values to f16, of any alignment; false when one of them does not fit or is none. */
    bool (*narrow)(const float *x, size_t n, uint8_t *halves);

    /* wht_forward with (s1, s2), wht_inverse with (s2, s1); of row r times by[r], when by is not NULL. */
    void (*rotate)(const wht *w, const float *first, const float *last, const float *by, float *tile);

    /* half_from_float of n numbers. half_to_float of n f16 that stand `stride` bytes apart: false when one of them is
     * no number or has a sign. */
    void (*halves)(const float *x, uint16_t *out);
    bool (*scales)(const uint8_t *halves, size_t stride, float *out);

    /* Values of row r times by[r] in f64, rounded. */
    void (*scale_f64)(float *tile, size_t count, const double *by);

    /* gather, and the square roots of squares of what it gathered, which hide behind the shuffles. */
    void (*gather_norms)(const float *rows, size_t stride, size_t have, size_t want, float *tile, float *out);

    /* out[r] = Σ a·b of row r: in f32 and in index order (a = b); in f64 and in four sums, as kernels/sphere.c has it.
     */
    void (*squares)(const float *tile, size_t count, float *out);
    void (*dot_f64)(const float *a, const float *b, size_t count, double *out);

    /* quantizer_codes and quantizer_values, codes in 32 bits each. */
    void (*codes)(const quantizer *q, const float *tile, size_t count, uint32_t *codes);
    void (*values)(const quantizer *q, const uint32_t *codes, size_t count, float *tile);

    /* codes, and the square roots of squares of their levels. */
    void (*codes_norms)(const quantizer *q, const float *tile, size_t count, uint32_t *codes, float *out);

    /* bitpack_put of bits from … from+bits-1 of the codes; bitpack_get into those bits, on top of what codes hold.
     * count is a multiple of LANES_CODES; row r's bytes stand at bytes + r·stride. */
    void (*pack)(const uint32_t *codes, size_t count, int from, int bits, uint8_t *bytes, size_t stride);
    void (*unpack)(const uint8_t *bytes, size_t stride, size_t count, int from, int bits, uint32_t *codes);

    /* values of what unpack gives, without the way through codes when from is 0; codes holds the bits below `from`. */
    void (*unpack_values)(const quantizer *q, const uint8_t *bytes, size_t stride, size_t count, int from, int bits,
                          const uint32_t *codes, float *tile);

    /* kernels/block_q.h; NULL: this level has none (q8_0 with NEON). */
    lanes_blocks q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl;

    /* kernels/block_fp.h */
    lanes_blocks bf16, e4m3, e5m2, mxfp4, nvfp4;

    /* range_q_encode and range_q_decode (kernels/range_q.h) of n values in each lane, those of i at x + i·stride: codes
     * in 32 bits each, lane r's grid at grids + r·grid_stride. False when one of them would be. */
    bool (*range_codes)(const float *x, size_t stride, size_t n, int bits, uint8_t *grids, size_t grid_stride,
                        uint32_t *codes);
    bool (*range_values)(const uint8_t *grids, size_t grid_stride, size_t n, const uint32_t *codes, float *x,
                         size_t stride);

    /* lattice_steps for n steps. */
    void (*lattice_steps)(const lattice *l, const float *unit, size_t dim, const float *per_step, double *along,
                          double *square);

    /* besi_nearest of as many of the groups as fill lanes; how many. */
    size_t (*nearest_lines)(const besi_lines *l, const float *x, size_t groups, uint8_t *index, float *alpha);
} lanes;

/* The kernels of a level (kernels/cpu.h); NULL: the level is portable, or the processor does not run it. */
const lanes *lanes_at(int level);

/* n values as f16 keeps them, half_to_float(half_from_float(x)); out may be x. l may be NULL. [any thread] */
void lanes_round_halves(const lanes *l, const float *x, size_t n, float *out);

#endif
