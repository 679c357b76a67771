#include "kernels/cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static const char *const names[] = { "portable", "avx2", "avx512" };
#elif defined(__aarch64__)
static const char *const names[] = { "portable", "neon" };
#else
static const char *const names[] = { "portable" };
#endif
enum { LEVELS = sizeof names / sizeof *names };

bool cpu_runs(int i)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (i == 1)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (i == 2) return __builtin_cpu_supports("avx512f");
#elif defined(__aarch64__)
    if (i == 1) return true;
#endif
    return i == 0;
}

const char *cpu_level_name(int i)
{
    return i >= 0 && i < LEVELS ? names[i] : NULL;
}

int cpu_level(void)
{
    const char *most = getenv("KVANT_SIMD");
    int level = 0;
    while (level + 1 < LEVELS && cpu_runs(level + 1) && !(most && strcmp(most, names[level]) == 0))
        level++;
    return level;
}

void cpu_force(const char *name)
{
    if (name)
        setenv("KVANT_SIMD", name, 1);
    else
        unsetenv("KVANT_SIMD");
}
