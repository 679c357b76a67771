#include "app/screen/details_suite.h"

#include "app/suite_show.h"

static void put(void *self, int column, terminal_look look, const char *text, int width)
{
    static const tui_look looks[] = {
        [STYLE_PLAIN] = LOOK_PLAIN, [STYLE_BOLD] = LOOK_BOLD, [STYLE_DIM] = LOOK_DIM,       [STYLE_GOOD] = LOOK_GOOD,
        [STYLE_WARN] = LOOK_WARN,   [STYLE_BAD] = LOOK_BAD,   [STYLE_ACCENT] = LOOK_ACCENT,
    };
    const pen *p = self;
    (void)width;
    tui_put(p->tui, p->area, p->line, column, looks[look], text);
}

static void end(void *self)
{
    pen *p = self;
    p->line++;
}

static void draw(pen *p, const board_details *d, void (*what)(suite_sheet *, const store_run *, const suite_items *))
{
    suite_sheet sheet;
    suite_sheet_open(&sheet, p->area.width, p->tui->terminal.utf8, put, end, p);
    what(&sheet, d->run, &d->items);
    suite_sheet_close(&sheet);
}

void details_suite(pen *p, const board_details *d)
{
    draw(p, d, suite_draw);
}

void details_suite_rest(pen *p, const board_details *d)
{
    draw(p, d, suite_draw_rest);
}
