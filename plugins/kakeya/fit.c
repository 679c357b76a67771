#include "plugins/kakeya/fit.h"

#include <math.h>
#include <string.h>

#include "kernels/directions_kmeans.h"
#include "kernels/half.h"
#include "kernels/pca.h"
#include "plugins/kakeya/residual.h"

#define SKETCH_KEY 0x6b616b6579610002u
#define CENTRE_KEY 0x6b616b6579610003u
enum { KMEANS_ITERATIONS = 32, PIECES = 64 /* of a block's rows at most */, PIECE_ROWS = 64 /* at least */ };
#define WORTH_SAYING 95.0 /* per cent of the variance: below that a rank loses what bits cannot bring back */

/* ---- memory ----------------------------------------------------------------------------------------------------- */

typedef struct arena {
    uint8_t *base; /* NULL: only count */
    size_t used;
} arena;

static void *take(arena *a, size_t bytes)
{
    void *memory = a->base ? a->base + a->used : NULL;
    a->used += (bytes + 63) / 64 * 64;
    return memory;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static directions_input clusters_of(const kakeya *c, const float *rows, const float *weights, size_t n, size_t rank)
{
    return (directions_input){ .rows = rows,
                               .weights = weights,
                               .n = n,
                               .dim = rank,
                               .k = c->config.centres,
                               .iterations = KMEANS_ITERATIONS,
                               .draw = c->host->random(c->host, CENTRE_KEY, 0) };
}

static void lay_out_fitting(const kakeya *c, arena *a, kakeya_work *w)
{
    const kakeya_config *p = &c->config;
    const pca_input group = { .n = p->block * p->shared, .dim = p->dim };
    const size_t dim = p->dim, width = pca_sketch_width(&group, p->rank_most, p->oversample);
    const directions_input in = clusters_of(c, NULL, NULL, p->block, p->rank_most);
    w->mean = take(a, dim * sizeof(double));
    w->values = take(a, dim * sizeof(double));
    w->vectors = take(a, dim * dim * sizeof(double));
    w->pca = take(a, (p->sketch ? pca_sketch_work(&group, width) : dim * dim) * sizeof(double));
    w->omega = take(a, p->sketch ? group.n * width * sizeof(double) : 0);
    w->nearest = take(a, p->block);
    w->t = take(a, p->block * sizeof(float));
    w->clusters = take(a, directions_work(&in));
    w->space =
        take(a, larger(pca_project_space(p->block, dim), directions_nearest_space(p->block, p->rank_most, p->centres)) *
                    sizeof(float));
}

static void lay_out(const kakeya *c, bool fitting, arena *a, kakeya_work *w)
{
    const kakeya_config *p = &c->config;
    const size_t rows = p->block, rank = p->rank_most;
    kakeya_set_rank(c, &w->skeleton, rank);
    const size_t width = w->skeleton.width, outliers = rows * kakeya_outliers_most(p, width);
    w->skeleton.mean = take(a, p->dim * sizeof(float));
    w->skeleton.basis = take(a, (rank * p->dim + PCA_PAD) * sizeof(float));
    w->block.centre = take(a, p->centres * rank * sizeof(float));
    w->block.segment = take(a, rows * sizeof(uint16_t));
    w->block.along = take(a, rows * sizeof(uint16_t));
    w->block.gain = take(a, rows * sizeof(uint16_t));
    w->block.codes = take(a, rows * w->skeleton.code_bytes);
    w->block.count = take(a, rows * sizeof(uint16_t));
    w->block.index = take(a, outliers * sizeof(uint16_t));
    w->block.value = take(a, outliers * sizeof(uint16_t));
    w->z = take(a, rows * rank * sizeof(float));
    w->scaled = take(a, rows * width * sizeof(float));
    w->length = take(a, rows * sizeof(double));
    if (fitting) lay_out_fitting(c, a, w);
}

int kakeya_work_open(const kakeya *c, bool fitting, kakeya_work *w)
{
    arena a = { 0 };
    memset(w, 0, sizeof *w);
    lay_out(c, fitting, &a, w);
    w->memory = c->host->alloc(c->host, a.used);
    if (!w->memory) return c->host->fail(c->host, KVANT_E_MEMORY, "kakeya: no memory for %zu bytes of work", a.used);
    a = (arena){ .base = w->memory };
    lay_out(c, fitting, &a, w);
    return KVANT_OK;
}

void kakeya_work_close(const kakeya *c, kakeya_work *w)
{
    c->host->release(c->host, w->memory);
}

/* ---- the skeleton ----------------------------------------------------------------------------------------------- */

/* Standard normals by Box and Muller, two from each pair of draws. */
static void fill_normal(const kvant_host *host, double *out, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        const double u = ((double)(host->random(host, SKETCH_KEY, i) >> 12) + 0.5) * 0x1p-52;
        const double v = ((double)(host->random(host, SKETCH_KEY, i + 1) >> 12) + 0.5) * 0x1p-52;
        const double radius = sqrt(-2.0 * log(u)), angle = 6.283185307179586 * v;
        out[i] = radius * cos(angle);
        if (i + 1 < n) out[i + 1] = radius * sin(angle);
    }
}

static double sum_of(const double *values, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += fmax(values[i], 0.0);
    return sum;
}

/* The rank to use, or 0 when the linear algebra fails. Rows that differ by no more than their own rounding vary in no
 * direction: one is kept. */
static size_t principal(const kakeya *c, kakeya_work *w, const pca_input *in, double variance)
{
    const kakeya_config *p = &c->config;
    double square = 0.0;
    for (size_t d = 0; d < in->dim; d++)
        square += w->mean[d] * w->mean[d];
    const bool constant = variance <= 0x1p-46 * square;
    const size_t most = in->n > p->rank_most ? p->rank_most : larger(in->n - 1, 1);
    size_t found = in->dim;
    if (p->sketch) {
        found = pca_sketch_width(in, most, p->oversample);
        fill_normal(c->host, w->omega, in->n * found);
        if (!pca_sketch(in, w->mean, found, p->power, w->omega, w->pca, w->values, w->vectors, &c->threads)) return 0;
    } else if (!pca_exact(in, w->mean, w->pca, w->values, w->vectors, &c->threads))
        return 0;
    const size_t rank = constant ? 1 : pca_rank(w->values, found, p->variance);
    return rank < most ? rank : most;
}

/* To what the stored form holds. The index of the first value that does not fit f16, or n. */
static size_t round_values(const kakeya *c, const double *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)in[i];
        if (c->config.wide) continue;
        const uint16_t h = half_from_float(out[i]);
        if (half_is_special(h)) return i;
        out[i] = half_to_float(h);
    }
    return n;
}

/* A rank that leaves out much of the rows does not do so in silence. */
static void log_variance(const kakeya *c, const kakeya_work *w, double variance)
{
    if (!w->tells) return;
    const double share = variance > 0.0 ? 100.0 * sum_of(w->values, w->skeleton.rank) / variance : 100.0;
    if (share >= WORTH_SAYING) return;
    c->host->log(c->host, "layer %d %s head %d: %zu of %zu directions hold %.2f %% of the first block's variance",
                 (int)c->shape.layer, c->shape.stream == KVANT_K ? "k" : "v", (int)c->shape.head, w->skeleton.rank,
                 c->config.dim, share);
}

int kakeya_fit_skeleton(const kakeya *c, kakeya_work *w, const float *rows, const float *weights, size_t n,
                        size_t first)
{
    const pca_input in = { rows, weights, n, c->config.dim };
    pca_mean(&in, w->mean);
    const size_t bad = round_values(c, w->mean, in.dim, w->skeleton.mean);
    if (bad < in.dim)
        return c->host->fail(c->host, KVANT_E_RANGE,
                             "kakeya: rows %zu-%zu: the mean %g of column %zu does not fit f16 (at most 65504); "
                             "skeleton=f32 holds it",
                             first, first + n - 1, w->mean[bad], bad);
    const double variance = pca_variance(&in, w->mean);
    const size_t rank = principal(c, w, &in, variance);
    if (rank == 0)
        return c->host->fail(c->host, KVANT_E_MEMORY,
                             "kakeya: rows %zu-%zu: no principal directions: the linear algebra failed", first,
                             first + n - 1);
    kakeya_set_rank(c, &w->skeleton, rank);
    round_values(c, w->vectors, rank * in.dim, w->skeleton.basis); /* at most 1: always fit */
    log_variance(c, w, variance);
    return KVANT_OK;
}

/* ---- a block ---------------------------------------------------------------------------------------------------- */

/* With f16 scalars alone 0; else what puts the longest row at about 2^10, which leaves 24 bits below it and 6 above. */
static int exponent_of(const kakeya *c, const kakeya_work *w, size_t n)
{
    const size_t rank = w->skeleton.rank;
    double longest = 0.0;
    for (size_t i = 0; c->config.wide && i < n; i++) {
        double square = 0.0;
        for (size_t j = 0; j < rank; j++)
            square += (double)w->z[i * rank + j] * (double)w->z[i * rank + j];
        longest = fmax(longest, sqrt(square));
    }
    return longest > 0.0 ? ilogb(longest) - 10 : 0;
}

static void fit_centres(const kakeya *c, kakeya_work *w, const float *weights, size_t n)
{
    kakeya_block *b = &w->block;
    const size_t rank = w->skeleton.rank;
    const directions_input in = clusters_of(c, w->z, weights, n, rank);
    b->centres = in.k ? directions_kmeans(&in, b->centre, w->clusters, &c->threads) : 0;
    for (size_t i = 0; !c->config.wide && i < b->centres * rank; i++)
        b->centre[i] = half_to_float(half_from_float(b->centre[i]));
    memset(b->segment, 0, n * sizeof *b->segment);
    memset(w->t, 0, n * sizeof *w->t);
    if (b->centres == 0) return;
    directions_nearest(w->z, n, rank, b->centre, b->centres, w->nearest, w->t, w->space, &c->threads);
    for (size_t i = 0; i < n; i++)
        b->segment[i] = w->nearest[i];
}

static int too_large(const kakeya *c, size_t position, const char *what, double value)
{
    return c->host->fail(c->host, KVANT_E_RANGE,
                         "kakeya: row %zu: the %s %g does not fit f16 (at most 65504); skeleton=f32 holds it", position,
                         what, value);
}

/* t is rounded before the residual is formed, which then takes up the rounding. */
static int fit_row(const kakeya *c, kakeya_work *w, size_t i, size_t position)
{
    kakeya_block *b = &w->block;
    const kakeya_skeleton *s = &w->skeleton;
    const float *z = w->z + i * s->rank, *centre = b->centre + b->segment[i] * s->rank;
    float *e = w->scaled + i * s->width;
    b->along[i] = half_from_float((float)ldexp((double)w->t[i], -b->exponent));
    if (half_is_special(b->along[i])) return too_large(c, position, "length along its centre", (double)w->t[i]);
    const double t = ldexp((double)half_to_float(b->along[i]), b->exponent);
    for (size_t j = 0; j < s->rank; j++)
        e[j] = b->centres ? (float)((double)z[j] - t * (double)centre[j]) : z[j];
    w->length[i] = residual_scale(s, e);
    const double gain = residual_encode(c, s, e, w->length[i], i, b);
    b->gain[i] = half_from_float((float)fmin(ldexp(gain, -b->exponent), 1e9));
    if (half_is_special(b->gain[i])) return too_large(c, position, "residual's norm", gain);
    if (b->gain[i] == 0) residual_clear(s, i, b);
    return KVANT_OK;
}

/* Rows know nothing of each other: pieces of them are tasks, whose outliers stand apart until all are done. */
typedef struct row_pieces {
    const kakeya *c;
    kakeya_work *w;
    size_t n, rows, first; /* rows of all, and of a piece; the position of the first one */
    int rc[PIECES];
    size_t outliers[PIECES];
} row_pieces;

static size_t outlier_slot(const row_pieces *p, size_t piece)
{
    return piece * p->rows * kakeya_outliers_most(&p->c->config, p->w->skeleton.width);
}

static void fit_piece(void *arg, size_t piece)
{
    row_pieces *p = arg;
    kakeya_work mine = *p->w; /* the same memory, a count of its own */
    const size_t from = piece * p->rows, to = p->n - from < p->rows ? p->n : from + p->rows;
    mine.block.outliers = outlier_slot(p, piece);
    p->rc[piece] = KVANT_OK;
    for (size_t i = from; i < to && p->rc[piece] == KVANT_OK; i++)
        p->rc[piece] = fit_row(p->c, &mine, i, p->first + i);
    p->outliers[piece] = mine.block.outliers - outlier_slot(p, piece);
}

/* Of errors the first counts: it is made once more, so that its message stands. */
static int join_pieces(row_pieces *p, size_t pieces)
{
    kakeya_block *b = &p->w->block;
    b->outliers = 0;
    for (size_t i = 0; i < pieces; i++) {
        const int rc = p->rc[i];
        if (rc != KVANT_OK) fit_piece(p, i);
        if (rc != KVANT_OK) return rc;
        const size_t from = outlier_slot(p, i), n = p->outliers[i];
        if (from != b->outliers) {
            memmove(b->index + b->outliers, b->index + from, n * sizeof *b->index);
            memmove(b->value + b->outliers, b->value + from, n * sizeof *b->value);
        }
        b->outliers += n;
    }
    return KVANT_OK;
}

int kakeya_fit_block(const kakeya *c, kakeya_work *w, const float *rows, const float *weights, size_t n, size_t first)
{
    const kakeya_skeleton *s = &w->skeleton;
    w->block.rows = n;
    pca_project(rows, n, c->config.dim, s->mean, s->basis, s->rank, w->z, w->space, &c->threads);
    w->block.exponent = exponent_of(c, w, n);
    fit_centres(c, w, weights, n);
    row_pieces p = { .c = c, .w = w, .n = n, .rows = larger((n + PIECES - 1) / PIECES, PIECE_ROWS), .first = first };
    const size_t pieces = (n + p.rows - 1) / p.rows;
    fan_run(&c->threads, pieces, fit_piece, &p);
    return join_pieces(&p, pieces);
}

bool kakeya_restore_block(const kakeya *c, kakeya_work *w, float *rows)
{
    const kakeya_block *b = &w->block;
    const kakeya_skeleton *s = &w->skeleton;
    float levels[KAKEYA_DIM_MAX];
    size_t outliers = 0;
    for (size_t i = 0; i < b->rows; outliers += b->count[i++]) {
        if (!residual_levels(c, s, b, i, outliers, levels)) return false;
        residual_restore(s, ldexp((double)half_to_float(b->gain[i]), b->exponent), levels);
        const double t = ldexp((double)half_to_float(b->along[i]), b->exponent);
        const float *centre = b->centre + b->segment[i] * s->rank;
        for (size_t j = 0; j < s->rank; j++)
            w->z[i * s->rank + j] = (float)((double)levels[j] + (b->centres ? t * (double)centre[j] : 0.0));
    }
    pca_restore(w->z, b->rows, s->rank, s->mean, s->basis, c->config.dim, rows);
    return true;
}
