/* What a worker says may come in pieces, or be nonsense; it is never believed blindly. */
#include "app/worker_events.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void say(worker_events *e, const char *bytes, size_t n)
{
    char *to = worker_events_room(e, n + 1);
    assert_non_null(to);
    memcpy(to, bytes, n);
    worker_events_take(e, n);
}

static void say_line(worker_events *e, const char *line)
{
    say(e, line, strlen(line));
    say(e, "\n", 1);
}

static void events_in_pieces_are_events(void **state)
{
    (void)state;
    static const char text[] =
        "{\"event\":\"stage\",\"stage\":\"codec\",\"passage\":3,\"layer\":2}\n"
        "{\"event\":\"progress\",\"what\":\"evaluating\",\"done\":3,\"total\":32,\"kld\":0.5,\"kept\":true}\n"
        "{\"event\":\"fault\",\"code\":3,\"text\":\"no\"}\n";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        worker_events e = { .now = { .passage = -1, .layer = -1, .kld = NAN } };
        for (size_t at = 0; at < sizeof text - 1; at += piece)
            say(&e, text + at, at + piece < sizeof text - 1 ? piece : sizeof text - 1 - at);
        assert_string_equal("codec", e.now.stage);
        assert_true(e.now.passage == 3 && e.now.layer == 2 && e.now.done == 3 && e.now.total == 32 && e.now.kept);
        assert_true(e.now.kld == 0.5 && e.last > 0 && e.now.what_since > 0 && e.now.stage_since > 0);
        assert_true(e.faulted && e.fault.code == FAULT_INPUT && !e.started && !e.done);
        worker_events_release(&e);
    }
}

static void nonsense_changes_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "no JSON",
        "{",
        "[]",
        "null",
        "{\"event\":7}",
        "{\"event\":\"party\"}",
        "{\"event\":\"progress\",\"what\":\"x\",\"done\":-1,\"total\":3}",
        "{\"event\":\"progress\",\"what\":\"x\",\"done\":1e300,\"total\":3}",
        "{\"event\":\"progress\",\"what\":\"x\",\"total\":3}",
    };
    worker_events e = { .now = { .passage = -1, .layer = -1, .kld = NAN } };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        say_line(&e, lines[i]);
    assert_true(e.now.total == 0 && e.now.what[0] == '\0' && e.now.stage[0] == '\0');
    assert_false(e.started || e.done || e.faulted);
    say_line(&e, "{\"event\":\"stage\",\"stage\":\"a name that is much too long for a stage\",\"passage\":1e99}");
    assert_true(strlen(e.now.stage) < sizeof e.now.stage && e.now.passage == -1);
    worker_events_release(&e);
}

static void half_a_result_is_a_fault_and_keeps_what_was_known(void **state)
{
    (void)state;
    worker_events e = { 0 };
    job_result r = { 0 };
    strcpy(r.model_name, "small");
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", "started");
    cJSON_AddItemToObject(event, "so_far", job_result_to_json(&r));
    char *line = cJSON_PrintUnformatted(event);
    say_line(&e, line);
    assert_true(e.started && !e.faulted);
    say_line(&e, "{\"event\":\"result\",\"result\":{\"model_name\":\"big\"}}");
    assert_true(e.faulted && !e.done);
    assert_int_equal(FAULT_INTERNAL, e.fault.code);
    assert_string_equal("small", e.result.model_name);
    cJSON_free(line);
    cJSON_Delete(event);
    worker_events_release(&e);
}

static void an_event_without_end_is_not_kept_for_ever(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20 };
    worker_events e = { 0 };
    size_t pieces = 0;
    for (char *to; (to = worker_events_room(&e, PIECE)); pieces++) {
        assert_true(pieces < 200);
        memset(to, 'x', PIECE);
        worker_events_take(&e, PIECE);
    }
    assert_true(pieces >= 32);
    worker_events_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_in_pieces_are_events),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(half_a_result_is_a_fault_and_keeps_what_was_known),
        cmocka_unit_test(an_event_without_end_is_not_kept_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
