#include "app/screen/console_text.h"

#include <stdio.h>
#include <string.h>

#include "app/columns.h"

enum { TAB = 8 };

/* Bytes at the end that begin a character of UTF-8 whose rest was cut off. */
static size_t torn(const char *s, size_t n)
{
    size_t back = 0;
    while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == n) return 0;
    const unsigned char lead = (unsigned char)s[n - 1 - back];
    const size_t wants = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return wants > back + 1 ? back + 1 : 0;
}

static void trim(console_text *t)
{
    if (!t->cut && t->n && t->bytes[t->n - 1] == '\r') t->n--;
    if (!t->cut) return;
    const size_t half = torn(t->bytes, t->n);
    t->n -= half;
    t->cut += half;
}

/* A tab takes the most room: eight bytes for one. */
static void finish_line(console_text *t, console_text_add add, void *self)
{
    char shown[CONSOLE_LINE_MOST * (size_t)TAB + 64];
    const columns c = { .utf8 = true };
    size_t n = 0;
    int column = 0;
    trim(t);
    for (size_t i = 0; i < t->n;) {
        glyph g = columns_glyph(&c, t->bytes + i, t->n - i);
        const bool tab = t->bytes[i] == '\t';
        const size_t size = tab ? (size_t)(TAB - column % TAB) : strlen(g.bytes);
        memcpy(shown + n, tab ? "        " : g.bytes, size);
        n += size;
        column += tab ? (int)size : g.width;
        i += g.taken;
    }
    shown[n] = '\0';
    if (t->cut) snprintf(shown + n, sizeof shown - n, " ... and %zu bytes more", t->cut);
    t->n = t->cut = 0;
    add(self, shown);
}

void console_text_feed(console_text *t, const char *bytes, size_t n, console_text_add add, void *self)
{
    while (n) {
        const char *newline = memchr(bytes, '\n', n);
        const size_t all = newline ? (size_t)(newline - bytes) : n, room = sizeof t->bytes - t->n;
        const size_t kept = all < room ? all : room;
        memcpy(t->bytes + t->n, bytes, kept);
        t->n += kept;
        t->cut += all - kept;
        if (!newline) return;
        finish_line(t, add, self);
        bytes += all + 1;
        n -= all + 1;
    }
}

void console_text_end(console_text *t, console_text_add add, void *self)
{
    if (t->n || t->cut) finish_line(t, add, self);
}
