/* lanes_lines.h - nearest lines of kernels/besicovitch.c with a group in each lane; part of lanes_body.h. */
#include "kernels/besicovitch.h"

/* Value k of N groups of g. */
INNER vf load_group(const float *x, size_t g, size_t k)
{
    float v[N];
    for (size_t r = 0; r < N; r++)
        v[r] = x[r * g + k];
    return load_f(v);
}

INNER vf border_of(const float *tree, int s, vu k)
{
    return s == 0 ? all(tree[1]) : lookup_bits(s, tree + (1 << s), k);
}

/* Borders passed, by halves, and the last one on top. */
INNER vu lines_on_circle(int bits, const besi_lines *l, vf x, vf y)
{
    const vu sign = (vu)(y < 0.0f) & 0x80000000u;
    const vf u = (vf)((vu)x ^ sign), v = (vf)((vu)y ^ sign);
    vu k = { 0 };
#pragma GCC unroll 8
    for (int s = 0; s < bits; s++)
        k = more_than(k, border_of(l->tree[0], s, k) * v, border_of(l->tree[1], s, k) * u);
    const vu last =
        more_than((vu){ 0 }, lookup_bits(bits, l->border[0], k) * v, lookup_bits(bits, l->border[1], k) * u);
    return (k + last) & ((1u << bits) - 1u);
}

INNER void store_lines(vu nearest, vf along, uint8_t *index, float *alpha)
{
    uint32_t each[N];
    store_u(each, nearest);
    for (size_t r = 0; r < N; r++)
        index[r] = (uint8_t)each[r];
    store_f(alpha, along);
}

INNER void nearest_on_circle(int bits, const besi_lines *l, const float *x, uint8_t *index, float *alpha)
{
    const vf u = load_group(x, 2, 0), v = load_group(x, 2, 1);
    const vu i = lines_on_circle(bits, l, u, v);
    vf along = { 0 };
    along += lookup_bits(bits, l->at[0], i) * u;
    along += lookup_bits(bits, l->at[1], i) * v;
    store_lines(i, along, index, alpha);
}

static void nearest_of_all(const besi_lines *l, const float *x, uint8_t *index, float *alpha)
{
    vf v[BESI_GROUP_MAX], best = all(-1.0f), nearest = { 0 }, along = { 0 };
    const size_t g = (size_t)l->group;
    for (size_t k = 0; k < g; k++)
        v[k] = load_group(x, g, k);
    for (int i = 0; i < l->n; i++) {
        vf dot = l->at[0][i] * v[0];
        for (size_t k = 1; k < g; k++)
            dot += l->at[k][i] * v[k];
        const vf size = magnitude(dot);
        nearest = where_more(size, best, all((float)i), nearest);
        along = where_more(size, best, dot, along);
        best = where_more(size, best, size, best);
    }
    store_lines((vu) __builtin_convertvector(nearest, vi), along + 0.0f, index, alpha);
}

static size_t nearest_lines(const besi_lines *l, const float *x, size_t groups, uint8_t *index, float *alpha)
{
    const size_t done = groups / N * N, g = (size_t)l->group;
    if (l->group != 2) {
        for (size_t k = 0; k < done; k += N)
            nearest_of_all(l, x + k * g, index + k, alpha + k);
        return done;
    }
    const int bits = l->bits;
#define CALL(constant)                                                                                                 \
    for (size_t k = 0; k < done; k += N)                                                                               \
    nearest_on_circle(constant, l, x + k * g, index + k, alpha + k)
    BY_BITS(CALL)
#undef CALL
    return done;
}
