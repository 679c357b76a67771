/* bench_products.h - the products of one token, by the engine and by the dot products of a reference library.
 *
 * To generate a token is to multiply one row of activations with every matrix of the model. Both sides do that with the
 * same rows, on the same threads, one after the other in each repetition: the engine as in a forward pass
 * (engine/linear.h, without biases, activation functions and additions), the library's dot products over rows as the
 * file has them, or 8 of them side by side where the library would keep them so, in pieces of 64 rows, matrices of the
 * same activations in one round; these it prepares for each matrix. Every type of weights has a row of figures; a type
 * that the library has no functions for is left out of both sides. No prompt is measured so: for many rows a reference
 * engine has other functions than these.
 *
 *     products_bench *b = products_bench_open(m, library, &work, reps, 1, &f);
 *     products_bench_check(b, &f);                   both beside sums in f64; chooses how often, warms up
 *     products_bench_turn(b, rep, &f);               for each repetition
 *     products_row *r = products_bench_rows(b);      seconds of both
 *     products_bench_close(b);
 *
 * The rows are copied into memory of the same kind as the panels: all weights are there twice.
 */
#ifndef KVANT_APP_BENCH_PRODUCTS_H
#define KVANT_APP_BENCH_PRODUCTS_H

#include "app/bench_against.h"
#include "engine/model.h"

/* Errors of one product, as a share of what such a product is as a rule: |y - exact| sqrt(n) / (|row| |x|). Rounding
 * activations to 8 bits makes 0.004 in the middle and 0.02 at worst, f32 sums 1e-5. What is beyond is a mistake. */
#define PRODUCTS_MOST_OFF_OURS   1e-3
#define PRODUCTS_MOST_OFF_THEIRS 0.05

enum { PRODUCTS_BENCH_ROWS = 24, PRODUCTS_SIDES = 2 /* ours, theirs */ };

typedef struct products_row {
    const tensor_type *type;         /* NULL: all that have functions */
    dot_counterpart with;            /* of a type; with.dot NULL: left out */
    size_t matrices, bytes;          /* bytes in the file */
    size_t passes[PRODUCTS_SIDES];   /* in a repetition */
    double *seconds[PRODUCTS_SIDES]; /* a token, one for each repetition */
    double off[PRODUCTS_SIDES];      /* the largest error */
} products_row;

typedef struct products_bench products_bench;

/* work: whose threads both sides run on; it must live until the last turn. */
products_bench *products_bench_open(const model *m, const against *a, linear_work *work, int reps, uint64_t seed,
                                    fault *f);
void products_bench_close(products_bench *b);

/* Every product of every matrix, once; a fault names what is wrong on which side. */
bool products_bench_check(products_bench *b, fault *f);
bool products_bench_turn(products_bench *b, int rep, fault *f);

/* The types in the order in which a token meets them; then all, when there are several. */
const products_row *products_bench_rows(const products_bench *b, size_t *n);
const against *products_bench_library(const products_bench *b);

/* The row that has all matrices of the model, or NULL where some are left out. */
const products_row *products_bench_whole(const products_bench *b);

#endif
