/* The grid of cells: drawing into it, and writing it out as text. */
#include "app/screen/tui.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/screen/tui_grid.h"

static const tui_cell blank = { " ", LOOK_PLAIN, 1 };

static void blank_all(struct tui_grid *g)
{
    for (size_t i = 0; i < (size_t)g->height * (size_t)g->width; i++)
        g->drawn[i] = blank;
    g->known = false;
}

static bool allocate(struct tui_grid *g, int height, int width)
{
    const size_t cells = (size_t)height * (size_t)width;
    tui_cell *drawn = calloc(cells, sizeof *drawn), *shown = calloc(cells, sizeof *shown);
    if (!drawn || !shown) {
        free(drawn);
        free(shown);
        return false;
    }
    free(g->drawn);
    free(g->shown);
    g->drawn = drawn;
    g->shown = shown;
    g->height = height;
    g->width = width;
    blank_all(g);
    return true;
}

struct tui_grid *tui_grid_create(bool utf8, int height, int width, fault *f)
{
    struct tui_grid *g = calloc(1, sizeof *g);
    if (!g || !allocate(g, height, width)) {
        free(g);
        fault_memory(f, "the screen");
        return NULL;
    }
    g->cursor_row = -1;
    columns_enter(&g->letters, utf8);
    if (g->letters.own) uselocale(g->letters.before);
    return g;
}

void tui_grid_letters(struct tui_grid *g, bool utf8)
{
    g->letters.utf8 = utf8;
}

void tui_grid_free(struct tui_grid *g)
{
    if (!g) return;
    if (g->letters.own) freelocale(g->letters.own);
    free(g->drawn);
    free(g->shown);
    free(g);
}

void tui_grid_resize(struct tui_grid *g, int height, int width)
{
    if (!allocate(g, height, width)) blank_all(g);
}

/* ---- drawing ---- */

/* A column may belong to a wide character: what remains of it becomes blank. */
static void vacate(tui_cell *line, int width, int column)
{
    int left = column;
    while (left > 0 && line[left].width == 0)
        left--;
    const int taken = line[left].width > 1 ? line[left].width : 1;
    for (int i = left; i < left + taken && i < width; i++)
        line[i] = (tui_cell){ " ", line[i].look, 1 };
}

static void place(tui_cell *line, int width, int column, const glyph *g, tui_look look)
{
    for (int i = 0; i < g->width; i++)
        vacate(line, width, column + i);
    tui_cell *c = &line[column];
    *c = (tui_cell){ .look = (uint8_t)look, .width = (uint8_t)g->width };
    memcpy(c->text, g->bytes, sizeof g->bytes);
    for (int i = 1; i < g->width; i++)
        line[column + i] = (tui_cell){ .look = (uint8_t)look, .width = 0 };
}

static void combine(tui_cell *line, int column, const glyph *g)
{
    while (column > 0 && line[column].width == 0)
        column--;
    const size_t have = strlen(line[column].text);
    if (have + strlen(g->bytes) < sizeof line[column].text) strcpy(line[column].text + have, g->bytes);
}

/* A control character is shown as several: \x1b. They are placed one by one. */
static int place_spelled(tui_cell *line, int width, int column, int edge, const glyph *g, tui_look look)
{
    for (const char *c = g->bytes; *c && column < edge; c++, column++)
        place(line, width, column, &(glyph){ .bytes = { *c }, .width = 1 }, look);
    return column;
}

int tui_put(tui *t, rect r, int row, int column, tui_look look, const char *text)
{
    struct tui_grid *g = t->grid;
    const int y = r.row + row;
    const int right = r.column + r.width < g->width ? r.column + r.width : g->width;
    const size_t n = strlen(text);
    int x = r.column + column, begun = x;
    locale_t before = g->letters.own ? uselocale(g->letters.own) : (locale_t)0;
    const bool inside = row >= 0 && row < r.height && y >= 0 && y < g->height;
    tui_cell *line = inside ? g->drawn + (size_t)y * (size_t)g->width : NULL;
    for (size_t i = 0; i < n && x < right;) {
        const glyph one = columns_glyph(&g->letters, text + i, n - i);
        i += one.taken;
        const bool visible = inside && x >= r.column && x >= 0;
        const bool spelled = one.width > 1 && (unsigned char)one.bytes[0] < 0x80;
        if (!spelled && x + one.width > right) break;
        if (visible && spelled)
            place_spelled(line, g->width, x, right, &one, look);
        else if (visible && one.width > 0)
            place(line, g->width, x, &one, look);
        else if (visible && x > begun && x > r.column)
            combine(line, x - 1, &one);
        x += one.width;
    }
    if (before) uselocale(before);
    return (x < right || x == begun ? x : right) - r.column;
}

int tui_print(tui *t, rect r, int row, int column, tui_look look, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tui_put(t, r, row, column, look, text);
}

void tui_clear(tui *t, rect r)
{
    struct tui_grid *g = t->grid;
    for (int y = r.row < 0 ? 0 : r.row; y < r.row + r.height && y < g->height; y++) {
        tui_cell *line = g->drawn + (size_t)y * (size_t)g->width;
        for (int x = r.column < 0 ? 0 : r.column; x < r.column + r.width && x < g->width; x++) {
            vacate(line, g->width, x);
            line[x] = blank;
        }
    }
}

void tui_rule(tui *t, rect r, int row, tui_look look, const char *title, const char *right)
{
    const char *stroke = t->terminal.utf8 ? "\xe2\x94\x80" : "-";
    for (int x = 0; x < r.width; x++)
        tui_put(t, r, row, x, look, stroke);
    int end = 0;
    if (title && *title) {
        tui_put(t, r, row, 1, look, " ");
        end = tui_put(t, r, row, 2, look, title);
        end = tui_put(t, r, row, end, look, " ");
    }
    if (!right || !*right) return;
    const int wide = columns_width(&t->grid->letters, right, strlen(right));
    const int at = r.width - wide - 3;
    if (at <= end) return;
    tui_put(t, r, row, at, look, " ");
    const int after = tui_put(t, r, row, at + 1, look, right);
    tui_put(t, r, row, after, look, " ");
}

void tui_cursor(tui *t, int row, int column)
{
    const bool inside = row >= 0 && row < t->grid->height && column >= 0;
    t->grid->cursor_row = inside ? row : -1;
    t->grid->cursor_column = column < t->grid->width ? column : t->grid->width - 1;
}

/* ---- as text ---- */

static void dump_text(const struct tui_grid *g, int y, FILE *out)
{
    const tui_cell *line = g->drawn + (size_t)y * (size_t)g->width;
    int end = g->width;
    while (end > 0 && line[end - 1].width == 1 && strcmp(line[end - 1].text, " ") == 0)
        end--;
    for (int x = 0; x < end; x++)
        if (line[x].width > 0) fputs(line[x].text, out);
    fputc('\n', out);
}

static void dump_looks(const struct tui_grid *g, int y, FILE *out)
{
    static const char letters[] = ".BDGWRACM123456";
    const tui_cell *line = g->drawn + (size_t)y * (size_t)g->width;
    int end = g->width;
    while (end > 0 && line[end - 1].look == LOOK_PLAIN)
        end--;
    for (int x = 0; x < end; x++)
        fputc(letters[line[x].look], out);
    fputc('\n', out);
}

void tui_dump(const tui *t, FILE *out, bool looks)
{
    for (int y = 0; y < t->grid->height; y++)
        dump_text(t->grid, y, out);
    for (int y = 0; looks && y < t->grid->height; y++)
        dump_looks(t->grid, y, out);
}
