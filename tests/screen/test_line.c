/* The command line of the screen: readline as a person meets it, with its text, hint and list drawn into a grid.
 *
 * usage: test_line KVANT PLUGINS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/complete.h"
#include "app/options.h"
#include "app/screen/line.h"
#include "app/screen/line_hint.h"
#include "app/screen/tui_grid.h"
#include "base/clock.h"

enum { LONG = 30 }; /* seconds that nothing here takes, even on a machine with much else to do */

static const char *program, *plugins; /* the program's arguments, set once */

typedef struct scene {
    char home[64];
    app_context app;
    line_editor *line;
    tui tui;
} scene;

static void open_line(scene *s)
{
    fault f = { 0 };
    s->line = line_create(&s->app, &f);
    assert_non_null(s->line);
}

static void open_scene(scene *s, int height, int width)
{
    fault f = { 0 };
    *s = (scene){ .home = "/tmp/kvant-line-XXXXXX",
                  .app = { .commands = commands_all(), .names = commands_names(), .out.utf8 = true } };
    assert_non_null(mkdtemp(s->home));
    s->app.session = settings_create(options_shared, &f);
    paths *p = &s->app.places;
    snprintf(p->executable, sizeof p->executable, "%s", program);
    snprintf(p->plugins[0], sizeof p->plugins[0], "%s", plugins);
    snprintf(p->model, sizeof p->model, "tests/data/arch/llama.gguf");
    snprintf(p->history, sizeof p->history, "%s/state/history", s->home);
    s->tui = (tui){ .terminal.utf8 = true, .height = height, .width = width };
    s->tui.grid = tui_grid_create(true, height, width, &f);
    assert_non_null(s->tui.grid);
    open_line(s);
}

static void close_scene(scene *s)
{
    char command_text[128];
    line_editor_free(s->line);
    complete_forget(&s->app);
    settings_free(s->app.session);
    tui_grid_free(s->tui.grid);
    snprintf(command_text, sizeof command_text, "rm -rf '%s'", s->home);
    assert_int_equal(system(command_text), 0);
}

static line_state key(scene *s, int k)
{
    char *text;
    const line_state state = line_key(s->line, k, &text);
    free(text);
    return state;
}

/* The bytes of a text, one by one; all but Enter leave the line open. */
static void type(scene *s, const char *text)
{
    for (; *text; text++)
        key(s, (unsigned char)*text);
}

static void enter(scene *s, const char *expected)
{
    char *text;
    assert_int_equal(line_key(s->line, '\r', &text), LINE_READY);
    assert_string_equal(text, expected);
    free(text);
    assert_string_equal(line_now(s->line), "");
}

/* The screen as text, one line for each row. */
static const char *screen_of(scene *s)
{
    static char text[16384];
    FILE *out = fmemopen(text, sizeof text, "w");
    line_draw(s->line, &s->tui, (rect){ 0, 0, s->tui.height, s->tui.width }, true);
    tui_dump(&s->tui, out, false);
    fclose(out);
    return text;
}

static void shows(scene *s, const char *expected)
{
    const char *text = screen_of(s);
    if (!strstr(text, expected)) fail_msg("no \"%s\" in:\n%s", expected, text);
}

static void text_is_edited_and_given(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    type(&s, "run turbo");
    assert_string_equal(line_now(s.line), "run turbo");
    key(&s, '4');
    key(&s, TUI_HOME);
    key(&s, TUI_DELETE);
    key(&s, 'R');
    key(&s, TUI_END);
    key(&s, TUI_BACKSPACE);
    key(&s, TUI_LEFT);
    key(&s, 'x');
    assert_string_equal(line_now(s.line), "Run turbxo");
    key(&s, TUI_WORD_LEFT);
    key(&s, TUI_ALT + 'd');
    assert_string_equal(line_now(s.line), "Run ");
    key(&s, 0x15); /* Ctrl-U */
    type(&s, "run q8_0");
    shows(&s, "> run q8_0");
    enter(&s, "run q8_0");
    type(&s, "run q4_0\n");
    assert_string_equal(line_now(s.line), "");
    close_scene(&s);
}

static void an_empty_line_gives_the_keys_back(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    assert_int_equal(key(&s, '\r'), LINE_LEFT);
    assert_int_equal(key(&s, '\t'), LINE_LEFT);
    assert_int_equal(key(&s, TUI_ESCAPE), LINE_LEFT);
    assert_int_equal(key(&s, 4), LINE_QUIT);
    type(&s, "  ");
    assert_int_equal(key(&s, '\r'), LINE_LEFT);
    type(&s, ":set text a:b");
    enter(&s, "set text a:b");
    type(&s, "abc");
    assert_int_equal(key(&s, TUI_ESCAPE), LINE_LEFT);
    assert_string_equal(line_now(s.line), "abc");
    key(&s, TUI_HOME);
    assert_int_equal(key(&s, 4), LINE_EDITING); /* Ctrl-D in a line deletes */
    assert_string_equal(line_now(s.line), "bc");
    assert_int_equal(key(&s, 3), LINE_EDITING); /* Ctrl-C clears */
    assert_string_equal(line_now(s.line), "");
    line_set(s.line, "filter kld < ");
    assert_string_equal(line_now(s.line), "filter kld < ");
    type(&s, "1");
    enter(&s, "filter kld < 1");
    close_scene(&s);
}

static void history_lasts_and_is_private(void **state)
{
    struct stat about;
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    type(&s, "run one\r");
    type(&s, "run two\r");
    type(&s, " run secret\r");
    type(&s, "run two\r");
    key(&s, TUI_UP);
    assert_string_equal(line_now(s.line), "run two");
    key(&s, TUI_UP);
    assert_string_equal(line_now(s.line), "run one");
    key(&s, TUI_DOWN);
    assert_string_equal(line_now(s.line), "run two");
    key(&s, 3);
    line_editor_free(s.line);
    assert_int_equal(stat(s.app.places.history, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    open_line(&s);
    key(&s, TUI_UP);
    assert_string_equal(line_now(s.line), "run two");
    close_scene(&s);
}

static void ctrl_r_searches(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    type(&s, "sweep turbo2 turbo3\r");
    type(&s, "run q8_0\r");
    key(&s, 0x12);
    shows(&s, "(reverse-i-search)`':");
    type(&s, "turb");
    shows(&s, "(reverse-i-search)`turb': sweep turbo2 turbo3");
    assert_int_equal(key(&s, TUI_ESCAPE), LINE_EDITING); /* ends the search, keeps what it found */
    shows(&s, "> sweep turbo2 turbo3");
    key(&s, 3);
    key(&s, 0x12);
    type(&s, "q8");
    enter(&s, "run q8_0");
    key(&s, 0x12);
    type(&s, "sweep");
    key(&s, 3);
    shows(&s, ">\n");
    type(&s, "run");
    shows(&s, "> run\n");
    assert_int_equal(key(&s, 0x12), LINE_EDITING);
    key(&s, 7); /* Ctrl-G gives up: as it was */
    shows(&s, "> run\n");
    close_scene(&s);
}

static void tab_completes_and_lists(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 6, 78);
    type(&s, "roun\t");
    assert_string_equal(line_now(s.line), "roundtrip ");
    type(&s, "--dec\t");
    assert_string_equal(line_now(s.line), "roundtrip --decoded ");
    key(&s, 3);
    type(&s, "run --pr\tsn\t");
    assert_string_equal(line_now(s.line), "run --protocol snapshot ");
    type(&s, "k=q8\t");
    assert_string_equal(line_now(s.line), "run --protocol snapshot k=q8_0 ");
    key(&s, 3);
    type(&s, "run tur\t");
    assert_string_equal(line_now(s.line), "run turbo");
    shows(&s, "turbo2");
    shows(&s, "turbo4");
    key(&s, '4');
    assert_null(strstr(screen_of(&s), "turbo2")); /* the next key takes the list away */
    key(&s, 3);
    type(&s, "run --\t");
    shows(&s, "more"); /* there is not room for all */
    key(&s, 3);
    type(&s, "inspect models/kvant-bo\t");
    assert_non_null(strstr(line_now(s.line), "inspect models/kvant-books-8m"));
    close_scene(&s);
}

static void wide_characters_take_their_columns(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 20);
    if (MB_CUR_MAX == 1) skip();
    type(&s, "set text \xe6\xbc\xa2\xe5\xad\x97");
    assert_string_equal(line_now(s.line), "set text \xe6\xbc\xa2\xe5\xad\x97");
    shows(&s, "> set text \xe6\xbc\xa2\xe5\xad\x97");
    assert_int_equal(s.tui.grid->cursor_column, 2 + 9 + 4);
    key(&s, TUI_LEFT);
    screen_of(&s);
    assert_int_equal(s.tui.grid->cursor_column, 2 + 9 + 2);
    key(&s, TUI_BACKSPACE);
    assert_string_equal(line_now(s.line), "set text \xe5\xad\x97");
    close_scene(&s);
}

/* The cursor is always seen, with the text around it, wherever it goes. */
static void long_lines_scroll(void **state)
{
    char text[400];
    scene s;
    (void)state;
    open_scene(&s, 2, 30);
    memset(text, 0, sizeof text);
    strcpy(text, "run ");
    for (int i = 4; i < 300; i++)
        text[i] = (char)('a' + i % 26);
    line_set(s.line, text);
    screen_of(&s);
    const int at = s.tui.grid->cursor_column;
    key(&s, TUI_LEFT); /* the cursor moves, the text stays */
    screen_of(&s);
    assert_int_equal(s.tui.grid->cursor_column, at - 1);
    for (int k = 0; k < 3; k++) {
        static const int moves[] = { TUI_LEFT, TUI_HOME, TUI_RIGHT };
        for (int i = 0; i < 320; i++) {
            const char *row = screen_of(&s);
            const int column = s.tui.grid->cursor_column;
            assert_int_equal(s.tui.grid->cursor_row, 0);
            assert_in_range(column, 2, 29);
            assert_true(strcspn(row, "\n") <= 30);
            key(&s, moves[k]);
        }
    }
    shows(&s, "wxyzabcdefghijklmn\n");
    tui_grid_free(s.tui.grid);
    fault f;
    s.tui.width = 3;
    s.tui.grid = tui_grid_create(true, 2, 3, &f);
    screen_of(&s);
    close_scene(&s);
}

/* | is the cursor. A place is the column, from 1, that is pointed at. */
static void hints_say_what_is_wrong_and_what_is_next(void **state)
{
    static const struct {
        const char *line, *text;
        int place;
    } cases[] = {
        { "|", "", 0 },
        { "rn|", "did you mean \"run\"?", 1 },
        { "ru|", "", 0 },
        { "rnu turbo4|", "did you mean \"run\"?", 1 },
        { "zzz|", "zzz", 1 },
        { "run |", "a codec for keys and values", 0 },
        { "run turbo4 --nonsense |", "there is no option \"--nonsense\"", 12 },
        { "run turbo4 --nons|", "there is no option \"--nons\"", 12 },
        { "run turbo4 --pro|", "", 0 },
        { "run --ctx |", "tokens per passage", 0 },
        { "run --ctx 5|", "tokens per passage", 0 },
        { "run --ctx abc turbo4|", "--ctx", 11 },
        { "run --ctx 1 turbo4|", "--ctx", 11 },
        { "run --json=1 x|", "takes no value", 5 },
        { "run -Z x|", "there is no option \"-Z\"", 5 },
        { "show 1 2 3|", "one argument too many", 8 },
        { "run --protocol |", "compress", 0 },
        { "quit now |", "takes no arguments", 6 },
        { "run 'k=q8_0 |", "a codec for keys and values", 0 },
        { "# comment|", "", 0 },
    };
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        line_hint h;
        const size_t point = strcspn(cases[i].line, "|");
        snprintf(line, sizeof line, "%.*s%s", (int)point, cases[i].line, cases[i].line + point + 1);
        line_hint_make(&s.app, line, point, NULL, &h);
        const int place = h.wrong && h.has_place ? (int)h.place + 1 : 0;
        if (!strstr(h.text, cases[i].text) || place != cases[i].place)
            fail_msg("%s: \"%s\" at %d", cases[i].line, h.text, place);
    }
    close_scene(&s);
}

static void the_wrong_place_is_pointed_at(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 80);
    type(&s, "run turbo4 --nonsense ");
    shows(&s, "> run turbo4 --nonsense\n             ^ run: there is no option \"--nonsense\"");
    close_scene(&s);
    open_scene(&s, 2, 62);
    line_set(s.line, "show 1                                              2 ");
    shows(&s, "\n       show: \"2\" is one argument too many; it takes 1 ^\n");
    close_scene(&s);
}

static void until_shows(scene *s, const char *expected)
{
    for (double end = clock_seconds() + LONG; !strstr(screen_of(s), expected);) {
        struct pollfd answer = { .fd = line_fd(s->line), .events = POLLIN };
        if (poll(&answer, 1, 100) > 0) line_take(s->line);
        if (clock_seconds() > end) shows(s, expected);
    }
}

/* q8_0 takes 34 bytes for 32 values: 8.5 bits each. */
static void the_cost_of_a_config_is_known_before_it_runs(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, 2, 100);
    type(&s, "run q8_0");
    until_shows(&s, "8.500 bits/value (k 8.500, v 8.500), ratio 1.88x");
    type(&s, " --ctx ");
    shows(&s, "tokens per passage");
    key(&s, 3);
    type(&s, "run --passages 3 --json k=q8_0");
    until_shows(&s, "12.250 bits/value (k 8.500, v 16.000), ratio 1.31x");
    key(&s, 3);
    type(&s, "sweep q8_0 'k=q8_0 v=q4_0' turbo4");
    for (int i = 0; i < 9; i++)
        key(&s, TUI_LEFT);
    type(&s, "x");
    key(&s, TUI_BACKSPACE);
    until_shows(&s, "6.500 bits/value (k 8.500, v 4.500)"); /* of the one at the cursor */
    key(&s, 3);
    type(&s, "run v=q4_0 k=quatsch ");
    until_shows(&s, "> run v=q4_0 k=quatsch\n               ^ ");
    key(&s, 3);
    type(&s, "config 'v=q4_0 k=quatsch'");
    until_shows(&s, "> config 'v=q4_0 k=quatsch'\n                   ^ ");
    key(&s, 3);
    type(&s, "run q4_0 --nonsense "); /* what is wrong with the line comes first */
    shows(&s, "^ run: there is no option");
    close_scene(&s);
}

static void lines_come_one_by_one_from_a_paste(void **state)
{
    static const char paste[] = "run one\nrun two\r\nrun three";
    char *text, got[128] = "";
    scene s;
    (void)state;
    open_scene(&s, 2, 60);
    for (const char *c = paste; *c; c++)
        if (line_key(s.line, (unsigned char)*c, &text) == LINE_READY) {
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s;", text);
            free(text);
        }
    assert_string_equal(got, "run one;run two;");
    assert_string_equal(line_now(s.line), "run three");
    close_scene(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_edited_and_given),
        cmocka_unit_test(an_empty_line_gives_the_keys_back),
        cmocka_unit_test(history_lasts_and_is_private),
        cmocka_unit_test(ctrl_r_searches),
        cmocka_unit_test(tab_completes_and_lists),
        cmocka_unit_test(wide_characters_take_their_columns),
        cmocka_unit_test(long_lines_scroll),
        cmocka_unit_test(hints_say_what_is_wrong_and_what_is_next),
        cmocka_unit_test(the_wrong_place_is_pointed_at),
        cmocka_unit_test(the_cost_of_a_config_is_known_before_it_runs),
        cmocka_unit_test(lines_come_one_by_one_from_a_paste),
    };
    if (argc < 3) return 2;
    program = argv[1];
    plugins = argv[2];
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("INPUTRC", "/dev/null", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
