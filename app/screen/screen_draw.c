/* What the screen looks like. */
#include "app/screen/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/screen/help.h"
#include "base/clock.h"

int screen_line_lines(const screen *s)
{
    if (!s->line || !s->editing || s->overlay != OVERLAY_NONE || s->tui.height < 3) return 1;
    const int wanted = line_height(s->line), most = s->tui.height / 3;
    return wanted < most ? wanted : most > 1 ? most : 1;
}

void screen_layout(screen *s)
{
    const layout_wish wish = { .height = s->tui.height,
                               .width = s->tui.width,
                               .focus = s->focus,
                               .zoomed = s->zoomed,
                               .workers = pane_workers_height(&s->view),
                               .line = screen_line_lines(s) };
    s->layout = layout_make(&wish);
}

/* What the plot and the numbers are of, and how much there is. */
static void draw_head(screen *s)
{
    const view *v = &s->view;
    const rect r = s->layout.head;
    const size_t sets = board_n_sets(v->board);
    char right[sizeof s->board_fault.text + 16] = "";
    int at = tui_put(&s->tui, r, 0, 0, LOOK_ACCENT, "kvant") + 2;
    if (v->set < sets) {
        const board_set *b = board_set_at(v->board, v->set);
        char eval[32] = "";
        if (b->eval > 0) snprintf(eval, sizeof eval, ", eval %" PRId64, b->eval);
        tui_print(&s->tui, r, 0, at, LOOK_PLAIN, "%s, text %s, %s, ctx %" PRId64 "%s, %" PRId64 " passages", b->model,
                  b->text, b->protocol, b->ctx, eval, b->passages);
        if (sets > 1) snprintf(right, sizeof right, "  group %zu of %zu", v->set + 1, sets);
    }
    if (s->board_fault.code) snprintf(right, sizeof right, "  database: %s", s->board_fault.text);
    const int wide = (int)strlen(right), column = r.width - wide > at ? r.width - wide : at;
    tui_put(&s->tui, r, 0, column, s->board_fault.code ? LOOK_BAD : LOOK_DIM, right);
}

static void draw_hints(screen *s)
{
    const rect r = s->layout.hints;
    if (r.height == 0) return;
    tui_clear(&s->tui, r);
    if (s->message[0])
        tui_put(&s->tui, r, 0, 0, LOOK_WARN, s->message);
    else if (s->overlay == OVERLAY_EXPORT)
        tui_put(&s->tui, r, 0, 0, LOOK_ACCENT, "export as:  j json  c csv  m markdown  s svg  h html  (Esc: not)");
    else
        help_hints(s, r);
}

static void draw_line(screen *s)
{
    const rect r = s->layout.line;
    tui_clear(&s->tui, r);
    if (s->line) line_draw(s->line, &s->tui, r, s->editing && s->overlay == OVERLAY_NONE);
    /* Where hints have no line of their own, what must be said takes the place of a line that nobody types on. */
    if (s->message[0] && s->layout.hints.height == 0) {
        const int row = r.height > 1 ? r.height - 1 : 0;
        tui_clear(&s->tui, (rect){ r.row + row, r.column, 1, r.width });
        tui_put(&s->tui, r, row, 0, LOOK_WARN, s->message);
    }
}

static void draw_pane(screen *s, pane_id which)
{
    const rect r = s->layout.panes[which];
    if (r.height > 0 && r.width > 0)
        s->panes[which]->type->draw(s->panes[which], &s->view, r, !s->editing && s->focus == which);
}

static void draw_all(screen *s)
{
    screen_layout(s);
    tui_clear(&s->tui, (rect){ 0, 0, s->tui.height, s->tui.width });
    if (s->layout.head.height > 0) draw_head(s);
    for (int i = 0; i < PANE_COUNT; i++)
        draw_pane(s, (pane_id)i);
    if (s->overlay == OVERLAY_HELP)
        help_draw(s, (rect){ 0, 0, s->tui.height - s->layout.line.height - s->layout.hints.height, s->tui.width },
                  &s->help_scroll);
}

static bool same_places(const layout *a, const layout *b)
{
    return memcmp(a->panes, b->panes, sizeof a->panes) == 0 && memcmp(&a->head, &b->head, sizeof a->head) == 0 &&
           memcmp(&a->line, &b->line, sizeof a->line) == 0 && memcmp(&a->hints, &b->hints, sizeof a->hints) == 0;
}

/* Only the panes that have changed. False: they want other places than they have. */
static bool draw_stale(screen *s)
{
    const layout was = s->layout;
    screen_layout(s);
    if (s->overlay == OVERLAY_HELP || !same_places(&was, &s->layout)) return false;
    for (int i = 0; i < PANE_COUNT; i++)
        if (s->view.stale & 1u << i) {
            tui_clear(&s->tui, s->layout.panes[i]);
            draw_pane(s, (pane_id)i);
        }
    return true;
}

void screen_draw(screen *s)
{
    if (!s->view.dirty && !s->view.stale && !s->line_dirty) return;
    tui_cursor(&s->tui, -1, 0);
    if (s->view.dirty || (s->view.stale && !draw_stale(s))) draw_all(s);
    draw_line(s);
    draw_hints(s);
    s->view.dirty = s->line_dirty = false;
    s->view.stale = 0;
    tui_show(&s->tui);
}
