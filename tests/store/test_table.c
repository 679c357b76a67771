/* Tables as they are written. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/table.h"

static table *make(size_t n, const char *const *names)
{
    fault f = { 0 };
    table *t = table_create(n, names, &f);
    assert_non_null(t);
    return t;
}

static void row(table *t, const table_cell *cells)
{
    fault f = { 0 };
    assert_true(table_add(t, cells, &f));
}

static char *text_of(const table *t, table_style style)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    fault f = { 0 };
    assert_true(table_write(t, out, &style, &f));
    fclose(out);
    return text;
}

static void written(const table *t, table_style style, const char *expected)
{
    char *text = text_of(t, style);
    assert_string_equal(text, expected);
    free(text);
}

static table *sample(void)
{
    table *t = make(4, (const char *const[]){ "config", "ratio", "n", "note" });
    row(t, (const table_cell[]){ table_text("k=q8_0 v=turbo3"), table_real_as(2.6122448979591835, "2.61"),
                                 table_integer(7), table_null() });
    row(t, (const table_cell[]){ table_text("identity"), table_real(0.1), table_integer(-9007199254740993),
                                 table_text("a, \"b\"|c") });
    return t;
}

static void a_box_aligns_numbers_to_the_right(void **state)
{
    (void)state;
    table *t = sample();
    written(t, (table_style){ TABLE_BOX, false, 0 },
            "+-----------------+-------+-------------------+----------+\n"
            "| config          | ratio |                 n | note     |\n"
            "+-----------------+-------+-------------------+----------+\n"
            "| k=q8_0 v=turbo3 |  2.61 |                 7 |          |\n"
            "| identity        |   0.1 | -9007199254740993 | a, \"b\"|c |\n"
            "+-----------------+-------+-------------------+----------+\n");
    table_free(t);
}

static void a_box_in_utf8_counts_columns_not_bytes(void **state)
{
    (void)state;
    table *t = make(1, (const char *const[]){ "名" });
    row(t, (const table_cell[]){ table_text("Größe") });
    row(t, (const table_cell[]){ table_text("漢字") });      /* two columns each */
    row(t, (const table_cell[]){ table_text("e\xcc\x81") }); /* e and a combining accent: one column */
    written(t, (table_style){ TABLE_BOX, true, 0 },
            "┌───────┐\n│ 名    │\n├───────┤\n│ Größe │\n│ 漢字  │\n│ e\xcc\x81     │\n└───────┘\n");
    table_free(t);
}

static void a_box_fits_the_terminal_and_never_cuts_numbers(void **state)
{
    (void)state;
    table *t = sample();
    written(t, (table_style){ TABLE_BOX, true, 50 },
            "┌─────────┬───────┬───────────────────┬──────────┐\n"
            "│ config  │ ratio │                 n │ note     │\n"
            "├─────────┼───────┼───────────────────┼──────────┤\n"
            "│ k=q8_0… │  2.61 │                 7 │          │\n"
            "│ identi… │   0.1 │ -9007199254740993 │ a, \"b\"|c │\n"
            "└─────────┴───────┴───────────────────┴──────────┘\n");
    columns c;
    columns_enter(&c, true);
    for (int width = 48; width < 70; width++) {
        char *text = text_of(t, (table_style){ TABLE_BOX, true, width });
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            assert_true(columns_width(&c, line, strlen(line)) <= width);
        free(text);
    }
    columns_leave(&c);
    char *narrow = text_of(t, (table_style){ TABLE_BOX, true, 5 });
    assert_non_null(strstr(narrow, "-9007199254740993"));
    free(narrow);
    table_free(t);
}

static void text_for_a_screen_cannot_command_it(void **state)
{
    (void)state;
    table *t = make(1, (const char *const[]){ "x" });
    row(t, (const table_cell[]){ table_bytes("\033[31m\a\n\t\0\x7f\xc2\x9b", 12) });
    row(t, (const table_cell[]){ table_text("\xff\xc0\xaf\xed\xa0\x80") }); /* stray, overlong, a surrogate */
    row(t, (const table_cell[]){ table_text("a\xe2\x80\xae"
                                            "b") }); /* right-to-left override */
    static const table_mode modes[] = { TABLE_BOX, TABLE_LINE };
    for (size_t i = 0; i < 4; i++) {
        char *text = text_of(t, (table_style){ modes[i / 2], i % 2, 0 });
        for (const char *c = text; *c; c++)
            assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
        assert_non_null(strstr(text, "\\x1b[31m\\x07\\n\\t\\x00\\x7f\\x9b"));
        assert_null(strstr(text, "\xe2\x80\xae"));
        if (i % 2 == 0)
            for (const char *c = text; *c; c++)
                assert_true((unsigned char)*c < 0x80);
        free(text);
    }
    table_free(t);
}

static void lines_have_one_value_each(void **state)
{
    (void)state;
    table *t = sample();
    written(t, (table_style){ TABLE_LINE, true, 10 },
            "config = k=q8_0 v=turbo3\n ratio = 2.61\n     n = 7\n  note = \n"
            "\nconfig = identity\n ratio = 0.1\n     n = -9007199254740993\n  note = a, \"b\"|c\n");
    table_free(t);
}

static void markdown_escapes_what_ends_a_cell(void **state)
{
    (void)state;
    table *t = make(2, (const char *const[]){ "a|b", "n" });
    row(t, (const table_cell[]){ table_text("x|y\\z\nw"), table_real(1.5) });
    row(t, (const table_cell[]){ table_null(), table_real(NAN) });
    written(t, (table_style){ TABLE_MARKDOWN, false, 0 },
            "| a\\|b | n |\n|---|---:|\n| x\\|y\\\\z<br>w | 1.5 |\n|  |  |\n");
    table_free(t);
}

/* RFC 4180, section 2. */
static void csv_quotes_what_must_be_and_keeps_null_from_empty(void **state)
{
    (void)state;
    table *t = make(3, (const char *const[]){ "a", "b,c", "d" });
    row(t, (const table_cell[]){ table_text("plain"), table_text("with, comma"), table_text("with \"quotes\"") });
    row(t, (const table_cell[]){ table_text("two\r\nlines"), table_null(), table_text("") });
    row(t, (const table_cell[]){ table_real_as(0.1, "0.10"), table_real(1.0 / 3), table_integer(INT64_MIN) });
    row(t, (const table_cell[]){ table_real(NAN), table_text("\xff ü"), table_real(1e300) });
    written(t, (table_style){ TABLE_CSV, false, 20 },
            "a,\"b,c\",d\r\n"
            "plain,\"with, comma\",\"with \"\"quotes\"\"\"\r\n"
            "\"two\r\nlines\",,\"\"\r\n"
            "0.1,0.3333333333333333,-9223372036854775808\r\n"
            ",\xff ü,1e+300\r\n");
    table_free(t);
}

static void json_reads_back_as_what_was_put_in(void **state)
{
    (void)state;
    table *t = make(6, (const char *const[]){ "text", "real", "whole", "nothing", "nan", "text" });
    char all[127];
    for (int i = 0; i < 126; i++)
        all[i] = (char)(i + 1);
    all[126] = '\0';
    row(t, (const table_cell[]){ table_text(all), table_real_as(0.1 + 0.2, "0.3"), table_integer(1LL << 52),
                                 table_null(), table_real(NAN), table_text("second") });
    row(t, (const table_cell[]){ table_text("ü★\xff\xc3"), table_real(-0.0), table_integer(0), table_null(),
                                 table_real(-INFINITY), table_bytes("a\0b", 3) });
    char *text = text_of(t, (table_style){ TABLE_JSON, false, 0 });
    for (const char *c = text; *c; c++)
        assert_true(*c == '\n' || (unsigned char)*c >= 0x20); /* cJSON would take them */
    assert_non_null(strstr(text, "\\u001b"));
    cJSON *read = cJSON_Parse(text);
    assert_non_null(read);
    assert_int_equal(cJSON_GetArraySize(read), 2);
    const cJSON *first = cJSON_GetArrayItem(read, 0), *second = cJSON_GetArrayItem(read, 1);
    assert_string_equal(cJSON_GetObjectItem(first, "text")->valuestring, all);
    assert_true(cJSON_GetObjectItem(first, "real")->valuedouble == 0.1 + 0.2);
    assert_true(cJSON_GetObjectItem(first, "whole")->valuedouble == 4503599627370496.0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(first, "nothing")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(first, "nan")));
    assert_string_equal(cJSON_GetObjectItem(first, "text_2")->valuestring, "second");
    assert_string_equal(cJSON_GetObjectItem(second, "text")->valuestring, "ü★\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(second, "nan")));
    assert_non_null(strstr(text, "\"a\\u0000b\""));
    cJSON_Delete(read);
    free(text);
    table_free(t);
}

static void a_table_without_rows_is_still_one(void **state)
{
    (void)state;
    table *t = make(2, (const char *const[]){ "a", "b" });
    written(t, (table_style){ TABLE_JSON, false, 0 }, "[]\n");
    written(t, (table_style){ TABLE_CSV, false, 0 }, "a,b\r\n");
    written(t, (table_style){ TABLE_LINE, false, 0 }, "");
    written(t, (table_style){ TABLE_BOX, false, 0 }, "+---+---+\n| a | b |\n+---+---+\n");
    table_free(t);
}

static void modes_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(table_mode_named("box"), TABLE_BOX);
    assert_int_equal(table_mode_named("line"), TABLE_LINE);
    assert_int_equal(table_mode_named("markdown"), TABLE_MARKDOWN);
    assert_int_equal(table_mode_named("csv"), TABLE_CSV);
    assert_int_equal(table_mode_named("json"), TABLE_JSON);
    assert_int_equal(table_mode_named("xml"), -1);
}

static void a_text_is_put_into_exactly_its_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
        bool right, utf8;
        const char *expected;
    } cases[] = {
        { "abc", 5, false, true, "abc  " },    { "abc", 5, true, true, "  abc" }, { "abcdef", 4, false, true, "abc…" },
        { "abcdef", 4, false, false, "abc~" }, { "漢字", 3, false, true, "漢…" }, { "漢字", 2, false, true, "… " },
        { "", 2, false, true, "  " },          { "abc", 1, true, true, "…" },     { "abc", 0, false, true, "" },
        { "ü", 1, false, false, "?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        columns c;
        columns_enter(&c, cases[i].utf8);
        columns_put(&c, out, cases[i].text, strlen(cases[i].text), cases[i].width, cases[i].right);
        columns_leave(&c);
        fclose(out);
        if (strcmp(text, cases[i].expected) != 0) fail_msg("case %zu: \"%s\"", i, text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_aligns_numbers_to_the_right),
        cmocka_unit_test(a_box_in_utf8_counts_columns_not_bytes),
        cmocka_unit_test(a_box_fits_the_terminal_and_never_cuts_numbers),
        cmocka_unit_test(text_for_a_screen_cannot_command_it),
        cmocka_unit_test(lines_have_one_value_each),
        cmocka_unit_test(markdown_escapes_what_ends_a_cell),
        cmocka_unit_test(csv_quotes_what_must_be_and_keeps_null_from_empty),
        cmocka_unit_test(json_reads_back_as_what_was_put_in),
        cmocka_unit_test(a_table_without_rows_is_still_one),
        cmocka_unit_test(modes_are_found_by_name),
        cmocka_unit_test(a_text_is_put_into_exactly_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
