/* Tables for other programs: markdown, csv and json. */
#include "app/table_rows.h"

#include <math.h>
#include <string.h>

/* ---- markdown ---- */

/* A bar would end the cell, a line's end the row. */
static void put_markdown(FILE *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '|' || s[i] == '\\') fputc('\\', out);
        if (s[i] == '\n')
            fputs("<br>", out);
        else if (s[i] != '\r')
            fputc((unsigned char)s[i] < 0x20 ? ' ' : s[i], out);
    }
}

static bool is_number(const table *t, size_t column)
{
    bool any = false;
    for (size_t row = 0; row < t->n_rows; row++) {
        table_kind kind = t->cells[row * t->n_columns + column].kind;
        if (kind == TABLE_TEXT) return false;
        any = any || kind != TABLE_NULL;
    }
    return any;
}

void table_write_markdown(const table *t, FILE *out)
{
    columns c;
    columns_enter(&c, true);
    for (size_t i = 0; i < t->n_columns; i++) {
        fputs("| ", out);
        put_markdown(out, t->names[i], strlen(t->names[i]));
        fputc(' ', out);
    }
    fputs("|\n", out);
    for (size_t i = 0; i < t->n_columns; i++)
        fputs(is_number(t, i) ? "|---:" : "|---", out);
    fputs("|\n", out);
    for (size_t row = 0; row < t->n_rows; row++) {
        for (size_t i = 0; i < t->n_columns; i++) {
            table_shown shown;
            table_show(&t->cells[row * t->n_columns + i], 6, &shown);
            fputs("| ", out);
            put_markdown(out, shown.text, shown.n);
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    columns_leave(&c);
}

/* ---- csv ---- */

static void put_csv(FILE *out, const char *s, size_t n, bool text)
{
    bool quote = text && n == 0;
    for (size_t i = 0; i < n && !quote; i++)
        quote = strchr(",\"\r\n", s[i]) != NULL;
    if (quote) fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') fputc('"', out);
        fputc(s[i], out);
    }
    if (quote) fputc('"', out);
}

void table_write_csv(const table *t, FILE *out, bool first)
{
    for (size_t i = 0; first && i < t->n_columns; i++) {
        if (i) fputc(',', out);
        put_csv(out, t->names[i], strlen(t->names[i]), true);
    }
    if (first) fputs("\r\n", out);
    for (size_t row = 0; row < t->n_rows; row++) {
        for (size_t i = 0; i < t->n_columns; i++) {
            const table_cell *cell = &t->cells[row * t->n_columns + i];
            table_shown shown;
            table_show(cell, 0, &shown);
            if (i) fputc(',', out);
            put_csv(out, shown.text, shown.n, cell->kind == TABLE_TEXT);
        }
        fputs("\r\n", out);
    }
}

/* ---- json ---- */

static void put_json(FILE *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        int32_t point;
        size_t taken = columns_decode(s + i, n - i, &point);
        if (point < 0)
            fputs("\xef\xbf\xbd", out);
        else if (point == '"' || point == '\\')
            fprintf(out, "\\%c", (char)point);
        else if (point < 0x20 || point == 0x7f)
            fprintf(out, "\\u%04x", (unsigned)point);
        else
            fwrite(s + i, 1, taken, out);
        i += taken;
    }
}

/* A name that came before gets a number, so that no value hides another. */
static void put_key(FILE *out, const table *t, size_t column)
{
    int same = 1;
    for (size_t i = 0; i < column; i++)
        same += strcmp(t->names[i], t->names[column]) == 0;
    fputc('"', out);
    put_json(out, t->names[column], strlen(t->names[column]));
    if (same > 1) fprintf(out, "_%d", same);
    fputs("\": ", out);
}

static void put_value(FILE *out, const table_cell *cell)
{
    table_shown shown;
    table_show(cell, 0, &shown);
    if (cell->kind == TABLE_NULL || (cell->kind == TABLE_REAL && !isfinite(cell->real))) {
        fputs("null", out);
        return;
    }
    if (cell->kind == TABLE_TEXT) fputc('"', out);
    put_json(out, shown.text, shown.n);
    if (cell->kind == TABLE_TEXT) fputc('"', out);
}

void table_write_json(const table *t, FILE *out, bool first, bool last)
{
    if (first) fputc('[', out);
    for (size_t row = 0; row < t->n_rows; row++) {
        fputs(row || !first ? ",\n  {" : "\n  {", out);
        for (size_t i = 0; i < t->n_columns; i++) {
            if (i) fputs(", ", out);
            put_key(out, t, i);
            put_value(out, &t->cells[row * t->n_columns + i]);
        }
        fputc('}', out);
    }
    if (last) fputs(t->n_rows || !first ? "\n]\n" : "]\n", out);
}
