/* Tables for a screen: box and line. */
#include "app/table_rows.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_DIGITS = 6,
    LEAST_TEXT = 6,  /* columns of text are not cut below this */
    MOST_TEXT = 500, /* and cut above this wherever they are drawn */
    BETWEEN = 3,     /* "| " before and " " after each column, and one more at the end of the row */
};

/* How wide a column is and may be. */
typedef struct column_width {
    int width; /* as drawn */
    int least;
    bool number; /* every value is a number or missing */
} column_width;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static column_width measure(const table *t, const columns *c, size_t column)
{
    table_shown shown;
    int name = columns_width(c, t->names[column], strlen(t->names[column])), widest = 0, values = 0;
    bool number = true;
    for (size_t row = 0; row < t->n_rows; row++) {
        const table_cell *cell = &t->cells[row * t->n_columns + column];
        table_show(cell, SHOWN_DIGITS, &shown);
        widest = larger(widest, columns_width(c, shown.text, shown.n));
        if (cell->kind == TABLE_TEXT) number = false;
        values += cell->kind != TABLE_NULL;
    }
    column_width w = { .width = larger(name, widest), .number = number && values > 0 };
    if (!w.number) w.width = smaller(w.width, MOST_TEXT);
    w.least = w.number ? larger(widest, 1) : smaller(w.width, LEAST_TEXT);
    return w;
}

/* Takes columns from the widest that may still shrink until all fit; where that is not enough, rows are longer. */
static void fit(column_width *w, size_t n, int limit)
{
    int total = 1;
    for (size_t i = 0; i < n; i++)
        total += w[i].width + BETWEEN;
    while (total > limit) {
        column_width *widest = NULL;
        for (size_t i = 0; i < n; i++)
            if (w[i].width > w[i].least && (!widest || w[i].width > widest->width)) widest = &w[i];
        if (!widest) return;
        widest->width--;
        total--;
    }
}

typedef struct box_lines {
    const char *across, *down;
    const char *left[3], *cross[3], *right[3]; /* top, under the names, bottom */
} box_lines;

static const box_lines drawn = { "\u2500",
                                 "\u2502",
                                 { "\u250c", "\u251c", "\u2514" },
                                 { "\u252c", "\u253c", "\u2534" },
                                 { "\u2510", "\u2524", "\u2518" } };
static const box_lines plain = { "-", "|", { "+", "+", "+" }, { "+", "+", "+" }, { "+", "+", "+" } };

static void write_rule(FILE *out, const box_lines *lines, int which, const column_width *w, size_t n)
{
    fputs(lines->left[which], out);
    for (size_t i = 0; i < n; i++) {
        columns_repeat(out, lines->across, w[i].width + 2);
        fputs(i + 1 < n ? lines->cross[which] : lines->right[which], out);
    }
    fputc('\n', out);
}

bool table_write_box(const table *t, FILE *out, const table_style *style, fault *f)
{
    column_width *w = calloc(t->n_columns, sizeof *w);
    if (!w) return fault_memory(f, "a table");
    const box_lines *lines = style->utf8 ? &drawn : &plain;
    columns c;
    columns_enter(&c, style->utf8);
    for (size_t i = 0; i < t->n_columns; i++)
        w[i] = measure(t, &c, i);
    if (style->width > 0) fit(w, t->n_columns, style->width);
    write_rule(out, lines, 0, w, t->n_columns);
    for (size_t row = 0; row <= t->n_rows; row++) { /* row 0: the names */
        if (row == 1) write_rule(out, lines, 1, w, t->n_columns);
        for (size_t i = 0; i < t->n_columns; i++) {
            table_cell name = table_text(t->names[i]);
            const table_cell *cell = row ? &t->cells[(row - 1) * t->n_columns + i] : &name;
            table_shown shown;
            table_show(cell, SHOWN_DIGITS, &shown);
            fprintf(out, "%s ", lines->down);
            columns_put(&c, out, shown.text, shown.n, w[i].width, w[i].number);
            fputc(' ', out);
        }
        fprintf(out, "%s\n", lines->down);
    }
    write_rule(out, lines, 2, w, t->n_columns);
    columns_leave(&c);
    free(w);
    return true;
}

void table_write_line(const table *t, FILE *out, const table_style *style)
{
    columns c;
    columns_enter(&c, style->utf8);
    int widest = 0;
    for (size_t i = 0; i < t->n_columns; i++)
        widest = larger(widest, columns_width(&c, t->names[i], strlen(t->names[i])));
    for (size_t row = 0; row < t->n_rows; row++) {
        if (row) fputc('\n', out);
        for (size_t i = 0; i < t->n_columns; i++) {
            table_shown shown;
            table_show(&t->cells[row * t->n_columns + i], SHOWN_DIGITS, &shown);
            columns_put(&c, out, t->names[i], strlen(t->names[i]), widest, true);
            fputs(" = ", out);
            columns_put(&c, out, shown.text, shown.n, columns_width(&c, shown.text, shown.n), false);
            fputc('\n', out);
        }
    }
    columns_leave(&c);
}
