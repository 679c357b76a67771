#include "app/kktv.h"

#include <inttypes.h>

enum { MAGIC = 0x4b4b5456, VERSION = 1 };

static uint64_t load(const void *bytes, size_t at, int n)
{
    const uint8_t *from = (const uint8_t *)bytes + at;
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | from[i];
    return value;
}

bool kktv_is(const void *bytes, size_t n)
{
    return n >= 4 && load(bytes, 0, 4) == MAGIC;
}

bool kktv_parse(const char *path, const void *bytes, size_t n, kktv *out, fault *f)
{
    if (n < KKTV_HEADER)
        return fault_set(f, FAULT_INPUT, "%s: %zu bytes hold no KKTV header (%d bytes)", path, n, KKTV_HEADER);
    const uint64_t version = load(bytes, 4, 4), zero = load(bytes, 20, 4);
    *out = (kktv){ load(bytes, 8, 8), (uint32_t)load(bytes, 16, 4), (const uint8_t *)bytes + KKTV_HEADER };
    if (version != VERSION)
        return fault_set(f, FAULT_INPUT, "%s: KKTV version %" PRIu64 ", expected %d", path, version, VERSION);
    if (zero != 0)
        return fault_set(f, FAULT_INPUT, "%s: the last field of its KKTV header is %" PRIu64 ", expected 0", path,
                         zero);
    if (out->n == 0 || out->dim == 0)
        return fault_set(f, FAULT_INPUT, "%s: its KKTV header says %" PRIu64 " rows of %" PRIu32, path, out->n,
                         out->dim);
    uint64_t values, size;
    if (!__builtin_mul_overflow(out->n, (uint64_t)out->dim, &values) &&
        !__builtin_mul_overflow(values, (uint64_t)sizeof(float), &size) && size == n - KKTV_HEADER)
        return true;
    return fault_set(f, FAULT_INPUT,
                     "%s: its KKTV header says %" PRIu64 " rows of %" PRIu32 " f32, but %zu bytes follow", path, out->n,
                     out->dim, n - KKTV_HEADER);
}
