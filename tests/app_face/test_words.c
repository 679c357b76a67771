/* A typed line becomes the words a shell would make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/words.h"
#include "app/wrap.h"

static void lines_split_as_in_a_shell(void **state)
{
    static const struct {
        const char *line, *expected;
    } cases[] = {
        { "", "" },
        { "   \t ", "" },
        { "run turbo4", "[run][turbo4]" },
        { "  run\tturbo4  \n", "[run][turbo4]" },
        { "run 'k=q8_0 v=turbo3'", "[run][k=q8_0 v=turbo3]" },
        { "run \"a b\"c'd e'", "[run][a bcd e]" },
        { "''", "[]" },
        { "a '' b", "[a][][b]" },
        { "a\\ b", "[a b]" },
        { "\"a \\\" b \\\\ \\n\"", "[a \" b \\ \\n]" },
        { "'a \\ b'", "[a \\ b]" },
        { "\\'", "[']" },
        { "a\\", "[a\\]" },
        { "a # b", "[a]" },
        { "a#b", "[a#b]" },
        { "'#' b", "[#][b]" },
        { "# all of it", "" },
        { "~/x ~ a~ '~/y' ~z", "[/home/me/x][/home/me][a~][~/y][~z]" },
        { "turbo(bits=3,x) @0-1,-2..-1:k=q8_0", "[turbo(bits=3,x)][@0-1,-2..-1:k=q8_0]" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        words w;
        fault f = { 0 };
        char text[256] = "";
        assert_true(words_split(cases[i].line, "/home/me", &w, &f));
        for (int j = 0; j < w.n; j++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "[%s]", w.word[j]);
        assert_string_equal(text, cases[i].expected);
        assert_null(w.word[w.n]);
        words_free(&w);
    }
}

static void open_quotes_are_refused_with_their_column(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        { "run 'a b", "the quote ' opened in column 5 is not closed" },
        { "\"", "the quote \" opened in column 1 is not closed" },
        { "a 'b' \"c\\\"", "the quote \" opened in column 7" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        words w;
        fault f = { 0 };
        assert_false(words_split(cases[i].line, NULL, &w, &f));
        assert_int_equal(f.code, FAULT_USAGE);
        if (!strstr(f.text, cases[i].part)) fail_msg("%s", f.text);
    }
}

/* Whatever the width, the words stay and no line is longer, unless a single word is. */
static void wrapping_keeps_words_and_width(void **state)
{
    static const char text[] = "one two three four five six seven eight nine ten\n\neleven twelve thirteen";
    (void)state;
    for (int width = 14; width < 80; width++) {
        char page[512] = "";
        FILE *to = fmemopen(page, sizeof page, "w");
        wrap_text(to, text, 4, 4, width);
        fclose(to);
        int words_seen = 0, paragraphs = 1;
        for (char *line = page; *line; line += strcspn(line, "\n") + 1) {
            int n = (int)strcspn(line, "\n"), first = line == page ? 4 : 0;
            assert_in_range(n + first, 0, width);
            if (n == 0) paragraphs++;
            for (int i = 0; i < n; i++)
                words_seen += line[i] != ' ' && (i == 0 || line[i - 1] == ' ');
        }
        assert_int_equal(words_seen, 13);
        assert_int_equal(paragraphs, 2);
    }
}

static void a_quoted_word_reads_back(void **state)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = { { "turbo4", "turbo4" },
                  { "k=q8_0", "k=q8_0" },
                  { "", "''" },
                  { "two words", "'two words'" },
                  { "it's", "'it'\\''s'" },
                  { "#5", "'#5'" },
                  { "~/x", "'~/x'" },
                  { "a\\b\"c", "'a\\b\"c'" },
                  { "polar(bits=3)", "'polar(bits=3)'" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64], cut[4] = "???";
        words w;
        size_t n = words_quote(cases[i].word, text, sizeof text);
        assert_string_equal(text, cases[i].quoted);
        assert_int_equal(n, strlen(text));
        assert_true(words_split(text, "/home", &w, NULL));
        assert_int_equal(w.n, 1);
        assert_string_equal(w.word[0], cases[i].word);
        words_free(&w);
        assert_int_equal(words_quote(cases[i].word, cut, sizeof cut), n);
        assert_int_equal(strlen(cut), n < 3 ? n : 3);
        assert_int_equal(words_quote(cases[i].word, NULL, 0), n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quoted_word_reads_back),
        cmocka_unit_test(lines_split_as_in_a_shell),
        cmocka_unit_test(open_quotes_are_refused_with_their_column),
        cmocka_unit_test(wrapping_keeps_words_and_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
