/* The terminal: taken, drawn on and given back, over ncursesw. */
#include "app/screen/tui.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "app/screen/tui_grid.h"
#include "app/screen/tui_guard.h"
#include "app/screen/tui_keys.h"

#include <curses.h>
#include <term.h> /* the last: its macros have names like columns */

/* ncurses keeps the screen it is at work on in globals; this is the one we gave it. */
static SCREEN *taken;

/* ---- looks ---- */

/* Colours are the terminal's own; the pair of colour c is c + 1. */
static const struct {
    short color; /* -1: the terminal's */
    attr_t colored, plain;
} looks[LOOK_END] = {
    [LOOK_PLAIN] = { -1, A_NORMAL, A_NORMAL },
    [LOOK_BOLD] = { -1, A_BOLD, A_BOLD },
    [LOOK_DIM] = { -1, A_DIM, A_DIM },
    [LOOK_GOOD] = { COLOR_GREEN, A_NORMAL, A_NORMAL },
    [LOOK_WARN] = { COLOR_YELLOW, A_NORMAL, A_UNDERLINE },
    [LOOK_BAD] = { COLOR_RED, A_NORMAL, A_BOLD },
    [LOOK_ACCENT] = { COLOR_CYAN, A_BOLD, A_BOLD },
    [LOOK_CHOSEN] = { -1, A_REVERSE, A_REVERSE },
    [LOOK_MARKED] = { -1, A_UNDERLINE, A_UNDERLINE },
    [LOOK_FAMILY] = { COLOR_BLUE, A_NORMAL, A_NORMAL },
    [LOOK_FAMILY + 1] = { COLOR_GREEN, A_NORMAL, A_NORMAL },
    [LOOK_FAMILY + 2] = { COLOR_MAGENTA, A_NORMAL, A_NORMAL },
    [LOOK_FAMILY + 3] = { COLOR_CYAN, A_NORMAL, A_NORMAL },
    [LOOK_FAMILY + 4] = { COLOR_YELLOW, A_NORMAL, A_NORMAL },
    [LOOK_FAMILY + 5] = { COLOR_RED, A_NORMAL, A_NORMAL },
};

static bool begin_colors(void)
{
    if (!has_colors() || start_color() == ERR || use_default_colors() == ERR) return false;
    for (short c = COLOR_BLACK; c <= COLOR_WHITE; c++)
        if (init_pair((short)(c + 1), c, -1) == ERR) return false;
    return true;
}

/* ---- opening and closing ---- */

static bool can_do(int fd, fault *f)
{
    const char *term = getenv("TERM");
    int why = 0;
    if (!term || !*term) return fault_set(f, FAULT_INPUT, "TERM is not set");
    if (setupterm(NULL, fd, &why) == ERR) {
        const char *reason = why == 1   ? "it is a hard copy terminal"
                             : why == 0 ? "no such terminal is described, or too little is said of it"
                                        : "there is no database of terminals";
        return fault_set(f, FAULT_INPUT, "TERM=%s: %s", term, reason);
    }
    const bool moves = cursor_address != NULL && clear_screen != NULL;
    del_curterm(cur_term);
    return moves || fault_set(f, FAULT_INPUT, "TERM=%s: this terminal cannot place its cursor", term);
}

/* A capability's bytes, without the padding ("$<5>") that only tputs understands. */
static size_t add_capability(char *to, size_t n, size_t room, const char *text)
{
    if (!text || text == (char *)-1) return n;
    for (const char *c = text; *c && n < room; c++) {
        const char *end = c[0] == '$' && c[1] == '<' ? strchr(c, '>') : NULL;
        if (end)
            c = end;
        else
            to[n++] = *c;
    }
    return n;
}

/* "Bracketed paste": the terminal marks what was pasted. ncurses has no function for it. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

static void send_bytes(const tui *t, const char *bytes)
{
    for (size_t left = strlen(bytes); left > 0;) {
        const ssize_t n = write(t->terminal.fd, bytes, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        bytes += n;
        left -= (size_t)n;
    }
}

static void begin_guard(int fd, const struct termios *modes)
{
    static const char no_mouse[] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l";
    char bytes[512];
    size_t n = add_capability(bytes, 0, sizeof bytes, PASTE_OFF);
    n = add_capability(bytes, n, sizeof bytes, key_mouse ? no_mouse : NULL);
    const char *const last[] = { exit_attribute_mode, orig_pair, cursor_normal, keypad_local, exit_ca_mode, "\r" };
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        n = add_capability(bytes, n, sizeof bytes, last[i]);
    guard_begin(fd, bytes, n, modes);
}

/* The terminal's size now; at least 1 x 1. */
static void measure(const tui *t, int *height, int *width)
{
    struct winsize size = { 0 };
    if (ioctl(t->terminal.fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        size.ws_row = (unsigned short)LINES;
        size.ws_col = (unsigned short)COLS;
    }
    *height = size.ws_row > 0 ? size.ws_row : 24;
    *width = size.ws_col > 0 ? size.ws_col : 80;
}

/* A locale that is named but not installed leaves the C library without UTF-8. */
static bool has_utf8(const terminal *out)
{
    return out->utf8 && (MB_CUR_MAX > 1 || setlocale(LC_CTYPE, "C.UTF-8"));
}

bool tui_open(tui *t, const terminal *out, bool mouse, fault *f)
{
    *t = (tui){ .terminal = *out };
    struct termios modes;
    if (!can_do(out->fd, f)) return false;
    if (tcgetattr(out->fd, &modes) != 0) return fault_set(f, FAULT_INPUT, "the terminal does not tell its modes");
    t->terminal.utf8 = has_utf8(out);
    taken = newterm(NULL, stdout, stdin);
    if (!taken) return fault_set(f, FAULT_INPUT, "TERM=%s: ncurses cannot use this terminal", getenv("TERM"));
    begin_guard(out->fd, &modes);
    raw();
    noecho();
    nonl();
    t->terminal.color = out->color && begin_colors();
    measure(t, &t->height, &t->width);
    t->grid = tui_grid_create(t->terminal.utf8, t->height, t->width, f);
    if (!t->grid) {
        tui_close(t);
        return false;
    }
    keys_begin();
    tui_set_mouse(t, mouse);
    send_bytes(t, PASTE_ON);
    tui_resize(t);
    return true;
}

void tui_close(tui *t)
{
    if (taken) {
        keys_mouse(false);
        send_bytes(t, PASTE_OFF);
        curs_set(1);
        endwin();
        guard_end();
        delscreen(taken);
        taken = NULL;
    }
    tui_grid_free(t->grid);
    t->grid = NULL;
}

void tui_set_style(tui *t, const terminal *out)
{
    t->terminal.utf8 = has_utf8(out);
    t->terminal.color = out->color && begin_colors();
    tui_grid_letters(t->grid, t->terminal.utf8);
    tui_redraw(t);
}

void tui_set_mouse(tui *t, bool on)
{
    t->mouse = on;
    keys_mouse(on);
}

void tui_resize(tui *t)
{
    measure(t, &t->height, &t->width);
    resizeterm(t->height, t->width);
    tui_grid_resize(t->grid, t->height, t->width);
}

void tui_redraw(tui *t)
{
    t->grid->known = false;
    clearok(curscr, TRUE);
}

tui_wishes tui_take_wishes(tui *t)
{
    const tui_wishes w = guard_take();
    /* A shell may have used the terminal in between. */
    if (w.redraw && taken) {
        endwin();
        tui_redraw(t);
        send_bytes(t, PASTE_ON);
    }
    return w;
}

void tui_suspend(tui *t)
{
    send_bytes(t, PASTE_OFF);
    curs_set(1);
    endwin();
    guard_pause(true);
    struct sigaction standard = { .sa_handler = SIG_DFL }, before;
    sigemptyset(&standard.sa_mask);
    sigaction(SIGTSTP, &standard, &before);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
    guard_pause(false);
    send_bytes(t, PASTE_ON);
    tui_resize(t);
    tui_redraw(t);
}

void tui_copy(tui *t, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    FILE *out = fdopen(dup(t->terminal.fd), "w");
    if (!out) return;
    fputs("\033]52;c;", out);
    const unsigned char *b = (const unsigned char *)text;
    for (size_t left = strlen(text); left > 0; left -= left < 3 ? left : 3, b += 3) {
        const unsigned long three = (unsigned long)b[0] << 16 | (left > 1 ? (unsigned long)b[1] << 8 : 0) |
                                    (left > 2 ? (unsigned long)b[2] : 0);
        for (size_t i = 0; i < 4; i++)
            fputc(i <= left ? digits[three >> (18 - 6 * i) & 63] : '=', out);
    }
    fputs("\a", out);
    fclose(out);
}

/* ---- drawing ---- */

static bool same(const tui_cell *a, const tui_cell *b)
{
    return a->look == b->look && a->width == b->width && strcmp(a->text, b->text) == 0;
}

static void send_cell(const tui *t, int y, int x, const tui_cell *c)
{
    wchar_t letters[CCHARW_MAX + 1];
    size_t n = 0;
    const size_t bytes = strlen(c->text);
    for (size_t i = 0; i < bytes && n < CCHARW_MAX; n++) {
        int32_t point;
        i += columns_decode(c->text + i, bytes - i, &point);
        letters[n] = point < 0 ? L'?' : (wchar_t)point;
    }
    letters[n] = L'\0';
    const short color = t->terminal.color ? looks[c->look].color : -1;
    const attr_t attributes = t->terminal.color ? looks[c->look].colored : looks[c->look].plain;
    cchar_t cell;
    setcchar(&cell, letters, attributes, (short)(color + 1), NULL);
    mvadd_wchnstr(y, x, &cell, 1);
}

static void send_line(const tui *t, int y)
{
    struct tui_grid *g = t->grid;
    const tui_cell *drawn = g->drawn + (size_t)y * (size_t)g->width;
    tui_cell *shown = g->shown + (size_t)y * (size_t)g->width;
    for (int x = 0; x < g->width; x++) {
        if (g->known && same(&drawn[x], &shown[x])) continue;
        if (drawn[x].width > 0) send_cell(t, y, x, &drawn[x]);
        shown[x] = drawn[x];
    }
}

void tui_show(tui *t)
{
    struct tui_grid *g = t->grid;
    for (int y = 0; y < g->height && y < LINES; y++)
        send_line(t, y);
    g->known = true;
    curs_set(g->cursor_row >= 0 ? 1 : 0);
    move(g->cursor_row >= 0 ? g->cursor_row : 0, g->cursor_row >= 0 ? g->cursor_column : 0);
    refresh();
}
