/* lanes_codes.h - searching, looking up and packing codes on a tile; part of lanes_body.h. */

/* A call with its number of bits as a constant. */
#define BY_BITS(call)                                                                                                  \
    switch (bits) {                                                                                                    \
    case 1: call(1); break;                                                                                            \
    case 2: call(2); break;                                                                                            \
    case 3: call(3); break;                                                                                            \
    case 4: call(4); break;                                                                                            \
    case 5: call(5); break;                                                                                            \
    case 6: call(6); break;                                                                                            \
    case 7: call(7); break;                                                                                            \
    default: call(8); break;                                                                                           \
    }

/* table[k] for k < 2^bits; there are 16 of them at least. */
INNER vf lookup_bits(int bits, const float *table, vu k)
{
    switch (bits) {
    case 1:
    case 2:
    case 3: return lookup_8(table, k);
    case 4: return lookup_16(table, k);
    case 5: return lookup_32(table, k);
    case 6: return lookup_64(table, k);
    default: return lookup_256(table, k);
    }
}

/* The code of each lane of v, by halves (quantizer_tree). */
INNER vu search(int bits, const float *tree, vf v)
{
    vu k = { 0 };
#pragma GCC unroll 8
    for (int s = 0; s < bits; s++)
        k = at_least(k, v, s == 0 ? all(tree[1]) : lookup_bits(s, tree + (1 << s), k));
    return k;
}

static void find_codes(const quantizer *q, const float *tile, size_t count, uint32_t *codes)
{
#ifdef HAS_CELLS
    if (q->cells.ok) {
        const cells_held c = hold_cells(&q->cells);
        for (size_t i = 0; i < count; i++)
            store_u(codes + i * N, code_by_cell(c, load_f(tile + i * N)));
        return;
    }
#endif
#define CALL(constant)                                                                                                 \
    for (size_t i = 0; i < count; i++)                                                                                 \
    store_u(codes + i * N, search(constant, q->tree, load_f(tile + i * N)))
    const int bits = q->bits;
    BY_BITS(CALL)
#undef CALL
}

static void values(const quantizer *q, const uint32_t *codes, size_t count, float *tile)
{
#define CALL(constant)                                                                                                 \
    for (size_t i = 0; i < count; i++)                                                                                 \
    store_f(tile + i * N, lookup_bits(constant, q->level, load_u(codes + i * N)))
    const int bits = q->bits;
    BY_BITS(CALL)
#undef CALL
}

/* A chain of additions hides behind the search for the next code. */
INNER void search_and_add(int bits, const quantizer *q, const float *tile, size_t count, uint32_t *codes, vf *sum)
{
    for (size_t i = 0; i < count; i++) {
        const vu code = search(bits, q->tree, load_f(tile + i * N));
        const vf x = lookup_bits(bits, q->level, code);
        store_u(codes + i * N, code);
        *sum += x * x;
    }
}

static void codes_norms(const quantizer *q, const float *tile, size_t count, uint32_t *codes, float *out)
{
    vf sum = { 0 };
    const int bits = q->bits;
#ifdef HAS_CELLS
    if (q->cells.ok) {
        const cells_held c = hold_cells(&q->cells);
        for (size_t i = 0; i < count; i++) {
            const vu code = code_by_cell(c, load_f(tile + i * N));
            const vf x = lookup_16(q->level, code);
            store_u(codes + i * N, code);
            sum += x * x;
        }
        store_f(out, roots(sum));
        return;
    }
#endif
#define CALL(constant) search_and_add(constant, q, tile, count, codes, &sum)
    BY_BITS(CALL)
#undef CALL
    store_f(out, roots(sum));
}

/* ---- packing ---------------------------------------------------------------------------------------------------- */

/* 32 codes fill `bits` words in each lane. */
INNER void pack_group(int bits, const uint32_t *codes, int from, uint32_t *words)
{
    const uint32_t mask = (1u << bits) - 1u;
    vu word = { 0 };
#pragma GCC unroll 32
    for (int i = 0, at = 0; i < WORD; i++) {
        vu c = load_u(codes + i * N);
        if (from) c >>= from;
        word |= c << at & mask << at;
        at += bits;
        if (at < WORD) continue;
        store_u(words, word);
        words += N;
        at -= WORD;
        word = at ? (c & mask) >> (bits - at) : (vu){ 0 };
    }
}

/* Code i of 32, with bits of its neighbours above it. */
INNER vu code_of(int bits, const uint32_t *words, int i)
{
    const int bit = i * bits, at = bit % WORD;
    const uint32_t *w = words + bit / WORD * N;
    vu c = load_u(w) >> at;
    if (at + bits > WORD) c |= load_u(w + N) << (WORD - at);
    return c;
}

INNER void unpack_group(int bits, const uint32_t *words, int from, uint32_t *codes)
{
    const uint32_t mask = (1u << bits) - 1u;
#pragma GCC unroll 32
    for (int i = 0; i < WORD; i++) {
        const vu c = code_of(bits, words, i) & mask;
        store_u(codes + i * N, from ? load_u(codes + i * N) | c << from : c);
    }
}

enum { WORDS_MOST = (WHT_MAX / LANES_CODES + 1) * 8 + N };

/* Words as f32 registers, which only move them. */
INNER void turn_words(const uint32_t *words, vf v[N])
{
    for (int c = 0; c < N; c++)
        v[c] = (vf)load_u(words + c * N);
    turn(v);
}

static void put_words(const uint32_t *words, size_t n, uint8_t *bytes, size_t stride)
{
    for (size_t i = 0; i < n; i += N, bytes += 4 * N) {
        const size_t left = n - i;
        vf v[N];
        turn_words(words + i * N, v);
        for (size_t r = 0; r < N; r++)
            if (left >= N)
                memcpy(bytes + r * stride, &v[r], sizeof v[r]);
            else if (left == HALF)
                memcpy(bytes + r * stride, &v[r], sizeof v[r] / 2);
            else
                memcpy(bytes + r * stride, &v[r], 4 * left);
    }
}

static void get_words(const uint8_t *bytes, size_t stride, size_t n, uint32_t *words)
{
    for (size_t i = 0; i < n; i += N, bytes += 4 * N) {
        const size_t left = n - i;
        vf v[N];
        for (size_t r = 0; r < N; r++) {
            v[r] = (vf){ 0 };
            if (left >= N)
                memcpy(&v[r], bytes + r * stride, sizeof v[r]);
            else if (left == HALF)
                memcpy(&v[r], bytes + r * stride, sizeof v[r] / 2);
            else
                memcpy(&v[r], bytes + r * stride, 4 * left);
        }
        turn(v);
        for (int c = 0; c < N; c++)
            store_u(words + (i + (size_t)c) * N, (vu)v[c]);
    }
}

static void pack(const uint32_t *codes, size_t count, int from, int bits, uint8_t *bytes, size_t stride)
{
    uint32_t words[WORDS_MOST * N];
    const size_t groups = count / LANES_CODES;
#define CALL(constant)                                                                                                 \
    for (size_t g = 0; g < groups; g++)                                                                                \
        if (from)                                                                                                      \
            pack_group(constant, codes + g * LANES_CODES * N, from, words + g * constant * N);                         \
        else                                                                                                           \
            pack_group(constant, codes + g * LANES_CODES * N, 0, words + g * constant * N)
    BY_BITS(CALL)
#undef CALL
    put_words(words, groups * (size_t)bits, bytes, stride);
}

static void unpack(const uint8_t *bytes, size_t stride, size_t count, int from, int bits, uint32_t *codes)
{
    uint32_t words[WORDS_MOST * N];
    const size_t groups = count / LANES_CODES;
    get_words(bytes, stride, groups * (size_t)bits, words);
#define CALL(constant)                                                                                                 \
    for (size_t g = 0; g < groups; g++)                                                                                \
        if (from)                                                                                                      \
            unpack_group(constant, words + g * constant * N, from, codes + g * LANES_CODES * N);                       \
        else                                                                                                           \
            unpack_group(constant, words + g * constant * N, 0, codes + g * LANES_CODES * N)
    BY_BITS(CALL)
#undef CALL
}

/* Where registers are tables, the bits above a code are not looked at: the table is there several times. */
INNER vf value_of_low(int bits, const float *table, vu code)
{
    const uint32_t mask = (1u << bits) - 1u;
    return lookup_bits(bits, table, N >= 8 && bits <= 4 ? code : code & mask);
}

INNER void values_of_group(int bits, const uint32_t *words, const float *table, float *tile)
{
#pragma GCC unroll 32
    for (int i = 0; i < WORD; i++)
        store_f(tile + i * N, value_of_low(bits, table, code_of(bits, words, i)));
}

/* turbo3: the third bits of codes stand by themselves. */
INNER void values_of_third_bits(const uint32_t *words, const uint32_t *codes, const float *table, float *tile)
{
#pragma GCC unroll 32
    for (int i = 0; i < WORD; i++)
        store_f(tile + i * N, value_of_low(3, table, (code_of(1, words, i) & 1u) << 2 | load_u(codes + i * N)));
}

static void unpack_values(const quantizer *q, const uint8_t *bytes, size_t stride, size_t count, int from, int bits,
                          const uint32_t *codes, float *tile)
{
    uint32_t words[WORDS_MOST * N];
    float repeated[16];
    const size_t groups = count / LANES_CODES;
    get_words(bytes, stride, groups * (size_t)bits, words);
    const int all_bits = from + bits;
    const float *table = all_bits > 4 ? q->level : repeated;
    for (int i = 0; i < 16; i++)
        repeated[i] = q->level[i & ((1 << all_bits) - 1)];
    for (size_t g = 0; from && g < groups; g++)
        values_of_third_bits(words + g * N, codes + g * LANES_CODES * N, table, tile + g * LANES_CODES * N);
    if (from) return;
#define CALL(constant)                                                                                                 \
    for (size_t g = 0; g < groups; g++)                                                                                \
    values_of_group(constant, words + g * constant * N, table, tile + g * LANES_CODES * N)
    BY_BITS(CALL)
#undef CALL
}
