/* lanes_codes.h - searching, looking up and packing codes on a tile; part of lanes_body.h. */

/* A search by halves: step s knows the upper s bits of the code and asks the boundary in the middle of what is left.
 * Boundaries past the last are NaN, which nothing reaches. */
INNER void search(int bits, const quantizer *q, const float *tile, size_t count, uint32_t *codes)
{
    float middle[4][16] = { { 0 } };
    for (int s = 0; s < bits; s++)
        for (int k = 0; k < 1 << s; k++)
            middle[s][k] = q->boundary[(2 * k + 1) * (1 << (bits - 1 - s)) - 1];
    for (size_t i = 0; i < count; i++) {
        const vf v = load_f(tile + i * N);
        vu k = at_least((vu){ 0 }, v, all(middle[0][0]));
        for (int s = 1; s < bits; s++)
            k = at_least(k, v, lookup_8(middle[s], k));
        store_u(codes + i * N, k);
    }
}

static void find_codes(const quantizer *q, const float *tile, size_t count, uint32_t *codes)
{
    if (q->n <= 2)
        search(1, q, tile, count, codes);
    else if (q->n <= 4)
        search(2, q, tile, count, codes);
    else if (q->n <= 8)
        search(3, q, tile, count, codes);
    else
        search(4, q, tile, count, codes);
}

static void values(const quantizer *q, const uint32_t *codes, size_t count, float *tile)
{
    if (q->n <= 8)
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_8(q->level, load_u(codes + i * N)));
    else if (q->n <= 16)
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_16(q->level, load_u(codes + i * N)));
    else
        for (size_t i = 0; i < count; i++)
            store_f(tile + i * N, lookup_256(q->level, load_u(codes + i * N)));
}

INNER vf squares_by(vf (*lookup)(const float *, vu), const quantizer *q, const uint32_t *codes, size_t count)
{
    vf sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        const vf x = lookup(q->level, load_u(codes + i * N));
        sum += x * x;
    }
    return sum;
}

static void squares_of(const quantizer *q, const uint32_t *codes, size_t count, float *out)
{
    store_f(out, q->n <= 8    ? squares_by(lookup_8, q, codes, count)
                 : q->n <= 16 ? squares_by(lookup_16, q, codes, count)
                              : squares_by(lookup_256, q, codes, count));
}

/* ---- packing ---------------------------------------------------------------------------------------------------- */

/* 32 codes fill `bits` words in each lane. */
INNER void pack_group(int bits, const uint32_t *codes, int from, uint32_t *words)
{
    const uint32_t mask = (1u << bits) - 1u;
    vu word = { 0 };
    for (int i = 0, at = 0; i < WORD; i++) {
        const vu c = load_u(codes + i * N) >> from & mask;
        word |= c << at;
        at += bits;
        if (at < WORD) continue;
        store_u(words, word);
        words += N;
        at -= WORD;
        word = at ? c >> (bits - at) : (vu){ 0 };
    }
}

INNER void unpack_group(int bits, const uint32_t *words, int from, uint32_t *codes)
{
    const uint32_t mask = (1u << bits) - 1u;
    for (int i = 0; i < WORD; i++) {
        const int bit = i * bits, at = bit % WORD;
        const uint32_t *w = words + bit / WORD * N;
        vu c = load_u(w) >> at;
        if (at + bits > WORD) c |= load_u(w + N) << (WORD - at);
        c = (c & mask) << from;
        store_u(codes + i * N, from ? load_u(codes + i * N) | c : c);
    }
}

/* The group with its width as a constant. */
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
    pack_group(constant, codes + g * LANES_CODES * N, from, words + g * constant * N)
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
    unpack_group(constant, words + g * constant * N, from, codes + g * LANES_CODES * N)
    BY_BITS(CALL)
#undef CALL
}
