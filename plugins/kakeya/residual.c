#include "plugins/kakeya/residual.h"

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/half.h"

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

double residual_scale(const kakeya_skeleton *s, float *e)
{
    const double length = sqrt(dot(e, e, s->rank));
    memset(e + s->rank, 0, (s->width - s->rank) * sizeof *e);
    if (!(length > 0.0)) return 0.0;
    for (size_t i = 0; i < s->rank; i++)
        e[i] = (float)((double)e[i] / length);
    rotation_forward(&s->turn, e);
    const float root = (float)sqrt((double)s->width);
    for (size_t i = 0; i < s->width; i++)
        e[i] *= root;
    return length;
}

static void set_outliers_apart(const kakeya *c, const kakeya_skeleton *s, const float *scaled, size_t row,
                               kakeya_block *b)
{
    const size_t most = kakeya_outliers_most(&c->config, s->width);
    b->count[row] = 0;
    for (size_t j = 0; j < s->width && b->count[row] < most; j++)
        if (fabs((double)scaled[j]) > c->config.outlier) {
            b->index[b->outliers] = (uint16_t)j;
            b->value[b->outliers++] = half_from_float(scaled[j]);
            b->count[row]++;
        }
}

double residual_encode(const kakeya *c, const kakeya_skeleton *s, const float *scaled, double length, size_t row,
                       kakeya_block *b)
{
    uint8_t codes[KAKEYA_DIM_MAX];
    float levels[KAKEYA_DIM_MAX];
    uint8_t *out = b->codes + row * s->code_bytes;
    const size_t from = b->outliers;
    b->count[row] = 0;
    if (c->config.besi)
        (void)besi_encode(&c->directions, scaled, s->width, out); /* |alpha| <= √width: always fits f16 */
    else {
        quantizer_codes(&c->table, scaled, s->width, codes);
        bitpack_put(codes, s->width, c->config.bits, out);
        if (c->config.outlier > 0.0) set_outliers_apart(c, s, scaled, row, b);
    }
    if (!c->config.lsq || !residual_levels(c, s, b, row, from, levels)) return length;
    const double square = dot(levels, levels, s->width);
    return square > 0.0 ? length * fmax(dot(scaled, levels, s->width) / square, 0.0) : 0.0;
}

void residual_clear(const kakeya_skeleton *s, size_t row, kakeya_block *b)
{
    memset(b->codes + row * s->code_bytes, 0, s->code_bytes);
    b->outliers -= b->count[row];
    b->count[row] = 0;
}

bool residual_levels(const kakeya *c, const kakeya_skeleton *s, const kakeya_block *b, size_t row, size_t from,
                     float *levels)
{
    const uint8_t *bytes = b->codes + row * s->code_bytes;
    if (c->config.besi) return besi_decode(&c->directions, bytes, s->width, levels);
    uint8_t codes[KAKEYA_DIM_MAX];
    bitpack_get(bytes, s->width, c->config.bits, codes);
    quantizer_values(&c->table, codes, s->width, levels);
    for (size_t i = from; i < from + b->count[row]; i++)
        levels[b->index[i]] = half_to_float(b->value[i]);
    return true;
}

void residual_restore(const kakeya_skeleton *s, double gain, float *levels)
{
    const float factor = (float)(gain / sqrt((double)s->width));
    for (size_t i = 0; i < s->width; i++)
        levels[i] *= factor;
    rotation_inverse(&s->turn, levels);
}
