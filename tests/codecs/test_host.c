#include "tests/codecs/test_host.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

/* ---- services --------------------------------------------------------------------------------------------------- */

static void *host_alloc(const kvant_host *host, size_t bytes)
{
    test_host *h = host->self;
    if (h->allowed == 0) return NULL;
    if (h->allowed > 0) h->allowed--;
    void *memory = NULL;
    if (posix_memalign(&memory, 64, bytes ? bytes : 1) != 0) return NULL;
    memset(memory, 0, bytes);
    h->live++;
    return memory;
}

static void host_release(const kvant_host *host, void *memory)
{
    test_host *h = host->self;
    if (memory) h->live--;
    free(memory);
}

__attribute__((format(printf, 3, 4))) static int host_fail(const kvant_host *host, int code, const char *format, ...)
{
    test_host *h = host->self;
    va_list args;
    va_start(args, format);
    vsnprintf(h->message, sizeof h->message, format, args);
    va_end(args);
    return code;
}

__attribute__((format(printf, 2, 3))) static void host_log(const kvant_host *host, const char *format, ...)
{
    (void)host, (void)format;
}

static uint64_t host_random(const kvant_host *host, uint64_t key, uint64_t counter)
{
    (void)host;
    return random_bits(key, counter);
}

static void host_parallel(const kvant_host *host, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    (void)host;
    for (size_t i = 0; i < n; i++)
        task(arg, i);
}

static int host_cancelled(const kvant_host *host)
{
    (void)host;
    return 0;
}

/* An inner instance shares the wrapper's host, so its messages are the wrapper's. */
static int host_open_inner(const kvant_host *host, const kvant_inner *inner, const kvant_shape *shape,
                           kvant_instance *out)
{
    out->codec = NULL;
    out->state = NULL;
    const int rc = inner->codec->create(host, shape, inner->values, &out->state);
    if (rc == KVANT_OK) out->codec = inner->codec;
    return rc;
}

static void host_close_inner(const kvant_host *host, kvant_instance *inner)
{
    (void)host;
    if (inner->codec) inner->codec->destroy(inner->state);
    inner->codec = NULL;
    inner->state = NULL;
}

void test_host_init(test_host *h)
{
    memset(h, 0, sizeof *h);
    h->allowed = -1;
    h->host = (kvant_host){
        .size = sizeof(kvant_host),
        .abi = KVANT_ABI,
        .self = h,
        .alloc = host_alloc,
        .release = host_release,
        .fail = host_fail,
        .log = host_log,
        .random = host_random,
        .parallel = host_parallel,
        .cancelled = host_cancelled,
        .open_inner = host_open_inner,
        .close_inner = host_close_inner,
    };
}

/* ---- modules and instances -------------------------------------------------------------------------------------- */

const kvant_plugin *test_plugin_at(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module) fail_msg("%s", dlerror());
    const kvant_plugin *plugin = dlsym(module, KVANT_PLUGIN_SYMBOL);
    assert_non_null(plugin);
    return plugin;
}

const kvant_plugin *test_plugin(const char *module)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.so", KVANT_TEST_PLUGINS, module);
    return test_plugin_at(path);
}

const kvant_codec *test_codec(const char *module, const char *name)
{
    const kvant_plugin *plugin = test_plugin(module);
    for (size_t i = 0; plugin->codecs[i]; i++)
        if (strcmp(plugin->codecs[i]->name, name) == 0) return plugin->codecs[i];
    fail_msg("%s.so has no codec %s", module, name);
    return NULL;
}

int test_defaults(const kvant_codec *codec, const kvant_inner *inner, kvant_value *values)
{
    int n = 0;
    for (; codec->params[n].name; n++) {
        assert_true(n < TEST_PARAMS);
        values[n].i = (int64_t)codec->params[n].def;
        values[n].r = codec->params[n].def;
        values[n].inner = codec->params[n].type == KVANT_CODEC ? inner : NULL;
    }
    return n;
}

int test_param(const kvant_codec *codec, const char *name)
{
    for (int i = 0; codec->params[i].name; i++)
        if (strcmp(codec->params[i].name, name) == 0) return i;
    fail_msg("%s has no parameter %s", codec->name, name);
    return -1;
}

static int try_open(test_instance *t, const kvant_codec *codec, int stream, int dim, const kvant_value *values)
{
    kvant_value defaults[TEST_PARAMS] = { 0 };
    const kvant_shape shape = {
        .size = sizeof shape, .abi = KVANT_ABI, .stream = stream, .dim = dim, .n_layers = 1, .n_heads = 1
    };
    test_host_init(&t->host);
    t->codec = codec;
    t->state = NULL;
    if (!values) {
        test_defaults(codec, NULL, defaults);
        values = defaults;
    }
    return codec->create(&t->host.host, &shape, values, &t->state);
}

int test_try_open(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values)
{
    return try_open(t, codec, KVANT_K, dim, values);
}

void test_open_stream(test_instance *t, const kvant_codec *codec, int stream, int dim, const kvant_value *values)
{
    const int rc = try_open(t, codec, stream, dim, values);
    if (rc != KVANT_OK) fail_msg("%s, dimension %d: %d %s", codec->name, dim, rc, t->host.message);
    assert_non_null(t->state);
}

void test_open(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values)
{
    test_open_stream(t, codec, KVANT_K, dim, values);
}

void test_close(test_instance *t)
{
    t->codec->destroy(t->state);
    assert_int_equal(t->host.live, 0);
}

uint8_t *test_encode(test_instance *t, const float *rows, size_t n, size_t *n_bytes)
{
    const size_t capacity = t->codec->bound(t->state, 0, n);
    uint8_t *bytes = malloc(capacity + 1);
    assert_non_null(bytes);
    const int64_t rc = t->codec->encode(t->state, 0, rows, n, bytes, capacity);
    if (rc < 0) fail_msg("%s: encode: %d %s", t->codec->name, (int)rc, t->host.message);
    assert_true((uint64_t)rc <= capacity);
    *n_bytes = (size_t)rc;
    return bytes;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

const char *const test_kind_name[TEST_KINDS] = { "gaussian", "spiky", "constant", "zero", "huge", "tiny" };

float *test_rows(test_kind kind, size_t n_rows, size_t dim, uint64_t seed, float huge)
{
    float *rows = malloc(n_rows * dim * sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < n_rows * dim; i++) {
        const float g = (float)random_normal(seed, i);
        const float g_per_row = (float)random_normal(seed + 1, i / dim);
        const float by_kind[TEST_KINDS] = { g,    i % dim == 3 * (i / dim) % dim ? 40.0f : 0.01f * g, g_per_row,
                                            0.0f, fmaxf(-1.0f, fminf(1.0f, 0.3f * g)) * huge,         g * 1e-30f };
        rows[i] = by_kind[kind];
    }
    return rows;
}

double test_error(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

double test_energy(const float *a, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)a[i];
    return sum;
}

void *test_data(const char *name, size_t *n_bytes)
{
    char path[256];
    snprintf(path, sizeof path, "tests/data/kv/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s: cannot be opened", path);
    enum { MOST = 1 << 20 };
    char *bytes = calloc(1, MOST);
    assert_non_null(bytes);
    *n_bytes = fread(bytes, 1, MOST - 1, file);
    fclose(file);
    return bytes;
}
