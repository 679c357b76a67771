#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/expr.h"
#include "app/number.h"
#include "app/spec.h"
#include "tests/app/known.h"

/* Spellings of one codec; the second is canonical: parameters by name, defaults dropped, the inner codec first. */
static void spellings_have_one_canonical_form(void **state)
{
    static const struct {
        const char *typed, *canonical;
    } cases[] = {
        { "q8_0", "q8_0" },
        { "  q8_0 ( ) \t", "q8_0" },
        { "polar(bits=4)", "polar" },
        { "polar( bits = 3 )", "polar(bits=3)" },
        { "polar(scale=mse,bits=3)", "polar(bits=3,scale=mse)" },
        { "polar(scale=norm,bits=3)", "polar(bits=3)" },
        { "polar(gain=0.50)", "polar(gain=0.5)" },
        { "polar(gain=.5e0)", "polar(gain=0.5)" },
        { "polar(gain=5e-1)", "polar(gain=0.5)" },
        { "polar(gain=1)", "polar" },
        { "polar(gain=2)", "polar(gain=2)" },
        { "polar(gain=2.0)", "polar(gain=2)" },
        { "polar(fast=on)", "polar(fast=true)" },
        { "polar(fast=true)", "polar(fast=true)" },
        { "polar(fast=off)", "polar" },
        { "polar(seed=9007199254740992)", "polar(seed=9007199254740992)" },
        { "polar(seed=007)", "polar(seed=7)" },
        { "kakeya(rank=0)", "kakeya(rank=0)" },
        { "kakeya(rank=-0.0)", "kakeya(rank=0)" },
        { "kakeya(rank=1e-05)", "kakeya(rank=1e-05)" },
        { "kakeya(rank=0.00001)", "kakeya(rank=1e-05)" },
        { "kakeya(rank=0.1)", "kakeya(rank=0.1)" },
        { "rotate(q4_0)", "rotate(q4_0)" },
        { "rotate(inner=q4_0)", "rotate(q4_0)" },
        { "sink(turbo3, n=4)", "sink(turbo3)" },
        { "sink(n=8, inner=turbo3)", "sink(turbo3,n=8)" },
        { "sink(rotate(polar(scale=unbiased,bits=2)),n=1)", "sink(rotate(polar(bits=2,scale=unbiased)),n=1)" },
        { "comfy", "comfy" },
        { "comfy(turbo3)", "comfy" },
        { "comfy(inner=turbo3(),n=1)", "comfy" },
        { "comfy(q4_0)", "comfy(q4_0)" },
        { "comfy(n=2)", "comfy(n=2)" },
        { "rotate(comfy(turbo3))", "rotate(comfy)" },
    };
    (void)state;
    catalog *known = known_codecs();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        spec *s = spec_parse(known, cases[i].typed, &f);
        if (!s) fail_msg("%s", f.text);
        assert_string_equal(s->text, cases[i].canonical);
        spec *again = spec_parse(known, s->text, &f);
        assert_non_null(again);
        assert_string_equal(again->text, s->text);
        spec_free(again);
        spec_free(s);
    }
    catalog_free(known);
}

static void values_reach_the_parameters_they_name(void **state)
{
    (void)state;
    catalog *known = known_codecs();
    fault f = { 0 };
    spec *s = spec_parse(known, "sink(polar(scale=unbiased,gain=0.75,fast=on),n=17)", &f);
    assert_non_null(s);
    assert_string_equal(s->codec->name, "sink");
    assert_int_equal(s->values[1].i, 17);
    assert_non_null(s->inner);
    assert_int_equal(s->inner->values[0].i, 4); /* the default */
    assert_int_equal(s->inner->values[1].i, 2);
    assert_true(s->inner->values[3].r == 0.75);
    assert_int_equal(s->inner->values[4].i, 1);
    spec_free(s);
    s = spec_parse(known, "comfy", &f);
    assert_non_null(s);
    assert_string_equal(s->inner->codec->name, "turbo3");
    spec_free(s);
    catalog_free(known);
}

static void nesting_is_limited_and_longer_texts_are_refused(void **state)
{
    (void)state;
    catalog *known = known_codecs();
    for (int depth = 30; depth <= 34; depth++) {
        char text[600] = "";
        for (int i = 0; i < depth; i++)
            strcat(text, "rotate(");
        strcat(text, "q4_0");
        for (int i = 0; i < depth; i++)
            strcat(text, ")");
        fault f = { 0 };
        spec *s = spec_parse(known, text, &f);
        assert_int_equal(s != NULL, depth <= EXPR_DEEPEST);
        if (s)
            assert_string_equal(s->text, text);
        else
            assert_non_null(strstr(f.text, "nested more than 32 levels deep (column 231)"));
        spec_free(s);
    }
    char *longest = malloc(EXPR_LONGEST + 2);
    assert_non_null(longest);
    memset(longest, ' ', EXPR_LONGEST + 1);
    memcpy(longest, "q8_0", 4);
    longest[EXPR_LONGEST + 1] = '\0';
    fault f = { 0 };
    assert_null(spec_parse(known, longest, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "longer than 65536 bytes"));
    longest[EXPR_LONGEST] = '\0';
    spec *s = spec_parse(known, longest, &f);
    assert_non_null(s);
    spec_free(s);
    free(longest);
    catalog_free(known);
}

/* Every prefix, and every text with one byte replaced, is parsed or refused with a column inside it; none crashes. */
static void damaged_texts_are_refused_with_a_column(void **state)
{
    static const char text[] = "sink(rotate(polar(bits={2..4,8},gain=1e-1)), n = -12)";
    (void)state;
    catalog *known = known_codecs();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char damaged[sizeof text];
            memcpy(damaged, text, sizeof text);
            damaged[i] = (char)byte;
            fault f = { 0 };
            expr *e = expr_parse_all(damaged, &f);
            spec *s = e ? spec_check(known, damaged, e, 0, NULL, &f) : NULL;
            expr_free(e);
            if (s) {
                spec_free(s);
                continue;
            }
            assert_int_equal(f.code, FAULT_INPUT);
            const char *column = strstr(f.text, "(column ");
            assert_non_null(column);
            assert_in_range(strtoul(column + 8, NULL, 10), 1, strlen(damaged) + 1);
        }
    }
    catalog_free(known);
}

static void numbers_are_written_with_the_fewest_digits_that_read_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = { { 0.0, "0" },
                  { -0.0, "0" },
                  { 1.0, "1" },
                  { -3.0, "-3" },
                  { 0.1, "0.1" },
                  { 1.0 / 3, NULL },
                  { 5e-324, "5e-324" },
                  { 1e300, "1e+300" },
                  { 0.25, "0.25" },
                  { 1e14, "100000000000000" },
                  { 1.7976931348623157e308, NULL },
                  { 1e-5, "1e-05" },
                  { 123456.789, "123456.789" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NUMBER_TEXT];
        number_write(cases[i].value, text);
        if (cases[i].text) assert_string_equal(text, cases[i].text);
        double back;
        assert_true(number_read(text, strlen(text), &back));
        assert_true(back == cases[i].value);
    }
    static const char *const refused[] = { "", "inf", "nan", "0x10", " 1", "1 ", "1e999", "--1", "+1" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        double v;
        assert_false(number_read(refused[i], strlen(refused[i]), &v));
    }
}

static void numbers_have_a_point_in_every_locale(void **state)
{
    static const char *const with_comma[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR" };
    (void)state;
    const char *found = NULL;
    for (size_t i = 0; !found && i < sizeof with_comma / sizeof *with_comma; i++)
        found = setlocale(LC_NUMERIC, with_comma[i]);
    if (!found) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    char text[NUMBER_TEXT];
    double v = 0;
    number_write(0.5, text);
    bool ok = number_read("0.5", 3, &v);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, "0.5");
    assert_true(ok && v == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_have_one_canonical_form),
        cmocka_unit_test(values_reach_the_parameters_they_name),
        cmocka_unit_test(nesting_is_limited_and_longer_texts_are_refused),
        cmocka_unit_test(damaged_texts_are_refused_with_a_column),
        cmocka_unit_test(numbers_are_written_with_the_fewest_digits_that_read_back),
        cmocka_unit_test(numbers_have_a_point_in_every_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
