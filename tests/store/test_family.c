/* Which family a config belongs to. */
#include "tests/store/board_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/family.h"

/* ---- families ---- */

static void add_codec(catalog *c, const char *name, const char *family, const char *inner)
{
    catalog_codec *codec = calloc(1, sizeof *codec);
    fault f = { 0 };
    *codec = (catalog_codec){ .name = strdup(name),
                              .version = strdup("1"),
                              .family = strdup(family),
                              .summary = strdup("a codec"),
                              .reference = strdup(""),
                              .dim_min = 32,
                              .dim_max = 256,
                              .dim_step = 32,
                              .path = strdup("x.so"),
                              .abi = KVANT_ABI };
    if (inner) {
        codec->params = calloc(1, sizeof *codec->params);
        codec->params[0] = (catalog_param){ .name = strdup("codec"),
                                            .type = KVANT_CODEC,
                                            .help = strdup("inside"),
                                            .inner = *inner ? strdup(inner) : NULL };
        codec->n_params = 1;
    }
    if (!catalog_add(c, codec, &f)) fail_msg("%s", f.text);
}

static void a_config_has_the_family_of_the_codec_that_does_most(void **state)
{
    static const struct {
        const char *k, *v, *family;
    } cases[] = {
        { "turbo4", "turbo4", "turbo" },
        { "f16", "turbo3", "turbo" },
        { "q8_0", "turbo3", "block" },
        { "f16", "f16", "exact" },
        { "rotate(q8_0)", "f16", "block" },
        { "rotate(rotate(turbo4,seed=2),seed=3)", "f16", "turbo" },
        { "rotate", "f16", "turbo" }, /* its default is dropped from the text */
        { "rotate(seed=3)", "f16", "turbo" },
        { "split(q8_0)", "f16", "turbo" },     /* it takes a codec, but is no wrapper */
        { "gone(turbo4)", "turbo4", "turbo" }, /* a codec that is no more: the values tell */
        { "gone", "gone", NULL },
        { "", "((((", NULL },
    };
    enum { N = sizeof cases / sizeof cases[0] };
    store *s = writer(state);
    board *b = opened(state);
    fault f = { 0 };
    catalog *known = catalog_create(&f);
    add_codec(known, "f16", "exact", NULL);
    add_codec(known, "q8_0", "block", NULL);
    add_codec(known, "turbo3", "turbo", NULL);
    add_codec(known, "turbo4", "turbo", NULL);
    add_codec(known, "rotate", "wrapper", "turbo4");
    add_codec(known, "split", "turbo", "q8_0");
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        store_run run = sample_run(name);
        run.config.k = cases[i].k;
        run.config.v = cases[i].v;
        add(s, &run);
        if (i == 4) { /* told between: those that came before and after */
            refreshed(b);
            assert_int_equal(board_find(b, 1)->family, BOARD_NO_FAMILY);
            board_families(b, known);
        }
    }
    catalog_free(known);
    refreshed(b);
    for (int i = 0; i < N; i++) {
        int family = board_find(b, i + 1)->family;
        if (!cases[i].family) {
            assert_int_equal(family, BOARD_NO_FAMILY);
            continue;
        }
        if (strcmp(board_family_name(b, family), cases[i].family) != 0)
            fail_msg("k=%s v=%s: %s", cases[i].k, cases[i].v, board_family_name(b, family));
    }
    assert_string_equal(board_family_name(b, 99), "");
    assert_string_equal(board_family_name(b, -1), "");
    board_close(b);
    store_close(s);
}

static void a_codec_that_nobody_knows_is_called_by_its_own_name(void **state)
{
    (void)state;
    fault f = { 0 };
    catalog *known = catalog_create(&f);
    add_codec(known, "q8_0", "block", NULL);
    add_codec(known, "rotate", "wrapper", "q8_0");
    const catalog *const catalogs[] = { NULL, known };
    static const struct {
        const char *k, *v, *label[2]; /* without a catalog, and with it */
    } cases[] = {
        { "q8_0", "gone", { "q8_0", "block" } },
        { "rotate(seed=3)", "f16", { "rotate", "block" } },
        { "gone(bits=3)", "gone", { "gone", "gone" } },
        { "f16", "mine(bits=2)", { "mine", "mine" } },
        { "", "", { "other", "other" } },
        { "((", "", { "other", "other" } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int with = 0; with < 2; with++) {
            families *all = families_make(catalogs[with], &f);
            char label[FAMILY_LABEL];
            assert_non_null(all);
            families_label(all, cases[i].k, cases[i].v, label);
            assert_string_equal(label, cases[i].label[with]);
            families_free(all);
        }
    catalog_free(known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_config_has_the_family_of_the_codec_that_does_most),
        cmocka_unit_test(a_codec_that_nobody_knows_is_called_by_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
