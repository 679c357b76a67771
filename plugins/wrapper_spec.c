/* Expressions, opened for tests of wrappers. */

#include "plugins/wrapper_promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

/* ---- expressions ------------------------------------------------------------------------------------------------ */

static const kvant_codec *codec_named(const char *name)
{
    static const struct {
        const char *begin, *module;
    } families[] = {
        { "identity", "exact" }, { "f16", "exact" }, { "q8_0", "block" }, { "q4_0", "block" }, { "turbo", "turbo" }
    };
    char path[512];
    if (strcmp(name, "probe") == 0) return &probe_codec;
    if (strcmp(name, "blocky") == 0) {
        snprintf(path, sizeof path, "%s/blocky.so", KVANT_TEST_BAD_PLUGINS);
        return test_plugin_at(path)->codecs[0];
    }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(name, families[i].begin, strlen(families[i].begin)) == 0)
            return test_codec(families[i].module, name);
    return test_codec(name, name);
}

static size_t word_at(const char **text, char *word, size_t room)
{
    const size_t n = strcspn(*text, "(),= ");
    assert_true(n > 0 && n < room);
    memcpy(word, *text, n);
    word[n] = 0;
    *text += n;
    return n;
}

static void set_value(const kvant_codec *codec, kvant_value *values, const char *name, const char *text)
{
    const int i = test_param(codec, name);
    const kvant_param *p = &codec->params[i];
    char *end;
    values[i].r = strtod(text, &end);
    values[i].i = (int64_t)values[i].r;
    if (p->type != KVANT_ENUM) {
        assert_int_equal(*end, 0);
        return;
    }
    const size_t n = strlen(text);
    const char *word = p->names;
    for (values[i].i = 0; strncmp(word, text, n) != 0 || (word[n] && word[n] != ' '); values[i].i++) {
        word = strchr(word, ' ');
        if (!word) fail_msg("%s: %s is not %s", codec->name, name, text);
        word++;
    }
}

static const kvant_inner *read_spec(const char **text)
{
    static kvant_inner pool[512];
    static size_t used;
    char name[64], value[64];
    assert_true(used < sizeof pool / sizeof *pool);
    kvant_inner *spec = &pool[used++];
    memset(spec, 0, sizeof *spec);
    word_at(text, name, sizeof name);
    spec->codec = codec_named(name);
    test_defaults(spec->codec, NULL, spec->values);
    if (**text != '(') return spec;
    while (**text != ')') {
        ++*text; /* '(' or ',' */
        const char *begin = *text;
        word_at(text, name, sizeof name);
        if (**text == '=') {
            ++*text;
            word_at(text, value, sizeof value);
            set_value(spec->codec, spec->values, name, value);
        } else {
            *text = begin;
            spec->values[0].inner = read_spec(text);
        }
    }
    ++*text;
    return spec;
}

const kvant_inner *wrapped_spec(const char *expression)
{
    const kvant_inner *spec = read_spec(&expression);
    assert_int_equal(*expression, 0);
    return spec;
}

/* ---- an expression, opened -------------------------------------------------------------------------------------- */

int wrapped_try_spec(wrapped *w, const kvant_inner *spec, size_t dim, size_t heads)
{
    const kvant_shape shape = { .size = sizeof shape,
                                .abi = KVANT_ABI,
                                .stream = KVANT_K,
                                .dim = (int32_t)dim,
                                .n_layers = 1,
                                .n_heads = (int32_t)heads };
    w->spec = spec;
    w->dim = dim;
    w->heads = heads;
    w->t.codec = spec->codec;
    w->t.state = NULL;
    const int rc = spec->codec->create(&w->t.host.host, &shape, spec->values, &w->t.state);
    if (rc != KVANT_OK) return rc;
    w->geometry = (kvant_geometry){ .size = sizeof w->geometry, .abi = KVANT_ABI };
    assert_int_equal(w->t.codec->geometry(w->t.state, &w->geometry), KVANT_OK);
    return rc;
}

int wrapped_try_open(wrapped *w, const char *expression, int dim, int heads)
{
    test_host_init(&w->t.host);
    return wrapped_try_spec(w, wrapped_spec(expression), (size_t)dim, (size_t)heads);
}

void wrapped_open(wrapped *w, const char *expression, int dim, int heads)
{
    const int rc = wrapped_try_open(w, expression, dim, heads);
    if (rc != KVANT_OK) fail_msg("%s: %d %s", expression, rc, w->t.host.message);
}

void wrapped_close(wrapped *w)
{
    test_close(&w->t);
}

kvant_samples samples_for(const wrapped *w, size_t n)
{
    const size_t heads = w->geometry.pooled ? w->heads : 1, block = w->geometry.block, dim = w->dim;
    const size_t positions = 64, sequence = (n / 3 + block - 1) / block * block + heads;
    float *rows = malloc(n * dim * sizeof *rows), *moment = calloc(heads * dim * dim, sizeof *moment);
    float *attention = malloc(heads * positions * sizeof *attention);
    assert_true(rows && moment && attention);
    for (size_t i = 0; i < n * dim; i++)
        rows[i] = (float)(random_normal(91, i) * (1.0 + (double)(i % dim % 5)) + (double)(i % dim % 3));
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < dim; i++)
            for (size_t j = 0; j < dim; j++)
                moment[(h * dim + i) * dim + j] = (i == j ? 1.0f + (float)((i + h) % 7) : 0.0f) + 0.25f;
    for (size_t i = 0; i < heads * positions; i++)
        attention[i] = 8.0f / (float)(1 + i % positions) + (float)(i / positions);
    return (kvant_samples){ .size = sizeof(kvant_samples),
                            .abi = KVANT_ABI,
                            .rows = rows,
                            .n_rows = n,
                            .sequence = sequence,
                            .query_moment = moment,
                            .attention = attention,
                            .n_attention = positions };
}

void samples_free(kvant_samples *s)
{
    free((void *)s->rows);
    free((void *)s->query_moment);
    free((void *)s->attention);
}

int wrapped_try_calibrate(wrapped *w, size_t n)
{
    if (!w->geometry.calibrates) return KVANT_OK;
    kvant_samples s = samples_for(w, n);
    const int rc = w->t.codec->calibrate(w->t.state, &s);
    samples_free(&s);
    return rc;
}

void wrapped_calibrate(wrapped *w, size_t n)
{
    const int rc = wrapped_try_calibrate(w, n);
    if (rc != KVANT_OK) fail_msg("%s: calibrate: %d %s", w->t.codec->name, rc, w->t.host.message);
}

uint8_t *wrapped_side(const wrapped *w, size_t *n)
{
    const int64_t size = w->t.codec->save ? w->t.codec->save(w->t.state, NULL, 0) : 0;
    assert_true(size >= 0);
    uint8_t *side = malloc((size_t)size + 1);
    assert_non_null(side);
    if (size > 0) {
        assert_int_equal(w->t.codec->save(w->t.state, side, (size_t)size), size);
        assert_int_equal(w->t.codec->save(w->t.state, side, (size_t)size - 1), KVANT_E_SPACE);
        assert_int_equal(w->t.codec->save(w->t.state, side, (size_t)size), size);
    }
    *n = (size_t)size;
    return side;
}

void wrapped_open_same(const wrapped *w, wrapped *other)
{
    test_host_init(&other->t.host);
    assert_int_equal(wrapped_try_spec(other, w->spec, w->dim, w->heads), KVANT_OK);
}

void wrapped_decoder(const wrapped *w, wrapped *decoder)
{
    size_t n;
    uint8_t *side = wrapped_side(w, &n);
    wrapped_open_same(w, decoder);
    if (n > 0) {
        const int rc = decoder->t.codec->load(decoder->t.state, side, n);
        if (rc != KVANT_OK) fail_msg("%s: load: %d %s", w->t.codec->name, rc, decoder->t.host.message);
    }
    free(side);
}

uint8_t *wrapped_encode(wrapped *w, const float *rows, size_t n, size_t *n_bytes)
{
    return test_encode(&w->t, rows, n, n_bytes);
}

size_t wrapped_round_trip(wrapped *w, const float *rows, size_t n, float **back)
{
    wrapped decoder;
    size_t n_bytes;
    uint8_t *bytes = wrapped_encode(w, rows, n, &n_bytes);
    *back = malloc(n * w->dim * sizeof **back);
    assert_non_null(*back);
    wrapped_decoder(w, &decoder);
    const int rc = decoder.t.codec->decode(decoder.t.state, 0, bytes, n_bytes, *back, n);
    if (rc != KVANT_OK) fail_msg("%s: decode: %d %s", w->t.codec->name, rc, decoder.t.host.message);
    wrapped_close(&decoder);
    free(bytes);
    return n_bytes;
}
