/* The matrices that share a row of activations, multiplied by one side or the other. */
#include "app/bench_products_parts.h"

bool products_takes_part(const products_row *row, const matrix *x)
{
    return x->with.dot && (!row->type || row->type == x->l.type);
}

members products_next_round(const products_bench *b, const products_row *row, size_t *i)
{
    members some = { 0 };
    for (const size_t round = b->matrices[*i].round; *i < b->n_matrices && b->matrices[*i].round == round; ++*i)
        if (products_takes_part(row, &b->matrices[*i])) some.at[some.n++] = &b->matrices[*i];
    return some;
}

static bool multiply_ours(products_bench *b, const members *some, fault *f)
{
    linear_round r = { .x = b->x, .m = 1, .n = some->n };
    for (size_t i = 0; i < some->n; i++)
        r.parts[i] = (linear_part){ &some->at[i]->l, b->y[OURS] + i * b->most_out, NULL };
    return linear_run(&r, b->work, f);
}

/* The activations as the dot product of part i takes them. */
static const void *prepare(products_bench *b, const matrix *x, size_t i)
{
    uint8_t *room = b->prepared + i * b->most_in * sizeof(float);
    if (!x->with.prepare) return b->x;
    x->with.prepare(b->x, room, (int64_t)x->l.n_in);
    return room;
}

/* In pieces of 64 rows, or one for each thread where these would be few; of whole eights. */
static void cut(products_bench *b, const matrix *x, const void *prepared, float *y)
{
    const size_t threads = (size_t)pool_threads(b->work->crew), n_out = x->l.n_out;
    size_t n = (n_out + PRODUCTS_PIECE - 1) / PRODUCTS_PIECE;
    if (n < PRODUCTS_PIECES_PER_THREAD * threads) n = threads;
    const size_t each = (n_out + n * AGAINST_EIGHT - 1) / (n * AGAINST_EIGHT) * AGAINST_EIGHT;
    for (size_t from = 0; from < n_out; from += each)
        b->pieces[b->n_pieces++] = (piece){ x, prepared, from, n_out - from < each ? n_out : from + each, y };
}

static void dot_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const products_bench *b = arg;
    const piece p = b->pieces[task];
    const dot_counterpart *with = &p.of->with;
    const size_t bytes = p.of->l.row_bytes;
    const int n = (int)p.of->l.n_in;
    if (with->eight) with->eight(n, p.y + p.from, 0, p.of->copy + p.from * bytes, p.x, 1, (int)(p.to - p.from));
    for (size_t i = p.from; !with->eight && i < p.to; i++)
        with->dot(n, p.y + i, 0, p.of->copy + i * bytes, 0, p.x, 0, 1);
}

static void multiply_theirs(products_bench *b, const members *some)
{
    b->n_pieces = 0;
    for (size_t i = 0; i < some->n; i++)
        cut(b, some->at[i], prepare(b, some->at[i], i), b->y[THEIRS] + i * b->most_out);
    pool_run(b->work->crew, b->n_pieces, dot_task, b);
}

bool products_multiply(products_bench *b, int side, const members *some, fault *f)
{
    if (side == OURS) return multiply_ours(b, some, f);
    multiply_theirs(b, some);
    return true;
}
