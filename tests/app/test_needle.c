/* The words of the suite `needle`: what is hidden, what is asked, what counts as an answer. */
#include <ctype.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/suite_needle_hay.h"
#include "app/suite_needle_task.h"

enum { SEEDS = 300 };

static const needle_kind *kind(const char *name)
{
    for (int i = 0; i < NEEDLE_KINDS; i++)
        if (strcmp(needle_kinds[i].name, name) == 0) return &needle_kinds[i];
    fail_msg("no kind %s", name);
    return NULL;
}

static needle_task ask(const char *name, bool chat, double depth, int length, uint64_t seed)
{
    needle_task t = { 0 };
    const needle_asked how = { chat, depth, length };
    kind(name)->ask(&t, &how, seed);
    assert_true(t.n_notes >= 1 && t.n_notes <= NEEDLE_NOTES);
    return t;
}

/* Characters that differ in two texts of one length; -1 when the lengths do. */
static int differing(const char *a, const char *b)
{
    int n = 0;
    if (strlen(a) != strlen(b)) return -1;
    for (; *a; a++, b++)
        n += *a != *b;
    return n;
}

static void an_answer_begins_with_the_key_and_ends_there(void **state)
{
    (void)state;
    static const struct {
        const char *key, *answer;
        bool found;
    } cases[] = {
        { "4821", " 4821.", true },
        { "4821", "4821", true },
        { "4821", "**4821**", true },
        { "4821", "\"4821\", I think", true },
        { "4821", " 48215", false },
        { "4821", " 4822.", false },
        { "4821", " 1024, no, 4821", false }, /* a substring is no answer */
        { "4821", "the key is 4821", false },
        { "4821", "", false },
        { "key of Rose", " key of Rose? Answer", true },
        { "key of Rose", " key of Rosemary", false },
        { "key of Rose", " key of Ros", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (needle_found(cases[i].key, cases[i].answer) != cases[i].found)
            fail_msg("\"%s\" in \"%s\"", cases[i].key, cases[i].answer);
}

static void tasks_are_functions_of_their_seed(void **state)
{
    (void)state;
    for (int i = 0; i < NEEDLE_KINDS; i++)
        for (int chat = 0; chat < 2; chat++) {
            const needle_task a = ask(needle_kinds[i].name, chat, 0.5, 512, 7),
                              b = ask(needle_kinds[i].name, chat, 0.5, 512, 7);
            const needle_task c = ask(needle_kinds[i].name, chat, 0.5, 512, 8);
            assert_memory_equal(&a, &b, sizeof a);
            assert_string_not_equal(a.notes[0].text, c.notes[0].text);
        }
}

/* What is asked for has an answer, and the answer stands in no other note. */
static void one_note_alone_has_the_key(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int i = 0; i < NEEDLE_KINDS; i++)
            for (int chat = 0; chat < 2; chat++) {
                const needle_task t = ask(needle_kinds[i].name, chat, 0.25, 1024, seed);
                int with = 0;
                for (int k = 0; k < t.n_notes; k++) {
                    assert_true(t.notes[k].depth >= 0 && t.notes[k].depth <= 1);
                    const char *at = strstr(t.notes[k].text, t.key);
                    with += at && !isalnum((unsigned char)at[strlen(t.key)]);
                }
                if (with != 1)
                    fail_msg("%s, seed %d: %d notes hold \"%s\"", needle_kinds[i].name, (int)seed, with, t.key);
                assert_true(t.notes[0].depth == 0.25);
                assert_true(t.question[0] && t.lead[0]);
                assert_null(strstr(t.question, t.key));
                assert_null(strstr(t.lead, t.key));
            }
}

static void several_keys_have_a_neighbour_one_character_away(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const needle_task t = ask("several", true, 0.5, 512, seed);
        assert_int_equal(t.n_notes, 8);
        for (int i = 0; i < t.n_notes; i += 2)
            assert_int_equal(differing(t.notes[i].text, t.notes[i + 1].text), 2); /* of the name, and of the key */
        char name[32];
        assert_int_equal(sscanf(t.notes[0].text, "Remember this: the key of %31s is", name), 1);
        assert_non_null(strstr(t.question, name)); /* the first is asked for */
    }
}

static void decoys_are_nearly_what_is_to_be_remembered(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const needle_task t = ask("marked", false, 0.5, 256, seed);
        assert_int_equal(t.n_notes, 7);
        assert_true(strncmp(t.notes[0].text, "Remember this: ", 15) == 0);
        int near_name = 0, same_thing = 0;
        char thing[16], name[16];
        assert_int_equal(sscanf(t.key, "%15s of %15s", thing, name), 2);
        for (int i = 1; i < t.n_notes; i++) {
            char other_thing[16], other[16];
            assert_true(strncmp(t.notes[i].text, "Forget this: ", 13) == 0);
            assert_int_equal(sscanf(strchr(t.notes[i].text, ':'), ": the %15s of %15s is", other_thing, other), 2);
            near_name += differing(name, other) == 1;
            same_thing += strcmp(thing, other_thing) == 0;
        }
        assert_true(near_name >= 2 && same_thing >= 4);
    }
    assert_int_equal(ask("marked", false, 0.5, 1024, 1).n_notes, 17); /* more in a longer one */
    assert_int_equal(ask("marked", false, 0.5, 1 << 20, 1).n_notes, 19);
}

/* Following the links from what is asked for leads to the key. */
static void chains_lead_to_the_key(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const needle_task t = ask("chain", false, 0.5, 512, seed);
        char wanted[8], from[8], to[8];
        int steps = 0;
        assert_int_equal(sscanf(t.question, "Question: what number is %1s", wanted), 1);
        while (isalpha((unsigned char)wanted[0])) {
            bool found = false;
            for (int i = 0; i < t.n_notes && !found; i++) {
                assert_int_equal(sscanf(t.notes[i].text, "Let %1s = %4[A-Z0-9]", from, to), 2);
                found = strcmp(from, wanted) == 0;
            }
            assert_true(found);
            strcpy(wanted, to);
            steps++;
        }
        assert_string_equal(wanted, t.key);
        assert_int_equal(steps, 3);
        for (int i = 1; i < 3; i++)
            assert_true(t.notes[i].depth >= t.notes[i - 1].depth);
    }
}

static void only_single_needles_are_not_ranked(void **state)
{
    (void)state;
    for (int i = 0; i < NEEDLE_KINDS; i++)
        assert_int_equal(needle_kinds[i].ranked, strcmp(needle_kinds[i].name, "single") != 0);
}

/* A haystack of 100 tokens with a sentence's end after each tenth. */
static void notes_stand_between_sentences(void **state)
{
    (void)state;
    int32_t tokens[100] = { 0 };
    bool ends[100];
    for (int i = 0; i < 100; i++)
        ends[i] = i % 10 == 9;
    const needle_hay hay = { tokens, ends, 100 };
    for (uint64_t seed = 0; seed < 50; seed++)
        assert_int_equal(needle_hay_start(&hay, seed) % 10, 0);
    assert_int_equal(needle_hay_place(&hay, 0, 80, 0), 0);
    assert_int_equal(needle_hay_place(&hay, 0, 80, 0.5), 40);
    assert_int_equal(needle_hay_place(&hay, 0, 80, 0.53), 40);
    assert_int_equal(needle_hay_place(&hay, 0, 80, 0.59), 50);
    assert_int_equal(needle_hay_place(&hay, 90, 80, 0.5), 40); /* past the end it goes on at the beginning */
    assert_int_equal(needle_hay_place(&hay, 0, 80, 1), 80);
    assert_int_equal(needle_hay_place(&hay, 0, 300, 0.5), 150);
    bool none[100] = { false };
    const needle_hay one_sentence = { tokens, none, 100 };
    assert_int_equal(needle_hay_place(&one_sentence, 0, 90, 0.6), 54); /* nothing near: where it was wanted */
    assert_in_range(needle_hay_start(&one_sentence, 3), 0, 99);
}

static void lines_like_ours_are_cut_out_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *left;
    } cases[] = {
        { "one\ntwo\n", "one\ntwo\n" },
        { "one\nRemember this: the key of Jane is 1.\ntwo", "one\ntwo" },
        { "He said: remember this well.\ntwo", "two" },
        { "one\nQuestion: what?", "one\n" },
        { "Answer: x", "" },
        { "Forget this\n\n\n", "\n\n" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        strcpy(text, cases[i].text);
        text[needle_hay_clean(text, strlen(text))] = '\0';
        assert_string_equal(text, cases[i].left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_begins_with_the_key_and_ends_there),
        cmocka_unit_test(tasks_are_functions_of_their_seed),
        cmocka_unit_test(one_note_alone_has_the_key),
        cmocka_unit_test(several_keys_have_a_neighbour_one_character_away),
        cmocka_unit_test(decoys_are_nearly_what_is_to_be_remembered),
        cmocka_unit_test(chains_lead_to_the_key),
        cmocka_unit_test(only_single_needles_are_not_ranked),
        cmocka_unit_test(notes_stand_between_sentences),
        cmocka_unit_test(lines_like_ours_are_cut_out_of_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
