/* Grids: many configs in one line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/grid.h"
#include "tests/app/config_known.h"

/* ---- grids ---- */

static void assert_grid(const char *line, const char *k_list, const char *v_list, const char *expected)
{
    grid_configs g = { 0 };
    fault f = { 0 };
    bool ok = line ? grid_add(&g, known, line, &f) : grid_add_lists(&g, known, k_list, v_list, &f);
    if (!ok) fail_msg("%s", f.text);
    char text[2048] = "";
    for (size_t i = 0; i < g.n; i++)
        strcat(strcat(text, i ? " | " : ""), g.items[i]->text);
    if (strcmp(text, expected) != 0) fail_msg("%s\n  gives    %s\n  expected %s", line ? line : "", text, expected);
    grid_free(&g);
}

static void grids_stand_for_every_combination(void **state)
{
    (void)state;
    assert_grid("turbo3", NULL, NULL, "turbo3");
    assert_grid("polar(bits=2..4)", NULL, NULL, "polar(bits=2) | polar(bits=3) | polar");
    assert_grid("polar(bits={2,4})", NULL, NULL, "polar(bits=2) | polar");
    assert_grid("polar(bits={2..3,8})", NULL, NULL, "polar(bits=2) | polar(bits=3) | polar(bits=8)");
    assert_grid("polar(gain=0.25..1)", NULL, NULL, "polar(gain=0.25) | polar(gain=0.5) | polar(gain=0.75) | polar");
    assert_grid("kakeya(block=64..300)", NULL, NULL, "kakeya(block=64) | kakeya(block=128) | kakeya(block=256)");
    assert_grid("kakeya(rank={0.1,0.2})", NULL, NULL, "kakeya(rank=0.1) | kakeya(rank=0.2)");
    assert_grid("polar(scale={mse,norm},fast={on,off})", NULL, NULL,
                "polar(fast=true,scale=mse) | polar(scale=mse) | polar(fast=true) | polar");
    assert_grid("rotate({q4_0, polar(bits={2,3})})", NULL, NULL,
                "rotate(q4_0) | rotate(polar(bits=2)) | rotate(polar(bits=3))");
    assert_grid(
        "k={q8_0,turbo3} v=polar(bits=2..3)", NULL, NULL,
        "k=q8_0 v=polar(bits=2) | k=q8_0 v=polar(bits=3) | k=turbo3 v=polar(bits=2) | k=turbo3 v=polar(bits=3)");
    assert_grid("turbo3 @0:{q8_0,f16}", NULL, NULL, "turbo3 @0:q8_0 | turbo3 @0:f16");
    assert_grid("polar(bits={4,4,2..4})", NULL, NULL, "polar | polar(bits=2) | polar(bits=3)");
    assert_grid(NULL, "q8_0, polar(bits=2, scale=mse)", "turbo3,q8_0",
                "k=q8_0 v=turbo3 | q8_0 | k=polar(bits=2,scale=mse) v=turbo3 | k=polar(bits=2,scale=mse) v=q8_0");
    assert_grid(NULL, "polar(bits=2..3)", NULL, "k=polar(bits=2) | k=polar(bits=3)");
    assert_grid(NULL, NULL, "{q8_0,turbo3},f16", "v=q8_0 | v=turbo3 | f16");
}

static void grids_without_sense_are_refused(void **state)
{
    static const struct {
        const char *line, *k_list, *says;
    } cases[] = {
        { "polar(bits=4..2)", NULL, "the range of bits runs backwards (column 12)" },
        { "polar(bits=2..9)", NULL, "bits is out of range: 1 to 8 (column 15)" },
        { "polar(bits=2..3.5)", NULL, "bits is a whole number (column 15)" },
        { "polar(seed=0..9007199254740992)", NULL, "a range of more than 1000 values (column 12)" },
        { "kakeya(rank=0..1)", NULL, "rank has no step; list the values: {a, b} (column 13)" },
        { "polar(scale=1..2)", NULL, "scale is not a number and has no range (column 13)" },
        { "rotate(inner=1..2)", NULL, "inner is a codec (column 14)" },
        { "polar(bits={})", NULL, "{} has no values (column 12)" },
        { "polar(bits={2,9})", NULL, "polar(bits=9): bits=9 is out of range: 1 to 8 (column 12)" },
        { "polar(bits=2..4", NULL, "the text ends where ',' or ')' is expected (column 16)" },
        { NULL, "q8_0,,turbo3", "',' where a codec is expected (column 6)" },
        { NULL, "q8_0,", "the text ends where a codec is expected (column 6)" },
        { NULL, "q8_0 rope=post", "'r' where ',' is expected (column 6)" },
        { NULL, "q8_0,polar(bitz=2)", "no parameter \"bitz\"" },
        { "polar(seed=0..999,bits=1..8,gain=0.25..4)", NULL, "more than 10000 configs in one sweep" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grid_configs g = { 0 };
        fault f = { 0 };
        bool ok = cases[i].line ? grid_add(&g, known, cases[i].line, &f)
                                : grid_add_lists(&g, known, cases[i].k_list, "f16", &f);
        if (ok || !strstr(f.text, cases[i].says)) fail_msg("%s\n  expected \"%s\"", f.text, cases[i].says);
        assert_int_equal(f.code, FAULT_INPUT);
        grid_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_stand_for_every_combination),
        cmocka_unit_test(grids_without_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
