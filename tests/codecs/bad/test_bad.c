/* The misbehaving modules misbehave as they say; those that crash or hang do so in a child. */

#include "tests/codecs/test_host.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DIM = 16, ROWS = 4, BYTES = DIM * ROWS * 4 };

static const kvant_plugin *bad_plugin(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.so", KVANT_TEST_BAD_PLUGINS, name);
    return test_plugin_at(path);
}

static void open_bad(test_instance *t, const char *name)
{
    test_open(t, bad_plugin(name)->codecs[0], DIM, NULL);
}

/* Loads the module and encodes in a child that has three seconds. Returns the wait status. */
static int encode_in_child(const char *name)
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        alarm(3);
        if (!freopen("/dev/null", "w", stderr)) _exit(3); /* a sanitizer's report */
        test_instance t;
        float rows[DIM * ROWS] = { 0 };
        uint8_t bytes[BYTES];
        open_bad(&t, name);
        t.codec->encode(t.state, 0, rows, ROWS, bytes, sizeof bytes);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static bool ended_badly(int status)
{
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void bad_crash_and_bad_load_kill_their_process(void **state)
{
    (void)state;
    assert_true(ended_badly(encode_in_child("bad_crash")));
    assert_true(ended_badly(encode_in_child("bad_load")));
}

static void bad_hang_uses_up_its_time(void **state)
{
    (void)state;
    const int status = encode_in_child("bad_hang");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void bad_scribble_writes_past_its_capacity(void **state)
{
    (void)state;
    test_instance t;
    float rows[DIM * ROWS] = { 0 };
    uint8_t bytes[BYTES + 32] = { 0 };
    open_bad(&t, "bad_scribble");
    assert_int_equal(t.codec->encode(t.state, 0, rows, ROWS, bytes, BYTES), BYTES);
    assert_int_equal(bytes[BYTES], 0xee);
    assert_int_equal(bytes[BYTES + 15], 0xee);
    assert_int_equal(bytes[BYTES + 16], 0);
    test_close(&t);
}

static void bad_nan_decodes_to_nan(void **state)
{
    (void)state;
    test_instance t;
    float rows[DIM * ROWS] = { 0 };
    uint8_t bytes[BYTES] = { 0 };
    open_bad(&t, "bad_nan");
    assert_int_equal(t.codec->decode(t.state, 0, bytes, BYTES, rows, ROWS), KVANT_OK);
    assert_true(isnan(rows[DIM * ROWS - 1]));
    test_close(&t);
}

static void bad_abi_states_another_major(void **state)
{
    (void)state;
    assert_int_equal(bad_plugin("bad_abi")->abi >> 16, KVANT_ABI_MAJOR + 1);
}

static void bad_lie_does_not_add_up(void **state)
{
    (void)state;
    test_instance t;
    uint8_t bytes[BYTES] = { 0 };
    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    open_bad(&t, "bad_lie");
    assert_int_equal(t.codec->split(t.state, 0, bytes, BYTES, ROWS, &split), KVANT_OK);
    assert_true(split.payload + split.metadata + split.exact < BYTES);
    test_close(&t);
}

static void bad_create_fails_with_a_message(void **state)
{
    (void)state;
    test_instance t;
    assert_int_equal(test_try_open(&t, bad_plugin("bad_create")->codecs[0], DIM, NULL), KVANT_E_PARAM);
    assert_non_null(strstr(t.host.message, "refuses head dimension 16"));
}

static void blocky_takes_whole_blocks_only(void **state)
{
    (void)state;
    const kvant_codec *codec = bad_plugin("blocky")->codecs[0];
    kvant_value values[TEST_PARAMS] = { { .i = 4 }, { .i = 9 } };
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    test_instance t;
    float rows[DIM * ROWS], back[DIM * ROWS];
    uint8_t bytes[BYTES];
    for (int i = 0; i < DIM * ROWS; i++)
        rows[i] = (float)i + 0.25f;
    test_open(&t, codec, DIM, values);
    assert_int_equal(codec->geometry(t.state, &g), KVANT_OK);
    assert_int_equal(g.block, 4);
    assert_int_equal(g.window, 9);
    assert_int_equal(codec->encode(t.state, 8, rows, 4, bytes, sizeof bytes), BYTES / 2);
    assert_int_equal(codec->decode(t.state, 8, bytes, BYTES / 2, back, 4), KVANT_OK);
    assert_memory_equal(rows, back, sizeof rows);
    assert_int_equal(codec->encode(t.state, 8, rows, 3, bytes, sizeof bytes), KVANT_E_STATE);
    assert_int_equal(codec->encode(t.state, 2, rows, 4, bytes, sizeof bytes), KVANT_E_STATE);
    test_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_crash_and_bad_load_kill_their_process),
        cmocka_unit_test(bad_hang_uses_up_its_time),
        cmocka_unit_test(bad_scribble_writes_past_its_capacity),
        cmocka_unit_test(bad_nan_decodes_to_nan),
        cmocka_unit_test(bad_abi_states_another_major),
        cmocka_unit_test(bad_lie_does_not_add_up),
        cmocka_unit_test(bad_create_fails_with_a_message),
        cmocka_unit_test(blocky_takes_whole_blocks_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
