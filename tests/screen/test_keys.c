/* The keys: what the help says of them is what they do, for both are one table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/screen/keys.h"
#include "app/words.h"

static pane *(*const create[PANE_COUNT])(fault *f) = { pane_runs_create, pane_plot_create, pane_details_create,
                                                       pane_log_create, pane_workers_create };

static int count_in_pane(const pane_key *row, int key)
{
    int n = 0;
    for (; row && row->keys[0]; row++)
        for (int i = 0; i < PANE_KEY_ALIASES && row->keys[i]; i++)
            n += row->keys[i] == key;
    return n;
}

static int count_everywhere(unsigned where, int key)
{
    int n = 0;
    for (const key_row *row = key_rows; row->name; row++)
        for (int i = 0; row->where & where && i < KEY_ALIASES && row->keys[i]; i++)
            n += row->keys[i] == key;
    return n;
}

static void a_key_means_one_thing_in_a_pane(void **state)
{
    (void)state;
    int own = 0;
    for (int id = 0; id < PANE_COUNT; id++) {
        fault f = { 0 };
        pane *p = create[id](&f);
        assert_non_null(p);
        for (const pane_key *row = p->type->keys; row && row->keys[0]; row++)
            for (int i = 0; i < PANE_KEY_ALIASES && row->keys[i]; i++, own++)
                if (count_in_pane(p->type->keys, row->keys[i]) + count_everywhere(1u << id, row->keys[i]) != 1)
                    fail_msg("%s: key %d", p->type->name, row->keys[i]);
        for (const key_row *row = key_rows; row->name; row++)
            for (int i = 0; row->where & 1u << id && i < KEY_ALIASES && row->keys[i]; i++)
                if (count_in_pane(p->type->keys, row->keys[i]) + count_everywhere(1u << id, row->keys[i]) != 1)
                    fail_msg("%s: key %d (%s)", p->type->name, row->keys[i], row->name);
        p->type->free(p);
    }
    assert_true(own > 30);
}

static void every_key_is_explained_and_does_something(void **state)
{
    (void)state;
    for (int id = 0; id < PANE_COUNT; id++) {
        fault f = { 0 };
        pane *p = create[id](&f);
        assert_non_null(p);
        const pane_key *row = p->type->keys;
        if (row) assert_non_null(row->help);
        for (; row && row->keys[0]; row++)
            assert_true(row->act != NULL);
        p->type->free(p);
    }
    for (const key_row *row = key_rows; row->name; row++) {
        assert_non_null(row->help);
        assert_true((row->command != NULL) != (row->act != NULL));
        assert_true(row->keys[0] != 0 && row->where != 0);
        /* A letter is called by itself. */
        for (int i = 0; i < KEY_ALIASES && row->keys[i]; i++) {
            const char letter[2] = { (char)row->keys[i], '\0' };
            if (row->keys[i] > ' ' && row->keys[i] < 127 && !strstr(row->name, letter))
                fail_msg("\"%s\" does not say %s", row->name, letter);
        }
    }
}

static void what_a_key_gives_is_a_command_of_the_screen(void **state)
{
    (void)state;
    for (const key_row *row = key_rows; row->name; row++) {
        if (!row->command) continue;
        fault f = { 0 };
        words w;
        assert_true(words_split(row->command, NULL, &w, &f));
        bool found = false;
        for (const command *c = commands_screen; c->name; c++) {
            if (strcmp(c->name, w.word[0]) != 0) continue;
            command_line *line = command_parse(c, w.n - 1, (const char *const *)w.word + 1, NULL, &f);
            if (!line) fail_msg("%s: %s", row->command, f.text);
            line_free(line);
            found = true;
        }
        if (!found) fail_msg("\"%s\" begins with no command", row->command);
        words_free(&w);
    }
}

static void keys_that_are_explained_together_are_named_together(void **state)
{
    (void)state;
    static const pane_key rows[] = {
        { { 'h', TUI_LEFT }, NULL, 0, 0, NULL, "one" }, { { 'j' }, NULL, 0, 0, NULL, NULL },
        { { TUI_PAGE_DOWN }, NULL, 0, 0, NULL, "two" }, { { TUI_PAGE_UP }, NULL, 0, 0, NULL, NULL },
        { { '+', '=' }, NULL, 0, 0, "zoom", "three" },  { { 0 }, NULL, 0, 0, NULL, NULL },
    };
    char names[16];
    assert_ptr_equal(pane_key_names(rows, " ", names, sizeof names), rows + 2);
    assert_string_equal(names, "h j");
    assert_ptr_equal(pane_key_names(rows + 2, "", names, sizeof names), rows + 4);
    assert_string_equal(names, "PgDnPgUp");
    assert_ptr_equal(pane_key_names(rows + 4, " ", names, sizeof names), rows + 5);
    assert_string_equal(names, "+");
    char small[3];
    pane_key_names(rows + 2, " ", small, sizeof small);
    assert_string_equal(small, "Pg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_means_one_thing_in_a_pane),
        cmocka_unit_test(every_key_is_explained_and_does_something),
        cmocka_unit_test(what_a_key_gives_is_a_command_of_the_screen),
        cmocka_unit_test(keys_that_are_explained_together_are_named_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
