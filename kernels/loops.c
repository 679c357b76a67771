#include "kernels/loops.h"

#include "kernels/cpu.h"

extern const loops loops_portable;
#if defined(__x86_64__)
extern const loops loops_avx2, loops_avx512;
static const loops *const levels[] = { &loops_portable, &loops_avx2, &loops_avx512 };
#else
static const loops *const levels[] = { &loops_portable }; /* NEON is what the compiler uses anyway */
#endif

const loops *loops_at(int level)
{
    const int last = (int)(sizeof levels / sizeof *levels) - 1;
    return levels[level < 0 ? 0 : level < last ? level : last];
}

const loops *loops_best(void)
{
    return loops_at(cpu_level());
}
