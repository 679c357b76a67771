#include "kernels/besicovitch.h"

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/cpu.h"
#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/lloyd_table.h"

enum { F16_BITS = 16, SCALE_BYTES = 2, NODES = 32, POINTS = 4096, CELLS = 2048 };

static const double pi = 3.14159265358979323846, golden = 1.61803398874989484820;

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void half_circle(besi_lines *l)
{
    for (int i = 0; i < l->n; i++) {
        l->at[0][i] = (float)cos(pi * i / l->n);
        l->at[1][i] = (float)sin(pi * i / l->n);
        l->border[0][i] = (float)cos(pi * (i + 0.5) / l->n);
        l->border[1][i] = (float)sin(pi * (i + 0.5) / l->n);
    }
    for (int k = 0; k < 2; k++)
        quantizer_tree(l->border[k], l->bits, l->tree[k]);
}

static void spiral(besi_lines *l)
{
    for (int i = 0; i < l->n; i++) {
        const double z = 1.0 - 2.0 * (i + 0.5) / l->n, r = sqrt(1.0 - z * z), a = 2.0 * pi * i / golden;
        double at[BESI_GROUP_MAX] = { fabs(z), r * cos(a), r * sin(a) }, length = 0.0;
        for (int k = 3; k < l->group; k++)
            at[k] = 0.1 * cos(2.0 * pi * i * (k + 1) / golden);
        for (int k = 0; k < l->group; k++)
            length += at[k] * at[k];
        for (int k = 0; k < l->group; k++)
            l->at[k][i] = (float)(at[k] / sqrt(length));
    }
}

bool besi_lines_init(besi_lines *l, int group, int bits)
{
    if (group < BESI_GROUP_MIN || group > BESI_GROUP_MAX || bits < 1 || bits > BESI_BITS_MAX) return false;
    memset(l, 0, sizeof *l);
    l->group = group;
    l->bits = bits;
    l->n = 1 << bits;
    l->lanes = lanes_at(cpu_level());
    if (group == 2)
        half_circle(l);
    else
        spiral(l);
    return true;
}

/* How many borders the point has passed, seen from the positive x axis, counter-clockwise up to half a turn; past the
 * last one line 0 is nearest again. */
static int nearest_on_circle(const besi_lines *l, const float *x)
{
    const float sign = x[1] < 0.0f ? -1.0f : 1.0f, u = sign * x[0], v = sign * x[1];
    int passed = 0;
    for (int half = l->n / 2; half > 0; half /= 2) {
        const int i = passed + half - 1;
        if (l->border[0][i] * v > l->border[1][i] * u) passed += half;
    }
    passed += l->border[0][passed] * v > l->border[1][passed] * u;
    return passed & (l->n - 1);
}

static float along(const besi_lines *l, int i, const float *x)
{
    float sum = 0.0f;
    for (int k = 0; k < l->group; k++)
        sum += l->at[k][i] * x[k];
    return sum;
}

static int nearest_of_all(const besi_lines *l, const float *x)
{
    float dot[BESI_LINES_MAX], best = -1.0f;
    for (int i = 0; i < l->n; i++)
        dot[i] = l->at[0][i] * x[0];
    for (int k = 1; k < l->group; k++)
        for (int i = 0; i < l->n; i++)
            dot[i] += l->at[k][i] * x[k];
    int nearest = 0;
    for (int i = 0; i < l->n; i++)
        if (fabsf(dot[i]) > best) {
            best = fabsf(dot[i]);
            nearest = i;
        }
    return nearest;
}

int besi_nearest(const besi_lines *l, const float *x, float *alpha)
{
    const int i = l->group == 2 ? nearest_on_circle(l, x) : nearest_of_all(l, x);
    *alpha = along(l, i, x);
    return i;
}

void besi_nearest_all(const besi_lines *l, const float *x, size_t groups, uint8_t *index, float *alpha)
{
    size_t k = l->lanes ? l->lanes->nearest_lines(l, x, groups, index, alpha) : 0;
    for (; k < groups; k++)
        index[k] = (uint8_t)besi_nearest(l, x + k * (size_t)l->group, &alpha[k]);
}

void besi_point(const besi_lines *l, int index, float alpha, float *x)
{
    for (int k = 0; k < l->group; k++)
        x[k] = alpha * l->at[k][index];
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

/* Points that fill the cube evenly (multiples of the powers of the root of x^9 = x + 1), then made normal. */
static void gaussian_point(int group, int i, float *x)
{
    const double root = 1.0850702454914509;
    double uniform[BESI_GROUP_MAX], power = 1.0;
    for (int k = 0; k < BESI_GROUP_MAX; k++) {
        power /= root;
        uniform[k] = fmod(0.5 + (i + 1) * power, 1.0);
    }
    for (int k = 0; k < group; k++) {
        const double radius = sqrt(-2.0 * log1p(-uniform[k / 2 * 2])), turn = 2.0 * pi * uniform[k / 2 * 2 + 1];
        x[k] = (float)(radius * (k % 2 ? sin(turn) : cos(turn)));
    }
}

/* The distribution of the cosine between a uniform direction and its nearest line, as nodes and weights. */
static int cosines(const besi_lines *l, double *cosine, double *weight)
{
    double sum[NODES] = { 0 }, count[NODES] = { 0 };
    int n = 0;
    for (int i = 0; i < NODES && l->group == 2; i++) {
        cosine[n] = cos(pi / (2 * l->n) * (i + 0.5) / NODES);
        weight[n++] = 1.0 / NODES;
    }
    if (n > 0) return n;
    for (int i = 0; i < POINTS; i++) {
        float x[BESI_GROUP_MAX], alpha;
        double length = 0.0;
        gaussian_point(l->group, i, x);
        besi_nearest(l, x, &alpha);
        for (int k = 0; k < l->group; k++)
            length += (double)x[k] * (double)x[k];
        const double c = fmin(fabs((double)alpha) / sqrt(length), 1.0);
        const int node = (int)fmin(c * NODES, NODES - 1.0);
        sum[node] += c;
        count[node] += 1.0;
    }
    for (int i = 0; i < NODES; i++)
        if (count[i] > 0.0) {
            cosine[n] = sum[i] / count[i];
            weight[n++] = count[i] / POINTS;
        }
    return n;
}

/* |alpha| = length · cosine with the length chi-distributed; in units of alpha's rms, √(g E cosine²). */
bool besi_levels(const besi_lines *l, int bits, double *level)
{
    double cosine[NODES], weight[NODES], edge[CELLS + 1], mass[CELLS], work[2 * (CELLS + 1)], square = 0.0;
    const int n = cosines(l, cosine, weight);
    const double end = 10.0;
    for (int j = 0; j < n; j++)
        square += weight[j] * cosine[j] * cosine[j];
    const double rms = sqrt(l->group * square);
    for (int i = 0; i <= CELLS; i++)
        edge[i] = end * i / CELLS;
    for (int i = 0; i < CELLS; i++) {
        mass[i] = 0.0;
        for (int j = 0; j < n && cosine[j] > 0.0; j++) {
            const double length = 0.5 * (edge[i] + edge[i + 1]) * rms / cosine[j];
            double density = exp(-0.5 * length * length);
            for (int k = 1; k < l->group; k++)
                density *= length;
            mass[i] += weight[j] / cosine[j] * density;
        }
    }
    return lloyd_table(edge, mass, CELLS, bits, work, level);
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

bool besi_init(besi *b, int group, int direction_bits, int magnitude_bits, besi_magnitude magnitude)
{
    double level[QUANTIZER_LEVELS];
    float narrow[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    memset(b, 0, sizeof *b);
    b->magnitude = magnitude;
    b->magnitude_bits = magnitude == BESI_F16 ? F16_BITS : magnitude_bits;
    if (!besi_lines_init(&b->lines, group, direction_bits)) return false;
    if (magnitude == BESI_F16) return true;
    if (magnitude_bits < 1 || magnitude_bits > BESI_BITS_MAX) return false;
    if (!(magnitude == BESI_PUBLISHED ? lloyd_max(LLOYD_NORMAL, magnitude_bits, level)
                                      : besi_levels(&b->lines, magnitude_bits, level)))
        return false;
    for (int i = 0; i < 1 << magnitude_bits; i++) {
        narrow[i] = (float)level[i];
        boundary[i] = i + 1 < 1 << magnitude_bits ? (float)(0.5 * (level[i] + level[i + 1])) : 0.0f;
    }
    return quantizer_init(&b->table, narrow, boundary, 1 << magnitude_bits);
}

static size_t groups_of(const besi *b, size_t n)
{
    return n / (size_t)b->lines.group;
}

size_t besi_bytes(const besi *b, size_t n)
{
    const size_t groups = groups_of(b, n), directions = bitpack_bytes(groups, b->lines.bits);
    if (b->magnitude == BESI_F16) return directions + 2 * groups;
    return directions + bitpack_bytes(groups, b->magnitude_bits) + SCALE_BYTES;
}

size_t besi_metadata(const besi *b, size_t n)
{
    return besi_bytes(b, n) - groups_of(b, n) * (size_t)(b->lines.bits + b->magnitude_bits) / 8;
}

/* The scale as it is, before it becomes f16. */
static double scale_of(const besi *b, const float *alpha, size_t groups)
{
    double square = 0.0;
    float largest = 0.0f;
    if (b->magnitude == BESI_PUBLISHED) {
        for (size_t k = 0; k < groups; k++)
            largest = fabsf(alpha[k]) > largest ? fabsf(alpha[k]) : largest;
        return (double)largest;
    }
    for (size_t k = 0; k < groups; k++)
        square += (double)alpha[k] * (double)alpha[k];
    return sqrt(square / (double)groups);
}

static float put_f16(const float *alpha, size_t groups, uint8_t *bytes)
{
    for (size_t k = 0; k < groups; k++) {
        const uint16_t h = half_from_float(alpha[k]);
        if (half_is_special(h)) return fabsf(alpha[k]);
        half_store(bytes + 2 * k, h);
    }
    return 0.0f;
}

float besi_encode(const besi *b, const float *x, size_t n, uint8_t *bytes)
{
    const size_t groups = groups_of(b, n), directions = bitpack_bytes(groups, b->lines.bits);
    uint8_t index[BESI_GROUPS_MAX], code[BESI_GROUPS_MAX];
    float alpha[BESI_GROUPS_MAX];
    besi_nearest_all(&b->lines, x, groups, index, alpha);
    if (b->magnitude == BESI_F16) {
        bitpack_put(index, groups, b->lines.bits, bytes);
        return put_f16(alpha, groups, bytes + directions);
    }

    const double scale = scale_of(b, alpha, groups);
    const uint16_t stored = half_from_float((float)fmin(scale, 1e9));
    if (half_is_special(stored)) return (float)fmin(scale, 3e38);
    /* The published codec divides by the scale before it is rounded. */
    const double divisor = b->magnitude == BESI_PUBLISHED ? scale : (double)half_to_float(stored);
    for (size_t k = 0; k < groups; k++)
        alpha[k] = stored ? (float)((double)alpha[k] / divisor) : 0.0f;
    if (!stored) memset(index, 0, groups);
    quantizer_codes(&b->table, alpha, groups, code);
    bitpack_put(index, groups, b->lines.bits, bytes);
    bitpack_put(code, groups, b->magnitude_bits, bytes + directions);
    half_store(bytes + besi_bytes(b, n) - SCALE_BYTES, stored);
    return 0.0f;
}

bool besi_rest_is_zero(const uint8_t *bytes, size_t n, int bits)
{
    const size_t used = n * (size_t)bits % 8;
    return used == 0 || bytes[bitpack_bytes(n, bits) - 1] >> used == 0;
}

static bool get_f16(const uint8_t *bytes, size_t groups, float *alpha)
{
    for (size_t k = 0; k < groups; k++) {
        const uint16_t h = half_load(bytes + 2 * k);
        if (half_is_special(h)) return false;
        alpha[k] = half_to_float(h);
    }
    return true;
}

static bool get_levels(const besi *b, const uint8_t *bytes, size_t groups, float *alpha)
{
    uint8_t code[BESI_GROUPS_MAX];
    const uint16_t stored = half_load(bytes + bitpack_bytes(groups, b->magnitude_bits));
    if (half_is_special(stored) || stored & 0x8000u || !besi_rest_is_zero(bytes, groups, b->magnitude_bits))
        return false;
    bitpack_get(bytes, groups, b->magnitude_bits, code);
    quantizer_values(&b->table, code, groups, alpha);
    const float scale = half_to_float(stored);
    for (size_t k = 0; k < groups; k++)
        alpha[k] *= scale;
    return true;
}

/* Pairs are what is mostly asked for. */
static void points(const besi_lines *l, const uint8_t *index, const float *alpha, size_t groups, float *x)
{
    if (l->group != 2) {
        for (size_t k = 0; k < groups; k++)
            besi_point(l, index[k], alpha[k], x + k * (size_t)l->group);
        return;
    }
    for (size_t k = 0; k < groups; k++) {
        x[2 * k] = alpha[k] * l->at[0][index[k]];
        x[2 * k + 1] = alpha[k] * l->at[1][index[k]];
    }
}

bool besi_decode(const besi *b, const uint8_t *bytes, size_t n, float *x)
{
    const size_t groups = groups_of(b, n), directions = bitpack_bytes(groups, b->lines.bits);
    uint8_t index[BESI_GROUPS_MAX];
    float alpha[BESI_GROUPS_MAX];
    if (!besi_rest_is_zero(bytes, groups, b->lines.bits)) return false;
    if (!(b->magnitude == BESI_F16 ? get_f16(bytes + directions, groups, alpha)
                                   : get_levels(b, bytes + directions, groups, alpha)))
        return false;
    bitpack_get(bytes, groups, b->lines.bits, index);
    points(&b->lines, index, alpha, groups, x);
    return true;
}
