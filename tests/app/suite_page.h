/* suite_page.h - what is drawn of a suite, and how it looks, a letter for each byte. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_APP_SUITE_PAGE_H
#define KVANT_TESTS_APP_SUITE_PAGE_H

#include <string.h>

#include "app/suite_show.h"
#include "tests/app/suite_samples.h"

typedef struct page {
    char text[65536], looks[65536];
    size_t n;
    int column, widest;
} page;

static inline void page_add(page *p, const char *text, char look)
{
    for (; *text; text++) {
        assert_true(p->n + 1 < sizeof p->text);
        p->text[p->n] = *text;
        p->looks[p->n++] = look;
    }
    p->text[p->n] = p->looks[p->n] = '\0';
}

static inline void put(void *self, int column, terminal_look look, const char *text, int width)
{
    page *p = self;
    assert_true(column >= p->column); /* nothing is written over */
    while (p->column < column) {
        page_add(p, " ", '.');
        p->column++;
    }
    page_add(p, text, ".BDGWRA"[look]);
    p->column += width;
    if (p->column > p->widest) p->widest = p->column;
}

static inline void end(void *self)
{
    page *p = self;
    page_add(p, "\n", '\n');
    p->column = 0;
}

static page seen; /* of the last drawing: too large for the stack of a test */

static inline const char *draw(const char *suite, const store_item *items, size_t n, int width, bool utf8, bool rest)
{
    suite_sheet sheet;
    store_run run = sample_run("turbo2");
    suite_items all = { (store_item *)items, n };
    sample_suite(&run, suite, items, n);
    seen = (page){ 0 };
    suite_sheet_open(&sheet, width, utf8, put, end, &seen);
    suite_draw(&sheet, &run, &all);
    if (rest) suite_draw_rest(&sheet, &run, &all);
    suite_sheet_close(&sheet);
    assert_int_equal(seen.column, 0); /* the last line is ended */
    return seen.text;
}

static inline void has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void lacks(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("\"%s\" in:\n%s", part, text);
}

#endif
