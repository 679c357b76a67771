#include "app/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/scale.h"

enum {
    LEAST_WIDTH = 40,
    LEAST_HEIGHT = 10,
    MOST_WIDTH = 400,
    MOST_HEIGHT = 200,
    AROUND = 4, /* lines that are not the picture: title, axis, its numbers, its title */
    LABEL = 26, /* columns of a label; longer ones are cut */
    NUMBER = 12,
};

/* What lies in a cell, later ones over earlier ones. */
enum { EMPTY, LINE, WHISKER, DOMINATED, FAILED, FRONTIER, TEXT };

typedef struct mark {
    const char *utf8, *ascii, *color, *name;
    int layer;
} mark;

static const mark marks[] = {
    [PLOT_FRONTIER] = { "\u25cf", "*", "\033[32m", "frontier", FRONTIER },
    [PLOT_DOMINATED] = { "\u25cb", "o", "\033[2m", "dominated", DOMINATED },
    [PLOT_FAILED] = { "\u00d7", "x", "\033[31m", "failed", FAILED },
};

typedef struct cell {
    char text[8];
    const char *color; /* or NULL */
    int layer;
} cell;

typedef struct picture {
    const plot_style *style;
    int columns, rows; /* of the area between the axes */
    int gutter;        /* columns left of it */
    cell *cells;       /* rows x columns */
    scale x, y;
    int y_rows;         /* rows of the scale; below it, apart, the line of zeros */
    bool zeros, any_y;  /* some y is 0 on a logarithmic axis; the scale has values */
    size_t no_place[3]; /* by class */
} picture;

/* ---- what is drawn and where ---- */

/* Whether y can stand on the axis; zero does on any. */
static bool y_stands(const plot_style *style, double y)
{
    return isfinite(y) && (!style->log_y || y >= 0);
}

static bool has_place(const plot_style *style, const plot_point *p)
{
    return isfinite(p->x) && (y_stands(style, p->y) || p->class == PLOT_FAILED);
}

static int clamp(int value, int lo, int hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

static int column_of(const picture *p, double x)
{
    return clamp((int)lround(scale_place(&p->x, x) * (p->columns - 1)), 0, p->columns - 1);
}

static int row_of(const picture *p, double y)
{
    if (!y_stands(p->style, y)) return 0; /* a failed run */
    if (p->style->log_y && y == 0) return p->rows - 1;
    return clamp((int)lround((1 - scale_place(&p->y, y)) * (p->y_rows - 1)), 0, p->y_rows - 1);
}

static cell *at(picture *p, int row, int column)
{
    return &p->cells[row * p->columns + column];
}

static void put(picture *p, int row, int column, const char *text, const char *color, int layer)
{
    cell *c = at(p, row, column);
    if (c->layer > layer) return;
    snprintf(c->text, sizeof c->text, "%s", text);
    c->color = color;
    c->layer = layer;
}

/* Ranges of both axes; false when there is nothing to draw. */
static bool survey(picture *p, const plot_point *points, size_t n)
{
    double x[2] = { INFINITY, -INFINITY }, y[2] = { INFINITY, -INFINITY };
    for (size_t i = 0; i < n; i++) {
        const plot_point *q = &points[i];
        if (!has_place(p->style, q)) {
            p->no_place[q->class]++;
            continue;
        }
        x[0] = fmin(x[0], q->x);
        x[1] = fmax(x[1], q->x);
        if (!y_stands(p->style, q->y)) continue;
        if (p->style->log_y && q->y == 0) {
            p->zeros = true;
            continue;
        }
        y[0] = fmin(y[0], q->y);
        y[1] = fmax(y[1], q->y);
    }
    if (x[0] > x[1]) return false;
    p->any_y = y[0] <= y[1];
    p->y_rows = p->zeros ? p->rows - 2 : p->rows;
    p->x = scale_make(x[0], x[1], false, p->style->width / 11);
    p->y = p->any_y ? scale_make(y[0], y[1], p->style->log_y, p->y_rows / 2) : scale_make(1, 1, p->style->log_y, 2);
    return true;
}

/* ---- marks ---- */

static void draw_whisker(picture *p, const plot_point *q)
{
    if (q->class != PLOT_FRONTIER || !isfinite(q->lo) || !isfinite(q->hi) || !y_stands(p->style, q->hi)) return;
    bool below = p->style->log_y && q->lo <= 0; /* reaches zero: down to the end of the scale */
    int top = row_of(p, q->hi), bottom = below ? p->y_rows - 1 : row_of(p, q->lo);
    if (q->y == 0 && p->style->log_y) return;
    for (int row = top; row <= bottom; row++)
        put(p, row, column_of(p, q->x), p->style->utf8 ? "\u2502" : "|", NULL, WHISKER);
}

static void draw_line(picture *p, const plot_point *from, const plot_point *to)
{
    int c0 = column_of(p, from->x), c1 = column_of(p, to->x), r0 = row_of(p, from->y), r1 = row_of(p, to->y);
    int n = abs(c1 - c0) > abs(r1 - r0) ? abs(c1 - c0) : abs(r1 - r0);
    for (int i = 1; i < n; i++) {
        int row = r0 + (int)lround((double)(r1 - r0) * i / n), column = c0 + (int)lround((double)(c1 - c0) * i / n);
        put(p, row, column, p->style->utf8 ? "\u00b7" : ".", NULL, LINE);
    }
}

/* Whether the text would cover nothing but lines, and touch no other text. */
static bool is_free(picture *p, int row, int column, int width)
{
    if (row < 0 || row >= p->rows || column < 0 || column + width > p->columns) return false;
    for (int i = column; i < column + width; i++)
        if (at(p, row, i)->layer > LINE) return false;
    bool left = column > 0 && at(p, row, column - 1)->layer == TEXT;
    bool right = column + width < p->columns && at(p, row, column + width)->layer == TEXT;
    return !left && !right;
}

/* Ends a line before it runs into a text. */
static void clear_line(picture *p, int row, int column)
{
    if (column >= 0 && column < p->columns && at(p, row, column)->layer == LINE)
        *at(p, row, column) = (cell){ .layer = EMPTY };
}

static void put_text(picture *p, const columns *c, int row, int column, const char *text, int width)
{
    bool cut = columns_width(c, text, strlen(text)) > width;
    int used = 0;
    for (size_t i = 0, n = strlen(text); i < n;) {
        glyph g = columns_glyph(c, text + i, n - i);
        if (used + g.width > width - cut) break;
        if (g.width > 0) put(p, row, column + used, g.bytes, NULL, TEXT);
        for (int k = 1; k < g.width; k++)
            put(p, row, column + used + k, "", NULL, TEXT);
        used += g.width;
        i += g.taken;
    }
    if (cut) put(p, row, column + used, c->utf8 ? "\u2026" : "~", NULL, TEXT);
}

/* Right of the point, left of it, then the same a line above and below. */
static void draw_label(picture *p, const columns *c, const plot_point *q)
{
    if (!q->label || !*q->label) return;
    int width = clamp(columns_width(c, q->label, strlen(q->label)), 0, LABEL);
    int row = row_of(p, q->y), column = column_of(p, q->x);
    static const int lines[] = { 0, -1, 1 };
    for (int i = 0; i < 6; i++) {
        int line = row + lines[i / 2], from = i % 2 ? column - 1 - width : column + 2;
        if (!is_free(p, line, from, width)) continue;
        put_text(p, c, line, from, q->label, width);
        clear_line(p, line, from - 1);
        clear_line(p, line, from + width);
        return;
    }
}

static int by_x(const void *a, const void *b)
{
    const plot_point *p = *(const plot_point *const *)a, *q = *(const plot_point *const *)b;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return p->y < q->y ? -1 : p->y > q->y;
}

static bool draw_points(picture *p, const columns *c, const plot_point *points, size_t n, fault *f)
{
    const plot_point **best = calloc(n + 1, sizeof *best);
    if (!best) return fault_memory(f, "a plot");
    size_t n_best = 0;
    for (size_t i = 0; i < n; i++) {
        if (!has_place(p->style, &points[i])) continue;
        const mark *m = &marks[points[i].class];
        put(p, row_of(p, points[i].y), column_of(p, points[i].x), p->style->utf8 ? m->utf8 : m->ascii, m->color,
            m->layer);
        if (points[i].class == PLOT_FRONTIER) best[n_best++] = &points[i];
    }
    qsort(best, n_best, sizeof *best, by_x);
    for (size_t i = 0; i < n_best; i++)
        draw_whisker(p, best[i]);
    for (size_t i = 1; i < n_best; i++)
        draw_line(p, best[i - 1], best[i]);
    for (size_t i = 0; p->style->labels && i < n_best; i++)
        draw_label(p, c, best[i]);
    free(best);
    return true;
}

/* ---- writing ---- */

static void number(double value, char text[NUMBER])
{
    snprintf(text, NUMBER, "%.4g", fabs(value) < 1e-300 ? 0 : value);
}

/* The number beside each row, "" for most. */
typedef char row_label[NUMBER];

static int label_rows(const picture *p, row_label *labels)
{
    int widest = 1, last = -2;
    for (int i = p->y.n_ticks - 1; i >= 0 && p->any_y; i--) {
        int row = row_of(p, p->y.ticks[i]);
        if (row < last + 2 && last >= 0) continue;
        number(p->y.ticks[i], labels[row]);
        last = row;
    }
    if (p->zeros) strcpy(labels[p->rows - 1], "0");
    for (int row = 0; row < p->rows; row++)
        if ((int)strlen(labels[row]) > widest) widest = (int)strlen(labels[row]);
    return widest;
}

static void write_legend(const picture *p, const columns *c, FILE *out)
{
    int width = 0, title = columns_width(c, p->style->y_title, strlen(p->style->y_title));
    for (int i = 0; i < 3; i++)
        width += 4 + (int)strlen(marks[i].name) - (i == 2 ? 2 : 0);
    int total = p->gutter + p->columns;
    int room = clamp(total - width - 1, 1, total);
    columns_put(c, out, p->style->y_title, strlen(p->style->y_title), title > room ? room : title, false);
    columns_repeat(out, " ", title > room ? 1 : total - width - title);
    for (int i = 0; i < 3; i++) {
        const mark *m = &marks[i];
        fprintf(out, "%s%s%s %s%s", p->style->color ? m->color : "", p->style->utf8 ? m->utf8 : m->ascii,
                p->style->color ? "\033[0m" : "", m->name, i < 2 ? "  " : "\n");
    }
}

static void write_rows(picture *p, FILE *out, row_label *labels)
{
    bool utf8 = p->style->utf8;
    for (int row = 0; row < p->rows; row++) {
        bool gap = p->zeros && row == p->rows - 2;
        const char *axis = gap              ? (utf8 ? "\u2506" : ":")
                           : labels[row][0] ? (utf8 ? "\u2524" : "+")
                                            : (utf8 ? "\u2502" : "|");
        fprintf(out, "%*s %s", p->gutter - 2, labels[row], axis);
        int end = p->columns;
        while (end > 0 && at(p, row, end - 1)->layer == EMPTY)
            end--;
        for (int column = 0; column < end; column++) {
            const cell *c = at(p, row, column);
            bool paint = p->style->color && c->color;
            fprintf(out, "%s%s%s", paint ? c->color : "", c->layer == EMPTY ? " " : c->text, paint ? "\033[0m" : "");
        }
        fputc('\n', out);
    }
}

/* The axis with its ticks and, below, their numbers, each in the middle of its tick where it fits. */
static void write_x_axis(const picture *p, FILE *out)
{
    char ticks[MOST_WIDTH + 1], numbers[MOST_WIDTH + NUMBER + 1];
    int total = p->gutter + p->columns, end = 0;
    memset(ticks, 0, sizeof ticks);
    memset(numbers, ' ', sizeof numbers);
    for (int i = 0; i < p->x.n_ticks; i++) {
        char text[NUMBER];
        number(p->x.ticks[i], text);
        int column = column_of(p, p->x.ticks[i]), length = (int)strlen(text);
        int from = clamp(p->gutter + column - length / 2, 0, total - length);
        ticks[column] = 1;
        if (from < end + 1 && end) continue;
        memcpy(numbers + from, text, (size_t)length);
        end = from + length;
    }
    numbers[end] = '\0';
    fprintf(out, "%*s%s", p->gutter - 1, "", p->style->utf8 ? "\u2514" : "+");
    for (int column = 0; column < p->columns; column++)
        fputs(ticks[column] ? (p->style->utf8 ? "\u2534" : "+") : (p->style->utf8 ? "\u2500" : "-"), out);
    fprintf(out, "\n%s\n", numbers);
}

static void write_note(const picture *p, FILE *out)
{
    size_t done = p->no_place[PLOT_FRONTIER] + p->no_place[PLOT_DOMINATED], failed = p->no_place[PLOT_FAILED];
    if (done + failed == 0) return;
    fputs("not shown:", out);
    if (failed) fprintf(out, " %zu failed", failed);
    if (done) fprintf(out, "%s %zu without a value", failed ? "," : "", done);
    fputc('\n', out);
}

static bool draw(picture *p, const columns *c, const plot_point *points, size_t n, FILE *out, fault *f)
{
    row_label *labels = calloc((size_t)p->rows, sizeof *labels);
    if (!labels) return fault_memory(f, "a plot");
    p->gutter = label_rows(p, labels) + 2;
    p->columns = clamp(p->style->width, LEAST_WIDTH, MOST_WIDTH) - p->gutter;
    p->cells = calloc((size_t)p->rows * (size_t)p->columns, sizeof *p->cells);
    bool ok = p->cells ? draw_points(p, c, points, n, f) : fault_memory(f, "a plot");
    if (ok) {
        write_legend(p, c, out);
        write_rows(p, out, labels);
        write_x_axis(p, out);
        int title = columns_width(c, p->style->x_title, strlen(p->style->x_title)), total = p->gutter + p->columns;
        columns_put(c, out, p->style->x_title, strlen(p->style->x_title),
                    title > total ? total : total - (p->columns - title) / 2, true);
        fputc('\n', out);
    }
    free(p->cells);
    free(labels);
    return ok;
}

bool plot_draw(FILE *out, const plot_point *points, size_t n, const plot_style *style, fault *f)
{
    plot_style titled = *style;
    if (!titled.x_title) titled.x_title = "";
    if (!titled.y_title) titled.y_title = "";
    picture p = { .style = &titled, .rows = clamp(style->height, LEAST_HEIGHT, MOST_HEIGHT) - AROUND };
    for (size_t i = 0; i < n; i++)
        if (!has_place(style, &points[i])) {
            p.rows--; /* for the note */
            break;
        }
    columns c;
    columns_enter(&c, style->utf8);
    bool ok = true;
    if (survey(&p, points, n))
        ok = draw(&p, &c, points, n, out, f);
    else
        fputs("no run to plot\n", out);
    if (ok) write_note(&p, out);
    columns_leave(&c);
    return ok;
}
