/* The rows of a table. */
#include "app/table_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"

table_cell table_null(void)
{
    return (table_cell){ .kind = TABLE_NULL };
}

table_cell table_integer(int64_t value)
{
    return (table_cell){ .kind = TABLE_INTEGER, .integer = value };
}

table_cell table_real(double value)
{
    return (table_cell){ .kind = TABLE_REAL, .real = value };
}

table_cell table_real_as(double value, const char *shown)
{
    return (table_cell){ .kind = TABLE_REAL, .real = value, .text = shown, .n = strlen(shown) };
}

table_cell table_text(const char *text)
{
    return text ? table_bytes(text, strlen(text)) : table_null();
}

table_cell table_bytes(const char *bytes, size_t n)
{
    return (table_cell){ .kind = TABLE_TEXT, .text = bytes, .n = n };
}

static char *copy_bytes(const char *bytes, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}

table *table_create(size_t n_columns, const char *const *names, fault *f)
{
    table *t = calloc(1, sizeof *t);
    char **copies = calloc(n_columns + 1, sizeof *copies);
    if (!t || !copies) {
        free(t);
        free(copies);
        fault_memory(f, "a table");
        return NULL;
    }
    *t = (table){ .n_columns = n_columns, .names = copies };
    for (size_t i = 0; i < n_columns; i++) {
        copies[i] = copy_bytes(names[i], strlen(names[i]));
        if (copies[i]) continue;
        table_free(t);
        fault_memory(f, "a table");
        return NULL;
    }
    return t;
}

static void forget_rows(table *t)
{
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
        free((char *)t->cells[i].text);
    t->n_rows = 0;
}

void table_free(table *t)
{
    if (!t) return;
    forget_rows(t);
    for (size_t i = 0; i < t->n_columns; i++)
        free(t->names[i]);
    free(t->cells);
    free(t->names);
    free(t);
}

bool table_add(table *t, const table_cell *cells, fault *f)
{
    if (t->n_rows == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 32, count;
        if (__builtin_mul_overflow(capacity, t->n_columns, &count)) return fault_memory(f, "a table");
        table_cell *grown = reallocarray(t->cells, count, sizeof *grown);
        if (!grown) return fault_memory(f, "a table");
        t->cells = grown;
        t->capacity = capacity;
    }
    table_cell *row = t->cells + t->n_rows * t->n_columns;
    for (size_t i = 0; i < t->n_columns; i++) {
        row[i] = cells[i];
        if (!cells[i].text) continue;
        row[i].text = copy_bytes(cells[i].text, cells[i].n);
        if (row[i].text) continue;
        while (i-- > 0)
            free((char *)row[i].text);
        return fault_memory(f, "a table");
    }
    t->n_rows++;
    return true;
}

size_t table_rows(const table *t)
{
    return t->n_rows;
}

static void write_real(double value, int digits, char *text, size_t size)
{
    char all[NUMBER_TEXT];
    if (isnan(value)) {
        text[0] = '\0';
    } else if (isinf(value)) {
        snprintf(text, size, value > 0 ? "inf" : "-inf");
    } else {
        number_write(value, all);
        snprintf(text, size, "%s", all);
        if (digits && strlen(all) > (size_t)digits + 1) snprintf(text, size, "%.*g", digits, value);
    }
}

const table_shown *table_show(const table_cell *cell, int digits, table_shown *shown)
{
    shown->buffer[0] = '\0';
    shown->text = shown->buffer;
    if (cell->text && (cell->kind == TABLE_TEXT || digits)) {
        shown->text = cell->text;
        shown->n = cell->n;
        return shown;
    }
    if (cell->kind == TABLE_INTEGER) snprintf(shown->buffer, sizeof shown->buffer, "%" PRId64, cell->integer);
    if (cell->kind == TABLE_REAL) write_real(cell->real, digits, shown->buffer, sizeof shown->buffer);
    shown->n = strlen(shown->buffer);
    return shown;
}

const char *const table_modes[] = { "box", "line", "markdown", "csv", "json", NULL };

int table_mode_named(const char *word)
{
    for (int i = 0; table_modes[i]; i++)
        if (strcmp(table_modes[i], word) == 0) return i;
    return -1;
}

bool table_write(const table *t, FILE *out, const table_style *style, fault *f)
{
    switch (style->mode) {
    case TABLE_BOX: return table_write_box(t, out, style, f);
    case TABLE_LINE: table_write_line(t, out, style); break;
    case TABLE_MARKDOWN: table_write_markdown(t, out); break;
    case TABLE_CSV: table_write_csv(t, out, true); break;
    case TABLE_JSON: table_write_json(t, out, true, true); break;
    }
    return true;
}

bool table_streams(table_mode mode)
{
    return mode == TABLE_CSV || mode == TABLE_JSON;
}

void table_flush(table *t, FILE *out, table_mode mode, bool first, bool last)
{
    if (mode == TABLE_CSV)
        table_write_csv(t, out, first);
    else
        table_write_json(t, out, first, last);
    forget_rows(t);
}
