/* turned_body.h - the source of every level of turned.h; included once by each turned_*.c, which names the table
 * TURNED_TABLE.
 */
#include "kernels/turned.h"
#include "kernels/vec.h"

#define INNER static inline __attribute__((always_inline))

/* c - a b, fused. */
#if VEC_LANES == 16
#define LESS(a, b, c) _mm512_fnmadd_ps(a, b, c)
#elif VEC_LANES == 8
#define LESS(a, b, c) _mm256_fnmadd_ps(a, b, c)
#elif VEC_LANES == 4
#define LESS(a, b, c) vfmsq_f32(c, a, b)
#else
#define LESS(a, b, c) fmaf(-(a), b, c)
#endif

/* A tile is a register wide; the portable one holds so many, one after the other. As many queries at a time as leave
 * their sums in registers. */
enum { COLUMNS = VEC_LANES > 1 ? VEC_LANES : TURNED_MOST, QUERIES = VEC_LANES == 16 ? 8 : 4 };

typedef struct pairs {
    size_t n, step, apart; /* pair i: values i*step and i*step + apart */
    const float *first;    /* (cos, sin) of each at the position that angles begin at */
    const float *steps;    /* of each and of the tile's first column on, cosines and, ROPE_TILE further, sines */
} pairs;

/* Pair i of the keys in a register, turned. */
INNER void turn(const pairs *p, size_t i, size_t lane, vec *x, vec *y)
{
    const float *steps = p->steps + i * 2 * ROPE_TILE + lane;
    const vec c = vec_all(p->first[2 * i]), s = vec_all(p->first[2 * i + 1]), a = *x, b = *y;
    const vec step_c = vec_load(steps), step_s = vec_load(steps + ROPE_TILE);
    const vec cosine = LESS(s, step_s, vec_mul(c, step_c)), sine = vec_fma(s, step_c, vec_mul(c, step_s));
    *x = LESS(b, sine, vec_mul(a, cosine));
    *y = vec_fma(a, sine, vec_mul(b, cosine));
}

/* n_q queries (a constant after inlining) with a register of keys from `tile` on. */
INNER void multiply(int n_q, bool turns, const pairs *p, size_t lane, const float *tile, size_t dim, const float *q,
                    float *out)
{
    vec first[QUERIES], second[QUERIES];
    for (int j = 0; j < n_q; j++)
        first[j] = second[j] = vec_all(0.0f);
    for (size_t i = 0; i < p->n; i++) {
        const size_t at = i * p->step, other = at + p->apart;
        vec x = vec_load(tile + at * COLUMNS), y = vec_load(tile + other * COLUMNS);
        if (turns) turn(p, i, lane, &x, &y);
        for (int j = 0; j < n_q; j++) {
            first[j] = vec_fma(vec_all(q[(size_t)j * dim + at]), x, first[j]);
            second[j] = vec_fma(vec_all(q[(size_t)j * dim + other]), y, second[j]);
        }
    }
    for (size_t d = 2 * p->n; d < dim; d++)
        for (int j = 0; j < n_q; j++)
            first[j] = vec_fma(vec_all(q[(size_t)j * dim + d]), vec_load(tile + d * COLUMNS), first[j]);
    for (int j = 0; j < n_q; j++)
        vec_store(out + j * COLUMNS, vec_add(first[j], second[j]));
}

/* Turned once, for more queries than go at a time. */
static void turn_all(const pairs *p, size_t lane, float *tile)
{
    for (size_t i = 0; i < p->n; i++) {
        float *at = tile + i * p->step * COLUMNS, *other = at + p->apart * COLUMNS;
        vec x = vec_load(at), y = vec_load(other);
        turn(p, i, lane, &x, &y);
        vec_store(at, x);
        vec_store(other, y);
    }
}

#define MULTIPLY(n_q, turns)                                                                                           \
    static void multiply_##n_q##_##turns(const pairs *p, size_t lane, const float *tile, size_t dim, const float *q,   \
                                         float *out)                                                                   \
    {                                                                                                                  \
        multiply(n_q, turns, p, lane, tile, dim, q, out);                                                              \
    }
#define NAME(n_q, turns) [n_q - 1] = multiply_##n_q##_##turns,
#if VEC_LANES == 16
#define EACH(of, turns) of(1, turns) of(2, turns) of(3, turns) of(4, turns) of(8, turns)
#else
#define EACH(of, turns) of(1, turns) of(2, turns) of(3, turns) of(4, turns)
#endif
EACH(MULTIPLY, 0)
EACH(MULTIPLY, 1)

typedef void multiplies(const pairs *p, size_t lane, const float *tile, size_t dim, const float *q, float *out);
static multiplies *const turned_already[QUERIES] = { EACH(NAME, 0) };
static multiplies *const turns_them[QUERIES] = { EACH(NAME, 1) };

static void scores(const rope_table *rope, size_t first, float *tile, size_t dim, const float *q, size_t n_q,
                   size_t from, size_t n, float *to, size_t ld)
{
    float out[QUERIES * COLUMNS];
    const size_t half = (size_t)rope->n_rot / 2, begin = first / ROPE_TILE * ROPE_TILE;
    const pairs p = { .n = half,
                      .step = rope->interleaved ? 2 : 1,
                      .apart = rope->interleaved ? 1 : half,
                      .first = rope->cos_sin + begin * 2 * half,
                      .steps = rope->steps + (first - begin) };
    const bool turns = n_q <= 4;
    for (size_t lane = 0; !turns && lane < COLUMNS; lane += VEC_LANES)
        turn_all(&p, lane, tile + lane);
    for (size_t j = 0, some; j < n_q; j += some) {
        some = n_q - j >= QUERIES ? QUERIES : n_q - j < 4 ? n_q - j : 4;
        for (size_t lane = 0; lane < COLUMNS; lane += VEC_LANES)
            (turns ? turns_them : turned_already)[some - 1](&p, lane, tile + lane, dim, q + j * dim, out + lane);
        for (size_t i = 0; i < some; i++)
            memcpy(to + (j + i) * ld, out + i * COLUMNS + from, n * sizeof *to);
    }
}

extern const turned TURNED_TABLE;
const turned TURNED_TABLE = { .columns = COLUMNS, .scores = scores };
