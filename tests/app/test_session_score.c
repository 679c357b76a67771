/* The session's heuristic and its alerts against figures done by hand. */
#include "app/suite_session_alert.h"
#include "app/suite_session_prompts.h"
#include "app/suite_session_quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static quality_parts parts_of(const char *prompt, const char *answer, quality_form form)
{
    quality_parts parts;
    fault f = { 0 };
    assert_true(quality_measure(prompt, answer, form, &parts, &f));
    return parts;
}

static double quality(const char *prompt, const char *answer, quality_form form)
{
    const quality_parts parts = parts_of(prompt, answer, form);
    return quality_of(&parts);
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12)) fail_msg("%.15g is not %.15g", a, b);
}

/* The published code's figure: no sentence counts as repetition, 0.075 + 0.1 + 0.07. */
static void an_empty_answer_scores_0245_as_published(void **state)
{
    (void)state;
    near(quality("Write the loop", "", QUALITY_PUBLISHED), 0.245);
    near(quality("Write the loop", "", QUALITY_MENDED), 0.445);
    near(quality("", "", QUALITY_PUBLISHED), 0.245);
}

/* 0.145: no mark, no word, nothing but repetition, no fence, four phrases, no list; 1: the opposite of each. */
static void the_scale_goes_from_0145_to_1(void **state)
{
    (void)state;
    const char *worst = "as mentioned earlier as we discussed here. As mentioned earlier as we discussed here. "
                        "remember when. like before. ";
    near(quality("xyzzy", worst, QUALITY_MENDED), 0.145);
    const char *best =
        "```\ndef count(words):\n    import sys\n    return {words}\n```\n- the words are counted once each\n";
    near(quality("count words", best, QUALITY_MENDED), 1);
}

/* def, class, import, return, if, for, while, {, } and =>: each once, however often it occurs, and as written. */
static void code_marks_are_counted_once_and_by_case(void **state)
{
    (void)state;
    const struct {
        const char *answer;
        double density;
    } cases[] = {
        { "def f(x): def g(y):", 0.1 },
        { "Def class_ If For", 0 },
        { "def class import return if for while { } =>", 1.0 }, /* blanks follow all the words here */
        { "definition", 0 },
        { "{}", 0.2 },
        { "a => b", 0.1 },
        { "a = > b", 0 },
        { "what if it rains", 0.1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        near(parts_of("", cases[i].answer, QUALITY_MENDED).code_density, cases[i].density);
    near(quality("", "def class import ", QUALITY_MENDED), 0.445 + 0.25 * 0.9);
    near(quality("", "def class import return ", QUALITY_MENDED), 0.445 + 0.25);
}

static void relevance_is_the_part_of_the_prompts_words_that_come_back(void **state)
{
    (void)state;
    const struct {
        const char *prompt, *answer;
        double relevance;
    } cases[] = {
        { "Count every word twice", "the COUNT of each word", 0.5 }, /* count, word of count, every, word, twice */
        { "Count count COUNT", "count", 1 },                         /* a set */
        { "the and one", "the and one", 0 },                         /* no word of four letters */
        { "four fives", "fourth fives", 0.5 },                       /* whole words */
        { "read_lines path", "read_lines", 0.5 },                    /* an underscore is of the word */
        { "read lines", "read_lines", 0 },
        { "word2 word", "word2", 0.5 },                  /* and so is a digit */
        { "words", "\xe2\x80\x9cwords\xe2\x80\x9d", 1 }, /* between quotation marks */
        { "words", "words\xc3\xa9", 0 },                 /* an accented letter makes another word */
        { "na\xc3\xafve", "na\xc3\xafve", 1 },
        { "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", 0 }, /* three letters in five bytes */
        { "words", "words\xff", 1 },                     /* a broken byte ends a word */
        { "words", "", 0 },
        { "", "words", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        near(parts_of(cases[i].prompt, cases[i].answer, QUALITY_MENDED).relevance, cases[i].relevance);
    near(quality("four fives", "fives", QUALITY_MENDED), 0.445 + 0.2);
    near(quality("four fives nines eight", "nines", QUALITY_MENDED), 0.445 + 0.1);
}

static void repetition_counts_long_sentences(void **state)
{
    (void)state;
    const struct {
        const char *answer;
        double mended, published;
    } cases[] = {
        { "", 0, 1 },
        { "Short. Also short.", 0, 1 },
        { "exactly twenty char.", 0, 1 }, /* 19 before the stop */
        { "this has twenty ch..", 0, 1 },
        { "this one has twenty-o", 0, 0 }, /* 21 characters, no stop at the end */
        { "this one has twenty--", 0, 0 },
        { "this one has twenty-", 0, 1 }, /* 20 are not more than 20 */
        { "The same long sentence again. the same long sentence AGAIN!  The same long sentence again?", 2.0 / 3,
          2.0 / 3 },
        { "The first long sentence of two. The second long sentence of two.", 0, 0 },
        { "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9.", 0, 1 },
        { "  \n  padded with blanks...   .", 0, 1 }, /* 18 without them */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        near(parts_of("", cases[i].answer, QUALITY_MENDED).repetition, cases[i].mended);
        near(parts_of("", cases[i].answer, QUALITY_PUBLISHED).repetition, cases[i].published);
    }
    /* One of ten repeated: rep 0.1, so half of the 0.2 is lost. */
    char text[1024] = "";
    for (int i = 0; i < 10; i++) {
        char sentence[64];
        snprintf(sentence, sizeof sentence, "sentence with the number %c. ", i == 9 ? 'a' : 'a' + i);
        strcat(text, sentence);
    }
    near(quality("", text, QUALITY_MENDED), 0.445 - 0.1);
}

static void phrases_that_refer_back_are_counted_once_each(void **state)
{
    (void)state;
    assert_int_equal(parts_of("", "As mentioned earlier, as mentioned earlier", QUALITY_MENDED).references, 1);
    assert_int_equal(parts_of("", "AS WE DISCUSSED, like before; Remember when", QUALITY_MENDED).references, 3);
    assert_int_equal(
        parts_of("", "from the previous turn, as shown above, earlier in our conversation", QUALITY_MENDED).references,
        3);
    near(quality("", "like before", QUALITY_MENDED), 0.445 - 0.03);
    near(quality("", "like before, as shown above", QUALITY_MENDED), 0.445 - 0.06);
}

static void code_is_fenced_by_two_fences(void **state)
{
    (void)state;
    assert_false(parts_of("", "``` one", QUALITY_MENDED).fenced);
    assert_true(parts_of("", "```\ncode\n```", QUALITY_MENDED).fenced);
    assert_false(parts_of("", "`````", QUALITY_MENDED).fenced);
    assert_true(parts_of("", "``````", QUALITY_MENDED).fenced);
    near(quality("", "```\n```", QUALITY_MENDED), 0.445 + 0.075);
}

static void lists_are_seen_as_published_and_as_mended(void **state)
{
    (void)state;
    const struct {
        const char *answer;
        bool mended, published;
    } cases[] = {
        { "- item", true, false },       { "* item", true, false },
        { "1. item", true, true },       { "12. item", true, false },
        { "-. item", false, true },      { "text\n  3. item", true, false },
        { "text\n3. item", true, true }, { "text - item", false, false },
        { "-item", false, false },       { "**bold**", false, false },
        { "1.5 metres", false, false },  { "7.", false, false },
        { "-", false, false },           { "", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parts_of("", cases[i].answer, QUALITY_MENDED).list, cases[i].mended);
        assert_int_equal(parts_of("", cases[i].answer, QUALITY_PUBLISHED).list, cases[i].published);
    }
    near(quality("", "- item", QUALITY_MENDED), 0.445 + 0.03);
}

/* ---- alerts ---- */

static void a_drop_needs_five_turns_before_it(void **state)
{
    (void)state;
    const double q[] = { 1, 1, 1, 1, 0, 0 };
    for (int i = 0; i < ALERT_WINDOW; i++) {
        assert_true(isnan(session_drop_at(q, NULL, i).drop));
        assert_false(session_drop_at(q, NULL, i).alert);
    }
    const session_drop d = session_drop_at(q, NULL, 5);
    near(d.average, 0.8);
    near(d.drop, 0.8);
    assert_true(d.alert);
}

/* In binary fractions, so that the threshold itself can be met: no alert at 0.15, one above it. */
static void the_threshold_itself_is_no_alert(void **state)
{
    (void)state;
    double q[] = { 0.15, 0.15, 0.15, 0.15, 0.15, 0 };
    const double mean = (0.15 + 0.15 + 0.15 + 0.15 + 0.15) / 5;
    assert_true(mean == 0.15);
    assert_false(session_drop_at(q, NULL, 5).alert);
    q[5] = -1e-9;
    assert_true(session_drop_at(q, NULL, 5).alert);
    q[5] = 0.3;
    assert_false(session_drop_at(q, NULL, 5).alert);
}

static void the_window_moves_with_the_turn(void **state)
{
    (void)state;
    const double q[] = { 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.4 };
    near(session_drop_at(q, NULL, 5).drop, 0.1);
    near(session_drop_at(q, NULL, 6).drop, 0);
    near(session_drop_at(q, NULL, 7).drop, 0.1);
}

/* The reference falls at the last turn as much as the config does: a change of subject, not of the cache. */
static void a_fall_of_both_is_no_degradation(void **state)
{
    (void)state;
    const double q[] = { 0.8, 0.8, 0.8, 0.8, 0.8, 0.3 }, same[] = { 0.9, 0.9, 0.9, 0.9, 0.9, 0.4 };
    assert_true(session_drop_at(q, NULL, 5).alert);
    const session_drop d = session_drop_at(q, same, 5);
    assert_false(d.alert);
    near(d.drop, 0);
    near(d.current, 0.3);
    near(d.average, 0.3);
}

static void a_fall_of_the_config_alone_is_one(void **state)
{
    (void)state;
    const double q[] = { 0.8, 0.8, 0.8, 0.8, 0.8, 0.6 }, exact[] = { 0.9, 0.9, 0.9, 0.9, 0.9, 0.9 };
    const session_drop d = session_drop_at(q, exact, 5);
    assert_true(d.alert);
    near(d.drop, 0.2);
    near(d.current, 0.6);
    near(d.average, 0.8); /* the reference's 0.9, less the 0.1 that the config was behind */
    /* As it is of a reference that rises. */
    const double level[] = { 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 }, risen[] = { 0.5, 0.5, 0.5, 0.5, 0.5, 0.7 };
    assert_false(session_drop_at(level, NULL, 5).alert);
    assert_true(session_drop_at(level, risen, 5).alert);
}

static void the_reference_against_itself_has_no_drop(void **state)
{
    (void)state;
    const double q[] = { 0.3, 0.9, 0.1, 0.7, 0.445, 0.2, 1, 0.145 };
    for (int i = ALERT_WINDOW; i < 8; i++) {
        const session_drop d = session_drop_at(q, q, i);
        assert_true(d.drop == 0);
        assert_false(d.alert);
    }
}

static void alerts_are_told_to_three_decimals(void **state)
{
    (void)state;
    near(session_rounded(0.41249), 0.412);
    near(session_rounded(0.4126), 0.413);
    near(session_rounded(-0.0004), 0);
}

/* ---- what is asked ---- */

static void fifty_turns_are_five_phases_of_ten(void **state)
{
    (void)state;
    const char *names[] = { "write", "debug", "refactor", "test", "extend" };
    assert_int_equal(SESSION_TURNS, 50);
    for (int i = 0; i < SESSION_TURNS; i++)
        assert_string_equal(session_phase_of(i), names[i / 10]);
}

static void every_turn_is_asked_differently_in_both_forms(void **state)
{
    (void)state;
    for (int i = 0; i < SESSION_TURNS; i++) {
        const session_turn *a = session_turn_at(i);
        assert_non_null(a->chat);
        assert_non_null(a->plain);
        assert_true(strlen(a->chat) > strlen(a->plain));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(a->chat, session_turn_at(j)->chat);
            assert_string_not_equal(a->plain, session_turn_at(j)->plain);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_answer_scores_0245_as_published),
        cmocka_unit_test(the_scale_goes_from_0145_to_1),
        cmocka_unit_test(code_marks_are_counted_once_and_by_case),
        cmocka_unit_test(relevance_is_the_part_of_the_prompts_words_that_come_back),
        cmocka_unit_test(repetition_counts_long_sentences),
        cmocka_unit_test(phrases_that_refer_back_are_counted_once_each),
        cmocka_unit_test(code_is_fenced_by_two_fences),
        cmocka_unit_test(lists_are_seen_as_published_and_as_mended),
        cmocka_unit_test(a_drop_needs_five_turns_before_it),
        cmocka_unit_test(the_threshold_itself_is_no_alert),
        cmocka_unit_test(the_window_moves_with_the_turn),
        cmocka_unit_test(a_fall_of_both_is_no_degradation),
        cmocka_unit_test(a_fall_of_the_config_alone_is_one),
        cmocka_unit_test(the_reference_against_itself_has_no_drop),
        cmocka_unit_test(alerts_are_told_to_three_decimals),
        cmocka_unit_test(fifty_turns_are_five_phases_of_ten),
        cmocka_unit_test(every_turn_is_asked_differently_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
