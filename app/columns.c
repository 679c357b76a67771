#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* wcwidth */
#endif
#include "app/columns.h"

#include <string.h>
#include <wchar.h>

void columns_enter(columns *c, bool utf8)
{
    *c = (columns){ .utf8 = utf8 };
    c->own = newlocale(LC_CTYPE_MASK | LC_NUMERIC_MASK, "C.UTF-8", (locale_t)0);
    if (!c->own) c->own = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c->own) c->before = uselocale(c->own);
}

void columns_leave(columns *c)
{
    if (!c->own) return;
    uselocale(c->before);
    freelocale(c->own);
    c->own = (locale_t)0;
}

size_t columns_decode(const char *s, size_t n, int32_t *point)
{
    static const struct {
        unsigned char mask, lead;
        int32_t least; /* shorter forms are not allowed */
    } forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
    const unsigned char *b = (const unsigned char *)s;
    *point = -1;
    for (size_t more = 0; more < 4; more++) {
        if ((b[0] & forms[more].mask) != forms[more].lead) continue;
        int32_t value = b[0] & (unsigned char)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if (i >= n || (b[i] & 0xc0) != 0x80) return 1;
            value = value << 6 | (b[i] & 0x3f);
        }
        if (value < forms[more].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 1;
        *point = value;
        return more + 1;
    }
    return 1;
}

static void show_control(int32_t point, glyph *g)
{
    if (point == '\n' || point == '\t' || point == '\r')
        snprintf(g->bytes, sizeof g->bytes, "\\%c", point == '\n' ? 'n' : point == '\t' ? 't' : 'r');
    else
        snprintf(g->bytes, sizeof g->bytes, "\\x%02x", (unsigned)point & 0xff);
    g->width = (int)strlen(g->bytes);
}

glyph columns_glyph(const columns *c, const char *s, size_t n)
{
    glyph g = { .width = 1 };
    int32_t point;
    g.taken = columns_decode(s, n, &point);
    if (point >= 0 && (point < 0x20 || (point >= 0x7f && point < 0xa0))) {
        show_control(point, &g);
    } else if (!c->utf8 && (point < 0 || point > 0x7e)) {
        strcpy(g.bytes, "?");
    } else if (point < 0 || (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) {
        strcpy(g.bytes, "\xef\xbf\xbd"); /* also for marks that turn the writing direction */
    } else {
        memcpy(g.bytes, s, g.taken);
        int width = point < 0x7f ? 1 : wcwidth((wchar_t)point);
        g.width = width < 0 ? 1 : width;
    }
    return g;
}

int columns_width(const columns *c, const char *s, size_t n)
{
    int width = 0;
    for (size_t i = 0; i < n;) {
        glyph g = columns_glyph(c, s + i, n - i);
        width += g.width;
        i += g.taken;
    }
    return width;
}

static void pad(FILE *out, int width)
{
    if (width > 0) fprintf(out, "%*s", width, "");
}

void columns_put(const columns *c, FILE *out, const char *s, size_t n, int width, bool right)
{
    int whole = columns_width(c, s, n), used = 0;
    bool cut = whole > width;
    if (!cut && right) pad(out, width - whole);
    int room = cut ? width - 1 : width;
    for (size_t i = 0; i < n;) {
        glyph g = columns_glyph(c, s + i, n - i);
        if (used + g.width > room) break;
        fputs(g.bytes, out);
        used += g.width;
        i += g.taken;
    }
    if (cut && width > 0) {
        fputs(c->utf8 ? "\xe2\x80\xa6" : "~", out);
        used++;
    }
    if (cut || !right) pad(out, width - used);
}

void columns_repeat(FILE *out, const char *s, int times)
{
    while (times-- > 0)
        fputs(s, out);
}
