/* kktv.h - KKTV, the file of rows that the KakeyaTurbo experiments exchanged.
 *
 * Little-endian: u32 magic 0x4b4b5456, u32 version 1, u64 rows, u32 columns, u32 zero, then rows x columns f32,
 * row-major.
 */
#ifndef KVANT_APP_KKTV_H
#define KVANT_APP_KKTV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum { KKTV_HEADER = 24 };

typedef struct kktv {
    uint64_t n;      /* rows */
    uint32_t dim;    /* columns */
    const void *f32; /* KKTV_HEADER bytes into the file */
} kktv;

/* Does a file that begins with these n bytes say it is one? */
bool kktv_is(const void *bytes, size_t n);

/* All n bytes of a file. A fault names the path and what does not fit. */
bool kktv_parse(const char *path, const void *bytes, size_t n, kktv *out, fault *f);

#endif
