#include "kernels/trellis.h"

#include <math.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/random.h"

#define TRELLIS_KEY 0x6b76616e74200000u

/* ---- levels ----------------------------------------------------------------------------------------------------- */

/* The middle of the i-th of n equal parts of N(0, 1), for the upper half, i from n/2 on in ascending order: Newton's
 * steps on the upper tail from the quantile before. */
static void quantiles(double *q, int n)
{
    double x = 0.0;
    for (int i = n / 2; i < n; i++) {
        const double tail = ((double)(n - i) - 0.5) / (double)n;
        for (int k = 0; k < 6; k++) {
            const double density = exp(-0.5 * x * x) * 0.3989422804014327, beyond = 0.5 * erfc(x * 0.7071067811865476);
            x += (beyond - tail) / density;
        }
        q[i] = x;
        q[n - 1 - i] = -x;
    }
}

/* 0 … n-1 in random order. */
static void deal(uint16_t *order, int n, uint64_t key)
{
    for (int i = 0; i < n; i++)
        order[i] = (uint16_t)i;
    for (int i = n - 1; i > 0; i--) {
        const int j = (int)(random_bits(key, (uint64_t)i) % (uint64_t)(i + 1));
        const uint16_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

/* State = (oldest `bits` bits, middle, newest `bits` bits). For one middle the part of the density that a state's level
 * is from is a Latin square of oldest and newest; within a part, levels are dealt at random. */
static void deal_levels(trellis *t)
{
    const int states = 1 << t->memory, ways = 1 << t->bits, rest = states / ways, middles = rest / ways;
    double quantile[TRELLIS_STATES_MAX];
    uint16_t in_part[TRELLIS_STATES_MAX], part[1 << TRELLIS_BITS_MAX];
    quantiles(quantile, states);
    for (int p = 0; p < ways; p++)
        deal(in_part + p * rest, rest, TRELLIS_KEY + (uint64_t)p);
    for (int s = 0; s < states; s++) {
        const int newest = s % ways, middle = s / ways % middles, oldest = s / rest, older = s / ways;
        deal(part, ways, TRELLIS_KEY + 0x1000 + (uint64_t)middle);
        const int p = part[(newest + oldest) % ways];
        t->level[s] = (float)quantile[p * rest + in_part[p * rest + older]];
    }
}

bool trellis_init(trellis *t, int bits, int memory)
{
    if (bits < 1 || bits > TRELLIS_BITS_MAX || memory < TRELLIS_MEMORY_MIN || memory > TRELLIS_MEMORY_MAX) return false;
    t->bits = bits;
    t->memory = memory;
    t->walk = trellis_walk_at(cpu_level());
    deal_levels(t);
    return true;
}

/* ---- encoder ---------------------------------------------------------------------------------------------------- */

/* Work space: costs (kernels/trellis_walk.h); the path; the oldest symbol of the state that was best for each overlap
 * after each value. */
typedef struct space {
    float *cost;
    uint16_t *path;
    uint8_t *oldest;
} space;

static size_t overlaps_of(const trellis *t)
{
    return (size_t)1 << (t->memory - t->bits);
}

size_t trellis_room(const trellis *t, size_t n)
{
    const size_t overlaps = overlaps_of(t), states = overlaps << t->bits;
    return 2 * states * sizeof(float) + n * sizeof(uint16_t) + n * overlaps;
}

static space space_in(const trellis *t, size_t n, void *room)
{
    const size_t overlaps = overlaps_of(t), states = overlaps << t->bits;
    space w;
    w.cost = room;
    w.path = (uint16_t *)(w.cost + 2 * states);
    w.oldest = (uint8_t *)(w.path + n);
    return w;
}

/* The states of the best path that ends in this overlap. */
static void trace(const trellis *t, size_t n, size_t overlap, const space *w)
{
    const size_t overlaps = overlaps_of(t);
    for (size_t i = n; i-- > 0;) {
        const size_t state = w->oldest[i * overlaps + overlap] * overlaps + overlap;
        w->path[i] = (uint16_t)state;
        overlap = state >> t->bits;
    }
}

/* Where the circle is to be cut: the overlap between the row's last value and its first on the best open path over the
 * row turned by half. */
static size_t seam(const trellis *t, const float *x, size_t n, const space *w)
{
    const size_t overlaps = overlaps_of(t), states = overlaps << t->bits, half = n / 2;
    memset(w->cost, 0, states * sizeof(float));
    const float *cost = t->walk(t->level, t->bits, overlaps, x + half, n - half, w->cost, w->oldest);
    memmove(w->cost, cost, states * sizeof(float));
    cost = t->walk(t->level, t->bits, overlaps, x, half, w->cost, w->oldest + (n - half) * overlaps);
    size_t best = 0;
    for (size_t o = 1; o < overlaps; o++)
        best = cost[o << t->bits] < cost[best << t->bits] ? o : best;
    trace(t, n, best, w);
    return w->path[n - half - 1] & (overlaps - 1);
}

static void put(const trellis *t, size_t n, const uint16_t *path, uint8_t *code)
{
    const unsigned ways = 1u << t->bits;
    memset(code, 0, n * (size_t)t->bits / 8);
    for (size_t i = 0; i < n; i++) {
        const size_t at = (n - 1 - i) * (size_t)t->bits;
        const unsigned symbol = (path[i] & (ways - 1)) << at % 8;
        code[at / 8] |= (uint8_t)symbol;
        if (symbol >> 8) code[at / 8 + 1] |= (uint8_t)(symbol >> 8);
    }
}

void trellis_encode(const trellis *t, const float *values, size_t n, uint8_t *code, void *room)
{
    const space w = space_in(t, n, room);
    const size_t overlaps = overlaps_of(t), states = overlaps << t->bits, cut = seam(t, values, n, &w);
    for (size_t state = 0; state < states; state++)
        w.cost[state] = state >> t->bits == cut ? 0.0f : 1e30f;
    t->walk(t->level, t->bits, overlaps, values, n, w.cost, w.oldest);
    trace(t, n, cut, &w);
    put(t, n, w.path, code);
}

/* ---- decoder ---------------------------------------------------------------------------------------------------- */

void trellis_decode(const trellis *t, const uint8_t *code, size_t n, float *values)
{
    const size_t n_bytes = n * (size_t)t->bits / 8;
    const unsigned mask = (1u << t->memory) - 1;
    for (size_t i = 0; i < n; i++) {
        const size_t at = (n - 1 - i) * (size_t)t->bits, b = at / 8;
        const unsigned window =
            code[b] | (unsigned)code[(b + 1) % n_bytes] << 8 | (unsigned)code[(b + 2) % n_bytes] << 16;
        values[i] = t->level[window >> at % 8 & mask];
    }
}
