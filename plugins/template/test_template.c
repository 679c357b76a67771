#include "tests/codecs/test_host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void round_trip(const kvant_codec *codec)
{
    test_instance t;
    size_t n_bytes;
    float row[4] = { 127.0f, -63.4f, 0.0f, 1.0f }, back[4];
    test_open(&t, codec, 4, NULL);
    uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
    assert_int_equal(n_bytes, 8);
    assert_int_equal((int8_t)bytes[5], -63);
    assert_int_equal(codec->decode(t.state, 0, bytes, n_bytes, back, 1), KVANT_OK);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(row[i] - back[i]) <= 0.5f);
    bytes[5] = 0x80;
    assert_int_equal(codec->decode(t.state, 0, bytes, n_bytes, back, 1), KVANT_E_CORRUPT);
    bytes[5] = 0;
    bytes[3] |= 0x80;
    assert_int_equal(codec->decode(t.state, 0, bytes, n_bytes, back, 1), KVANT_E_CORRUPT);
    assert_non_null(strstr(t.host.message, "row 0: the largest magnitude is -127"));
    test_close(&t);
    free(bytes);
}

static void the_built_module_works(void **state)
{
    (void)state;
    round_trip(test_codec("template", "template"));
}

/* As a reader would: one file, the public header, a C compiler. */
static void the_source_compiles_alone(void **state)
{
    (void)state;
    char directory[] = "/tmp/kvant-template-XXXXXX", module[64], command[512];
    if (system("command -v cc >/dev/null 2>&1") != 0) {
        print_message("no cc on this machine\n");
        skip();
    }
    assert_non_null(mkdtemp(directory));
    snprintf(module, sizeof module, "%s/template.so", directory);
    snprintf(command, sizeof command,
             "cc -std=c17 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -I include plugins/template/template.c -o %s",
             module);
    assert_int_equal(system(command), 0);
    round_trip(test_plugin_at(module)->codecs[0]);
    unlink(module);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_module_works),
        cmocka_unit_test(the_source_compiles_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
