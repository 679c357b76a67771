/* f16, bf16, FP8 and blocks of FP4 in lanes, beside kernels/block_fp.h and kernels/half.h: the same bits, and refused
 * at the same place with nothing written behind it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/block_fp.h"
#include "kernels/half.h"
#include "tests/kernels/lanes_levels.h"

typedef struct format {
    const char *name;
    size_t values, bytes; /* of a block */
    lanes_blocks portable;
    size_t at;             /* of lanes_blocks in lanes */
    float largest, beyond; /* what a block may hold, and may not; 0: anything finite */
} format;

#define FORMAT(name, values, bytes, largest, beyond)                                                                   \
    {                                                                                                                  \
#name, values, bytes, { block_##name##_encode, block_##name##_decode }, offsetof(lanes, name), largest, beyond \
    }
static const format formats[] = {
    FORMAT(bf16, 1, 2, 0x1.fefffep127f, 0x1.ffp127f),
    FORMAT(e4m3, 1, 1, 464.0f, 0x1.d00002p8f),
    FORMAT(e5m2, 1, 1, 0x1.dffffep15f, 61440.0f),
    FORMAT(mxfp4, BLOCK_MXFP4, BLOCK_MXFP4_BYTES, 0.0f, 0.0f),
    FORMAT(nvfp4, BLOCK_NVFP4, BLOCK_NVFP4_BYTES, 2784.0f, 0x1.5c0002p11f),
};
#define EACH_FORMAT(f) for (const format *f = formats; f < formats + sizeof formats / sizeof *formats; f++)

static lanes_blocks of_level(const lanes *l, const format *f)
{
    lanes_blocks own;
    memcpy(&own, (const char *)l + f->at, sizeof own);
    return own;
}

enum { MOST = 1 << 12, BYTES = 2 * MOST };
static float x[MOST], a[MOST], b[MOST];
static uint8_t p[BYTES + 64], q[BYTES + 64];

/* All n values, which both encode and decode in the same way; how many blocks. */
static size_t same(const format *f, lanes_blocks own, size_t n)
{
    memset(p, 0xab, sizeof p);
    memset(q, 0xab, sizeof q);
    const size_t done = f->portable.encode(x, n, p);
    assert_int_equal(own.encode(x, n, q), done);
    assert_memory_equal(q, p, sizeof p);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    assert_int_equal(f->portable.decode(p, done * f->values, a), done);
    assert_int_equal(own.decode(p, done * f->values, b), done);
    assert_memory_equal(b, a, sizeof a);
    return done;
}

static float of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The lower halves that lie on, before and behind the ties of f16 and bf16; those of the others are in the upper one.
 */
static const uint32_t lower[] = { 0, 1, 0xfff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fff, 0x8000, 0x8001, 0xffff };
enum { LOWER = sizeof lower / sizeof *lower };

/* Every upper half of an f32 with these lower ones: every exponent, every tie. */
static void casts_round_every_number_alike(void **state)
{
    (void)state;
    EACH_LEVEL(l, i)
    for (const format *f = formats; f->values == 1; f++) {
        size_t n = 0, all = 0;
        for (uint32_t upper = 0; upper < 0x10000u; upper++)
            for (int k = 0; k < LOWER; k++) {
                const float v = of_bits(upper << 16 | lower[k]);
                uint8_t one[2];
                if (!isfinite(v) || f->portable.encode(&v, 1, one) == 0) continue;
                x[n++] = v;
                if (n < MOST) continue;
                all += same(f, of_level(l, f), n);
                n = 0;
            }
        all += same(f, of_level(l, f), n);
        assert_true(all > 0x10000u * LOWER / 2); /* e4m3 takes some 130 of 255 exponents */
    }
}

static void f16_rounds_every_number_alike(void **state)
{
    (void)state;
    EACH_LEVEL(l, i)
    for (uint32_t upper = 0; upper < 0x10000u; upper += MOST / 16) {
        size_t n = 0;
        for (uint32_t u = upper; u < upper + MOST / 16; u++)
            for (int k = 0; k < LOWER; k++) {
                const float v = of_bits(u << 16 | lower[k]);
                if (fabsf(v) < 65520.0f) x[n++] = v;
            }
        memset(p, 0xab, sizeof p);
        memset(q, 0xab, sizeof q);
        for (size_t k = 0; k < n; k++)
            half_store(p + 2 * k, half_from_float(x[k]));
        assert_true(l->narrow(x, n, q));
        assert_memory_equal(q, p, sizeof p);
    }
    EACH_LEVEL(again, k)
    for (size_t n = 1; n < 70; n++)
        for (size_t at = 0; at < n; at++) {
            fill(x, n, n);
            x[at] = at % 2 ? 65520.0f : -65520.0f;
            assert_false(again->narrow(x, n, q));
            x[at] = NAN;
            assert_false(again->narrow(x, n, q));
            x[at] = 65519.996f;
            assert_true(again->narrow(x, n, q));
        }
}

/* With what does not fit, infinities and NaNs among them, in place or not. */
static void rounding_through_f16_is_half_s(void **state)
{
    (void)state;
    static const float odd[] = { 65519.0f, 65520.0f, -1e30f, INFINITY, -INFINITY, NAN, 1e-8f, -0.0f };
    for (int level = 0; level == 0 || lanes_at(level); level++)
        for (size_t n = 0; n < 1400; n += 1 + n / 7) {
            fill(x, n, n);
            for (size_t k = n % 5; k < n && n % 3; k += 97)
                x[k] = odd[(n + k) % (sizeof odd / sizeof *odd)];
            for (size_t k = 0; k < n; k++)
                a[k] = half_to_float(half_from_float(x[k]));
            memset(b, 0, sizeof b);
            lanes_round_halves(lanes_at(level), x, n, b);
            assert_memory_equal(b, a, n * sizeof *a);
            assert_true(b[n] == 0.0f);
            lanes_round_halves(lanes_at(level), x, n, x);
            assert_memory_equal(x, a, n * sizeof *a);
        }
}

/* Blocks of every size of number, with ties between codes, zeros of either sign alone and mixed, one value that stands
 * out; each as long as it takes to meet every number of blocks that is left over. */
static void fill_blocks(size_t n, uint64_t key, float largest)
{
    static const float ties[] = { 0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f, 7.0f };
    for (size_t i = 0; i < n; i++) {
        const uint64_t draw = random_bits(key, i / 16);
        const float v = (float)random_normal(key + 1, i), tie = ties[i % 8] * (i % 3 ? 1.0f : -1.0f);
        const float scale = (float)(8 + (draw >> 8) % 8) * 0.125f; /* of E4M3, */
        const float edge = 6.0f * (scale + 0.0625f);               /* and between it and the next */
        switch (draw % 10) {
        case 0: x[i] = i % 5 ? 0.0f : -0.0f; break;
        case 1: x[i] = ldexpf(tie, (int)(draw >> 8 & 255) - 128); break;
        case 2: x[i] = tie * 0.001953125f * (float)(1 + (draw >> 8) % 200); break;
        case 3: x[i] = i % 16 == (draw >> 8) % 16 ? v * 1e3f : v * 1e-3f; break;
        case 4: x[i] = ldexpf(v, (int)(draw >> 8 & 255) - 140); break;
        case 5: x[i] = nextafterf(tie, i % 2 ? 8.0f : 0.0f); break;
        case 6: x[i] = i % 16 == 3 ? 6.0f * scale : tie < 6.0f ? tie * scale : scale; break; /* codes on ties */
        case 7: x[i] = i % 16 == 5 ? nextafterf(edge, draw & 1024 ? edge : draw & 2048 ? 0.0f : 16.0f) : v; break;
        default: x[i] = v;
        }
        if (!isfinite(x[i])) x[i] = copysignf(0x1.fffffep127f, x[i]);
        if (largest > 0 && fabsf(x[i]) > largest) x[i] = copysignf(largest, x[i]);
    }
}

static void blocks_are_block_fp_s(void **state)
{
    (void)state;
    EACH_LEVEL(l, i)
    EACH_FORMAT(f)
    for (uint64_t key = 0; key < 40; key++) {
        const size_t n = MOST - key * 32 - (f->values == 1 ? (size_t)key : 0);
        fill_blocks(n, 100 + 2 * key, f->largest);
        assert_int_equal(same(f, of_level(l, f), n), n / f->values);
    }
}

/* Wherever it stands, among as many values as leave every number of lanes over. */
static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    EACH_LEVEL(l, i)
    EACH_FORMAT(f)
    for (size_t blocks = 1; f->largest > 0 && blocks < 53; blocks += 3)
        for (size_t at = 0; at < blocks; at++) {
            fill_blocks(blocks * f->values, at, f->largest);
            x[at * f->values + at % f->values] = at % 3 == 0 ? 3.4e38f : at % 3 == 1 ? f->beyond : -f->beyond;
            assert_int_equal(same(f, of_level(l, f), blocks * f->values), at);
        }
}

/* Any bytes: the same values, or refused at the same block. */
static void any_bytes_are_read_alike(void **state)
{
    (void)state;
    size_t refused = 0;
    EACH_LEVEL(l, i)
    EACH_FORMAT(f)
    for (uint64_t key = 0; key < 600; key++) {
        const size_t blocks = 1 + key % 67;
        for (size_t k = 0; k < blocks * f->bytes; k++)
            p[k] = (uint8_t)random_bits(key, k);
        for (size_t k = 0; f->values > 1 && key % 4 && k < blocks; k++) /* scales that are mostly some */
            p[k * f->bytes] = k % 61 ? p[k * f->bytes] & 0x7e : key % 2 ? 0xfd : 0x7f;
        for (size_t k = 0; f->values == 1 && key % 4 && k < blocks * f->bytes; k++)
            p[k] = k % 117 ? p[k] & 0xbb : 0x7f;
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        const size_t done = f->portable.decode(p, blocks * f->values, a);
        assert_int_equal(of_level(l, f).decode(p, blocks * f->values, b), done);
        assert_memory_equal(b, a, done * f->values * sizeof *a);
        refused += done < blocks;
    }
    assert_true(refused > 500 || !lanes_at(1));
}

/* Each pattern of the casts, between others that are read. */
static void every_pattern_is_read_alike(void **state)
{
    (void)state;
    enum { N = 40 };
    EACH_LEVEL(l, i)
    for (const format *f = formats; f->values == 1; f++)
        for (uint32_t code = 0; code < 1u << 8 * f->bytes; code++) {
            const size_t at = code % N;
            memset(p, 0x11, N * f->bytes);
            for (size_t k = 0; k < f->bytes; k++)
                p[at * f->bytes + k] = (uint8_t)(code >> 8 * k);
            memset(a, 0, N * sizeof *a);
            memset(b, 0, N * sizeof *b);
            const size_t done = f->portable.decode(p, N, a);
            assert_int_equal(of_level(l, f).decode(p, N, b), done);
            assert_memory_equal(b, a, done * sizeof *a);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(casts_round_every_number_alike), cmocka_unit_test(f16_rounds_every_number_alike),
        cmocka_unit_test(rounding_through_f16_is_half_s), cmocka_unit_test(blocks_are_block_fp_s),
        cmocka_unit_test(what_does_not_fit_is_named),     cmocka_unit_test(any_bytes_are_read_alike),
        cmocka_unit_test(every_pattern_is_read_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
