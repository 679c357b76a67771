/* columns.h - text as it lands on a terminal: how many columns it takes, and nothing in it that could do harm.
 *
 * Text from files and models is shown, not obeyed: control characters (escape sequences among them) become \n, \t,
 * \x1b; bytes that are no UTF-8 become U+FFFD. Without UTF-8, every character outside ASCII becomes '?'. Widths are
 * wcwidth's.
 *
 *     columns c;
 *     columns_enter(&c, true);                    also makes the decimal point a point
 *     columns_put(&c, stdout, "Größe", 6, 4, false);    "Grö…"
 *     columns_leave(&c);
 *
 * Between enter and leave the thread has a locale of its own. [one columns per thread]
 */
#ifndef KVANT_APP_COLUMNS_H
#define KVANT_APP_COLUMNS_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct columns {
    bool utf8;
    locale_t own, before;
} columns;

void columns_enter(columns *c, bool utf8);
void columns_leave(columns *c);

/* Decodes one character of the n > 0 bytes of s. Returns how many bytes it takes; *point is -1 for a byte that is no
 * UTF-8. */
size_t columns_decode(const char *s, size_t n, int32_t *point);

/* One character as it is shown: at most 7 bytes and a zero. */
typedef struct glyph {
    char bytes[8];
    size_t taken; /* bytes of the text it stands for */
    int width;    /* columns */
} glyph;

glyph columns_glyph(const columns *c, const char *s, size_t n);

/* Columns that the n bytes of s take. */
int columns_width(const columns *c, const char *s, size_t n);

/* Writes exactly `width` columns: the text, cut with an ellipsis when it is longer, padded on the right or the left. */
void columns_put(const columns *c, FILE *out, const char *s, size_t n, int width, bool right);

/* The text once, times times. */
void columns_repeat(FILE *out, const char *s, int times);

#endif
