#include "kernels/half.h"

uint16_t half_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;

    if (magnitude > 0x7f800000u) /* NaN: quiet, upper payload kept */
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x1ffu));
    if (magnitude >= 0x477ff000u) /* 65520 and more */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x33000000u) /* below 2^-25 */
        return (uint16_t)sign;

    if (magnitude >= 0x38800000u) { /* normal: drop 13 bits, a carry moves into the exponent by itself */
        const uint32_t odd = magnitude >> 13 & 1u;
        return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + odd) >> 13);
    }
    const uint32_t shift = 126u - (magnitude >> 23); /* 14 … 24 */
    const uint32_t fraction = (magnitude & 0x7fffffu) | 0x800000u;
    const uint32_t odd = fraction >> shift & 1u;
    return (uint16_t)(sign | (fraction + (1u << (shift - 1)) - 1u + odd) >> shift);
}

void half_to_floats(const uint16_t *half, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = half_to_float(half[i]);
}

void half_from_floats(const float *values, uint16_t *half, size_t n)
{
    for (size_t i = 0; i < n; i++)
        half[i] = half_from_float(values[i]);
}
