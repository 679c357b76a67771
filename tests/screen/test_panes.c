/* The log and the workers as they are drawn, of commands that really run.
 *
 * usage: test_panes ACTOR */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/screen/pane.h"
#include "app/screen/tui_grid.h"
#include "base/clock.h"

enum { LONG = 20 }; /* seconds that nothing here takes, even on a machine with much else to do */

static const char *actor_path; /* the program's argument, set once */

typedef struct scene {
    app_context app;
    tui tui;
    view view;
    pane *pane;
} scene;

static void resize(scene *s, bool utf8, int height, int width)
{
    fault f;
    tui_grid_free(s->tui.grid);
    s->tui = (tui){ .terminal.utf8 = utf8, .height = height, .width = width };
    s->tui.grid = tui_grid_create(utf8, height, width, &f);
    assert_non_null(s->tui.grid);
}

static void open_scene(scene *s, pane *(*create)(fault *f), int height, int width)
{
    fault f = { 0 };
    *s = (scene){ .app = { .commands = commands_all(), .names = commands_names(), .out.utf8 = true } };
    s->app.session = settings_create(options_shared, &f);
    snprintf(s->app.places.executable, sizeof s->app.places.executable, "%s", actor_path);
    resize(s, true, height, width);
    s->view = (view){ .app = &s->app, .tui = &s->tui, .console = console_create(&s->app, NULL, NULL, &f) };
    s->pane = create(&f);
    assert_non_null(s->view.console);
    assert_non_null(s->pane);
}

static void close_scene(scene *s)
{
    s->pane->type->free(s->pane);
    console_free(s->view.console);
    settings_free(s->app.session);
    tui_grid_free(s->tui.grid);
}

static const char *dump(scene *s, bool looks)
{
    static char text[65536];
    const rect all = { 0, 0, s->tui.height, s->tui.width };
    FILE *out = fmemopen(text, sizeof text, "w");
    tui_clear(&s->tui, all);
    s->pane->type->draw(s->pane, &s->view, all, true);
    tui_dump(&s->tui, out, looks);
    fclose(out);
    return text;
}

static void shows(scene *s, const char *expected)
{
    const char *text = dump(s, false);
    if (!strstr(text, expected)) fail_msg("no \"%s\" in:\n%s", expected, text);
}

static void hides(scene *s, const char *unexpected)
{
    const char *text = dump(s, false);
    if (strstr(text, unexpected)) fail_msg("\"%s\" in:\n%s", unexpected, text);
}

static void turn(scene *s)
{
    struct pollfd fds[64];
    int ms;
    const size_t n = console_poll(s->view.console, fds, 64, &ms);
    poll(fds, n, ms < 0 ? 10 : ms);
    console_take(s->view.console, fds, n);
}

static void until_ended(scene *s)
{
    for (double end = clock_seconds() + LONG; console_running(s->view.console);) {
        turn(s);
        assert_true(clock_seconds() < end);
    }
}

static void press(scene *s, int key)
{
    assert_true(pane_press(s->pane, &s->view, key));
}

static void the_log_follows_its_end(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_log_create, 6, 60);
    shows(&s, "4 log");
    for (int i = 1; i <= 30; i++)
        console_note(s.view.console, LOG_OUTPUT, "line %d.", i);
    shows(&s, "line 30.");
    hides(&s, "line 25.");
    press(&s, 'k');
    shows(&s, "line 25.");
    hides(&s, "line 30.");
    shows(&s, "1 more below");
    console_note(s.view.console, LOG_OUTPUT, "line 31.");
    shows(&s, "line 25."); /* what is looked at stays */
    press(&s, 'G');
    shows(&s, "line 31.");
    console_note(s.view.console, LOG_OUTPUT, "line 32.");
    shows(&s, "line 32."); /* and at the end it follows again */
    press(&s, 'k');
    press(&s, 'j');
    console_note(s.view.console, LOG_OUTPUT, "line 33.");
    shows(&s, "line 33.");
    press(&s, 'g');
    shows(&s, "line 1.");
    press(&s, TUI_PAGE_DOWN);
    hides(&s, "line 4.");
    shows(&s, "line 5.");
    for (int i = 0; i < 20; i++)
        press(&s, TUI_PAGE_DOWN);
    shows(&s, "line 33.");
    resize(&s, true, 1, 60);
    dump(&s, false);
    assert_false(pane_press(s.pane, &s.view, 'q'));
    close_scene(&s);
}

/* Lines that go away on top do not move what is looked at; when it is gone itself, the oldest is seen. */
static void dropped_lines_do_not_move_the_log(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_log_create, 6, 60);
    for (int i = 1; i <= 19999; i++)
        console_note(s.view.console, LOG_OUTPUT, "line %d.", i);
    dump(&s, false);
    press(&s, 'g');
    for (int i = 0; i < 20; i++)
        press(&s, 'j');
    shows(&s, "line 21.");
    for (int i = 20000; i <= 20010; i++)
        console_note(s.view.console, LOG_OUTPUT, "line %d.", i);
    shows(&s, "line 21.");
    hides(&s, "line 26.");
    for (int i = 20011; i <= 20100; i++)
        console_note(s.view.console, LOG_OUTPUT, "line %d.", i);
    shows(&s, "line 101.");
    shows(&s, "100 lines above were dropped");
    close_scene(&s);
}

static void kinds_of_lines_look_different(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_log_create, 8, 60);
    console_run(s.view.console, "run leave 3");
    until_ended(&s);
    shows(&s, "> run leave 3\nkvant: nothing good\nsome progress\n-- exit 3, ");
    const char *looks = dump(&s, true);
    assert_non_null(strstr(looks, "AAAAAAAAAAAAA"));
    assert_non_null(strstr(looks, "RRRRRRRRRRRRRRRRRR"));
    press(&s, 'l');
    shows(&s, "othing good");
    hides(&s, "nothing good");
    press(&s, 'h');
    press(&s, 'h');
    shows(&s, "nothing good");
    close_scene(&s);
}

static void lines_of_another_command_have_its_number(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_log_create, 8, 60);
    console_run(s.view.console, "run deaf");
    console_run(s.view.console, "run tell");
    for (double end = clock_seconds() + LONG; !strstr(dump(&s, false), "[1] ready\n");) {
        turn(&s);
        assert_true(clock_seconds() < end);
    }
    shows(&s, "> run deaf\n> run tell\n");
    close_scene(&s);
}

static void output_is_as_wide_as_the_log(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_log_create, 8, 47);
    dump(&s, false);
    console_run(s.view.console, "run words");
    until_ended(&s);
    shows(&s, "COLUMNS 47");
    close_scene(&s);
}

static void workers_are_seen_while_they_work(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, pane_workers_create, 8, 100);
    assert_int_equal(pane_workers_height(&s.view), 0);
    shows(&s, "nothing runs");
    s.tui.height = 24;
    console_run(s.view.console, "run tell 'and a line that is long'");
    for (double end = clock_seconds() + LONG; console_last_run(s.view.console) != 12;) {
        turn(&s);
        assert_true(clock_seconds() < end);
    }
    assert_int_equal(pane_workers_height(&s.view), 4);
    s.tui.height = 9;
    assert_int_equal(pane_workers_height(&s.view), 3);
    s.tui.height = 8;
    shows(&s, "[1] run tell 'and a line that is long'");
    shows(&s, "███░░░░░░░░░░░░░░░░░  3/20  1 failed");
    shows(&s, "   2 two");
    shows(&s, "stopped     █████░░░░░  1/2 u  10 tokens/s  KLD 0.5\n"); /* nothing is left of what is stopped */
    shows(&s, "   5 five");
    shows(&s, "w           ██████████  2/2 u\n");
    resize(&s, false, 8, 100);
    shows(&s, "###-----------------  3/20");
    shows(&s, "#####-----");
    for (int width = 200; width > 0; width--) {
        resize(&s, true, 8, width);
        const char *text = dump(&s, false);
        if (width >= 40) assert_non_null(strstr(text, "3/20"));
        if (width >= 40) assert_non_null(strstr(text, "stopped"));
    }
    close_scene(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_follows_its_end),       cmocka_unit_test(dropped_lines_do_not_move_the_log),
        cmocka_unit_test(kinds_of_lines_look_different), cmocka_unit_test(lines_of_another_command_have_its_number),
        cmocka_unit_test(output_is_as_wide_as_the_log),  cmocka_unit_test(workers_are_seen_while_they_work),
    };
    if (argc < 2) return 2;
    actor_path = argv[1];
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
