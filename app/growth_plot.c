/* A log-log picture in characters. Lines have 2 x 4 dots a cell in UTF-8, one in ASCII. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/growth_show.h"
#include "app/scale.h"

enum { LEFT = 10, FOOT = 3, LEAST_WIDTH = 30, LEAST_HEIGHT = 8, COLOURS = 6 };

typedef struct cell {
    unsigned char dots; /* of braille, a bit for each; ASCII: any */
    char letter;        /* 0: none */
    size_t series;      /* whose colour it has */
} cell;

typedef struct canvas {
    const growth_picture *as;
    int columns, rows, across, down; /* of the picture; dots of a cell */
    scale x, y;
    cell *cells;
} canvas;

/* Bits of a braille cell by row and column; U+2800 + bits. The Unicode Standard, Braille Patterns. */
static const unsigned char braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

static const char *const colours[COLOURS] = { "\033[32m", "\033[34m", "\033[35m", "\033[36m", "\033[33m", "\033[31m" };

static cell *cell_at(const canvas *c, int row, int column)
{
    return &c->cells[(size_t)row * (size_t)c->columns + (size_t)column];
}

/* Dots from the upper left. */
static double dot_x(const canvas *c, double n)
{
    return scale_place(&c->x, n) * (c->columns * c->across - 1);
}

static double dot_y(const canvas *c, double seconds)
{
    return (1 - scale_place(&c->y, seconds)) * (c->rows * c->down - 1);
}

static void draw_dot(const canvas *c, double x, double y, size_t series)
{
    const int across = (int)lround(x), down = (int)lround(y);
    if (across < 0 || down < 0 || across >= c->columns * c->across || down >= c->rows * c->down) return;
    cell *to = cell_at(c, down / c->down, across / c->across);
    to->dots |= braille[down % c->down][across % c->across];
    to->series = series;
}

static void draw_line(const canvas *c, const growth_point *a, const growth_point *b, size_t series)
{
    const double x = dot_x(c, a->n), y = dot_y(c, a->seconds.value);
    const double dx = dot_x(c, b->n) - x, dy = dot_y(c, b->seconds.value) - y;
    const int steps = (int)fmax(1, fmax(fabs(dx), fabs(dy)));
    for (int i = 0; i <= steps; i++)
        draw_dot(c, x + dx * i / steps, y + dy * i / steps, series);
}

static void draw_series(const canvas *c, const growth_series *s, size_t series)
{
    for (size_t i = 1; i < s->n; i++)
        draw_line(c, &s->points[i - 1], &s->points[i], series);
    for (size_t i = 0; i < s->n; i++) {
        const int column = (int)lround(dot_x(c, s->points[i].n)) / c->across;
        const int row = (int)lround(dot_y(c, s->points[i].seconds.value)) / c->down;
        if (row < 0 || column < 0 || row >= c->rows || column >= c->columns) continue;
        cell *to = cell_at(c, row, column);
        to->letter = (char)('a' + series % 26);
        to->series = series;
    }
}

static void find_scales(canvas *c, const growth_series *series, size_t n)
{
    const growth_bounds b = growth_find_bounds(series, n);
    c->x = b.n_lo < b.n_hi ? scale_within(b.n_lo, b.n_hi, true, c->columns / 10) : scale_make(b.n_lo, b.n_hi, true, 4);
    c->y = scale_make(b.lo, b.hi, true, c->rows / 2);
}

/* ---- writing ---- */

static void write_cell(FILE *to, const canvas *c, const cell *at)
{
    const bool drawn = at->letter || at->dots;
    if (c->as->color && drawn) fputs(colours[at->series % COLOURS], to);
    if (at->letter)
        fputc(at->letter, to);
    else if (at->dots && c->as->utf8)
        fprintf(to, "\xe2%c%c", 0xa0 | at->dots >> 6, 0x80 | (at->dots & 0x3f));
    else
        fputc(at->dots ? '.' : ' ', to);
    if (c->as->color && drawn) fputs("\033[0m", to);
}

static const char *drawn(const canvas *c, const char *utf8, const char *ascii)
{
    return c->as->utf8 ? utf8 : ascii;
}

static void write_row(FILE *to, const canvas *c, int row)
{
    const char *axis = drawn(c, "\u2502", "|");
    char label[GROWTH_TIME] = "";
    for (int i = 0; i < c->y.n_ticks; i++) {
        if ((int)lround(dot_y(c, c->y.ticks[i])) / c->down != row) continue;
        growth_time_text(c->y.ticks[i], 3, label);
        axis = drawn(c, "\u2524", "+");
    }
    fprintf(to, "%*s %s", LEFT - 2, label, axis);
    int end = c->columns;
    while (end > 0 && !cell_at(c, row, end - 1)->letter && !cell_at(c, row, end - 1)->dots)
        end--;
    for (int column = 0; column < end; column++)
        write_cell(to, c, cell_at(c, row, column));
    fputc('\n', to);
}

static void write_foot(FILE *to, const canvas *c)
{
    char *numbers = calloc((size_t)c->columns + GROWTH_TIME + 1, 1);
    int end = -1;
    if (!numbers) return;
    memset(numbers, ' ', (size_t)c->columns);
    fprintf(to, "%*s%s", LEFT - 1, "", drawn(c, "\u2514", "+"));
    for (int column = 0; column < c->columns; column++) {
        bool tick = false;
        for (int i = 0; i < c->x.n_ticks; i++)
            tick = tick || (int)lround(dot_x(c, c->x.ticks[i])) / c->across == column;
        fputs(tick ? drawn(c, "\u2534", "+") : drawn(c, "\u2500", "-"), to);
    }
    for (int i = 0; i < c->x.n_ticks; i++) {
        char text[GROWTH_TIME];
        snprintf(text, sizeof text, "%.4g", c->x.ticks[i]);
        const int length = (int)strlen(text);
        int from = (int)lround(dot_x(c, c->x.ticks[i])) / c->across - length / 2;
        if (from < 0) from = 0;
        if (from > c->columns - length) from = c->columns - length;
        if (from <= end) continue;
        memcpy(numbers + from, text, (size_t)length);
        end = from + length;
    }
    const int title = (int)strlen(c->as->x_title), before = c->columns > title ? (c->columns - title) / 2 : 0;
    fprintf(to, "\n%*s%s\n%*s%s\n", LEFT, "", numbers, LEFT + before, "", c->as->x_title);
    free(numbers);
}

static void write_legend(FILE *to, const canvas *c, const growth_series *series, size_t n)
{
    int column = LEFT;
    fprintf(to, "%*s", LEFT, "");
    for (size_t i = 0; i < n; i++) {
        const int width = (int)strlen(series[i].name) + 4;
        if (column + width > c->as->width && column > LEFT) {
            fprintf(to, "\n%*s", LEFT, "");
            column = LEFT;
        }
        fprintf(to, "%s%c%s %s  ", c->as->color ? colours[i % COLOURS] : "", (char)('a' + i % 26),
                c->as->color ? "\033[0m" : "", series[i].name);
        column += width;
    }
    fputc('\n', to);
}

bool growth_plot(FILE *to, const growth_series *series, size_t n, const growth_picture *as, fault *f)
{
    canvas c = { .as = as, .across = as->utf8 ? 2 : 1, .down = as->utf8 ? 4 : 1 };
    c.columns = (as->width < LEAST_WIDTH ? LEAST_WIDTH : as->width) - LEFT - 1;
    c.rows = (as->height < LEAST_HEIGHT ? LEAST_HEIGHT : as->height) - FOOT;
    c.cells = calloc((size_t)c.columns * (size_t)c.rows, sizeof *c.cells);
    if (!c.cells) return fault_memory(f, "the picture");
    find_scales(&c, series, n);
    for (size_t i = 0; i < n; i++)
        draw_series(&c, &series[i], i);
    for (int row = 0; row < c.rows; row++)
        write_row(to, &c, row);
    write_foot(to, &c);
    write_legend(to, &c, series, n);
    free(c.cells);
    return true;
}
