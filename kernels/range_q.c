#include "kernels/range_q.h"

#include <math.h>

#include "kernels/half.h"

bool range_q_encode(const float *values, size_t n, size_t stride, int bits, uint8_t *grid, uint8_t *codes)
{
    float low = values[0], high = values[0];
    for (size_t i = 1; i < n; i++) {
        const float v = values[i * stride];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    const float largest = (float)((1 << bits) - 1);
    const uint16_t scale = half_from_float((high - low) / largest), zero = half_from_float(low);
    if (half_is_special(scale) || half_is_special(zero)) return false;
    half_store(grid, scale);
    half_store(grid + 2, zero);

    const float step = half_to_float(scale), origin = half_to_float(zero);
    for (size_t i = 0; i < n; i++) {
        const float code = step > 0.0f ? rintf((values[i * stride] - origin) / step) : 0.0f;
        codes[i * stride] = (uint8_t)fminf(fmaxf(code, 0.0f), largest);
    }
    return true;
}

bool range_q_decode(const uint8_t *grid, const uint8_t *codes, size_t n, size_t stride, float *values)
{
    const uint16_t scale = half_load(grid), zero = half_load(grid + 2);
    if (half_is_special(scale) || half_is_special(zero) || scale & 0x8000u) return false;
    const float step = half_to_float(scale), origin = half_to_float(zero);
    for (size_t i = 0; i < n; i++)
        values[i * stride] = step * (float)codes[i * stride] + origin;
    return true;
}
