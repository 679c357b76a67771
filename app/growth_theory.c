#include "app/growth_theory.h"

#include <string.h>

/* Codecs whose work is not linear, by name; `if_text`, where given, must be in the expression. The first row that fits
 * counts. */
typedef struct law_row {
    const char *name, *if_text;
    growth_law law[GROWTH_WAYS];
} law_row;

/* n log n: a Walsh-Hadamard transform as long as the row (turbo's is 128 long, whatever the row). n^2: a dense matrix
 * times a row. n^3: directions of a block are found from a matrix of all pairs of columns. */
static const law_row by_dim[] = {
    { "polar", NULL, { GROWTH_N_LOG_N, GROWTH_N_LOG_N } },       { "tcq", NULL, { GROWTH_N_LOG_N, GROWTH_N_LOG_N } },
    { "lattice", NULL, { GROWTH_N_LOG_N, GROWTH_N_LOG_N } },     { "kvarn", NULL, { GROWTH_N_LOG_N, GROWTH_N_LOG_N } },
    { "rotate", "kind=haar", { GROWTH_SQUARE, GROWTH_SQUARE } }, { "rotate", NULL, { GROWTH_N_LOG_N, GROWTH_N_LOG_N } },
    { "qjl", NULL, { GROWTH_SQUARE, GROWTH_SQUARE } },           { "tqprod", NULL, { GROWTH_SQUARE, GROWTH_SQUARE } },
    { "qprecond", NULL, { GROWTH_SQUARE, GROWTH_SQUARE } },      { "kakeya", NULL, { GROWTH_CUBE, GROWTH_SQUARE } },
};

/* 2^n: a trellis has a branch for each code at each state. */
static const law_row by_bits[] = { { "tcq", NULL, { GROWTH_POWER, GROWTH_LINEAR } } };

static growth_law law_of(const law_row *rows, size_t n, const spec *s, int way)
{
    growth_law law = GROWTH_LINEAR;
    for (size_t i = 0; i < n; i++) {
        const law_row *row = &rows[i];
        if (strcmp(row->name, s->codec->name) != 0 || (row->if_text && !strstr(s->text, row->if_text))) continue;
        law = row->law[way];
        break;
    }
    const growth_law inner = s->inner ? law_of(rows, n, s->inner, way) : GROWTH_LINEAR;
    return inner > law ? inner : law;
}

growth_law growth_law_of_dim(const spec *s, int way)
{
    return law_of(by_dim, sizeof by_dim / sizeof *by_dim, s, way);
}

growth_law growth_law_of_bits(const spec *s, int way)
{
    return law_of(by_bits, sizeof by_bits / sizeof *by_bits, s, way);
}
