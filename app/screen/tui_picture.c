/* The screen as a picture: SVG with text, so that it can be read, searched and scaled. */
#include "app/screen/tui_grid.h"

#include <stdio.h>
#include <string.h>

enum {
    CELL_WIDTH = 84,
    CELL_HEIGHT = 180,
    BASELINE = 138,
    EDGE = 120
}; /* tenths of a unit; letters are 14 units high */

/* Colours for a light and a dark page, by look. */
static const struct {
    const char *light, *dark, *more;
} paints[LOOK_END] = {
    [LOOK_PLAIN] = { "#24292f", "#d8dee4", "" },
    [LOOK_BOLD] = { "#24292f", "#f0f3f6", "font-weight:bold" },
    [LOOK_DIM] = { "#6e7781", "#8b949e", "" },
    [LOOK_GOOD] = { "#116329", "#56d364", "" },
    [LOOK_WARN] = { "#7d4e00", "#e3b341", "" },
    [LOOK_BAD] = { "#a40e26", "#ff7b72", "" },
    [LOOK_ACCENT] = { "#0a6a77", "#56d4dd", "" },
    [LOOK_CHOSEN] = { "#ffffff", "#0d1117", "" },
    [LOOK_MARKED] = { "#24292f", "#f0f3f6", "text-decoration:underline" },
    [LOOK_FAMILY] = { "#0550ae", "#79c0ff", "" },
    [LOOK_FAMILY + 1] = { "#116329", "#56d364", "" },
    [LOOK_FAMILY + 2] = { "#8250df", "#d2a8ff", "" },
    [LOOK_FAMILY + 3] = { "#953800", "#ffa657", "" },
    [LOOK_FAMILY + 4] = { "#0a6a77", "#56d4dd", "" },
    [LOOK_FAMILY + 5] = { "#a40e26", "#ff7b72", "" },
};

static void write_style(FILE *out)
{
    fputs("<style>text{font:14px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}", out);
    for (int dark = 0; dark < 2; dark++) {
        if (dark) fputs("@media(prefers-color-scheme:dark){", out);
        fprintf(out, ".paper{fill:%s}.back{fill:%s}", dark ? "#0d1117" : "#ffffff", dark ? "#d8dee4" : "#24292f");
        for (int i = 0; i < LOOK_END; i++)
            fprintf(out, ".l%d{fill:%s;%s}", i, dark ? paints[i].dark : paints[i].light, paints[i].more);
        if (dark) fputs("}", out);
    }
    fputs("</style>\n", out);
}

static void write_escaped(const char *text, FILE *out)
{
    for (; *text; text++) {
        const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
        entity ? fputs(entity, out) : fputc(*text, out);
    }
}

static bool is_blank(const tui_cell *cell)
{
    return cell->look != LOOK_CHOSEN && cell->look != LOOK_MARKED && (!cell->text[0] || strcmp(cell->text, " ") == 0);
}

static double tenths(int n)
{
    return (double)n / 10;
}

/* Cells first ... end-1 of a line, all of one look. textLength keeps the columns under each other in any font. */
static void write_run(const tui_cell *line, int row, int first, int end, FILE *out)
{
    const int look = line[first].look, x = EDGE + first * CELL_WIDTH, y = EDGE + row * CELL_HEIGHT;
    const double width = tenths((end - first) * CELL_WIDTH);
    if (look == LOOK_CHOSEN)
        fprintf(out, "<rect class=\"back\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", tenths(x),
                tenths(y), width, tenths(CELL_HEIGHT));
    fprintf(out, "<text class=\"l%d\" x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\">", look, tenths(x),
            tenths(y + BASELINE), width);
    for (int i = first; i < end; i++)
        if (line[i].width) write_escaped(line[i].text[0] ? line[i].text : " ", out);
    fputs("</text>\n", out);
}

static void write_line(const tui_cell *line, int row, int width, FILE *out)
{
    for (int first = 0, end; first < width; first = end) {
        end = first + 1;
        if (is_blank(&line[first])) continue;
        /* One blank between words does not end a run. */
        while (end < width && line[end].look == line[first].look &&
               !(is_blank(&line[end]) && (end + 1 == width || is_blank(&line[end + 1]))))
            end++;
        write_run(line, row, first, end, out);
    }
}

void tui_picture(const tui *t, FILE *out)
{
    const struct tui_grid *g = t->grid;
    const double width = tenths(2 * EDGE + g->width * CELL_WIDTH), height = tenths(2 * EDGE + g->height * CELL_HEIGHT);
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.1f %.1f\" width=\"%.0f\" height=\"%.0f\" role=\"img\">\n",
        width, height, width, height);
    fputs("<title>kvant's lab</title>\n", out);
    write_style(out);
    fprintf(out, "<rect class=\"paper\" width=\"%.1f\" height=\"%.1f\" rx=\"8\"/>\n", width, height);
    for (int row = 0; row < g->height; row++)
        write_line(g->drawn + (size_t)row * (size_t)g->width, row, g->width, out);
    fputs("</svg>\n", out);
}
