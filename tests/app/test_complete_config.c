/* What is offered while a config is typed leads to a config, and what can still become one is not called wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/complete_config.h"
#include "app/grid.h"
#include "kernels/random.h"
#include "tests/app/known.h"
#include "tests/scale.h"

static catalog *known;

static int set_up(void **state)
{
    (void)state;
    known = known_codecs();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    catalog_free(known);
    return 0;
}

static typed_state state_of(const char *text)
{
    config_typed t;
    config_typed_read(known, text, PLACE_CONFIG, &t);
    config_free(t.config);
    return t.state;
}

static const char *const configs[] = {
    "turbo4",
    "k=turbo3",
    "k=q8_0 v=turbo3",
    "v=q8_0 k=polar(bits=3,scale=unbiased)",
    " k = q8_0  v = polar( bits = 4 ) ",
    "polar(gain=0.25)",
    "polar(gain=4e0, fast=true)",
    "polar(fast=on,bits=8)",
    "polar(gain=25e-2)",
    "polar(gain=.5e0)",
    "polar(seed=9007199254740992)",
    "polar(gain=1.5,scale=mse)",
    "kakeya(block=4096,rank=1e-3)",
    "kakeya(rank=.5)",
    "kakeya(rank=0.0625,bits=1)",
    "rotate(q8_0)",
    "rotate ( q8_0 )",
    "rotate(inner=sink(polar(bits=2),n=4096))",
    "k=sink(n=12,inner=turbo4) v=comfy",
    "comfy(polar(),n=9)",
    "comfy(n=3)",
    "k=qonly v=vonly rope=post",
    "rope=pre turbo4",
    "adaptive=7 turbo4",
    "adaptive=5 k=q8_0 v=turbo3",
    "k=turbo2 adaptive=1",
    "turbo4 adaptive=0",
    "turbo3 @0-1,-2..-1:q8_0",
    "turbo3 @ 0 - 1 , -2 .. -1 : k=q8_0 , v=turbo4",
    "k=q8_0 @0:v=polar(bits=2),k=turbo2 @3..-2:identity rope=post",
    "q8_0 @10-999:turbo4",
    "q8_0 @-1000..-12:turbo4",
    "q8_0@0:turbo4",
    "rotate(rotate(rotate(sink(comfy(rotate(turbo4)),n=1))))",
};

static void beginnings_of_configs_are_never_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        assert_int_equal(state_of(configs[i]), TYPED_WHOLE);
        for (size_t n = 1; n < strlen(configs[i]); n++) {
            char text[128];
            snprintf(text, sizeof text, "%.*s", (int)n, configs[i]);
            if (state_of(text) == TYPED_WRONG) fail_msg("\"%s\", of \"%s\", is called wrong", text, configs[i]);
        }
    }
}

static void mistakes_are_wrong_where_they_stand(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *message;
    } cases[] = {
        { "turob4", 1, "no codec \"turob4\"; did you mean \"turbo4\"?" },
        { "k=turob4 v=", 3, "no codec \"turob4\"; did you mean \"turbo4\"?" },
        { "k=q8_0 v=turbo3x", 10, "no codec \"turbo3x\"; did you mean \"turbo3\"?" },
        { "k=q8_0 k=", 8, "a codec for k is given twice" },
        { "k=q8_0 k=turbo4", 8, "a codec for k is given twice" },
        { "turbo4 pol", 8, NULL },
        { "w=turbo4", 1, NULL },
        { "polar(bist=", 12, NULL },
        { "polar(bist=3)", 7, "no parameter \"bist\"; did you mean \"bits\"?" },
        { "polar(bits=9", 12, "bits=9 is out of range: 1 to 8" },
        { "polar(bits=9)", 12, "bits=9 is out of range: 1 to 8" },
        { "polar(bits=-", 12, NULL },
        { "polar(bits=3.", 12, "bits is a whole number" },
        { "polar(bits=3)x", 14, NULL },
        { "polar(scale=nrom)", 13, "scale=nrom; did you mean \"norm\"?" },
        { "polar(bits=3,bits=", 14, "bits is given twice" },
        { "polar(bits=3,bits=4)", 14, "bits is given twice" },
        { "polar(3", 8, NULL },
        { "polar(turbo4", 7, "polar takes no inner codec" },
        { "rotate()", 1, NULL },
        { "q8_0(a", 6, NULL },
        { "k=vonly", 3, "vonly is for values only" },
        { "qonly", 1, "qonly is for keys only" },
        { "turbo4 rope=x", 13, NULL },
        { "turbo4 rope=pre rope=", 17, NULL },
        { "q8_0 adaptive=1", 6, NULL },
        { "turbo4 adaptive=3", 8, NULL },
        { "turbo4 @x", 9, NULL },
        { "turbo4 @2-1:q8_0", 9, NULL },
        { "turbo4 @1000", 9, NULL },
        { "turbo4 @0:rope=", 11, NULL },
        { "turbo4 @0:k=q8_0,k=", 18, "a codec for k is given twice" },
        { "turbo4, q8_0", 7, NULL },
        { "k=q8_0 v={", 10, NULL },
        { "polar(bits=2..", 15, NULL },
        { ")", 1, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_typed t;
        config_typed_read(known, cases[i].text, PLACE_CONFIG, &t);
        if (t.state != TYPED_WRONG) fail_msg("%s: not called wrong: %s", cases[i].text, t.message);
        if (t.column != cases[i].column)
            fail_msg("%s: column %d, not %d: %s", cases[i].text, t.column, cases[i].column, t.message);
        if (cases[i].message) assert_string_equal(t.message, cases[i].message);
    }
}

static void what_is_missing_is_said(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "polar(bits=3,", "scale=norm, mse, unbiased (norm)" },
        { "polar(bits=", "bits  1 to 8 (4)  a number" },
        { "polar(", "bits=1 to 8 (4)" },
        { "k=tu", "turbo2  turbo3  turbo4" },
        { "polar(sc", "scale=" },
        { "turbo4 @0", "0:  0,  0-  0.." },
        { "q8_0 @0:", "a codec for these layers" },
        { "rotate(polar(b", "bits=" },
        { "rotate(", "rotate  inner=a codec" },
        { "turbo4 rope=", "pre" },
        { "", "a codec for keys and values" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_typed t;
        config_typed_read(known, cases[i].text, PLACE_CONFIG, &t);
        assert_int_equal(t.state, TYPED_PARTIAL);
        assert_int_equal(t.column, 0);
        if (!t.message[0] || !strstr(t.message, cases[i].part))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, t.message, cases[i].part);
    }
}

/* ---- offers ---- */

static void offered(const char *text, place_grammar grammar, char *list, size_t room)
{
    config_next n;
    config_next_find(known, text, grammar, &n);
    size_t used = 0;
    *list = '\0';
    for (size_t i = 0; i < n.n && used < room; i++)
        used += (size_t)snprintf(list + used, room - used, "%s%s", i ? " " : "", n.offers[i].text);
    config_next_free(&n);
}

static void offers_fit_the_place(void **state)
{
    static const struct {
        const char *text, *offers;
    } cases[] = {
        { "tur", "turbo2 turbo3 turbo4" },
        { "k=q", "q8_0 q4_0 qonly" },
        { "v=q", "q8_0 q4_0" },
        { "v=v", "vonly" },
        { "q", "q8_0 q4_0" },
        { "turbo4 ", "rope= adaptive= @" },
        { "k=turbo4 ", "v= rope= adaptive= @" },
        { "k=turbo4 v=vonly rope=post ", "adaptive= @" },
        { "pol", "polar" },
        { "polar", "polar polar(" },
        { "rot", "rotate(" },
        { "polar(", "bits= scale= seed= gain= fast= )" },
        { "polar(b", "bits=" },
        { "polar(bits=", "1 2 3 4 5 6 7 8" },
        { "polar(bits=3", "3 3) 3," },
        { "polar(bits=3,", "scale= seed= gain= fast=" },
        { "polar(bits=3 ", ") ," },
        { "polar(bits=3,s", "scale= seed=" },
        { "polar(scale=", "norm mse unbiased" },
        { "polar(scale=m", "mse" },
        { "polar(scale=mse", "mse mse) mse," },
        { "polar(fast=", "true false" },
        { "polar(gain=", "0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25 2.5 2.75 3 3.25 3.5 3.75 4" },
        { "polar(seed=", "0" },
        { "polar(seed=12", "12) 12," },
        { "kakeya(block=", "64 128 256 512 1024 2048 4096" },
        { "kakeya(rank=", "0.5" },
        { "rotate(tur", "turbo2 turbo3 turbo4" },
        { "rotate(turbo4", "turbo4 turbo4)" },
        { "sink(turbo4", "turbo4 turbo4) turbo4," },
        { "sink(turbo4,", "n=" },
        { "sink(n", "n=" },
        { "sink(i", "identity" },
        { "sink(inn", "inner=" },
        { "rotate(polar(bits=3)", ")" },
        { "sink(polar(bits=3)", ") ," },
        { "turbo4 rope=", "pre post" },
        { "turbo4 rope=po", "post" },
        { "turbo4 adaptive=", "0 1 2 5 6 7" },
        { "q8_0 adaptive=", "0" },
        { "turbo4 @", "0 1 -1 swa: full:" },
        { "turbo4 @s", "swa:" },
        { "turbo4 @fu", "full:" },
        { "turbo4 @x", "" },
        { "turbo4 @swa:k=q8_0,", "v=" },
        { "turbo4 @0", "0: 0, 0- 0.." },
        { "turbo4 @0-1,-1", "0-1,-1: 0-1,-1, 0-1,-1.." },
        { "turbo4 @0:k", "kakeya k=" },
        { "turbo4 @0:k=q8_0", "q8_0 q8_0," },
        { "turbo4 @0:k=q8_0,", "v=" },
        { "turbo4 @0:q8_0", "q8_0" },
        { "nonsense ", "" },
        { "k=nonsense v=", "" },
        { "polar(bits=9,", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char list[1024];
        offered(cases[i].text, PLACE_CONFIG, list, sizeof list);
        if (strcmp(list, cases[i].offers) != 0)
            fail_msg("%s:\n  offers   %s\n  expected %s", cases[i].text, list, cases[i].offers);
    }
}

static void sweeps_are_offered_ranges_and_sets(void **state)
{
    static const struct {
        place_grammar grammar;
        const char *text, *offers;
    } cases[] = {
        { PLACE_GRID, "polar(bits=", "1 2 3 4 5 6 7 8 {" },
        { PLACE_GRID, "polar(bits=3", "3 3) 3, 3.." },
        { PLACE_GRID, "polar(bits=6..", "6..6 6..7 6..8" },
        { PLACE_GRID, "polar(bits={3", "3 3} 3, 3.." },
        { PLACE_GRID, "polar(bits={3,5}", ") ," },
        { PLACE_GRID, "polar(bits={3,5},b", "" },
        { PLACE_GRID, "k={q8_0,turbo", "turbo2 turbo3 turbo4" },
        { PLACE_GRID, "rotate({q", "q8_0 q4_0" },
        { PLACE_LIST, "q8_0,tur", "turbo2 turbo3 turbo4" },
        { PLACE_LIST, "q8_0", "q8_0 q8_0," },
        { PLACE_LIST, "polar(bits=2..4),k", "kakeya" },
        { PLACE_EXPRESSION, "k", "kakeya" },
        { PLACE_EXPRESSION, "qonly", "qonly" },
        { PLACE_EXPRESSION, "q8_0 ", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char list[1024];
        offered(cases[i].text, cases[i].grammar, list, sizeof list);
        if (strcmp(list, cases[i].offers) != 0)
            fail_msg("%s:\n  offers   %s\n  expected %s", cases[i].text, list, cases[i].offers);
    }
}

/* ---- walks ---- */

static bool whole(const char *text, place_grammar grammar)
{
    config_typed t;
    config_typed_read(known, text, grammar, &t);
    config_free(t.config);
    return t.state == TYPED_WHOLE;
}

/* One random step: an offer in place of the word typed, or the words' first letters. False when nothing is offered. */
static bool step(char *text, size_t room, place_grammar grammar, uint64_t key, uint64_t *counter)
{
    config_next n;
    config_next_find(known, text, grammar, &n);
    const bool any = n.n > 0;
    if (any) {
        const config_offer *o = &n.offers[random_bits(key, (*counter)++) % n.n];
        const bool part = random_bits(key, (*counter)++) % 8 == 0;
        size_t length = strlen(o->text);
        if (part && length > strlen(text + n.at)) length = strlen(text + n.at) + 1;
        snprintf(text + n.at, room - n.at, "%.*s%s", (int)length, o->text,
                 length == strlen(o->text) && !o->open ? " " : "");
    }
    config_next_free(&n);
    return any;
}

static void every_walk_over_offers_can_end_in_a_config(void **state)
{
    static const place_grammar grammars[] = { PLACE_CONFIG, PLACE_GRID, PLACE_LIST, PLACE_EXPRESSION };
    (void)state;
    size_t wholes = 0;
    for (uint64_t key = 0; key < FEWER(800); key++) {
        char text[1024] = "";
        uint64_t counter = 0;
        const place_grammar grammar = grammars[key % 4];
        for (int i = 0; i < 14 && strlen(text) < 200; i++) {
            const bool was_whole = whole(text, grammar);
            wholes += was_whole;
            if (!step(text, sizeof text, grammar, key, &counter)) {
                if (was_whole) break;
                if (text[strlen(text) - 1] == ' ') fail_msg("nothing is offered behind \"%s\"", text);
                strcat(text, " "); /* the item is complete, the config is not */
            }
            config_typed t;
            config_typed_read(known, text, grammar, &t);
            config_free(t.config);
            if (t.state == TYPED_WRONG) fail_msg("offered, but wrong: \"%s\": %s", text, t.message);
        }
    }
    assert_in_range(wholes, 300, 800 * 14);
}

static void every_value_offered_is_taken(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < known->n_codecs; i++) {
        const catalog_codec *codec = known->codecs[i];
        const catalog_param *inner = catalog_inner(codec);
        for (size_t j = 0; j < codec->n_params; j++) {
            char text[256], line[512];
            config_next n;
            const bool needs = inner && !inner->inner && j > 0;
            snprintf(text, sizeof text, "k=%s(%s%s=", codec->name, needs ? "f16," : "", codec->params[j].name);
            config_next_find(known, text, PLACE_CONFIG, &n);
            assert_true(n.n > 0);
            for (size_t o = 0; o < n.n; o++, tried++) {
                const char *value = n.offers[o].text;
                snprintf(line, sizeof line, "%s%s%s)", text, value, strchr(value, '(') ? "f16)" : "");
                if (!whole(line, PLACE_CONFIG)) fail_msg("%s is offered and not taken", line);
            }
            config_next_free(&n);
        }
    }
    assert_true(tried > 60);
}

static void long_and_deep_texts_are_endured(void **state)
{
    (void)state;
    char text[8192] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "rotate(");
    assert_int_equal(state_of(text), TYPED_WRONG);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(state_of(text), TYPED_WRONG);
    memset(text, ' ', sizeof text - 1);
    state_of(text);
    for (size_t i = 0; i < sizeof text - 2; i += 2)
        memcpy(text + i, "@0", 2);
    state_of(text);
    for (uint64_t key = 0; key < FEWER(3000); key++) {
        static const char letters[] = "kv=@:,.(){}-09 turbopolarqewx";
        size_t n = random_bits(key, 0) % 40;
        for (size_t i = 0; i < n; i++)
            text[i] = letters[random_bits(key, i + 1) % (sizeof letters - 1)];
        text[n] = '\0';
        config_next next;
        config_next_find(known, text, PLACE_GRID, &next);
        config_next_free(&next);
        state_of(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginnings_of_configs_are_never_wrong),
        cmocka_unit_test(mistakes_are_wrong_where_they_stand),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(offers_fit_the_place),
        cmocka_unit_test(sweeps_are_offered_ranges_and_sets),
        cmocka_unit_test(every_walk_over_offers_can_end_in_a_config),
        cmocka_unit_test(every_value_offered_is_taken),
        cmocka_unit_test(long_and_deep_texts_are_endured),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
