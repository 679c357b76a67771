/* 16 rows with tiles of bf16, which multiply 32 values of 16 rows by those of 16 lanes. Codes and digits are whole
 * numbers of 8 bits, which bf16 holds; digits bring their power of two along, so that all three add up in one tile: the
 * sums of one digit are exact, and joining them rounds as products.h says. The build gives this file its instruction
 * set.
 *
 * Tiles: 0 and 1 are sums of 32 lanes, 2 and 3 their codes, 4 to 6 the digits of 16 rows, the highest first.
 */
#include "kernels/products_few.h"
#include "kernels/products_shape.h"

enum { HALVES = PRODUCTS_WIDTH / LANES };

/* 32 values of 16 rows; of fewer, the others are what stood there, and what they come to is not stored. */
typedef struct tile_group {
    uint16_t digit[DIGITS][PRODUCTS_ROWS][PRODUCTS_GROUP]; /* bf16, times the row's unit; the highest first */
    float sum[3][PRODUCTS_ROWS];                           /* shape_sum */
} tile_group;

static size_t digits_bytes(int rows, size_t k)
{
    return rows <= PRODUCTS_FEW ? products_few_bytes(rows, k) : k / PRODUCTS_GROUP * sizeof(tile_group);
}

/* The sums of 16 and 16 numbers. */
INNER void add_numbers(const numbers *a, int32_t half[2])
{
    __m256i eight[2];
    for (int i = 0; i < 2; i++)
        eight[i] = _mm256_add_epi32(_mm512_castsi512_si256(a->n[i]), _mm512_extracti64x4_epi64(a->n[i], 1));
    const __m256i both = _mm256_hadd_epi32(eight[0], eight[1]);
    const __m128i two = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    const __m128i one = _mm_hadd_epi32(two, two);
    half[0] = _mm_cvtsi128_si32(one);
    half[1] = _mm_extract_epi32(one, 1);
}

static void spread_group(const float *x, tile_group *to, int row)
{
    static const float places[DIGITS] = { 1, 256, 65536 };
    numbers a = numbers_of(x);
    int32_t half[2];
    float sums[3];
    add_numbers(&a, half);
    numbers_sums(half, a.unit, sums);
    for (int i = 0; i < 3; i++)
        to->sum[i][row] = sums[i];
    for (int d = 0; d < DIGITS; d++) {
        const __m512 place = _mm512_set1_ps(places[d] * a.unit);
        __m512 digit[2];
        for (int i = 0; i < 2; i++)
            digit[i] = _mm512_mul_ps(_mm512_cvtepi32_ps(numbers_digit(&a.n[i])), place);
        _mm512_store_si512(to->digit[DIGITS - 1 - d][row], (__m512i)_mm512_cvtne2ps_pbh(digit[1], digit[0]));
    }
}

static void spread(const float *x, size_t stride, int rows, size_t k, uint8_t *digits)
{
    if (rows <= PRODUCTS_FEW) {
        products_few_spread(x, stride, rows, k, digits);
        return;
    }
    tile_group *to = (tile_group *)(void *)digits;
    for (size_t g = 0; g < k; g += PRODUCTS_GROUP, to++)
        for (int r = 0; r < rows; r++)
            spread_group(x + (size_t)r * stride + g, to, r);
}

/* ---- codes ---- */

/* Four codes of each of 16 lanes as two rows of a tile: codes 0 and 1 of each lane, then 2 and 3. */
INNER void open_four(__m512i codes, uint8_t *to)
{
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    for (int i = 0; i < 2; i++) {
        const __m512 even = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(codes, i ? 8 : 24), 24));
        const __m512 odd = _mm512_cvtepi32_ps(_mm512_srai_epi32(i ? codes : _mm512_slli_epi32(codes, 16), 24));
        const __m512i low = _mm512_srli_epi32(_mm512_castps_si512(even), 16);
        _mm512_store_si512(to + 64 * i, _mm512_or_si512(low, _mm512_and_si512(_mm512_castps_si512(odd), upper)));
    }
}

/* Of each group the first 16 lanes' tile, then the other's. */
INNER void open_codes(shape s, const uint8_t *panel, const int8_t *levels, size_t from, size_t n, uint8_t *opened)
{
    const __m512i table = shape_levels(s, levels);
    const size_t step = s.codes == CODES_NIBBLES ? 8 : 4, tile = 2 * LANES * s.group;
    for (size_t at = from; at < from + n; at += s.group, opened += HALVES * tile) {
        const uint8_t *codes = shape_group(s, panel, at).codes;
        for (size_t i = 0; i < s.group; i += step)
            for (size_t h = 0; h < HALVES; h++, codes += 64) {
                const __m512i bytes = _mm512_loadu_si512(codes);
                uint8_t *to = opened + h * tile + i * 2 * LANES;
                open_four(shape_low(s, table, bytes), to);
                if (s.codes == CODES_NIBBLES) open_four(shape_high(table, bytes), to + 128);
            }
    }
}

/* ---- products ---- */

/* What tiles look like (Intel SDM, volume 2, LDTILECFG): rows, and bytes of a row. */
typedef struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

INNER void shape_tiles(size_t group)
{
    tile_shapes t = { .palette = 1 };
    for (int i = 0; i < 7; i++) {
        t.rows[i] = i == 2 || i == 3 ? (uint8_t)(group / 2) : PRODUCTS_ROWS;
        t.row_bytes[i] = i > 3 ? (uint16_t)(2 * group) : 4 * LANES;
    }
    __asm__ volatile("" : : "m"(t)); /* all of them, which the intrinsic does not say either */
    _tile_loadconfig(&t);
}

typedef float tile_sums[HALVES][PRODUCTS_ROWS][LANES];

/* The intrinsics of tiles do not say that they read and write memory. */
#define MEMORY_MATTERS() __asm__ volatile("" : : : "memory")

INNER void sum_group(shape s, const tile_group *x, size_t at, const uint8_t *opened, tile_sums sums)
{
    const size_t row = sizeof x->digit[0][0];
    _tile_zero(0);
    _tile_zero(1);
    _tile_loadd(2, opened, 64);
    _tile_loadd(3, opened + 2 * LANES * s.group, 64);
    _tile_loadd(4, x->digit[0][0] + at, row);
    _tile_loadd(5, x->digit[1][0] + at, row);
    _tile_loadd(6, x->digit[2][0] + at, row);
    _tile_dpbf16ps(0, 4, 2);
    _tile_dpbf16ps(1, 4, 3);
    _tile_dpbf16ps(0, 5, 2);
    _tile_dpbf16ps(1, 5, 3);
    _tile_dpbf16ps(0, 6, 2);
    _tile_dpbf16ps(1, 6, 3);
    _tile_stored(0, sums[0], 64);
    _tile_stored(1, sums[1], 64);
    MEMORY_MATTERS();
}

/* 16 rows of y, in registers: all that there are. */
typedef struct rows_of_y {
    __m512 row[PRODUCTS_ROWS][HALVES];
} rows_of_y;

/* A group's sums onto y, with scales. */
INNER void scale_group(shape s, group_at group, const tile_group *x, size_t at, const tile_sums sums, rows_of_y *y)
{
    const lane_scales l[HALVES] = { shape_scales(s, group, 0), shape_scales(s, group, LANES) };
    const float *total = x->sum[shape_sum(s, at)];
#pragma GCC unroll 16
    for (int r = 0; r < PRODUCTS_ROWS; r++)
        for (int h = 0; h < HALVES; h++) {
            y->row[r][h] = _mm512_fmadd_ps(_mm512_load_ps(sums[h][r]), l[h].step, y->row[r][h]);
            if (s.base) y->row[r][h] = _mm512_fmadd_ps(_mm512_set1_ps(total[r]), l[h].base, y->row[r][h]);
        }
}

/* While tiles are multiplied, the sums of the group before are scaled: by then they have arrived. */
INNER void multiply_many(shape s, const uint8_t *panel, const uint8_t *opened, size_t from, size_t n,
                         const uint8_t *digits, int rows, float *y, size_t ldy, int columns, bool add)
{
    const tile_group *x = (const tile_group *)(const void *)digits;
    const __mmask32 wanted = columns < 32 ? (1u << columns) - 1 : UINT32_MAX;
    const __mmask16 mask[HALVES] = { (__mmask16)wanted, (__mmask16)(wanted >> LANES) };
    _Alignas(64) tile_sums sums[2];
    rows_of_y acc;
    int turn = 0;
#pragma GCC unroll 16
    for (int r = 0; r < PRODUCTS_ROWS; r++)
        for (int h = 0; h < HALVES; h++)
            acc.row[r][h] =
                add && r < rows ? _mm512_maskz_loadu_ps(mask[h], y + (size_t)r * ldy + h * LANES) : _mm512_setzero_ps();
    shape_tiles(s.group);
    MEMORY_MATTERS();
    for (size_t at = from; at <= from + n; at += s.group, turn ^= 1, opened += HALVES * 2 * LANES * s.group) {
        if (at < from + n) sum_group(s, x + at / PRODUCTS_GROUP, at % PRODUCTS_GROUP, opened, sums[turn]);
        if (at == from) continue;
        const size_t before = at - s.group;
        scale_group(s, shape_group(s, panel, before), x + before / PRODUCTS_GROUP, before,
                    (const float(*)[PRODUCTS_ROWS][LANES])sums[turn ^ 1], &acc);
    }
    _tile_release();
#pragma GCC unroll 16
    for (int r = 0; r < PRODUCTS_ROWS; r++)
        for (int h = 0; h < HALVES; h++)
            if (r < rows) _mm512_mask_storeu_ps(y + (size_t)r * ldy + h * LANES, mask[h], acc.row[r][h]);
}

#define FUNCTIONS(name, codes, scales, base, block, group)                                                             \
    static void open_##name(const uint8_t *panel, const int8_t *levels, size_t from, size_t n, uint8_t *opened)        \
    {                                                                                                                  \
        open_codes((shape){ codes, scales, base, block, group }, panel, levels, from, n, opened);                      \
    }                                                                                                                  \
    static void many_##name(const uint8_t *panel, const uint8_t *opened, size_t from, size_t n, const uint8_t *digits, \
                            int rows, float *y, size_t ldy, int columns, bool add)                                     \
    {                                                                                                                  \
        const shape s = { codes, scales, base, block, group };                                                         \
        multiply_many(s, panel, opened, from, n, digits, rows, y, ldy, columns, add);                                  \
    }

PACKED_CODED(FUNCTIONS)

#define OPEN(name, codes, scales, base, block, group) [PACKED_##name] = open_##name,
#define MANY(name, codes, scales, base, block, group) [PACKED_##name] = many_##name,
static products_open *const open_table[PACKED_N_FORMS] = { PACKED_CODED(OPEN) };
static products_many *const many_table[PACKED_N_FORMS] = { PACKED_CODED(MANY) };

extern const products products_amx;
const products products_amx = { "amx", digits_bytes, spread, products_few_table, open_table, many_table };
