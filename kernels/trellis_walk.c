#include "kernels/trellis_walk.h"

extern trellis_walk trellis_walk_portable;
#if defined(__x86_64__)
extern trellis_walk trellis_walk_avx2, trellis_walk_avx512;
static trellis_walk *const walks[] = { trellis_walk_portable, trellis_walk_avx2, trellis_walk_avx512 };
#else
static trellis_walk *const walks[] = { trellis_walk_portable }; /* four lanes are what NEON has */
#endif

trellis_walk *trellis_walk_at(int level)
{
    const int last = (int)(sizeof walks / sizeof *walks) - 1;
    return walks[level < 0 ? 0 : level < last ? level : last];
}
