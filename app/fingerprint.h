/* fingerprint.h - what computed a number: this build's engine, this machine.
 *
 * The engine's fingerprint is a hash over the sources of kernels/ and engine/ and the compiler, made by the build
 * (cmake/fingerprint.cmake), and another where products go through tiles (kernels/products.h), whose last bits differ.
 * Whatever is kept on disk carries it in its key, so another engine's results are never
 * taken for this one's.
 */
#ifndef KVANT_APP_FINGERPRINT_H
#define KVANT_APP_FINGERPRINT_H

#include <stddef.h>

/* 16 hexadecimal digits. */
const char *fingerprint_engine(void);

/* The same, and 16 digits more for the sources of the suites: a suite that asks something else makes other runs. */
const char *fingerprint_suites(void);

typedef struct machine {
    char version[32]; /* kvant's */
    char engine[36];  /* fingerprint_engine; of a suite's run fingerprint_suites */
    char cpu[96];
    char simd[16]; /* level in use: portable, avx2, avx512, amx or neon */
    char compiler[64];
    char os[96];
} machine;

void fingerprint_machine(machine *m);

#endif
