#include "app/table_query.h"

#include <stdlib.h>
#include <string.h>

typedef struct gathering {
    table *t;
    table_cell *cells; /* one row */
    char **blobs;      /* the texts of its blobs */
    int n;
    bool failed;
    fault *f;
} gathering;

static bool take_columns(void *arg, int n, const char *const *names)
{
    gathering *g = arg;
    g->n = n;
    g->cells = calloc((size_t)n + 1, sizeof *g->cells);
    g->blobs = calloc((size_t)n + 1, sizeof *g->blobs);
    if (g->cells && g->blobs)
        g->t = table_create((size_t)n, names, g->f);
    else
        fault_memory(g->f, "a table");
    g->failed = !g->t;
    return !g->failed;
}

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

static bool take_row(void *arg, int n, const store_value *values)
{
    gathering *g = arg;
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        g->cells[i] = cell_of(&values[i], &g->blobs[i]);
        ok = values[i].kind != STORE_BLOB || g->blobs[i] || fault_memory(g->f, "a table");
    }
    ok = ok && table_add(g->t, g->cells, g->f);
    for (int i = 0; i < n; i++) {
        free(g->blobs[i]);
        g->blobs[i] = NULL;
    }
    g->failed = !ok;
    return ok;
}

table *table_query(store *s, const char *sql, fault *f)
{
    gathering g = { .f = f };
    bool ok = store_query(s, sql, &(store_reader){ take_columns, take_row, &g }, f) && !g.failed;
    free(g.cells);
    free(g.blobs);
    if (ok) return g.t;
    table_free(g.t);
    return NULL;
}
