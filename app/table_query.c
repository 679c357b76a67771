#include "app/table_query.h"

#include <stdlib.h>
#include <string.h>

/* ---- one row ---- */

static char *blob_text(const store_value *v)
{
    static const char digits[] = "0123456789abcdef";
    char *text = v->n < SIZE_MAX / 4 ? malloc(2 * v->n + 4) : NULL;
    if (!text) return NULL;
    char *to = stpcpy(text, "x'");
    for (size_t i = 0; i < v->n; i++) {
        unsigned char byte = (unsigned char)v->bytes[i];
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    strcpy(to, "'");
    return text;
}

static table_cell cell_of(const store_value *v, char **blob)
{
    switch (v->kind) {
    case STORE_INTEGER: return table_integer(v->integer);
    case STORE_REAL: return table_real(v->real);
    case STORE_TEXT: return table_bytes(v->bytes, v->n);
    case STORE_BLOB: *blob = blob_text(v); return table_text(*blob);
    case STORE_NULL: break;
    }
    return table_null();
}

/* Adds a row of values to the table. */
static bool add_row(table *t, int n, const store_value *values, fault *f)
{
    table_cell *cells = calloc((size_t)n + 1, sizeof *cells);
    char **blobs = calloc((size_t)n + 1, sizeof *blobs);
    bool ok = cells && blobs;
    for (int i = 0; i < n && ok; i++) {
        cells[i] = cell_of(&values[i], &blobs[i]);
        ok = values[i].kind != STORE_BLOB || blobs[i];
    }
    ok = ok ? table_add(t, cells, f) : fault_memory(f, "a table");
    for (int i = 0; blobs && i < n; i++)
        free(blobs[i]);
    free(blobs);
    free(cells);
    return ok;
}

/* ---- one answer, kept ---- */

typedef struct gathering {
    table *t;
    bool failed;
    fault *f;
} gathering;

static bool take_columns(void *arg, int n, const char *const *names)
{
    gathering *g = arg;
    g->t = table_create((size_t)n, names, g->f);
    g->failed = !g->t;
    return !g->failed;
}

static bool take_row(void *arg, int n, const store_value *values)
{
    gathering *g = arg;
    g->failed = !add_row(g->t, n, values, g->f);
    return !g->failed;
}

table *table_query(store *s, const char *sql, fault *f)
{
    gathering g = { .f = f };
    bool ok = store_query(s, sql, &(store_reader){ take_columns, take_row, &g }, f) && !g.failed;
    if (ok) return g.t;
    table_free(g.t);
    return NULL;
}

/* ---- answers, written ---- */

enum { ROWS_AT_ONCE = 1000 };

table_answers table_answers_to(FILE *out, table_style style)
{
    return (table_answers){ .out = out, .style = style };
}

/* Writes what is left of the answer. */
static bool finish(table_answers *a, fault *f)
{
    if (!a->t) return true;
    bool ok = true;
    if (table_streams(a->style.mode))
        table_flush(a->t, a->out, a->style.mode, !a->started, true);
    else
        ok = table_write(a->t, a->out, &a->style, f);
    table_free(a->t);
    a->t = NULL;
    return ok;
}

static bool begin(void *arg, int n, const char *const *names)
{
    table_answers *a = arg;
    a->failed = !finish(a, &a->why);
    if (a->failed || n == 0) return false;
    if (a->n++ && a->style.mode != TABLE_JSON) fputs(a->style.mode == TABLE_CSV ? "\r\n" : "\n", a->out);
    a->rows = 0;
    a->started = false;
    a->t = table_create((size_t)n, names, &a->why);
    a->failed = !a->t;
    return !a->failed;
}

static bool write_row(void *arg, int n, const store_value *values)
{
    table_answers *a = arg;
    const bool streams = table_streams(a->style.mode);
    if (!streams && a->rows == TABLE_QUERY_MOST) {
        fault_set(&a->why, FAULT_INPUT, "SQL: more than %d rows; add a LIMIT, or write them with --mode csv",
                  TABLE_QUERY_MOST);
        a->failed = true;
        return false;
    }
    a->failed = !add_row(a->t, n, values, &a->why);
    if (a->failed) return false;
    if (++a->rows % ROWS_AT_ONCE || !streams) return true;
    table_flush(a->t, a->out, a->style.mode, !a->started, false);
    a->started = true;
    return !ferror(a->out); /* nobody reads any more, or the disk is full: found where the file is closed */
}

store_reader table_answers_reader(table_answers *a)
{
    return (store_reader){ begin, write_row, a };
}

bool table_answers_end(table_answers *a, bool ok, fault *f)
{
    if (ok && a->failed && f) *f = a->why;
    ok = ok && !a->failed && finish(a, f);
    /* What was written already is brought to its end, so that it can be read. */
    if (a->t && a->started) table_flush(a->t, a->out, a->style.mode, false, true);
    table_free(a->t);
    a->t = NULL;
    return ok;
}
