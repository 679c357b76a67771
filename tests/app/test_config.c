/* One config: its canonical text and its id, where it is wrong, and which codecs a model's layers get. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/app/config_known.h"

static void assert_canonical(const char *line, const char *canonical)
{
    config *c = parse(line);
    if (strcmp(c->text, canonical) != 0) fail_msg("%s\n  gives    %s\n  expected %s", line, c->text, canonical);
    config *again = parse(c->text);
    assert_string_equal(again->text, c->text);
    assert_string_equal(again->id, c->id);
    config_free(again);
    config_free(c);
}

static void spellings_have_one_canonical_form(void **state)
{
    static const struct {
        const char *typed, *canonical;
    } cases[] = {
        /* the base */
        { "turbo3", "turbo3" },
        { "k=turbo3 v=turbo3", "turbo3" },
        { "v=q8_0 k=turbo3", "k=turbo3 v=q8_0" },
        { " k = q8_0  v = polar( bits = 4 ) ", "k=q8_0 v=polar" },
        { "k=turbo3", "k=turbo3" },
        { "k=turbo3 v=f16", "k=turbo3" },
        { "k=turbo3 v=identity", "k=turbo3 v=identity" },
        { "v=turbo3 k=f16", "v=turbo3" },
        { "identity", "identity" },
        { "k=f16", "f16" },
        { "k=identity", "k=identity" },
        { "rope=post turbo3", "turbo3 rope=post" },
        { "turbo3 rope=pre", "turbo3" },
        { "turbo4 adaptive=0", "turbo4" },
        { "turbo4 adaptive=1", "turbo4 @0-3,-4..-1:q8_0" },
        { "adaptive=1 k=turbo3 v=q4_0", "k=turbo3 v=q4_0 @0-3,-4..-1:q8_0" },
        { "turbo4 adaptive=2", "turbo4 @-8..-1:q8_0" },
        { "k=q8_0 v=turbo3 adaptive=5", "k=q8_0 v=turbo2 @0-1,-2..-1:v=turbo4" },
        { "turbo4 adaptive=6", "k=turbo4 v=turbo2 @-8..-1:v=turbo4" },
        { "turbo4 adaptive=7", "k=turbo4 v=turbo2 @0-1,-2..-1:v=q8_0" },
        { "turbo4 adaptive=7 @0:v=f16", "k=turbo4 v=turbo2 @0:v=f16 @1,-2..-1:v=q8_0" },
        { "k=qonly v=vonly", "k=qonly v=vonly" },
        /* layers */
        { "turbo3 @0,1:q8_0", "turbo3 @0-1:q8_0" },
        { "turbo3 @1,0:q8_0", "turbo3 @0-1:q8_0" },
        { "turbo3 @ 0 - 1 , -2 .. -1 : k = q8_0 , v = q8_0", "turbo3 @0-1,-2..-1:q8_0" },
        { "turbo3 @0..1:q8_0", "turbo3 @0-1:q8_0" },
        { "turbo3 @-1,-3,-2:q8_0", "turbo3 @-3..-1:q8_0" },
        { "turbo3 @0-3,2-5,6:q8_0", "turbo3 @0-6:q8_0" },
        { "turbo3 @5-5:q8_0", "turbo3 @5:q8_0" },
        { "turbo3 @-1,2..-3,0:q8_0", "turbo3 @0,2..-3,-1:q8_0" },
        { "turbo3 @2..-3,3:q8_0", "turbo3 @3:q8_0 @2..-3:q8_0" },
        { "turbo3 @3..-3,2..-2:q8_0", "turbo3 @2..-2:q8_0" },
        { "turbo3 @3..-3:q8_0 @2..-3:q8_0", "turbo3 @2..-3:q8_0" },
        { "turbo3 @5..-3:q8_0 @3..-4:q8_0", "turbo3 @3..-4,5..-3:q8_0" },
        /* the example of the design; K's exceptions equal its base */
        { "k=q8_0 v=turbo3 @0-1,-2..-1:k=q8_0,v=q8_0", "k=q8_0 v=turbo3 @0-1,-2..-1:v=q8_0" },
        /* exceptions: merged, ordered, shadowed, redundant */
        { "turbo3 @0:q8_0 @1:q8_0", "turbo3 @0-1:q8_0" },
        { "turbo3 @1:f16 @0:q8_0", "turbo3 @0:q8_0 @1:f16" },
        { "turbo3 @0:k=q8_0 @0:v=f16", "turbo3 @0:k=q8_0,v=f16" },
        { "turbo3 @0-3:q8_0 @0:f16", "turbo3 @0:f16 @1-3:q8_0" },
        { "turbo3 @0:f16 @0-3:q8_0", "turbo3 @0-3:q8_0" },
        { "turbo3 @0:q8_0 @0:turbo3", "turbo3" },
        { "turbo3 @0:turbo3", "turbo3" },
        { "turbo3 @0:v=turbo3,k=q8_0", "turbo3 @0:k=q8_0" },
        { "turbo3 @-1:f16 @0:f16", "turbo3 @0,-1:f16" },
        { "turbo3 @0-1:k=q8_0 @1-2:v=q8_0", "turbo3 @0:k=q8_0 @1:q8_0 @2:v=q8_0" },
        { "@0:q8_0", "f16 @0:q8_0" },
        /* middles */
        { "turbo3 @0..-1:q8_0", "q8_0" },
        { "turbo3 @0..-1:k=q8_0", "k=q8_0 v=turbo3" },
        { "turbo3 @3:f16 @0..-1:q8_0 @5:turbo3", "q8_0 @5:turbo3" },
        { "turbo3 @7:f16 @2..-1:q8_0", "turbo3 @2..-1:q8_0" },
        { "turbo3 @7:f16 @2..-2:q8_0", "turbo3 @7:f16 @2..-2:q8_0" },
        { "turbo3 @2..-2:q8_0 @7:f16", "turbo3 @2..-2:q8_0 @7:f16" },
        { "turbo3 @2..-2:q8_0 @1:f16", "turbo3 @1:f16 @2..-2:q8_0" },
        { "turbo3 @1:f16 @2..-2:q8_0", "turbo3 @1:f16 @2..-2:q8_0" },
        { "turbo3 @2..-2:q8_0 @-1:f16", "turbo3 @2..-2:q8_0 @-1:f16" },
        { "turbo3 @-1:f16 @2..-2:q8_0", "turbo3 @2..-2:q8_0 @-1:f16" },
        { "turbo3 @2..-1:q8_0 @3:q8_0", "turbo3 @2..-1:q8_0" },
        { "turbo3 @1:f16 @2..-1:q8_0 @3:q8_0", "turbo3 @1:f16 @2..-1:q8_0" },
        { "turbo3 @2..-2:q8_0 @7:turbo3", "turbo3 @2..-2:q8_0 @7:turbo3" },
        { "turbo3 @2..-1:q8_0 @4..-3:f16 @5:q8_0", "turbo3 @2..-1:q8_0 @4..-3:f16 @5:q8_0" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_canonical(cases[i].typed, cases[i].canonical);
}

/* sha256sum of the canonical text: printf %s 'k=q8_0 v=turbo3' | sha256sum */
static void the_id_is_the_sum_of_the_canonical_text(void **state)
{
    (void)state;
    config *c = parse("v=turbo3   k=q8_0()");
    assert_string_equal(c->id, "39dd508fa7c1972da914b810347e9e7b4459e515a21febc4c5c7ef205f8ad55f");
    config_free(c);
}

/* Every message ends with the column of what is wrong, counted from 1. */
static void faults_point_at_the_column(void **state)
{
    static const struct {
        const char *line;
        int column;
        const char *says;
    } cases[] = {
        { "k=kakeya(rnak=64)", 10, "no parameter \"rnak\"; did you mean \"rank\"?" },
        { "turbo", 1, "no codec \"turbo\"; did you mean \"turbo2\"?" },
        { "k=q8_0 v=trubo3", 10, "no codec \"trubo3\"; did you mean \"turbo3\"?" },
        { "xyzzy", 1, "no codec \"xyzzy\"" },
        { "polar(bits=9)", 12, "bits=9 is out of range: 1 to 8" },
        { "polar(bits=-1)", 12, "bits=-1 is out of range: 1 to 8" },
        { "polar(gain=0.2)", 12, "gain=0.2 is out of range: 0.25 to 4" },
        { "polar(bits=3.5)", 12, "bits is a whole number" },
        { "polar(bits=many)", 12, "bits is a whole number" },
        { "polar(gain=on)", 12, "gain is a number" },
        { "polar(fast=1)", 12, "fast is true or false" },
        { "polar(fast=yes)", 12, "fast is true or false" },
        { "polar(scale=nrom)", 13, "did you mean \"norm\"?" },
        { "polar(scale=xx)", 13, "scale is one of norm, mse, unbiased" },
        { "polar(scale=3)", 13, "scale is one of norm, mse, unbiased" },
        { "polar(bits=2,bits=3)", 14, "bits is given twice" },
        { "polar(3)", 7, "a value without a name; write it like bits=" },
        { "polar(q4_0)", 7, "polar takes no inner codec" },
        { "polar(bits=)", 12, "')' where a value is expected" },
        { "polar(bits=3", 13, "the text ends where ',' or ')' is expected" },
        { "polar(bits=3))", 14, "')' where a codec is expected" },
        { "polar(,)", 7, "',' where a value is expected" },
        { "polar(bits=3,)", 14, "')' where a value is expected" },
        { "polar(seed=99999999999999999999)", 12, "is too large" },
        { "polar(gain=1e999)", 12, "is too large" },
        { "polar(bits=3x)", 13, "'x' where the end of a number is expected" },
        { "polar(bits=-)", 12, "'-' where a number is expected" },
        { "polar(bits=2..4)", 12, "only a sweep takes such a grid" },
        { "polar(bits={2,4})", 12, "only a sweep takes such a grid" },
        { "rotate({q4_0,q8_0})", 8, "only a sweep takes such a grid" },
        { "k={q4_0,q8_0}", 3, "only a sweep takes such a grid" },
        { "k=rotate", 3, "rotate needs an inner codec: rotate(CODEC)" },
        { "k=rotate()", 3, "rotate needs an inner codec" },
        { "sink(n=4)", 1, "sink needs an inner codec" },
        { "rotate(4)", 8, "a value without a name" },
        { "rotate(inner=4)", 14, "inner is a codec" },
        { "sink(n=4,q4_0)", 10, "the inner codec comes first" },
        { "sink(q4_0,q4_0)", 11, "the inner codec comes first" },
        { "sink(q4_0,inner=q4_0)", 11, "inner is given twice" },
        { "rotate(polar(bits=12))", 19, "bits=12 is out of range: 1 to 8" },
        { "q8_0(bits=8)", 6, "no parameter \"bits\"; q8_0 has none" },
        { "q8_0(8)", 6, "q8_0 has no parameters" },
        { "v=qonly", 3, "qonly is for keys only" },
        { "qonly", 1, "qonly is for keys only" },
        { "k=vonly", 3, "vonly is for values only" },
        { "v=rotate(qonly)", 10, "qonly is for keys only" },
        { "turbo3 @0:qonly", 11, "qonly is for keys only" },
        { "k=q8_0 k=q4_0", 8, "a codec for k is given twice" },
        { "q8_0 q4_0", 6, "a codec for k is given twice" },
        { "q8_0 v=q4_0", 6, "a codec for v is given twice" },
        { "k=q8_0,v=q4_0", 7, "separated by blanks" },
        { "kk=q8_0", 1, "no setting \"kk\"; did you mean \"k\"?" },
        { "q8_0 rop=post", 6, "no setting \"rop\"; did you mean \"rope\"?" },
        { "q8_0 layers=post", 6, "there are k=, v=, rope= and adaptive=" },
        { "q8_0 adaptve=7", 6, "did you mean \"adaptive\"?" },
        { "q8_0 adaptive=7", 6, "does nothing unless values are turbo2, turbo3 or turbo4; they are q8_0" },
        { "k=q8_0 v=turbo3 adaptive=1", 17, "does nothing unless keys are turbo2, turbo3 or turbo4; they are q8_0" },
        { "turbo4 adaptive=3", 8, "was never implemented" },
        { "turbo4 adaptive=8", 8, "adaptive is 0, 1, 2, 5, 6 or 7" },
        { "turbo4 adaptive=five", 8, "adaptive is a mode" },
        { "turbo4 adaptive=7 adaptive=7", 19, "adaptive is given twice" },
        { "turbo4 @0:adaptive=7", 11, "adaptive= holds for all layers" },
        { "q8_0 rope=past", 11, "rope is pre or post" },
        { "q8_0 rope=pre rope=post", 15, "rope is given twice" },
        { "turbo3 @0:rope=post", 11, "rope= holds for all layers" },
        { "turbo3 @0", 10, "expected ':' after the layers" },
        { "turbo3 @:q8_0", 9, "a layer is a number" },
        { "turbo3 @x:q8_0", 9, "a layer is a number" },
        { "turbo3 @0,:q8_0", 11, "a layer is a number" },
        { "turbo3 @3-1:q8_0", 9, "the range runs backwards" },
        { "turbo3 @-1..-2:q8_0", 9, "the range runs backwards" },
        { "turbo3 @-1..2:q8_0", 9, "from the end to the front" },
        { "turbo3 @-2-1:q8_0", 9, "written with dots: -2..-1" },
        { "turbo3 @2--1:q8_0", 9, "written with dots: -2..-1" },
        { "turbo3 @-0:q8_0", 9, "-0 is no layer" },
        { "turbo3 @1000:q8_0", 9, "at most 1000 layers" },
        { "turbo3 @0,99999999999999999999:q8_0", 11, "at most 1000 layers" },
        { "turbo3 @0:", 11, "the text ends where a codec is expected" },
        { "turbo3 @0:k=q8_0,", 18, "the text ends where a codec is expected" },
        { "turbo3 @0:k=q8_0,k=f16", 18, "a codec for k is given twice" },
        { "turbo3 @0:q8_0,v=f16", 16, "a codec for v is given twice" },
        { "turbo3 @0-1:q8_0 @2:polar(bitz=2)", 27, "did you mean \"bits\"?" },
        { "turbo3 ; q8_0", 8, "';' where a codec is expected" },
        { "turbo3 \xc3\xa9", 8, "the byte 0xc3 where a codec is expected" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        config *c = config_parse(known, cases[i].line, &f);
        if (c) fail_msg("%s was taken", cases[i].line);
        assert_int_equal(f.code, FAULT_INPUT);
        char column[32];
        snprintf(column, sizeof column, " (column %d)", cases[i].column);
        size_t n = strlen(f.text), m = strlen(column);
        if (n < m || strcmp(f.text + n - m, column) != 0 || !strstr(f.text, cases[i].says))
            fail_msg("%s\n  expected \"%s\" and%s", f.text, cases[i].says, column);
    }
    fault f = { 0 };
    assert_null(config_parse(known, "  ", &f));
    assert_string_equal(f.text, "an empty config; expected a codec, like turbo4 or k=q8_0 v=turbo3");
    assert_null(config_parse(known, "k=kakeya(rnak=64)", &f));
    assert_string_equal(f.text, "k=kakeya(rnak=64): no parameter \"rnak\"; did you mean \"rank\"? (column 10)");
}

/* The layers of a plan as text: one codec pair per layer. */
static void assert_plan_of(const char *line, config_model model, const char *expected)
{
    config *c = parse(line);
    const int n_layers = model.n_layers;
    config_layer plan[64];
    fault f = { 0 };
    if (!config_resolve(c, &model, plan, &f)) fail_msg("%s", f.text);
    char text[1024] = "";
    for (int i = 0; i < n_layers; i++) {
        const char *k = plan[i].spec[KVANT_K]->text, *v = plan[i].spec[KVANT_V]->text;
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, strcmp(k, v) == 0 ? "%s%s" : "%s%s/%s", i ? " " : "", k, v);
    }
    if (strcmp(text, expected) != 0) fail_msg("%s\n  gives    %s\n  expected %s", line, text, expected);
    config_free(c);
}

static void assert_plan(const char *line, int n_layers, const char *expected)
{
    assert_plan_of(line, (config_model){ .n_layers = n_layers }, expected);
}

static void layers_get_their_codecs(void **state)
{
    (void)state;
    assert_plan("turbo3", 3, "turbo3 turbo3 turbo3");
    assert_plan("k=q8_0", 2, "q8_0/f16 q8_0/f16");
    assert_plan("k=q8_0 v=turbo3 @0-1,-2..-1:k=q8_0,v=q8_0", 6, "q8_0 q8_0 q8_0/turbo3 q8_0/turbo3 q8_0 q8_0");
    assert_plan("turbo3 @0-1,-2..-1:q8_0", 3, "q8_0 q8_0 q8_0");
    assert_plan("turbo3 @0-2:q8_0 @1:f16", 4, "q8_0 f16 q8_0 turbo3");
    assert_plan("turbo3 @1..-2:q8_0 @2:v=f16", 5, "turbo3 q8_0 q8_0/f16 q8_0 turbo3");
    assert_plan("turbo3 @2:f16 @1..-2:q8_0", 5, "turbo3 q8_0 q8_0 q8_0 turbo3");
    assert_plan("turbo3 @0..-1:f16", 1, "f16");
    assert_plan("turbo3 @0-1:f16 @-2..-1:f16", 2, "f16 f16");
    assert_plan("turbo3 @0-1:k=f16 @-2..-1:v=f16", 2, "f16 f16");
}

static void assert_unresolved(const char *line, config_model model, const char *says, int column)
{
    config *c = parse(line);
    config_layer plan[64];
    fault f = { 0 };
    assert_false(config_resolve(c, &model, plan, &f));
    assert_int_equal(f.code, FAULT_INPUT);
    char where[32];
    snprintf(where, sizeof where, "(column %d)", column);
    if (!strstr(f.text, says) || !strstr(f.text, where)) fail_msg("%s\n  expected \"%s\" %s", f.text, says, where);
    config_free(c);
}

/* Layers 0, 1 and 3 of 5 have a window. */
static void kinds_of_layers_get_their_codecs_below_counted_ones(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *canonical, *plan;
    } cases[] = {
        { "turbo3 @swa:f16", "turbo3 @swa:f16", "f16 f16 turbo3 f16 turbo3" },
        { "turbo3 @ swa : f16", "turbo3 @swa:f16", "f16 f16 turbo3 f16 turbo3" },
        { "f16 @full:turbo3", "f16 @full:turbo3", "f16 f16 turbo3 f16 turbo3" },
        { "@swa:k=q8_0 @full:turbo3 f16", "f16 @full:turbo3 @swa:k=q8_0", "q8_0/f16 q8_0/f16 turbo3 q8_0/f16 turbo3" },
        { "turbo3 @swa:k=q8_0 @swa:v=f16", "turbo3 @swa:k=q8_0,v=f16", "q8_0/f16 q8_0/f16 turbo3 q8_0/f16 turbo3" },
        { "turbo3 @swa:q8_0 @swa:f16", "turbo3 @swa:f16", "f16 f16 turbo3 f16 turbo3" },
        /* what counts layers lies above, wherever it stands, and is kept where it gives what the base gives */
        { "turbo3 @0:q8_0 @swa:f16", "turbo3 @swa:f16 @0:q8_0", "q8_0 f16 turbo3 f16 turbo3" },
        { "turbo3 @swa:f16 @0:turbo3", "turbo3 @swa:f16 @0:turbo3", "turbo3 f16 turbo3 f16 turbo3" },
        { "turbo3 @swa:k=f16 @0-2:turbo3", "turbo3 @swa:k=f16 @0-2:k=turbo3",
          "turbo3 turbo3 turbo3 f16/turbo3 turbo3" },
        { "turbo3 @swa:f16 @1..-2:q8_0", "turbo3 @swa:f16 @1..-2:q8_0", "f16 q8_0 q8_0 q8_0 turbo3" },
        /* all layers counted: nothing of a kind is left */
        { "turbo3 @swa:f16 @0..-1:q8_0", "q8_0", "q8_0 q8_0 q8_0 q8_0 q8_0" },
        { "turbo3 @0..-1:k=q8_0 @swa:f16", "k=q8_0 v=turbo3 @swa:v=f16",
          "q8_0/f16 q8_0/f16 q8_0/turbo3 q8_0/f16 q8_0/turbo3" },
        /* the base's codec need not be said */
        { "turbo3 @full:turbo3 @swa:v=turbo3", "turbo3", "turbo3 turbo3 turbo3 turbo3 turbo3" },
        { "turbo3 @swa:f16 @swa:turbo3 @0:turbo3", "turbo3", "turbo3 turbo3 turbo3 turbo3 turbo3" },
    };
    const uint64_t windowed = 1 << 0 | 1 << 1 | 1 << 3;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_canonical(cases[i].typed, cases[i].canonical);
        assert_plan_of(cases[i].typed, (config_model){ .n_layers = 5, .windowed = &windowed }, cases[i].plan);
    }
}

static void kinds_of_layers_a_model_does_not_have_are_refused(void **state)
{
    (void)state;
    const uint64_t none = 0, all = 7, some = 1;
    assert_unresolved("turbo3 @swa:f16", (config_model){ .n_layers = 3 },
                      "swa: no layer of this model has a sliding window", 9);
    assert_unresolved("turbo3 @full:f16", (config_model){ .n_layers = 3, .windowed = &none },
                      "full: no layer of this model has a sliding window", 9);
    assert_unresolved("f16 @full:turbo3", (config_model){ .n_layers = 3, .windowed = &all },
                      "full: every layer of this model has a sliding window", 6);
    assert_plan_of("f16 @swa:turbo3", (config_model){ .n_layers = 3, .windowed = &all }, "turbo3 turbo3 turbo3");
    assert_plan_of("f16 @full:turbo3", (config_model){ .n_layers = 3, .windowed = &some }, "f16 turbo3 turbo3");
    const struct {
        const char *line, *says;
    } cases[] = {
        { "turbo3 @swa,0:f16", "swa names layers alone, without others (column 12)" },
        { "turbo3 @0,swa:f16",
          "a layer is a number from 0, or -1 for the last; or all of a kind: swa, full (column 11)" },
        { "turbo3 @swap:f16", "or all of a kind: swa, full (column 9)" },
        { "turbo3 @swa f16", "expected ':' after the layers, then codecs (column 13)" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        assert_null(config_parse(known, cases[i].line, &f));
        if (!strstr(f.text, cases[i].says)) fail_msg("%s\n  expected %s", f.text, cases[i].says);
    }
}

static void layers_a_model_does_not_have_are_refused(void **state)
{
    (void)state;
    const config_model three = { .n_layers = 3 };
    assert_unresolved("turbo3 @3:q8_0", three, "no layer 3 in a model with 3 attention layers (0 to 2)", 9);
    assert_unresolved("turbo3 @0,1-5:q8_0", three, "no layer 1-5 in a model with 3 attention layers", 11);
    assert_unresolved("turbo3 @-4:q8_0", three, "no layer -4 in a model with 3 attention layers", 9);
    assert_unresolved("turbo3 @5..-1:q8_0", three, "no layer 5..-1 in a model with 3 attention layers", 9);
    assert_unresolved("turbo3 @2..-2:q8_0", three, "2..-2 is empty in a model with 3 attention layers", 9);
    assert_unresolved("turbo3 @0-1:q8_0 @-2..-1:f16", three,
                      "layer 1 of 3 attention layers gets k=q8_0 counted from the front and k=f16 from the end", 19);
}

static void head_dimensions_a_codec_does_not_take_are_refused(void **state)
{
    (void)state;
    const int dims[3][2] = { { 80, 64 }, { 64, 64 }, { 48, 256 } };
    const config_model model = { .n_layers = 3, .dims = dims };
    assert_unresolved("k=q8_0", model, "q8_0 does not take head dimension 80; it takes multiples of 32 from 32 to 1024",
                      3);
    assert_unresolved("k=f16 v=turbo3", model, "turbo3 does not take head dimension 256; it takes 64 to 128", 9);
    config *c = parse("k=f16 v=turbo3 @-1:v=q8_0");
    config_layer plan[3];
    fault f = { 0 };
    assert_true(config_resolve(c, &model, plan, &f));
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_have_one_canonical_form),
        cmocka_unit_test(the_id_is_the_sum_of_the_canonical_text),
        cmocka_unit_test(faults_point_at_the_column),
        cmocka_unit_test(layers_get_their_codecs),
        cmocka_unit_test(layers_a_model_does_not_have_are_refused),
        cmocka_unit_test(kinds_of_layers_get_their_codecs_below_counted_ones),
        cmocka_unit_test(kinds_of_layers_a_model_does_not_have_are_refused),
        cmocka_unit_test(head_dimensions_a_codec_does_not_take_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
