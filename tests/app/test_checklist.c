/* The checklist: sound codecs pass, each fault is found by the items that are for it, and the figures are the published
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist.h"
#include "app/checklist_work.h"
#include "kernels/lloyd.h"

typedef struct seen {
    size_t n;
    verify_result items[CHECKLIST_ITEMS];
} seen;

static void on_begin(void *arg, const char *check)
{
    (void)arg, (void)check;
}

static void on_end(void *arg, const verify_result *result)
{
    seen *s = arg;
    assert_true(s->n < CHECKLIST_ITEMS);
    s->items[s->n++] = *result;
}

/* The items of an expression of the plugins in `file`, a space between two. False with the fault. */
static bool run(const char *file, const char *text, int dim, seen *s, fault *f)
{
    char print[CHECKLIST_PRINT];
    *s = (seen){ 0 };
    const verify_listener to = { on_begin, on_end, s };
    registry *known = registry_create(f);
    char files[2 * PATH_MAX], *rest = NULL;
    snprintf(files, sizeof files, "%s", file);
    for (char *one = strtok_r(files, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
        if (!known || !registry_load(known, one, f)) fail_msg("%s", f->text);
    spec *parsed = spec_parse(registry_catalog(known), text, f);
    if (!parsed) fail_msg("%s", f->text);
    if (dim == 0) dim = checklist_dim(parsed);
    const bool ok =
        checklist_fingerprint(known, parsed, dim, print, f) && checklist_run(known, parsed, dim, print, &to, f);
    spec_free(parsed);
    registry_destroy(known);
    return ok;
}

/* "36": items 3 and 6 have failed; "-": those that are n/a follow. */
static void outcome_of(const seen *s, char text[16])
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].outcome == VERIFY_FAIL) text[n++] = (char)('1' + i);
    text[n++] = '-';
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].outcome == VERIFY_NA) text[n++] = (char)('1' + i);
    text[n] = '\0';
}

static void expect_outcome(const char *file, const char *text, int dim, const char *expected, seen *s)
{
    fault f = { 0 };
    char got[16];
    if (!run(file, text, dim, s, &f)) fail_msg("%s: %s", text, f.text);
    assert_int_equal(s->n, CHECKLIST_ITEMS);
    outcome_of(s, got);
    if (strcmp(got, expected) == 0) return;
    for (size_t i = 0; i < s->n; i++)
        print_message("%s: %s: %s\n", verify_outcome_name(s->items[i].outcome), s->items[i].check,
                      s->items[i].measured);
    fail_msg("%s: %s, expected %s", text, got, expected);
}

static void expect_words(const seen *s, int item, const char *words)
{
    if (!strstr(s->items[item - 1].measured, words))
        fail_msg("item %d: no \"%s\" in: %s", item, words, s->items[item - 1].measured);
}

/* ---- figures ---- */

/* turboquant.md, 1.3: the distortions of the three tables on N(0,1), and their ratios to the best. */
static void the_published_tables_have_their_published_distortions(void **state)
{
    (void)state;
    static const struct {
        const char *codec, *outcome, *words;
    } tables[] = {
        { "turbo2", "-", "D 0.117482 on N(0,1), 1.0000 times" },
        { "turbo3", "-", "D 0.034570 on N(0,1), 1.0006 times" },
        { "turbo4", "3-", "non-uniform but not Lloyd-Max: 16 levels, D 0.020273 on N(0,1), 2.1338 times" },
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        seen s;
        expect_outcome(PLUGINS "/turbo.so", tables[i].codec, 128, tables[i].outcome, &s);
        expect_words(&s, 1, "with the published signs; 1 rotation of 128 columns");
        expect_words(&s, 3, tables[i].words);
        expect_words(&s, 5, i == 2 ? "2 bytes of zeros" : "0 bytes of zeros");
    }
}

static void the_optimum_of_every_size_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *codec;
        int dim;
        const char *words;
    } cases[] = {
        { "turbo4_lm", 128, "Lloyd-Max: 16 levels, D 0.009315 on the sphere in 128, 1.0000" },
        { "turbo3_64", 128, "Lloyd-Max: 8 levels" }, /* two rotations in a row */
        { "turbo3", 256, "1.0006 times" },
    };
    seen s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_outcome(PLUGINS "/turbo.so", cases[i].codec, cases[i].dim, "-", &s);
        expect_words(&s, 3, cases[i].words);
    }
    expect_outcome(PLUGINS "/turbo.so", "turbo3_64", 128, "-", &s);
    expect_words(&s, 1, "2 rotations of 64 columns");
    expect_words(&s, 5, "2 f16 (1 for each rotation)");
    expect_outcome(PLUGINS "/polar.so", "polar(bits=3,scale=mse)", 96, "-", &s);
    expect_words(&s, 1, "Hartley");
    expect_words(&s, 4, "least error");
    expect_outcome(PLUGINS "/polar.so", "polar(bits=3,scale=unbiased)", 64, "-", &s);
    expect_words(&s, 4, "keeps <x,x'>");
    expect_outcome(PLUGINS "/polar.so", "polar(bits=1)", 32, "4-", &s); /* 6e4 / 0.8 is more than f16 holds */
    expect_words(&s, 4, "is refused");
    expect_outcome(PLUGINS "/polar.so", "polar(bits=3,scale=plain)", 64, "6-", &s);
}

/* Two bits a value, D by integration against lloyd_distortion, which has a code of its own. */
static void errors_of_tables_are_their_integrals(void **state)
{
    (void)state;
    static const int dims[] = { 0, 32, 128 };
    for (size_t i = 0; i < 3; i++)
        for (int bits = 1; bits <= 5; bits++) {
            checklist_table t = { .bits = bits };
            assert_true(lloyd_max(dims[i], bits, t.level));
            lloyd_boundaries(t.level, bits, t.boundary);
            const double error = checklist_table_error(&t, dims[i], 1),
                         known = lloyd_distortion(dims[i], bits, t.level);
            assert_true(fabs(error / known - 1) < 1e-6);
        }
}

/* Codes that are multiplied by scales of either sign, or have a sign of their own, show the same rotation. */
static void a_wrapper_s_rotation_is_found_whatever_is_in_it(void **state)
{
    (void)state;
    static const char *const inner[] = { "q4_0", "q8_0", "q5_1" };
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        char text[32];
        seen s;
        snprintf(text, sizeof text, "rotate(%s)", inner[i]);
        expect_outcome(PLUGINS "/block.so " PLUGINS "/rotate.so", text, 64, "-345", &s);
        expect_words(&s, 1, "1 rotation of 64 columns");
        snprintf(text, sizeof text, "rotate(%s,kind=haar)", inner[i]);
        expect_outcome(PLUGINS "/block.so " PLUGINS "/rotate.so", text, 64, "1-345", &s);
    }
}

/* ---- faults ---- */

static void each_fault_fails_the_items_that_are_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *outcome;
        int item;
        const char *words;
    } modes[] = {
        { "sound", "-", 1, "published signs" },
        { "signs", "-", 1, "other signs" },
        { "dense", "1-", 1, "no signs and Walsh-Hadamard" },
        { "shear", "16-2345", 1, "are orthogonal" },
        { "pairs", "15-3", 1, "moves at most 64 of 64" },
        { "layers", "1-", 1, "in 8 of 8 streams another" },
        { "twist", "236-", 2, "overlap" },
        { "swap", "236-", 2, "overlap" },
        { "uniform", "3-", 3, "uniform: 8 levels" },
        { "level", "3-", 3, "not Lloyd-Max" },
        { "border", "3-", 3, "not Lloyd-Max" },
        { "private", "3-", 3, "not one table" },
        { "coarse", "4-", 4, "keeps a row's length: off by" },
        { "long", "46-", 4, "off by at most 0.01" },
        { "cut", "4-", 4, "is no norm" },
        { "wide", "5-", 5, "4 other" },
        { "filler", "5-", 5, "1 other" },
        { "split", "5-", 5, "its split says" },
        { "plain", "6-", 6, "of 400 rows" },
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        char file[PATH_MAX], name[32];
        seen s;
        snprintf(file, sizeof file, BAD "/mislist_%s.so", modes[i].mode);
        snprintf(name, sizeof name, "mislist_%s", modes[i].mode);
        expect_outcome(file, name, 64, modes[i].outcome, &s);
        expect_words(&s, modes[i].item, modes[i].words);
    }
}

static void another_print_is_another_rotation(void **state)
{
    (void)state;
    fault f = { 0 };
    seen s = { 0 };
    const verify_listener to = { on_begin, on_end, &s };
    registry *known = registry_create(&f);
    assert_true(known && registry_load(known, PLUGINS "/turbo.so", &f));
    spec *parsed = spec_parse(registry_catalog(known), "turbo3", &f);
    assert_true(parsed && checklist_run(known, parsed, 128, "0123456789abcdef", &to, &f));
    assert_int_equal(s.items[0].outcome, VERIFY_FAIL);
    expect_words(&s, 1, "another in another process");
    spec_free(parsed);
    registry_destroy(known);
}

/* ---- what is not claimed, and what cannot be measured ---- */

static void what_is_not_claimed_is_not_asked(void **state)
{
    (void)state;
    seen s;
    expect_outcome(PLUGINS "/block.so", "q8_0", 0, "-12345", &s);
    expect_words(&s, 1, "claims no rotation");
    expect_words(&s, 3, "claims no codebook");
    expect_outcome(BAD "/bad_uniform2.so", "bad_uniform2", 0, "1234-", &s);
    expect_words(&s, 1, "no rotation: every code is a column");
    expect_words(&s, 3, "uniform: 4 levels");
}

/* Codes that are not one coordinate's: a path, a point of a lattice. */
static void joint_codes_show_their_rotation_by_their_reach(void **state)
{
    (void)state;
    seen s;
    expect_outcome(PLUGINS "/lattice.so", "lattice", 64, "4-3", &s);
    expect_words(&s, 1, "moves at most 8 of 64 coordinates");
    expect_outcome(PLUGINS "/tqprod.so", "tqprod(bits=3)", 64, "56-", &s);
    expect_words(&s, 5, "2 f16 (2 for each rotation)");
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *codec;
        int dim;
        const char *words;
    } cases[] = {
        { PLUGINS "/kivi.so", "kivi", 128, "nothing of the checklist can be measured: it fits blocks of 32 rows" },
        { PLUGINS "/turbo.so", "turbo3", 64, "padded to 128" },
        { PLUGINS "/turbo.so", "turbo3", 96, "padded to 128" },
        { PLUGINS "/turbo.so", "turbo2_64", 32, "padded to 64" },
        { PLUGINS "/polar.so", "polar", 24, "head dimension" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen s;
        fault f = { 0 };
        assert_false(run(cases[i].file, cases[i].codec, cases[i].dim, &s, &f));
        if (!strstr(f.text, cases[i].words)) fail_msg("no \"%s\" in: %s", cases[i].words, f.text);
        for (size_t k = 0; k < s.n; k++)
            assert_int_equal(s.items[k].outcome, VERIFY_NA);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_tables_have_their_published_distortions),
        cmocka_unit_test(the_optimum_of_every_size_is_found),
        cmocka_unit_test(errors_of_tables_are_their_integrals),
        cmocka_unit_test(a_wrapper_s_rotation_is_found_whatever_is_in_it),
        cmocka_unit_test(each_fault_fails_the_items_that_are_for_it),
        cmocka_unit_test(another_print_is_another_rotation),
        cmocka_unit_test(what_is_not_claimed_is_not_asked),
        cmocka_unit_test(joint_codes_show_their_rotation_by_their_reach),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
