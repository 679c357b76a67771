#include "app/suite_sheet.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { NARROWEST = 20 };

void suite_sheet_open(suite_sheet *s, int width, bool utf8, sheet_put_text put, void (*end)(void *self), void *self)
{
    *s = (suite_sheet){
        .width = width < NARROWEST ? NARROWEST : width, .utf8 = utf8, .put = put, .end = end, .self = self
    };
    columns_enter(&s->letters, utf8);
}

void suite_sheet_close(suite_sheet *s)
{
    columns_leave(&s->letters);
}

/* The bytes of the text that fit into `most` columns, as they are shown, in parts; returns how many bytes were taken.
 */
static size_t put_part(suite_sheet *s, terminal_look look, const char *text, size_t n, int most)
{
    char part[256];
    size_t used = 0, i = 0;
    int width = 0, total = 0;
    while (i < n) {
        const glyph g = columns_glyph(&s->letters, text + i, n - i);
        if (total + g.width > most) break;
        const size_t length = strlen(g.bytes);
        if (used + length >= sizeof part) {
            part[used] = '\0';
            s->put(s->self, s->column, look, part, width);
            s->column += width;
            used = 0;
            width = 0;
        }
        memcpy(part + used, g.bytes, length);
        used += length;
        width += g.width;
        total += g.width;
        i += g.taken;
    }
    part[used] = '\0';
    if (used) s->put(s->self, s->column, look, part, width);
    s->column += width;
    return i;
}

void sheet_put(suite_sheet *s, terminal_look look, const char *text)
{
    put_part(s, look, text, strlen(text), s->width - s->column);
}

void sheet_print(suite_sheet *s, terminal_look look, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sheet_put(s, look, text);
}

void sheet_right(suite_sheet *s, int column, terminal_look look, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const int from = column - columns_width(&s->letters, text, strlen(text));
    if (from > s->column) s->column = from;
    sheet_put(s, look, text);
}

void sheet_fit(suite_sheet *s, terminal_look look, const char *text, int most)
{
    const size_t n = strlen(text);
    const int room = s->width - s->column;
    if (most > room) most = room;
    if (columns_width(&s->letters, text, n) <= most) {
        put_part(s, look, text, n, most);
        return;
    }
    const char *ellipsis = s->utf8 ? "…" : "...";
    const int dots = s->utf8 ? 1 : 3;
    if (most < dots) return;
    put_part(s, look, text, n, most - dots);
    put_part(s, look, ellipsis, strlen(ellipsis), dots);
}

void sheet_to(suite_sheet *s, int column)
{
    if (column > s->column)
        s->column = column;
    else if (s->column > 0)
        s->column++;
}

void sheet_end(suite_sheet *s)
{
    s->end(s->self);
    s->column = 0;
}

/* How many bytes of the text a line of `width` columns takes; *next is where the next begins. */
static size_t line_of(const suite_sheet *s, const char *text, size_t n, int width, size_t *next)
{
    size_t blank = 0, i = 0;
    for (int at = 0; i < n;) {
        const glyph g = columns_glyph(&s->letters, text + i, n - i);
        if (at + g.width > width) break;
        at += g.width;
        if (text[i] == ' ') blank = i;
        i += g.taken;
    }
    if (i == n || (i > 0 && text[i] == ' ')) {
        *next = i + (i < n);
        return i;
    }
    *next = blank ? blank + 1 : i;
    return blank ? blank : i;
}

void sheet_wrap(suite_sheet *s, int column, terminal_look look, const char *text)
{
    size_t n = strlen(text);
    const int least = 8;
    if (s->width - column < least) column = s->width > least ? s->width - least : 0;
    do {
        size_t next = 0;
        if (s->column < column) s->column = column;
        const size_t length = line_of(s, text, n, s->width - s->column, &next);
        if (next == 0 && n > 0) next = n; /* not even one character fits */
        put_part(s, look, text, length, s->width - s->column);
        sheet_end(s);
        text += next;
        n -= next;
    } while (n > 0);
}

void sheet_wrap_print(suite_sheet *s, int column, terminal_look look, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sheet_wrap(s, column, look, text);
}

const char *sheet_step(const suite_sheet *s, int level)
{
    static const char *const steps[2][SHEET_STEPS + 1] = { { "_", ".", ":", "-", "=", "+", "*", "%", "@" },
                                                           { "·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" } };
    return steps[s->utf8][level < 0 ? 0 : level > SHEET_STEPS ? SHEET_STEPS : level];
}

int sheet_level(double value, double lo, double hi)
{
    if (!(value > 0)) return 0;
    if (!(lo > 0) || !(hi > lo) || isinf(hi) || value >= hi) return SHEET_STEPS;
    if (value <= lo) return 1;
    return 1 + (int)((log10(value) - log10(lo)) / (log10(hi) - log10(lo)) * (SHEET_STEPS - 1) + 0.5);
}

const char *sheet_sign(const suite_sheet *s, const char *utf8, const char *ascii)
{
    return s->utf8 ? utf8 : ascii;
}
