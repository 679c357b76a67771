/* Settings that are the screen's own, not only its commands': the database it shows, its characters and colours. */
#include <string.h>

#include "app/screen/state.h"
#include "base/clock.h"

/* Numbers of runs mean others in another database. */
static void obey_database(screen *s)
{
    fault f = { 0 };
    view *v = &s->view;
    const char *set = settings_get(s->app->session, "db");
    if (!board_switch(v->board, set ? set : s->app->places.database, &f)) {
        screen_say(s, "%s", f.text);
        return;
    }
    v->chosen = v->other = 0;
    s->followed = console_last_run(v->console);
    s->compared = 0;
    s->left = 0;
    s->next_refresh = clock_seconds();
    v->dirty = true;
}

static void obey_style(screen *s)
{
    const settings *set = s->app->session;
    static const char *const names[] = { "auto", "always", "never" }; /* as terminal_color counts */
    const char *color = settings_get(set, "color");
    int wanted = TERMINAL_COLOR_NEVER;
    while (wanted > TERMINAL_COLOR_AUTO && !(color && strcmp(names[wanted], color) == 0))
        wanted--;
    s->app->out = terminal_probe(s->tui.terminal.fd, (terminal_color)wanted, settings_get(set, "ascii") != NULL);
    tui_set_style(&s->tui, &s->app->out);
    s->view.dirty = true;
}

void screen_obey(void *self, const char *setting)
{
    static const struct {
        const char *setting;
        void (*obey)(screen *s);
    } rows[] = { { "db", obey_database }, { "ascii", obey_style }, { "color", obey_style } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].setting, setting) == 0) rows[i].obey(self);
}
