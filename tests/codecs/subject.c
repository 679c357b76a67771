#include "tests/codecs/subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"
#include "tests/codecs/probe.h"

/* ---- expressions ------------------------------------------------------------------------------------------------ */

static const kvant_codec *codec_named(const char *name)
{
    static const char *const families[] = { "exact", "block", "turbo" }; /* of modules with several codecs */
    if (strcmp(name, "probe") == 0) return &probe_codec;
    if (strcmp(name, "blocky") == 0) return test_plugin_at(KVANT_TEST_BAD_PLUGINS "/blocky.so")->codecs[0];
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const kvant_codec *const *codecs = test_plugin(families[i])->codecs;
        for (size_t k = 0; codecs[k]; k++)
            if (strcmp(codecs[k]->name, name) == 0) return codecs[k];
    }
    return test_codec(strcmp(name, "riemann_besi") == 0 ? "besi" : name, name);
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

static const kvant_inner *spec_and_stream(const char *expression, int *stream)
{
    const bool said = strncmp(expression, "k=", 2) == 0 || strncmp(expression, "v=", 2) == 0;
    *stream = expression[0] == 'v' && said ? KVANT_V : KVANT_K;
    if (said) expression += 2;
    const kvant_inner *spec = read_spec(&expression);
    assert_int_equal(*expression, 0);
    return spec;
}

const kvant_inner *subject_spec(const char *expression)
{
    int stream;
    return spec_and_stream(expression, &stream);
}

/* ---- an expression, opened -------------------------------------------------------------------------------------- */

int subject_try_spec(subject *s, const kvant_inner *spec, int stream, size_t dim, size_t heads)
{
    const kvant_shape shape = { .size = sizeof shape,
                                .abi = KVANT_ABI,
                                .stream = stream,
                                .dim = (int32_t)dim,
                                .n_layers = 1,
                                .n_heads = (int32_t)heads };
    s->spec = spec;
    s->stream = stream;
    s->dim = dim;
    s->heads = heads;
    s->t.codec = spec->codec;
    s->t.state = NULL;
    const int rc = spec->codec->create(&s->t.host.host, &shape, spec->values, &s->t.state);
    if (rc != KVANT_OK) return rc;
    s->geometry = (kvant_geometry){ .size = sizeof s->geometry, .abi = KVANT_ABI };
    if (spec->codec->geometry) assert_int_equal(spec->codec->geometry(s->t.state, &s->geometry), KVANT_OK);
    if (s->geometry.block == 0) s->geometry.block = 1;
    if (spec->codec->flags & KVANT_CALIBRATES) s->geometry.calibrates = 1;
    return rc;
}

int subject_try_open(subject *s, const char *expression, int dim, int heads)
{
    int stream;
    const kvant_inner *spec = spec_and_stream(expression, &stream);
    test_host_init(&s->t.host);
    return subject_try_spec(s, spec, stream, (size_t)dim, (size_t)heads);
}

void subject_open(subject *s, const char *expression, int dim, int heads)
{
    const int rc = subject_try_open(s, expression, dim, heads);
    if (rc != KVANT_OK) fail_msg("%s: %d %s", expression, rc, s->t.host.message);
}

void subject_close(subject *s)
{
    test_close(&s->t);
}

kvant_samples samples_for(const subject *s, size_t n)
{
    const size_t heads = s->geometry.pooled ? s->heads : 1, block = s->geometry.block, dim = s->dim;
    const size_t positions = 64, sequence = (n / 3 + block - 1) / block * block + heads;
    const size_t n_moment = heads * dim * dim;
    float *rows = malloc(n * dim * sizeof *rows), *moment = malloc(n_moment * sizeof *moment);
    float *met = malloc(n_moment * sizeof *met), *attention = malloc(heads * positions * sizeof *attention);
    assert_true(rows && moment && met && attention);
    for (size_t i = 0; i < n * dim; i++)
        rows[i] = (float)(random_normal(91, i) * (1.0 + (double)(i % dim % 5)) + (double)(i % dim % 3));
    for (size_t i = 0; i < n_moment; i++) {
        const size_t row = i / dim % dim, head = i / dim / dim;
        const bool diagonal = row == i % dim;
        moment[i] = (diagonal ? 1.0f + (float)((row + head) % 7) : 0.0f) + 0.25f;
        met[i] = (diagonal ? 2.0f + (float)((row + 2 * head) % 5) : 0.0f) + 0.5f;
    }
    for (size_t i = 0; i < heads * positions; i++)
        attention[i] = 8.0f / (float)(1 + i % positions) + (float)(i / positions);
    return (kvant_samples){ .size = sizeof(kvant_samples),
                            .abi = KVANT_ABI,
                            .rows = rows,
                            .n_rows = n,
                            .sequence = sequence,
                            .query_moment = moment,
                            .query_moment_met = met,
                            .attention = attention,
                            .n_attention = positions };
}

void samples_free(kvant_samples *samples)
{
    free((void *)samples->rows);
    free((void *)samples->query_moment);
    free((void *)samples->query_moment_met);
    free((void *)samples->attention);
}

int subject_try_calibrate(subject *s, size_t n)
{
    if (!s->geometry.calibrates) return KVANT_OK;
    kvant_samples samples = samples_for(s, n);
    const int rc = s->t.codec->calibrate(s->t.state, &samples);
    samples_free(&samples);
    return rc;
}

void subject_calibrate(subject *s, size_t n)
{
    const int rc = subject_try_calibrate(s, n);
    if (rc != KVANT_OK) fail_msg("%s: calibrate: %d %s", s->t.codec->name, rc, s->t.host.message);
}

uint8_t *subject_side(const subject *s, size_t *n)
{
    const int64_t size = s->t.codec->save ? s->t.codec->save(s->t.state, NULL, 0) : 0;
    assert_true(size >= 0);
    uint8_t *side = malloc((size_t)size + 1);
    assert_non_null(side);
    if (size > 0) {
        assert_int_equal(s->t.codec->save(s->t.state, side, (size_t)size), size);
        assert_int_equal(s->t.codec->save(s->t.state, side, (size_t)size - 1), KVANT_E_SPACE);
        assert_int_equal(s->t.codec->save(s->t.state, side, (size_t)size), size);
    }
    *n = (size_t)size;
    return side;
}

void subject_open_same(const subject *s, subject *other)
{
    test_host_init(&other->t.host);
    assert_int_equal(subject_try_spec(other, s->spec, s->stream, s->dim, s->heads), KVANT_OK);
}

void subject_decoder(const subject *s, subject *decoder)
{
    size_t n;
    uint8_t *side = subject_side(s, &n);
    subject_open_same(s, decoder);
    if (n > 0) {
        const int rc = decoder->t.codec->load(decoder->t.state, side, n);
        if (rc != KVANT_OK) fail_msg("%s: load: %d %s", s->t.codec->name, rc, decoder->t.host.message);
    }
    free(side);
}

uint8_t *subject_encode(subject *s, const float *rows, size_t n, size_t *n_bytes)
{
    return test_encode(&s->t, rows, n, n_bytes);
}

size_t subject_round_trip(subject *s, const float *rows, size_t n, float **back)
{
    subject decoder;
    size_t n_bytes;
    uint8_t *bytes = subject_encode(s, rows, n, &n_bytes);
    *back = malloc(n * s->dim * sizeof **back);
    assert_non_null(*back);
    subject_decoder(s, &decoder);
    const int rc = decoder.t.codec->decode(decoder.t.state, 0, bytes, n_bytes, *back, n);
    if (rc != KVANT_OK) fail_msg("%s: decode: %d %s", s->t.codec->name, rc, decoder.t.host.message);
    subject_close(&decoder);
    free(bytes);
    return n_bytes;
}
