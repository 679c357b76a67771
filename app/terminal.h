/* terminal.h - what the program is talking to: colour, character set, width, and the signals a person sends.
 *
 * Colour is used on a terminal unless NO_COLOR is set to anything or TERM is "dumb"; --color=always and --color=never
 * decide it outright. UTF-8 is what the locale says (LC_ALL, LC_CTYPE, LANG, the first that is set); otherwise, or with
 * --ascii, everything is drawn in ASCII. Only the terminal's own 16 colours are used and never a background, so that
 * they follow the person's theme.
 *
 *     terminal t = terminal_probe(STDOUT_FILENO, TERMINAL_COLOR_AUTO, false);
 *     printf("%sfailed%s\n", terminal_style(&t, STYLE_BAD), terminal_style(&t, STYLE_PLAIN));
 *
 * Ctrl-C and SIGTERM never end the program by themselves: they are noted, and whatever is at work polls
 * terminal_interrupted() and stops in good order.
 */
#ifndef KVANT_APP_TERMINAL_H
#define KVANT_APP_TERMINAL_H

#include <stdbool.h>

#include "base/fault.h"

typedef enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER } terminal_color;

typedef struct terminal {
    int fd;
    bool is_tty;
    bool moves; /* the cursor can be sent back to the line's start: a terminal that is not dumb */
    bool color;
    bool utf8;
} terminal;

typedef enum terminal_look {
    STYLE_PLAIN, /* back to normal */
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_ACCENT,
} terminal_look;

terminal terminal_probe(int fd, terminal_color color, bool ascii);

/* The escape sequence, or "" without colour. */
const char *terminal_style(const terminal *t, terminal_look look);

/* Columns: COLUMNS where it is set to something sensible, else what the terminal says now, else 80. Asked anew each
 * time, so that a resized window is noticed. */
int terminal_width(const terminal *t);

/* Notes SIGINT, SIGTERM and SIGHUP from now on, and ignores SIGPIPE so that a write to a closed pipe is an ordinary
 * error. To be called once, early. Children inherit the ignored SIGPIPE and should restore it. [main thread] */
bool terminal_watch_signals(fault *f);

/* Something asked to stop: Ctrl-C since the last terminal_resume, or a SIGTERM or SIGHUP ever. [any thread] */
bool terminal_interrupted(void);
/* SIGTERM or SIGHUP: the program itself should end. [any thread] */
bool terminal_ended(void);
/* Forgets Ctrl-C, before the next command begins. */
void terminal_resume(void);

/* Waits until fd can be read. false when a signal came, before or while waiting: look at terminal_interrupted(). */
bool terminal_wait(int fd);

#endif
