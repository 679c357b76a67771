/* fused_codes_x86.h - sixteen values from their codes with AVX2 or AVX-512; part of fused_body.h.
 *
 * Codes of up to 4 bits: eight of them lie in a word of 32 bits, which goes to eight lanes; each shifts its own code
 * down, and a lookup in registers ignores what stands above it, because the table repeats itself. Wider ones: four of
 * them in a word. Tables of up to 32 levels are multiplied with the row's norm before they are looked into, which gives
 * the bits of the product afterwards.
 */
enum { MIX_PIECES = 8 };
#if VEC_LANES == 16
#define QUERIES_MOST 8
enum { MIX_REGS = 24 };
typedef __m512i vint;
#define vint_from(p)       _mm512_loadu_si512(p)
#define vint_all(x)        _mm512_set1_epi32((int)(x))
#define vint_down(a, by)   _mm512_srlv_epi32(a, by)
#define vint_and(a, b)     _mm512_and_si512(a, b)
#define vint_float(a)      _mm512_cvtepi32_ps(a)
#define vint_gather(t, i)  _mm512_i32gather_ps(i, t, 4)
#define vint_signed_8(p)   _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define vint_unsigned_8(p) _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define vec_halves(p)      _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(p)))
#define vec_all_half(h)    _mm512_cvtph_ps(_mm256_set1_epi16((short)(h)))
#else
#define QUERIES_MOST       4
enum { MIX_REGS = 12 };
typedef __m256i vint;
#define vint_from(p)       _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vint_all(x)        _mm256_set1_epi32((int)(x))
#define vint_down(a, by)   _mm256_srlv_epi32(a, by)
#define vint_and(a, b)     _mm256_and_si256(a, b)
#define vint_float(a)      _mm256_cvtepi32_ps(a)
#define vint_gather(t, i)  _mm256_i32gather_ps(t, i, 4)
#define vint_signed_8(p)   _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)))
#define vint_unsigned_8(p) _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)))
#define vec_halves(p)      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define vec_all_half(h)    _mm256_cvtph_ps(_mm_set1_epi16((short)(h)))
#endif

INNER uint32_t load_16(const uint8_t *p)
{
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

INNER uint32_t load_32(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* ---- what no encoder writes -------------------------------------------------------------------------------------- */

/* sign: in bit 15 of the scales seen, or anything reserved above it; lowest: bytes that were -128. */
typedef struct doubts {
    uint32_t sign;
    __m256i lowest;
} doubts;

INNER bool is_sure(const doubts *d)
{
    return (d->sign & 0xffff8000u) == 0 && _mm256_testz_si256(d->lowest, d->lowest);
}

/* ---- scales ------------------------------------------------------------------------------------------------------ */

/* A group's codes and what turns them into values: a table times the scale in registers, or the scale. */
typedef struct scaled {
    vec by, table, upper;
    const uint8_t *codes;
} scaled;

/* Has it levels that fit two registers? */
INNER bool has_table(int kind)
{
    return kind == FUSED_PLANES3 || (bits_of(kind) >= 1 && (1 << bits_of(kind)) <= 2 * VEC_LANES);
}

INNER bool needs_upper(int kind)
{
    return (kind == FUSED_PLANES3 && VEC_LANES == 16) || (has_table(kind) && (1 << bits_of(kind)) > VEC_LANES);
}

INNER scaled scaled_by(int kind, const fused *f, const uint8_t *group, doubts *doubt)
{
    scaled s = { .codes = group };
    if (kind == FUSED_F16 || kind == FUSED_F32) return s;
    const uint32_t h = load_16(group);
    s.by = vec_all_half(h);
    s.codes = group + 2;
    if (kind == FUSED_Q4_0) {
#if VEC_LANES == 16
        s.table = vec_mul(_mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7), s.by);
#endif
        return s;
    }
    doubt->sign |= h;
    if (kind == FUSED_Q8_0) {
        const __m256i codes = _mm256_loadu_si256((const __m256i *)(const void *)s.codes);
        doubt->lowest = _mm256_or_si256(doubt->lowest, _mm256_cmpeq_epi8(codes, _mm256_set1_epi8(-128)));
        return s;
    }
    if (f->header == 4) {
        doubt->sign |= load_16(group + 2) << 16;
        s.codes = group + 4;
    }
    if (has_table(kind)) s.table = vec_mul(vec_load(f->level), s.by);
#if VEC_LANES == 16
    if (kind == FUSED_PLANES3) { /* the lower four levels and the upper four */
        s.table = vec_mul(_mm512_broadcast_f32x4(_mm_loadu_ps(f->level)), s.by);
        s.upper = vec_mul(_mm512_broadcast_f32x4(_mm_loadu_ps(f->level + 4)), s.by);
        return s;
    }
#endif
    if (needs_upper(kind)) s.upper = vec_mul(vec_load(f->level + VEC_LANES), s.by);
    return s;
}

/* ---- codes ------------------------------------------------------------------------------------------------------- */

/* A word holds 8, 4 or, of one bit each, 16 codes of a piece. */
#define SHARE(bits) ((bits) == 1 ? 16 : (bits) <= 4 ? 8 : 4)
/* Where the word of lane l begins in the piece of 2*bits bytes, all of it inside; how far the lane's code is up it. */
#define WORD_AT(bits, l) ((bits) == 1 ? 0 : LESS((l) / SHARE(bits) * SHARE(bits) * (bits) / 8, 2 * (bits)-4))
#define LESS(a, b)       ((a) < (b) ? (a) : (b))
#define SHIFT(bits, l)   ((l) * (bits)-8 * WORD_AT(bits, l))
#define SHIFTS(bits)                                                                                                   \
    {                                                                                                                  \
        SHIFT(bits, 0), SHIFT(bits, 1), SHIFT(bits, 2), SHIFT(bits, 3), SHIFT(bits, 4), SHIFT(bits, 5),                \
            SHIFT(bits, 6), SHIFT(bits, 7), SHIFT(bits, 8), SHIFT(bits, 9), SHIFT(bits, 10), SHIFT(bits, 11),          \
            SHIFT(bits, 12), SHIFT(bits, 13), SHIFT(bits, 14), SHIFT(bits, 15)                                         \
    }
static const uint32_t shifts[][FUSED_LANES] = { { 0 },     SHIFTS(1), SHIFTS(2), SHIFTS(3), SHIFTS(4),
                                                SHIFTS(5), SHIFTS(6), SHIFTS(7), SHIFTS(8) };

INNER vint words_at(const uint8_t *p)
{
    return vint_all(load_32(p));
}

#if VEC_LANES == 16
INNER vint words_into(vint words, __mmask16 into, const uint8_t *p)
{
    return _mm512_mask_set1_epi32(words, into, (int)load_32(p));
}
#endif

/* Each lane of register k with its code at the bottom and others above it. p: the piece. */
INNER vint codes_of(int bits, const uint8_t *p, int k)
{
    const vint down = vint_from(shifts[bits] + k * VEC_LANES);
    if (bits == 1) return vint_down(vint_all(load_16(p)), down);
    if (bits == 2) return vint_down(words_at(p), down);
#if VEC_LANES == 16
    vint words = words_at(p);
    if (bits <= 4) return vint_down(words_into(words, 0xff00, p + WORD_AT(bits, 8)), down);
    words = words_into(words, 0x00f0, p + WORD_AT(bits, 4));
    words = words_into(words, 0x0f00, p + WORD_AT(bits, 8));
    words = words_into(words, 0xf000, p + WORD_AT(bits, 12));
    return vint_down(words, down);
#else
    const vint words = words_at(p + WORD_AT(bits, 8 * k));
    if (bits <= 4) return vint_down(words, down);
    return vint_down(_mm256_blend_epi32(words, words_at(p + WORD_AT(bits, 8 * k + 4)), 0xf0), down);
#endif
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Of a table in registers; n: its levels. */
INNER vec looked_up(int n, const scaled *s, vint codes)
{
#if VEC_LANES == 16
    return n <= 16 ? _mm512_permutexvar_ps(codes, s->table) : _mm512_permutex2var_ps(s->table, codes, s->upper);
#else
    const vec low = _mm256_permutevar8x32_ps(s->table, codes);
    if (n <= 8) return low;
    const vec high = _mm256_permutevar8x32_ps(s->upper, codes);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28)));
#endif
}

INNER vec planes_value(const fused *f, const scaled *s, size_t piece, int k)
{
    const uint32_t third = load_16(s->codes + f->group / 4 + 2 * piece);
    const vint low = codes_of(2, s->codes + 4 * piece, k);
#if VEC_LANES == 16
    const vec v = _mm512_permutexvar_ps(low, s->table);
    return _mm512_mask_permutexvar_ps(v, (__mmask16)third, low, s->upper);
#else
    const vint high = vint_down(vint_all(third << 2), vint_from(shifts[1] + k * VEC_LANES));
    return looked_up(8, s, _mm256_or_si256(vint_and(low, vint_all(3)), vint_and(high, vint_all(4))));
#endif
}

INNER vec q4_0_value(const scaled *s, size_t piece, int k)
{
    const vint both = vint_unsigned_8(s->codes + k * VEC_LANES);
#if VEC_LANES == 16
    return _mm512_permutexvar_ps(piece ? _mm512_srli_epi32(both, 4) : both, s->table);
#else
    const vint codes = piece ? _mm256_srli_epi32(both, 4) : vint_and(both, vint_all(15));
    return vec_mul(vint_float(_mm256_sub_epi32(codes, vint_all(8))), s->by);
#endif
}

INNER vec value_of(int kind, const fused *f, const scaled *s, size_t piece, int k)
{
    const int bits = bits_of(kind);
    const size_t at = piece * FUSED_LANES + (size_t)k * VEC_LANES;
    if (kind == FUSED_F16) return vec_halves(s->codes + 2 * at);
    if (kind == FUSED_F32) return vec_load((const float *)(const void *)(s->codes + 4 * at));
    if (kind == FUSED_Q8_0) return vec_mul(vint_float(vint_signed_8(s->codes + at)), s->by);
    if (kind == FUSED_Q4_0) return q4_0_value(s, piece, k);
    if (kind == FUSED_PLANES3) return planes_value(f, s, piece, k);
    const vint codes = codes_of(bits, s->codes + 2 * (size_t)bits * piece, k);
    if (has_table(kind)) return looked_up(1 << bits, s, codes);
    return vec_mul(vint_gather(f->level, vint_and(codes, vint_all((1 << bits) - 1))), s->by);
}

INNER void values_of(int kind, const fused *f, const scaled *s, size_t piece, vec v[REGS])
{
    EACH(k, REGS) v[k] = value_of(kind, f, s, piece, k);
}

/* ---- four bits with AVX2 ----------------------------------------------------------------------------------------- */

#if VEC_LANES == 8
#define UNPACKS_4

/* A lookup among 16 levels is two shuffles and a blend for 8 lanes. Byte by byte it is one shuffle for 32: the levels'
 * lowest bytes in one register, and so on, twice each. */
typedef struct byte_planes {
    __m256i of[4];
} byte_planes;

INNER byte_planes planes_of(const scaled *s)
{
    const __m256i bytes = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                                           13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m256i low = _mm256_shuffle_epi8(_mm256_castps_si256(s->table), bytes);
    const __m256i high = _mm256_shuffle_epi8(_mm256_castps_si256(s->upper), bytes);
    const __m256i even = _mm256_permute2x128_si256(low, high, 0x20), odd = _mm256_permute2x128_si256(low, high, 0x31);
    const __m256i first = _mm256_unpacklo_epi32(even, odd), last = _mm256_unpackhi_epi32(even, odd);
    return (byte_planes){ { _mm256_permute4x64_epi64(first, 0x88), _mm256_permute4x64_epi64(first, 0xdd),
                            _mm256_permute4x64_epi64(last, 0x88), _mm256_permute4x64_epi64(last, 0xdd) } };
}

INNER void store_bytes(float *to, __m256i x)
{
    _mm256_storeu_ps(to, _mm256_castsi256_ps(x));
}

/* 32 values: of each half of codes four, then the other half's four, and on. */
INNER void look_up_bytes(const byte_planes *p, __m256i codes, float *to)
{
    __m256i b[4];
    EACH(i, 4) b[i] = _mm256_shuffle_epi8(p->of[i], codes);
    const __m256i low = _mm256_unpacklo_epi8(b[0], b[1]), high = _mm256_unpacklo_epi8(b[2], b[3]);
    const __m256i low_on = _mm256_unpackhi_epi8(b[0], b[1]), high_on = _mm256_unpackhi_epi8(b[2], b[3]);
    store_bytes(to, _mm256_unpacklo_epi16(low, high));
    store_bytes(to + 8, _mm256_unpackhi_epi16(low, high));
    store_bytes(to + 16, _mm256_unpacklo_epi16(low_on, high_on));
    store_bytes(to + 24, _mm256_unpackhi_epi16(low_on, high_on));
}

/* 64 values. Every other word of codes goes to the lower half, so that what is looked up comes out in order. */
INNER void four_pieces(const byte_planes *p, const uint8_t *codes, float *to)
{
    const __m256i words = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                                           13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i loaded = _mm256_shuffle_epi8(vint_from(codes), words), nibble = _mm256_set1_epi8(15);
    const __m256i both = _mm256_permute4x64_epi64(loaded, 0xd8);
    const __m256i low = vint_and(both, nibble), high = vint_and(_mm256_srli_epi16(both, 4), nibble);
    look_up_bytes(p, _mm256_unpacklo_epi8(low, high), to);
    look_up_bytes(p, _mm256_unpackhi_epi8(low, high), to + 32);
}
#endif
