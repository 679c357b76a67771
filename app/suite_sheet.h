/* suite_sheet.h - lines of text in columns, for stdout and for the screen alike.
 *
 *     suite_sheet s;
 *     suite_sheet_open(&s, 80, utf8, put, end, self);
 *     sheet_put(&s, STYLE_BOLD, "single");
 *     sheet_to(&s, 10);                        what follows stands at column 10, or a blank further on
 *     sheet_print(&s, STYLE_BAD, "%d/%d", found, asked);
 *     sheet_end(&s);
 *     suite_sheet_close(&s);
 *
 * What is put is cut at the width. Texts may be anyone's: control characters are made visible, and without UTF-8
 * everything outside ASCII is '?' (app/columns.h). Between open and close the thread has columns' locale.
 */
#ifndef KVANT_APP_SUITE_SHEET_H
#define KVANT_APP_SUITE_SHEET_H

#include "app/columns.h"
#include "app/terminal.h"

/* Text for one place of the line at work: harmless, and `width` columns wide. */
typedef void (*sheet_put_text)(void *self, int column, terminal_look look, const char *text, int width);

typedef struct suite_sheet {
    int width;
    bool utf8;
    sheet_put_text put;
    void (*end)(void *self); /* of the line */
    void *self;
    int column; /* where the line goes on */
    columns letters;
} suite_sheet;

/* A width below 20 counts as 20. */
void suite_sheet_open(suite_sheet *s, int width, bool utf8, sheet_put_text put, void (*end)(void *self), void *self);
void suite_sheet_close(suite_sheet *s);

void sheet_put(suite_sheet *s, terminal_look look, const char *text);
void sheet_print(suite_sheet *s, terminal_look look, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* At most `most` columns of the text: what does not fit is replaced by an ellipsis. */
void sheet_fit(suite_sheet *s, terminal_look look, const char *text, int most);

/* The same text ending at a column. */
void sheet_right(suite_sheet *s, int column, terminal_look look, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void sheet_to(suite_sheet *s, int column);
void sheet_end(suite_sheet *s);

/* Text from the column on, on as many lines as it needs, broken at blanks where possible; ends the last. */
void sheet_wrap(suite_sheet *s, int column, terminal_look look, const char *text);
void sheet_wrap_print(suite_sheet *s, int column, terminal_look look, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One of nine heights, 0 (nothing) ... 8. */
const char *sheet_step(const suite_sheet *s, int level);
enum { SHEET_STEPS = 8 };

/* Where a value stands among lo ... hi by its logarithm: 1 ... 8; 0 for what is not above 0. */
int sheet_level(double value, double lo, double hi);

/* One sign where the terminal has it. */
const char *sheet_sign(const suite_sheet *s, const char *utf8, const char *ascii);

#endif
