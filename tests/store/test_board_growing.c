/* A board that is brought up to date run by run, against one that reads everything at once; and the sort behind it. */
#include "tests/store/board_place.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/board.h"
#include "base/sort_nearly.h"

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

/* ---- the sort ---- */

typedef struct card {
    int value, number;
} card;

static int by_value_and_number(const void *a, const void *b)
{
    const card *p = a, *q = b;
    if (p->value != q->value) return p->value < q->value ? -1 : 1;
    return (p->number > q->number) - (p->number < q->number);
}

static int calls;

static int counted(const void *a, const void *b)
{
    calls++;
    return by_value_and_number(a, b);
}

/* Sorted up to `from`, anything after it. */
static size_t deal(card *to, card *copy, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (card){ i < from ? (int)(i / 3) : (int)random_below(1 + (uint32_t)n), (int)i };
    memcpy(copy, to, n * sizeof *to);
    return n;
}

static void it_sorts_whatever_it_is_given(void **state)
{
    (void)state;
    enum { MOST = 200 };
    card a[MOST], b[MOST];
    for (int round = 0; round < 2000; round++) {
        const size_t n = random_below(MOST), from = random_below((uint32_t)n + 1);
        deal(a, b, n, from);
        sort_nearly(a, n, sizeof *a, by_value_and_number);
        qsort(b, n, sizeof *b, by_value_and_number);
        assert_memory_equal(a, b, n * sizeof *a);
    }
    for (int i = 0; i < MOST; i++)
        a[i] = (card){ -i, i };
    sort_nearly(a, MOST, sizeof *a, by_value_and_number);
    for (int i = 1; i < MOST; i++)
        assert_true(a[i - 1].value < a[i].value);
}

static int by_value(const void *a, const void *b)
{
    const card *p = a, *q = b;
    return (p->value > q->value) - (p->value < q->value);
}

static void what_is_equal_comes_after_what_was_there(void **state)
{
    (void)state;
    card a[] = { { 1, 0 }, { 2, 1 }, { 2, 2 }, { 3, 3 }, { 2, 4 } };
    sort_nearly(a, 5, sizeof *a, by_value);
    const int order[] = { 0, 1, 2, 4, 3 };
    for (int i = 0; i < 5; i++)
        assert_int_equal(a[i].number, order[i]);
}

static void one_more_costs_few_comparisons(void **state)
{
    (void)state;
    enum { N = 1000 };
    card a[N];
    deal(a, a, N, N);
    a[N - 1].value = 100;
    calls = 0;
    sort_nearly(a, N, sizeof *a, counted);
    assert_true(calls < N + 20);
}

/* ---- the board ---- */

/* Few configs and few values: runs take each other's place, and there are ties. */
static void add_any(store *s)
{
    char name[24];
    snprintf(name, sizeof name, "c%u", random_below(15));
    store_run run = random_below(5) ? sample_run(name) : failed_run(name);
    if (run.kld.value > 0) {
        run.ratio = 1 + 0.5 * random_below(8);
        run.kld.value = 0.01 * (1 + random_below(8));
    }
    run.text.hash = random_below(5) ? "t0" : "t1";
    add(s, &run);
}

static void assert_sets_equal(const board *a, const board *b)
{
    assert_int_equal(board_n_sets(a), board_n_sets(b));
    for (size_t i = 0; i < board_n_sets(a); i++) {
        const board_set *p = board_set_at(a, i), *q = board_set_at(b, i);
        assert_int_equal(p->n_runs, q->n_runs);
        assert_int_equal(p->newest, q->newest);
    }
}

static void assert_same(const board *a, const board *b)
{
    assert_int_equal(board_n(a), board_n(b));
    assert_int_equal(board_n_all(a), board_n_all(b));
    assert_int_equal(board_n_points(a), board_n_points(b));
    for (size_t i = 0; i < board_n(a); i++) {
        assert_int_equal(board_at(a, i)->id, board_at(b, i)->id);
        assert_int_equal(board_at(a, i)->pinned, board_at(b, i)->pinned);
        assert_int_equal(board_place(a, board_at(a, i)->id), i);
    }
    for (size_t i = 0; i < board_n_points(a); i++) {
        const board_point *p = board_point_at(a, i), *q = board_point_at(b, i);
        assert_int_equal(p->row->id, q->row->id);
        assert_int_equal(p->where, q->where);
        assert_int_equal(board_point_of(a, p->row->id), i);
    }
    assert_sets_equal(a, b);
}

/* What only reading everything again explains. */
static void change_rows(void **state)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(((place *)*state)->db, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    /* Not the first: it numbers the sets. (Without an order it is one of them at random, by uid.) */
    const char *sql = "PRAGMA foreign_keys = 1;"
                      "DELETE FROM runs WHERE id = (SELECT id FROM runs ORDER BY id LIMIT 1 OFFSET 3);"
                      "UPDATE runs SET kld = 0.5 WHERE id = (SELECT min(id) FROM runs)";
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What a person does now and then, to both. */
static void do_something(store *s, board *b, size_t *column, bool *descending, const char **filter, size_t *set)
{
    static const char *const filters[] = { NULL, "ratio > 2", "kld < 0.03", "status = 'failed'", NULL };
    fault f = { 0 };
    switch (random_below(5)) {
    case 0:
        *column = random_below(10);
        *descending = random_below(2);
        board_sort(b, *column, *descending);
        break;
    case 1:
        *filter = filters[random_below(5)];
        assert_true(board_filter(b, *filter, &f));
        break;
    case 2:
        if (board_n(b) == 0) break;
        assert_true(store_pin(s, board_at(b, random_below((uint32_t)board_n(b)))->id, random_below(2), NULL, &f));
        break;
    case 3: *set = random_below((uint32_t)board_n_sets(b)); break;
    default: break;
    }
}

static void it_shows_what_one_shows_that_reads_everything_at_once(void **state)
{
    enum { STEPS = 150 };
    store *s = writer(state);
    const store_metric *x = store_metric_named("ratio"), *y = store_metric_named("kld");
    size_t column = 0, set = 0;
    bool descending = true;
    const char *filter = NULL;
    fault f = { 0 };
    add_any(s);
    board *b = opened(state);
    refreshed(b);
    for (int step = 0; step < STEPS; step++) {
        if (step % 40 == 39) {
            refreshed(b);
            change_rows(state);
            refreshed(b);
        }
        for (uint32_t n = random_below(3); n > 0; n--)
            add_any(s);
        if (step % 3 == 0) do_something(s, b, &column, &descending, &filter, &set);
        board_plot(b, set, x, y);
        refreshed(b);
        board *anew = opened(state);
        refreshed(anew);
        board_sort(anew, column, descending);
        assert_true(board_filter(anew, filter, &f));
        board_plot(anew, set, x, y);
        assert_same(b, anew);
        board_close(anew);
    }
    assert_true(board_n_all(b) > STEPS / 2);
    board_close(b);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sorts_whatever_it_is_given),
        cmocka_unit_test(what_is_equal_comes_after_what_was_there),
        cmocka_unit_test(one_more_costs_few_comparisons),
        cmocka_unit_test_setup_teardown(it_shows_what_one_shows_that_reads_everything_at_once, place_open, place_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
