/* bench_products_parts.h - what the files of bench_products share. Private to app/bench_products*.c.
 */
#ifndef KVANT_APP_BENCH_PRODUCTS_PARTS_H
#define KVANT_APP_BENCH_PRODUCTS_PARTS_H

#include "app/bench_products.h"

enum { OURS, THEIRS, PRODUCTS_PIECE = 64, PRODUCTS_PIECES_PER_THREAD = 4, MOST_THREADS = 256 };

/* A matrix, without its bias; those of one round take the same activations. */
typedef struct matrix {
    linear l;
    const uint8_t *copy; /* of its rows, in products_bench.copies */
    size_t round;
    dot_counterpart with;
} matrix;

/* Rows of one matrix that a task multiplies. */
typedef struct piece {
    const matrix *of;
    const void *x; /* prepared */
    size_t from, to;
    float *y;
} piece;

typedef struct worst {
    double off[PRODUCTS_SIDES];
} worst;

struct products_bench {
    const model *m;
    const against *library;
    linear_work *work;
    matrix *matrices;
    size_t n_matrices;
    products_row rows[PRODUCTS_BENCH_ROWS];
    size_t n_rows;
    size_t most_in, most_out;
    float *x, *y[PRODUCTS_SIDES]; /* most_in; LINEAR_PARTS times most_out */
    uint8_t *prepared;            /* LINEAR_PARTS times most_in floats */
    float *weights;               /* a row of most_in for each thread */
    uint8_t *copies;              /* rows of all matrices that the library multiplies */
    piece *pieces;                /* of the round that the library multiplied last */
    size_t n_pieces;
    worst worst[MOST_THREADS];
};

/* Matrices of one round that take part in a row of figures. */
typedef struct members {
    const matrix *at[LINEAR_PARTS];
    size_t n;
} members;

/* Whether it is timed in this row of figures. */
bool products_takes_part(const products_row *row, const matrix *x);

/* Those of the round at *i, which moves on to the next. */
members products_next_round(const products_bench *b, const products_row *row, size_t *i);

/* Into b->y[side], part i from i * most_out on. False when there is no memory. */
bool products_multiply(products_bench *b, int side, const members *some, fault *f);

/* Multiplies all matrices of a type on both sides and fills row->off. */
bool products_check_type(products_bench *b, products_row *row, fault *f);

#endif
