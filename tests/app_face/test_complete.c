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
        { "help |ru", "run runs", false },
        { "help |con", "config", false },
        { "run |tur", "turbo2 turbo3 turbo4", false },
        { "run turbo4 |q", "", false },
        { "run k=turbo4 v=|q", "q4_0 q8_0", false },
        { "run k=|tur", "turbo2 turbo3 turbo4", false },
        { "run k=q8_0 v=rotate(|i", "identity", false },
        { "roundtrip rotate(|q", "q4_0 q8_0", false },
        { "roundtrip |rot", "rotate(", false },
        { "roundtrip |k", "", false },
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
        /* inside configs, wherever readline breaks words */
        { "run |rot", "rotate(", false },
        { "run polar(|b", "bits=", false },
        { "run |polar(b", "polar(bits=", false },
        { "run polar(bits=|", "1 2 3 4 5 6 7 8", false },
        { "run polar(bits=3,|", "scale=", false },
        { "run polar(bits=3|", ") ,", false },
        { "run polar(bits=|3", "3 3) 3,", false },
        { "run polar(scale=|m", "mse", false },
        { "run turbo4 |", "rope= adaptive= @", false },
        { "run turbo4 rope=|", "pre post", false },
        { "run turbo4 --ctx 512 |@0-1:k", "@0-1:k=", false },
        { "run turbo4 @0-1:k=|q", "q4_0 q8_0", false },
        { "run k=q8_0 --json v=polar(|s", "scale=", false },
        { "run 'k=q8_0 v=|tur", "turbo2 turbo3 turbo4", false },
        { "run '|k=q8_0 v=tur", "k=q8_0 v=turbo2 k=q8_0 v=turbo3 k=q8_0 v=turbo4", false },
        { "run \"k=q8_0 v=|tur", "turbo2 turbo3 turbo4", false },
        { "run k=nonsense v=|t", "", false },
        { "run polar(bits=|9", "", false },
        { "config k=|tur", "turbo2 turbo3 turbo4", false },
        { "sweep |polar(bits=2.", "polar(bits=2..", false },
        { "sweep polar(bits=7..|", "7 8", false },
        { "sweep polar(bits=|7..", "7..7 7..8", false },
        { "sweep turbo4 'k=q8_0 v=|tur", "turbo2 turbo3 turbo4", false },
        { "sweep --k q8_0,|tur", "turbo2 turbo3 turbo4", false },
        { "sweep --k=q8_0,|tur", "turbo2 turbo3 turbo4", false },
        { "sweep --v rotate(|tur", "turbo2 turbo3 turbo4", false },
        { "run -- |--pro", "", false },
        { "run -- |tur", "turbo2 turbo3 turbo4", false },
        { "run # |tur", "", false },
        { "run 'a' \"b |c' d", "", false },
        { "codecs |po", "polar", false },
        /* words that a command takes */
        { "growth |", "rows dim bits context vocabulary runs all", false },
        { "growth --reps 9 |r", "rows runs", false },
        { "growth rows |pol", "polar", false },
        { "paper h1 |k", "k1 k4", false },
        { "sort kld |", "asc desc", false },
        { "group |p", "previous", false },
        { "focus |r", "runs", false },
        { "zoom |", "runs frontier details log workers", false },
        { "mouse |of", "off", false },
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
    complete_forget(&app);
    settings_free(app.session);
}

typedef struct opened {
    app_context app;
    complete_result r;
} opened;

static void open_at(opened *o, const char *line)
{
    fault f = { 0 };
    o->app = (app_context){ .commands = commands_all(),
                            .names = commands_names(),
                            .session = settings_create(options_shared, &f) };
    size_t start = strlen(line);
    while (start > 0 && !strchr(" =(,", line[start - 1]))
        start--;
    complete_line(&o->app, line, start, &o->r);
}

static void close_it(opened *o)
{
    complete_free(&o->r);
    complete_forget(&o->app);
    settings_free(o->app.session);
}

static void a_place_has_a_hint(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        { "run polar(bits=", "bits  1 to 8 (4)  bits per coordinate" },
        { "run polar(", "bits=1 to 8 (4)" },
        { "run polar(scale=", "norm, mse (norm)" },
        { "run ", "a codec for keys and values" },
        { "run k=", "a codec" },
        { "run turbo4 @", "layers: 3  0-3" },
        { "run turbo4 adaptive=", "a layer-adaptive mode" },
        { "run --ctx ", "tokens per passage (snapshot: of its prefix)  4 to 16777216 (512)" },
        { "set ctx ", "4 to 16777216 (512)" },
        { "run --protocol ", "stream: compress as tokens arrive" },
        { "show ", "run" },
        { "growth ", "or all of them" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o;
        open_at(&o, cases[i].line);
        if (!strstr(o.r.hint, cases[i].part))
            fail_msg("%s: the hint is \"%s\", without \"%s\"", cases[i].line, o.r.hint, cases[i].part);
        close_it(&o);
    }
}

static void a_name_has_help_and_says_whether_its_word_goes_on(void **state)
{
    static const struct {
        const char *line, *help;
        bool open;
    } cases[] = {
        { "run polar(bi", "1 to 8 (4)  bits per coordinate", true },
        { "run turbo4", "a codec", false },
        { "run rot", "a codec", true },
        { "run turbo4 rope=po", "keys after the rotary embedding, as most servers store them", false },
        { "run --prot", "stream: compress as tokens arrive; snapshot: compress a finished prefix, then continue",
          false },
        { "swe", "evaluate many configs", false },
        { "codecs pol", "a codec", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o;
        open_at(&o, cases[i].line);
        assert_int_equal(o.r.n, 1);
        assert_string_equal(o.r.helps[0], cases[i].help);
        assert_int_equal(o.r.open, cases[i].open);
        close_it(&o);
    }
}

/* Every name that is offered goes on from what stands there. */
static void names_keep_what_is_typed(void **state)
{
    static const char *const lines[] = { "run polar(bits=3,s", "sweep 'k=q8_0 v=tu", "set pro", "run --pas", "he" };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (size_t start = 0; start <= strlen(lines[i]); start++) {
            opened o;
            open_at(&o, "");
            complete_free(&o.r);
            complete_line(&o.app, lines[i], start, &o.r);
            assert_true(o.r.n > 0);
            for (size_t j = 0; j < o.r.n; j++)
                assert_int_equal(strncmp(o.r.names[j], lines[i] + start, strlen(lines[i] + start)), 0);
            close_it(&o);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_come_from_the_table),
        cmocka_unit_test(a_place_has_a_hint),
        cmocka_unit_test(a_name_has_help_and_says_whether_its_word_goes_on),
        cmocka_unit_test(names_keep_what_is_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
