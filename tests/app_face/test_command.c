/* The table of commands keeps its promises, and lines are read as command.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "base/nearest.h"
#include "app/options.h"
#include "app/words.h"

static const command_option options_trial[] = {
    { "flag", 'f', OPTION_FLAG, .help = "a flag" },
    { "int", 'i', OPTION_INT, "N", .min = -5, .max = 10, .standard = "3", .help = "an int" },
    { "size", 's', OPTION_SIZE, "N", .min = 0, .max = 1e15, .help = "a size" },
    { "real", 'r', OPTION_REAL, "X", .min = -1, .max = 1, .help = "a real" },
    { "text", 't', OPTION_TEXT, "TEXT", .flags = OPTION_SETTING, .help = "a text" },
    { "choice", 'c', OPTION_CHOICE, "WORD", .choices = "box csv json", .standard = "csv", .help = "a choice" },
    { "many", 'm', OPTION_TEXT, "TEXT", .flags = OPTION_REPEATS, .help = "a text, often" },
    { "ctx", 0, OPTION_SIZE, "N", .min = 4, .max = 1e6, .standard = "512", .flags = OPTION_SETTING,
      .help = "a setting" },
    { 0 },
};

static const command trial = {
    "trial",
    "Runs",
    "a command for trying",
    .arguments = (const command_argument[]){ { "ONE", COMPLETE_NONE, 0, .help = "the first" },
                                             { "TWO", COMPLETE_NONE, ARGUMENT_OPTIONAL, .help = "the second" },
                                             { 0 } },
    .options = { options_trial, options_output, NULL },
    .text = "Tries."
};

static const command joined = { "joined",
                                "Runs",
                                "a command that joins",
                                .arguments =
                                    (const command_argument[]){
                                        { "CONFIG", COMPLETE_CONFIG, ARGUMENT_JOINED, .help = "a config" }, { 0 } },
                                .options = { options_trial, options_output, NULL },
                                .text = "Joins." };

/* Reads a line as the prompt would. */
static command_line *parse(const command *c, const char *text, const settings *session, fault *f)
{
    words w;
    if (!words_split(text, NULL, &w, f)) return NULL;
    command_line *line = command_parse(c, w.n, (const char *const *)w.word, session, f);
    words_free(&w);
    return line;
}

/* What a line means, spelled out: arguments in brackets, then every option that has a value. */
static void spell(const command_line *line, char *text, size_t capacity)
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < line_n_args(line); i++)
        n += (size_t)snprintf(text + n, capacity - n, "[%s]", line_arg(line, i));
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(line_command(line), i)); i++) {
        if (!line_given(line, o->name)) continue;
        n += (size_t)snprintf(text + n, capacity - n, " %s", o->name);
        if (o->type == OPTION_INT || o->type == OPTION_SIZE || o->type == OPTION_CHOICE)
            n += (size_t)snprintf(text + n, capacity - n, "=%lld", (long long)line_int(line, o->name));
        else if (o->type == OPTION_REAL)
            n += (size_t)snprintf(text + n, capacity - n, "=%g", line_real(line, o->name));
        for (size_t j = 0; o->type == OPTION_TEXT && j < line_count(line, o->name); j++)
            n += (size_t)snprintf(text + n, capacity - n, "=%s", line_text_at(line, o->name, j));
    }
}

static void good_lines_are_read(void **state)
{
    static const struct {
        const char *line, *expected;
    } cases[] = {
        { "a", "[a]" },
        { "a b", "[a][b]" },
        { "--flag a", "[a] flag" },
        { "a --flag b", "[a][b] flag" },
        { "-f a", "[a] flag" },
        { "a --int 7", "[a] int=7" },
        { "a --int=7", "[a] int=7" },
        { "a -i 7", "[a] int=7" },
        { "a -i7", "[a] int=7" },
        { "a --int -5", "[a] int=-5" },
        { "a --int=-5", "[a] int=-5" },
        { "a -i-5", "[a] int=-5" },
        { "-3 -.5", "[-3][-.5]" },
        { "-", "[-]" },
        { "-- --flag", "[--flag]" },
        { "--flag -- -f -i", "[-f][-i] flag" },
        { "-- --", "[--]" },
        { "a --size 0", "[a] size=0" },
        { "a --size 2k", "[a] size=2048" },
        { "a --size 3M", "[a] size=3145728" },
        { "a --size 1G", "[a] size=1073741824" },
        { "a --real -0.25", "[a] real=-0.25" },
        { "a --real 1e-3", "[a] real=0.001" },
        { "a --text=", NULL },
        { "a --text =", "[a] text==" },
        { "a --text=x=y", "[a] text=x=y" },
        { "a --text=--flag", "[a] text=--flag" },
        { "a --choice json", "[a] choice=2" },
        { "a -c box", "[a] choice=0" },
        { "a --many x -m y --many=z", "[a] many=x=y=z" },
        { "a --flag --flag", "[a] flag" },
        { "--help", " help" },
        { "a b c d --help", "[a][b][c][d] help" },
        { "'' b", "[][b]" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault f = { 0 };
        char text[512];
        command_line *line = parse(&trial, cases[i].line, NULL, &f);
        if (!cases[i].expected) {
            assert_null(line);
            continue;
        }
        if (!line) fail_msg("%s: %s", cases[i].line, f.text);
        spell(line, text, sizeof text);
        assert_string_equal(text, cases[i].expected);
        line_free(line);
    }
}

static void bad_lines_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        { "", "trial: ONE is missing (the first)" },
        { "a b c", "\"c\" is one argument too many; it takes 2" },
        { "a --flg", "there is no option \"--flg\"; did you mean \"--flag\"?" },
        { "a --nothing-like-it", "\"help trial\" lists them" },
        { "a -z", "there is no option \"-z\"" },
        { "a -fi", "option --flag takes no value, but has \"i\"" },
        { "a --flag=on", "option --flag takes no value, but has \"on\"" },
        { "a --int", "option --int needs a value (N)" },
        { "a --int --flag", "option --int needs a value (N), but \"--flag\" follows; write --int=--flag" },
        { "a --int 11", "option --int is 11, but must lie in -5 ... 10" },
        { "a --int -6", "must lie in -5 ... 10" },
        { "a --int x", "option --int is \"x\", but must be a whole number" },
        { "a --int 1.5", "must be a whole number" },
        { "a --int 7x", "must be a whole number" },
        { "a --int ''", "must be a whole number" },
        { "a --int 99999999999999999999", "must be a whole number" },
        { "a --int 1 --int 2", "option --int is given twice" },
        { "a --size 1kk", "perhaps with k, M or G behind it" },
        { "a --size 1T", "perhaps with k, M or G behind it" },
        { "a --size 9999999999999999G", "fits 63 bits" },
        { "a --size -1", "must lie in 0 ... " },
        { "a --size -1k", "fits 63 bits" },
        { "a --real nan", "option --real is \"nan\", but must be a number" },
        { "a --real inf", "must be a number" },
        { "a --real 1.01", "must lie in -1 ... 1" },
        { "a --real 0,5", "must be a number" },
        { "a --choice cs", "must be one of: box csv json" },
        { "a --choice 'box csv'", "must be one of: box csv json" },
        { "a --text ''", "a text that is not empty" },
        { "a --a-name-that-is-much-longer-than-any-option-could-ever-be-in-this-table x", "there is no option" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault f = { 0 };
        command_line *line = parse(&trial, cases[i].line, NULL, &f);
        if (line) fail_msg("%s: was read", cases[i].line);
        assert_int_equal(f.code, FAULT_USAGE);
        if (!strstr(f.text, cases[i].part)) fail_msg("%s: %s", cases[i].line, f.text);
    }
}

static void joined_words_are_one_argument(void **state)
{
    fault f = { 0 };
    (void)state;
    command_line *line = parse(&joined, "k=q8_0 --flag v=turbo3 '@0-1:k=q8_0'", NULL, &f);
    assert_non_null(line);
    assert_int_equal(line_n_args(line), 1);
    assert_string_equal(line_arg(line, 0), "k=q8_0 v=turbo3 @0-1:k=q8_0");
    assert_true(line_has(line, "flag"));
    line_free(line);
}

static void a_line_wins_over_the_session_over_the_default(void **state)
{
    static const command_option *const tables[] = { options_trial, NULL };
    fault f = { 0 };
    (void)state;
    settings *s = settings_create(tables, &f);
    command_line *line = parse(&trial, "a", s, &f);
    assert_int_equal(line_int(line, "ctx"), 512);
    assert_false(line_given(line, "ctx"));
    assert_null(line_text(line, "text"));
    line_free(line);

    assert_true(settings_set(s, "ctx", "2k", &f));
    assert_true(settings_set(s, "text", "book", &f));
    line = parse(&trial, "a", s, &f);
    assert_int_equal(line_int(line, "ctx"), 2048);
    assert_string_equal(line_text(line, "text"), "book");
    line_free(line);

    line = parse(&trial, "a --ctx 8", s, &f);
    assert_int_equal(line_int(line, "ctx"), 8);
    assert_int_equal(line_count(line, "ctx"), 1);
    assert_true(line_given(line, "ctx"));
    line_free(line);

    assert_true(settings_unset(s, "ctx", &f));
    line = parse(&trial, "a", s, &f);
    assert_int_equal(line_int(line, "ctx"), 512);
    line_free(line);
    settings_free(s);
}

static void settings_are_checked_when_set(void **state)
{
    static const struct {
        const char *name, *text, *part;
    } cases[] = {
        { "ctx", "3", "must lie in 4 ... " },        { "ctx", "x", "a whole number" },
        { "modle", "x", "did you mean \"model\"?" }, { "json", "on", "there is no setting \"json\"" },
        { "no-cache", "maybe", "on or off" },        { "protocol", "both", "stream snapshot" },
    };
    fault f = { 0 };
    (void)state;
    settings *s = settings_create(options_shared, &f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(settings_set(s, cases[i].name, cases[i].text, &f));
        assert_int_equal(f.code, FAULT_USAGE);
        if (!strstr(f.text, cases[i].part)) fail_msg("%s", f.text);
        assert_null(settings_get(s, cases[i].name));
    }
    assert_true(settings_set(s, "no-cache", "on", &f));
    assert_non_null(settings_get(s, "no-cache"));
    assert_true(settings_set(s, "no-cache", "off", &f));
    assert_null(settings_get(s, "no-cache"));
    settings_free(s);
}

static void what_a_command_does_not_have_reads_as_absent(void **state)
{
    fault f = { 0 };
    (void)state;
    command_line *line = parse(&trial, "a", NULL, &f);
    assert_false(line_has(line, "nonsense"));
    assert_null(line_text(line, "nonsense"));
    assert_int_equal(line_int(line, "nonsense"), 0);
    assert_int_equal(line_count(line, "nonsense"), 0);
    assert_null(line_arg(line, 1));
    line_free(line);
}

/* ---- the real table ---- */

static bool has_section(const char *name)
{
    for (const char *const *s = command_sections; *s; s++)
        if (strcmp(*s, name) == 0) return true;
    return false;
}

static void check_options(const command *c)
{
    const command_option *a, *b;
    for (size_t i = 0; (a = command_option_at(c, i)); i++) {
        option_value value;
        fault f = { 0 };
        assert_non_null(a->help);
        assert_true((a->type == OPTION_FLAG) == (a->argument == NULL));
        assert_true((a->type == OPTION_CHOICE) == (a->choices != NULL));
        if (a->standard && !option_read(a, c->name, a->standard, &value, &f)) fail_msg("%s", f.text);
        for (size_t j = 0; j < i && (b = command_option_at(c, j)); j++)
            if (strcmp(a->name, b->name) == 0 || (a->letter && a->letter == b->letter))
                fail_msg("%s: --%s and --%s clash", c->name, a->name, b->name);
    }
    assert_non_null(command_option_named(c, "help"));
    assert_non_null(command_option_named(c, "json"));
}

/* An example is what a shell would see: redirections and pipes are not the command's. */
static void check_examples(const command *c)
{
    for (const command_example *e = c->examples; e && e->line; e++) {
        char line[256];
        fault f = { 0 };
        words w;
        snprintf(line, sizeof line, "%.*s", (int)strcspn(e->line, "|"), e->line);
        char *redirection = strstr(line, " > ");
        if (redirection) *redirection = '\0';
        assert_true(words_split(line, NULL, &w, &f));
        assert_string_equal(w.word[0], c->name);
        command_line *read = command_parse(c, w.n - 1, (const char *const *)w.word + 1, NULL, &f);
        if (!read) fail_msg("%s: %s", e->line, f.text);
        line_free(read);
        words_free(&w);
    }
}

static void every_row_is_whole(void **state)
{
    command_table all = commands_all();
    const command *c;
    (void)state;
    for (size_t i = 0; (c = command_at(&all, i)); i++) {
        assert_ptr_equal(command_find(&all, c->name), c);
        assert_true(has_section(c->section));
        assert_non_null(c->summary);
        assert_non_null(c->text);
        assert_non_null(c->run);
        bool optional = false;
        for (const command_argument *a = c->arguments; a && a->name; a++) {
            assert_false(optional && !(a->flags & ARGUMENT_OPTIONAL));
            optional = a->flags & ARGUMENT_OPTIONAL;
            if (a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED)) assert_null(a[1].name);
        }
        check_options(c);
        check_examples(c);
    }
    assert_true(command_find(&all, "frontier") != NULL);
}

static void unknown_commands_get_a_suggestion(void **state)
{
    static const struct {
        const char *typed, *part;
    } cases[] = {
        { "rnu", "\"run\"" },      { "sweeep", "\"sweep\"" },          { "fronteir", "\"frontier\"" },
        { "codec", "\"codecs\"" }, { "xyzzy", "\"help\" lists them" }, { "wroker", "lists them" },
    };
    command_table all = commands_all();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault f = { 0 };
        assert_null(command_need(&all, cases[i].typed, &f));
        assert_int_equal(f.code, FAULT_USAGE);
        if (!strstr(f.text, cases[i].part)) fail_msg("%s", f.text);
    }
}

/* The textbook pairs of the optimal string alignment distance. */
static void distances_are_those_of_damerau_and_levenshtein(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        { "", "", 0 },         { "", "abc", 3 },      { "kitten", "sitting", 3 },
        { "ab", "ba", 1 },     { "ca", "abc", 3 },    { "sunday", "saturday", 3 },
        { "same", "same", 0 }, { "flaw", "lawn", 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(nearest_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
    char longer[80];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_true(nearest_distance(longer, longer) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_are_read),
        cmocka_unit_test(bad_lines_are_refused_with_a_sentence),
        cmocka_unit_test(joined_words_are_one_argument),
        cmocka_unit_test(a_line_wins_over_the_session_over_the_default),
        cmocka_unit_test(settings_are_checked_when_set),
        cmocka_unit_test(what_a_command_does_not_have_reads_as_absent),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(unknown_commands_get_a_suggestion),
        cmocka_unit_test(distances_are_those_of_damerau_and_levenshtein),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
