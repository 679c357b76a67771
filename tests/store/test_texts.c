/* Texts and their numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/texts.h"

static void each_text_has_one_number_and_stays_where_it_is(void **state)
{
    (void)state;
    enum { N = 5000 };
    static const char *where[N];
    fault f = { 0 };
    texts *t = texts_create(&f);
    assert_non_null(t);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < N; i++) {
            char text[16];
            snprintf(text, sizeof text, "%d", i);
            assert_int_equal(texts_keep(t, text), i);
            if (round == 0) where[i] = texts_at(t, i);
            assert_ptr_equal(texts_at(t, i), where[i]);
            assert_string_equal(where[i], text);
        }
    assert_int_equal(texts_n(t), N);
    assert_int_equal(texts_keep(t, ""), N);
    assert_string_equal(texts_at(t, N), "");
    texts_free(t);
}

/* Words with equal 32-bit FNV-1a hashes: http://www.isthe.com/chongo/tech/comp/fnv/ has their kind. */
static void texts_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "costarring", "liquid" },
                                            { "declinate", "macallums" },
                                            { "altarage", "zinke" } };
    fault f = { 0 };
    texts *t = texts_create(&f);
    assert_non_null(t);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            assert_int_equal(texts_keep(t, pairs[i][k]), 2 * i + k);
    texts_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_has_one_number_and_stays_where_it_is),
        cmocka_unit_test(texts_of_one_hash_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
