#include "plugins/kakeya/test_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

static int word_index(const char *names, const char *word)
{
    char list[128], *rest = list;
    snprintf(list, sizeof list, "%s", names);
    for (int i = 0; (word && rest); i++) {
        const char *name = strsep(&rest, " ");
        if (strcmp(name, word) == 0) return i;
    }
    fail_msg("no word %s in %s", word, names);
    return -1;
}

static void set(const kvant_codec *codec, kvant_value *values, const char *name, const char *text)
{
    const int i = test_param(codec, name);
    const kvant_param *p = &codec->params[i];
    values[i].i = p->type == KVANT_ENUM ? word_index(p->names, text) : atoll(text);
    values[i].r = atof(text);
    const double value = p->type == KVANT_REAL ? values[i].r : (double)values[i].i;
    if (value < p->min || value > p->max) fail_msg("%s=%s is out of range", name, text);
}

int trial_try_open(test_instance *t, const kvant_codec *codec, const kvant_shape *shape, const char *settings)
{
    kvant_value values[TEST_PARAMS] = { 0 };
    char line[256], *rest = line;
    test_defaults(codec, NULL, values);
    snprintf(line, sizeof line, "%s", settings);
    for (char *pair; (pair = strsep(&rest, " ")) != NULL;) {
        char *text = strchr(pair, '=');
        if (!text) continue;
        *text++ = 0;
        set(codec, values, pair, text);
    }
    test_host_init(&t->host);
    t->codec = codec;
    t->state = NULL;
    return codec->create(&t->host.host, shape, values, &t->state);
}

void trial_open(test_instance *t, int dim, const char *settings)
{
    const kvant_shape shape = { .size = sizeof shape, .abi = KVANT_ABI, .dim = dim, .n_layers = 1, .n_heads = 1 };
    const int rc = trial_try_open(t, test_codec("kakeya", "kakeya"), &shape, settings);
    if (rc != KVANT_OK) fail_msg("kakeya(%s), dimension %d: %s", settings, dim, t->host.message);
}

trial_result trial_round(const char *settings, const float *rows, size_t n, int dim)
{
    test_instance encoder, decoder;
    trial_result r = { .energy = test_energy(rows, n * (size_t)dim) };
    float *back = malloc(n * (size_t)dim * sizeof *back);
    assert_non_null(back);
    trial_open(&encoder, dim, settings);
    trial_open(&decoder, dim, settings);
    uint8_t *bytes = test_encode(&encoder, rows, n, &r.bytes);
    const int rc = decoder.codec->decode(decoder.state, 0, bytes, r.bytes, back, n);
    if (rc != KVANT_OK) fail_msg("kakeya(%s), dimension %d: decode: %s", settings, dim, decoder.host.message);
    r.error = test_error(rows, back, n * (size_t)dim);
    test_close(&encoder);
    test_close(&decoder);
    free(bytes), free(back);
    return r;
}

float *trial_keys(size_t n, size_t dim, uint64_t seed)
{
    enum { FACTORS = 12 };
    float *rows = malloc(n * dim * sizeof *rows);
    double *loading = malloc(FACTORS * dim * sizeof *loading);
    assert_non_null(rows);
    assert_non_null(loading);
    for (size_t i = 0; i < FACTORS * dim; i++)
        loading[i] = random_normal(seed + 2, i);
    for (size_t i = 0; i < n; i++) {
        double score[FACTORS];
        for (size_t f = 0; f < FACTORS; f++)
            score[f] = random_normal(seed + 1, i * FACTORS + f) / (double)(f + 1);
        for (size_t d = 0; d < dim; d++) {
            double x = 0.3 * random_normal(seed, i * dim + d) + 3.0 * random_normal(seed + 3, d);
            for (size_t f = 0; f < FACTORS; f++)
                x += score[f] * loading[f * dim + d];
            rows[i * dim + d] = (float)(d % 41 == 5 ? 10.0 * x : x);
        }
    }
    free(loading);
    return rows;
}
