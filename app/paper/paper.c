#include "app/paper/paper.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static bool make_room(paper *p)
{
    if (p->n_rows < p->capacity) return true;
    const size_t more = p->capacity ? 2 * p->capacity : 32;
    paper_row *rows = realloc(p->rows, more * sizeof *rows);
    if (!rows) return false;
    p->rows = rows;
    p->capacity = more;
    return true;
}

void paper_add(paper *p, paper_row row, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(row.what, sizeof row.what, format, args);
    va_end(args);
    if (make_room(p))
        p->rows[p->n_rows++] = row;
    else
        p->short_of_memory = true;
}

bool paper_fill(paper *p, const paper_table *t, fault *f)
{
    t->fill(p);
    return !p->short_of_memory || fault_memory(f, t->name);
}

void paper_clear(paper *p)
{
    free(p->rows);
    *p = (paper){ .codecs = p->codecs };
}

/* ---- judging ---- */

double paper_expected(const paper_row *row)
{
    if (row->exact != 0) return row->exact;
    return row->published ? strtod(row->published, NULL) : NAN;
}

double paper_off(double value, double expected)
{
    return 100 * (value / expected - 1);
}

paper_verdict paper_judge(const paper_row *row)
{
    const double expected = paper_expected(row);
    if (*row->by.why) return PAPER_MISSING;
    if (row->rule == PAPER_SHOWN || !*row->by.codec || isnan(expected)) return PAPER_UNJUDGED;
    const double over = row->measured / expected - 1;
    const bool holds = row->rule == PAPER_AT_MOST ? over <= row->tolerance : fabs(over) <= row->tolerance;
    return holds ? PAPER_OK : PAPER_OFF; /* NaN holds nowhere */
}

bool paper_holds(const paper *p)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        const paper_verdict v = paper_judge(&p->rows[i]);
        if (v == PAPER_OFF || v == PAPER_MISSING) return false;
    }
    return true;
}

/* Half a unit of the last digit of a printed number: "0.047" gives 0.0005, "7.0e-4" 5e-6. */
static double half_digit(const char *printed)
{
    const char *point = strchr(printed, '.'), *exponent = strpbrk(printed, "eE");
    double unit = exponent ? pow(10, strtod(exponent + 1, NULL)) : 1;
    if (point) unit *= pow(10, -(double)strspn(point + 1, "0123456789"));
    return 0.5 * unit;
}

bool paper_published_holds(const paper_row *row)
{
    if (!row->published || row->exact == 0 || row->rule == PAPER_AT_MOST) return true;
    const double off = fabs(strtod(row->published, NULL) - row->exact);
    return off <= 1.001 * half_digit(row->published) || off <= 0.01 * row->exact;
}
