/* Profiles: putting them together, using them in configs, and what engines can be told of them. */
#include "tests/app/known.h"
#include "tests/store/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/profile.h"
#include "app/profile_view.h"

static catalog *known;

static int find_codecs(void **state)
{
    (void)state;
    known = scanned_codecs(PLUGINS, DESCRIBER);
    return known ? 0 : -1;
}

static int forget_codecs(void **state)
{
    (void)state;
    catalog_free(known);
    return 0;
}

static store *opened(void **state)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

/* ---- making ---- */

static void layers_lie_on_the_base_in_order(void **state)
{
    static const struct {
        const char *base;
        profile_layer layers[3];
        const char *expected; /* NULL: refused */
    } cases[] = {
        { "turbo4", { { NULL, NULL } }, "turbo4" },
        { "k=turbo4 v=turbo4", { { "0-1", "k=q8_0" }, { "3", "turbo3" } }, "turbo4 @0-1:k=q8_0 @3:turbo3" },
        { "turbo4", { { "0-3", "q8_0" }, { "1", "f16" }, { "2", "turbo4" } }, "turbo4 @0,3:q8_0 @1:f16" },
        { "k=q8_0 v=turbo3 @0-1:v=q8_0", { { "0", NULL } }, "k=q8_0 v=turbo3 @1:v=q8_0" },
        { "turbo4 adaptive=7", { { "0-1", NULL }, { "-2..-1", NULL } }, "k=turbo4 v=turbo2" },
        { "turbo4 rope=post", { { "-1", "k=q8_0,v=f16" } }, "turbo4 @-1:k=q8_0,v=f16 rope=post" },
        { "turbo4", { { "0", "nonsense" } }, NULL },
        { "turbo4", { { "0 @1", "q8_0" } }, NULL },
        { "turbo4", { { "", "q8_0" } }, NULL },
        { "turbo4", { { "0", "q8_0 rope=" } }, NULL },
        { "", { { NULL, NULL } }, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = 0;
        while (n < 3 && cases[i].layers[n].layers)
            n++;
        fault f = { 0 };
        const profile_source p = { .name = "p", .base = cases[i].base, .layers = cases[i].layers, .n_layers = n };
        config *c = profile_compose(known, &p, &f);
        if (!cases[i].expected && c) fail_msg("%s: %s", cases[i].base, c->text);
        if (cases[i].expected && !c) fail_msg("%s: %s", cases[i].base, f.text);
        if (c) assert_string_equal(c->text, cases[i].expected);
        config_free(c);
    }
}

static void names_are_words(void **state)
{
    static const char *const good[] = { "a", "Mine-2", "x_y.z" };
    static const char *const bad[] = { "", "2x", "-x", "a b", "a'b", "a\nb", "a/b", "\xc3\xa4", "a=b", "a@b" };
    char longest[80];
    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[64] = '\0';
    assert_true(profile_check_name(longest, NULL));
    longest[64] = 'a';
    longest[65] = '\0';
    assert_false(profile_check_name(longest, NULL));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(profile_check_name(good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(profile_check_name(bad[i], NULL));
}

/* ---- using ---- */

static void a_name_stands_for_its_config(void **state)
{
    static const struct {
        const char *text, *expected; /* NULL: refused */
    } cases[] = {
        { "profile=mine", "k=q8_0 v=turbo3 @0:v=q8_0" },
        { "profile = mine @1:f16", "k=q8_0 v=turbo3 @0:v=q8_0 @1:f16" },
        { " profile=mine rope=post", " k=q8_0 v=turbo3 @0:v=q8_0 rope=post" },
        { "turbo4", "turbo4" },
        { "profiles=mine", "profiles=mine" }, /* config_parse says what is wrong with it */
        { "xprofile=mine", "xprofile=mine" },
        { "k=profile", "k=profile" },
        { "", "" },
        { "profile=", NULL },
        { "profile=mine@0:f16", NULL },
        { "profile=mine,k=f16", NULL },
        { "profile=mien", NULL },
        { "profile='mine'", NULL },
    };
    store *s = opened(state);
    fault f = { 0 };
    assert_true(profile_save(s, known, &(profile_source){ .name = "mine", .base = "k=q8_0 v=turbo3 @0:q8_0" }, &f));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = NULL;
        const bool ok = profile_expand_from(s, cases[i].text, &out, &f);
        if (ok != (cases[i].expected != NULL)) fail_msg("%s: %s", cases[i].text, ok ? out : f.text);
        if (ok) assert_string_equal(out, cases[i].expected);
        if (ok) free(out);
    }
    char *out;
    assert_false(profile_expand_from(s, "profile=mien", &out, &f));
    assert_non_null(strstr(f.text, "did you mean \"mine\"?"));
    assert_true(profile_named_in("@0:f16 profile=x") && !profile_named_in("turbo4"));
    store_close(s);
}

static void what_is_no_config_is_not_kept(void **state)
{
    store *s = opened(state);
    fault f = { 0 };
    assert_false(profile_save(s, known, &(profile_source){ .name = "p", .base = "turbo44" }, &f));
    assert_false(profile_save(s, known, &(profile_source){ .name = "a b", .base = "turbo4" }, &f));
    assert_false(profile_save(s, known, &(profile_source){ .name = "p", .base = "polar(bits=2..4)" }, &f));
    assert_int_equal(ask(s, "SELECT count(*) FROM profiles"), 0);
    store_close(s);
}

/* ---- on a model ---- */

static void view(profile_view *v, store_profile *p, const char *text, int n_layers)
{
    model_shape shape = { .name = "a model", .n_layers = n_layers, .n_heads = 4, .n_kv_heads = 2, .head_dim = 128 };
    fault f = { 0 };
    config *c = config_parse(known, text, &f);
    if (!c) fail_msg("%s: %s", text, f.text);
    static char canonical[512];
    snprintf(canonical, sizeof canonical, "%s", c->text);
    config_free(c);
    *p = (store_profile){ "mine", canonical, "", "", 0 };
    if (!profile_view_make(v, p, known, &shape, &f)) fail_msg("%s", f.text);
}

/* Flags, environment and losses in one line. */
static void write_answer(const cJSON *json, char text[1024])
{
    const cJSON *item;
    size_t used = 0;
    text[0] = '\0';
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "environment")) used +=
        (size_t)snprintf(text + used, 1024 - used, "%s=%s ", item->string, item->valuestring);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "flags")) used +=
        (size_t)snprintf(text + used, 1024 - used, "%s ", item->valuestring);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "lost")) used +=
        (size_t)snprintf(text + used, 1024 - used, "! %s ", item->valuestring);
}

typedef struct engine_case {
    const char *config;
    int n_layers;
    const char *expected; /* NULL: cannot be expressed at all */
} engine_case;

static void check_engine(const engine_case *cases, size_t n, cJSON *(*engine)(const profile_view *v, fault *f))
{
    for (size_t i = 0; i < n; i++) {
        profile_view v;
        store_profile p;
        char text[1024] = "";
        fault f = { 0 };
        view(&v, &p, cases[i].config, cases[i].n_layers);
        cJSON *json = engine(&v, &f);
        if (json) write_answer(json, text);
        if (!json) assert_int_equal(f.code, FAULT_NO);
        if (!json != !cases[i].expected || (json && strcmp(text, cases[i].expected) != 0))
            fail_msg("%s on %d layers\n  gives    %s\n  expected %s", cases[i].config, cases[i].n_layers,
                     json ? text : f.text, cases[i].expected ? cases[i].expected : "a refusal");
        cJSON_Delete(json);
        profile_view_free(&v);
    }
}

#define ROT        "LLAMA_ATTN_ROT_DISABLE=1 "
#define FORK(mode) "TURBO_LAYER_ADAPTIVE=" #mode " TURBO_AUTO_ASYMMETRIC=0 "
#define PRE        "! rope=pre: llama.cpp compresses keys after RoPE; measure it with rope=post "

static void llama_cpp_gets_one_type_each_or_a_mode_of_the_fork(void **state)
{
    static const engine_case cases[] = {
        { "q8_0 rope=post", 4, ROT "--cache-type-k q8_0 --cache-type-v q8_0 " },
        { "k=q8_0 v=iq4_nl rope=post", 4, ROT "--cache-type-k q8_0 --cache-type-v iq4_nl " },
        { "k=identity v=bf16", 4, "--cache-type-k f32 --cache-type-v bf16 " },
        { "v=q4_1", 4, ROT "--cache-type-k f16 --cache-type-v q4_1 " },
        { "q8_0", 4, ROT "--cache-type-k q8_0 --cache-type-v q8_0 " PRE },
        { "k=turbo4 v=turbo2 rope=post", 40, FORK(0) "--cache-type-k turbo4 --cache-type-v turbo2 " },
        /* all layers the same, however it is written */
        { "q4_0 @0-3:q5_1 rope=post", 4, ROT "--cache-type-k q5_1 --cache-type-v q5_1 " },
        /* the fork's modes, whatever they were written as */
        { "turbo4 adaptive=7 rope=post", 32, FORK(7) "--cache-type-k turbo4 --cache-type-v turbo2 " },
        { "k=turbo4 v=turbo2 @0-1,30-31:v=q8_0 rope=post", 32, FORK(7) "--cache-type-k turbo4 --cache-type-v turbo2 " },
        { "turbo3 adaptive=1 rope=post", 32, FORK(1) "--cache-type-k turbo3 --cache-type-v turbo3 " },
        { "turbo3 adaptive=2 rope=post", 32, FORK(2) "--cache-type-k turbo3 --cache-type-v turbo3 " },
        { "k=q8_0 v=turbo3 adaptive=5 rope=post", 32, FORK(5) "--cache-type-k q8_0 --cache-type-v turbo2 " },
        { "k=q8_0 v=turbo3 adaptive=6 rope=post", 32, FORK(6) "--cache-type-k q8_0 --cache-type-v turbo2 " },
        /* which it has only from 8 layers on */
        { "turbo4 adaptive=7 rope=post", 7,
          FORK(0) "--cache-type-k turbo4 --cache-type-v q8_0 "
                  "! layers 2-4: k=turbo4 v=turbo2 (llama.cpp has one type for all layers) " },
        /* layers that are lost, each kind by name */
        { "k=q8_0 v=q4_0 @0-1,-1:q8_0 @3:v=f16 rope=post", 8,
          ROT "--cache-type-k q8_0 --cache-type-v q4_0 "
              "! layers 0-1, 7: k=q8_0 v=q8_0 (llama.cpp has one type for all layers) "
              "! layers 3: k=q8_0 v=f16 (llama.cpp has one type for all layers) " },
        /* what it does not have */
        { "polar(bits=3) rope=post", 4, NULL },
        { "k=q8_0 v=kivi rope=post", 4, NULL },
        { "k=rotate(q8_0) v=q8_0 rope=post", 4, NULL },
        { "e4m3 rope=post", 4, NULL },
    };
    (void)state;
    check_engine(cases, sizeof cases / sizeof cases[0], profile_llama_cpp);
}

static void vllm_gets_one_type_and_layers_to_skip(void **state)
{
    static const engine_case cases[] = {
        { "e4m3 rope=post", 4, "--kv-cache-dtype fp8_e4m3 " },
        { "e5m2 rope=post", 4, "--kv-cache-dtype fp8_e5m2 " },
        { "f16", 4, "--kv-cache-dtype float16 " },
        { "bf16", 4, "--kv-cache-dtype bfloat16 " },
        { "e4m3 @0,-1:f16 rope=post", 4, "--kv-cache-dtype fp8_e4m3 --kv-cache-dtype-skip-layers 0 3 " },
        { "e4m3", 4,
          "--kv-cache-dtype fp8_e4m3 ! rope=pre: vLLM compresses keys after RoPE; measure it with rope=post " },
        { "k=e4m3 v=e5m2 rope=post", 4, "--kv-cache-dtype fp8_e4m3 ! v=e5m2 (vLLM has one type for keys and values) " },
        { "e4m3 @0:f16 @1:e5m2 rope=post", 4,
          "--kv-cache-dtype fp8_e4m3 --kv-cache-dtype-skip-layers 0 "
          "! layers 1: k=e5m2 v=e5m2 (vLLM has one quantised type for all layers) " },
        { "e4m3 @0:k=f16 rope=post", 4,
          "--kv-cache-dtype fp8_e4m3 ! layers 0: k=f16 v=e4m3 (vLLM has one quantised type for all layers) " },
        { "f16 @0:e4m3 rope=post", 4, "--kv-cache-dtype fp8_e4m3 --kv-cache-dtype-skip-layers 1 2 3 " },
        { "q8_0 rope=post", 4, NULL },
        { "identity", 4, NULL },
    };
    (void)state;
    check_engine(cases, sizeof cases / sizeof cases[0], profile_vllm);
}

static char *written(void (*write)(FILE *to, const void *what), const void *what)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    write(to, what);
    fclose(to);
    return text;
}

static void write_lua(FILE *to, const void *v)
{
    profile_write_lua(to, v);
}

static void write_yaml(FILE *to, const void *json)
{
    profile_write_yaml(to, json);
}

static void lua_has_a_table_of_layers_where_their_order_means_nothing(void **state)
{
    static const struct {
        const char *config, *expected;
    } cases[] = {
        { "turbo4", "lab.profile {\n    name = \"mine\",\n    base = \"turbo4\",\n}\n" },
        { "k=q8_0 v=turbo3 @0-1,-1:q8_0 rope=post",
          "lab.profile {\n    name = \"mine\",\n    base = \"k=q8_0 v=turbo3 rope=post\",\n"
          "    layers = {\n        [\"0-1,-1\"] = \"v=q8_0\",\n    },\n}\n" },
        { "turbo4 @0:k=q8_0,v=f16", "lab.profile {\n    name = \"mine\",\n    base = \"turbo4\",\n"
                                    "    layers = {\n        [\"0\"] = \"k=q8_0,v=f16\",\n    },\n}\n" },
        { "turbo4 @0:q8_0 @0..-2:turbo3",
          "lab.profile {\n    name = \"mine\",\n    base = \"turbo4 @0:q8_0 @0..-2:turbo3\",\n}\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        profile_view v;
        store_profile p;
        view(&v, &p, cases[i].config, 8);
        char *text = written(write_lua, &v);
        if (strcmp(text, cases[i].expected) != 0) fail_msg("%s gives\n%s", cases[i].config, text);
        free(text);
        profile_view_free(&v);
    }
    profile_view v;
    store_profile p;
    view(&v, &p, "turbo4", 8);
    p.note = "a \"b\"\n\\ \x1b[31m";
    char *text = written(write_lua, &v);
    assert_non_null(strstr(text, "note = \"a \\\"b\\\"\\010\\\\ \\027[31m\""));
    free(text);
    profile_view_free(&v);
}

static void yaml_says_the_same_as_json(void **state)
{
    static const char source[] =
        "{\"a\":1,\"b\":{\"c\":[],\"d\":{}},\"list\":[1,{\"x\":true,\"y\":null},[2,\"three: # \\\"x\\\"\\n\"]],\"no\":\"yes\","
        "\"polar(bits=3)\":0.5}";
    static const char expected[] =
        "a: 1\nb:\n  c: []\n  d: {}\nlist:\n  - 1\n  - x: true\n    \"y\": null\n"
        "  - - 2\n    - \"three: # \\\"x\\\"\\n\"\n\"no\": \"yes\"\n\"polar(bits=3)\": 0.5\n";
    (void)state;
    cJSON *json = cJSON_Parse(source);
    char *text = written(write_yaml, json);
    assert_string_equal(text, expected);
    free(text);
    cJSON_Delete(json);
}

static void a_document_has_every_parameter_and_reads_back(void **state)
{
    profile_view v;
    store_profile p, back;
    fault f = { 0 };
    (void)state;
    view(&v, &p, "k=sink(window(polar(bits=3),n=64),n=2) v=turbo3 @0-1,-1:q8_0 rope=post", 8);
    cJSON *json = profile_document(&v);
    const cJSON *codecs = cJSON_GetObjectItem(json, "codecs");
    const cJSON *sink = cJSON_GetObjectItem(codecs, v.config->base[KVANT_K]->text);
    assert_non_null(sink);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(sink, "parameters"), "n")->valueint, 2);
    const cJSON *inner = cJSON_GetObjectItem(cJSON_GetObjectItem(sink, "inner"), "inner");
    assert_string_equal(cJSON_GetObjectItem(inner, "codec")->valuestring, "polar");
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(inner, "parameters"), "bits")->valueint, 3);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "layers")), 8);
    assert_true(profile_read_document(json, known, "x.json", &back, &f));
    assert_string_equal(back.config, p.config);
    assert_string_equal(back.name, "mine");
    /* a part that was changed by hand is not passed over */
    cJSON_ReplaceItemInObject(cJSON_GetObjectItem(json, "base"), "v", cJSON_CreateString("turbo2"));
    assert_false(profile_read_document(json, known, "x.json", &back, &f));
    assert_non_null(strstr(f.text, "x.json: \"base\" is not what \"config\" says"));
    cJSON_Delete(json);
    profile_view_free(&v);
}

static void what_is_no_document_is_refused(void **state)
{
    static const char *const texts[] = { "[]",
                                         "{}",
                                         "{\"kvant_profile\": 2, \"config\": \"turbo4\"}",
                                         "{\"kvant_profile\": \"1\", \"config\": \"turbo4\"}",
                                         "{\"kvant_profile\": 1}",
                                         "{\"kvant_profile\": 1, \"config\": 5}",
                                         "{\"kvant_profile\": 1, \"config\": \"turbo44\"}",
                                         "{\"kvant_profile\": 1, \"config\": \"turbo4\", \"rope\": \"post\"}",
                                         "{\"kvant_profile\": 1, \"config\": \"turbo4\", \"config_hash\": \"0\"}",
                                         "{\"kvant_profile\": 1, \"config\": \"turbo4\", \"exceptions\": [{}]}" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        store_profile p;
        fault f = { 0 };
        cJSON *json = cJSON_Parse(texts[i]);
        if (profile_read_document(json, known, "x", &p, &f)) fail_msg("%s", texts[i]);
        assert_int_equal(f.code, FAULT_INPUT);
        cJSON_Delete(json);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_lie_on_the_base_in_order),
        cmocka_unit_test(names_are_words),
        TEST(a_name_stands_for_its_config),
        TEST(what_is_no_config_is_not_kept),
        cmocka_unit_test(llama_cpp_gets_one_type_each_or_a_mode_of_the_fork),
        cmocka_unit_test(vllm_gets_one_type_and_layers_to_skip),
        cmocka_unit_test(lua_has_a_table_of_layers_where_their_order_means_nothing),
        cmocka_unit_test(yaml_says_the_same_as_json),
        cmocka_unit_test(a_document_has_every_parameter_and_reads_back),
        cmocka_unit_test(what_is_no_document_is_refused),
    };
    return cmocka_run_group_tests(tests, find_codecs, forget_codecs);
}
