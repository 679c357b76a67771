#include "app/screen/line_keys.h"

#include <stdio.h>
#include <string.h>

#include <readline/readline.h>

#include "app/screen/tui.h"

static const struct {
    int key;
    const char *bytes;
    rl_command_func_t *usual;
} keys[] = {
    { TUI_UP, "\033[A", rl_get_previous_history },
    { TUI_DOWN, "\033[B", rl_get_next_history },
    { TUI_RIGHT, "\033[C", rl_forward_char },
    { TUI_LEFT, "\033[D", rl_backward_char },
    { TUI_HOME, "\033[H", rl_beg_of_line },
    { TUI_END, "\033[F", rl_end_of_line },
    { TUI_INSERT, "\033[2~", rl_overwrite_mode },
    { TUI_DELETE, "\033[3~", rl_delete },
    { TUI_PAGE_UP, "\033[5~", rl_history_search_backward },
    { TUI_PAGE_DOWN, "\033[6~", rl_history_search_forward },
    { TUI_WORD_LEFT, "\033[1;5D", rl_backward_word },
    { TUI_WORD_RIGHT, "\033[1;5C", rl_forward_word },
    { TUI_SHIFT_TAB, "\033[Z", rl_backward_menu_complete },
    { TUI_BACKSPACE, "\177", rl_rubout },
    { '\n', "\r", rl_newline },
};

enum { N_KEYS = sizeof keys / sizeof *keys };

size_t line_key_bytes(int key, char bytes[LINE_KEY_BYTES])
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].key == key) return (size_t)snprintf(bytes, LINE_KEY_BYTES, "%s", keys[i].bytes);
    if (key > TUI_ALT && key < TUI_ALT + 0x100) {
        bytes[0] = '\033';
        bytes[1] = (char)(key - TUI_ALT);
        return 2;
    }
    if (key < 0 || key > 0xff) return 0;
    bytes[0] = (char)key;
    return 1;
}

void line_key_bind(void)
{
    for (size_t i = 0; i < N_KEYS; i++)
        rl_bind_keyseq_if_unbound(keys[i].bytes, keys[i].usual);
}
