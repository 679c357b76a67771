/* Completion at the prompt offers what the table of commands has, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/complete.h"
#include "app/options.h"

static void candidates_come_from_the_table(void **state)
{
    /* | is where the word being typed begins. */
    static const struct {
        const char *line, *expected;
        bool files;
    } cases[] = {
        { "|ru", "run runs", false },
        { "|xyz", "", false },
        { "|wor", "", false },
        { "|la", "", false },
        { "help |r", "roundtrip run recipe runs", false },
        { "run |tur", "turbo2 turbo3 turbo4", false },
        { "run turbo4 |q", "q4_0 q8_0", false },
        { "run k=|tur", "turbo2 turbo3 turbo4", false },
        { "run k=q8_0 v=rotate(|i", "identity", false },
        { "roundtrip rotate(|q", "q4_0 q8_0", false },
        { "run |--pro", "--protocol", false },
        { "run --protocol |s", "stream snapshot", false },
        { "run --protocol=|sn", "snapshot", false },
        { "run -p |", "stream snapshot", false },
        { "run --ctx 512 |tur", "turbo2 turbo3 turbo4", false },
        { "run --json |tur", "turbo2 turbo3 turbo4", false },
        { "run --model |x", "", true },
        { "tokenize model.gguf |x", "", true },
        { "inspect a |q", "", false },
        { "codecs |rot", "rotate", false },
        { "set |p", "protocol passages", false },
        { "set protocol |s", "stream snapshot", false },
        { "set no-cache |o", "on off", false },
        { "set model |x", "", true },
        { "nonsense |t", "", false },
        { "run 'open |t", "", false },
    };
    fault f = { 0 };
    app_context app = { .commands = commands_all(),
                        .names = commands_names(),
                        .session = settings_create(options_shared, &f) };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128], text[256] = "";
        size_t start = strcspn(cases[i].line, "|");
        snprintf(line, sizeof line, "%.*s%s", (int)start, cases[i].line, cases[i].line + start + 1);
        complete_result r;
        complete_line(&app, line, start, &r);
        for (size_t j = 0; j < r.n; j++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", j ? " " : "", r.names[j]);
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].line, text, cases[i].expected);
        assert_int_equal(r.files, cases[i].files);
        complete_free(&r);
    }
    settings_free(app.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(candidates_come_from_the_table) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
