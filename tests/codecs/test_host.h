/* test_host.h - a host for codec tests: modules, instances, messages and rows to try.
 *
 * Memory comes from malloc and is counted, so that a test sees what a codec leaves behind; messages are kept; random is
 * kernels/random.h. Modules stay loaded until the process ends.
 *
 *     const kvant_codec *codec = test_codec("turbo", "turbo4");
 *     test_instance t;
 *     test_open(&t, codec, 128, NULL);             default parameters
 *     t.codec->encode(t.state, 0, rows, n, bytes, sizeof bytes);
 *     test_close(&t);                              fails when memory is left
 */
#ifndef KVANT_TESTS_CODECS_TEST_HOST_H
#define KVANT_TESTS_CODECS_TEST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kvant/codec.h"

enum { TEST_PARAMS = 32 };

/* What value.inner points to here. */
struct kvant_inner {
    const kvant_codec *codec;
    kvant_value values[TEST_PARAMS];
};

typedef struct test_host {
    kvant_host host;
    char message[512]; /* of the last fail */
    long live;         /* allocations not released */
    long allowed;      /* allocations still granted; negative: no limit */
} test_host;

typedef struct test_instance {
    test_host host;
    const kvant_codec *codec;
    void *state;
} test_instance;

void test_host_init(test_host *h);

/* The plugin entry of build/plugins/MODULE.so; the test fails when it cannot be loaded. */
const kvant_plugin *test_plugin(const char *module);
const kvant_plugin *test_plugin_at(const char *path);

/* The codec of that name in the module. */
const kvant_codec *test_codec(const char *module, const char *name);

/* Fills in defaults; inner goes to the first parameter when that is a codec. Returns the number of parameters. */
int test_defaults(const kvant_codec *codec, const kvant_inner *inner, kvant_value *values);

/* The index of a parameter; the test fails when there is none of that name. */
int test_param(const kvant_codec *codec, const char *name);

/* create for a K stream of `dim`; values NULL: defaults. test_open asserts success. */
int test_try_open(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values);
void test_open(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values);

/* test_open for a K or a V stream. */
void test_open_stream(test_instance *t, const kvant_codec *codec, int stream, int dim, const kvant_value *values);
void test_close(test_instance *t);

/* Encodes n rows from position 0 into a buffer of its own size (free it), with the size in *n_bytes. */
uint8_t *test_encode(test_instance *t, const float *rows, size_t n, size_t *n_bytes);

/* Kinds of rows every property is tried on. */
typedef enum test_kind {
    TEST_GAUSSIAN,
    TEST_SPIKY,
    TEST_CONSTANT,
    TEST_ZERO,
    TEST_HUGE,
    TEST_TINY,
    TEST_KINDS
} test_kind;
extern const char *const test_kind_name[TEST_KINDS];

/* n_rows x dim values of a kind; `huge` is the largest magnitude of TEST_HUGE. Free it. */
float *test_rows(test_kind kind, size_t n_rows, size_t dim, uint64_t seed, float huge);

/* |a - b|² and |a|² over n values, in f64. */
double test_error(const float *a, const float *b, size_t n);
double test_energy(const float *a, size_t n);

/* A file of tests/data/kv; free it. The test fails when it is missing. */
void *test_data(const char *name, size_t *n_bytes);

#endif
