/* trellis_walk.h for N values at a time. The file that includes this defines N and the name, TRELLIS_WALK. */
#include <string.h>

#include "kernels/trellis_walk.h"

typedef float real __attribute__((vector_size(4 * N)));
typedef int32_t whole __attribute__((vector_size(4 * N)));
#if N == 8 && !defined(__clang__)
typedef uint8_t bytes __attribute__((vector_size(4 * N)));
#else
typedef uint8_t narrow __attribute__((vector_size(N)));
#endif

extern trellis_walk TRELLIS_WALK;

/* Lane i of piece j is lane (j N + i) / ways of what is spread over `ways` pieces. */
static inline whole spread_index(int ways, int j)
{
    whole index;
    for (int i = 0; i < N; i++)
        index[i] = (j * N + i) / ways;
    return index;
}

static inline real cost_at(const float *cost, const float *level, real x)
{
    real from, to;
    memcpy(&from, cost, sizeof from);
    memcpy(&to, level, sizeof to);
    const real d = x - to;
    return from + d * d;
}

/* The lowest bytes of the lanes. */
static inline void store_narrow(whole lanes, uint8_t *out)
{
#if N == 8 && !defined(__clang__) /* AVX2 narrows nothing, but shuffles bytes; clang finds that out */
    bytes index;
    for (int i = 0; i < 4 * N; i++)
        index[i] = (uint8_t)(4 * (i % N));
    const bytes few = __builtin_shuffle((bytes)lanes, index);
#else
    const narrow few = __builtin_convertvector(lanes, narrow);
#endif
    memcpy(out, &few, N);
}

/* Clang shuffles by constants alone. */
static inline real pick(real from, whole index)
{
#if defined(__clang__)
    real out;
    for (int i = 0; i < N; i++)
        out[i] = from[index[i]];
    return out;
#else
    return __builtin_shuffle(from, index);
#endif
}

/* `bits` is a constant where this is inlined. */
__attribute__((always_inline)) static inline const float *walk(const float *level, int bits, size_t overlaps,
                                                               const float *x, size_t n, float *cost, uint8_t *oldest)
{
    const int ways = 1 << bits;
    const size_t states = overlaps << bits;
    float *now = cost, *next = cost + states;
    whole spread[8];
    for (int j = 0; j < ways; j++)
        spread[j] = spread_index(ways, j);
    for (size_t i = 0; i < n; i++, oldest += overlaps) {
        const real value = x[i] - (real){ 0 };
        for (size_t o = 0; o < overlaps; o += N) {
            real least = cost_at(now + o, level + o, value);
            whole from = { 0 };
            for (int a = 1; a < ways; a++) {
                const size_t s = (size_t)a * overlaps + o;
                const real one = cost_at(now + s, level + s, value);
                const whole less = one < least;
                from = (from & ~less) | (less & a);
                least = (real)(((whole)least & ~less) | ((whole)one & less));
            }
            store_narrow(from, oldest + o);
            for (int j = 0; j < ways; j++) {
                const real piece = pick(least, spread[j]);
                memcpy(next + (o << bits) + (size_t)j * N, &piece, sizeof piece);
            }
        }
        float *before = now;
        now = next;
        next = before;
    }
    return now;
}

const float *TRELLIS_WALK(const float *level, int bits, size_t overlaps, const float *x, size_t n, float *cost,
                          uint8_t *oldest)
{
    switch (bits) {
    case 1: return walk(level, 1, overlaps, x, n, cost, oldest);
    case 2: return walk(level, 2, overlaps, x, n, cost, oldest);
    default: return walk(level, 3, overlaps, x, n, cost, oldest);
    }
}
