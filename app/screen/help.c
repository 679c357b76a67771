#include "app/screen/help.h"

#include <stdio.h>
#include <string.h>

#include "app/screen/details_layers.h"
#include "app/screen/keys.h"

enum { KEYS = 14 };

/* Headings and the panes whose keys stand below them. */
static const struct {
    unsigned where; /* 0: keys of most panes */
    const char *title;
} parts[] = {
    { 0, "Everywhere" },        { ON_RUNS, "In the table of runs" },
    { ON_PLOT, "In the plot" }, { ON_DETAILS, "In the details" },
    { ON_LOG, "In the log" },   { ON_WORKERS, "Among the workers" },
};

static bool is_everywhere(const key_row *row)
{
    return (row->where | ON_PLOT) == ON_ANY;
}

static void write_row(pen *p, const key_row *row)
{
    tui_put(p->tui, p->area, p->line, 2, LOOK_BOLD, row->name);
    if (row->command) {
        char text[256];
        snprintf(text, sizeof text, "%s (%s)", row->help, row->command);
        pen_wrap(p, KEYS, LOOK_PLAIN, text);
    } else {
        pen_wrap(p, KEYS, LOOK_PLAIN, row->help);
    }
}

/* Those that the pane alone knows. */
static void write_own(pen *p, const pane_key *row)
{
    while (row && row->keys[0]) {
        const char *help = row->help;
        char names[64];
        row = pane_key_names(row, " ", names, sizeof names);
        tui_put(p->tui, p->area, p->line, 2, LOOK_BOLD, names);
        pen_wrap(p, KEYS, LOOK_PLAIN, help);
    }
}

static void write_part(pen *p, const screen *s, unsigned where, const char *title)
{
    const pane_key *own = NULL;
    for (int i = 0; i < PANE_COUNT; i++)
        if (where == 1u << i) own = s->panes[i]->type->keys;
    bool begun = own != NULL;
    if (own) tui_put(p->tui, p->area, p->line++, 0, LOOK_ACCENT, title);
    write_own(p, own);
    for (const key_row *row = key_rows; row->name; row++) {
        const bool here = where ? !is_everywhere(row) && row->where & where : is_everywhere(row);
        if (!here) continue;
        if (!begun) tui_put(p->tui, p->area, p->line++, 0, LOOK_ACCENT, title);
        begun = true;
        write_row(p, row);
    }
    if (begun) p->line++;
}

void help_draw(screen *s, rect r, int *scroll)
{
    tui_clear(&s->tui, r);
    tui_rule(&s->tui, r, 0, LOOK_ACCENT, "keys", "j k move, q closes");
    const rect below = { r.row + 1, r.column, r.height - 1, r.width };
    if (below.height < 1) return;
    if (*scroll < 0) *scroll = 0;
    for (int again = 0; again < 2; again++) {
        pen p = { .tui = &s->tui, .area = below, .line = -*scroll };
        tui_clear(&s->tui, below);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            write_part(&p, s, parts[i].where, parts[i].title);
        pen_wrap(&p, 0, LOOK_PLAIN,
                 "Every key that does something gives a command, which the log shows: it can be typed, "
                 "repeated and saved. \"help\" on the command line lists all commands.");
        const int lines = p.line + *scroll, most = lines > below.height ? lines - below.height : 0;
        if (*scroll <= most) break;
        *scroll = most;
    }
}

void help_hints(screen *s, rect r)
{
    int at = 0;
    for (const pane_key *own = s->panes[s->focus]->type->keys; own && own->keys[0];) {
        const char *hint = own->hint;
        char names[64];
        own = pane_key_names(own, "", names, sizeof names);
        if (hint) at = tui_print(&s->tui, r, 0, at, LOOK_DIM, "%s %s", names, hint) + 2;
    }
    for (const key_row *row = key_rows; row->name; row++) {
        if (!row->hint || !(row->where & 1u << s->focus)) continue;
        const size_t key = strcspn(row->name, " ");
        if (at + (int)(key + 1 + strlen(row->hint)) > r.width) break;
        at = tui_print(&s->tui, r, 0, at, LOOK_BOLD, "%.*s", (int)key, row->name);
        at = tui_print(&s->tui, r, 0, at, LOOK_DIM, " %s", row->hint) + 2;
    }
}
