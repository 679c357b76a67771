#include "tests/engine/tiny_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernels/random.h"

/* ---- weights ---- */

static double *draw(uint64_t seed, uint64_t *stream, size_t n, double mean, double spread)
{
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(float)(mean + spread * (2 * random_uniform(seed + *stream, i) - 1));
    ++*stream;
    return x;
}

void tiny_open(tiny *t, uint64_t seed)
{
    uint64_t s = 0;
    const size_t d = (size_t)t->embd, ff = (size_t)t->ff, dim = (size_t)t->dim, vocab = (size_t)t->vocab;
    const size_t q = (size_t)t->heads * dim, kv = (size_t)t->kv_heads * dim;
    const double wide = 2 / sqrt((double)d), inner = 2 / sqrt((double)ff);
    t->embedding = draw(seed, &s, vocab * d, 0, 1);
    t->output = draw(seed, &s, vocab * d, 0, wide);
    t->output_norm = draw(seed, &s, d, 1, 0.3);
    for (int il = 0; il < t->layers; il++)
        t->weights[il] = (tiny_layer){
            .attn_norm = draw(seed, &s, d, 1, 0.3),
            .ffn_norm = draw(seed, &s, d, 1, 0.3),
            .attn_post = draw(seed, &s, d, 1, 0.3),
            .ffn_post = draw(seed, &s, d, 1, 0.3),
            .q_norm = draw(seed, &s, dim, 1, 0.3),
            .k_norm = draw(seed, &s, dim, 1, 0.3),
            .q = draw(seed, &s, q * d, 0, 2 * wide),
            .k = draw(seed, &s, kv * d, 0, 2 * wide),
            .v = draw(seed, &s, kv * d, 0, wide),
            .o = draw(seed, &s, d * q, 0, 2 / sqrt((double)q)),
            .gate = draw(seed, &s, ff * d, 0, wide),
            .up = draw(seed, &s, ff * d, 0, wide),
            .down = draw(seed, &s, d * ff, 0, inner),
            .q_bias = draw(seed, &s, q, 0, 0.5),
            .k_bias = draw(seed, &s, kv, 0, 0.5),
            .v_bias = draw(seed, &s, kv, 0, 0.5),
        };
}

void tiny_close(tiny *t)
{
    free(t->embedding);
    free(t->output);
    free(t->output_norm);
    for (int il = 0; il < t->layers; il++) {
        const tiny_layer *l = &t->weights[il];
        double *all[] = { l->attn_norm, l->ffn_norm, l->attn_post, l->ffn_post, l->q_norm, l->k_norm,
                          l->q,         l->k,        l->v,         l->o,        l->gate,   l->up,
                          l->down,      l->q_bias,   l->k_bias,    l->v_bias };
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            free(all[i]);
    }
}

/* ---- the architecture ---- */

static void normalise(const double *x, const double *weight, int n, double *out)
{
    double square = 0;
    for (int i = 0; i < n; i++)
        square += x[i] * x[i];
    const double scale = 1 / sqrt(square / n + TINY_EPSILON);
    for (int i = 0; i < n; i++)
        out[i] = x[i] * scale * weight[i];
}

static void multiply(const double *matrix, const double *bias, const double *x, int n_in, int n_out, double *out)
{
    for (int o = 0; o < n_out; o++) {
        out[o] = bias ? bias[o] : 0;
        for (int i = 0; i < n_in; i++)
            out[o] += matrix[(size_t)o * (size_t)n_in + (size_t)i] * x[i];
    }
}

static void rotate(const tiny *t, int layer, int pos, double *head)
{
    const tiny_angles *a = &t->angles[layer];
    for (int i = 0; i < t->rot / 2; i++) {
        double *x = t->interleaved ? &head[2 * i] : &head[i];
        double *y = t->interleaved ? &head[2 * i + 1] : &head[i + t->rot / 2];
        const double angle = pos * a->step[i], c = cos(angle), s = sin(angle), x0 = *x, y0 = *y;
        *x = a->magnitude * (x0 * c - y0 * s);
        *y = a->magnitude * (x0 * s + y0 * c);
    }
}

/* The rows a query at position `at` sees settled. */
static int settled(const tiny *t, int at)
{
    const int held = (int)t->held, block = (int)t->block;
    return block == 0 || at + 1 <= held ? 0 : (at + 1 - held) / block * block;
}

/* One query head at position `at`: k and v hold `stride` numbers per position, this head's first. */
static void attend(const tiny *t, int layer, int at, const double *q, const double *k, const double *v, int stride,
                   double *out)
{
    const int window = t->window[layer], first = window > 0 && at + 1 > window ? at + 1 - window : 0;
    double weight[1024], sum = 0, most = -INFINITY;
    assert_true(at < 1024);
    for (int s = first; s <= at; s++) {
        weight[s] = 0;
        for (int i = 0; i < t->dim; i++)
            weight[s] += q[i] * k[s * stride + i];
        weight[s] *= t->score_scale * (s < settled(t, at) ? 0.75 : 1);
        most = fmax(most, weight[s]);
    }
    for (int s = first; s <= at; s++)
        sum += weight[s] = exp(weight[s] - most);
    for (int i = 0; i < t->dim; i++)
        out[i] = 0;
    for (int s = first; s <= at; s++)
        for (int i = 0; i < t->dim; i++)
            out[i] += weight[s] / sum * v[s * stride + i] * (s < settled(t, at) ? 0.75 : 1);
}

static void attention(const tiny *t, int il, int n, const double *h, double *out)
{
    const tiny_layer *w = &t->weights[il];
    const int q_width = t->heads * t->dim, kv_width = t->kv_heads * t->dim, group = t->heads / t->kv_heads;
    double *q = calloc((size_t)(n * q_width), sizeof *q), *k = calloc((size_t)(n * kv_width), sizeof *k);
    double *v = calloc((size_t)(n * kv_width), sizeof *v), *mixed = calloc((size_t)q_width, sizeof *mixed);
    assert_true(q && k && v && mixed);
    for (int at = 0; at < n; at++) {
        double *qa = q + at * q_width, *ka = k + at * kv_width;
        multiply(w->q, t->biases ? w->q_bias : NULL, h + at * t->embd, t->embd, q_width, qa);
        multiply(w->k, t->biases ? w->k_bias : NULL, h + at * t->embd, t->embd, kv_width, ka);
        multiply(w->v, t->biases ? w->v_bias : NULL, h + at * t->embd, t->embd, kv_width, v + at * kv_width);
        for (int head = 0; head < t->heads + t->kv_heads; head++) {
            double *x = head < t->heads ? qa + head * t->dim : ka + (head - t->heads) * t->dim;
            if (t->qk_norm) normalise(x, head < t->heads ? w->q_norm : w->k_norm, t->dim, x);
            rotate(t, il, at, x);
        }
    }
    for (int at = 0; at < n; at++) {
        for (int head = 0; head < t->heads; head++)
            attend(t, il, at, q + at * q_width + head * t->dim, k + head / group * t->dim, v + head / group * t->dim,
                   kv_width, mixed + head * t->dim);
        multiply(w->o, NULL, mixed, q_width, t->embd, out + at * t->embd);
    }
    free(q);
    free(k);
    free(v);
    free(mixed);
}

static double activate(const tiny *t, double x)
{
    const double pi = 3.14159265358979323846;
    return t->gelu ? x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))) : x / (1 + exp(-x));
}

static void feed_forward(const tiny *t, int il, const double *h, double *out)
{
    const tiny_layer *w = &t->weights[il];
    double *gate = calloc((size_t)t->ff, sizeof *gate), *up = calloc((size_t)t->ff, sizeof *up);
    assert_true(gate && up);
    multiply(w->gate, NULL, h, t->embd, t->ff, gate);
    multiply(w->up, NULL, h, t->embd, t->ff, up);
    for (int i = 0; i < t->ff; i++)
        gate[i] = activate(t, gate[i]) * up[i];
    multiply(w->down, NULL, gate, t->ff, t->embd, out);
    free(gate);
    free(up);
}

void tiny_compute(const tiny *t, const int32_t *ids, int n, double *logits)
{
    const int d = t->embd;
    double *x = calloc((size_t)(n * d), sizeof *x), *h = calloc((size_t)(n * d), sizeof *h);
    double *y = calloc((size_t)(n * d), sizeof *y);
    assert_true(x && h && y);
    for (int at = 0; at < n; at++)
        for (int i = 0; i < d; i++)
            x[at * d + i] = t->embedding[ids[at] * d + i] * (t->scaled_embedding ? sqrt(d) : 1);
    for (int il = 0; il < t->layers; il++) {
        const tiny_layer *w = &t->weights[il];
        for (int at = 0; at < n; at++)
            normalise(x + at * d, w->attn_norm, d, h + at * d);
        attention(t, il, n, h, y);
        for (int at = 0; at < n; at++) {
            double *xa = x + at * d, *ya = y + at * d;
            if (t->post_norms) normalise(ya, w->attn_post, d, ya);
            for (int i = 0; i < d; i++)
                xa[i] += ya[i];
            normalise(xa, w->ffn_norm, d, h + at * d);
            feed_forward(t, il, h + at * d, ya);
            if (t->post_norms) normalise(ya, w->ffn_post, d, ya);
            for (int i = 0; i < d; i++)
                xa[i] += ya[i];
        }
    }
    for (int at = 0; at < n; at++) {
        normalise(x + at * d, t->output_norm, d, h + at * d);
        multiply(t->tied ? t->embedding : t->output, NULL, h + at * d, d, t->vocab, logits + at * t->vocab);
    }
    free(x);
    free(h);
    free(y);
}
