/* spec.h - an expression understood: a codec of the catalog with a value for each of its parameters.
 *
 *     spec *s = spec_parse(known, "polar( bits = 3 )", &f);
 *     s->text                         "polar(bits=3)", the canonical form
 *
 * An inner codec is the first argument, with or without its key; every other argument has one. Whole numbers for int,
 * any number for real, true/false or on/off for bool, a word for enum. The canonical form has the inner codec first,
 * then key=value sorted by name, defaults dropped, numbers as number_write writes them, no blanks; equal texts mean the
 * same codec and, with the same catalog, the other way round.
 *
 * A spec points into the catalog, which must outlive it. It is read-only: any number of threads may use it.
 */
#ifndef KVANT_APP_SPEC_H
#define KVANT_APP_SPEC_H

#include "app/catalog.h"
#include "app/expr.h"

typedef struct spec_value {
    int64_t i; /* INT, BOOL, ENUM (index of the word) */
    double r;  /* REAL */
} spec_value;

typedef struct spec spec;
struct spec {
    const catalog_codec *codec;
    spec_value *values; /* codec->n_params of them */
    spec *inner;        /* NULL when the codec takes none */
    char *text;         /* canonical */
    size_t begin;       /* where it stands in the line it was parsed from */
};

/* The first grid met while checking: the bytes begin ... end-1 of the line stand for each of the texts in turn. */
typedef struct spec_grid {
    size_t begin, end;
    char **texts;
    size_t n;
} spec_grid;

enum { SPEC_FOR_K = 1 << KVANT_K, SPEC_FOR_V = 1 << KVANT_V };

/* Checks an expression of `line` for all the streams in `streams` (SPEC_FOR_K | SPEC_FOR_V, 0: do not care). The caller
 * frees the spec. NULL with a message that names the column. With grid == NULL a range or set of values is a fault;
 * otherwise the first one met is put into *grid (grid->n > 0), NULL is returned and f is left alone. [any thread] */
spec *spec_check(const catalog *known, const char *line, const expr *e, int streams, spec_grid *grid, fault *f);

/* A text that is one expression, for either stream. */
spec *spec_parse(const catalog *known, const char *text, fault *f);
void spec_free(spec *s); /* NULL is fine */

void spec_grid_free(spec_grid *grid);

/* Does the outermost codec take rows of `dim` columns? Else a message with the column of `line`, saying which it takes.
 * An inner codec may be given other rows than its wrapper; that shows when it is opened. */
bool spec_check_dim(const spec *s, const char *line, int dim, fault *f);

#endif
