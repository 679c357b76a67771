#include "kernels/turned.h"

extern const turned turned_portable;
#if defined(__x86_64__)
extern const turned turned_avx2, turned_avx512;
static const turned *const levels[] = { &turned_portable, &turned_avx2, &turned_avx512 };
#elif defined(__aarch64__)
extern const turned turned_neon;
static const turned *const levels[] = { &turned_portable, &turned_neon };
#else
static const turned *const levels[] = { &turned_portable };
#endif

const turned *turned_at(int level)
{
    const int last = (int)(sizeof levels / sizeof *levels) - 1;
    return levels[level < 0 ? 0 : level < last ? level : last];
}
