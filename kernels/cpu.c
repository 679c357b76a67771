#include "kernels/cpu.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__)
#include <cpuid.h>
static const char *const names[] = { "portable", "avx2", "avx512" };
#elif defined(__aarch64__)
static const char *const names[] = { "portable", "neon" };
#else
static const char *const names[] = { "portable" };
#endif
enum { LEVELS = sizeof names / sizeof *names };

#if defined(__x86_64__)
/* Not every compiler's __builtin_cpu_supports knows it. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

bool cpu_runs(int i)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (i == 1) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
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

#if defined(__x86_64__) && defined(__linux__)
/* What leaf 7 of cpuid says (Intel SDM, volume 2): VNNI in ecx; bf16 tiles, and tiles at all, in edx. Of subleaf 1:
 * bf16 in registers, in eax. */
static bool has_tiles(void)
{
    enum { VNNI = 1 << 11, TILES_BF16 = 1 << 22, TILES = 1 << 24, BF16 = 1 << 5 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & VNNI) || !(d & TILES_BF16) || !(d & TILES)) return false;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & BF16);
}

bool cpu_tiles(void)
{
    /* Tiles are 8 KiB more of a thread's state, for which a process asks Linux (arch_prctl(2), since 5.16). */
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
    const char *most = getenv("KVANT_SIMD");
    for (int i = 0; most && i < LEVELS; i++)
        if (strcmp(most, names[i]) == 0) return false;
    if (!cpu_runs(2) || !__builtin_cpu_supports("avx512bw") || !has_tiles()) return false;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
}
#else
bool cpu_tiles(void)
{
    return false;
}
#endif

void cpu_force(const char *name)
{
    if (name)
        setenv("KVANT_SIMD", name, 1);
    else
        unsetenv("KVANT_SIMD");
}
