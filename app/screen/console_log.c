#include "app/screen/console_log.h"

#include <stdlib.h>
#include <string.h>

bool console_log_open(console_log *l, fault *f)
{
    *l = (console_log){ .lines = calloc(CONSOLE_LOG_MOST, sizeof *l->lines) };
    return l->lines || fault_memory(f, "the log");
}

static char **text_at(const console_log *l, size_t i)
{
    return (char **)&l->lines[(l->first + i) % CONSOLE_LOG_MOST].text;
}

void console_log_close(console_log *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(*text_at(l, i));
    free(l->lines);
    *l = (console_log){ 0 };
}

static void drop_oldest(console_log *l)
{
    free(*text_at(l, 0));
    l->first = (l->first + 1) % CONSOLE_LOG_MOST;
    l->n--;
    l->dropped++;
}

void console_log_add(console_log *l, console_kind kind, int number, const char *text)
{
    char *copy = strdup(text);
    if (!copy) {
        l->dropped++;
        return;
    }
    if (l->n == CONSOLE_LOG_MOST) drop_oldest(l);
    const console_line *above = l->n ? console_log_at(l, l->n - 1) : NULL;
    const bool apart = above && above->command != number && kind != LOG_COMMAND;
    l->lines[(l->first + l->n++) % CONSOLE_LOG_MOST] =
        (console_line){ .kind = kind, .apart = apart, .command = number, .text = copy };
}

const console_line *console_log_at(const console_log *l, size_t i)
{
    return i < l->n ? &l->lines[(l->first + i) % CONSOLE_LOG_MOST] : NULL;
}
