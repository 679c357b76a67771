/* From plugins to instances: catalog, registry, describing process, host. The real plugins, and the misbehaving ones of
 * tests/codecs/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "app/registry.h"
#include "app/roundtrip.h"
#include "app/scan.h"
#include "kernels/random.h"
#include "tests/app/known.h"

static const char *const good[] = { GOOD_PLUGINS "/exact.so", GOOD_PLUGINS "/block.so", GOOD_PLUGINS "/turbo.so",
                                    GOOD_PLUGINS "/polar.so", GOOD_PLUGINS "/rotate.so" };
enum { N_GOOD = sizeof good / sizeof *good };

static registry *loaded(const char *extra)
{
    fault f = { 0 };
    registry *r = registry_create(&f);
    assert_non_null(r);
    for (size_t i = 0; i < N_GOOD; i++)
        if (!registry_load(r, good[i], &f)) fail_msg("%s", f.text);
    if (extra && !registry_load(r, extra, &f)) fail_msg("%s", f.text);
    return r;
}

/* ---- catalog ---- */

static void assert_survives_json(const catalog *known)
{
    for (size_t i = 0; i < known->n_codecs; i++) {
        fault f = { 0 };
        cJSON *json = catalog_codec_json(known->codecs[i]);
        char *text = cJSON_PrintUnformatted(json);
        cJSON *parsed = cJSON_Parse(text);
        catalog_codec *copy = catalog_codec_from_json(parsed, &f);
        if (!copy) fail_msg("%s: %s", text, f.text);
        assert_true(catalog_check(copy, &f));
        const catalog_param *inner = catalog_inner(known->codecs[i]);
        if (inner && inner->inner) assert_string_equal(catalog_inner(copy)->inner, inner->inner);
        cJSON *again = catalog_codec_json(copy);
        assert_true(cJSON_Compare(json, again, true));
        catalog_codec_free(copy);
        cJSON_Delete(again);
        cJSON_Delete(parsed);
        cJSON_free(text);
        cJSON_Delete(json);
    }
}

static void a_codec_survives_json(void **state)
{
    (void)state;
    registry *r = loaded(TEST_PLUGINS "/blocky.so");
    assert_true(registry_catalog(r)->n_codecs >= 9);
    assert_survives_json(registry_catalog(r));
    registry_destroy(r);
    catalog *made_up = known_codecs();
    assert_survives_json(made_up);
    catalog_free(made_up);
}

#define PARAM(name, type, def, min, max, step, more)                                                                   \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"log\":false,\"default\":" def ",\"min\":" min ",\"max\":" max      \
    ",\"step\":" step ",\"help\":\"h\"" more "}"

static void senseless_descriptions_are_refused(void **state)
{
    static const struct {
        const char *name, *params, *says;
        int flags, dim_min, dim_max, dim_step;
    } cases[] = {
        { "", "", "a codec's name must be", 0, 1, 64, 1 },
        { "4bit", "", "a codec's name must be", 0, 1, 64, 1 },
        { "a-b", "", "a codec's name must be", 0, 1, 64, 1 },
        { "x", "", "head dimensions 0 to 64", 0, 0, 64, 1 },
        { "x", "", "head dimensions 64 to 32", 0, 64, 32, 1 },
        { "x", "", "in steps of 0", 0, 1, 64, 0 },
        { "x", "", "for keys only and for values only", KVANT_K_ONLY | KVANT_V_ONLY, 1, 64, 1 },
        { "x", PARAM("a b", "int", "1", "0", "2", "0", ""), "a name that is not", 0, 1, 64, 1 },
        { "x", PARAM("a", "int", "3", "0", "2", "0", ""), "a default, 3, outside its range 0 to 2", 0, 1, 64, 1 },
        { "x", PARAM("a", "int", "3", "2", "0", "0", ""), "an empty range, 2 to 0", 0, 1, 64, 1 },
        { "x", PARAM("a", "int", "0.5", "0", "2", "0", ""), "is a whole number, but 0.5", 0, 1, 64, 1 },
        { "x", PARAM("a", "real", "1", "0", "2", "-1", ""), "a negative step", 0, 1, 64, 1 },
        { "x", PARAM("a", "real", "1", "0", "1e999", "0", ""), "not finite", 0, 1, 64, 1 },
        { "x", PARAM("a", "bool", "2", "0", "0", "0", ""), "a switch with default 2", 0, 1, 64, 1 },
        { "x", PARAM("a", "enum", "0", "0", "0", "0", ",\"words\":[]"), "has 0 words", 0, 1, 64, 1 },
        { "x", PARAM("a", "enum", "1", "0", "0", "0", ",\"words\":[\"b\"]"), "default word 1 of 1", 0, 1, 64, 1 },
        { "x", PARAM("a", "enum", "0", "0", "0", "0", ",\"words\":[\"b\",\"b\"]"), "\"b\" twice", 0, 1, 64, 1 },
        { "x", PARAM("a", "enum", "0", "0", "0", "0", ",\"words\":[\"b c\"]"), "not a name", 0, 1, 64, 1 },
        { "x", PARAM("a", "int", "1", "0", "2", "0", "") "," PARAM("a", "int", "1", "0", "2", "0", ""), "listed twice",
          0, 1, 64, 1 },
        { "x", PARAM("a", "int", "1", "0", "2", "0", "") "," PARAM("b", "codec", "0", "0", "0", "0", ""),
          "not the first parameter", 0, 1, 64, 1 },
        { "x", "{\"name\":\"a\"}", "\"type\" is not a string", 0, 1, 64, 1 },
        { "x", PARAM("a", "number", "1", "0", "2", "0", ""), "no parameter type", 0, 1, 64, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        catalog *c = catalog_create(&f);
        cJSON *o = known_json(cases[i].name, cases[i].flags, cases[i].dim_min, cases[i].dim_max, cases[i].dim_step,
                              cases[i].params);
        catalog_codec *codec = catalog_codec_from_json(o, &f);
        bool ok = codec && catalog_add(c, codec, &f);
        if (ok || !strstr(f.text, cases[i].says)) fail_msg("%s\n  expected \"%s\"", f.text, cases[i].says);
        cJSON_Delete(o);
        catalog_free(c);
    }
}

static void head_dimensions_are_said_in_words(void **state)
{
    static const struct {
        int min, max, step;
        const char *text;
    } cases[] = { { 64, 64, 1, "64" },
                  { 32, 256, 1, "32 to 256" },
                  { 32, 600, 32, "multiples of 32 from 32 to 576" },
                  { 33, 99, 2, "33 to 99 in steps of 2" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CATALOG_DIMS];
        catalog_dims(&(catalog_codec){ .dim_min = cases[i].min, .dim_max = cases[i].max, .dim_step = cases[i].step },
                     text);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- registry ---- */

static void plugins_of_another_abi_and_other_files_are_refused(void **state)
{
    static const struct {
        const char *path, *says;
    } cases[] = {
        { TEST_PLUGINS "/bad_abi.so", "this kvant speaks 2.1" },
        { "tests/app/known.h", "invalid ELF header" },
        { "nowhere.so", "nowhere.so: no such file" },
    };
    (void)state;
    registry *r = loaded(NULL);
    size_t before = registry_catalog(r)->n_codecs;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        assert_false(registry_load(r, cases[i].path, &f));
        assert_int_equal(f.code, FAULT_INPUT);
        if (!strstr(f.text, cases[i].says)) fail_msg("%s", f.text);
        assert_int_equal(strncmp(f.text, cases[i].path, strlen(cases[i].path)), 0);
    }
    assert_int_equal(registry_catalog(r)->n_codecs, before);
    registry_destroy(r);
}

static void the_first_codec_of_a_name_wins_with_a_note(void **state)
{
    (void)state;
    registry *r = loaded(NULL);
    size_t before = registry_catalog(r)->n_codecs;
    fault f = { 0 };
    assert_true(registry_load(r, good[1], &f));
    const catalog *known = registry_catalog(r);
    assert_int_equal(known->n_codecs, before);
    assert_true(known->n_problems > 2); /* q8_0, q5_1 and the others of the file */
    assert_non_null(strstr(known->problems[0].reason, "codec \"q8_0\" is hidden"));
    assert_non_null(registry_codec(r, catalog_find(known, "q8_0")));
    registry_destroy(r);
}

/* ---- scan ---- */

static const char *const describer[] = { DESCRIBER, NULL };

static plugin_files files_of(const char *const *files, size_t n, const char *path)
{
    plugin_files found;
    fault f = { 0 };
    if (!plugin_files_find(&found, &(plugin_search){ .files = files, .n_files = n, .path = path }, &f))
        fail_msg("%s", f.text);
    return found;
}

static const char *problem_with(const catalog *known, const char *name)
{
    for (size_t i = 0; i < known->n_problems; i++)
        if (strstr(known->problems[i].path, name)) return known->problems[i].reason;
    return NULL;
}

static void a_scan_tells_what_loading_would(void **state)
{
    (void)state;
    fault f = { 0 };
    plugin_files files = files_of(good, N_GOOD, NULL);
    catalog *known = catalog_scan(describer, &files, NULL, &f);
    if (!known) fail_msg("%s", f.text);
    registry *r = loaded(NULL);
    cJSON *scanned = catalog_json(known), *own = catalog_json(registry_catalog(r));
    assert_true(cJSON_Compare(scanned, own, true));
    cJSON_Delete(scanned);
    cJSON_Delete(own);
    registry_destroy(r);
    catalog_free(known);
    plugin_files_free(&files);
}

/* bad_load crashes and load_hang hangs in dlopen, load_chat writes to stdout, load_exit calls _exit(0). */
static void broken_plugins_spoil_only_themselves(void **state)
{
    (void)state;
    const char *const files[] = { TEST_PLUGINS "/bad_load.so",  good[0],
                                  TEST_PLUGINS "/bad_abi.so",   APP_PLUGINS "/load_hang.so",
                                  APP_PLUGINS "/load_chat.so",  good[1],
                                  APP_PLUGINS "/load_exit.so",  TEST_PLUGINS "/blocky.so",
                                  APP_PLUGINS "/load_twice.so", "tests/app/known.h" };
    fault f = { 0 };
    plugin_files found = files_of(files, sizeof files / sizeof *files, "/nowhere/at/all");
    catalog *known = catalog_scan(describer, &found, &(scan_options){ .seconds = 2 }, &f);
    if (!known) fail_msg("%s", f.text);
    static const char *const codecs[] = { "identity", "f16", "chatty", "q8_0", "q4_0", "blocky", "twice" };
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (!catalog_find(known, codecs[i])) fail_msg("no %s", codecs[i]);
    static const struct {
        const char *file, *says;
    } problems[] = {
        { "bad_load", CRASH_SAYS },
        { "bad_abi", "this kvant speaks 2.1" },
        { "load_hang", "did not finish loading within 2 s" },
        { "load_exit", "ended the process while it was loaded, with status 0; its last words: [1mgoodbye" },
        { "load_twice", "codec \"twice\" is hidden: this file lists that name twice" },
        { "known.h", "invalid ELF header" },
        { "/nowhere/at/all", "named by KVANT_PLUGIN_PATH: No such file or directory" },
    };
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        const char *reason = problem_with(known, problems[i].file);
        if (!reason || !strstr(reason, problems[i].says))
            fail_msg("%s: %s", problems[i].file, reason ? reason : "fine");
        assert_int_not_equal(reason[0], '/'); /* the path stands beside it */
    }
    assert_int_equal(known->n_problems, sizeof problems / sizeof *problems);
    catalog_free(known);
    plugin_files_free(&found);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void a_describer_that_does_not_work_is_a_fault(void **state)
{
    (void)state;
    static const char *const missing[] = { "/nowhere/describer", NULL }, *const deaf[] = { "/bin/false", NULL };
    plugin_files files = files_of(good, 1, NULL);
    fault f = { 0 };
    assert_null(catalog_scan(missing, &files, NULL, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    assert_non_null(strstr(f.text, "/nowhere/describer"));
    assert_null(catalog_scan(deaf, &files, NULL, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
    assert_null(catalog_scan(describer, &files, &(scan_options){ .cancelled = at_once }, &f));
    assert_int_equal(f.code, FAULT_INTERRUPTED);
    plugin_files_free(&files);
}

static void plugin_files_are_found_in_order_and_once(void **state)
{
    (void)state;
    char dir[] = "/tmp/kvant-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char a[64], b[64], c[64], d[64], path[160];
    snprintf(a, sizeof a, "%s/b.so", dir);
    snprintf(b, sizeof b, "%s/a.so", dir);
    snprintf(c, sizeof c, "%s/c.txt", dir);
    snprintf(d, sizeof d, "%s/d.so", dir);
    const char *const all[] = { a, d, c, b };
    for (size_t i = 0; i < 4; i++)
        fclose(fopen(all[i], "w"));
    snprintf(path, sizeof path, "%s:/nowhere:%s", dir, dir);
    const char *const dirs[] = { "", "/nowhere/else", dir };
    plugin_files found;
    fault f = { 0 };
    const plugin_search where = { .files = all, .n_files = 1, .path = path, .dirs = dirs, .n_dirs = 3 };
    assert_true(plugin_files_find(&found, &where, &f));
    assert_int_equal(found.n, 3);
    assert_non_null(strstr(found.paths[0], "/b.so"));
    assert_non_null(strstr(found.paths[1], "/a.so"));
    assert_non_null(strstr(found.paths[2], "/d.so"));
    assert_int_equal(found.n_problems, 1);
    plugin_files_free(&found);
    for (size_t i = 0; i < 4; i++)
        unlink(all[i]);
    assert_false(plugin_files_find(&found, &where, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    plugin_files_free(&found);
    rmdir(dir);
}

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
        cmocka_unit_test(a_codec_survives_json),
        cmocka_unit_test(senseless_descriptions_are_refused),
        cmocka_unit_test(head_dimensions_are_said_in_words),
        cmocka_unit_test(plugins_of_another_abi_and_other_files_are_refused),
        cmocka_unit_test(the_first_codec_of_a_name_wins_with_a_note),
        cmocka_unit_test(a_scan_tells_what_loading_would),
        cmocka_unit_test(broken_plugins_spoil_only_themselves),
        cmocka_unit_test(a_describer_that_does_not_work_is_a_fault),
        cmocka_unit_test(plugin_files_are_found_in_order_and_once),
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
