/* console_text.h - the bytes a command writes, as lines that can be shown.
 *
 * A line ends at its newline, a carriage return right before it is dropped. Tabs become spaces; everything else that is
 * no text becomes visible instead of being obeyed (app/columns.h): control characters as \x1b, bytes that are no UTF-8
 * as U+FFFD. A line longer than CONSOLE_LINE_MOST bytes is cut and says how much of it is missing, so that a flood
 * without a newline needs no memory.
 *
 *     console_text_feed(&t, bytes, n, add, self);     add(self, "one line")  for each that is complete
 *     console_text_end(&t, add, self);                what is left without a newline
 *
 * A console_text begins as { 0 } and owns nothing. [one thread at a time]
 */
#ifndef KVANT_APP_SCREEN_CONSOLE_TEXT_H
#define KVANT_APP_SCREEN_CONSOLE_TEXT_H

#include <stddef.h>

enum { CONSOLE_LINE_MOST = 2000 };

typedef struct console_text {
    size_t n, cut; /* bytes kept, bytes left out */
    char bytes[CONSOLE_LINE_MOST];
} console_text;

typedef void (*console_text_add)(void *self, const char *line);

void console_text_feed(console_text *t, const char *bytes, size_t n, console_text_add add, void *self);
void console_text_end(console_text *t, console_text_add add, void *self);

#endif
