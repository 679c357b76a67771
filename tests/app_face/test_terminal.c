/* What the program believes about its terminal, its paths, and how it tells of progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/paths.h"
#include "app/progress.h"
#include "app/terminal.h"

static void set_locale(const char *all, const char *ctype, const char *lang)
{
    const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" }, *const values[] = { all, ctype, lang };
    for (int i = 0; i < 3; i++) {
        if (values[i])
            setenv(names[i], values[i], 1);
        else
            unsetenv(names[i]);
    }
}

static void utf8_is_what_the_first_locale_says(void **state)
{
    static const struct {
        const char *all, *ctype, *lang;
        bool utf8;
    } cases[] = {
        { NULL, NULL, NULL, false },
        { NULL, NULL, "C", false },
        { NULL, NULL, "C.UTF-8", true },
        { NULL, NULL, "de_DE.utf8", true },
        { NULL, NULL, "de_DE.UTF-8@euro", true },
        { NULL, NULL, "de_DE.ISO-8859-1", false },
        { "C", NULL, "en_US.UTF-8", false },
        { "", "", "en_US.UTF-8", true },
        { NULL, "C", "en_US.UTF-8", false },
        { "en_US.UTF-8", "C", "C", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_locale(cases[i].all, cases[i].ctype, cases[i].lang);
        assert_int_equal(terminal_probe(0, TERMINAL_COLOR_AUTO, false).utf8, cases[i].utf8);
        assert_false(terminal_probe(0, TERMINAL_COLOR_AUTO, true).utf8);
    }
}

static void off_a_terminal_there_is_colour_only_on_demand(void **state)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)state;
    terminal t = terminal_probe(fd, TERMINAL_COLOR_AUTO, false);
    assert_false(t.is_tty || t.moves || t.color);
    assert_string_equal(terminal_style(&t, STYLE_BAD), "");
    t = terminal_probe(fd, TERMINAL_COLOR_ALWAYS, false);
    assert_string_equal(terminal_style(&t, STYLE_BAD), "\033[31m");
    assert_string_equal(terminal_style(&t, STYLE_PLAIN), "\033[0m");
    close(fd);
}

static void columns_count_when_they_make_sense(void **state)
{
    static const struct {
        const char *columns;
        int width;
    } cases[] = { { "132", 132 }, { "1", 1 },    { "0", 80 },           { "-5", 80 },
                  { "wide", 80 }, { "80x", 80 }, { "99999999999", 80 }, { "", 80 } };
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    terminal t = terminal_probe(fd, TERMINAL_COLOR_AUTO, false);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("COLUMNS", cases[i].columns, 1);
        assert_int_equal(terminal_width(&t), cases[i].width);
    }
    unsetenv("COLUMNS");
    assert_int_equal(terminal_width(&t), 80);
    close(fd);
}

static void signals_are_noted_and_wake_a_wait(void **state)
{
    int ends[2];
    fault f = { 0 };
    (void)state;
    assert_true(terminal_watch_signals(&f));
    assert_int_equal(pipe(ends), 0);
    assert_false(terminal_interrupted());
    raise(SIGINT);
    assert_true(terminal_interrupted());
    assert_false(terminal_ended());
    assert_false(terminal_wait(ends[0]));
    terminal_resume();
    assert_false(terminal_interrupted());
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(terminal_wait(ends[0]));
    close(ends[0]);
    /* SIGPIPE is an error like any other now. */
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
    raise(SIGTERM);
    terminal_resume();
    assert_true(terminal_interrupted() && terminal_ended());
}

static void durations_are_said_as_people_do(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = { { 0, "0 s" },          { 0.4, "0 s" },         { 59.4, "59 s" }, { 59.6, "1 min 00 s" },
                  { 185, "3 min 05 s" }, { 7800, "2 h 10 min" }, { -1, "?" },      { 1e300, "?" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        progress_duration(cases[i].seconds, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_progress_line_has_its_parts_and_its_width(void **state)
{
    char line[512];
    terminal t = { .moves = true };
    progress p = { .terminal = &t, .label = "sweep", .unit = "runs", .done = 10, .total = 40 };
    (void)state;
    progress_line(&p, 20, "turbo4", 200, line, sizeof line);
    assert_string_equal(line, "sweep #####---------------  25 %  10/40 runs  0.5 runs/s  1 min 00 s left  turbo4");
    progress_line(&p, 20, "turbo4", 89, line, sizeof line);
    assert_string_equal(line, "sweep ##--------  25 %  10/40 runs  0.5 runs/s  1 min 00 s left  turbo4");
    const size_t whole[] = { strlen(line), strlen(line) + 10 };
    for (int width = 0; width < 100; width++) {
        size_t n = progress_line(&p, 20, "turbo4", width, line, sizeof line);
        assert_int_equal(n, strlen(line));
        const size_t most = whole[width >= 90];
        assert_int_equal(n, (size_t)width < most ? (size_t)width : most);
    }
    progress_line(&p, 0.001, "turbo4", 200, line, sizeof line);
    assert_string_equal(line, "sweep #####---------------  25 %  10/40 runs  turbo4");
    t.utf8 = true;
    progress_line(&p, 20, NULL, 8, line, sizeof line);
    assert_string_equal(line, "sweep \xE2\x96\x88\xE2\x96\x88");
    assert_int_equal(progress_line(&p, 20, NULL, 200, line, 8), 7);
    p.total = 0;
    progress_line(&p, 20, NULL, 200, line, sizeof line);
    assert_string_equal(line, "sweep 10 runs  0.5 runs/s");
}

static void files_go_where_xdg_says(void **state)
{
    paths p;
    fault f = { 0 };
    (void)state;
    unsetenv("KVANT_DB");
    setenv("HOME", "/home/me", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    setenv("XDG_STATE_HOME", "relative/is/unset", 1);
    unsetenv("XDG_CACHE_HOME");
    assert_true(paths_find(&p, &f));
    assert_string_equal(p.database, "/data/kvant/kvant.db");
    assert_string_equal(p.history, "/home/me/.local/state/kvant/history");
    assert_string_equal(p.cache, "/home/me/.cache/kvant");
    assert_int_equal(p.executable[0], '/');
    setenv("KVANT_DB", "here.db", 1);
    setenv("KVANT_MODEL", "there.gguf", 1);
    assert_true(paths_find(&p, &f));
    assert_string_equal(p.database, "here.db");
    assert_string_equal(p.model, "there.gguf");

    static char deep[PATH_MAX + 8];
    memset(deep, 'x', sizeof deep - 1);
    deep[0] = '/';
    setenv("XDG_CACHE_HOME", deep, 1);
    assert_false(paths_find(&p, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("KVANT_DB");
    unsetenv("KVANT_MODEL");
}

static void parents_are_made_private_and_may_exist(void **state)
{
    char base[] = "/tmp/kvant-test-XXXXXX", file[PATH_MAX], directory[PATH_MAX];
    fault f = { 0 };
    struct stat info;
    (void)state;
    assert_non_null(mkdtemp(base));
    snprintf(directory, sizeof directory, "%s/a/b", base);
    snprintf(file, sizeof file, "%s/a/b/file", base);
    assert_true(paths_make_parent(file, &f));
    assert_true(paths_make_parent(file, &f));
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_not_equal(access(file, F_OK), 0);
    assert_true(paths_make_parent("no-directory-in-it", &f));
    assert_false(paths_make_parent("/dev/null/x/file", &f));
    assert_int_equal(f.code, FAULT_INPUT);
    rmdir(directory);
    *strrchr(directory, '/') = '\0';
    rmdir(directory);
    rmdir(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_what_the_first_locale_says),
        cmocka_unit_test(off_a_terminal_there_is_colour_only_on_demand),
        cmocka_unit_test(columns_count_when_they_make_sense),
        cmocka_unit_test(signals_are_noted_and_wake_a_wait),
        cmocka_unit_test(durations_are_said_as_people_do),
        cmocka_unit_test(a_progress_line_has_its_parts_and_its_width),
        cmocka_unit_test(files_go_where_xdg_says),
        cmocka_unit_test(parents_are_made_private_and_may_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
