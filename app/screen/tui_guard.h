/* tui_guard.h - gives the terminal back when the program dies, and notes the signals that concern a screen.
 *
 * A handler can only use what was prepared: the sequences that leave the screen, as bytes, and the terminal's modes. A
 * child between fork and exec has the handlers too, but does not touch the terminal.
 *
 * Signal handlers have no argument to carry state in: one guard per process. [main thread]
 */
#ifndef KVANT_APP_SCREEN_TUI_GUARD_H
#define KVANT_APP_SCREEN_TUI_GUARD_H

#include <stddef.h>
#include <termios.h>

#include "app/screen/tui.h"

/* bytes: n of them, written to fd before the modes are set; they are copied. atexit is covered as well. */
void guard_begin(int fd, const char *bytes, size_t n, const struct termios *modes);
void guard_end(void); /* handlers are as before */

/* Forgets that the screen is up, or says so: for the time of a suspension. */
void guard_pause(bool paused);

tui_wishes guard_take(void);

#endif
