#include "kernels/lanes.h"

#include "kernels/cpu.h"

#if defined(__x86_64__)
extern const lanes lanes_avx2, lanes_avx512;
static const lanes *const levels[] = { NULL, &lanes_avx2, &lanes_avx512 };
#elif defined(__aarch64__)
extern const lanes lanes_neon;
static const lanes *const levels[] = { NULL, &lanes_neon };
#else
static const lanes *const levels[] = { NULL };
#endif

const lanes *lanes_at(int level)
{
    return level >= 0 && level < (int)(sizeof levels / sizeof *levels) && cpu_runs(level) ? levels[level] : NULL;
}
