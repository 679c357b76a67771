/* Runs in, runs out. */
#include "tests/store/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_db.h"

static store *fresh(void **state)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

static void same_record(const record_field *fields, const void *a, const void *b)
{
    for (const record_field *field = fields; field->name; field++) {
        const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
        bool same = field->kind == RECORD_TEXT ? strcmp(*(const char *const *)x, *(const char *const *)y) == 0
                                               : memcmp(x, y, 8) == 0;
        if (!same) fail_msg("field %s came back changed", field->name);
    }
}

static void every_field_of_a_run_comes_back(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    run.uid = "0123456789abcdef0123456789abcdef";
    run.id = add(s, &run);
    fault f = { 0 };
    store_run *back = store_get_run(s, run.id, &f);
    assert_non_null(back);
    same_record(store_run_fields, &run, back);
    free(back);
    store_close(s);
}

/* Each field has a value no other field has, so that two columns swapped anywhere show. */
static void no_two_columns_are_swapped(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("x");
    char text[128][16];
    int i = 1;
    for (const record_field *field = store_run_fields; field->name; field++, i++) {
        char *at = (char *)&run + field->offset;
        if (field->kind == RECORD_REAL)
            *(double *)at = i + 0.5;
        else if (field->kind != RECORD_TEXT)
            *(int64_t *)at = i;
        else if (strcmp(field->name, "protocol") && strcmp(field->name, "status") && strcmp(field->name, "text_kind")) {
            snprintf(text[i], sizeof text[i], "text %d", i);
            *(const char **)at = text[i];
        }
    }
    run.pinned = 0; /* is not written with the run */
    run.id = add(s, &run);
    fault f = { 0 };
    store_run *back = store_get_run(s, run.id, &f);
    assert_non_null(back);
    same_record(store_run_fields, &run, back);
    free(back);
    store_close(s);
}

/* A run that came without a uid has one of its own; no uid is there twice. */
static void a_run_is_known_by_its_uid(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    fault f = { 0 };
    int64_t first = add(s, &run), second = add(s, &run);
    store_run *a = store_get_run(s, first, &f), *b = store_get_run(s, second, &f);
    assert_int_equal(strlen(a->uid), 32);
    assert_string_not_equal(a->uid, b->uid);
    run.uid = a->uid;
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = &(store_block){ .n = 1 }, .n_blocks = 1 }, NULL, &f));
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 2);
    free(a);
    free(b);
    store_close(s);
}

static void what_was_not_measured_comes_back_so(void **state)
{
    store *s = fresh(state);
    store_run run = failed_run("turbo2");
    int64_t id;
    fault f = { 0 };
    assert_true(store_add_run(s, &run, NULL, &id, &f));
    store_run *back = store_get_run(s, id, &f);
    assert_non_null(back);
    assert_string_equal(back->status, "failed");
    assert_string_equal(back->reason, "signal 11 (SIGSEGV)");
    assert_true(isnan(back->kld.value) && isnan(back->ratio) && back->bytes == -1 && back->peak_rss_bytes == -1);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs WHERE kld IS NULL AND bytes IS NULL AND encode_gbs IS NULL"), 1);
    free(back);
    store_close(s);
}

static bool keep_layer(void *arg, const store_layer *layer)
{
    store_layer **at = arg;
    store_layer *want = (*at)++;
    assert_int_equal(layer->layer, want->layer);
    assert_string_equal(layer->stream, want->stream);
    assert_string_equal(layer->codec, want->codec);
    assert_memory_equal(&layer->rel_error, &want->rel_error, 8);
    assert_true(layer->query_error == want->query_error || (isnan(layer->query_error) && isnan(want->query_error)));
    assert_int_equal(layer->bytes, want->bytes);
    assert_int_equal(layer->n_values, want->n_values);
    return true;
}

static void layers_and_blocks_come_back_in_order(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    int64_t id = add(s, &run);
    store_layer layers[2 * PLACE_LAYERS], *at = layers;
    store_block want[PLACE_BLOCKS], *blocks;
    sample_parts(layers, want);
    size_t n;
    fault f = { 0 };
    assert_true(store_each_layer(s, id, keep_layer, &at, &f));
    assert_int_equal(at - layers, 2 * PLACE_LAYERS);
    assert_true(store_blocks(s, id, &blocks, &n, &f));
    assert_int_equal(n, PLACE_BLOCKS);
    for (size_t i = 0; i < n; i++)
        same_record(store_block_fields, &want[i], &blocks[i]);
    free(blocks);
    /* passage 1 holds blocks 4 … 7: sum of kld 4.5 + 5.5 + 6.5 + 7.5 over 252 positions */
    assert_int_equal(ask(s, "SELECT count(*) FROM run_passages WHERE passage = 1 AND n = 252 AND kld = 24.0 / 252"), 1);
    store_close(s);
}

static void models_texts_configs_and_environments_are_shared(void **state)
{
    store *s = fresh(state);
    store_run a = sample_run("turbo4"), b = sample_run("turbo3");
    add(s, &a);
    b.model.path = "/elsewhere/tiny.gguf";
    add(s, &b);
    add(s, &a);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 3);
    assert_int_equal(ask(s, "SELECT count(*) FROM models"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM texts"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM environments"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM calibrations"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM configs"), 2);
    store_close(s);
}

static void a_missing_run_is_named(void **state)
{
    store *s = fresh(state);
    fault f = { 0 };
    assert_null(store_get_run(s, 77, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "there is no run 77"));
    store_close(s);
}

static void a_done_run_needs_every_metric_finite(void **state)
{
    store *s = fresh(state);
    store_block block = { 0, 0, 64, 1, 1, 1, 1, 1 };
    int refused = 0;
    for (const record_field *field = store_run_fields; field->name; field++) {
        if (!(field->flags & FIELD_DONE)) continue;
        store_run run = sample_run("turbo4");
        char *at = (char *)&run + field->offset;
        if (field->kind == RECORD_REAL)
            *(double *)at = refused % 2 ? NAN : INFINITY;
        else
            *(int64_t *)at = -1;
        fault f = { 0 };
        assert_false(store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, NULL, &f));
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\"", field->name);
        assert_non_null(strstr(f.text, quoted));
        refused++;
    }
    assert_true(refused > 20);
    store_run run = sample_run("turbo4");
    fault f = { 0 };
    assert_false(store_add_run(s, &run, NULL, NULL, &f)); /* done, but nothing was scored */
    run.encode_gbs = NAN;                                 /* speed is not a metric of quality: it may be unknown */
    assert_true(store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, NULL, &f));
    block.kld = NAN;
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = &block, .n_blocks = 1 }, NULL, &f));
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 1);
    store_close(s);
}

static void a_run_with_bad_parts_leaves_nothing(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    store_block twice[2] = { { 0, 0, 64, 1, 1, 1, 1, 1 }, { 0, 0, 64, 1, 1, 1, 1, 1 } };
    fault f = { 0 };
    assert_false(store_add_run(s, &run, &(store_parts){ .blocks = twice, .n_blocks = 2 }, NULL, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    assert_int_equal(
        ask(s,
            "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM models) + (SELECT count(*) FROM run_blocks)"),
        0);
    add(s, &run); /* and the store still works */
    store_close(s);
}

static void a_finished_run_is_found_by_what_it_evaluated(void **state)
{
    store *s = fresh(state);
    store_run run = sample_run("turbo4"), broken = failed_run("turbo3");
    int64_t first = add(s, &run), found = -1;
    fault f = { 0 };
    assert_true(store_add_run(s, &broken, NULL, NULL, &f));
    assert_true(store_find_done(s, &run, &found, &f));
    assert_int_equal(found, first);
    int64_t second = add(s, &run);
    assert_true(store_find_done(s, &run, &found, &f));
    assert_int_equal(found, second);

    static const struct {
        size_t offset;
        const char *text;
        int64_t number;
    } changes[] = {
        { offsetof(store_run, model.hash), "m1", 0 },       { offsetof(store_run, text.hash), "t1", 0 },
        { offsetof(store_run, config.hash), "turbo3", 0 },  { offsetof(store_run, environment.engine), "engine-2", 0 },
        { offsetof(store_run, calibration.hash), "b1", 0 }, { offsetof(store_run, protocol), "snapshot", 0 },
        { offsetof(store_run, ctx), NULL, 1024 },           { offsetof(store_run, eval), NULL, 64 },
        { offsetof(store_run, passages), NULL, 4 },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        store_run like = run;
        char *at = (char *)&like + changes[i].offset;
        if (changes[i].text)
            *(const char **)at = changes[i].text;
        else
            *(int64_t *)at = changes[i].number;
        assert_true(store_find_done(s, &like, &found, &f));
        if (found) fail_msg("change %zu still finds run %d", i, (int)found);
    }
    store_close(s);
}

typedef struct listing {
    int n, stop_after;
    int64_t ids[16];
} listing;

static bool list(void *arg, const store_run *run)
{
    listing *l = arg;
    l->ids[l->n++] = run->id;
    return l->n != l->stop_after;
}

static void runs_are_listed_newest_first(void **state)
{
    store *s = fresh(state);
    for (int i = 0; i < 5; i++) {
        store_run run = sample_run(i % 2 ? "turbo4" : "turbo3");
        run.kld.value = 0.01 * i;
        add(s, &run);
    }
    fault f = { 0 };
    listing all = { 0 }, two = { 0 }, some = { 0 }, one = { .stop_after = 1 };
    assert_true(store_each_run(s, NULL, 0, list, &all, &f));
    assert_int_equal(all.n, 5);
    assert_int_equal(all.ids[0], 5);
    assert_int_equal(all.ids[4], 1);
    assert_true(store_each_run(s, NULL, 2, list, &two, &f));
    assert_int_equal(two.n, 2);
    assert_true(store_each_run(s, "config = 'turbo4' AND kld > 0.02 -- the bad ones", 0, list, &some, &f));
    assert_int_equal(some.n, 1);
    assert_int_equal(some.ids[0], 4);
    assert_true(store_each_run(s, NULL, 0, list, &one, &f));
    assert_int_equal(one.n, 1);
    store_close(s);
}

static void a_mistake_in_a_condition_has_its_column(void **state)
{
    store *s = fresh(state);
    fault f = { 0 };
    listing l = { 0 };
    assert_false(store_each_run(s, "ctx = 512 AND kldd < 1", 0, list, &l, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "column 15: no such column: kldd"));
    assert_false(store_each_run(s, "text = 'ä' AND kldd < 1", 0, list, &l, &f)); /* characters, not bytes */
    assert_non_null(strstr(f.text, "column 16"));
    assert_false(store_each_run(s, "1) ; DELETE FROM runs; --", 0, list, &l, &f));
    assert_false(store_each_run(s, "id = ?", 0, list, &l, &f));
    store_close(s);
}

/* Whatever is put beside a condition holds. */
static void a_condition_stays_in_its_brackets(void **state)
{
    static const char *const leaving[] = {
        "1) OR (1",  "0) OR (id > 0", "1)) --",     "1) UNION SELECT id FROM runs WHERE (1", "1 /*", "1 ORDER BY id",
        "1 LIMIT 1", ") (",           "1; SELECT 1"
    };
    store *s = fresh(state);
    store_run run = sample_run("turbo4");
    add(s, &run);
    for (size_t i = 0; i < sizeof leaving / sizeof *leaving; i++) {
        fault f = { 0 };
        listing l = { 0 };
        assert_false(store_check_condition(s, leaving[i], &f));
        assert_int_equal(f.code, FAULT_INPUT);
        assert_false(store_each_run(s, leaving[i], 0, list, &l, &f));
        assert_false(store_each_id(s, leaving[i], NULL, NULL, &f));
        assert_int_equal(l.n, 0);
    }
    static const char *const staying[] = {
        "(1) OR (0)", "1 -- )", "config <> ') OR (1'", "/* ) */ 1", " \t\n", "", NULL
    };
    for (size_t i = 0; i < sizeof staying / sizeof *staying; i++) {
        fault f = { 0 };
        listing l = { 0 };
        assert_true(store_check_condition(s, staying[i], &f));
        assert_true(store_each_run(s, staying[i], 0, list, &l, &f));
        assert_int_equal(l.n, 1);
    }
    store_close(s);
}

static void another_writer_changes_the_version(void **state)
{
    store *s = fresh(state), *other = fresh(state);
    fault f = { 0 };
    int64_t before, idle, after;
    assert_true(store_version(s, &before, &f));
    assert_true(store_version(s, &idle, &f));
    store_run run = sample_run("turbo4");
    add(other, &run);
    assert_true(store_version(s, &after, &f));
    assert_int_equal(before, idle);
    assert_int_not_equal(before, after);
    store_close(other);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_field_of_a_run_comes_back),
        TEST(no_two_columns_are_swapped),
        TEST(a_run_is_known_by_its_uid),
        TEST(what_was_not_measured_comes_back_so),
        TEST(layers_and_blocks_come_back_in_order),
        TEST(models_texts_configs_and_environments_are_shared),
        TEST(a_missing_run_is_named),
        TEST(a_done_run_needs_every_metric_finite),
        TEST(a_run_with_bad_parts_leaves_nothing),
        TEST(a_finished_run_is_found_by_what_it_evaluated),
        TEST(runs_are_listed_newest_first),
        TEST(a_mistake_in_a_condition_has_its_column),
        TEST(a_condition_stays_in_its_brackets),
        TEST(another_writer_changes_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
