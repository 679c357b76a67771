/* Commands as children: what they write is in the log, whatever they do, and none outlives the console.
 *
 * usage: test_console KVANT_ECHO ACTOR */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/screen/console.h"
#include "base/clock.h"

enum { LONG = 20 }; /* seconds that nothing here takes, even on a machine with much else to do */

static const char *echo_path, *actor_path; /* the program's arguments, set once */

typedef struct scene {
    app_context app;
    console *console;
} scene;

static int builtin_calls;
static const char *saving; /* where `focus save` saves */

static bool builtin(void *self, int n_words, const char *const *words, fault *f, bool *known)
{
    scene *s = self;
    if (strcmp(words[0], "quit") == 0 && n_words == 1) return *known = s->app.leaving = true;
    *known = strcmp(words[0], "focus") == 0;
    if (!*known) return true;
    builtin_calls++;
    if (n_words > 1 && strcmp(words[1], "save") == 0) return console_save(s->console, saving, true, f);
    return n_words > 1 || fault_set(f, FAULT_USAGE, "focus: PANE is missing");
}

static void open_scene(scene *s, const char *executable)
{
    fault f = { 0 };
    *s = (scene){ .app = { .commands = commands_all(), .names = commands_names(), .out.utf8 = true } };
    s->app.session = settings_create(options_shared, &f);
    snprintf(s->app.places.executable, sizeof s->app.places.executable, "%s", executable);
    s->console = console_create(&s->app, builtin, s, &f);
    assert_non_null(s->console);
}

static void close_scene(scene *s)
{
    console_free(s->console);
    settings_free(s->app.session);
}

static const char *line_at(const scene *s, size_t i)
{
    const console_line *l = console_line_at(s->console, i);
    return l ? l->text : "(none)";
}

static bool log_has(const scene *s, const char *text)
{
    for (size_t i = 0; i < console_n_lines(s->console); i++)
        if (strstr(line_at(s, i), text)) return true;
    return false;
}

static void show_log(const scene *s)
{
    for (size_t i = 0; i < console_n_lines(s->console) && i < 40; i++) {
        const console_line *l = console_line_at(s->console, i);
        print_message("%d %d %s\n", (int)l->kind, l->command, l->text);
    }
}

/* One turn of the loop. */
static void turn(scene *s)
{
    struct pollfd fds[64];
    int ms;
    const size_t n = console_poll(s->console, fds, 64, &ms);
    poll(fds, n, ms < 0 ? 10 : ms);
    console_take(s->console, fds, n);
}

static void until_ended(scene *s)
{
    for (double end = clock_seconds() + LONG; console_running(s->console);) {
        turn(s);
        if (clock_seconds() < end) continue;
        show_log(s);
        fail_msg("the command has not ended");
    }
}

static void until_log_has(scene *s, const char *text)
{
    for (double end = clock_seconds() + LONG; !log_has(s, text);) {
        turn(s);
        if (clock_seconds() < end) continue;
        show_log(s);
        fail_msg("not in the log: %s", text);
    }
}

static void need(const scene *s, const char *text)
{
    if (log_has(s, text)) return;
    show_log(s);
    fail_msg("not in the log: %s", text);
}

static void a_command_runs_and_its_output_is_logged(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, echo_path);
    console_run(s.console, "  run turbo4 --ctx 1k");
    assert_int_equal(console_running(s.console), 1);
    assert_string_equal(console_job_at(s.console, 0)->line, "run turbo4 --ctx 1k");
    until_ended(&s);
    assert_int_equal(console_line_at(s.console, 0)->kind, LOG_COMMAND);
    assert_string_equal(line_at(&s, 0), "run turbo4 --ctx 1k");
    assert_string_equal(line_at(&s, 1), "run [turbo4] ctx=1k (ctx 1024)");
    assert_int_equal(console_line_at(s.console, 1)->kind, LOG_OUTPUT);
    assert_null(console_job_at(s.console, 0));
    close_scene(&s);
}

static void settings_hold_for_the_commands_that_follow(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, echo_path);
    console_run(s.console, "set ctx 2k");
    console_run(s.console, "set text 'a b'");
    console_run(s.console, "set no-cache on");
    assert_int_equal(console_running(s.console), 0);
    assert_string_equal(settings_get(s.app.session, "text"), "a b");
    console_run(s.console, "run q8_0");
    until_ended(&s);
    need(&s, "run [q8_0] (ctx 2048)");
    console_run(s.console, "set text");
    until_ended(&s);
    need(&s, "text       a b");
    console_run(s.console, "unset ctx");
    assert_null(settings_get(s.app.session, "ctx"));
    console_run(s.console, "set ctx zero");
    need(&s, "kvant: set: ");
    console_run(s.console, "set ctx --help");
    until_ended(&s);
    need(&s, "use this model from now on");
    close_scene(&s);
}

static void a_child_is_told_where_it_is(void **state)
{
    char files[32];
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "set protocol snapshot");
    console_run(s.console, "set color always");
    console_run(s.console, "set no-cache on");
    console_width(s.console, 61);
    console_run(s.console, "run words");
    until_ended(&s);
    need(&s, "[-c][set protocol snapshot][-c][set no-cache on][-c][run words]");
    need(&s, "COLUMNS 61 NO_COLOR 1 TERM dumb");
    need(&s, "group own, input none");
    /* None but those we were given ourselves by whoever runs the test. */
    int inherited = 0;
    for (int fd = 4; fd < 256; fd++)
        inherited += fcntl(fd, F_GETFD) == 0;
    snprintf(files, sizeof files, "%d more files", inherited);
    need(&s, files);
    s.app.out.utf8 = false;
    console_run(s.console, "run words");
    until_ended(&s);
    need(&s, "[-c][set ascii on][-c][run words]");
    close_scene(&s);
}

static void mistakes_are_entries_in_the_log(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, echo_path);
    console_run(s.console, "rnu turbo4");
    assert_int_equal(console_line_at(s.console, 1)->kind, LOG_ERROR);
    need(&s, "did you mean \"run\"?");
    console_run(s.console, "run 'open");
    need(&s, "is not closed");
    console_run(s.console, "   ");
    console_run(s.console, "# only a comment");
    assert_int_equal(console_running(s.console), 0);
    console_run(s.console, "run --nonsense");
    until_ended(&s);
    need(&s, "there is no option");
    need(&s, "-- exit 2, ");
    close_scene(&s);
    open_scene(&s, "/nowhere/kvant");
    console_run(s.console, "run q8_0");
    until_ended(&s);
    need(&s, "kvant: /nowhere/kvant: cannot be started");
    close_scene(&s);
}

static void the_screens_own_commands_start_no_child(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, "/nowhere/kvant");
    builtin_calls = 0;
    console_run(s.console, "focus log");
    console_run(s.console, "focus");
    assert_int_equal(builtin_calls, 2);
    need(&s, "kvant: focus: PANE is missing");
    console_run(s.console, "quit --help"); /* a child's work, as all help is */
    assert_false(s.app.leaving);
    until_ended(&s);
    console_run(s.console, "quit");
    assert_true(s.app.leaving);
    assert_int_equal(console_running(s.console), 0);
    close_scene(&s);
}

static void output_is_made_harmless(void **state)
{
    static const char *const expected[] = { "run raw",
                                            "\\x1b[31mred\\x1b[0m",
                                            "\\x1b]0;title\\x07",
                                            "bell\\x07",
                                            "tab     here",
                                            "bad \xef\xbf\xbd\xef\xbf\xbd(",
                                            ("Gr\xc3\xb6\xc3\x9f"
                                             "e"),
                                            "",
                                            "last" };
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run raw");
    until_ended(&s);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(line_at(&s, i), expected[i]);
    console_run(s.console, "run leave 3\tx\033[2J");
    until_ended(&s);
    need(&s, "run leave 3     x\\x1b[2J");
    need(&s, "-- exit 3, ");
    for (size_t i = 0; i < console_n_lines(s.console); i++) {
        const console_line *l = console_line_at(s.console, i);
        if (strstr(l->text, "nothing good")) assert_int_equal(l->kind, LOG_ERROR);
        if (strstr(l->text, "some progress")) assert_int_equal(l->kind, LOG_NOTE);
    }
    close_scene(&s);
}

static long peak_kib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void a_flood_is_kept_short_and_keeps_nobody_waiting(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    const long before = peak_kib();
    console_run(s.console, "run flood 100");
    double longest = 0;
    while (console_running(s.console)) {
        struct pollfd fds[8];
        int ms;
        const size_t n = console_poll(s.console, fds, 8, &ms);
        poll(fds, n, ms);
        const double began = clock_seconds();
        console_take(s.console, fds, n);
        if (clock_seconds() - began > longest) longest = clock_seconds() - began;
    }
    print_message("a turn took at most %.1f ms, memory grew by %ld KiB\n", 1e3 * longest, peak_kib() - before);
    assert_int_equal(console_n_lines(s.console), 20000);
    assert_int_equal(console_n_dropped(s.console) + 20000, 1 + 100 * (1 << 17) + 1 + log_has(&s, "-- "));
    assert_true(log_has(&s, "the last line"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(peak_kib() - before < 16 * 1024);
#endif
    console_run(s.console, "run stream 20");
    until_ended(&s);
    char text[64];
    snprintf(text, sizeof text, "xxx ... and %d bytes more", 20 * (1 << 20) - 2000);
    need(&s, text);
    close_scene(&s);
}

static void ctrl_c_stops_the_newest(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, echo_path);
    assert_false(console_cancel(s.console));
    console_run(s.console, "sweep 100000");
    console_run(s.console, "sweep 50000");
    until_log_has(&s, "/50000 runs");
    assert_int_equal(console_n_jobs(s.console), 2);
    assert_true(console_cancel(s.console));
    until_log_has(&s, "kvant: sweep: stopped on request");
    until_log_has(&s, "-- stopped, ");
    assert_int_equal(console_n_jobs(s.console), 1);
    assert_string_equal(console_job_at(s.console, 0)->line, "sweep 100000");
    assert_int_equal(console_job_at(s.console, 0)->command, 1);
    assert_true(console_cancel(s.console));
    until_ended(&s);
    close_scene(&s);
}

static void a_deaf_command_is_killed_at_last(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run deaf");
    until_log_has(&s, "ready");
    console_cancel(s.console);
    until_ended(&s); /* by itself, in time */
    need(&s, "-- killed by signal 9 ");
    console_run(s.console, "run deaf");
    while (console_n_lines(s.console) < 7)
        turn(&s);
    for (int i = 0; i < 3; i++)
        console_cancel(s.console); /* impatient: no waiting */
    const double asked = clock_seconds();
    until_ended(&s);
    print_message("killed %.2f s after the third Ctrl-C\n", clock_seconds() - asked);
    close_scene(&s);
}

static void a_crash_is_one_line(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run crash");
    until_ended(&s);
    assert_string_equal(line_at(&s, 1), "some words first");
    assert_string_equal(line_at(&s, 2), "and half a line");
    need(&s, "-- killed by signal 11 (");
    close_scene(&s);
}

/* Gone, or dead and not yet collected by whoever inherited it. */
static bool is_gone(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = fopen(path, "r");
    const size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in) fclose(in);
    const char *end = n ? strrchr(text, ')') : NULL;
    return !end || end[2] == 'Z';
}

static void until_gone(pid_t pid)
{
    for (double end = clock_seconds() + LONG; !is_gone(pid);) {
        if (clock_seconds() > end) fail_msg("process %d is still there", (int)pid);
        usleep(10000);
    }
}

static void nothing_of_a_command_is_left_behind(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run orphan");
    until_ended(&s);
    const pid_t orphan = atoi(line_at(&s, 1));
    assert_true(orphan > 1);
    until_gone(orphan);
    close_scene(&s);
}

/* The number that `run deaf` says of itself once it is ready; 0: it has not yet. */
static pid_t deaf_one(const scene *s)
{
    for (size_t i = 0; i < console_n_lines(s->console); i++)
        if (atoi(line_at(s, i)) > 1) return atoi(line_at(s, i));
    return 0;
}

static pid_t until_deaf(scene *s)
{
    for (double end = clock_seconds() + LONG; !deaf_one(s);) {
        turn(s);
        assert_true(clock_seconds() < end);
    }
    return deaf_one(s);
}

static void closing_ends_what_runs(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run deaf");
    console_run(s.console, "run tell");
    const pid_t deaf = until_deaf(&s);
    assert_false(is_gone(deaf));
    close_scene(&s);
    assert_true(kill(deaf, 0) != 0 && errno == ESRCH);
}

/* Nobody is left to stop anything: the system does it. */
static void children_die_with_the_program(void **state)
{
    int ends[2];
    pid_t deaf = 0;
    (void)state;
#ifndef __linux__
    skip();
#endif
    assert_int_equal(pipe(ends), 0);
    const pid_t program = fork();
    if (program == 0) {
        scene s;
        open_scene(&s, actor_path);
        console_run(s.console, "run deaf");
        deaf = until_deaf(&s);
        if (write(ends[1], &deaf, sizeof deaf) == sizeof deaf) raise(SIGKILL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &deaf, sizeof deaf), sizeof deaf);
    close(ends[0]);
    int status;
    waitpid(program, &status, 0);
    assert_true(WIFSIGNALED(status));
    until_gone(deaf);
}

static void events_say_what_runs(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run tell");
    for (double end = clock_seconds() + LONG; console_last_run(s.console) != 12;) {
        turn(&s);
        assert_true(clock_seconds() < end);
    }
    const console_job *j = console_job_at(s.console, 0);
    assert_true(j->has_whole);
    assert_int_equal(j->whole.done, 3);
    assert_int_equal(j->whole.total, 20);
    assert_int_equal(j->n_workers, 2); /* nine has ended, 4711 is no slot */
    assert_string_equal(j->workers[0].label, "two");
    assert_int_equal(j->workers[0].state, WORKER_STOPPED);
    assert_string_equal(j->workers[1].label, "five");
    until_log_has(&s, "50 %  of nothing");
    close_scene(&s);
}

static void too_many_at_once_are_refused(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    for (int i = 0; i < 17; i++)
        console_run(s.console, "run tell");
    assert_int_equal(console_running(s.console), 16);
    need(&s, "16 commands are running");
    close_scene(&s);
}

static void lines_of_another_command_are_marked(void **state)
{
    scene s;
    (void)state;
    open_scene(&s, actor_path);
    console_run(s.console, "run deaf");
    console_run(s.console, "run tell");
    until_log_has(&s, "ready");
    size_t i = 0;
    while (strcmp(line_at(&s, i), "ready") != 0)
        assert_false(console_line_at(s.console, i++)->apart); /* the answers of the last one are where they belong */
    assert_int_equal(console_line_at(s.console, i)->command, 1);
    assert_true(console_line_at(s.console, i)->apart);
    close_scene(&s);
}

static char *slurp(const char *path)
{
    static char text[8192];
    FILE *in = fopen(path, "r");
    const size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in) fclose(in);
    text[n] = '\0';
    return text;
}

static void a_session_is_saved_as_a_recipe(void **state)
{
    char path[] = "/tmp/kvant-save-XXXXXX";
    fault f = { 0 };
    scene s;
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    open_scene(&s, echo_path);
    static const char *const lines[] = {
        "set ctx 2k",
        "set db other.db",
        "set color never",
        "set text 'a \"b\" \\c'",
        "run k=q8_0 v=turbo3 --protocol snapshot --ctx 1k --json",
        "sweep turbo2 'k=q8_0 v=turbo3' --force --timeout 2.5",
        "run q8_0 --plugin a.so",
        "report -o here.md",
        "sql --write DELETE FROM pins",
        "sweep turbo2 --dry-run",
        "frontier --y dppl",
        "calibrate --once",
        "focus log",
        "rnu this",
        "run --nonsense",
        "set",
        "unset ctx",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        console_run(s.console, lines[i]);
        until_ended(&s);
    }
    assert_false(console_save(s.console, path, false, &f));
    assert_non_null(strstr(f.text, "is there already"));
    saving = path;
    console_run(s.console, "focus save"); /* a command of the screen's saves; it is no part of what is saved */
    const char *text = strchr(slurp(path), '\n');
    assert_non_null(text);
    assert_string_equal(text + 1,
                        "lab.set(\"ctx\", \"2k\")\n"
                        "-- with --db: lab.set(\"db\", \"other.db\")\n"
                        "lab.set(\"text\", \"a \\\"b\\\" \\\\c\")\n"
                        "lab.run{ \"k=q8_0 v=turbo3\", protocol = \"snapshot\", ctx = 1024 }\n"
                        "lab.sweep{ \"turbo2\", \"k=q8_0 v=turbo3\", force = true, timeout = \"2.5\" }\n"
                        "-- run: a recipe may not use plugin; name it on the line of `kvant recipe`: run q8_0 "
                        "--plugin a.so\n"
                        "lab.command(\"report -o here.md\" .. \" --force\")\n"
                        "-- sql: a recipe may not use write without --unsafe: sql --write DELETE FROM pins\n"
                        "lab.command \"sweep turbo2 --dry-run\"\n"
                        "lab.frontier{ y = \"dppl\" }\n"
                        "lab.calibrate{ once = true }\n"
                        "-- exit 2: rnu this\n"
                        "-- exit 2: run --nonsense\n"
                        "lab.command \"set\"\n"
                        "lab.set(\"ctx\", nil)\n");
    unlink(path);
    assert_false(console_save(s.console, "/nowhere/x.lua", false, &f));
    assert_non_null(strstr(f.text, "/nowhere/x.lua: cannot be written"));
    close_scene(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_runs_and_its_output_is_logged),
        cmocka_unit_test(settings_hold_for_the_commands_that_follow),
        cmocka_unit_test(a_child_is_told_where_it_is),
        cmocka_unit_test(mistakes_are_entries_in_the_log),
        cmocka_unit_test(the_screens_own_commands_start_no_child),
        cmocka_unit_test(output_is_made_harmless),
        cmocka_unit_test(a_flood_is_kept_short_and_keeps_nobody_waiting),
        cmocka_unit_test(ctrl_c_stops_the_newest),
        cmocka_unit_test(a_deaf_command_is_killed_at_last),
        cmocka_unit_test(a_crash_is_one_line),
        cmocka_unit_test(nothing_of_a_command_is_left_behind),
        cmocka_unit_test(closing_ends_what_runs),
        cmocka_unit_test(children_die_with_the_program),
        cmocka_unit_test(events_say_what_runs),
        cmocka_unit_test(too_many_at_once_are_refused),
        cmocka_unit_test(lines_of_another_command_are_marked),
        cmocka_unit_test(a_session_is_saved_as_a_recipe),
    };
    if (argc < 3) return 2;
    echo_path = argv[1];
    actor_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
