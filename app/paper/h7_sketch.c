/* H7, second part: how much variance a randomised sketch loses, against the full decomposition and its bound. */
#include "app/paper/tables.h"

#include <stdlib.h>

#include "kernels/pca.h"
#include "kernels/random.h"

enum { RANK = 32, OVERSAMPLE = 8, WIDTH = RANK + OVERSAMPLE };

typedef struct bench {
    source rows;
    double *mean, *work, *omega, *values, *vectors;
    double total; /* variance */
} bench;

static double sum_of(const double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* The variance outside of the first `kept` directions of a sketch; NaN when it fails. */
static double lost(bench *b, int power, int kept, uint64_t seed)
{
    const pca_input in = { b->rows.rows, NULL, b->rows.n, (size_t)b->rows.dim };
    for (size_t i = 0; i < b->rows.n * WIDTH; i++)
        b->omega[i] = random_normal(seed, i);
    if (!pca_sketch(&in, b->mean, WIDTH, power, b->omega, b->work, b->values, b->vectors, NULL)) return NAN;
    return b->total - sum_of(b->values, kept);
}

static void sketch_rows(paper *p, bench *b, const char *name, uint64_t seed)
{
    const pca_input in = { b->rows.rows, NULL, b->rows.n, (size_t)b->rows.dim };
    const measure m = measure_named("kernels/pca.h");
    pca_mean(&in, b->mean);
    b->total = pca_variance(&in, b->mean);
    const bool ok = pca_exact(&in, b->mean, b->work, b->values, b->vectors, NULL);
    const double beyond = ok ? b->total - sum_of(b->values, RANK) : NAN;
    double plain = 0;
    for (int i = 0; i < 8; i++)
        plain += lost(b, 0, WIDTH, seed + (uint64_t)i) / 8;
    paper_add(
        p,
        (paper_row){
            .exact = (1 + RANK / (OVERSAMPLE - 1.0)) * beyond, .measured = plain, .by = m, .rule = PAPER_AT_MOST },
        "%s, RSVD q=0", name);
    paper_add(p, (paper_row){ .exact = beyond, .measured = lost(b, 2, RANK, seed), .by = m, .tolerance = 0.03 },
              "%s, RSVD q=2", name);
}

void paper_h7_sketch(paper *p, const char *name, source rows, uint64_t seed)
{
    const size_t dim = (size_t)rows.dim;
    const pca_input in = { rows.rows, NULL, rows.n, dim };
    const size_t work = pca_sketch_work(&in, WIDTH);
    bench b = { rows,
                malloc(dim * sizeof(double)),
                malloc((work > dim * dim ? work : dim * dim) * sizeof(double)),
                malloc(rows.n * WIDTH * sizeof(double)),
                malloc(dim * sizeof(double)),
                malloc(dim * dim * sizeof(double)),
                0 };
    if (b.rows.rows && b.mean && b.work && b.omega && b.values && b.vectors)
        sketch_rows(p, &b, name, seed);
    else
        p->short_of_memory = true;
    free(b.mean);
    free(b.work);
    free(b.omega);
    free(b.values);
    free(b.vectors);
}
