/* Around the picture: titles, what the marks mean, axes and their numbers, what is not shown; and writing all of it. */
#include <math.h>
#include <string.h>

#include "app/plot_parts.h"

enum { NUMBER = 12 };

static int clamp(int value, int lo, int hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

static const char *drawn(const plot *p, const char *utf8, const char *ascii)
{
    return p->style.marks == PLOT_ASCII ? ascii : utf8;
}

static void number(double value, char text[NUMBER])
{
    snprintf(text, NUMBER, "%.4g", fabs(value) < 1e-300 ? 0 : value);
}

/* ---- beside the picture ---- */

/* The number beside each row, "" for most. */
typedef char row_label[NUMBER];

static int label_rows(const plot *p, row_label *labels)
{
    int widest = 1, last = -2;
    memset(labels, 0, (size_t)p->rows * sizeof *labels);
    for (int i = p->y.n_ticks - 1; i >= 0 && p->any_y; i--) {
        int row = clamp((int)lround(plot_row_of(p, p->y.ticks[i])), 0, p->y_rows - 1);
        if (row < last + 2 && last >= 0) continue;
        number(p->y.ticks[i], labels[row]);
        last = row;
    }
    if (p->zeros) strcpy(labels[p->rows - 1], "0");
    for (int row = 0; row < p->rows; row++)
        if ((int)strlen(labels[row]) > widest) widest = (int)strlen(labels[row]);
    return widest;
}

int plot_gutter(const plot *p)
{
    row_label labels[PLOT_MOST_HEIGHT];
    return label_rows(p, labels);
}

static void draw_y_axis(plot *p, const columns *c)
{
    row_label labels[PLOT_MOST_HEIGHT];
    label_rows(p, labels);
    for (int row = 0; row < p->rows; row++) {
        bool gap = p->y_rows < p->rows - 1 && row == p->rows - 2;
        const char *axis = gap              ? drawn(p, "\u2506", ":")
                           : labels[row][0] ? drawn(p, "\u2524", "+")
                                            : drawn(p, "\u2502", "|");
        int length = (int)strlen(labels[row]);
        plot_text(p, c, p->top + row, p->left - 2 - length, labels[row], length, PLOT_PLAIN, LAYER_TEXT);
        plot_put(p, p->top + row, p->left - 1, axis, PLOT_FAINT, LAYER_TEXT);
    }
}

/* ---- below it ---- */

/* The axis with its ticks and, below, their numbers, each in the middle of its tick where it fits. */
static void draw_x_axis(plot *p, const columns *c)
{
    int row = p->top + p->rows, end = 0;
    plot_put(p, row, p->left - 1, drawn(p, "\u2514", "+"), PLOT_FAINT, LAYER_TEXT);
    for (int column = 0; column < p->columns; column++)
        plot_put(p, row, p->left + column, drawn(p, "\u2500", "-"), PLOT_FAINT, LAYER_TEXT);
    for (int i = 0; i < p->x.n_ticks; i++) {
        char text[NUMBER];
        number(p->x.ticks[i], text);
        int column = p->left + clamp((int)lround(plot_column_of(p, p->x.ticks[i])), 0, p->columns - 1);
        int length = (int)strlen(text), from = clamp(column - length / 2, 0, p->width - length);
        plot_put(p, row, column, drawn(p, "\u2534", "+"), PLOT_FAINT, LAYER_TEXT);
        if (from < end + 1 && end) continue;
        plot_text(p, c, row + 1, from, text, length, PLOT_PLAIN, LAYER_TEXT);
        end = from + length;
    }
}

/* The lines below the numbers: the title of x, and what is not shown. */
static void draw_foot(plot *p, const columns *c)
{
    int row = p->top + p->rows + 2, title = columns_width(c, p->style.x_title, strlen(p->style.x_title));
    char text[160] = "";
    size_t n = 0;
    if (p->no_failed) n += (size_t)snprintf(text + n, sizeof text - n, " %zu failed", p->no_failed);
    if (p->no_value)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %zu without a value", n ? "," : "", p->no_value);
    if (p->outside) n += (size_t)snprintf(text + n, sizeof text - n, "%s %zu outside", n ? "," : "", p->outside);
    int rest = p->height - row - (n && p->height > row);
    if (rest > 0)
        plot_text(p, c, row++, p->left + clamp((p->columns - title) / 2, 0, p->columns), p->style.x_title, p->columns,
                  PLOT_PLAIN, LAYER_TEXT);
    if (n && row < p->height)
        plot_text(p, c, row, plot_text(p, c, row, 0, "not shown:", p->width, PLOT_PLAIN, LAYER_TEXT), text, p->width,
                  PLOT_PLAIN, LAYER_TEXT);
}

/* ---- above it ---- */

/* One point of each kind that is to be seen, NULL for the others. */
static void kinds_seen(const plot *p, const plot_point *seen[PLOT_LEGEND])
{
    for (int i = 0; i < PLOT_LEGEND; i++)
        seen[i] = NULL;
    for (size_t k = 0; k < p->n; k++) {
        const plot_spot *s = &p->spots[k];
        if (s->visible) seen[plot_mark_of(&s->point) - plot_mark_at(0)] = &s->point;
    }
}

/* Of the two marks of one name the first stands for both. */
static bool is_told(const plot_point *const seen[PLOT_LEGEND], int i)
{
    if (!seen[i]) return false;
    return i == 0 || !seen[i - 1] || strcmp(plot_mark_at(i)->name, plot_mark_at(i - 1)->name) != 0;
}

/* What the marks mean, at the right edge of the first line, as far as there is room; left of it the title of y. */
static void draw_head(plot *p, const columns *c)
{
    const plot_point *seen[PLOT_LEGEND];
    kinds_seen(p, seen);
    int width = 0, last = 0, room = p->width - columns_width(c, p->style.y_title, strlen(p->style.y_title)) - 2;
    for (int i = 0; i < PLOT_LEGEND; i++) {
        if (!is_told(seen, i)) continue;
        int more = (width ? 4 : 2) + (int)strlen(plot_mark_at(i)->name);
        if (width + more > room) break;
        width += more;
        last = i + 1;
    }
    plot_text(p, c, 0, 0, p->style.y_title, p->width - width - 1, PLOT_PLAIN, LAYER_TEXT);
    int column = p->width - width;
    for (int i = 0; i < last; i++) {
        if (!is_told(seen, i)) continue;
        const plot_mark *m = plot_mark_at(i);
        plot_put(p, 0, column, drawn(p, m->utf8, m->ascii), plot_look_of(seen[i]), LAYER_TEXT);
        column = plot_text(p, c, 0, column + 2, m->name, (int)strlen(m->name), PLOT_PLAIN, LAYER_TEXT) + 2;
    }
}

static void draw_families(plot *p, const columns *c)
{
    int column = p->left;
    for (size_t i = 0; p->top > 1 && i < p->style.n_families; i++) {
        const char *name = p->style.families[i];
        if (!name) continue;
        int width = 4 + columns_width(c, name, strlen(name));
        if (column + width > p->width) break;
        char letter[2] = { (char)('a' + i % 26), '\0' };
        const plot_mark *m = plot_mark_at(0);
        plot_put(p, 1, column, p->style.letters ? letter : drawn(p, m->utf8, m->ascii),
                 PLOT_FAMILY + (int)(i % PLOT_FAMILIES), LAYER_TEXT);
        plot_text(p, c, 1, column + 2, name, width, PLOT_PLAIN, LAYER_TEXT);
        column += width;
    }
}

void plot_draw_frame(plot *p, const columns *c)
{
    draw_head(p, c);
    draw_families(p, c);
    draw_y_axis(p, c);
    draw_x_axis(p, c);
    draw_foot(p, c);
}

/* ---- writing ---- */

/* The terminal's own colours. */
static const char *const escapes[] = { "",         "\033[2m",  "\033[1m",  "\033[31m", "\033[33m", "\033[1m",
                                       "\033[32m", "\033[34m", "\033[35m", "\033[36m", "\033[33m", "\033[94m" };
_Static_assert(sizeof escapes / sizeof *escapes == PLOT_FAMILY + PLOT_FAMILIES, "one escape for each look");

void plot_write(const plot *p, FILE *out, bool color)
{
    int rows = p->height;
    for (int row = 0; row < rows; row++) {
        int end = p->width;
        while (end > 0 && strcmp(plot_cell_at(p, row, end - 1)->text, " ") == 0)
            end--;
        for (int column = 0; column < end; column++) {
            const plot_cell *cell = plot_cell_at(p, row, column);
            bool paint = color && *escapes[cell->look] && strcmp(cell->text, " ") != 0;
            fprintf(out, "%s%s%s", paint ? escapes[cell->look] : "", cell->text, paint ? "\033[0m" : "");
        }
        fputc('\n', out);
    }
}
