#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/pretokenizer.h"

static pretokenizer *named(const char *name)
{
    fault f = { 0 };
    pretokenizer *p = pretokenizer_open((gguf_string){ name, strlen(name) }, &f);
    if (!p) fail_msg("%s", f.text);
    return p;
}

/* The pieces with a bar between them. */
static void splits_into(const char *name, const char *text, const char *expected)
{
    fault f = { 0 };
    char pieces[512];
    size_t n = 0, start = 0;
    token_list ends = { 0 };
    pretokenizer *p = named(name);
    assert_true(pretokenizer_split(p, text, strlen(text), &ends, &f));
    for (size_t i = 0; i < ends.n; start = (size_t)ends.at[i++])
        n += (size_t)snprintf(pieces + n, sizeof pieces - n, "%s%.*s", i ? "|" : "", (int)(ends.at[i] - (int)start),
                              text + start);
    assert_string_equal(pieces, expected);
    free(ends.at);
    pretokenizer_close(p);
}

/* What the published patterns say, worked out by hand. */
static void text_is_cut_as_the_family_says(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *pieces;
    } cases[] = {
        { "gpt-2", "I'm in 2024's  end\n\n x", "I|'m| in| 2024|'s| | end|\n\n| x" },
        { "gpt-2", "I'M", "I|'|M" },
        { "gpt-2", "\tword\tword", "\t|word|\t|word" },
        { "gpt-2", "a  ", "a|  " },
        { "gpt-2",
          "a\xc2\xa0\xe3\x80\x80"
          "b",
          "a|\xc2\xa0|\xe3\x80\x80|b" }, /* spaces beyond ASCII */
        { "smollm", "in 2024's", "in| |2|0|2|4|'s" },
        { "smollm", "x  7", "x|  |7" },
        { "starcoder", "v10", "v|1|0" },
        { "llama-bpe", "I'M 12345 \"hi\"\n\n  x", "I|'M| |123|45| \"|hi|\"\n\n| | x" },
        { "llama-bpe", "\xc5\xbft's 'S", "\xc5\xbft|'s| '|S" },
        { "chatglm-bpe", "1234", "123|4" },
        { "qwen2", "1234 we'Ll", "1|2|3|4| we|'Ll" },
        { "qwen35", "e\xcc\x81t\xc3\xa9 1", "e\xcc\x81t\xc3\xa9| |1" },
        { "qwen2", "e\xcc\x81t\xc3\xa9 1", "e|\xcc\x81t\xc3\xa9| |1" },
        { "tekken", "camelCase ABCdef 12/\n", "camel|Case| ABCdef| |1|2|/\n" },
        { "gpt-4o", "I'm HTTPServer 1234", "I'm| HTTPServer| |123|4" },
        { "default", "a<=b 12345!", "a|<=|b| |123|45|!" },
        { "falcon", "x`12345", "x|`|123|45" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        splits_into(cases[i].name, cases[i].text, cases[i].pieces);
}

static void bytes_that_are_no_character_are_pieces_of_their_own(void **state)
{
    (void)state;
    splits_into("gpt-2", "ab\xff\xc3 cd", "ab|\xff\xc3| cd");
    splits_into("gpt-2", "\xed\xa0\x80", "\xed\xa0\x80");         /* a surrogate */
    splits_into("gpt-2", "x\xf0\x9f\x99", "x|\xf0\x9f\x99");      /* cut short */
    splits_into("gpt-2", "\xc0\xaf/", "\xc0\xaf|/");              /* overlong */
    splits_into("gpt-2", "\xf4\x90\x80\x80", "\xf4\x90\x80\x80"); /* above U+10FFFF */
}

static void unknown_name_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_null(pretokenizer_open((gguf_string){ "qwen", 4 }, &f));
    assert_non_null(strstr(f.text, "pre-tokenizer \"qwen\" is not known (known: default gpt-2 "));
    assert_non_null(strstr(f.text, " llama4)"));
}

/* Long runs of one class, where a pattern that backtracks badly would exhaust PCRE2's stack or take forever. */
static void a_million_equal_characters_are_cut(void **state)
{
    (void)state;
    static const char *const names[] = { "default", "gpt-2",  "smollm", "llama-bpe",
                                         "qwen2",   "qwen35", "tekken", "gpt-4o" };
    static const char *const runs[] = { "a",  "A",    " ",  "\n", "7", "-", "'", "a1", " \t", "\xe6\x97\xa5",
                                        "aA", "\xff", " \n" };
    const size_t n = 1 << 20;
    char *text = malloc(n + 8);
    assert_non_null(text);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        pretokenizer *p = named(names[k]);
        for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
            const size_t step = strlen(runs[r]);
            fault f = { 0 };
            token_list ends = { 0 };
            size_t length = 0;
            for (; length + step <= n; length += step)
                memcpy(text + length, runs[r], step);
            text[length++] = 'x';
            if (!pretokenizer_split(p, text, length, &ends, &f)) fail_msg("%s, run %zu: %s", names[k], r, f.text);
            assert_int_equal(ends.at[ends.n - 1], length);
            free(ends.at);
        }
        pretokenizer_close(p);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_as_the_family_says),
        cmocka_unit_test(bytes_that_are_no_character_are_pieces_of_their_own),
        cmocka_unit_test(unknown_name_is_refused_with_the_known_ones),
        cmocka_unit_test(a_million_equal_characters_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
