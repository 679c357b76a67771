/* Keys as ncurses decodes them, as the keys of tui.h. */
#include "app/screen/tui_keys.h"

#include <string.h>

#include <curses.h>

#include "app/screen/tui.h"
#include "base/clock.h"

/* Codes of our own for sequences that terminals send but TERM's description may not know. */
enum {
    OWN = KEY_MAX + 1,
    OWN_WORD_LEFT = OWN,
    OWN_WORD_RIGHT,
    OWN_HOME,
    OWN_END,
    OWN_SHIFT_TAB,
    OWN_PASTE,
    OWN_PASTE_END
};

static const struct {
    const char *sequence;
    int code;
} sequences[] = {
    { "\033[1;5D", OWN_WORD_LEFT }, { "\033[1;5C", OWN_WORD_RIGHT }, { "\033[5D", OWN_WORD_LEFT },
    { "\033[5C", OWN_WORD_RIGHT },  { "\033Od", OWN_WORD_LEFT },     { "\033Oc", OWN_WORD_RIGHT },
    { "\033[H", OWN_HOME },         { "\033[F", OWN_END },           { "\033OH", OWN_HOME },
    { "\033OF", OWN_END },          { "\033[1~", OWN_HOME },         { "\033[4~", OWN_END },
    { "\033[Z", OWN_SHIFT_TAB },    { "\033[200~", OWN_PASTE },      { "\033[201~", OWN_PASTE_END },
};

static const struct {
    int code, key;
} codes[] = {
    { KEY_UP, TUI_UP },
    { KEY_DOWN, TUI_DOWN },
    { KEY_LEFT, TUI_LEFT },
    { KEY_RIGHT, TUI_RIGHT },
    { KEY_PPAGE, TUI_PAGE_UP },
    { KEY_NPAGE, TUI_PAGE_DOWN },
    { KEY_HOME, TUI_HOME },
    { KEY_END, TUI_END },
    { KEY_IC, TUI_INSERT },
    { KEY_DC, TUI_DELETE },
    { KEY_BACKSPACE, TUI_BACKSPACE },
    { 127, TUI_BACKSPACE },
    { KEY_BTAB, TUI_SHIFT_TAB },
    { KEY_ENTER, '\r' },
    { OWN_WORD_LEFT, TUI_WORD_LEFT },
    { OWN_WORD_RIGHT, TUI_WORD_RIGHT },
    { OWN_HOME, TUI_HOME },
    { OWN_END, TUI_END },
    { OWN_SHIFT_TAB, TUI_SHIFT_TAB },
    { OWN_PASTE, TUI_PASTE },
    { OWN_PASTE_END, TUI_PASTE_END },
};

void keys_begin(void)
{
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    meta(stdscr, TRUE);
    /* How long an Escape may be the beginning of a key: nobody should notice it. */
    set_escdelay(15);
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        define_key(sequences[i].sequence, sequences[i].code);
}

/* ncurses makes a click of a press and a release that it reads together, however long a click may take. */
#define PRESSED (BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON1_TRIPLE_CLICKED)

void keys_mouse(bool on)
{
    mouseinterval(0);
    mousemask(on ? PRESSED | BUTTON1_RELEASED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

/* A second press at the same place soon after the first. */
static bool is_second(const tui_mouse *m)
{
    static struct {
        double when;
        int row, column;
    } last;
    const double now = clock_seconds();
    const bool second = now - last.when < 0.4 && m->row == last.row && m->column == last.column;
    last.when = second ? 0 : now;
    last.row = m->row;
    last.column = m->column;
    return second;
}

static int take_mouse(tui_mouse *mouse)
{
    MEVENT e;
    if (getmouse(&e) == ERR) return TUI_NONE;
    *mouse = (tui_mouse){ .row = e.y, .column = e.x };
    mouse->pressed = e.bstate & PRESSED;
    mouse->wheel_up = e.bstate & BUTTON4_PRESSED;
    mouse->wheel_down = e.bstate & BUTTON5_PRESSED;
    mouse->doubled = mouse->pressed && (is_second(mouse) || (e.bstate & BUTTON1_DOUBLE_CLICKED));
    return TUI_MOUSE;
}

/* A control sequence that nobody knows is read to its end, so that it is not taken for what was typed. */
static int skip_sequence(void)
{
    int c = getch();
    for (int i = 0; i < 32 && c >= 0x20 && c < 0x40; i++)
        c = getch();
    return TUI_NONE;
}

static int after_escape(void)
{
    const int c = getch();
    if (c == ERR || c == 27 || c >= KEY_MIN) {
        if (c != ERR) ungetch(c);
        return TUI_ESCAPE;
    }
    if (c == '[' || c == 'O') return skip_sequence();
    return TUI_ALT + c;
}

int tui_read_key(tui *t, tui_mouse *mouse)
{
    (void)t;
    for (;;) {
        const int c = getch();
        if (c == ERR) return TUI_NONE;
        int key = c == 27 ? after_escape() : c == KEY_MOUSE ? take_mouse(mouse) : TUI_NONE;
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
            if (codes[i].code == c) key = codes[i].key;
        if (c >= KEY_F(1) && c <= KEY_F(12)) key = TUI_F1 + (c - KEY_F(1));
        if (key == TUI_NONE && c < 256 && c != 27) key = c;
        if (key != TUI_NONE) return key;
    }
}
