/* The picture: lines and whiskers, marks over them, labels where there is room. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot_parts.h"

enum { LABEL = 26 /* columns of a label at most; longer ones are cut */ };

static const plot_mark marks[PLOT_LEGEND] = {
    { "\u25cf", "*", "frontier", 8 }, { "\u25cb", "o", "dominated", 1 }, { "\u00d7", "x", "failed", 2 },
    { "\u2605", "P", "pinned", 9 },   { "\u2606", "p", "pinned", 5 },    { "\u25c6", "#", "alike", 10 },
    { "\u25c7", "%", "alike", 6 },    { "\u25c9", "@", "chosen", 12 },   { "\u2297", "X", "chosen", 11 },
};

const plot_mark *plot_mark_at(int i)
{
    return &marks[i];
}

const plot_mark *plot_mark_of(const plot_point *p)
{
    bool failed = p->class == PLOT_FAILED, best = p->class == PLOT_FRONTIER;
    if (p->chosen) return &marks[failed ? 8 : 7];
    if (failed) return &marks[2];
    if (p->like_chosen) return &marks[best ? 5 : 6];
    if (p->pinned) return &marks[best ? 3 : 4];
    return &marks[best ? 0 : 1];
}

int plot_look_of(const plot_point *p)
{
    if (p->chosen) return PLOT_STRONG;
    if (p->class == PLOT_FAILED) return PLOT_ALARM;
    if (p->like_chosen) return PLOT_ALIKE;
    if (p->family >= 0) return PLOT_FAMILY + p->family % PLOT_FAMILIES;
    return p->class == PLOT_FRONTIER ? PLOT_FAMILY : PLOT_FAINT;
}

/* ---- cells ---- */

static size_t cell_of(const plot *p, int row, int column)
{
    return (size_t)row * (size_t)p->width + (size_t)column;
}

void plot_put(plot *p, int row, int column, const char *text, int look, int layer)
{
    if (row < 0 || row >= p->height || column < 0 || column >= p->width) return;
    size_t at = cell_of(p, row, column);
    if (p->paper.layers[at] > layer) return;
    const size_t n = strnlen(text, sizeof p->paper.cells[at].text - 1);
    memcpy(p->paper.cells[at].text, text, n);
    p->paper.cells[at].text[n] = '\0';
    p->paper.cells[at].look = look;
    p->paper.layers[at] = (unsigned char)layer;
}

int plot_text(plot *p, const columns *c, int row, int column, const char *text, int width, int look, int layer)
{
    if (width > p->width - column) width = p->width - column;
    bool cut = columns_width(c, text, strlen(text)) > width;
    int used = 0;
    for (size_t i = 0, n = strlen(text); i < n;) {
        glyph g = columns_glyph(c, text + i, n - i);
        if (used + g.width > width - cut) break;
        if (g.width > 0) plot_put(p, row, column + used, g.bytes, look, layer);
        for (int k = 1; k < g.width; k++)
            plot_put(p, row, column + used + k, "", look, layer);
        used += g.width;
        i += g.taken;
    }
    if (cut && width > 0) plot_put(p, row, column + used++, c->utf8 ? "\u2026" : "~", look, layer);
    return column + used;
}

/* ---- lines ---- */

typedef struct pen {
    const char *utf8, *ascii;
    int look, layer;
} pen;

static const pen staircase = { "\u00b7", ".", PLOT_FAINT, LAYER_LINE };
static const pen whisker = { "\u2502", "|", PLOT_PLAIN, LAYER_WHISKER };
static const pen limit_line = { "\u254c", "-", PLOT_LIMIT, LAYER_LIMIT };

/* Bits of a braille cell by row and column; U+2800 + bits. The Unicode Standard, Braille Patterns. */
static const unsigned char braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

/* Dots of a cell, or with other marks one dot that fills it. */
static int dots_across(const plot *p)
{
    return p->style.marks == PLOT_BRAILLE ? 2 : 1;
}

static int dots_down(const plot *p)
{
    return p->style.marks == PLOT_BRAILLE ? 4 : 1;
}

static void dot(plot *p, int down, int across, const pen *with)
{
    int row = down / dots_down(p), column = across / dots_across(p);
    if (down < 0 || across < 0 || row >= p->rows || column >= p->columns) return;
    if (p->style.marks != PLOT_BRAILLE) {
        const char *text = p->style.marks == PLOT_ASCII ? with->ascii : with->utf8;
        plot_put(p, p->top + row, p->left + column, text, with->look, with->layer);
        return;
    }
    unsigned char *bits = &p->paper.dots[cell_of(p, p->top + row, p->left + column)];
    *bits |= braille[down % 4][across % 2];
    char text[4] = { (char)0xe2, (char)(0xa0 | *bits >> 6), (char)(0x80 | (*bits & 0x3f)), '\0' };
    plot_put(p, p->top + row, p->left + column, text, with->look, with->layer);
    /* A fainter line meets a stronger one: the cell keeps its look and gets the dot all the same. */
    plot_cell *cell = &p->paper.cells[cell_of(p, p->top + row, p->left + column)];
    if (p->paper.layers[cell_of(p, p->top + row, p->left + column)] <= LAYER_LIMIT)
        memcpy(cell->text, text, sizeof text);
}

/* The dot that holds a place in cells; far outside everything is the same. */
static int dot_at(double cells, int per_cell)
{
    double at = floor((cells + 0.5) * per_cell);
    return (int)fmin(fmax(at, -8), 8e6);
}

static int dot_down(const plot *p, double row)
{
    return dot_at(row, dots_down(p));
}

static int dot_across(const plot *p, double column)
{
    return dot_at(column, dots_across(p));
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void draw_down(plot *p, int across, int from, int to, const pen *with)
{
    int last = least(from > to ? from : to, p->rows * dots_down(p) - 1);
    for (int i = least(from, to) < 0 ? 0 : least(from, to); i <= last; i++)
        dot(p, i, across, with);
}

static void draw_across(plot *p, int down, int from, int to, int dashes, const pen *with)
{
    int last = least(from > to ? from : to, p->columns * dots_across(p) - 1);
    for (int i = least(from, to) < 0 ? 0 : least(from, to); i <= last; i++)
        if (!dashes || i % (2 * dashes) < dashes) dot(p, down, i, with);
}

/* A step between two runs of the frontier. What is had between them is the worse one's loss: the staircase goes up to
 * it at once where more of x is better, and at the other end where less is. */
static void draw_step(plot *p, const plot_spot *from, const plot_spot *to)
{
    bool rising = to->point.y > from->point.y, more_is_better = rising != p->style.y_up;
    int a = dot_across(p, from->column), b = dot_across(p, to->column);
    int c = dot_down(p, from->row), d = dot_down(p, to->row);
    draw_down(p, more_is_better ? a : b, c, d, &staircase);
    draw_across(p, more_is_better ? d : c, a, b, 0, &staircase);
}

/* Of the frontier and of the chosen point; one that reaches zero goes down to the end of the scale. */
static void draw_whisker(plot *p, const plot_spot *s)
{
    const plot_point *q = &s->point;
    if (!s->visible || !isfinite(q->lo) || !isfinite(q->hi) || (p->style.log_y && (q->y <= 0 || q->hi <= 0))) return;
    int end = p->y_rows * dots_down(p) - 1;
    draw_down(p, dot_across(p, s->column), dot_down(p, plot_row_of(p, q->hi)),
              least(dot_down(p, plot_row_of(p, q->lo)), end), &whisker);
}

static void draw_limit(plot *p)
{
    double y = p->style.limit;
    if (!isfinite(y) || (p->style.log_y && (y < 0 || (y == 0 && !p->zeros)))) return;
    int down = dot_down(p, plot_row_of(p, y));
    if (y != 0 && down >= p->y_rows * dots_down(p)) return;
    draw_across(p, down, 0, p->columns * dots_across(p) - 1, p->style.marks == PLOT_BRAILLE ? 2 : 1, &limit_line);
}

/* ---- marks and labels ---- */

static void draw_mark(plot *p, const plot_spot *s)
{
    if (!s->visible) return;
    const plot_mark *m = plot_mark_of(&s->point);
    plot_put(p, p->top + (int)lround(s->row), p->left + (int)lround(s->column),
             p->style.marks == PLOT_ASCII ? m->ascii : m->utf8, plot_look_of(&s->point), LAYER_MARK + m->rank);
}

/* A text here would touch what stands in this cell: another text, or a mark that is not its own. */
static bool touches(const plot *p, int row, int column, const plot_spot *own)
{
    if (column < p->left || column >= p->width || p->paper.layers[cell_of(p, row, column)] < LAYER_MARK) return false;
    return p->top + (int)lround(own->row) != row || p->left + (int)lround(own->column) != column;
}

/* Whether the text would cover nothing above `layer`, and touch nothing. */
static bool is_free(const plot *p, int row, int column, int width, int layer, const plot_spot *own)
{
    if (row < p->top || row >= p->top + p->rows || column < p->left || column + width > p->width) return false;
    for (int i = column; i < column + width; i++)
        if (p->paper.layers[cell_of(p, row, i)] > layer) return false;
    return !touches(p, row, column - 1, own) && !touches(p, row, column + width, own);
}

/* Ends a line before it runs into a text. */
static void clear_line(plot *p, int row, int column)
{
    if (column < p->left || column >= p->width) return;
    size_t at = cell_of(p, row, column);
    if (p->paper.layers[at] != LAYER_LINE) return;
    p->paper.cells[at] = (plot_cell){ " ", PLOT_PLAIN };
    p->paper.layers[at] = LAYER_EMPTY;
}

/* A text that belongs to a point. */
typedef struct label {
    const plot_spot *own;
    const char *text;
    int width, look;
} label;

static bool put_label(plot *p, const columns *c, const label *l, int row, int column, int layer)
{
    if (l->width <= 0 || !is_free(p, row, column, l->width, layer, l->own)) return false;
    plot_text(p, c, row, column, l->text, l->width, l->look, LAYER_TEXT);
    clear_line(p, row, column - 1);
    clear_line(p, row, column + l->width);
    return true;
}

/* Right of the point, left of it, the same above and below, then centred above and below; over nothing if there is such
 * a place, else over the line. The letter of the family comes with it, or alone where there is no room for more. */
static void draw_label(plot *p, const columns *c, const plot_spot *s)
{
    static const int lines[] = { 0, 0, -1, -1, 1, 1, -1, 1 };
    const char *name = s->point.label ? s->point.label : "";
    bool lettered = p->style.letters && s->point.family >= 0;
    char letter[2] = { lettered ? (char)('a' + s->point.family % 26) : '\0', '\0' }, text[512];
    snprintf(text, sizeof text, "%s%s%s", letter, lettered && *name ? " " : "", name);
    int most = least(LABEL, p->columns / 2), gap = lettered ? 1 : 2;
    int row = p->top + (int)lround(s->row), column = p->left + (int)lround(s->column);
    label l = { s, text, least(columns_width(c, text, strlen(text)), most),
                s->point.chosen ? PLOT_STRONG : PLOT_PLAIN };
    for (int layer = LAYER_EMPTY; *name && layer <= LAYER_LINE; layer++)
        for (int i = 0; i < 8; i++) {
            int from = i >= 6 ? column - l.width / 2 : i % 2 ? column - gap + 1 - l.width : column + gap;
            if (put_label(p, c, &l, row + lines[i], from, layer)) return;
        }
    label alone = { s, letter, lettered, l.look };
    if (!put_label(p, c, &alone, row, column + 1, LAYER_LINE)) put_label(p, c, &alone, row, column - 1, LAYER_LINE);
}

static int by_x(const void *a, const void *b)
{
    const plot_point *p = &(*(const plot_spot *const *)a)->point, *q = &(*(const plot_spot *const *)b)->point;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return p->y < q->y ? -1 : p->y > q->y;
}

static bool on_frontier(const plot_spot *s)
{
    return s->placed && s->point.class == PLOT_FRONTIER;
}

/* The mark that a point has whoever is chosen. */
static plot_spot unchosen(const plot_spot *s)
{
    plot_spot plain = *s;
    plain.point.chosen = plain.point.like_chosen = false;
    return plain;
}

static bool is_special(const plot_spot *s)
{
    return s->point.chosen || s->point.like_chosen;
}

bool plot_draw_points(plot *p)
{
    p->best = calloc(p->n + 1, sizeof *p->best);
    if (!p->best) return false;
    for (size_t i = 0; i < p->n; i++)
        if (on_frontier(&p->spots[i])) p->best[p->n_best++] = &p->spots[i];
    qsort(p->best, p->n_best, sizeof *p->best, by_x);
    for (size_t i = 1; i < p->n_best; i++)
        draw_step(p, p->best[i - 1], p->best[i]);
    for (size_t i = 0; i < p->n_best; i++)
        draw_whisker(p, p->best[i]);
    draw_limit(p);
    for (size_t i = 0; i < p->n; i++) {
        const plot_spot plain = unchosen(&p->spots[i]);
        draw_mark(p, &plain);
    }
    return true;
}

void plot_draw_choice(plot *p, const columns *c)
{
    for (size_t i = 0; i < p->n; i++)
        if (is_special(&p->spots[i])) draw_mark(p, &p->spots[i]);
    for (size_t i = 0; i < p->n; i++)
        if (p->spots[i].point.chosen) draw_whisker(p, &p->spots[i]);
    for (size_t i = 0; i < p->n; i++)
        if (p->spots[i].visible && p->spots[i].point.chosen) draw_label(p, c, &p->spots[i]);
    for (size_t i = 0; i < p->n_best; i++)
        if (p->best[i]->visible && !p->best[i]->point.chosen) draw_label(p, c, p->best[i]);
}
