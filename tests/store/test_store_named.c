/* Questions and profiles by name, parameters, and texts of several statements. */
#include "tests/store/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/app/suite_samples.h"

static store *opened(void **state)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

/* ---- parameters and statements ---- */

typedef struct heard {
    char text[256];
} heard;

static bool hear_row(void *arg, int n, const store_value *v)
{
    heard *h = arg;
    for (int i = 0; i < n; i++) {
        size_t used = strlen(h->text);
        char *to = h->text + used;
        size_t room = sizeof h->text - used;
        if (v[i].kind == STORE_INTEGER) snprintf(to, room, "i%lld ", (long long)v[i].integer);
        if (v[i].kind == STORE_REAL) snprintf(to, room, "r%g ", v[i].real);
        if (v[i].kind == STORE_TEXT) snprintf(to, room, "t%s ", v[i].bytes);
        if (v[i].kind == STORE_NULL) snprintf(to, room, "n ");
        if (v[i].kind == STORE_BLOB) snprintf(to, room, "b%zu ", v[i].n);
    }
    return true;
}

static const store_binding bindings[] = {
    { ":a", { .kind = STORE_INTEGER, .integer = 7 } },
    { "b", { .kind = STORE_REAL, .real = 0.5 } },
    { "?1", { .kind = STORE_TEXT, .bytes = "it's; DROP TABLE runs", .n = 21 } },
    { "?2", { .kind = STORE_BLOB, .bytes = "\0\1\2", .n = 3 } },
    { "$c", { .kind = STORE_NULL } },
};

static bool query_at(store *s, const char *sql, size_t *at, heard *h, fault *f)
{
    const store_reader reader = { NULL, hear_row, h };
    return store_query_at(s, sql, at, bindings, sizeof bindings / sizeof bindings[0], &reader, f);
}

static void parameters_get_their_values_by_name(void **state)
{
    store *s = opened(state);
    heard h = { "" };
    fault f = { 0 };
    size_t at = 0;
    if (!query_at(s, "SELECT :a, :b, $c, :a + 1", &at, &h, &f)) fail_msg("%s", f.text);
    assert_string_equal(h.text, "i7 r0.5 n i8 ");
    h.text[0] = '\0';
    at = 0;
    assert_true(query_at(s, "SELECT ?, ?", &at, &h, &f));
    assert_string_equal(h.text, "tit's; DROP TABLE runs b3 ");
    at = 0;
    assert_false(query_at(s, "SELECT :nothing", &at, &h, &f));
    assert_non_null(strstr(f.text, ":nothing has no value"));
    assert_false(store_query(s, "SELECT :a", &(store_reader){ NULL, hear_row, &h }, &f));
    store_close(s);
}

static void statements_run_one_after_another(void **state)
{
    static const char sql[] = "SELECT 1 ;; -- one; two\n SELECT 2; /* three; */ SELECT 3\n;\n -- the end";
    store *s = opened(state);
    heard h = { "" };
    fault f = { 0 };
    size_t at = 0, n = 0;
    for (; sql[at]; n++)
        if (!query_at(s, sql, &at, &h, &f)) fail_msg("%s", f.text);
    assert_int_equal(n, 3);
    assert_string_equal(h.text, "i1 i2 i3 ");
    at = 0;
    assert_false(query_at(s, " -- nothing", &at, &h, &f));
    store_close(s);
}

static void a_mistake_is_told_by_line_and_column(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    assert_false(store_check_query(s, "SELECT 1;\n  SELECT \xc3\xa4x, missing", NULL, NULL, &f));
    assert_non_null(strstr(f.text, "SQL, line 2, column 10: "));
    assert_false(store_check_query(s, "SELECT 1; DELETE FROM runs", NULL, NULL, &f));
    assert_non_null(strstr(f.text, "does more than read"));
    assert_false(store_check_query(s, "", NULL, NULL, &f));
    assert_false(store_check_query(s, "SELECT 1; SELEC", NULL, NULL, &f));
    assert_non_null(strstr(f.text, "SQL, column 11: "));
    assert_true(store_check_query(s, "SELECT 1; SELECT 2;", NULL, NULL, &f));
    store_close(s);
}

static bool note_name(void *arg, const char *name)
{
    strcat(arg, name);
    return true;
}

static void parameters_are_told(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    char names[64] = "";
    assert_true(store_check_query(s, "SELECT :a, ?2; SELECT @b, ?", note_name, names, &f));
    assert_string_equal(names, ":a?2@b?2"); /* of the first statement :a is the 1st and ?2 the 2nd */
    store_close(s);
}

static void no_value_outgrows_memory(void **state)
{
    store *s = opened(state);
    heard h = { "" };
    fault f = { 0 };
    size_t at = 0;
    assert_false(query_at(s, "SELECT zeroblob(1000000000)", &at, &h, &f));
    assert_non_null(strstr(f.text, "too long"));
    at = 0;
    assert_true(query_at(s, "SELECT zeroblob(10000000)", &at, &h, &f));
    assert_string_equal(h.text, "b10000000 ");
    store_close(s);
}

/* ---- questions ---- */

typedef struct shipped {
    store *s;
    size_t n, rows;
} shipped;

static bool count_row(void *arg, int n, const store_value *values)
{
    (void)n, (void)values;
    ++*(size_t *)arg;
    return true;
}

/* All parameters NULL but the ones whose comment gives a number: a question must at least run. */
static bool run_question(void *arg, const store_question *q)
{
    shipped *x = arg;
    static const store_binding values[] = {
        { ":kld", { .kind = STORE_REAL, .real = 1 } },
        { ":run", { .kind = STORE_NULL } },
        { ":most", { .kind = STORE_INTEGER, .integer = 10 } },
        { ":config", { .kind = STORE_TEXT, .bytes = "turbo4", .n = 6 } },
        { ":least", { .kind = STORE_INTEGER, .integer = 2 } },
    };
    fault f = { 0 };
    size_t at = 0, rows = 0;
    const store_reader reader = { NULL, count_row, &rows };
    assert_true(q->shipped);
    assert_true(strncmp(q->sql, "-- ", 3) == 0 && strlen(q->note) > 20);
    if (!store_query_at(x->s, q->sql, &at, values, sizeof values / sizeof values[0], &reader, &f))
        fail_msg("%s: %s", q->name, f.text);
    if (q->sql[at]) fail_msg("%s has a second statement", q->name);
    x->n++;
    x->rows += rows > 0;
    return true;
}

/* Of each suite a run that has lost something. */
static void add_suites(store *s)
{
    static const char *const suites[] = { "needle", "session", "prompts", "trajectory", "attention" };
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        store_item items[SAMPLE_ITEMS];
        store_block blocks[PLACE_BLOCKS];
        store_layer layers[2 * PLACE_LAYERS];
        store_run run = sample_run("turbo2");
        fault f = { 0 };
        const size_t n = sample_items(suites[i], SAMPLE_BAD, items);
        sample_parts(layers, blocks);
        sample_suite(&run, suites[i], items, n);
        if (!store_add_run(s, &run, &(store_parts){ layers, 2 * PLACE_LAYERS, blocks, PLACE_BLOCKS, items, n }, NULL,
                           &f))
            fail_msg("%s: %s", suites[i], f.text);
    }
}

static void shipped_questions_run_on_an_empty_and_on_a_filled_database(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    shipped empty = { .s = s }, full = { .s = s };
    assert_true(store_each_question(s, run_question, &empty, &f));
    assert_true(empty.n >= 10);
    assert_int_equal(empty.rows, 0);
    static const struct {
        const char *config;
        double bits, kld;
    } runs[] = { { "turbo4", 4.25, 0.02 }, { "turbo3", 3.25, 0.08 }, { "turbo2", 2.25, 0.32 } };
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        store_run run = sample_run(runs[i].config);
        run.config.k = run.config.v = "turbo";
        run.bits_per_value = runs[i].bits;
        run.kld.value = runs[i].kld;
        add(s, &run);
        add(s, &run);
    }
    store_run failed = failed_run("q4_0");
    add(s, &failed);
    add_suites(s);
    assert_true(store_each_question(s, run_question, &full, &f));
    assert_int_equal(full.rows, full.n); /* every one of them has something to say */
    store_close(s);
}

static void the_slope_of_a_fourfold_fall_is_a_quarter(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    heard h = { "" };
    bool there;
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "turbo%d", i);
        store_run run = sample_run(name);
        run.config.k = run.config.v = "polar(bits=2)";
        run.bits_per_value = 2 + i;
        run.kld.value = 1.0 / (1 << (2 * i));
        add(s, &run);
    }
    store_question *q = store_get_question(s, "slope", &there, &f);
    assert_true(q && there);
    char sql[4096];
    snprintf(sql, sizeof sql, "SELECT k, configs, factor_per_bit FROM (%.*s)", (int)(strrchr(q->sql, ';') - q->sql),
             q->sql);
    const store_binding least = { "least", { .kind = STORE_INTEGER, .integer = 3 } };
    size_t at = 0;
    if (!store_query_at(s, sql, &at, &least, 1, &(store_reader){ NULL, hear_row, &h }, &f)) fail_msg("%s", f.text);
    assert_string_equal(h.text, "tpolar i4 r0.25 ");
    free(q);
    store_close(s);
}

static void the_most_compressed_that_lose_little_come_first(void **state)
{
    static const struct {
        const char *config;
        double ratio, kld;
    } runs[] = { { "a", 2, 0.001 }, { "b", 3, 0.002 }, { "c", 2.5, 0.004 },
                 { "d", 4, 0.02 },  { "e", 3, 0.002 }, { "f", 2.2, 0.002 } };
    store *s = opened(state);
    fault f = { 0 };
    heard h = { "" };
    bool there;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        store_run run = sample_run(runs[i].config);
        run.ratio = runs[i].ratio;
        run.kld.value = runs[i].kld;
        add(s, &run);
    }
    store_question *q = store_get_question(s, "best", &there, &f);
    char sql[4096];
    snprintf(sql, sizeof sql, "SELECT config FROM (%.*s)", (int)(strrchr(q->sql, ';') - q->sql), q->sql);
    const store_binding most = { "kld", { .kind = STORE_REAL, .real = 0.01 } };
    size_t at = 0;
    if (!store_query_at(s, sql, &at, &most, 1, &(store_reader){ NULL, hear_row, &h }, &f)) fail_msg("%s", f.text);
    assert_string_equal(h.text, "te tb tc tf ta "); /* d loses too much; e is as good as b, and newer */
    free(q);
    store_close(s);
}

static void questions_are_kept_and_forgotten(void **state)
{
    static const char name[] = "it's\n\"mine\"", sql[] = "SELECT ':x', 'a\"b' -- \xc3\xa4";
    store *s = opened(state);
    fault f = { 0 };
    bool there;
    assert_true(store_save_question(s, name, "SELECT 1", NULL, &f));
    assert_true(store_save_question(s, name, sql, "note", &f));
    store_question *q = store_get_question(s, name, &there, &f);
    assert_true(q && there && !q->shipped);
    assert_string_equal(q->sql, sql);
    assert_string_equal(q->note, "note");
    free(q);
    assert_int_equal(ask(s, "SELECT count(*) FROM questions"), 1);
    assert_true(store_delete_question(s, name, &f));
    assert_false(store_delete_question(s, name, &f));
    assert_null(store_get_question(s, "bes", &there, &f));
    assert_false(there);
    assert_non_null(strstr(f.text, "did you mean \"best\"?"));
    assert_false(store_save_question(s, "best", "SELECT 1", NULL, &f));
    assert_false(store_delete_question(s, "best", &f));
    store_close(s);
}

/* ---- profiles ---- */

static void profiles_are_kept_renamed_and_forgotten(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    bool there;
    assert_true(store_save_profile(s, &(store_profile){ "a", "turbo4", NULL, NULL, 0 }, &f));
    assert_true(store_save_profile(s, &(store_profile){ "a", "turbo3", "m", "it's", 0 }, &f));
    assert_true(store_save_profile(s, &(store_profile){ "b", "q8_0", "", "", 0 }, &f));
    store_profile *p = store_get_profile(s, "a", &there, &f);
    assert_true(p && there && p->changed > 1600000000);
    assert_string_equal(p->config, "turbo3");
    assert_string_equal(p->note, "it's");
    free(p);
    assert_false(store_rename_profile(s, "a", "b", &f));
    assert_non_null(strstr(f.text, "there is a profile \"b\" already"));
    assert_false(store_rename_profile(s, "none", "c", &f));
    assert_true(store_rename_profile(s, "a", "c", &f));
    assert_true(store_rename_profile(s, "c", "c", &f));
    assert_null(store_get_profile(s, "a", &there, &f));
    assert_false(there);
    assert_true(store_delete_profile(s, "c", &f));
    assert_false(store_delete_profile(s, "c", &f));
    assert_int_equal(ask(s, "SELECT count(*) FROM profiles"), 1);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parameters_get_their_values_by_name),
        TEST(statements_run_one_after_another),
        TEST(a_mistake_is_told_by_line_and_column),
        TEST(parameters_are_told),
        TEST(no_value_outgrows_memory),
        TEST(shipped_questions_run_on_an_empty_and_on_a_filled_database),
        TEST(the_slope_of_a_fourfold_fall_is_a_quarter),
        TEST(the_most_compressed_that_lose_little_come_first),
        TEST(questions_are_kept_and_forgotten),
        TEST(profiles_are_kept_renamed_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
