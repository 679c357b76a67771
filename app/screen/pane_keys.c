/* The keys that panes have of their own. */
#include <stdio.h>
#include <string.h>

#include "app/screen/pane.h"

bool pane_press(pane *p, view *v, int key)
{
    for (const pane_key *row = p->type->keys; row && row->keys[0]; row++)
        for (int i = 0; i < PANE_KEY_ALIASES && row->keys[i]; i++)
            if (row->keys[i] == key) {
                row->act(p, v, row->a, row->b);
                return true;
            }
    return false;
}

static void name_of(int key, char text[16])
{
    static const struct {
        int key;
        const char *name;
    } names[] = { { TUI_PAGE_UP, "PgUp" }, { TUI_PAGE_DOWN, "PgDn" } };
    snprintf(text, 16, "%c", key > ' ' && key < 0x7f ? key : '?');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].key == key) strcpy(text, names[i].name);
}

const pane_key *pane_key_names(const pane_key *first, const char *between, char *text, size_t capacity)
{
    const pane_key *row = first;
    size_t n = 0;
    text[0] = '\0';
    do {
        char name[16];
        name_of(row->keys[0], name);
        if (n < capacity) n += (size_t)snprintf(text + n, capacity - n, "%s%s", n ? between : "", name);
        row++;
    } while (row->keys[0] && !row->help);
    return row;
}
