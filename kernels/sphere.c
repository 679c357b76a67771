#include "kernels/sphere.h"

#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/lloyd.h"

bool sphere_init(sphere *s, size_t n, int bits)
{
    double level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    float narrow_level[QUANTIZER_LEVELS], narrow_boundary[QUANTIZER_LEVELS];
    if (n > WHT_MAX || n % 4 != 0 || !wht_init(&s->rotation, (int)n) || !lloyd_max((int)n, bits, level)) return false;
    s->n = n;
    s->bits = bits;
    lloyd_boundaries(level, bits, boundary);
    for (int i = 0; i < 1 << bits; i++) {
        narrow_level[i] = (float)level[i];
        narrow_boundary[i] = i + 1 < 1 << bits ? (float)boundary[i] : 0.0f;
    }
    return quantizer_init(&s->table, narrow_level, narrow_boundary, 1 << bits);
}

/* Four sums side by side: as exact as one, and they overlap. */
static double dot(const float *a, const float *b, size_t n)
{
    double sum[4] = { 0 };
    for (size_t i = 0; i < n; i += 4)
        for (size_t j = 0; j < 4; j++)
            sum[j] += (double)a[i + j] * (double)b[i + j];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* |x| times s, for the levels c chosen for the rotated unit row y: s = 1, |s c| = 1, least |y - s c|, or <y, s c> = 1.
 */
static double scale_of(int scale, double norm, const float *unit, const float *levels, size_t n)
{
    if (scale == SPHERE_PLAIN) return norm;
    const double length = dot(levels, levels, n);
    if (scale == SPHERE_NORM) return norm / sqrt(length);
    const double along = dot(unit, levels, n);
    return scale == SPHERE_MSE ? norm * along / length : norm / along;
}

double sphere_encode(const sphere *s, int scale, const float *row, uint8_t *out)
{
    const size_t n = s->n;
    float unit[WHT_MAX], levels[WHT_MAX];
    uint8_t codes[WHT_MAX];
    const double norm = sqrt(dot(row, row, n));
    const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
    for (size_t i = 0; i < n; i++)
        unit[i] = (float)((double)row[i] * inverse);
    wht_forward(&s->rotation, unit, 1);
    quantizer_codes(&s->table, unit, n, codes);
    quantizer_values(&s->table, codes, n, levels);

    const double wanted = norm > 0.0 ? scale_of(scale, norm, unit, levels, n) : 0.0;
    const uint16_t stored = half_from_float((float)fmin(wanted, 1e9));
    if (half_is_special(stored)) return wanted;
    if (stored == 0) memset(codes, 1 << (s->bits - 1), n); /* too small to keep: the same bytes as a row of zeros */
    half_store(out, stored);
    bitpack_put(codes, n, s->bits, out + SPHERE_SCALE_BYTES);
    return 0.0;
}

bool sphere_decode(const sphere *s, const uint8_t *in, float *row)
{
    uint8_t codes[WHT_MAX];
    const uint16_t stored = half_load(in);
    if (half_is_special(stored) || stored & 0x8000u) return false;
    const float scale = half_to_float(stored);
    bitpack_get(in + SPHERE_SCALE_BYTES, s->n, s->bits, codes);
    quantizer_values(&s->table, codes, s->n, row);
    for (size_t i = 0; i < s->n; i++)
        row[i] *= scale;
    wht_inverse(&s->rotation, row, 1);
    return true;
}
