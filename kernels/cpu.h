/* cpu.h - which of the instruction sets that this build has the processor runs.
 *
 * Levels are ordered, and each includes those before: 0 is portable; on x86-64 1 is AVX2 and 2 is AVX-512; on aarch64 1
 * is NEON. All compute the same bits, so the level changes how fast an answer comes and nothing else.
 *
 * Beyond AVX-512 there is AMX, which only products with weights use (kernels/products.h), and which rounds them in its
 * own way.
 *
 * KVANT_SIMD in the environment names the highest one to use (portable, avx2, avx512, amx, neon): for measuring, for
 * finding out whether a fault is a level's, and for the logits of a machine without AMX.
 */
#ifndef KVANT_KERNELS_CPU_H
#define KVANT_KERNELS_CPU_H

#include <stdbool.h>

/* Does the processor (and its kernel) run level i? */
bool cpu_runs(int i);

/* The level to use. Cheap, but no matter for an inner loop: ask once, when a codec is made. [any thread] */
int cpu_level(void);

/* Are there AMX's tiles of bf16 and VNNI, does the system let this process use them, and KVANT_SIMD, too? */
bool cpu_tiles(void);

/* "portable" … ; NULL past the last. */
const char *cpu_level_name(int i);

/* Sets or, with NULL, takes back KVANT_SIMD for this process; what it was at the start is lost. [no other thread may
 * be running] */
void cpu_force(const char *name);

#endif
