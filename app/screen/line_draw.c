/* The command line on the screen: the text, scrolled so that the cursor is seen; below it the hint; below that what Tab
 * has listed. */
#include <stdio.h>
#include <string.h>

#include <readline/readline.h>

#include "app/columns.h"
#include "app/screen/line_own.h"

enum { LIST_MOST = 6 /* lines */ };

static int width_of(const tui *t, const char *text, size_t n)
{
    columns c;
    columns_enter(&c, t->terminal.utf8);
    const int width = columns_width(&c, text, n);
    columns_leave(&c);
    return width;
}

/* The first byte at or behind a column. *over: by how many columns it is behind. */
static size_t byte_at(const tui *t, const char *text, int column, int *over)
{
    columns c;
    size_t i = 0, n = strlen(text);
    int at = 0;
    columns_enter(&c, t->terminal.utf8);
    while (i < n && at < column) {
        const glyph g = columns_glyph(&c, text + i, n - i);
        at += g.width;
        i += g.taken;
    }
    columns_leave(&c);
    *over = at > column ? at - column : 0;
    return i;
}

/* Keeps the cursor in the window of `room` columns, with some of what is before it. */
static void scroll(line_editor *e, int cursor, int room)
{
    const int margin = room > 16 ? 8 : 1;
    if (cursor - e->left < (e->left ? 1 : 0)) e->left = cursor > margin ? cursor - margin : 0;
    if (cursor - e->left >= room) e->left = cursor - room + 1 + (room > 16 ? margin : 0);
}

static void draw_wrong_word(const line_editor *e, tui *t, rect text)
{
    char word[256];
    const char *begins = rl_line_buffer + e->hint.place;
    const int at = width_of(t, rl_line_buffer, e->hint.place) - e->left;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(begins, " \t"), begins);
    if (at >= 0) tui_put(t, text, 0, at, LOOK_BAD, word);
}

/* Returns the column where the text begins. */
static int draw_text(line_editor *e, tui *t, rect r, bool focused)
{
    const char *prompt = rl_display_prompt ? rl_display_prompt : "> ";
    int begin = tui_put(t, r, 0, 0, focused ? LOOK_ACCENT : LOOK_DIM, prompt), over;
    if (begin > r.width / 2) begin = r.width / 2;
    const int room = r.width - begin;
    if (room < 1) return begin;
    const int cursor = width_of(t, rl_line_buffer, (size_t)rl_point);
    scroll(e, cursor, room);
    const size_t from = byte_at(t, rl_line_buffer, e->left, &over);
    const rect text = { r.row, r.column + begin, 1, room };
    tui_clear(t, text);
    tui_put(t, text, 0, over, LOOK_PLAIN, rl_line_buffer + from);
    if (e->hint.wrong && e->hint.has_place && e->hint.place <= strlen(rl_line_buffer)) draw_wrong_word(e, t, text);
    if (e->left) tui_put(t, text, 0, 0, LOOK_DIM, "<");
    if (focused) tui_cursor(t, r.row, r.column + begin + cursor - e->left);
    return begin;
}

/* A mistake with a ^ under its place: the sentence behind it, or before it when that is where there is room. */
static void draw_mistake(const line_editor *e, tui *t, rect r, int begin)
{
    const line_hint *h = &e->hint;
    int at = begin + width_of(t, rl_line_buffer, h->place) - e->left;
    const int width = width_of(t, h->text, strlen(h->text));
    if (!h->has_place || at < begin || at >= r.width) {
        tui_put(t, r, 1, 0, LOOK_BAD, h->text);
        return;
    }
    if (at + 2 + width <= r.width) {
        tui_print(t, r, 1, at, LOOK_BAD, "^ %s", h->text);
    } else if (width + 1 <= at) {
        tui_put(t, r, 1, at - 1 - width, LOOK_BAD, h->text);
        tui_put(t, r, 1, at, LOOK_BAD, "^");
    } else {
        tui_put(t, r, 1, 0, LOOK_BAD, h->text);
    }
}

/* All on one line, and how many there was no room for. */
static void draw_names(const line_editor *e, tui *t, rect r, int row)
{
    int column = 0;
    for (size_t i = 0; i < e->list.n; i++) {
        const int width = width_of(t, e->list.names[i], strlen(e->list.names[i]));
        if (column + width + 10 > r.width && i + 1 < e->list.n) {
            tui_print(t, r, row, column, LOOK_DIM, "and %zu more", e->list.n - i);
            return;
        }
        column = tui_put(t, r, row, column, LOOK_PLAIN, e->list.names[i]) + 2;
    }
}

static int widest_name(const line_editor *e, const tui *t)
{
    int widest = 0;
    for (size_t i = 0; i < e->list.n; i++) {
        const int width = width_of(t, e->list.names[i], strlen(e->list.names[i]));
        if (width > widest) widest = width;
    }
    return widest;
}

/* One to a line with what is known of it. */
static void draw_list(const line_editor *e, tui *t, rect r)
{
    const int indent = widest_name(e, t) + 2;
    const size_t rows = (size_t)(r.height - 1);
    for (size_t i = 0; i < e->list.n && i < rows; i++) {
        const int row = 1 + (int)i;
        if (i + 1 == rows && e->list.n > rows) {
            tui_print(t, r, row, 0, LOOK_DIM, "and %zu more", e->list.n - i);
            return;
        }
        tui_put(t, r, row, 0, LOOK_PLAIN, e->list.names[i]);
        tui_put(t, r, row, indent, LOOK_DIM, e->list.helps[i]);
    }
}

static bool has_helps(const line_editor *e)
{
    for (size_t i = 0; i < e->list.n; i++)
        if (e->list.helps[i][0]) return true;
    return false;
}

int line_height(const line_editor *e)
{
    if (!has_helps(e)) return 2;
    return 1 + (e->list.n < LIST_MOST ? (int)e->list.n : LIST_MOST);
}

void line_draw(line_editor *e, tui *t, rect r, bool focused)
{
    line_look(e);
    if (r.height < 1 || r.width < 1) return;
    tui_clear(t, r);
    const int begin = draw_text(e, t, r, focused);
    if (r.height < 2) return;
    if (e->list.n && r.height > 2 && has_helps(e))
        draw_list(e, t, r);
    else if (e->list.n)
        draw_names(e, t, r, 1);
    else if (e->hint.wrong)
        draw_mistake(e, t, r, begin);
    else
        tui_put(t, r, 1, 0, e->hint.known ? LOOK_GOOD : LOOK_DIM, e->hint.text);
}
