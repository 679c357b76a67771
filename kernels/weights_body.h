/* weights_body.h - the source of every level of weights.h; included once by each weights_*.c, which names the table
 * WEIGHTS_TABLE. See vec.h for the registers.
 */
#include "kernels/vec.h"
#include "kernels/weights.h"

enum { LANES = 16 };

static const float log_least = -13.8155106f; /* ln WEIGHTS_LEAST */

/* The lanes of x that are at least log_least: how many, and e with the others set to 0. */
#if VEC_LANES == 16
static inline size_t count_kept(vec x)
{
    return (size_t)__builtin_popcount(_mm512_cmp_ps_mask(x, vec_all(log_least), _CMP_GE_OQ));
}
static inline vec keep(vec e, vec x)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, vec_all(log_least), _CMP_GE_OQ), e);
}
#elif VEC_LANES == 8
static inline size_t count_kept(vec x)
{
    return (size_t)__builtin_popcount((unsigned)_mm256_movemask_ps(_mm256_cmp_ps(x, vec_all(log_least), _CMP_GE_OQ)));
}
static inline vec keep(vec e, vec x)
{
    return _mm256_and_ps(e, _mm256_cmp_ps(x, vec_all(log_least), _CMP_GE_OQ));
}
#elif VEC_LANES == 4
static inline size_t count_kept(vec x)
{
    return vaddvq_u32(vshrq_n_u32(vcgeq_f32(x, vec_all(log_least)), 31));
}
static inline vec keep(vec e, vec x)
{
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(e), vcgeq_f32(x, vec_all(log_least))));
}
#else
static inline size_t count_kept(vec x)
{
    return x >= log_least;
}
static inline vec keep(vec e, vec x)
{
    return x >= log_least ? e : 0;
}
#endif

static float largest(const float *scores, size_t n)
{
    float lane[LANES];
    for (int j = 0; j < LANES; j++)
        lane[j] = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j += VEC_LANES)
            vec_store(lane + j, vec_max(vec_load(scores + i + j), vec_load(lane + j)));
    for (; i < n; i++)
        lane[0] = scores[i] > lane[0] ? scores[i] : lane[0];
    float max = lane[0];
    for (int j = 1; j < LANES; j++)
        max = lane[j] > max ? lane[j] : max;
    return max;
}

/* 16 weights. Most registers of a long context hold nothing worth keeping: they cost no exponential. */
static inline void make_lanes(const float *scores, vec max, vec scale, float *to, float lane[LANES], size_t *kept)
{
    for (int j = 0; j < LANES; j += VEC_LANES) {
        const vec x = vec_mul(vec_add(vec_load(scores + j), max), scale);
        const size_t n = count_kept(x);
        if (n == 0) {
            vec_store(to + j, vec_all(0.0f));
            continue;
        }
        const vec e = keep(vec_exp(x), x);
        vec_store(to + j, e);
        vec_store(lane + j, vec_add(vec_load(lane + j), e));
        *kept += n;
    }
}

static float make(const float *scores, size_t n, float max, float scale, float *to, size_t *kept)
{
    float lane[LANES] = { 0 }, tail[LANES];
    const vec below = vec_all(-max), factor = vec_all(scale);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        make_lanes(scores + i, below, factor, to + i, lane, kept);
    if (i < n) {
        for (size_t j = 0; j < LANES; j++)
            tail[j] = i + j < n ? scores[i + j] : -INFINITY;
        make_lanes(tail, below, factor, tail, lane, kept);
        memcpy(to + i, tail, (n - i) * sizeof *to);
    }
    float sum = 0;
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

extern const weigher WEIGHTS_TABLE;
const weigher WEIGHTS_TABLE = { largest, make };
