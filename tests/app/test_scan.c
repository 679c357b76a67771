/* From plugins to a catalog: what they say of themselves, the registry, the describing process. The real plugins, and
 * the misbehaving ones of tests/codecs/bad. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/scan.h"
#include "tests/app/good_plugins.h"
#include "tests/app/known.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
