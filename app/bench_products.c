#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "app/bench_products_parts.h"
#include "base/clock.h"
#include "kernels/random.h"

enum { LARGE_PAGE = 2 << 20, ROWS_ALIGNMENT = 64, LEAST_PASSES = 2 };

/* A repetition's passes take so long at least. */
#define SAMPLE_SECONDS 0.01

/* ---- what there is to multiply ---- */

static void add_matrix(products_bench *b, const linear *l, size_t round)
{
    matrix *to = &b->matrices[b->n_matrices++];
    *to = (matrix){ .l = *l, .round = round, .with = against_find_dot(b->library, l->type->name) };
    to->l.bias = NULL;
    if (l->n_out % AGAINST_EIGHT != 0) to->with.eight = NULL;
    if (l->n_in > b->most_in) b->most_in = l->n_in;
    if (l->n_out > b->most_out) b->most_out = l->n_out;
}

/* As a forward pass takes them. */
static void add_matrices(products_bench *b)
{
    size_t round = 0;
    for (int i = 0; i < b->m->shape.n_layers; i++) {
        const model_layer *l = &b->m->layers[i];
        const linear *const rounds[][LINEAR_PARTS] = {
            { &l->q, &l->k, &l->v }, { &l->o }, { &l->gate, &l->up }, { &l->down }
        };
        for (size_t r = 0; r < sizeof rounds / sizeof *rounds; r++, round++)
            for (size_t j = 0; j < LINEAR_PARTS && rounds[r][j]; j++)
                add_matrix(b, rounds[r][j], round);
    }
    add_matrix(b, &b->m->output, round);
}

static products_row *row_of(products_bench *b, const tensor_type *type)
{
    for (size_t i = 0; i < b->n_rows; i++)
        if (b->rows[i].type == type) return &b->rows[i];
    products_row *to = &b->rows[b->n_rows++];
    to->type = type;
    return to;
}

static void count(products_row *to, const matrix *x)
{
    to->matrices++;
    to->bytes += x->l.n_out * x->l.row_bytes;
}

static void add_rows(products_bench *b)
{
    for (size_t i = 0; i < b->n_matrices; i++) {
        products_row *row = row_of(b, b->matrices[i].l.type);
        row->with = against_find_dot(b->library, b->matrices[i].l.type->name);
        count(row, &b->matrices[i]);
    }
    if (b->n_rows == 1) return;
    products_row *all = row_of(b, NULL);
    for (size_t i = 0; i < b->n_matrices; i++)
        if (products_takes_part(all, &b->matrices[i])) count(all, &b->matrices[i]);
}

static bool find_room(products_bench *b, int reps, uint64_t seed, fault *f)
{
    const size_t threads = (size_t)pool_threads(b->work->crew);
    b->x = reallocarray(NULL, b->most_in, sizeof *b->x);
    b->prepared = reallocarray(NULL, b->most_in, LINEAR_PARTS * sizeof(float));
    b->weights = reallocarray(NULL, b->most_in, threads * sizeof *b->weights);
    b->pieces = reallocarray(NULL, b->most_out / PRODUCTS_PIECE + PRODUCTS_PIECES_PER_THREAD * threads + 1,
                             LINEAR_PARTS * sizeof *b->pieces);
    bool ok = b->x && b->prepared && b->weights && b->pieces;
    for (int side = 0; side < PRODUCTS_SIDES; side++) {
        b->y[side] = reallocarray(NULL, b->most_out, LINEAR_PARTS * sizeof(float));
        ok = ok && b->y[side];
        for (size_t i = 0; i < b->n_rows; i++)
            ok = (b->rows[i].seconds[side] = reallocarray(NULL, (size_t)reps, sizeof(double))) && ok;
    }
    for (size_t i = 0; ok && i < b->most_in; i++)
        b->x[i] = (float)random_uniform(seed, i) - 0.5f;
    return ok || fault_memory(f, "the products of a token");
}

static size_t room_of(const matrix *x)
{
    return (x->l.n_out * x->l.row_bytes + ROWS_ALIGNMENT - 1) / ROWS_ALIGNMENT * ROWS_ALIGNMENT;
}

/* The file's rows into memory of the same kind as the panels (engine/model.c): from the file's small pages both would
 * not be read equally fast. */
static bool copy_rows(products_bench *b, fault *f)
{
    size_t bytes = 0;
    for (size_t i = 0; i < b->n_matrices; i++)
        if (b->matrices[i].with.dot) bytes += room_of(&b->matrices[i]);
    bytes = (bytes / LARGE_PAGE + 1) * LARGE_PAGE;
    uint8_t *to = b->copies = aligned_alloc(LARGE_PAGE, bytes);
    if (!to) return fault_memory(f, "the file's weights");
#if defined(MADV_HUGEPAGE)
    (void)madvise(to, bytes, MADV_HUGEPAGE);
#endif
    for (size_t i = 0; i < b->n_matrices; i++) {
        linear *l = &b->matrices[i].l;
        if (!b->matrices[i].with.dot) continue;
        if (b->matrices[i].with.eight)
            against_eight_rows(l->rows, l->row_bytes, l->n_out, to);
        else
            memcpy(to, l->rows, l->n_out * l->row_bytes);
        gguf_forget(b->m->file, l->rows, l->n_out * l->row_bytes);
        b->matrices[i].copy = to;
        to += room_of(&b->matrices[i]);
    }
    return true;
}

products_bench *products_bench_open(const model *m, const against *a, linear_work *work, int reps, uint64_t seed,
                                    fault *f)
{
    products_bench *b = calloc(1, sizeof *b);
    if (b) {
        *b = (products_bench){ .m = m, .library = a, .work = work };
        b->matrices = reallocarray(NULL, 1 + 7 * (size_t)m->shape.n_layers, sizeof *b->matrices);
    }
    if (!b || !b->matrices) {
        fault_memory(f, "the products of a token");
        products_bench_close(b);
        return NULL;
    }
    add_matrices(b);
    add_rows(b);
    if (find_room(b, reps, seed, f) && copy_rows(b, f)) return b;
    products_bench_close(b);
    return NULL;
}

void products_bench_close(products_bench *b)
{
    if (!b) return;
    for (int side = 0; side < PRODUCTS_SIDES; side++) {
        free(b->y[side]);
        for (size_t i = 0; i < b->n_rows; i++)
            free(b->rows[i].seconds[side]);
    }
    free(b->matrices);
    free(b->x);
    free(b->prepared);
    free(b->weights);
    free(b->pieces);
    free(b->copies);
    free(b);
}

/* ---- how fast they are ---- */

/* All products of a token. */
static bool pass(products_bench *b, const products_row *row, int side, fault *f)
{
    for (size_t i = 0; i < b->n_matrices;) {
        const members some = products_next_round(b, row, &i);
        if (some.n > 0 && !products_multiply(b, side, &some, f)) return false;
    }
    return true;
}

static bool time_side(products_bench *b, const products_row *row, int side, double *seconds, fault *f)
{
    const double begin = clock_seconds();
    for (size_t i = 0; i < row->passes[side]; i++)
        if (!pass(b, row, side, f)) return false;
    *seconds = (clock_seconds() - begin) / (double)row->passes[side];
    return true;
}

static bool choose_passes(products_bench *b, products_row *row, int side, fault *f)
{
    double seconds = 0;
    for (row->passes[side] = LEAST_PASSES;; row->passes[side] *= 2) {
        if (!time_side(b, row, side, &seconds, f)) return false;
        if (seconds * (double)row->passes[side] >= SAMPLE_SECONDS) return true;
    }
}

static bool is_timed(const products_row *row)
{
    return row->type ? row->with.dot != NULL : row->matrices > 0;
}

bool products_bench_check(products_bench *b, fault *f)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        products_row *row = &b->rows[i];
        if (!is_timed(row)) continue;
        if (row->type && !products_check_type(b, row, f)) return false;
        for (size_t j = 0; !row->type && j < i; j++)
            for (int side = 0; side < PRODUCTS_SIDES; side++)
                row->off[side] = fmax(row->off[side], b->rows[j].off[side]);
        if (!choose_passes(b, row, OURS, f) || !choose_passes(b, row, THEIRS, f)) return false;
    }
    return true;
}

bool products_bench_turn(products_bench *b, int rep, fault *f)
{
    for (size_t i = 0; i < b->n_rows; i++)
        for (int turn = 0; is_timed(&b->rows[i]) && turn < PRODUCTS_SIDES; turn++) {
            const int side = (rep + turn) % PRODUCTS_SIDES; /* who is first takes turns, too */
            if (!time_side(b, &b->rows[i], side, &b->rows[i].seconds[side][rep], f)) return false;
        }
    return true;
}

/* ---- what came out ---- */

const products_row *products_bench_rows(const products_bench *b, size_t *n)
{
    *n = b->n_rows;
    return b->rows;
}

const against *products_bench_library(const products_bench *b)
{
    return b->library;
}

const products_row *products_bench_whole(const products_bench *b)
{
    const products_row *last = &b->rows[b->n_rows - 1];
    return is_timed(last) && last->matrices == b->n_matrices ? last : NULL;
}
