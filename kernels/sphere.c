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

/* |x| times s, for the levels c chosen for the rotated unit row y, by <c,c> and <y,c>: s = 1, |s c| = 1, least |y - s
 * c|, or <y, s c> = 1. */
static double scale_of(int scale, double norm, double length, double along)
{
    if (norm <= 0.0) return 0.0;
    if (scale == SPHERE_PLAIN) return norm;
    if (scale == SPHERE_NORM) return norm / sqrt(length);
    return scale == SPHERE_MSE ? norm * along / length : norm / along;
}

static bool needs_length(int scale)
{
    return scale == SPHERE_NORM || scale == SPHERE_MSE;
}

static bool needs_along(int scale)
{
    return scale == SPHERE_MSE || scale == SPHERE_UNBIASED;
}

static double inverse_of(double norm)
{
    return norm > 0.0 ? 1.0 / norm : 0.0;
}

/* What is rounded to f16. */
static float narrowed(double wanted)
{
    return (float)fmin(wanted, 1e9);
}

double sphere_encode(const sphere *s, int scale, const float *row, uint8_t *out)
{
    const size_t n = s->n;
    float unit[WHT_MAX], levels[WHT_MAX];
    uint8_t codes[WHT_MAX];
    const double norm = sqrt(dot(row, row, n)), inverse = inverse_of(norm);
    for (size_t i = 0; i < n; i++)
        unit[i] = (float)((double)row[i] * inverse);
    wht_forward(&s->rotation, unit, 1);
    quantizer_codes(&s->table, unit, n, codes);
    quantizer_values(&s->table, codes, n, levels);

    const double length = needs_length(scale) ? dot(levels, levels, n) : 0.0;
    const double along = needs_along(scale) ? dot(unit, levels, n) : 0.0;
    const double wanted = scale_of(scale, norm, length, along);
    const uint16_t stored = half_from_float(narrowed(wanted));
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

/* ---- many rows -------------------------------------------------------------------------------------------------- */

/* The lanes that take this sphere, or NULL. */
static const lanes *lanes_for(const sphere *s)
{
    return s->n % LANES_CODES == 0 ? s->rotation.lanes : NULL;
}

/* A tile of rows. False when one of them is for sphere_encode to settle: its scale is none, or so small that it is
 * stored as a row of zeros. */
static bool encode_tile(const sphere *s, int scale, const float *rows, uint8_t *out)
{
    _Alignas(LANES_ALIGN) float unit[WHT_MAX * LANES_MOST], levels[WHT_MAX * LANES_MOST];
    _Alignas(LANES_ALIGN) uint32_t codes[WHT_MAX * LANES_MOST];
    double norm[LANES_MOST], inverse[LANES_MOST], length[LANES_MOST] = { 0 }, along[LANES_MOST] = { 0 };
    float wanted[LANES_MOST];
    uint16_t stored[LANES_MOST];
    const lanes *l = s->rotation.lanes;
    const size_t n = s->n, bytes = sphere_bytes(n, s->bits), at_once = (size_t)l->n;
    l->gather(rows, n, n, n, unit);
    l->dot_f64(unit, unit, n, norm);
    for (size_t r = 0; r < at_once; r++) {
        norm[r] = sqrt(norm[r]);
        inverse[r] = inverse_of(norm[r]);
    }
    l->scale_f64(unit, n, inverse);
    l->rotate(&s->rotation, s->rotation.s1, s->rotation.s2, NULL, unit);
    l->codes(&s->table, unit, n, codes);
    if (scale != SPHERE_PLAIN) l->values(&s->table, codes, n, levels);
    if (needs_length(scale)) l->dot_f64(levels, levels, n, length);
    if (needs_along(scale)) l->dot_f64(unit, levels, n, along);
    for (size_t r = 0; r < at_once; r++)
        wanted[r] = narrowed(scale_of(scale, norm[r], length[r], along[r]));
    l->halves(wanted, stored);
    for (size_t r = 0; r < at_once; r++) {
        if (half_is_special(stored[r]) || stored[r] == 0) return false;
        half_store(out + r * bytes, stored[r]);
    }
    l->pack(codes, n, 0, s->bits, out + SPHERE_SCALE_BYTES, bytes);
    return true;
}

size_t sphere_encode_rows(const sphere *s, int scale, const float *rows, size_t n_rows, uint8_t *out)
{
    const lanes *l = lanes_for(s);
    const size_t bytes = sphere_bytes(s->n, s->bits), at_once = l ? (size_t)l->n : 1;
    for (size_t r = 0; r < n_rows;) {
        if (l && r + at_once <= n_rows && encode_tile(s, scale, rows + r * s->n, out + r * bytes)) {
            r += at_once;
            continue;
        }
        const size_t end = r + at_once < n_rows ? r + at_once : n_rows;
        for (; r < end; r++)
            if (sphere_encode(s, scale, rows + r * s->n, out + r * bytes) != 0.0) return r;
    }
    return n_rows;
}

/* False when one of the scales is none that encode writes. */
static bool decode_tile(const sphere *s, const uint8_t *in, float *tile)
{
    float scale[LANES_MOST];
    const lanes *l = s->rotation.lanes;
    const size_t n = s->n, bytes = sphere_bytes(n, s->bits);
    if (!l->scales(in, bytes, scale)) return false;
    l->unpack_values(&s->table, in + SPHERE_SCALE_BYTES, bytes, n, 0, s->bits, NULL, tile);
    l->rotate(&s->rotation, s->rotation.s2, s->rotation.s1, scale, tile);
    return true;
}

size_t sphere_decode_rows(const sphere *s, const uint8_t *in, float *rows, size_t n_rows)
{
    _Alignas(LANES_ALIGN) float tile[WHT_MAX * LANES_MOST];
    const lanes *l = lanes_for(s);
    const size_t bytes = sphere_bytes(s->n, s->bits);
    size_t r = 0;
    for (; l && r + (size_t)l->n <= n_rows && decode_tile(s, in + r * bytes, tile); r += (size_t)l->n)
        l->scatter(tile, s->n, rows + r * s->n, s->n);
    for (; r < n_rows; r++)
        if (!sphere_decode(s, in + r * bytes, rows + r * s->n)) return r;
    return n_rows;
}

size_t sphere_decode_columns(const sphere *s, const uint8_t *in, float *columns, size_t stride, size_t n_rows)
{
    _Alignas(LANES_ALIGN) float tile[WHT_MAX * LANES_MOST];
    const lanes *l = lanes_for(s);
    const size_t bytes = sphere_bytes(s->n, s->bits);
    size_t r = 0;
    for (; l && r + (size_t)l->n <= n_rows; r += (size_t)l->n) {
        const bool fits = stride == (size_t)l->n; /* then the columns are the tile */
        if (!decode_tile(s, in + r * bytes, fits ? columns + r : tile)) break;
        if (!fits) l->spread(tile, s->n, columns + r, stride);
    }
    for (; r < n_rows; r++) {
        if (!sphere_decode(s, in + r * bytes, tile)) return r;
        for (size_t i = 0; i < s->n; i++)
            columns[i * stride + r] = tile[i];
    }
    return n_rows;
}
