#include "kernels/simd.h"

#include "kernels/cpu.h"

extern const simd simd_portable;
#if defined(__x86_64__)
extern const simd simd_avx2, simd_avx512;
#elif defined(__aarch64__)
extern const simd simd_neon;
#endif

const simd *simd_level(int i)
{
#if defined(__x86_64__)
    static const simd *const levels[] = { &simd_portable, &simd_avx2, &simd_avx512 };
#elif defined(__aarch64__)
    static const simd *const levels[] = { &simd_portable, &simd_neon };
#else
    static const simd *const levels[] = { &simd_portable };
#endif
    return i >= 0 && i < (int)(sizeof levels / sizeof *levels) && cpu_runs(i) ? levels[i] : NULL;
}

const simd *simd_best(void)
{
    return simd_level(cpu_level());
}
