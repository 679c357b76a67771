/* Memory for rows: zeroed, aligned, all of it there, whatever its size and the size of a page. */
#include "base/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define KB ((size_t)1 << 10)
#define MB ((size_t)1 << 20)

static void pages_are_zero_aligned_and_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0,          1,          63,     64,    4 * KB, 128 * KB - 1, 128 * KB, 128 * KB + 1,
                                    4 * MB - 1, 4 * MB + 1, 5 * MB, 8 * MB };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = PAGES_PLAIN; kind <= PAGES_LARGE; kind++) {
            uint8_t *p = pages_create(sizes[i], (pages_kind)kind);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % PAGES_ALIGNMENT, 0);
            const size_t step = sizes[i] > MB ? 1000 : 1;
            for (size_t at = 0; at < sizes[i]; at += step) {
                assert_int_equal(p[at], 0);
                p[at] = 1;
            }
            if (sizes[i] > 0) p[sizes[i] - 1] = 1;
            pages_destroy(p, sizes[i]);
        }
    pages_destroy(NULL, 10);
    pages_destroy(NULL, 10 * MB);
}

static void large_pages_can_be_used_whole(void **state)
{
    (void)state;
    void *p = pages_create(6 * MB, PAGES_LARGE);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % (2 * MB), 0);
    pages_destroy(p, 6 * MB);
}

static void more_than_there_is_is_refused(void **state)
{
    (void)state;
    assert_null(pages_create(SIZE_MAX, PAGES_LARGE));
    assert_null(pages_create(SIZE_MAX / 2 - 3 * MB, PAGES_LARGE));
    assert_null(pages_create((size_t)1 << 60, PAGES_PLAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_zero_aligned_and_whole),
        cmocka_unit_test(large_pages_can_be_used_whole),
        cmocka_unit_test(more_than_there_is_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
