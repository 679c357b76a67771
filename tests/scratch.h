/* scratch.h - a directory of its own for one test, gone with all that is in it however the test ends.
 *
 *     static void test(void **state) { const char *dir = *state; ... }
 *     cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)
 */
#ifndef KVANT_TESTS_SCRATCH_H
#define KVANT_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int scratch_open(void **state)
{
    char *dir = strdup("/tmp/kvant-test-XXXXXX");
    *state = dir;
    if (dir && mkdtemp(dir)) return 0;
    free(dir);
    return -1;
}

static inline int scratch_close(void **state)
{
    char *dir = *state, command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    free(dir);
    return system(command);
}

#endif
