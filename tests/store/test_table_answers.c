/* Answers as they are written: several, long ones, and ones that fail. */
#include "tests/store/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/table_query.h"

/* Runs all statements and returns what was written; *ok and f: what became of them. */
static char *answer(void **state, const char *sql, table_mode mode, bool *ok, fault *f)
{
    store *s = store_open(((place *)*state)->db, STORE_WRITE, f);
    char *text = NULL;
    size_t n = 0, at = 0;
    FILE *out = open_memstream(&text, &n);
    table_answers a = table_answers_to(out, (table_style){ .mode = mode });
    const store_reader reader = table_answers_reader(&a);
    do
        *ok = table_answers_end(&a, store_query_at(s, sql, &at, NULL, 0, &reader, f), f);
    while (*ok && sql[at]);
    fclose(out);
    store_close(s);
    return text;
}

static void check(void **state, const char *sql, table_mode mode, const char *expected)
{
    bool ok;
    fault f = { 0 };
    char *text = answer(state, sql, mode, &ok, &f);
    if (!ok) fail_msg("%s: %s", sql, f.text);
    assert_string_equal(text, expected);
    free(text);
}

static void answers_stand_one_after_another(void **state)
{
    static const char two[] = "SELECT 1 AS a; SELECT 'x' AS b";
    check(state, two, TABLE_CSV, "a\r\n1\r\n\r\nb\r\nx\r\n");
    check(state, two, TABLE_JSON, "[\n  {\"a\": 1}\n]\n[\n  {\"b\": \"x\"}\n]\n");
    check(state, two, TABLE_LINE, "a = 1\n\nb = x\n");
    check(state, "SELECT 1 AS a WHERE 0", TABLE_JSON, "[]\n");
    check(state, "SELECT 1 AS a WHERE 0", TABLE_CSV, "a\r\n");
}

static void long_answers_come_whole(void **state)
{
    static const char sql[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n";
    static const int lengths[] = { 999, 1000, 1001, 2000, 5003 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char text[256], *expected = NULL;
        size_t size;
        snprintf(text, sizeof text, sql, lengths[i]);
        FILE *to = open_memstream(&expected, &size);
        fputs("[", to);
        for (int n = 1; n <= lengths[i]; n++)
            fprintf(to, "%s\n  {\"i\": %d}", n > 1 ? "," : "", n);
        fputs("\n]\n", to);
        fclose(to);
        check(state, text, TABLE_JSON, expected);
        free(expected);
        to = open_memstream(&expected, &size);
        fputs("i\r\n", to);
        for (int n = 1; n <= lengths[i]; n++)
            fprintf(to, "%d\r\n", n);
        fclose(to);
        check(state, text, TABLE_CSV, expected);
        free(expected);
    }
}

/* The 1500th row overflows: what was written before stays JSON, and the fault is told. */
static void a_failure_leaves_whole_json_or_nothing(void **state)
{
    static const char sql[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                              "SELECT CASE WHEN i < %d THEN i ELSE abs(-9223372036854775807 - 1) END AS x FROM n";
    bool ok;
    char text[256];
    fault f = { 0 };
    snprintf(text, sizeof text, sql, 1500);
    char *out = answer(state, text, TABLE_JSON, &ok, &f);
    assert_false(ok);
    assert_non_null(strstr(f.text, "integer overflow"));
    const size_t n = strlen(out);
    assert_true(n > 1000 && strcmp(out + n - 3, "\n]\n") == 0);
    free(out);
    snprintf(text, sizeof text, sql, 500);
    static const table_mode modes[] = { TABLE_JSON, TABLE_CSV, TABLE_BOX, TABLE_LINE, TABLE_MARKDOWN };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        out = answer(state, text, modes[i], &ok, &f);
        assert_false(ok);
        assert_string_equal(out, "");
        free(out);
    }
}

static void what_is_drawn_has_an_end(void **state)
{
    bool ok;
    fault f = { 0 };
    char *out = answer(state, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                       TABLE_BOX, &ok, &f);
    assert_false(ok);
    assert_non_null(strstr(f.text, "more than 1000000 rows"));
    assert_string_equal(out, "");
    free(out);
    out = answer(state, "SELECT hex(zeroblob(100000)) AS x, 123456789012345678 AS n", TABLE_BOX, &ok, &f);
    assert_true(ok && strlen(out) < 3000);
    assert_non_null(strstr(out, "123456789012345678"));
    free(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_stand_one_after_another),
        TEST(long_answers_come_whole),
        TEST(a_failure_leaves_whole_json_or_nothing),
        TEST(what_is_drawn_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
