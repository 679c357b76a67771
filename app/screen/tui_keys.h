/* tui_keys.h - what tui_curses.c asks of tui_keys.c: the terminal's keys and mouse are to be decoded, or not. */
#ifndef KVANT_APP_SCREEN_TUI_KEYS_H
#define KVANT_APP_SCREEN_TUI_KEYS_H

#include <stdbool.h>

void keys_begin(void);
void keys_mouse(bool on);

#endif
