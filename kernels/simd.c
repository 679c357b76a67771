#include "kernels/simd.h"

extern const simd simd_portable;
#if defined(__x86_64__)
extern const simd simd_avx2, simd_avx512;
#elif defined(__aarch64__)
extern const simd simd_neon;
#endif

/* Whether this processor (and its kernel) runs level i; levels are ordered, each includes those before. */
static const simd *runnable(int i)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (i == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &simd_avx2;
    if (i == 2 && __builtin_cpu_supports("avx512f")) return &simd_avx512;
#elif defined(__aarch64__)
    if (i == 1) return &simd_neon;
#endif
    return i == 0 ? &simd_portable : NULL;
}

const simd *simd_level(int i)
{
    return i < 0 ? NULL : runnable(i);
}

const simd *simd_best(void)
{
    const simd *best = runnable(0);
    for (int i = 1; runnable(i); i++)
        best = runnable(i);
    return best;
}
