/* The predictor as the screen uses it: asked at every key, with codecs that crash and hang, its child killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/complete.h"
#include "app/options.h"
#include "app/predict.h"
#include "base/clock.h"

#define SMALL "tests/data/arch/llama.gguf"

static app_context app;

static int set_up(void **state)
{
    fault f = { 0 };
    app = (app_context){ .commands = commands_all(), .session = settings_create(options_shared, &f) };
    snprintf(app.places.executable, sizeof app.places.executable, "%s", KVANT);
    setenv("KVANT_PLUGIN_PATH", BAD_PLUGINS, 1);
    if (!settings_set(app.session, "model", SMALL, &f) || !settings_set(app.session, "ctx", "64", &f)) return -1;
    *state = predictor_open(&app, &f);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    predictor_close(*state);
    settings_free(app.session);
    return 0;
}

/* Waits, as a loop that draws would, until the newest question has its answer. */
static const prediction *answer(predictor *p)
{
    const double end = clock_seconds() + 60;
    while (clock_seconds() < end) {
        struct pollfd fd = { predictor_fd(p), POLLIN, 0 };
        poll(&fd, 1, 1000);
        if (predictor_take(p)) return predictor_answer(p);
    }
    fail_msg("no answer came");
    return NULL;
}

static void assert_known(predictor *p, const char *text, double bits)
{
    predictor_ask(p, text);
    const prediction *a = answer(p);
    if (a->state != PREDICTION_KNOWN) fail_msg("%s: %s", text, a->text);
    assert_string_equal(a->asked, text);
    assert_true(a->bits_per_value == bits);
}

static void the_newest_question_is_the_one_answered(void **state)
{
    static const char line[] = "k=q8_0 v=polar(bits=3)";
    predictor *p = *state;
    char text[64];
    assert_int_equal(predictor_answer(p)->state, PREDICTION_NONE);
    for (size_t n = 1; n < sizeof line; n++) {
        snprintf(text, sizeof text, "%.*s", (int)n, line);
        predictor_ask(p, text);
    }
    const prediction *a = answer(p);
    assert_string_equal(a->asked, line);
    assert_int_equal(a->state, PREDICTION_KNOWN);
    assert_true(a->bits_per_value == 6);
    /* nothing more comes, also when it is asked again */
    predictor_ask(p, line);
    struct pollfd fd = { predictor_fd(p), POLLIN, 0 };
    assert_int_equal(poll(&fd, 1, 200), 0);
    assert_false(predictor_take(p));
    assert_string_equal(predictor_answer(p)->asked, line);
}

static void an_empty_line_has_no_answer(void **state)
{
    predictor *p = *state;
    predictor_ask(p, "q4_0");
    predictor_ask(p, "");
    assert_int_equal(predictor_answer(p)->state, PREDICTION_NONE);
    const double end = clock_seconds() + 1;
    while (clock_seconds() < end) {
        struct pollfd fd = { predictor_fd(p), POLLIN, 0 };
        poll(&fd, 1, 100);
        assert_false(predictor_take(p));
    }
    assert_int_equal(predictor_answer(p)->state, PREDICTION_NONE);
    assert_known(p, "q4_0", 4.5);
}

static void partial_and_wrong_lines_say_so(void **state)
{
    predictor *p = *state;
    predictor_ask(p, "k=polar(bits=");
    const prediction *a = answer(p);
    assert_int_equal(a->state, PREDICTION_PARTIAL);
    assert_non_null(strstr(a->text, "bits  1 to 8 (4)"));
    predictor_ask(p, "k=polar(bits=9)");
    a = answer(p);
    assert_int_equal(a->state, PREDICTION_WRONG);
    assert_int_equal(a->column, 14);
    char text[4096];
    memset(text, 'q', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    predictor_ask(p, text);
    assert_int_equal(predictor_answer(p)->state, PREDICTION_WRONG);
    assert_non_null(strstr(predictor_answer(p)->text, "longer than"));
}

static void the_session_is_as_it_is_when_asked(void **state)
{
    predictor *p = *state;
    fault f = { 0 };
    assert_known(p, "window(q4_0,n=32)", (16 + 4.5) / 2);
    assert_true(settings_set(app.session, "ctx", "128", &f));
    assert_known(p, "window(q4_0,n=32)", (16 + 3 * 4.5) / 4);
    assert_true(settings_set(app.session, "model", "/nowhere.gguf", &f));
    predictor_ask(p, "window(q4_0,n=32)");
    const prediction *a = answer(p);
    assert_int_equal(a->state, PREDICTION_WRONG);
    assert_non_null(strstr(a->text, "/nowhere.gguf"));
}

static void a_codec_that_crashes_costs_one_answer(void **state)
{
    predictor *p = *state;
    for (int i = 0; i < 2; i++) {
        predictor_ask(p, "bad_crash");
        const prediction *a = answer(p);
        assert_int_equal(a->state, PREDICTION_WRONG);
        if (strncmp(a->text, "bad_crash: the codec ", 21) != 0) fail_msg("%s", a->text);
        assert_string_equal(a->asked, "bad_crash");
        assert_known(p, "k=q8_0 v=q4_0", 6.5);
    }
}

static void a_codec_that_hangs_is_stopped(void **state)
{
    predictor *p = *state;
    predictor_ask(p, "bad_hang");
    predictor_ask(p, "k=q8_0 v=q4_0");
    const prediction *a = answer(p);
    assert_string_equal(a->asked, "k=q8_0 v=q4_0");
    assert_int_equal(a->state, PREDICTION_KNOWN);
}

static pid_t only_child(void)
{
    char path[64];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%d", &pid) != 1) pid = 0;
        fclose(file);
    }
    return (pid_t)pid;
}

static void a_child_that_is_killed_is_replaced(void **state)
{
    predictor *p = *state;
    assert_known(p, "q4_0", 4.5);
    const pid_t first = only_child();
    if (first == 0) skip(); /* no /proc with children here */
    kill(first, SIGKILL);
    struct pollfd fd = { predictor_fd(p), POLLIN, 0 };
    poll(&fd, 1, 5000);
    assert_false(predictor_take(p));
    assert_int_equal(predictor_fd(p), -1);
    assert_known(p, "q8_0", 8.5);
    assert_true(only_child() != first);
    /* and while a question is under way */
    kill(only_child(), SIGSTOP);
    predictor_ask(p, "q5_0");
    kill(only_child(), SIGKILL);
    assert_int_equal(answer(p)->state, PREDICTION_WRONG);
    assert_known(p, "q5_0 rope=pre", 5.5);
}

static void one_question_waits_for_its_answer(void **state)
{
    (void)state;
    fault f = { 0 };
    prediction a;
    assert_true(predict_line(&app, NULL, "k=q8_0", &a, &f));
    assert_true(a.bits_per_value == 12.25);
    assert_true(predict_line(&app, NULL, "k=q8_0 v=", &a, &f));
    assert_int_equal(a.state, PREDICTION_PARTIAL);
    snprintf(app.places.executable, sizeof app.places.executable, "/nowhere/kvant");
    assert_false(predict_line(&app, NULL, "k=q8_0", &a, &f));
    assert_non_null(strstr(f.text, "/nowhere/kvant"));
}

#define WITH_PREDICTOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PREDICTOR(the_newest_question_is_the_one_answered), WITH_PREDICTOR(an_empty_line_has_no_answer),
        WITH_PREDICTOR(partial_and_wrong_lines_say_so),          WITH_PREDICTOR(the_session_is_as_it_is_when_asked),
        WITH_PREDICTOR(a_codec_that_crashes_costs_one_answer),   WITH_PREDICTOR(a_codec_that_hangs_is_stopped),
        WITH_PREDICTOR(a_child_that_is_killed_is_replaced),      WITH_PREDICTOR(one_question_waits_for_its_answer),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
