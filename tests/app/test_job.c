/* Jobs and results survive the way between processes; ratios count what they should. */
#include "app/job.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void a_job_is_the_same_after_its_journey(void **state)
{
    (void)state;
    fault f = { 0 };
    job *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    assert_non_null(a);
    assert_non_null(b);
    strcpy(a->model, "/models/a \"quoted\" näme.gguf");
    strcpy(a->text, "self");
    strcpy(a->config, "k=q8_0 v=turbo3");
    strcpy(a->plugins[0], "/p/one.so");
    strcpy(a->plugins[1], "/p/two.so");
    a->protocol = PROTOCOL_SNAPSHOT;
    a->ctx = 512;
    a->eval = 64;
    a->passages = 7;
    a->at_most = true;
    a->threads = 3;
    a->seed = UINT64_MAX - 1;
    cJSON *json = job_to_json(a);
    assert_true(job_from_json(json, b, &f));
    assert_memory_equal(a, b, sizeof *a);
    cJSON_DeleteItemFromObjectCaseSensitive(json, "ctx");
    assert_false(job_from_json(json, b, &f));
    assert_non_null(strstr(f.text, "\"ctx\""));
    cJSON_Delete(json);
    free(a);
    free(b);
}

static void a_results_doubles_arrive_to_the_last_bit(void **state)
{
    (void)state;
    fault f = { 0 };
    layer_result l[] = { { .layer = 3, .stream = 1, .codec = "turbo4", .error = 0.1 + 0.2, .query_error = NAN } };
    static block_metrics blocks[] = { /* static: what is between fields is 0, and compared */
                                      { 0, 0, 64, 1.0 / 3, M_PI, 5e-324, 1e300, 60 },
                                      { 0, 1, 6, 0, 0, 0, 0, 0 }
    };
    job_result a = {
        .layers = l, .n_layer_results = 1, .blocks = blocks, .n_blocks = 2, .seconds = 1e-17, .side_bytes = 1ull << 60
    };
    a.metrics.kld = (interval){ 0.1, 0.0999999999999999, 0.3 };
    cJSON *json = job_result_to_json(&a);
    char *text = cJSON_PrintUnformatted(json);
    cJSON *again = cJSON_Parse(text);
    job_result b;
    assert_true(job_result_from_json(again, &b, &f));
    assert_memory_equal(&a.metrics.kld, &b.metrics.kld, sizeof a.metrics.kld);
    assert_memory_equal(blocks, b.blocks, sizeof blocks);
    assert_true(b.layers[0].error == l[0].error && isnan(b.layers[0].query_error) && b.seconds == 1e-17);
    assert_true(b.side_bytes == 1ull << 60);
    job_result_release(&b);
    cJSON_free(text);
    cJSON_Delete(json);
    cJSON_Delete(again);
}

static void ratios_count_open_rows_once_and_side_data_apart(void **state)
{
    (void)state;
    /* Two passages of 100 rows of 10 values; 96 rows settled at 0.5 bytes a value, 4 open in f16; 500 bytes beside. */
    job_result r = { .sequences = 2, .positions = 200, .side_bytes = 500 };
    r.bytes =
        (byte_counts){ .values = 2000, .open_values = 80, .open = 160, .exact = 160, .payload = 960, .total = 1120 };
    job_ratios(&r, 100);
    assert_true(r.ratio == 4000.0 / 1120);
    assert_true(fabs(r.bits_per_value - 8 * 1120.0 / 2000) < 1e-12);
    assert_true(fabs(r.ratio_ctx - 2000.0 / (480 + 80 + 500)) < 1e-12);
    double at_128k = 2 * 1310720.0 / ((1310720 - 40) * 0.5 + 80 + 500);
    assert_true(fabs(r.ratio_128k - at_128k) < 1e-9);
}

static void windows_stand_still_in_ratios(void **state)
{
    (void)state;
    /* Two sequences of 100 positions. Layers without a window: 10 values a row at 1 byte; with one of 40 rows: 30
     * values a row, of which 4 rows are open in f16 and the others take 0.5 bytes a value. */
    job_result r = { .sequences = 2, .positions = 200, .window = 40, .windowed_rows = 80 };
    r.windowed = (byte_counts){ .values = 2400, .open_values = 240, .open = 480, .total = 1080 + 480 };
    r.bytes = (byte_counts){ .values = 2000 + 2400, .open_values = 240, .open = 480, .total = 2000 + 1080 + 480 };
    job_ratios(&r, 100);
    assert_true(r.ratio == 2 * 4400.0 / 3560);
    assert_true(fabs(r.ratio_ctx - r.ratio) < 1e-12);
    const double values = 131072 * 10 + 40 * 30, bytes = 131072 * 10 + 36 * 30 * 0.5 + 4 * 30 * 2;
    assert_true(fabs(r.ratio_128k - 2 * values / bytes) < 1e-12);
    r.window = 200000; /* longer than what was run, and than 128K: all layers grow */
    r.windowed_rows = 200;
    r.windowed.values = 6000;
    r.bytes.values = 8000;
    job_ratios(&r, 100);
    const double all = 131072 * 40.0, settled = (6000.0 - 240) / 2;
    const double rate = 1080 / (2 * settled);
    assert_true(fabs(r.ratio_128k - 2 * all / (131072 * 10 + (131072 * 30 - 120) * rate + 240)) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_the_same_after_its_journey),
        cmocka_unit_test(a_results_doubles_arrive_to_the_last_bit),
        cmocka_unit_test(ratios_count_open_rows_once_and_side_data_apart),
        cmocka_unit_test(windows_stand_still_in_ratios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
