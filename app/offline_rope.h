/* offline_rope.h - how the keys and queries of a file of rows are turned by RoPE, and whether they stand before it.
 *
 * From the file's metadata, as `kvant capture` writes it:
 *
 *     rope         "pre" or "post": how keys and queries stand in the file
 *     rope_theta   base of the angles        rope_dims    coordinates of a head that are turned
 *     rope_pairs   "halves" or "interleaved" (kernels/rope.h)
 *     rope_magnitude    what turned rows are lengthened by, 1 unless it says so
 *     tensor rope.factors, F32 [rope_dims/2]: divisors of the frequencies, when there are any
 *
 * and from options, which win, for the files of frameworks that do not say. Rows of every sequence are positions 0, 1,
 * 2 ...
 */
#ifndef KVANT_APP_OFFLINE_ROPE_H
#define KVANT_APP_OFFLINE_ROPE_H

#include "app/rows_file.h"
#include "kernels/rope.h"

typedef struct offline_rope_options {
    const char *stored; /* "pre", "post" or NULL */
    const char *pairs;  /* "halves", "interleaved" or NULL */
    double theta;       /* 0: not given */
    int dims;           /* 0: not given */
} offline_rope_options;

typedef struct offline_rope {
    bool form_known, rotated; /* how keys and queries stand in the file */
    bool angles_known;
    bool dims_known;     /* else the whole of `dim` is turned */
    rope_table to, from; /* to rotate, and to undo it; ready for n_pos positions when the angles are known */
} offline_rope;

/* dim: of a key; n_pos: rows of the longest sequence. What the file says wrongly is a fault, what it does not say is
 * not known. The caller releases *out, also on failure. */
bool offline_rope_open(const rows_file *file, const offline_rope_options *options, int dim, int n_pos,
                       offline_rope *out, fault *f);
void offline_rope_release(offline_rope *r);

/* Turns rows of dim f32 in place, positions 0 ... sequence-1, 0 ... */
void offline_rope_turn(const rope_table *t, float *rows, size_t n, size_t sequence, size_t dim);

#endif
