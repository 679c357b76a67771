/* paper.h - published tables, computed again: the engine behind `kvant paper`.
 *
 * A table is a list of rows, each one figure with up to three values: as it was published, exactly (a closed form or an
 * integral, computed here and not by the code of a codec), and as measured with the real codecs on seeded rows. A row
 * that has something to be held against is judged: what was measured must lie within its tolerance of the exact value,
 * or of the published one where nothing exact is known. A published value that does not agree with the exact one is
 * remarked on and judges nothing.
 *
 *     void paper_h1(paper *p)
 *     {
 *         measure m = measure_codec(p->codecs, &rows, NULL, "polar(bits=%d)", bits);
 *         paper_row row = { .published = "0.36", .exact = 0.3609, .measured = m.error, .by = m, .tolerance = 0.01 };
 *         paper_add(p, row, "b=%d, d=%d", bits, dim);
 *     }
 *
 * Runs codecs: for child processes only. [one thread]
 */
#ifndef KVANT_APP_PAPER_PAPER_H
#define KVANT_APP_PAPER_PAPER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "app/paper/measure.h"
#include "app/table.h"

typedef enum paper_rule {
    PAPER_NEAR,    /* within the tolerance, on either side */
    PAPER_AT_MOST, /* exact is a bound from above */
    PAPER_SHOWN,   /* for the reader; not judged */
} paper_rule;

typedef enum paper_verdict { PAPER_OK, PAPER_OFF, PAPER_MISSING, PAPER_UNJUDGED } paper_verdict;

typedef struct paper_row {
    char what[64];         /* filled in by paper_add */
    const char *published; /* as printed, digits included; NULL: it was not */
    double exact;          /* 0: nothing exact is known (no figure here is 0) */
    double measured;
    double tolerance; /* as a share of what is expected */
    paper_rule rule;
    measure by; /* where measured comes from; without a codec nothing was measured */
} paper_row;

typedef struct paper {
    const registry *codecs;
    paper_row *rows;
    size_t n_rows, capacity;
    bool short_of_memory;
} paper;

typedef struct paper_table {
    const char *name;  /* "h1" */
    const char *title; /* one line */
    const char *source;
    const char *notes; /* what to know when reading it; paragraphs */
    void (*fill)(paper *p);
} paper_table;

/* All tables, in order; the last has no name. */
extern const paper_table paper_tables[];
const paper_table *paper_find(const char *name); /* NULL when there is none */

/* Adds a row named by the format. */
void paper_add(paper *p, paper_row row, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What measured is held against: exact, else published; NaN for neither. */
double paper_expected(const paper_row *row);

/* By how many per cent a value lies off another. */
double paper_off(double value, double expected);

paper_verdict paper_judge(const paper_row *row);

/* Does the published figure agree with the exact one, in the digits it was given with or within 1 %? True when one of
 * them is not known. */
bool paper_published_holds(const paper_row *row);

/* Fills one table; false with a fault when memory is short. The caller frees with paper_clear. */
bool paper_fill(paper *p, const paper_table *t, fault *f);
void paper_clear(paper *p);

/* Did no judged row fail? */
bool paper_holds(const paper *p);

/* Running text is no wider than this, and than the terminal. */
enum { PAPER_TEXT = 80 };

/* The table for a reader, and as JSON (NULL when out of memory; the caller's). */
bool paper_print(const paper *p, const paper_table *t, FILE *out, const table_style *style, fault *f);
cJSON *paper_json(const paper *p, const paper_table *t);

#endif
