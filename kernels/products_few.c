/* A few rows: each register of 64 codes (4 of each of 16 lanes) meets 4 digits of each row. VNNI multiplies unsigned by
 * signed bytes: codes get 128 more, levels of 4-bit codes before they are looked up, which the sums begin with taken
 * off. The build gives this file its instruction set. */
#include "kernels/products_few.h"

#include <string.h>

#include "kernels/products_shape.h"

/* 32 values of a row. */
typedef struct row_group {
    int8_t digit[DIGITS][PRODUCTS_GROUP];
    int32_t start[3][DIGITS]; /* -128 times the sum of digits, as shape_sum has it */
    float unit;
    float sum[3];
} row_group;

size_t products_few_bytes(int rows, size_t k)
{
    const size_t bytes = (size_t)rows * k / PRODUCTS_GROUP * sizeof(row_group);
    return (bytes + PRODUCTS_ALIGNMENT - 1) / PRODUCTS_ALIGNMENT * PRODUCTS_ALIGNMENT;
}

/* The sum of 16 digits. */
INNER int32_t digits_sum(__m128i digits)
{
    const __m128i up = _mm_xor_si128(digits, _mm_set1_epi8(-128)), sums = _mm_sad_epu8(up, _mm_setzero_si128());
    return _mm_cvtsi128_si32(sums) + _mm_extract_epi32(sums, 2) - 16 * 128;
}

static void spread_group(const float *x, row_group *to)
{
    numbers a = numbers_of(x);
    int32_t sum[2] = { 0, 0 };
    for (int d = 0; d < DIGITS; d++) {
        int32_t half[2];
        for (int i = 0; i < 2; i++) {
            const __m128i digits = _mm512_cvtepi32_epi8(numbers_digit(&a.n[i]));
            _mm_storeu_si128((__m128i *)(void *)(to->digit[d] + 16 * i), digits);
            half[i] = digits_sum(digits);
            sum[i] += half[i] * (1 << 8 * d);
            to->start[1 + i][d] = -128 * half[i];
        }
        to->start[0][d] = -128 * (half[0] + half[1]);
    }
    to->unit = a.unit;
    numbers_sums(sum, a.unit, to->sum);
}

void products_few_spread(const float *x, size_t stride, int rows, size_t k, uint8_t *digits)
{
    row_group *to = (row_group *)(void *)digits;
    for (int r = 0; r < rows; r++, x += stride)
        for (size_t g = 0; g < k; g += PRODUCTS_GROUP)
            spread_group(x + g, to++);
}

/* Weights come from far away, each byte once, and processors do not fetch ahead across pages by themselves. From memory
 * 4 KiB ahead take a tenth to a sixth longer than 2, and 1 is about as good. */
enum { AHEAD = 2048, LINE = 64, HALVES = PRODUCTS_WIDTH / LANES };

INNER void fetch_ahead(shape s, group_at group, size_t at)
{
    const uint8_t *from = at % s.block == 0 ? group.halves : group.scales, *end = group.codes + shape_code_bytes(s);
    for (; from < end; from += LINE)
        __builtin_prefetch((const void *)((uintptr_t)from + AHEAD));
}

/* The sums of one row with 4 codes of each lane. */
INNER void add_products(__m512i sum[DIGITS], __m512i codes, const row_group *x, size_t at)
{
    for (int d = 0; d < DIGITS; d++) {
        int32_t four;
        memcpy(&four, x->digit[d] + at, sizeof four);
        sum[d] = _mm512_dpbusd_epi32(sum[d], codes, _mm512_set1_epi32(four));
    }
}

INNER void multiply_group(shape s, group_at group, size_t at, __m512i levels, const row_group *x, __m512 y[HALVES])
{
    const __m512i up = _mm512_set1_epi8(-128); /* plus 128, as bytes go */
    const size_t step = s.codes == CODES_NIBBLES ? 8 : 4, first = at % PRODUCTS_GROUP;
    const int which = shape_sum(s, at);
    __m512i sum[HALVES][DIGITS];
    for (int h = 0; h < HALVES; h++)
        for (int d = 0; d < DIGITS; d++)
            sum[h][d] = _mm512_set1_epi32(x->start[which][d]);
    const uint8_t *codes = group.codes;
    for (size_t i = 0; i < s.group; i += step)
        for (int h = 0; h < HALVES; h++, codes += 64) {
            const __m512i bytes = _mm512_loadu_si512(codes);
            if (s.codes == CODES_BYTES) {
                add_products(sum[h], _mm512_xor_si512(bytes, up), x, first + i);
                continue;
            }
            add_products(sum[h], shape_low(s, levels, bytes), x, first + i);
            add_products(sum[h], shape_high(levels, bytes), x, first + i + 4);
        }
    for (int h = 0; h < HALVES; h++) {
        const lane_scales l = shape_scales(s, group, (size_t)h * LANES);
        y[h] = _mm512_fmadd_ps(_mm512_mul_ps(numbers_joined(sum[h]), _mm512_set1_ps(x->unit)), l.step, y[h]);
        if (s.base) y[h] = _mm512_fmadd_ps(_mm512_set1_ps(x->sum[which]), l.base, y[h]);
    }
}

INNER void multiply(shape s, const uint8_t *panel, const int8_t *levels, size_t k, const uint8_t *digits, int rows,
                    float *y, size_t ldy, int columns, bool add)
{
    const __m512i table = _mm512_xor_si512(shape_levels(s, levels), _mm512_set1_epi8(-128));
    const row_group *x = (const row_group *)(const void *)digits;
    const __mmask32 wanted = columns < 32 ? (1u << columns) - 1 : UINT32_MAX;
    const __mmask16 mask[HALVES] = { (__mmask16)wanted, (__mmask16)(wanted >> LANES) };
    for (int r = 0; r < rows; r++, y += ldy) {
        __m512 acc[HALVES];
        for (int h = 0; h < HALVES; h++)
            acc[h] = add ? _mm512_maskz_loadu_ps(mask[h], y + h * LANES) : _mm512_setzero_ps();
        for (size_t at = 0; at < k; at += s.group) {
            const group_at group = shape_group(s, panel, at);
            if (r == 0) fetch_ahead(s, group, at);
            multiply_group(s, group, at, table, x + at / PRODUCTS_GROUP, acc);
        }
        for (int h = 0; h < HALVES; h++)
            _mm512_mask_storeu_ps(y + h * LANES, mask[h], acc[h]);
        x += k / PRODUCTS_GROUP;
    }
}

#define FEW(name, codes, scales, base, block, group)                                                                   \
    static void few_##name(const uint8_t *panel, const int8_t *levels, size_t k, const uint8_t *digits, int rows,      \
                           float *y, size_t ldy, int columns, bool add)                                                \
    {                                                                                                                  \
        multiply((shape){ codes, scales, base, block, group }, panel, levels, k, digits, rows, y, ldy, columns, add);  \
    }

PACKED_CODED(FEW)

products_few *const products_few_table[PACKED_N_FORMS] = {
#define ENTRY(name, codes, scales, base, block, group) [PACKED_##name] = few_##name,
    PACKED_CODED(ENTRY)
};
