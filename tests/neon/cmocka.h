/* cmocka.h - as much of cmocka as run.sh's tests use, for a machine that has no cmocka; the first failure ends them. */
#ifndef KVANT_TESTS_NEON_CMOCKA_H
#define KVANT_TESTS_NEON_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define print_message(...) printf(__VA_ARGS__)
#define fail_msg(...)      (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), puts(""), exit(1))
#define assert_true(c)     ((c) ? (void)0 : fail_msg("%s", #c))
#define assert_false(c)    assert_true(!(c))
#define assert_null(p)     assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define skip()             return

#define assert_int_equal(a, b)     assert_true((long long)(a) == (long long)(b))
#define assert_int_not_equal(a, b) assert_true((long long)(a) != (long long)(b))
#define assert_in_range(x, low, high)                                                                                  \
    assert_true((long long)(x) >= (long long)(low) && (long long)(x) <= (long long)(high))
#define assert_memory_equal(a, b, n)     assert_true(memcmp(a, b, n) == 0)
#define assert_memory_not_equal(a, b, n) assert_true(memcmp(a, b, n) != 0)

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(f)                                                                                            \
    {                                                                                                                  \
#f, f                                                                                                          \
    }

static inline int run_all(const struct CMUnitTest *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *state = NULL;
        tests[i].run(&state);
        printf("  %s\n", tests[i].name);
    }
    return 0;
}

#define cmocka_run_group_tests(tests, before, after) run_all(tests, sizeof tests / sizeof *tests)

#endif
