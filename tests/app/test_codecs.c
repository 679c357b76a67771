/* From a config to instances, and the host around them. The real plugins, and the misbehaving ones of
 * tests/codecs/bad. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/roundtrip.h"
#include "kernels/random.h"
#include "tests/app/good_plugins.h"

/* ---- instances ---- */

static float *normal_rows(size_t n_rows, size_t dim, uint64_t key)
{
    float *rows = malloc(n_rows * dim * sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < n_rows * dim; i++)
        rows[i] = (float)random_normal(key, i);
    return rows;
}

static const kvant_shape shape_3_1 = {
    .stream = KVANT_K, .dim = 128, .layer = 3, .n_layers = 8, .head = 1, .n_heads = 2
};

typedef struct trip {
    registry *known;
    spec *s;
    roundtrip *t;
} trip;

static trip open_trip(const char *extra, const char *text)
{
    fault f = { 0 };
    trip x = { .known = loaded(extra) };
    x.s = spec_parse(registry_catalog(x.known), text, &f);
    if (!x.s) fail_msg("%s", f.text);
    x.t = roundtrip_open(x.known, x.s, &shape_3_1, NULL, &f);
    if (!x.t) fail_msg("%s", f.text);
    return x;
}

static void close_trip(trip *x)
{
    fault f = { 0 };
    if (!roundtrip_close(x->t, &f)) fail_msg("%s", f.text);
    spec_free(x->s);
    registry_destroy(x->known);
}

/* Bytes per row of 128 values. Relative squared errors: q8_0 and q4_0 measured loosely, polar and turbo from the
 * Lloyd-Max figures of N(0,1): 0.116 at 2 bits, 0.0340 at 3, 0.0093 at 4. */
static void codecs_cost_what_they_should_and_come_back(void **state)
{
    static const struct {
        const char *text;
        size_t row_bytes;
        double least, most; /* sum |x-x'|^2 / sum |x|^2 */
    } cases[] = {
        { "identity", 512, 0, 0 },
        { "f16", 256, 1e-9, 1e-6 },
        { "q8_0", 136, 1e-6, 1e-4 },
        { "q4_0", 72, 1e-3, 2e-2 },
        { "polar(bits=2)", 34, 0.10, 0.13 },
        { "polar(bits=3)", 50, 0.030, 0.038 },
        { "polar", 66, 0.0080, 0.0105 },
        { "rotate(q8_0)", 136, 1e-6, 1e-4 },
        { "rotate(rotate(identity))", 512, 0, 1e-9 },
    };
    (void)state;
    enum { ROWS = 64, DIM = 128 };
    float *rows = normal_rows(ROWS, DIM, 7), *back = normal_rows(ROWS, DIM, 8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        trip x = open_trip(NULL, cases[i].text);
        roundtrip_bytes bytes = { 0 };
        for (size_t row = 0; row < ROWS; row += 16)
            if (!roundtrip_rows(x.t, row, rows + row * DIM, 16, back + row * DIM, &bytes, &f)) fail_msg("%s", f.text);
        assert_int_equal(bytes.total, ROWS * cases[i].row_bytes);
        assert_int_equal(bytes.payload + bytes.metadata + bytes.exact, bytes.total);
        double error = 0, energy = 0;
        for (size_t j = 0; j < ROWS * DIM; j++) {
            error += ((double)rows[j] - (double)back[j]) * ((double)rows[j] - (double)back[j]);
            energy += (double)rows[j] * (double)rows[j];
        }
        if (!(error / energy >= cases[i].least && error / energy <= cases[i].most))
            fail_msg("%s: relative error %g", cases[i].text, error / energy);
        close_trip(&x);
    }
    free(rows);
    free(back);
}

static void refusals_name_the_stream(void **state)
{
    (void)state;
    enum { ROWS = 20, DIM = 128 };
    float *rows = normal_rows(ROWS, DIM, 7);
    fault f = { 0 };
    roundtrip_bytes bytes = { 0 };
    rows[17 * DIM + 5] = NAN;
    trip x = open_trip(NULL, "turbo4");
    assert_false(roundtrip_rows(x.t, 100, rows, ROWS, rows, &bytes, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    if (strncmp(f.text, "k=turbo4, layer 3, head 1, encode: row 117", 42) != 0) fail_msg("%s", f.text);
    assert_int_equal(bytes.total, 0);
    close_trip(&x);
    /* An inner codec's message reaches the top through its wrapper. */
    x = open_trip(NULL, "rotate(rotate(f16))");
    for (size_t i = 0; i < DIM; i++)
        rows[i] = 1e8f;
    assert_false(roundtrip_rows(x.t, 0, rows, 1, rows, &bytes, &f));
    if (strncmp(f.text, "k=rotate(rotate(f16)), layer 3, head 1, encode: f16: ", 53) != 0) fail_msg("%s", f.text);
    close_trip(&x);
    /* The shape, at the top and inside. */
    registry *known = loaded(NULL);
    kvant_shape shape = shape_3_1;
    static const struct {
        const char *text;
        int dim;
        const char *says;
    } shapes[] = { { "q8_0", 80, "k=q8_0, layer 3, head 1, create: it does not take head dimension 80; it takes" },
                   { "rotate(q8_0)", 48,
                     "k=rotate(q8_0), layer 3, head 1, create: q8_0 does not take head dimension 48" } };
    for (size_t i = 0; i < 2; i++) {
        spec *s = spec_parse(registry_catalog(known), shapes[i].text, &f);
        shape.dim = shapes[i].dim;
        assert_null(instance_open(known, s, &shape, NULL, &f));
        if (strncmp(f.text, shapes[i].says, strlen(shapes[i].says)) != 0) fail_msg("%s", f.text);
        assert_int_equal(f.code, FAULT_INPUT);
        spec_free(s);
    }
    registry_destroy(known);
    free(rows);
}

static void misdeeds_are_found_and_named(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        { TEST_PLUGINS "/bad_scribble.so",
          "k=bad_scribble, layer 3, head 1, encode: it wrote past its buffer of 1024 bytes" },
        { TEST_PLUGINS "/bad_nan.so", "k=bad_nan, layer 3, head 1, decode: row " },
        { TEST_PLUGINS "/bad_lie.so",
          "k=bad_lie, layer 3, head 1, split: 512 bytes of payload, 0 of metadata and 0 exact do not add up to 1024" },
        { APP_PLUGINS "/over_claim.so",
          "k=over_claim, layer 3, head 1, encode: it says it wrote 1025 bytes into a buffer of 1024" },
        { APP_PLUGINS "/forgets_row.so", "k=forgets_row, layer 3, head 1, decode: row 41, column 0 comes back as" },
        { APP_PLUGINS "/decode_past.so", "k=decode_past, layer 3, head 1, decode: it wrote past its buffer of 2 rows" },
        { APP_PLUGINS "/odd_code.so", "k=odd_code, layer 3, head 1, encode: it returned -77, which is no code" },
        { APP_PLUGINS "/greedy.so", "k=greedy, layer 3, head 1, bound: it asks for" },
    };
    (void)state;
    float *rows = normal_rows(2, 128, 7), *back = normal_rows(2, 128, 8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *slash = strrchr(cases[i].file, '/');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(slash + 1) - 3), slash + 1);
        trip x = open_trip(cases[i].file, name);
        fault f = { 0 };
        roundtrip_bytes bytes = { 0 };
        float first = back[0];
        assert_false(roundtrip_rows(x.t, 40, rows, 2, back, &bytes, &f));
        if (strncmp(f.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("%s\n  expected %s", f.text, cases[i].says);
        assert_int_equal(f.code, FAULT_INPUT);
        assert_true(back[0] == first); /* nothing was handed out */
        close_trip(&x);
    }
    free(rows);
    free(back);
}

static void refused_creation_keeps_the_codecs_message(void **state)
{
    (void)state;
    fault f = { 0 };
    registry *known = loaded(TEST_PLUGINS "/bad_create.so");
    spec *s = spec_parse(registry_catalog(known), "rotate(bad_create)", &f);
    assert_non_null(s);
    assert_null(instance_open(known, s, &shape_3_1, NULL, &f));
    const char *begin = "k=rotate(bad_create), layer 3, head 1, create: ";
    assert_int_equal(strncmp(f.text, begin, strlen(begin)), 0);
    assert_non_null(strstr(f.text, "bad_create: refuses head dimension 128, as it refuses all"));
    spec_free(s);
    registry_destroy(known);
}

static void memory_left_behind_is_reported(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "leaky", "k=leaky, layer 3, head 1, destroy: it left 1 pieces of memory, 100 bytes" },
        { "rotate(leaky)", "k=rotate(leaky), layer 3, head 1, destroy: it left 1 pieces of memory, 100 bytes" },
    };
    (void)state;
    fault f = { 0 };
    registry *known = loaded(APP_PLUGINS "/leaky.so");
    for (size_t i = 0; i < 2; i++) {
        spec *s = spec_parse(registry_catalog(known), cases[i].text, &f);
        assert_non_null(s);
        instance *x = instance_open(known, s, &shape_3_1, NULL, &f);
        assert_non_null(x);
        assert_false(instance_close(x, &f));
        assert_string_equal(f.text, cases[i].says);
        spec_free(s);
    }
    registry_destroy(known);
}

static void blocks_are_seen_and_kept_whole(void **state)
{
    (void)state;
    trip x = open_trip(TEST_PLUGINS "/blocky.so", "rotate(blocky(block=4,window=8))");
    assert_int_equal(instance_block(roundtrip_encoder(x.t)), 4);
    assert_int_equal(instance_window(roundtrip_encoder(x.t)), 8);
    float *rows = normal_rows(8, 128, 7), *back = normal_rows(8, 128, 8);
    fault f = { 0 };
    roundtrip_bytes bytes = { 0 };
    assert_true(roundtrip_rows(x.t, 4, rows, 8, back, &bytes, &f));
    assert_false(roundtrip_rows(x.t, 4, rows, 6, back, &bytes, &f));
    assert_non_null(strstr(f.text, "6 rows from position 4 are not whole blocks of 4"));
    assert_false(roundtrip_rows(x.t, 2, rows, 8, back, &bytes, &f));
    free(rows);
    free(back);
    close_trip(&x);
}

/* `shifts` encodes x - m, where its side data m is the mean of the samples; it refuses to encode before calibrate, to
 * decode before load, and counts on nothing else. `drifts` changes its side data with every encode. */
static void a_fresh_decoder_needs_only_bytes_and_side_data(void **state)
{
    static const char *const texts[] = { "shifts", "rotate(shifts)", "drifts" };
    (void)state;
    float *rows = normal_rows(8, 128, 7), *back = normal_rows(8, 128, 8);
    for (size_t i = 0; i < 3; i++) {
        trip x = open_trip(APP_PLUGINS "/shifts.so", texts[i]);
        fault f = { 0 };
        roundtrip_bytes bytes = { 0 };
        bool calibrates = instance_calibrates(roundtrip_encoder(x.t));
        assert_int_equal(calibrates, i < 2);
        if (calibrates) {
            assert_false(roundtrip_rows(x.t, 0, rows, 8, back, &bytes, &f));
            assert_int_equal(f.code, FAULT_INTERNAL);
            assert_non_null(strstr(f.text, "encode: not calibrated"));
        }
        const kvant_samples samples = { .rows = rows, .n_rows = 8, .sequence = 8 };
        assert_true(roundtrip_calibrate(x.t, &samples, &f));
        for (size_t row = 0; row < 8; row += 4) {
            if (!roundtrip_rows(x.t, row, rows + row * 128, 4, back + row * 128, &bytes, &f)) fail_msg("%s", f.text);
            for (size_t j = row * 128; j < (row + 4) * 128; j++)
                assert_true(fabsf(rows[j] - back[j]) < 1e-5f);
        }
        assert_int_equal(roundtrip_side_bytes(x.t), sizeof(float));
        close_trip(&x);
    }
    free(rows);
    free(back);
}

static void keep_line(void *arg, const char *line)
{
    snprintf(arg, 100, "%s", line);
}

/* `asks` uses every service of its host in create and fails, with a sentence, where one does not keep its promise. */
static void the_host_keeps_its_promises(void **state)
{
    (void)state;
    fault f = { 0 };
    char line[100] = "";
    registry *known = loaded(APP_PLUGINS "/asks.so");
    spec *s = spec_parse(registry_catalog(known), "asks", &f);
    assert_non_null(s);
    host_env env = { .log = keep_line, .arg = line };
    instance *x = instance_open(known, s, &shape_3_1, &env, &f);
    if (!x) fail_msg("%s", f.text);
    assert_string_equal(line, "asks: 3 tasks, one line");
    if (!instance_close(x, &f)) fail_msg("%s", f.text);
    env.cancelled = at_once;
    assert_null(instance_open(known, s, &shape_3_1, &env, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    spec_free(s);
    registry_destroy(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_cost_what_they_should_and_come_back),
        cmocka_unit_test(refusals_name_the_stream),
        cmocka_unit_test(misdeeds_are_found_and_named),
        cmocka_unit_test(refused_creation_keeps_the_codecs_message),
        cmocka_unit_test(memory_left_behind_is_reported),
        cmocka_unit_test(blocks_are_seen_and_kept_whole),
        cmocka_unit_test(a_fresh_decoder_needs_only_bytes_and_side_data),
        cmocka_unit_test(the_host_keeps_its_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
