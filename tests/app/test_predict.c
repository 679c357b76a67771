/* What is predicted for a config is what a run of it stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/evaluate.h"
#include "app/predict_answer.h"
#include "app/predict_count.h"
#include "tests/app/known.h"

#define SMALL "tests/data/arch/llama.gguf" /* head_dim 32 */
#define TEXT  "README.md"

static catalog *known;
static answerer *answers;
static char tried[4096];

static void trying(void *self, const char *codec)
{
    (void)self;
    snprintf(tried + strlen(tried), sizeof tried - strlen(tried), "%s\n", codec);
}

static int set_up(void **state)
{
    (void)state;
    fault f = { 0 };
    known = scanned_codecs(PLUGINS, DESCRIBER);
    if (known) answers = answerer_create(known, trying, NULL, &f);
    if (known && !answers) print_error("%s\n", f.text);
    return answers ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    answerer_destroy(answers);
    catalog_free(known);
    return 0;
}

static prediction predicted(const char *text, const char *model, int ctx)
{
    prediction_question q = { .ctx = ctx };
    prediction p;
    snprintf(q.config, sizeof q.config, "%s", text);
    snprintf(q.model, sizeof q.model, "%s", model);
    answerer_answer(answers, &q, &p);
    return p;
}

/* ---- runs ---- */

static void on_started(void *self, const job_result *so_far)
{
    (void)self;
    (void)so_far;
}

static void on_stage(void *self, evaluate_stage stage, int passage, int layer)
{
    (void)self;
    (void)stage;
    (void)passage;
    (void)layer;
}

static void on_progress(void *self, const char *what, uint64_t done, uint64_t total, double kld)
{
    (void)self;
    (void)what;
    (void)done;
    (void)total;
    (void)kld;
}

static bool never(void *self)
{
    (void)self;
    return false;
}

static void on_log(void *self, const char *line)
{
    (void)self;
    (void)line;
}

static void add_plugins(job *j, const spec *s)
{
    for (; s; s = s->inner) {
        size_t i = 0;
        while (j->plugins[i][0] && strcmp(j->plugins[i], s->codec->path) != 0)
            i++;
        assert_true(i < JOB_PLUGINS - 1);
        snprintf(j->plugins[i], PATH_MAX, "%s", s->codec->path);
    }
}

static bool run_on(const char *model, const char *text, protocol how, int ctx, job_result *out, fault *f)
{
    const evaluate_watch watch = { NULL, on_started, on_stage, on_progress, never, on_log };
    job j = { .protocol = how, .ctx = ctx, .eval = 5, .passages = 1, .threads = 2, .seed = 1 };
    config *c = config_parse(known, text, f);
    if (!c) fail_msg("%s", f->text);
    snprintf(j.model, sizeof j.model, "%s", model);
    strcpy(j.text, TEXT);
    strcpy(j.config, c->text);
    for (size_t i = 0; i <= c->n_exceptions; i++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            add_plugins(&j, i ? c->exceptions[i - 1].spec[side] : c->base[side]);
    config_free(c);
    return evaluate(&j, &watch, out, f);
}

static bool run(const char *text, protocol how, int ctx, job_result *out, fault *f)
{
    return run_on(SMALL, text, how, ctx, out, f);
}

static void side_bits(const job_result *r, double bits[2])
{
    uint64_t bytes[2] = { 0 }, values[2] = { 0 };
    for (size_t i = 0; i < r->n_layer_results; i++) {
        bytes[r->layers[i].stream] += r->layers[i].bytes.total;
        values[r->layers[i].stream] += r->layers[i].bytes.values;
    }
    for (int s = 0; s < 2; s++)
        bits[s] = 8 * (double)bytes[s] / (double)values[s];
}

/* The prediction is the run, to the last digit. False: neither works, which is an agreement, too. */
static bool assert_same(const char *text, protocol how, int ctx)
{
    job_result r = { 0 };
    fault f = { 0 };
    double bits[2];
    const bool ran = run(text, how, ctx, &r, &f);
    const prediction p = predicted(text, SMALL, ctx);
    if (ran != (p.state == PREDICTION_KNOWN))
        fail_msg("%s: run %s (%s), prediction %s", text, ran ? "done" : "failed", f.text, p.text);
    if (ran) {
        side_bits(&r, bits);
        assert_false(p.about);
        assert_string_equal(p.config, r.config);
        if (p.bits_per_value != r.bits_per_value || p.ratio != r.ratio || p.ratio_ctx != r.ratio_ctx ||
            p.ratio_128k != r.ratio_128k || p.side_bytes != (double)r.side_bytes || p.k_bits != bits[0] ||
            p.v_bits != bits[1])
            fail_msg(
                "%s, %s, ctx %d: run %.17g bits (k %.17g, v %.17g) ratio %.17g side %.0f, predicted %.17g (k %.17g, "
                "v %.17g) %.17g %.0f",
                text, protocol_name(how), ctx, r.bits_per_value, bits[0], bits[1], r.ratio, (double)r.side_bytes,
                p.bits_per_value, p.k_bits, p.v_bits, p.ratio, p.side_bytes);
    }
    job_result_release(&r);
    return ran;
}

/* The plainest config of a codec; false when it must be calibrated, or its bytes depend on the rows. */
static bool plain_config(const catalog_codec *c, char *text, size_t room)
{
    const catalog_param *inner = catalog_inner(c);
    snprintf(text, room, "%s%s%s",
             c->flags & KVANT_K_ONLY   ? "k="
             : c->flags & KVANT_V_ONLY ? "v="
                                       : "",
             c->name, inner && !inner->inner ? "(q4_0)" : "");
    return !(c->flags & (KVANT_CALIBRATES | KVANT_VARIABLE));
}

static void every_codec_at_its_defaults_is_predicted_exactly(void **state)
{
    (void)state;
    size_t same = 0;
    for (size_t i = 0; i < known->n_codecs; i++) {
        char text[128];
        if (!plain_config(known->codecs[i], text, sizeof text)) continue;
        const prediction p = predicted(text, SMALL, 64);
        if (!p.calibrates) same += assert_same(text, i % 2 ? PROTOCOL_STREAM : PROTOCOL_SNAPSHOT, 64);
    }
    assert_true(same > 20);
}

static void configs_of_every_kind_are_predicted_exactly(void **state)
{
    static const struct {
        const char *text;
        int ctx;
    } cases[] = {
        { "k=q8_0 v=polar(bits=3)", 64 },
        { "k=q8_0", 33 },
        { "polar(bits=3,scale=norm) rope=post", 40 },
        { "k=kivi v=polar(bits=2)", 200 },
        { "kivi(group=32)", 97 },
        { "window(q4_0,n=16)", 64 },
        { "window(q4_0,n=100)", 64 },
        { "sink(polar(bits=2),n=5)", 64 },
        { "sink(window(polar(bits=3),n=10),n=3)", 75 },
        { "rotate(q4_0) @0:k=q8_0 @-1:v=f16", 64 },
        { "polar(bits=2) @0:polar(bits=3) @1:k=q8_0,v=identity", 64 },
        { "k=qjl v=tqprod(bits=3)", 64 },
        { "kvarn", 300 },
        { "besi", 130 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int p = PROTOCOL_STREAM; p <= PROTOCOL_SNAPSHOT; p++)
            if (!assert_same(cases[i].text, (protocol)p, cases[i].ctx)) fail_msg("%s does not run", cases[i].text);
}

/* Blocks that a codec pools over heads, of 4 positions: shorter and longer contexts than a block. */
static void open_blocks_are_counted_as_they_stay(void **state)
{
    static const int contexts[] = { 8, 31, 32, 33, 63, 64, 127, 129 };
    (void)state;
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        if (!assert_same("kivi", PROTOCOL_STREAM, contexts[i]) ||
            !assert_same("k=besi v=window(kivi,n=7)", PROTOCOL_SNAPSHOT, contexts[i]))
            fail_msg("ctx %d does not run", contexts[i]);
}

/* Where bytes depend on the rows the answer says so, and is what noise costs: no structure, so rather more. */
static void variable_codecs_are_predicted_about(void **state)
{
    static const char *const configs[] = { "kakeya(block=64)",
                                           "k=kakeya(block=64,pool=layer) v=kakeya(block=64,bits=2)",
                                           "rotate(kakeya(block=64))" };
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        for (int how = PROTOCOL_STREAM; how <= PROTOCOL_SNAPSHOT; how++) {
            job_result r = { 0 };
            fault f = { 0 };
            if (!run(configs[i], (protocol)how, 128, &r, &f)) fail_msg("%s", f.text);
            const prediction p = predicted(configs[i], SMALL, 128);
            assert_int_equal(p.state, PREDICTION_KNOWN);
            assert_true(p.about);
            assert_true(fabs(p.bits_per_value / r.bits_per_value - 1) < 0.5);
            job_result_release(&r);
        }
}

static void noise_has_the_shape_of_a_models_streams(void **state)
{
    static const char model[] = "models/kvant-books-8m-q8_0.gguf", text[] = "kakeya(block=256,variance=0.9)";
    (void)state;
    job_result r = { 0 };
    fault f = { 0 };
    if (!run_on(model, text, PROTOCOL_SNAPSHOT, 256, &r, &f)) fail_msg("%s", f.text);
    const prediction p = predicted(text, model, 256);
    assert_true(p.about);
    if (fabs(p.bits_per_value / r.bits_per_value - 1) > 0.2)
        fail_msg("%g bits, predicted about %g", r.bits_per_value, p.bits_per_value);
    job_result_release(&r);
}

static void long_contexts_are_inferred_exactly(void **state)
{
    (void)state;
    const prediction long_one = predicted("k=sink(kivi,n=9) v=window(polar(bits=3),n=50)", SMALL, 100003);
    const prediction q8 = predicted("q8_0", SMALL, 1 << 24);
    assert_int_equal(long_one.state, PREDICTION_KNOWN);
    assert_false(long_one.about);
    assert_int_equal(q8.state, PREDICTION_KNOWN);
    assert_false(q8.about);
    assert_true(q8.bits_per_value == 8.5);
    /* polar: 50 of 100003 rows of 32 values stay in f16, the others take 32 * 3 bits and a norm of 16 */
    assert_true(predicted("sink(q8_0,n=4096)", SMALL, 100000).k_bits == (4096 * 16 + (100000 - 4096) * 8.5) / 100000);
    const double rows = 100003, bits = (50 * 32 * 16 + (rows - 50) * (32 * 3 + 16)) / (32 * rows);
    assert_true(fabs(long_one.v_bits - bits) < 1e-12);
}

/* Without time the first blocks must do; a parameter that names a position further on makes that unsure. */
static void what_was_not_looked_at_is_about(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool about;
    } cases[] = { { "q4_0", false }, { "sink(q4_0,n=1000)", true }, { "sink(q4_0,n=4000)", true } };
    fault f = { 0 };
    registry *codecs = registry_create(&f);
    assert_non_null(codecs);
    for (size_t i = 0; i < known->n_codecs; i++)
        if (strstr(known->codecs[i]->path, "/block.so") || strstr(known->codecs[i]->path, "/sink.so"))
            registry_load(codecs, known->codecs[i]->path, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        spec *s = spec_parse(registry_catalog(codecs), cases[i].text, &f);
        if (!s) fail_msg("%s", f.text);
        const predict_stream stream = {
            .known = codecs, .codec = s, .shape = { .dim = 32, .n_layers = 1, .n_heads = 1 }, .ctx = 10000
        };
        predict_noise noise = { 0 };
        predict_cost cost;
        if (!predict_count(&stream, &noise, &cost, &f)) fail_msg("%s", f.text);
        assert_int_equal(cost.about, cases[i].about);
        predict_noise_release(&noise);
        spec_free(s);
    }
    registry_destroy(codecs);
}

static void what_does_not_fit_the_model_is_wrong(void **state)
{
    static const struct {
        const char *text, *part;
        int column;
    } cases[] = {
        { "outlier_split", "layer 0, k: outlier_split does not take head dimension 32;", 1 },
        { "k=q8_0 v=outlier_split", "layer 0, v: outlier_split does not take head dimension 32;", 10 },
        { "q8_0 @7:q4_0", "no layer 7 in a model", 7 },
        { "q8_0 @1:q4_0 @-2..-1:q5_0", "counted from the front", 15 },
        { "k=rotate(outlier_split)", "outlier_split", 0 },
        { "attnweight(q8_0)", "q8_0 fits nothing to its rows", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const prediction p = predicted(cases[i].text, SMALL, 64);
        if (p.state != PREDICTION_WRONG) fail_msg("%s: not called wrong", cases[i].text);
        if (!strstr(p.text, cases[i].part) || p.column != cases[i].column)
            fail_msg("%s: column %d: %s", cases[i].text, p.column, p.text);
    }
    const prediction p = predicted("q8_0", "/nowhere/model.gguf", 64);
    assert_int_equal(p.state, PREDICTION_WRONG);
    assert_non_null(strstr(p.text, "/nowhere/model.gguf"));
    assert_string_equal(p.config, "q8_0");
}

static void what_was_counted_is_kept(void **state)
{
    (void)state;
    const prediction first = predicted("k=nvfp4 v=polar(bits=7)", SMALL, 77);
    tried[0] = '\0';
    const prediction again = predicted("k=nvfp4 v=polar(bits=7)", SMALL, 77);
    assert_string_equal(tried, "");
    assert_memory_equal(&first.bits_per_value, &again.bits_per_value, sizeof(double));
    predicted("k=nvfp4 v=polar(bits=6)", SMALL, 77);
    assert_string_equal(tried, "polar(bits=6)\n");
    tried[0] = '\0';
    predicted("k=nvfp4 v=polar(bits=7)", SMALL, 78);
    assert_string_equal(tried, "nvfp4\npolar(bits=7)\n");
    tried[0] = '\0';
    predicted("k=nvfp4 v=polar(bits=7) rope=post", SMALL, 77);
    assert_string_equal(tried, "nvfp4\n");
}

static void answers_pass_as_json(void **state)
{
    (void)state;
    prediction p = predicted("k=polar(bits=3) v=q8_0", SMALL, 77), back = { 0 };
    uint32_t id = 0;
    cJSON *json = prediction_json(&p, 4000000000u);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    json = cJSON_Parse(text);
    assert_true(prediction_read(json, &back, &id));
    assert_int_equal(id, 4000000000u);
    assert_memory_equal(&p, &back, sizeof p);
    cJSON_Delete(json);
    cJSON_free(text);
    cJSON *negative = prediction_json(&p, 1);
    cJSON_ReplaceItemInObject(negative, "k_bits", cJSON_CreateNumber(-1));
    assert_false(prediction_read(negative, &back, &id));
    cJSON_Delete(negative);
    static const char *const none[] = {
        "null",
        "[]",
        "{}",
        "{\"id\":1,\"column\":0,\"state\":\"sure\"}",
        "{\"id\":1,\"column\":0,\"state\":\"known\",\"config\":\"a\",\"text\":\"\",\"bits_per_value\":-1}",
        "{\"id\":1,\"column\":-1,\"state\":\"known\"}",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        json = cJSON_Parse(none[i]);
        assert_false(prediction_read(json, &back, &id));
        prediction_question q;
        assert_false(prediction_question_read(json, &q));
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_at_its_defaults_is_predicted_exactly),
        cmocka_unit_test(configs_of_every_kind_are_predicted_exactly),
        cmocka_unit_test(open_blocks_are_counted_as_they_stay),
        cmocka_unit_test(variable_codecs_are_predicted_about),
        cmocka_unit_test(noise_has_the_shape_of_a_models_streams),
        cmocka_unit_test(long_contexts_are_inferred_exactly),
        cmocka_unit_test(what_was_not_looked_at_is_about),
        cmocka_unit_test(what_does_not_fit_the_model_is_wrong),
        cmocka_unit_test(what_was_counted_is_kept),
        cmocka_unit_test(answers_pass_as_json),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
