/* What a typed line means for a command that takes SQL as it stands, and that all others are split as ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/repl.h"
#include "app/words.h"

static void write_words(const words *w, char text[512])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < w->n; i++)
        used += (size_t)snprintf(text + used, 512 - used, "[%s]", w->word[i]);
}

static void sql_keeps_its_quotes(void **state)
{
    static const struct {
        const char *line, *expected;
    } cases[] = {
        { "sql SELECT 'a'", "[sql][SELECT 'a']" },
        { "  sql   SELECT 'a', \"b\"   \n", "[sql][SELECT 'a', \"b\"]" },
        { "sql SELECT 1 -- a # b \\ c", "[sql][SELECT 1 -- a # b \\ c]" },
        { "sql SELECT '~/x' || 'open", "[sql][SELECT '~/x' || 'open]" },
        { "sql SELECT 'a' --json", "[sql][SELECT 'a' --json]" },
        /* options first, with their values */
        { "sql --mode csv SELECT 'a'", "[sql][--mode][csv][SELECT 'a']" },
        { "sql --mode=csv --json SELECT 'a'", "[sql][--mode=csv][--json][SELECT 'a']" },
        { "sql -o 'my file' SELECT 'a'", "[sql][-o][my file][SELECT 'a']" },
        { "sql -omine SELECT 'a'", "[sql][-omine][SELECT 'a']" },
        { "sql --save name SELECT 'a'", "[sql][--save][name][SELECT 'a']" },
        { "sql --nonsense SELECT 'a'", "[sql][--nonsense][SELECT 'a']" },
        { "sql -- SELECT 'a'", "[sql][--][SELECT 'a']" },
        { "sql -- -- a comment's", "[sql][--][-- a comment's]" },
        { "sql --mode", "[sql][--mode]" },
        { "sql", "[sql]" },
        { "sql -", "[sql][-]" },
        { "sql -1", "[sql][-1]" },
        /* all of it in quotes: words as everywhere */
        { "sql \"SELECT 'a'\"", "[sql][SELECT 'a']" },
        { "sql \"SELECT 'a'\" --json", "[sql][SELECT 'a'][--json]" },
        { "sql --json 'SELECT 1' # remark", "[sql][--json][SELECT 1]" },
        /* a question */
        { "sql best 0.02", "[sql][best 0.02]" },
        { "sql .schema runs", "[sql][.schema runs]" },
        /* other commands */
        { "run 'k=q8_0 v=turbo3' # it's", "[run][k=q8_0 v=turbo3]" },
        { "runs --where 'kld < 1' x", "[runs][--where][kld < 1][x]" },
        { "unknown 'a b'", "[unknown][a b]" },
        { "", "" },
        { "# sql 'x", "" },
    };
    (void)state;
    const command_table commands = commands_all();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        words w;
        fault f = { 0 };
        char text[512];
        if (!repl_words(&commands, cases[i].line, &w, &f)) fail_msg("%s: %s", cases[i].line, f.text);
        write_words(&w, text);
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s\n  gives    %s\n  expected %s", cases[i].line, text, cases[i].expected);
        words_free(&w);
    }
}

static void an_open_quote_is_told_where_lines_are_split(void **state)
{
    (void)state;
    const command_table commands = commands_all();
    static const char *const open[] = { "run 'x", "sql \"SELECT 1", "sql --mode 'csv SELECT 1" };
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        words w;
        fault f = { 0 };
        assert_false(repl_words(&commands, open[i], &w, &f));
        assert_non_null(strstr(f.text, "is not closed"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_keeps_its_quotes),
        cmocka_unit_test(an_open_quote_is_told_where_lines_are_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
