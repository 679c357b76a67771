/* cpu.h - which of the instruction sets that this build has the processor runs.
 *
 * Levels are ordered, and each includes those before: 0 is portable; on x86-64 1 is AVX2 and 2 is AVX-512; on aarch64 1
 * is NEON. All compute the same bits, so the level changes how fast an answer comes and nothing else.
 *
 * KVANT_SIMD in the environment names the highest one to use (portable, avx2, avx512, neon): for measuring, and for
 * finding out whether a fault is a level's.
 */
#ifndef KVANT_KERNELS_CPU_H
#define KVANT_KERNELS_CPU_H

#include <stdbool.h>

/* Does the processor (and its kernel) run level i? */
bool cpu_runs(int i);

/* The level to use. Cheap, but no matter for an inner loop: ask once, when a codec is made. [any thread] */
int cpu_level(void);

/* "portable" … ; NULL past the last. */
const char *cpu_level_name(int i);

/* Sets or, with NULL, takes back KVANT_SIMD for this process; what it was at the start is lost. [no other thread may
 * be running] */
void cpu_force(const char *name);

#endif
