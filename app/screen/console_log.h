/* console_log.h - the last lines of what was said: a ring that drops the oldest and counts them.
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_SCREEN_CONSOLE_LOG_H
#define KVANT_APP_SCREEN_CONSOLE_LOG_H

#include "app/screen/console.h"

enum { CONSOLE_LOG_MOST = 20000 };

typedef struct console_log {
    console_line *lines; /* CONSOLE_LOG_MOST of them */
    size_t first, n, dropped;
} console_log;

bool console_log_open(console_log *l, fault *f);
void console_log_close(console_log *l);

/* Keeps a copy of text. Without memory the line counts as dropped. */
void console_log_add(console_log *l, console_kind kind, int number, const char *text);
const console_line *console_log_at(const console_log *l, size_t i); /* NULL past the end */

#endif
