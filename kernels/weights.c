#include "kernels/weights.h"

#include "kernels/cpu.h"

extern const weigher weights_portable;
#if defined(__x86_64__)
extern const weigher weights_avx2, weights_avx512;
static const weigher *const levels[] = { &weights_portable, &weights_avx2, &weights_avx512 };
#elif defined(__aarch64__)
extern const weigher weights_neon;
static const weigher *const levels[] = { &weights_portable, &weights_neon };
#else
static const weigher *const levels[] = { &weights_portable };
#endif

const weigher *weigher_level(int i)
{
    return i >= 0 && i < (int)(sizeof levels / sizeof *levels) && cpu_runs(i) ? levels[i] : NULL;
}

const weigher *weigher_best(void)
{
    return weigher_level(cpu_level());
}
