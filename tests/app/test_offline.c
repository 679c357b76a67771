/* A config on stored rows: by hand for codecs, and captures of both forms that agree. */
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
#include "app/offline_samples.h"
#include "app/roundtrip_streams.h"
#include "kernels/half.h"
#include "tests/app/noise.h"

static char path[80];

/* ---- codecs on stored rows ---- */

static registry *known;

static int load_plugins(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/exact.so",      PLUGINS "/block.so",     TEST_PLUGINS "/blocky.so",
                                         APP_PLUGINS "/shifts.so", APP_PLUGINS "/tells.so", APP_PLUGINS "/learns.so" };
    fault f = { 0 };
    known = registry_create(&f);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!registry_load(known, files[i], &f)) fail_msg("%s", f.text);
    return 0;
}

static int drop_plugins(void **state)
{
    (void)state;
    registry_destroy(known);
    return 0;
}

enum { HEADS = 3, ROWS = 50, D = 32 };

static spec *parse(const char *text)
{
    fault f = { 0 };
    spec *s = spec_parse(registry_catalog(known), text, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

/* Runs all heads; returns what came back, [HEADS][ROWS][D], and the sum of the accounts. */
static float *run_codec(const char *text, size_t sequence, bool from_half, const float *rows, offline_account *sum)
{
    fault f = { 0 };
    spec *s = parse(text);
    const offline_codec_request request = { .known = known,
                                            .codec = s,
                                            .shape = { .dim = D, .n_heads = HEADS, .n_layers = 1 },
                                            .rows = ROWS,
                                            .sequence = sequence,
                                            .from_half = from_half };
    offline_codec *c = offline_codec_open(&request, &f);
    if (!c) fail_msg("%s", f.text);
    float *back = calloc(HEADS * ROWS * D, sizeof *back);
    *sum = (offline_account){ 0 };
    for (size_t i = 0; i < offline_codec_instances(c); i++) {
        if (!offline_codec_run(c, i, rows + i * ROWS * D, back + i * ROWS * D, &f)) fail_msg("%s", f.text);
        const offline_account a = offline_codec_account(c, i);
        sum->bytes.values += a.bytes.values;
        sum->bytes.total += a.bytes.total;
        sum->bytes.open += a.bytes.open;
        sum->bytes.open_values += a.bytes.open_values;
        sum->bytes.exact += a.bytes.exact;
    }
    if (!offline_codec_close(c, &f)) fail_msg("%s", f.text);
    spec_free(s);
    return back;
}

/* blocky stores f16 rows and some zero bytes: of 50 rows with blocks of 16 behind a window of 8, 32 are stored; of two
 * sequences of 25, 16 each. Pooled or not. */
static void open_rows_stay_at_the_end_of_every_sequence(void **state)
{
    (void)state;
    float *rows = noise(HEADS * ROWS * D, 1, 1);
    for (int pooled = 0; pooled < 2; pooled++)
        for (int two = 0; two < 2; two++) {
            char text[64];
            offline_account a;
            snprintf(text, sizeof text, "blocky(block=16,window=8,pad=5,pool=%s)", pooled ? "true" : "false");
            float *back = run_codec(text, two ? 25 : ROWS, true, rows, &a);
            const uint64_t open = HEADS * D * (ROWS - 32), stored = HEADS * 32;
            assert_int_equal(a.bytes.values, HEADS * ROWS * D);
            assert_int_equal(a.bytes.open_values, open);
            assert_int_equal(a.bytes.open, 2 * open);
            assert_int_equal(a.bytes.total, 2 * open + stored * (2 * D + 5));
            for (size_t i = 0; i < HEADS * ROWS * D; i++)
                assert_true(back[i] == half_to_float(half_from_float(rows[i])));
            free(back);
        }
    free(rows);
}

static void a_pooled_codec_sees_the_heads_interleaved(void **state)
{
    (void)state;
    float *rows = noise(HEADS * ROWS * D, 1, 1);
    for (int pooled = 0; pooled < 2; pooled++) {
        offline_account a;
        float *back =
            run_codec(pooled ? "blocky(block=5,forget=2,pool=true)" : "blocky(block=5,forget=2)", ROWS, true, rows, &a);
        for (size_t i = 0; i < HEADS * ROWS * D; i++)
            assert_true(back[i] == (i / D / ROWS == 1 ? 0 : half_to_float(half_from_float(rows[i]))));
        free(back);
    }
    free(rows);
}

/* A value that f16 cannot hold, in a row that stays open, and in one that is encoded: then it is the codec's to say,
 * unless the codec is given what f16 has left of the rows. */
static void open_rows_too_large_for_f16_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t row;
        bool from_half;
        const char *part;
    } cases[] = {
        { 49, false, "row 49, column 3 is 1e+06, which does not fit into the f16 of open rows" },
        { 20, true, "row 20, column 3 is 1e+06, which does not fit into the f16 of open rows" },
        { 20, false, "encode: row 20: 1e+06 does not fit f16" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float *rows = noise(ROWS * D, 1, 1), back[ROWS * D];
        rows[cases[i].row * D + 3] = 1e6f;
        fault f = { 0 };
        spec *s = parse("blocky(block=16)");
        const offline_codec_request request = { .known = known,
                                                .codec = s,
                                                .shape = { .dim = D, .n_heads = 1, .n_layers = 1 },
                                                .rows = ROWS,
                                                .sequence = ROWS,
                                                .from_half = cases[i].from_half };
        offline_codec *c = offline_codec_open(&request, &f);
        assert_non_null(c);
        assert_false(offline_codec_run(c, 0, rows, back, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        assert_true(offline_codec_close(c, &f));
        spec_free(s);
        free(rows);
    }
}

/* ---- what calibration is given ---- */

static void samples_are_the_first_rows_and_their_queries(void **state)
{
    (void)state;
    enum { GROUP = 2, USED = 30, SEQUENCE = 20 };
    float *rows = noise(HEADS * ROWS * D, 1, 1), *q = noise(GROUP * HEADS * ROWS * D, 2, 1);
    rope_table rope = { .n_rot = D - 2 };
    assert_true(rope_table_grow(&rope, SEQUENCE, 50.0f, NULL));
    const offline_source from = { HEADS, GROUP, USED, ROWS, SEQUENCE, D, q, rows, q, &rope };
    offline_known k;
    kvant_samples one, all;
    void *memory[2];
    fault f = { 0 };
    pool *crew = pool_create(2, &f);
    assert_non_null(crew);
    assert_true(offline_learn(&k, &from, crew, &f));
    pool_destroy(crew);
    assert_true(offline_samples(&k, rows, D, 1, &one, &memory[0], &f));
    assert_true(offline_samples(&k, rows, D, -1, &all, &memory[1], &f));
    assert_true(one.n_rows == USED && one.sequence == SEQUENCE && one.n_attention == SEQUENCE);
    assert_true(all.n_rows == HEADS * USED && all.sequence == HEADS * SEQUENCE && all.n_attention == SEQUENCE);
    assert_memory_equal(one.rows, rows + ROWS * D, USED * D * sizeof *rows);
    for (size_t r = 0; r < HEADS * USED; r++)
        assert_memory_equal(all.rows + r * D, rows + (r % HEADS * ROWS + r / HEADS) * D, D * sizeof *rows);
    assert_memory_equal(all.query_moment + D * D, one.query_moment, D * D * sizeof *rows);
    assert_memory_equal(all.attention + SEQUENCE, one.attention, SEQUENCE * sizeof *rows);
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            double sum = 0;
            for (size_t g = GROUP; g < 2 * GROUP; g++)
                for (size_t r = 0; r < USED; r++)
                    sum += (double)q[(g * ROWS + r) * D + i] * (double)q[(g * ROWS + r) * D + j];
            assert_true(fabs((double)one.query_moment[i * D + j] - sum / (GROUP * USED)) < 1e-6);
        }
    /* Every query of head 1 turned by every distance to a key of a whole sequence, each as often as it occurs. */
    double met[D * D] = { 0 }, pairs = 0;
    for (size_t j = 0; j < SEQUENCE; j++)
        for (size_t i = 0; i <= j; i++, pairs++)
            for (size_t r = 0; r < GROUP * USED; r++) {
                float x[D];
                memcpy(x, q + ((GROUP + r / USED) * ROWS + r % USED) * D, sizeof x);
                rope_rotate(&rope, x, (int)(j - i));
                for (size_t a = 0; a < D * D; a++)
                    met[a] += (double)x[a / D] * (double)x[a % D];
            }
    for (size_t a = 0; a < D * D; a++)
        assert_true(fabs((double)one.query_moment_met[a] - met[a] / pairs / (GROUP * USED)) < 1e-5);
    assert_memory_equal(all.query_moment_met + D * D, one.query_moment_met, D * D * sizeof *rows);
    rope_table_release(&rope);
    /* The weights of one query add up to 1: so do what positions get, weighed back. Positions 0 ... 9 have had 20 and
     * 10 queries of two sequences, those behind 20 of one. */
    double mass = 0, queries = 0;
    for (size_t i = 0; i < SEQUENCE; i++)
        mass += (double)one.attention[i] * (double)(SEQUENCE - i + (i < USED - SEQUENCE ? USED - SEQUENCE - i : 0));
    for (size_t j = 0; j < USED; j++)
        queries += (double)(j % SEQUENCE + 1);
    near(mass, queries, 1e-5);
    free(memory[0]);
    free(memory[1]);
    offline_forget(&k);
    free(rows);
    free(q);
}

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
        cmocka_unit_test(open_rows_stay_at_the_end_of_every_sequence),
        cmocka_unit_test(a_pooled_codec_sees_the_heads_interleaved),
        cmocka_unit_test(open_rows_too_large_for_f16_are_named),
        cmocka_unit_test(samples_are_the_first_rows_and_their_queries),
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
