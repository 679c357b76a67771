/* Products of both sides beside sums in f64 of the values that the file's types stand for. */
#include <math.h>

#include "app/bench_products_parts.h"

/* A product's error, infinite where it is no number; 0 for a row of which nothing can be said. */
static double off_by(float y, double exact, double usual)
{
    const double off = fabs((double)y - exact);
    if (!isfinite(exact) || !isfinite(usual)) return 0;
    if (usual == 0) return y == 0 ? 0 : INFINITY;
    return isfinite(off) ? off / usual : INFINITY;
}

static void check_row(products_bench *b, const piece *p, size_t i, int thread)
{
    const linear *l = &p->of->l;
    const size_t part = (size_t)(p->y - b->y[THEIRS]) / b->most_out;
    float *row = b->weights + (size_t)thread * b->most_in;
    double exact = 0, weights = 0, activations = 0;
    l->type->to_f32(l->rows + i * l->row_bytes, row, l->n_in);
    for (size_t k = 0; k < l->n_in; k++) {
        exact += (double)row[k] * b->x[k];
        weights += (double)row[k] * row[k];
        activations += (double)b->x[k] * b->x[k];
    }
    const double usual = sqrt(weights * activations / (double)l->n_in);
    for (int side = 0; side < PRODUCTS_SIDES; side++) {
        const double off = off_by(b->y[side][part * b->most_out + i], exact, usual);
        if (off > b->worst[thread].off[side]) b->worst[thread].off[side] = off;
    }
}

static void check_task(void *arg, size_t task, int thread)
{
    products_bench *b = arg;
    const piece p = b->pieces[task];
    for (size_t i = p.from; i < p.to; i++)
        check_row(b, &p, i, thread);
}

/* The largest errors of the round that both sides have just multiplied. */
static void check_round(products_bench *b, double off[PRODUCTS_SIDES])
{
    for (int t = 0; t < pool_threads(b->work->crew); t++)
        b->worst[t] = (worst){ 0 };
    pool_run(b->work->crew, b->n_pieces, check_task, b);
    for (int t = 0; t < pool_threads(b->work->crew); t++)
        for (int side = 0; side < PRODUCTS_SIDES; side++)
            off[side] = fmax(off[side], b->worst[t].off[side]);
}

static bool judge(const products_bench *b, const products_row *row, fault *f)
{
    if (row->off[OURS] > PRODUCTS_MOST_OFF_OURS)
        return fault_set(f, FAULT_NO, "bench: a product of kvant's with %s is off by %.3g of what such products are",
                         row->type->name, row->off[OURS]);
    if (row->off[THEIRS] > PRODUCTS_MOST_OFF_THEIRS)
        return fault_set(f, FAULT_INPUT,
                         "bench: --against %s: %s is something else than a dot product: off by %.3g of what such "
                         "products are, at most %g comes from activations of 8 bits",
                         against_path(b->library), row->with.name, row->off[THEIRS], PRODUCTS_MOST_OFF_THEIRS);
    return true;
}

static void clear(products_bench *b)
{
    for (int side = 0; side < PRODUCTS_SIDES; side++)
        for (size_t i = 0; i < LINEAR_PARTS * b->most_out; i++)
            b->y[side][i] = NAN;
}

bool products_check_type(products_bench *b, products_row *row, fault *f)
{
    for (size_t i = 0; i < b->n_matrices;) {
        const members some = products_next_round(b, row, &i);
        if (some.n == 0) continue;
        clear(b);
        if (!products_multiply(b, OURS, &some, f) || !products_multiply(b, THEIRS, &some, f)) return false;
        check_round(b, row->off);
    }
    return judge(b, row, f);
}
