/* A config on stored rows: captures of both forms agree, and with the codec by hand. */
#include "app/offline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/offline_attention.h"
#include "app/offline_codec.h"
#include "app/roundtrip_streams.h"
#include "tests/app/noise.h"
#include "tests/app/offline_plugins.h"

static char path[80];

/* ---- whole captures ---- */

enum { LAYERS = 2, KV = 2, GROUPS = 2, CTX = 24, SEQUENCES = 2, TOTAL = 47 }; /* the last sequence is shorter by one */

typedef struct stored {
    float *k[LAYERS], *v[LAYERS], *q[LAYERS];
} stored;

static void turn(const rope_table *t, float *rows, size_t heads)
{
    for (size_t i = 0; i < heads * TOTAL; i++)
        rope_rotate(t, rows + i * D, (int)(i % TOTAL % CTX));
}

/* Captures of the same rows before and after RoPE, with or without words about it. */
static rows_file *save(bool rotated, bool words, bool queries, bool factors)
{
    static const float divisors[D / 4] = { 1, 1, 2, 2, 3, 4, 8, 8 };
    const char *const said[] = { "ctx",        "24",  "rope",       rotated ? "post" : "pre",
                                 "rope_theta", "100", "rope_pairs", "interleaved",
                                 "rope_dims",  "16",  NULL };
    const char *const ctx[] = { "ctx", "24", NULL };
    stored s;
    safetensor tensors[3 * LAYERS + 1];
    char names[3 * LAYERS][32];
    size_t n = 0;
    fault f = { 0 };
    rope_table t = { .n_rot = 16, .interleaved = true };
    assert_true(rope_table_grow(&t, CTX, 100, factors ? divisors : NULL));
    for (int l = 0; l < LAYERS; l++) {
        float *rows[3] = { s.k[l] = noise(KV * TOTAL * D, 10 + (uint64_t)l, 1),
                           s.v[l] = noise(KV * TOTAL * D, 20 + (uint64_t)l, 1),
                           s.q[l] = noise(KV * GROUPS * TOTAL * D, 30 + (uint64_t)l, 2) };
        if (rotated) turn(&t, s.k[l], KV);
        if (rotated) turn(&t, s.q[l], KV * GROUPS);
        for (int i = 0; i < (queries ? 3 : 2); i++, n++) {
            const uint64_t heads = i == 2 ? KV * GROUPS : KV;
            snprintf(names[n], sizeof names[n], "layers.%d.%c", l, "kvq"[i]);
            tensors[n] =
                (safetensor){ names[n], SAFETENSORS_F32, 3, { heads, TOTAL, D }, 0, rows[i], heads * TOTAL * D * 4 };
        }
    }
    if (factors)
        tensors[n++] = (safetensor){ "rope.factors", SAFETENSORS_F32, 1, { D / 4 }, 0, divisors, sizeof divisors };
    if (!safetensors_write(path, words ? said : ctx, tensors, n, &f)) fail_msg("%s", f.text);
    for (int l = 0; l < LAYERS; l++) {
        free(s.k[l]);
        free(s.v[l]);
        free(s.q[l]);
    }
    rope_table_release(&t);
    rows_file *file = rows_file_open(path, 0, &f);
    if (!file) fail_msg("%s", f.text);
    return file;
}

static config *parse_config(const char *text)
{
    fault f = { 0 };
    config *c = config_parse(registry_catalog(known), text, &f);
    if (!c) fail_msg("%s", f.text);
    return c;
}

static offline_result evaluate(const rows_file *file, const config *c, const offline_request *more)
{
    fault f = { 0 };
    offline_request r = more ? *more : (offline_request){ 0 };
    offline_result out;
    r.known = known;
    r.config = c;
    r.file = file;
    r.threads = 2;
    if (!offline_evaluate(&r, &out, &f)) fail_msg("%s", f.text);
    return out;
}

static void identity_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = { "identity", "identity rope=post" };
    for (int i = 0; i < 4; i++) {
        rows_file *file = save(i & 1, true, true, false);
        config *c = parse_config(texts[i / 2]);
        offline_result r = evaluate(file, c, NULL);
        assert_int_equal(r.n_layers, LAYERS);
        assert_int_equal(r.rows, TOTAL);
        assert_int_equal(r.sequence, CTX);
        assert_true(r.k_error == 0 && r.v_error == 0 && r.query_error == 0);
        assert_true(r.mean.weights == 1 && r.mean.outputs == 1);
        for (int l = 0; l < LAYERS; l++)
            for (int h = 0; h < KV * GROUPS; h++)
                assert_true(r.layers[l].each[h].weights == 1 && r.layers[l].each[h].outputs == 1);
        assert_true(r.account.ratio == 0.5);
        assert_true(r.account.bytes.values == 2 * LAYERS * KV * TOTAL * D);
        offline_result_release(&r);
        config_free(c);
        rows_file_close(file);
    }
}

/* Layer, head and side by hand: q4_0 of the rows that are stored. */
static void errors_are_those_of_the_codec_on_these_rows(void **state)
{
    (void)state;
    rows_file *file = save(false, true, true, false);
    config *c = parse_config("k=q4_0 v=q8_0 @1:v=identity");
    offline_result r = evaluate(file, c, NULL);
    double all = 0, energy = 0;
    for (int l = 0; l < LAYERS; l++)
        for (int side = 0; side < 2; side++) {
            fault f = { 0 };
            spec *s = parse(side == KVANT_K ? "q4_0" : l == 0 ? "q8_0" : "identity");
            float *rows = noise(KV * TOTAL * D, (side == KVANT_K ? 10 : 20) + (uint64_t)l, 1),
                  *back = noise(TOTAL * D, 0, 0);
            double error = 0, total = 0;
            assert_string_equal(r.layers[l].side[side].codec, s->text);
            for (int h = 0; h < KV; h++) {
                double one = 0, whole = 0;
                roundtrip_bytes bytes = { 0 };
                const kvant_shape shape = {
                    .stream = side, .dim = D, .layer = l, .n_layers = LAYERS, .head = h, .n_heads = KV
                };
                roundtrip *t = roundtrip_open(known, s, &shape, NULL, &f);
                const float *x = rows + (size_t)h * TOTAL * D;
                assert_true(roundtrip_rows(t, 0, x, TOTAL, back, &bytes, &f));
                for (size_t i = 0; i < TOTAL * D; i++) {
                    one += ((double)x[i] - (double)back[i]) * ((double)x[i] - (double)back[i]);
                    whole += (double)x[i] * (double)x[i];
                }
                near(r.layers[l].side[side].head_errors[h], one / whole, 1e-12);
                error += one;
                total += whole;
                assert_true(roundtrip_close(t, &f));
            }
            near(r.layers[l].side[side].error, error / total, 1e-12);
            if (side == KVANT_K) all += error;
            if (side == KVANT_K) energy += total;
            free(rows);
            free(back);
            spec_free(s);
        }
    near(r.k_error, all / energy, 1e-12);
    offline_result_release(&r);
    config_free(c);
    rows_file_close(file);
}

/* Whichever form is stored, what the codec sees and what attention sees are the same, but for the rounding of a
 * rotation and back. */
static void both_forms_of_a_capture_agree(void **state)
{
    (void)state;
    static const char *const texts[] = { "blocky(block=1,forget=1)", "blocky(block=1,forget=1) rope=post" };
    for (int factors = 0; factors < 2; factors++)
        for (int i = 0; i < 2; i++) {
            offline_result r[2];
            config *c = parse_config(texts[i]);
            for (int form = 0; form < 2; form++) {
                rows_file *file = save(form, true, true, factors);
                r[form] = evaluate(file, c, NULL);
                rows_file_close(file);
            }
            for (int l = 0; l < LAYERS; l++) {
                const offline_layer *x = &r[0].layers[l], *y = &r[1].layers[l];
                near(x->query_error, y->query_error, 1e-5);
                near(x->mean.weights, y->mean.weights, 1e-5);
                near(x->mean.outputs, y->mean.outputs, 1e-5);
                /* Of the head that is forgotten keys and values come back as zeros. */
                assert_true(x->side[KVANT_K].head_errors[0] == 1 && x->side[KVANT_V].head_errors[0] == 1);
                assert_true(x->query_errors[0] == 1 && x->query_errors[1] < 1e-5);
                assert_true(x->side[KVANT_K].head_errors[1] < 1e-6);
                for (int h = 0; h < KV * GROUPS; h++)
                    assert_true(h < GROUPS ? x->each[h].weights < 0.9 && x->each[h].outputs == 0
                                           : x->each[h].weights > 0.999 && x->each[h].outputs > 0.999);
                assert_true(x->worst < GROUPS);
            }
            offline_result_release(&r[0]);
            offline_result_release(&r[1]);
            config_free(c);
        }
}

/* Attention by definition, from rows turned by hand. */
static void keys_are_turned_before_they_are_met(void **state)
{
    (void)state;
    rows_file *file = save(false, true, true, false);
    config *c = parse_config("k=q4_0 v=identity");
    offline_result r = evaluate(file, c, NULL);
    rope_table t = { .n_rot = 16, .interleaved = true };
    assert_true(rope_table_grow(&t, CTX, 100, NULL));
    fault f = { 0 };
    spec *s = parse("q4_0");
    const kvant_shape shape = { .dim = D, .n_layers = 1, .n_heads = 1 };
    float *k = noise(KV * TOTAL * D, 11, 1), *v = noise(KV * TOTAL * D, 21, 1),
          *q = noise(KV * GROUPS * TOTAL * D, 31, 2);
    float *back = noise(KV * TOTAL * D, 0, 0);
    roundtrip_bytes bytes = { 0 };
    roundtrip *codec = roundtrip_open(known, s, &shape, NULL, &f);
    assert_true(roundtrip_rows(codec, 0, k, KV * TOTAL, back, &bytes, &f));
    assert_true(roundtrip_close(codec, &f));
    turn(&t, k, KV);
    turn(&t, back, KV);
    turn(&t, q, KV * GROUPS);
    for (size_t h = 0; h < KV * GROUPS; h++) {
        attention_gap g = { 0 };
        for (size_t first = 0; first < TOTAL; first += CTX) {
            const size_t at = (h / GROUPS * TOTAL + first) * D, n = TOTAL - first < CTX ? TOTAL - first : CTX;
            const attention_rows rows = {
                .k = k + at, .v = v + at, .k_decoded = back + at, .v_decoded = v + at, .n = n, .dim = D, .v_dim = D
            };
            assert_true(attention_gap_add(&g, &rows, q + (h * TOTAL + first) * D, 0, &f));
        }
        assert_true(r.layers[1].each[h].weights == g.weights / TOTAL);
        assert_true(r.layers[1].each[h].outputs == g.outputs / TOTAL);
        assert_true(g.weights / TOTAL < 1);
    }
    const double one = r.layers[0].query_error, other = r.layers[1].query_error;
    assert_true(one != other && r.query_error > fmin(one, other) && r.query_error < fmax(one, other));
    free(k);
    free(v);
    free(q);
    free(back);
    spec_free(s);
    rope_table_release(&t);
    offline_result_release(&r);
    config_free(c);
    rows_file_close(file);
}

static void without_queries_only_errors_are_known(void **state)
{
    (void)state;
    rows_file *file = save(false, false, false, false);
    config *c = parse_config("q4_0");
    offline_result r = evaluate(file, c, NULL);
    assert_false(r.queries);
    assert_true(r.k_error > 0 && r.v_error > 0);
    assert_true(isnan(r.query_error) && isnan(r.mean.weights) && isnan(r.layers[0].mean.outputs));
    offline_result_release(&r);
    config_free(c);
    rows_file_close(file);
}

static void calibration_takes_the_first_half(void **state)
{
    (void)state;
    rows_file *file = save(true, true, true, false);
    config *c = parse_config("k=shifts v=identity");
    offline_result r = evaluate(file, c, &(offline_request){ .calibrate_rows = true });
    assert_int_equal(r.calibrated, CTX);
    assert_int_equal(r.rows, TOTAL - CTX);
    assert_int_equal(r.sequence, TOTAL - CTX);
    assert_int_equal(r.account.side_bytes, LAYERS * KV * sizeof(float));
    assert_int_equal(r.account.bytes.values, 2 * LAYERS * KV * (TOTAL - CTX) * D);
    assert_true(r.k_error < 1e-12 && r.mean.weights > 0.999999);
    offline_result_release(&r);
    r = evaluate(file, c, &(offline_request){ .calibrate_rows = true, .sequence = 1000 });
    assert_int_equal(r.calibrated, TOTAL / 2);
    assert_int_equal(r.rows, TOTAL - TOTAL / 2);
    offline_result_release(&r);
    config_free(c);
    rows_file_close(file);
}

static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    rows_file *file = save(false, true, true, true);
    config *c = parse_config("q4_0");
    fault f = { 0 };
    offline_result r[2];
    for (int i = 0; i < 2; i++) {
        const offline_request request = { .known = known, .config = c, .file = file, .threads = 1 + 3 * i };
        assert_true(offline_evaluate(&request, &r[i], &f));
    }
    assert_true(r[0].mean.weights == r[1].mean.weights && r[0].query_error == r[1].query_error);
    assert_true(r[0].k_error == r[1].k_error && r[0].mean.outputs == r[1].mean.outputs);
    offline_result_release(&r[0]);
    offline_result_release(&r[1]);
    config_free(c);
    rows_file_close(file);
}

static void what_is_not_known_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        bool rotated, words, queries;
        offline_rope_options rope;
        const char *config, *part; /* part NULL: it works */
    } cases[] = {
        { false, false, true, { 0 }, "q8_0", "give --stored pre or --stored post" },
        { false, false, false, { 0 }, "q8_0", NULL },
        { false, false, false, { 0 }, "q8_0 rope=post", "give --stored pre" },
        { false, false, true, { .stored = "pre" }, "q8_0", "its keys stand before RoPE, and it does not say how" },
        { false, false, true, { .stored = "pre", .theta = 100 }, "q8_0", NULL },
        { true, false, true, { .stored = "post" }, "q8_0", "its keys stand after RoPE, and it does not say how" },
        { true, false, true, { .stored = "post" }, "q8_0 rope=post", NULL },
        { true, false, true, { .stored = "post", .theta = 100, .dims = 7 }, "q8_0", "cannot turn 7 coordinates" },
        { true, false, true, { .stored = "post", .theta = 100, .dims = 64 }, "q8_0", "cannot turn 64 coordinates" },
        { true, true, true, { 0 }, "shifts", "needs calibration; with --calibrate-rows" },
        { true, true, true, { 0 }, "q8_0 @2:f16", "layer" },
        { true, true, true, { .dims = 32 }, "q8_0", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rows_file *file = save(cases[i].rotated, cases[i].words, cases[i].queries, false);
        config *c = parse_config(cases[i].config);
        fault f = { 0 };
        offline_result r;
        const offline_request request = {
            .known = known, .config = c, .file = file, .rope = cases[i].rope, .threads = 1
        };
        const bool ok = offline_evaluate(&request, &r, &f);
        if (ok != !cases[i].part) fail_msg("case %zu: %s", i, f.text);
        if (!ok && !strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        offline_result_release(&r);
        config_free(c);
        rows_file_close(file);
    }
}

static void codecs_are_told_their_stream(void **state)
{
    (void)state;
    static const struct {
        const char *config, *part;
    } cases[] = {
        { "k=tells", "keys of 32 columns, layer 0 of 2, head 0 of 2, rotated 0, 24 rows" },
        { "k=tells rope=post", "keys of 32 columns, layer 0 of 2, head 0 of 2, rotated 1, 24 rows" },
        { "v=tells rope=post", "values of 32 columns, layer 0 of 2, head 0 of 2, rotated 0, 24 rows" },
        { "identity @1:v=tells", "values of 32 columns, layer 1 of 2, head 0 of 2, rotated 0, 24 rows" },
    };
    rows_file *file = save(true, true, true, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config *c = parse_config(cases[i].config);
        fault f = { 0 };
        offline_result r;
        const offline_request request = { .known = known, .config = c, .file = file, .threads = 1 };
        assert_false(offline_evaluate(&request, &r, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        offline_result_release(&r);
        config_free(c);
    }
    rows_file_close(file);
}

/* Keys before RoPE meet turned queries; keys after it meet queries as they are. */
static void codecs_learn_what_their_keys_meet(void **state)
{
    (void)state;
    static const struct {
        bool rotated, queries, streams; /* how the file is; roundtrip's streams, which are as they are stored */
        const char *config, *part;
    } cases[] = {
        { true, true, false, "k=learns", "24 rows, queries 1, met 1, attention 1" },
        { false, true, false, "k=learns", "24 rows, queries 1, met 1, attention 1" },
        { true, true, false, "k=learns rope=post", "24 rows, queries 1, met 0, attention 1" },
        { false, true, false, "k=learns rope=post", "24 rows, queries 1, met 0, attention 1" },
        { false, false, false, "k=learns", "24 rows, queries 0, met 0, attention 0" },
        { false, true, true, "learns", "24 rows, queries 1, met 1, attention 1" },
        { true, true, true, "learns", "24 rows, queries 1, met 0, attention 1" },
        { true, false, true, "learns", "24 rows, queries 0, met 0, attention 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rows_file *file = save(cases[i].rotated, true, cases[i].queries, false);
        fault f = { 0 };
        offline_result r = { 0 };
        roundtrip_streams_result streams = { 0 };
        config *c = cases[i].streams ? NULL : parse_config(cases[i].config);
        spec *s = cases[i].streams ? parse(cases[i].config) : NULL;
        if (s)
            assert_false(roundtrip_streams(&(roundtrip_streams_request){ .known = known,
                                                                         .codec = s,
                                                                         .file = file,
                                                                         .side = ROWS_UNKNOWN,
                                                                         .calibrate_rows = true,
                                                                         .threads = 1 },
                                           &streams, &f));
        else
            assert_false(offline_evaluate(
                &(offline_request){ .known = known, .config = c, .file = file, .calibrate_rows = true, .threads = 1 },
                &r, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].part, f.text);
        roundtrip_streams_release(&streams);
        offline_result_release(&r);
        spec_free(s);
        config_free(c);
        rows_file_close(file);
    }
}

static void all_kinds_of_bytes_add_up(void **state)
{
    (void)state;
    byte_counts sum = { 1, 2, 3, 4, 5, 6, 7 };
    const byte_counts more = { 10, 20, 30, 40, 50, 60, 70 }, both = { 11, 22, 33, 44, 55, 66, 77 };
    offline_add_bytes(&sum, &more);
    assert_memory_equal(&sum, &both, sizeof sum);
}

static void words_about_rope_that_are_wrong_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *part;
    } cases[] = {
        { "rope", "before", "rope \"before\", expected pre or post" },
        { "rope_pairs", "both", "rope_pairs \"both\", expected halves or interleaved" },
        { "rope_theta", "-3", "rope_theta \"-3\", expected a positive number" },
        { "rope_theta", "ten", "rope_theta \"ten\", expected a positive number" },
        { "rope_dims", "0", "rope_dims \"0\", expected a positive number" },
    };
    static const float zero[64];
    const safetensor k = { "k", SAFETENSORS_F32, 2, { 2, 32 }, 0, zero, sizeof zero };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const words[] = { cases[i].key, cases[i].value, NULL };
        fault f = { 0 };
        offline_rope rope;
        assert_true(safetensors_write(path, words, &k, 1, &f));
        rows_file *file = rows_file_open(path, 0, &f);
        assert_false(offline_rope_open(file, &(offline_rope_options){ 0 }, 32, 2, &rope, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        offline_rope_release(&rope);
        rows_file_close(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_changes_nothing),
        cmocka_unit_test(errors_are_those_of_the_codec_on_these_rows),
        cmocka_unit_test(both_forms_of_a_capture_agree),
        cmocka_unit_test(keys_are_turned_before_they_are_met),
        cmocka_unit_test(without_queries_only_errors_are_known),
        cmocka_unit_test(calibration_takes_the_first_half),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(what_is_not_known_is_asked_for),
        cmocka_unit_test(codecs_are_told_their_stream),
        cmocka_unit_test(codecs_learn_what_their_keys_meet),
        cmocka_unit_test(all_kinds_of_bytes_add_up),
        cmocka_unit_test(words_about_rope_that_are_wrong_are_named),
    };
    char plain[64] = "/tmp/kvant-offline.XXXXXX";
    const int file = mkstemp(plain);
    if (file < 0) return 1;
    close(file);
    snprintf(path, sizeof path, "%s.safetensors", plain);
    const int failed = cmocka_run_group_tests(tests, load_plugins, drop_plugins);
    unlink(plain);
    unlink(path);
    return failed;
}
