#include "kernels/dense.h"

#include "kernels/cpu.h"

extern const dense dense_portable;
#if defined(__x86_64__)
extern const dense dense_avx2, dense_avx512;
static const dense *const levels[] = { &dense_portable, &dense_avx2, &dense_avx512 };
#else
static const dense *const levels[] = { &dense_portable }; /* NEON is what the compiler uses anyway */
#endif

const dense *dense_at(int level)
{
    const int last = (int)(sizeof levels / sizeof *levels) - 1;
    return levels[level < 0 ? 0 : level < last ? level : last];
}

const dense *dense_best(void)
{
    return dense_at(cpu_level());
}
