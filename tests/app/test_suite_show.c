/* What is seen of suites: the same pictures at every width, in ASCII and UTF-8, whatever the database holds. */
#include "tests/store/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/app/suite_page.h"

static const char *const suites[] = { "needle", "session", "prompts", "trajectory", "attention", "unheard of" };
enum { SUITES = sizeof suites / sizeof *suites, KNOWN = SUITES - 1 };

/* ---- a page: what is drawn, and how it looks, a letter for each byte ---- */

static const char *draw_sample(const char *suite, sample_damage damage, int width, bool utf8, bool rest)
{
    store_item items[SAMPLE_ITEMS];
    return draw(suite, items, sample_items(suite, damage, items), width, utf8, rest);
}

static char look_at(const char *part, size_t offset)
{
    const char *at = strstr(seen.text, part);
    if (!at) fail_msg("no \"%s\" in:\n%s", part, seen.text);
    return seen.looks[(size_t)(at - seen.text) + offset];
}

static const char *summary_of(const char *suite, sample_damage damage)
{
    static char text[SUITE_SUMMARY];
    store_item items[SAMPLE_ITEMS];
    const size_t n = sample_items(suite, damage, items);
    store_run run = sample_run("turbo2");
    sample_suite(&run, suite, items, n);
    suite_summary(&run, &(suite_items){ items, n }, text);
    return text;
}

/* ---- everywhere ---- */

static void check_bytes(bool utf8)
{
    for (size_t i = 0; i < seen.n; i++) {
        const unsigned char c = (unsigned char)seen.text[i];
        if ((c < 0x20 && c != '\n') || c == 0x7f || (!utf8 && c > 0x7e)) fail_msg("byte %02x in:\n%s", c, seen.text);
    }
}

static void every_width_holds_what_is_drawn(void **state)
{
    (void)state;
    store_item items[SAMPLE_ITEMS];
    for (size_t k = 0; k < KNOWN; k++)
        for (int kind = 0; kind < 4; kind++) {
            const size_t n =
                kind < 3 ? sample_items(suites[k], (sample_damage)kind, items) : hostile_items(suites[k], items);
            for (int width = 20; width <= 200; width += width < 90 ? 1 : 11)
                for (int utf8 = 0; utf8 < 2; utf8++) {
                    draw(suites[k], items, n, width, utf8, true);
                    if (seen.widest > width)
                        fail_msg("%s is %d wide, not %d:\n%s", suites[k], seen.widest, width, seen.text);
                    check_bytes(utf8);
                    if (kind < 3) lacks(seen.text, "nan");
                }
        }
}

static void a_plain_run_has_no_picture(void **state)
{
    (void)state;
    for (size_t k = 0; k < SUITES; k++)
        assert_string_equal(draw(suites[k], NULL, 0, 80, true, true), "");
}

static void a_suite_without_a_picture_is_listed(void **state)
{
    store_item items[SAMPLE_ITEMS];
    (void)state;
    draw("unheard of", items, sample_items("prompts", SAMPLE_BAD, items), 100, true, true);
    has(seen.text, "10 items");
    has(seen.text, "translate");
}

static void an_item_of_nothing_is_harmless(void **state)
{
    (void)state;
    const store_item blank = { 0, "", NAN, NAN, 0, NAN, NAN, NAN, NAN, NAN, "", "", "" };
    for (size_t k = 0; k < SUITES; k++) {
        lacks(draw(suites[k], &blank, 1, 80, true, true), "nan");
        lacks(seen.text, "inf");
    }
}

static void outcomes_are_said_in_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *suite;
        sample_damage damage;
        const char *text;
    } cases[] = {
        { "needle", SAMPLE_GOOD, "found 42 of the 42 the reference finds; 6 of 48 cells n/a" },
        { "needle", SAMPLE_BAD, "found 30 of the 42 the reference finds; 6 of 48 cells n/a" },
        { "session", SAMPLE_EXACT,
          "20 turns: KLD 0, same token 95.8 %, quality 0.75 (reference 0.75); no degradation" },
        { "session", SAMPLE_BAD,
          "20 turns: KLD 0.084, same token 91.63 %, quality 0.728 (reference 0.75); degraded at turn 14" },
        { "prompts", SAMPLE_GOOD, "passes 9 of 10 (reference 9), 0 regressions" },
        { "prompts", SAMPLE_BAD, "passes 7 of 10 (reference 9), 2 regressions" },
        { "trajectory", SAMPLE_GOOD, "100 % in common over 4 continuations; none parts" },
        { "trajectory", SAMPLE_BAD,
          "67.58 % in common over 4 continuations; 2 part, the first after 5 tokens (number 2)" },
        { "attention", SAMPLE_EXACT, "mean cosine of weights 1, of outputs 1; worst head 0 of layer 0 with 1" },
        { "attention", SAMPLE_BAD,
          "mean cosine of weights 0.99533, of outputs 0.99767; worst head 3 of layer 2 with 0.9" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(summary_of(cases[i].suite, cases[i].damage), cases[i].text);
}

/* ---- needle ---- */

static void needles_are_a_heatmap_of_depth_by_length(void **state)
{
    (void)state;
    has(draw_sample("needle", SAMPLE_BAD, 80, false, false),
        "keys                                   chain\n"
        "depth      128    256    512   1024    depth      128    256    512   1024\n"
        "  0 %    # 2/2  # 2/2  + 1/2  x 0/2      0 %    # 2/2  # 2/2  + 1/2      -\n"
        " 50 %    # 2/2  # 2/2  + 1/2  x 0/2     50 %    # 2/2  # 2/2  + 1/2      -\n"
        "100 %    # 2/2  # 2/2  + 1/2  x 0/2    100 %    # 2/2  # 2/2  + 1/2      -\n");
    assert_int_equal(look_at("# 2/2", 0), 'G');
    assert_int_equal(look_at("+ 1/2", 2), 'W');
    assert_int_equal(look_at("x 0/2", 4), 'R');
    assert_int_equal(look_at("-\n", 0), 'D');
}

/* 30 columns hold three lengths: the fourth stands below. */
static void lengths_that_do_not_fit_go_below(void **state)
{
    (void)state;
    draw_sample("needle", SAMPLE_BAD, 30, true, false);
    has(seen.text, "keys\ndepth      128    256    512\n");
    has(seen.text, "keys (more lengths)\ndepth     1024\n  0 %    x 0/2\n");
    has(seen.text, "█ 2/2  █ 2/2  ▓ 1/2\n");
}

static void cells_of_several_haystacks_are_counts(void **state)
{
    (void)state;
    store_item cell = { 0, "several", 512, 0.25, 9, 0.75, 2.0 / 3, NAN, 0.5, 50, "", "a", "b" };
    store_run run = sample_run("turbo2");
    char text[SUITE_SUMMARY];
    run.suite = "needle";
    run.suite_options = "lengths=512 trials=4";
    suite_summary(&run, &(suite_items){ &cell, 1 }, text);
    assert_string_equal(text, "found 2 of the 3 the reference finds"); /* 4 haystacks, 3 found, 2 of them kept */
    suite_sheet sheet;
    seen = (page){ 0 };
    suite_sheet_open(&sheet, 80, false, put, end, &seen);
    suite_draw(&sheet, &run, &(suite_items){ &cell, 1 });
    suite_sheet_close(&sheet);
    has(seen.text, " 25 %    + 2/3\n");
}

static void what_was_said_is_of_lost_needles(void **state)
{
    (void)state;
    draw_sample("needle", SAMPLE_BAD, 80, true, true);
    has(seen.text, "what was said, the worst 8 of 12\n");
    has(seen.text,
        "keys, 1024 tokens, depth 0 %\n  reference  The key is 7-KESTREL.\n  config     The key is 7-KESTRAL.\n");
    size_t shown = 0;
    for (const char *at = seen.text; (at = strstr(at, "\n  config ")); at++)
        shown++;
    assert_int_equal(shown, 8);
    lacks(draw_sample("needle", SAMPLE_GOOD, 80, true, true), "what was said");
}

/* ---- session ---- */

static void the_degraded_turn_is_marked(void **state)
{
    (void)state;
    draw_sample("session", SAMPLE_BAD, 80, false, false);
    has(seen.text, "debug     11-20   .+=@+=-+=-     0.113        0.6 (14)  87.47 %  0.71 of 0.75\n"
                   "                     ^ degraded\n");
    assert_int_equal(look_at(".+=@", 3), 'R');
    assert_int_equal(look_at(".+=@", 2), '.');
    has(seen.text, "turn 14 (debug) degraded: 0.310 after 0.750\n");
    has(seen.text, "KLD by turn, log scale: . 0.01 to @ 0.6 nats\n");
    lacks(draw_sample("session", SAMPLE_GOOD, 80, false, false), "degraded:");
    lacks(seen.text, "^");
}

static void a_session_against_itself_is_zero_everywhere(void **state)
{
    (void)state;
    has(draw_sample("session", SAMPLE_EXACT, 80, false, false), "write     1-10    __________");
    has(seen.text, "KLD is 0 at every turn\n");
    has(draw_sample("session", SAMPLE_EXACT, 80, true, false), "··········");
}

/* A turn of 99 tokens counts 99 times as much as one of a single token. */
static void means_are_over_tokens(void **state)
{
    (void)state;
    store_item two[SAMPLE_ITEMS];
    sample_items("session", SAMPLE_GOOD, two);
    two[0].n = 99;
    two[1].n = 1;
    two[0].kld = 1;
    two[1].kld = 0;
    has(draw("session", two, 2, 80, false, false), "2 turns: KLD 0.99,");
    has(seen.text, "1-2     @_      0.99           1 (1)");
}

static void every_turn_is_listed_below(void **state)
{
    (void)state;
    draw_sample("session", SAMPLE_BAD, 120, true, true);
    has(seen.text, "  14  debug          24        0.6     12.5     0.31       0.75  degraded: 0.310 after 0.750\n");
    has(seen.text, "turn 14, debug: degraded: 0.310 after 0.750\n  reference  def total(rows):\\n    return");
}

/* ---- prompts ---- */

static void only_what_the_reference_passes_can_regress(void **state)
{
    (void)state;
    draw_sample("prompts", SAMPLE_BAD, 100, true, false);
    has(seen.text,
        " 2  json                     pass    FAIL        0.8  the object is not closed: a brace is missing\n"
        "                                                      at the end\n");
    has(seen.text, " 9  reverse                  fail    fail");
    assert_int_equal(look_at("FAIL", 0), 'R');
    assert_int_equal(look_at("fail    fail", 8), 'W');
    lacks(draw_sample("prompts", SAMPLE_GOOD, 100, true, false), "FAIL");
}

static void regressions_are_told_before_what_neither_does(void **state)
{
    (void)state;
    draw_sample("prompts", SAMPLE_BAD, 100, true, true);
    const char *said = strstr(seen.text, "what was said\n");
    assert_non_null(said);
    assert_true(strstr(said, "\njson: ") < strstr(said, "\ncount: "));
    assert_true(strstr(said, "\ncount: ") < strstr(said, "\nreverse\n"));
}

static void a_narrow_line_has_its_reason_below(void **state)
{
    (void)state;
    has(draw_sample("prompts", SAMPLE_BAD, 60, true, false),
        "        0.8\n    the object is not closed: a brace is missing at the end\n");
}

/* ---- trajectory ---- */

static void continuations_are_shown_where_they_part(void **state)
{
    (void)state;
    draw_sample("trajectory", SAMPLE_BAD, 80, false, false);
    has(seen.text, "reference  The river ran past the old |mill, and the children ?t? playe...\n");
    has(seen.text, "config     The river ran past the old |house\n");
    has(seen.text, "   1  after 40 tokens, which is behind what is kept of the texts\n");
    assert_true(strstr(seen.text, "after 5 tokens") <
                strstr(seen.text, "after 40 tokens")); /* the first to part first */
    has(seen.text, " 5 of 64");
    lacks(draw_sample("trajectory", SAMPLE_GOOD, 80, false, true), "after");
}

static void who_says_more_than_the_reference_has_left_it(void **state)
{
    (void)state;
    store_item one[SAMPLE_ITEMS];
    sample_items("trajectory", SAMPLE_GOOD, one);
    one[0].second = 80;
    has(draw("trajectory", one, 1, 80, false, false), "64 of 80");
    has(seen.text, "1 part, the first after 64\n");
}

static void a_character_is_never_cut(void **state)
{
    (void)state;
    store_item one[SAMPLE_ITEMS];
    sample_items("trajectory", SAMPLE_BAD, one);
    one[1].said_ref = "caf\xc3\xa9 noir";
    one[1].said = "caf\xc3\xa8 noir"; /* the first byte is the same */
    draw("trajectory", &one[1], 1, 80, true, false);
    has(seen.text, "reference  caf|\xc3\xa9 noir\n");
    has(seen.text, "config     caf|\xc3\xa8 noir\n");
}

/* ---- attention ---- */

static void the_worst_head_stands_out(void **state)
{
    (void)state;
    draw_sample("attention", SAMPLE_BAD, 80, false, true);
    has(seen.text, "of outputs 0.99767; worst head 3 of\n         layer 2 with 0.9\n");
    has(seen.text, "layer weights         outputs\n");
    has(seen.text, "    2 - : - @ : -     - : - @ : -\n");
    assert_int_equal(look_at("    2 - : - @", 12), 'R');
    assert_int_equal(look_at("    2 - : - @", 10), '.');
    has(seen.text, "1 - cosine of weights, log scale: . 0.0001 to @ 0.1\n");
    has(seen.text, "layer  head     weights     outputs\n    2     3    0.900000        0.95  worst\n");
    has(draw_sample("attention", SAMPLE_EXACT, 80, false, true), "the cosine of weights is 1 everywhere\n");
}

/* 64 heads on 40 columns: each sign is the worst of two. */
static void many_heads_share_a_sign(void **state)
{
    (void)state;
    store_item heads[64];
    for (size_t i = 0; i < 64; i++)
        heads[i] =
            (store_item){ (int64_t)i, "", 0, (double)i, 8, NAN, i == 33 ? 0.5 : 0.999, 0.999, NAN, NAN, "", "", "" };
    draw("attention", heads, 64, 40, false, false);
    has(seen.text, "    0 ................@...............\n");
    has(seen.text, "2 heads a sign, the worst of them\n");
    draw("attention", heads, 64, 80, false, false);
    has(seen.text, "    0 .................................@");
    lacks(seen.text, "heads a sign");
}

/* ---- on stdout, and as JSON ---- */

static void colour_is_for_who_wants_it(void **state)
{
    store_item items[SAMPLE_ITEMS];
    const size_t n = sample_items("needle", SAMPLE_BAD, items);
    store_run run = sample_run("turbo2");
    (void)state;
    sample_suite(&run, "needle", items, n);
    for (int color = 0; color < 2; color++) {
        char text[16384] = "";
        FILE *to = fmemopen(text, sizeof text, "w");
        suite_show(to, &(terminal){ .fd = -1, .color = color }, &run, &(suite_items){ items, n }, true);
        fclose(to);
        if (color)
            has(text, "\x1b[31mx 0/2\x1b[0m");
        else
            lacks(text, "\x1b");
        lacks(text, " \n");                                                    /* no blanks at a line's end */
        assert_memory_equal(text, color ? "\n\x1b[2mneedle" : "\nneedle ", 8); /* a blank line before it */
    }
}

static void what_was_said_is_for_who_wants_all(void **state)
{
    store_item items[SAMPLE_ITEMS];
    const size_t n = sample_items("needle", SAMPLE_BAD, items);
    store_run run = sample_run("turbo2");
    (void)state;
    sample_suite(&run, "needle", items, n);
    for (int full = 0; full < 2; full++) {
        char text[16384] = "";
        FILE *to = fmemopen(text, sizeof text, "w");
        suite_show(to, &(terminal){ .fd = -1 }, &run, &(suite_items){ items, n }, full);
        fclose(to);
        assert_int_equal(strstr(text, "what was said") != NULL, full);
        to = fmemopen(text, sizeof text, "w");
        suite_show(to, &(terminal){ .fd = -1 }, &run, &(suite_items){ 0 }, full);
        fflush(to);
        assert_int_equal(ftell(to), 0);
        fclose(to);
    }
}

static void json_has_every_item(void **state)
{
    (void)state;
    store_item items[SAMPLE_ITEMS];
    const size_t n = sample_items("needle", SAMPLE_BAD, items);
    cJSON *json = suite_show_json(&(suite_items){ items, n });
    assert_int_equal(cJSON_GetArraySize(json), n);
    const cJSON *last = cJSON_GetArrayItem(json, (int)n - 1);
    assert_string_equal(cJSON_GetObjectItem(last, "label")->valuestring, "chain");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(last, "score")));
    char *text = cJSON_PrintUnformatted(last);
    has(text, "\"x\":1024,\"y\":1,\"n\":4,");
    cJSON_free(text);
    assert_string_equal(cJSON_GetObjectItem(last, "said_ref")->valuestring, "The key is unclear.");
    assert_int_equal(cJSON_GetArraySize(last), 12);
    cJSON_Delete(json);
    json = suite_show_json(&(suite_items){ 0 });
    assert_int_equal(cJSON_GetArraySize(json), 0);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_holds_what_is_drawn),
        cmocka_unit_test(a_plain_run_has_no_picture),
        cmocka_unit_test(a_suite_without_a_picture_is_listed),
        cmocka_unit_test(an_item_of_nothing_is_harmless),
        cmocka_unit_test(outcomes_are_said_in_a_sentence),
        cmocka_unit_test(needles_are_a_heatmap_of_depth_by_length),
        cmocka_unit_test(lengths_that_do_not_fit_go_below),
        cmocka_unit_test(cells_of_several_haystacks_are_counts),
        cmocka_unit_test(what_was_said_is_of_lost_needles),
        cmocka_unit_test(the_degraded_turn_is_marked),
        cmocka_unit_test(a_session_against_itself_is_zero_everywhere),
        cmocka_unit_test(means_are_over_tokens),
        cmocka_unit_test(every_turn_is_listed_below),
        cmocka_unit_test(only_what_the_reference_passes_can_regress),
        cmocka_unit_test(regressions_are_told_before_what_neither_does),
        cmocka_unit_test(a_narrow_line_has_its_reason_below),
        cmocka_unit_test(continuations_are_shown_where_they_part),
        cmocka_unit_test(who_says_more_than_the_reference_has_left_it),
        cmocka_unit_test(a_character_is_never_cut),
        cmocka_unit_test(the_worst_head_stands_out),
        cmocka_unit_test(many_heads_share_a_sign),
        cmocka_unit_test(colour_is_for_who_wants_it),
        cmocka_unit_test(what_was_said_is_for_who_wants_all),
        cmocka_unit_test(json_has_every_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
