/* From the database to a table. */
#include "tests/store/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/table_query.h"

static void an_answer_becomes_a_table(void **state)
{
    place *p = *state;
    fault f = { 0 };
    store *s = store_open(p->db, STORE_WRITE, &f);
    assert_non_null(s);
    store_run run = sample_run("turbo4");
    add(s, &run);
    table *t = table_query(s, "SELECT id, config, kld, x'00ff' AS b, NULL AS n FROM v_runs", &f);
    if (!t) fail_msg("%s", f.text);
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_true(table_write(t, out, &(table_style){ .mode = TABLE_CSV }, &f));
    fclose(out);
    assert_string_equal(text, "id,config,kld,b,n\r\n1,turbo4,0.0125,x'00ff',\r\n");
    free(text);
    table_free(t);
    assert_null(table_query(s, "SELECT missing", &f));
    assert_non_null(strstr(f.text, "no such column: missing"));
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_becomes_a_table, place_open, place_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
