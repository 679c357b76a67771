/* decode_columns: what decode gives, on its side. */
#include <stdlib.h>
#include <string.h>

#include "app/verify_battery.h"

enum { PAST = 3, PIECE = 16, SMALL = 7 };

static const float mark = 1234.5f;

typedef struct columns {
    verify *v;
    trial *t;
    const blob *b;
    size_t row_bytes;
    float *at; /* room for n_rows + PAST columns */
} columns;

static int call(const columns *c, size_t first, size_t n_bytes, size_t n_rows, size_t stride)
{
    for (size_t i = 0; i < c->v->dim * stride; i++)
        c->at[i] = mark;
    return c->t->codec->decode_columns(c->t->state, first, c->b->bytes + first * c->row_bytes, n_bytes, c->at, stride,
                                       n_rows);
}

/* n_rows rows from `first` on: the bits of decode, and nothing beside them. */
static bool right(const columns *c, size_t first, size_t n_rows, size_t stride)
{
    ledger *l = &c->v->ledger;
    if (call(c, first, n_rows * c->row_bytes, n_rows, stride) != KVANT_OK)
        return ledger_breach(l, "decode_columns: %s", trial_message(c->t));
    for (size_t d = 0; d < c->v->dim; d++)
        for (size_t r = 0; r < stride; r++) {
            const float *x = c->at + d * stride + r;
            if (r < n_rows && memcmp(x, c->v->back + (first + r) * c->v->dim + d, sizeof *x) != 0)
                return ledger_breach(l, "decode_columns: row %zu, column %zu is %g, decode gives %g", first + r, d,
                                     (double)*x, (double)c->v->back[(first + r) * c->v->dim + d]);
            if (r >= n_rows && *x != mark)
                return ledger_breach(l, "decode_columns wrote past %zu rows of column %zu", n_rows, d);
        }
    return true;
}

static bool pieces_are_right(const columns *c, size_t piece)
{
    const size_t n = c->v->n_rows;
    for (size_t first = 0; first < n; first += piece)
        if (!right(c, first, n - first < piece ? n - first : piece, piece)) return false;
    return true;
}

static void short_bytes_are_refused(const columns *c)
{
    const size_t n = c->v->n_rows;
    if (call(c, 0, c->b->n - 1, n, n) == KVANT_OK)
        ledger_breach(&c->v->ledger, "decode_columns takes bytes of which the last is missing");
}

void verify_columns(verify *v, trial *t, const blob *b)
{
    const size_t n = v->n_rows;
    if (v->geometry.block > 1 || v->geometry.pooled || b->n == 0 || b->n % n != 0) {
        ledger_breach(&v->ledger, "decode_columns, but rows are not one by one of equally many bytes");
        return;
    }
    columns c = { v, t, b, b->n / n, verify_memory((n + PAST) * v->dim * sizeof(float)) };
    if (right(&c, 0, n, n + PAST) && pieces_are_right(&c, PIECE) && pieces_are_right(&c, SMALL))
        short_bytes_are_refused(&c);
    free(c.at);
}
