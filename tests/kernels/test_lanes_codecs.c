/* What codecs do in lanes beyond rotating and packing, beside the portable version: blocks, rows of a
 * sphere, lattices, lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/besicovitch.h"
#include "kernels/block_q.h"
#include "kernels/half.h"
#include "kernels/lanes.h"
#include "kernels/lattice.h"
#include "kernels/random.h"
#include "kernels/sphere.h"
#include "tests/kernels/lanes_levels.h"

typedef struct block_case {
    const char *name;
    lanes_blocks portable;
    size_t bytes;
    int sign_of_d; /* 1: a negative d is corrupt */
} block_case;

static const block_case block_cases[] = {
    { "q5_1", { block_q5_1_encode, block_q5_1_decode }, BLOCK_Q5_1_BYTES, 1 },
    { "q5_0", { block_q5_0_encode, block_q5_0_decode }, BLOCK_Q5_0_BYTES, 0 },
    { "q4_1", { block_q4_1_encode, block_q4_1_decode }, BLOCK_Q4_1_BYTES, 1 },
    { "q4_0", { block_q4_0_encode, block_q4_0_decode }, BLOCK_Q4_0_BYTES, 0 },
    { "iq4_nl", { block_iq4_nl_encode, block_iq4_nl_decode }, BLOCK_IQ4_NL_BYTES, 0 },
};

/* Rows that meet every branch: ties between values of one magnitude, zeros of either sign alone and mixed, constants,
 * steps on halves, numbers that underflow on the way. */
static void fill_blocks(float *x, size_t blocks, uint64_t key)
{
    static const float sizes[] = { 1.0f, 1e-38f, 1e-42f, 1e-7f, 3e-5f, 4e3f, 1e-15f, 2e-16f, 1e15f };
    fill(x, blocks * BLOCK_Q, key);
    for (size_t b = 0; b < blocks; b++) {
        float *y = x + b * BLOCK_Q;
        const uint64_t draw = random_bits(key + 1, b);
        for (size_t i = 0; i < BLOCK_Q; i++) {
            const float zero = random_bits(key + 2, b * BLOCK_Q + i) % 2 ? 0.0f : -0.0f;
            switch (draw % 8) {
            case 0: y[i] = zero; break;
            case 1: y[i] = (i + b) % 5 ? (i % 2 ? 2.5f : -2.5f) : zero; break;
            case 2: y[i] = -1.75f; break;
            case 3: y[i] = (float)((int)((i * 7 + b) % 33) - 16) * 0.5f; break;
            case 4: y[i] = fabsf(y[i]) + (i == draw / 8 % 32 ? zero - fabsf(y[i]) : 0.0f); break;
            case 5: y[i] = -fabsf(y[i]); break;
            default: y[i] *= sizes[draw / 8 % (sizeof sizes / sizeof *sizes)] * (draw % 8 == 6 && b % 7 ? 1e-6f : 1.0f);
            }
            if (fabsf(y[i]) > 6e4f) y[i] = 6e4f;
        }
    }
}

static lanes_blocks of_level(const lanes *l, const block_case *c)
{
    const lanes_blocks all[] = { l->q5_1, l->q5_0, l->q4_1, l->q4_0, l->iq4_nl };
    return all[c - block_cases];
}

static void blocks_are_block_q_s(void **state)
{
    (void)state;
    enum { BLOCKS = 517, N = BLOCKS * BLOCK_Q };
    static float x[N], a[N], b[N];
    static uint8_t p[BLOCKS * BLOCK_Q5_1_BYTES + 1], q[BLOCKS * BLOCK_Q5_1_BYTES + 1];
    EACH_LEVEL(l, i)
    for (const block_case *c = block_cases; c < block_cases + 5; c++)
        for (uint64_t key = 0; key < 6; key++) {
            const lanes_blocks k = of_level(l, c);
            const size_t n = N - 40 * BLOCK_Q * (size_t)key;
            fill_blocks(x, BLOCKS, 100 + 10 * key);
            memset(p, 0xab, sizeof p);
            memset(q, 0xab, sizeof q);
            assert_int_equal(c->portable.encode(x, n, p), n / BLOCK_Q);
            assert_int_equal(k.encode(x, n, q), n / BLOCK_Q);
            assert_memory_equal(q, p, sizeof p);
            memset(a, 0, sizeof a);
            memset(b, 0, sizeof b);
            assert_int_equal(c->portable.decode(p, n, a), n / BLOCK_Q);
            assert_int_equal(k.decode(p, n, b), n / BLOCK_Q);
            assert_memory_equal(b, a, sizeof a);
        }
}

enum { IN_ORDER, BACKWARDS, FOUR_SUMS, FOUR_PIECES, TWO_HALVES, OTHER_PRODUCTS, FUSED, ORDERS };

/* The scale that iq4_nl fits to a block with these codes, adding and multiplying in an order. */
static uint16_t fitted_scale(const float *x, const uint8_t *codes, int order)
{
    float lx[4] = { 0 }, ll[4] = { 0 };
    for (int step = 0; step < BLOCK_Q; step++) {
        const int i = order == BACKWARDS ? BLOCK_Q - 1 - step : step;
        const int sum = order == FOUR_SUMS ? i % 4 : order == FOUR_PIECES ? i / 8 : order == TWO_HALVES ? i / 16 : 0;
        const float level = (float)block_iq4_nl_levels[codes[i]], weight = x[i] * x[i];
        if (order == FUSED) {
            lx[sum] = fmaf(weight * level, x[i], lx[sum]);
            ll[sum] = fmaf(weight * level, level, ll[sum]);
        } else {
            lx[sum] += order == OTHER_PRODUCTS ? weight * (level * x[i]) : weight * level * x[i];
            ll[sum] += order == OTHER_PRODUCTS ? weight * (level * level) : weight * level * level;
        }
    }
    return half_from_float(((lx[0] + lx[1]) + (lx[2] + lx[3])) / ((ll[0] + ll[1]) + (ll[2] + ll[3])));
}

/* One block in some thousands tells orders apart; these do, all of them. */
static void iq4_nl_adds_in_index_order(void **state)
{
    (void)state;
    static const uint64_t telling[] = { 177053, 184183, 270436, 279346 };
    for (size_t t = 0; t < sizeof telling / sizeof *telling; t++) {
        float x[LANES_MOST * BLOCK_Q];
        uint8_t portable[LANES_MOST * BLOCK_IQ4_NL_BYTES], bytes[sizeof portable], codes[BLOCK_Q];
        for (size_t i = 0; i < LANES_MOST * BLOCK_Q; i++)
            x[i] = (float)random_normal(77, telling[t] * BLOCK_Q + i % BLOCK_Q);
        assert_int_equal(block_iq4_nl_encode(x, LANES_MOST * BLOCK_Q, portable), LANES_MOST);
        for (size_t i = 0; i < BLOCK_Q / 2; i++) {
            codes[i] = portable[2 + i] & 15;
            codes[i + BLOCK_Q / 2] = portable[2 + i] >> 4;
        }
        assert_int_equal(half_load(portable), fitted_scale(x, codes, IN_ORDER));
        for (int order = IN_ORDER + 1; order < ORDERS; order++)
            assert_int_not_equal(half_load(portable), fitted_scale(x, codes, order));
        EACH_LEVEL(l, i)
        {
            assert_int_equal(l->iq4_nl.encode(x, LANES_MOST * BLOCK_Q, bytes), LANES_MOST);
            assert_memory_equal(bytes, portable, sizeof bytes);
        }
    }
}

/* Any bytes: the same values, or refused at the same block. */
static void any_block_is_read_as_block_q_reads_it(void **state)
{
    (void)state;
    enum { BLOCKS = 64, N = BLOCKS * BLOCK_Q };
    static float a[N], b[N];
    static uint8_t bytes[BLOCKS * BLOCK_Q5_1_BYTES];
    EACH_LEVEL(l, i)
    for (const block_case *c = block_cases; c < block_cases + 5; c++)
        for (uint64_t key = 0; key < 60; key++) {
            for (size_t k = 0; k < sizeof bytes; k++)
                bytes[k] = (uint8_t)random_bits(900 + key, k);
            for (size_t k = 0; key % 3 && k < BLOCKS; k++) { /* mostly numbers */
                bytes[k * c->bytes + 1] &= c->sign_of_d ? 0x3b : 0xbb;
                if (c->sign_of_d) bytes[k * c->bytes + 3] &= 0xbb;
            }
            if (key % 3 == 2)
                bytes[(key % BLOCKS) * c->bytes + (c->sign_of_d && key % 4 == 1 ? 3 : 1)] =
                    c->sign_of_d && key % 4 == 3 ? 0x80 : 0x7c;
            memset(a, 0, sizeof a);
            memset(b, 0, sizeof b);
            const size_t done = c->portable.decode(bytes, N, a);
            assert_int_equal(of_level(l, c).decode(bytes, N, b), done);
            assert_memory_equal(b, a, done * BLOCK_Q * sizeof *a);
        }
}

static void a_block_too_large_for_f16_is_named(void **state)
{
    (void)state;
    enum { BLOCKS = 48, N = BLOCKS * BLOCK_Q };
    static float x[N];
    static uint8_t p[BLOCKS * BLOCK_Q5_1_BYTES], q[BLOCKS * BLOCK_Q5_1_BYTES];
    EACH_LEVEL(l, i)
    for (const block_case *c = block_cases; c < block_cases + 5; c++)
        for (size_t at = 0; at < BLOCKS; at++) {
            fill(x, N, at);
            for (int k = 0; k < BLOCK_Q; k++)
                x[at * BLOCK_Q + (size_t)k] = k % 2 ? 3e38f : -3e38f;
            assert_int_equal(c->portable.encode(x, N, p), at);
            assert_int_equal(of_level(l, c).encode(x, N, q), at);
            assert_memory_equal(q, p, at * c->bytes);
        }
}

/* Rows as a rotation leaves them, with values on the ties between points, and steps from where nothing is cut off to
 * where much is. */
static void steps_of_a_lattice_are_as_one_by_one(void **state)
{
    (void)state;
    enum { DIM = 64, STEPS = 2 * LANES_MOST + 5 };
    static const int qs[] = { 1, 2, 4, 38, LATTICE_Q_MAX };
    float unit[DIM], per_step[STEPS];
    double along[2][STEPS], square[2][STEPS];
    EACH_LEVEL(l, i) for (int kind = LATTICE_Z; kind <= LATTICE_E8; kind++) for (size_t z = 0; z < 5; z++)
    {
        lattice points, portable;
        assert_true(lattice_init(&points, (lattice_kind)kind, qs[z], false));
        portable = points;
        points.lanes = l;
        portable.lanes = NULL;
        for (uint64_t key = 0; key < 40; key++) {
            fill(unit, DIM, key);
            for (int k = 0; k < STEPS; k++)
                per_step[k] = key % 4 == 3 ? 0.5f * (float)(k + 1) : 0.05f * (float)qs[z] * (float)(k + 1);
            for (int k = 0; key % 4 == 3 && k < DIM; k++)
                unit[k] = 0.5f * rintf(2.0f * unit[k]);
            const size_t n = STEPS - key % 9;
            lattice_steps(&points, unit, DIM, per_step, n, along[0], square[0]);
            lattice_steps(&portable, unit, DIM, per_step, n, along[1], square[1]);
            assert_memory_equal(along[0], along[1], n * sizeof **along);
            assert_memory_equal(square[0], square[1], n * sizeof **square);
        }
    }
}

/* Also on the lines, on the borders between them, on the axes, and at the ends of f32. */
static void a_group(float *x, int g, uint64_t key, size_t i, const besi_lines *lines)
{
    static const float sizes[] = { 1.0f, 1e-30f, 1e30f, 0.0f, -0.0f, 3e38f, 1e-44f };
    const size_t at = (size_t)random_bits(key, i) % (size_t)lines->n;
    for (int k = 0; k < g; k++) {
        x[k] = (float)random_normal(key + 1, i * BESI_GROUP_MAX + (size_t)k);
        if (i % 5 == 1) x[k] = (i % 2 ? 1.0f : -1.0f) * lines->at[k][at];
        if (i % 5 == 2 && g == 2) x[k] = (i % 2 ? 1.0f : -1.0f) * lines->border[k][at];
        if (i % 5 == 3) x[k] = k == (int)at % g ? x[k] : (i % 2 ? 0.0f : -0.0f);
        if (i % 7 == 4) x[k] = fmaxf(-1.0f, fminf(1.0f, x[k])) * sizes[i / 7 % 7];
    }
}

static void nearest_lines_are_as_one_by_one(void **state)
{
    (void)state;
    enum { GROUPS = 203 };
    static float x[GROUPS * BESI_GROUP_MAX], alpha[GROUPS];
    static uint8_t index[GROUPS];
    EACH_LEVEL(l, i)
    for (int g = BESI_GROUP_MIN; g <= BESI_GROUP_MAX; g++)
        for (int bits = 1; bits <= BESI_BITS_MAX; bits++) {
            static besi_lines lines;
            assert_true(besi_lines_init(&lines, g, bits));
            lines.lanes = l;
            for (size_t k = 0; k < GROUPS; k++)
                a_group(x + k * (size_t)g, g, (uint64_t)bits, k, &lines);
            const size_t n = GROUPS - (size_t)bits;
            memset(index, 0xee, sizeof index);
            besi_nearest_all(&lines, x, n, index, alpha);
            for (size_t k = 0; k < n; k++) {
                float one;
                assert_int_equal(index[k], besi_nearest(&lines, x + k * (size_t)g, &one));
                assert_memory_equal(&alpha[k], &one, sizeof one);
            }
            for (size_t k = n; k < GROUPS; k++)
                assert_int_equal(index[k], 0xee);
        }
}

static void q8_0_is_block_q_s(void **state)
{
    (void)state;
    enum { BLOCKS = 64, N = BLOCKS * BLOCK_Q };
    static float x[N], a[N], b[N];
    static uint8_t p[BLOCKS * BLOCK_Q8_0_BYTES], q[BLOCKS * BLOCK_Q8_0_BYTES];
    static const float sizes[] = { 1.0f, 127.0f, 1e-38f, 1e-42f, 1e-7f, 3e-5f, 8e6f, 0.0f };
    EACH_LEVEL(l, i)
    {
        if (!l->q8_0.encode) continue;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            fill(x, N, 60 + s);
            for (size_t k = 0; k < N; k++)
                x[k] = k % 64 < 32 ? (float)((int)k % 255 - 127) * 0.5f * sizes[s] : x[k] * sizes[s];
            for (size_t k = 0; k < N; k += 64)
                x[k] = 127.0f * sizes[s]; /* now the halves are exactly that */
            memset(p, 1, sizeof p);
            memset(q, 1, sizeof q);
            assert_int_equal(l->q8_0.encode(x, N, q), block_q8_0_encode(x, N, p));
            assert_memory_equal(q, p, sizeof p);
            assert_int_equal(l->q8_0.decode(p, N, b), block_q8_0_decode(p, N, a));
            assert_memory_equal(b, a, sizeof a);
        }
        fill(x, N, 70);
        x[40 * BLOCK_Q + 3] = 9e6f; /* d > 65504 */
        assert_int_equal(l->q8_0.encode(x, N, q), 40);
        x[40 * BLOCK_Q + 3] = 0.0f;
        l->q8_0.encode(x, N, q);
        q[33 * BLOCK_Q8_0_BYTES + 2 + 31] = 0x80;
        assert_int_equal(l->q8_0.decode(q, N, a), 33);
        q[20 * BLOCK_Q8_0_BYTES + 1] |= 0x80;
        assert_int_equal(l->q8_0.decode(q, N, a), 20);
        q[10 * BLOCK_Q8_0_BYTES + 1] = 0x7c;
        assert_int_equal(l->q8_0.decode(q, N, a), 10);
    }
}

/* Every third float from 1/4 to 1 and every 61st up to 127, of either sign, beside roundf; and the
 * neighbours of every half. */
static void q8_0_rounds_halves_away_from_zero(void **state)
{
    (void)state;
    float x[BLOCK_Q] = { 127.0f };
    uint8_t bytes[BLOCK_Q8_0_BYTES];
    EACH_LEVEL(l, level)
    {
        if (!l->q8_0.encode) continue;
        for (float half = 0.5f; half < 127.0f; half += 1.0f) {
            x[1] = half, x[2] = nextafterf(half, 0.0f), x[3] = nextafterf(half, 128.0f);
            x[4] = -x[1], x[5] = -x[2], x[6] = -x[3];
            assert_int_equal(l->q8_0.encode(x, BLOCK_Q, bytes), 1);
            for (int i = 1; i <= 6; i++)
                assert_int_equal((int8_t)bytes[2 + i], (int)roundf(x[i]));
        }
        uint32_t bits = 0x3e800000u; /* 0.25 */
        while (bits < 0x42fe0000u) { /* 127 */
            for (int i = 1; i < BLOCK_Q; i++, bits += bits < 0x3f800000u ? 3 : 61) {
                const uint32_t one = i % 2 ? bits : bits | 0x80000000u;
                memcpy(&x[i], &one, sizeof one);
                if (fabsf(x[i]) > 127.0f) x[i] = 0.0f;
            }
            assert_int_equal(l->q8_0.encode(x, BLOCK_Q, bytes), 1);
            for (int i = 0; i < BLOCK_Q; i++)
                if ((int8_t)bytes[2 + i] != (int)roundf(x[i]))
                    fail_msg("%a became %d", (double)x[i], (int8_t)bytes[2 + i]);
        }
    }
}

/* In calls of at most `stride` rows, with marks in the columns beyond. */
static void columns_are_rows(const sphere *s, const uint8_t *bytes, const float *rows, size_t n_rows, size_t stride)
{
    float *columns = calloc(s->n * stride, sizeof *columns);
    assert_non_null(columns);
    for (size_t first = 0; first < n_rows; first += stride) {
        const size_t n = n_rows - first < stride ? n_rows - first : stride;
        for (size_t i = 0; i < s->n * stride; i++)
            columns[i] = 7;
        assert_int_equal(sphere_decode_columns(s, bytes + first * sphere_bytes(s->n, s->bits), columns, stride, n), n);
        for (size_t i = 0; i < s->n; i++)
            for (size_t r = 0; r < stride; r++)
                assert_true(columns[i * stride + r] == (r < n ? rows[(first + r) * s->n + i] : 7));
    }
    free(columns);
}

/* Also where a row in the middle is zero, too small for its scale, or too large. */
static void rows_of_a_sphere_are_as_one_by_one(void **state)
{
    (void)state;
    enum { N_ROWS = 3 * LANES_MOST + 5, DIM = 96 };
    static float x[N_ROWS * DIM], back[N_ROWS * DIM], row[DIM];
    static uint8_t bytes[N_ROWS * (DIM + 2)], one[DIM + 2];
    EACH_LEVEL(l, i)
    for (int bits = 1; bits <= 8; bits++)
        for (int scale = SPHERE_PLAIN; scale <= SPHERE_UNBIASED; scale++) {
            static sphere s;
            assert_true(sphere_init(&s, DIM, bits));
            s.rotation.lanes = l;
            const size_t size = sphere_bytes(DIM, bits);
            fill(x, N_ROWS * DIM, (uint64_t)bits);
            memset(x + 20 * DIM, 0, DIM * sizeof *x);
            for (int c = 0; c < DIM; c++)
                x[25 * DIM + c] *= 1e-12f;
            assert_int_equal(sphere_encode_rows(&s, scale, x, N_ROWS, bytes), N_ROWS);
            assert_int_equal(sphere_decode_rows(&s, bytes, back, N_ROWS), N_ROWS);
            for (size_t r = 0; r < N_ROWS; r++) {
                assert_true(sphere_encode(&s, scale, x + r * DIM, one) == 0.0);
                assert_memory_equal(bytes + r * size, one, size);
                assert_true(sphere_decode(&s, one, row));
                assert_memory_equal(back + r * DIM, row, sizeof row);
            }
            columns_are_rows(&s, bytes, back, N_ROWS, (size_t)l->n);
            columns_are_rows(&s, bytes, back, N_ROWS, N_ROWS + 2);
            bytes[18 * size + 1] = 0x7c;
            assert_int_equal(sphere_decode_rows(&s, bytes, back, N_ROWS), 18);
            assert_int_equal(sphere_decode_columns(&s, bytes, x, N_ROWS, N_ROWS), 18);
            fill(x, N_ROWS * DIM, (uint64_t)bits);
            x[37 * DIM] = 1e30f;
            assert_int_equal(sphere_encode_rows(&s, scale, x, N_ROWS, bytes), 37);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_block_q_s),
        cmocka_unit_test(iq4_nl_adds_in_index_order),
        cmocka_unit_test(any_block_is_read_as_block_q_reads_it),
        cmocka_unit_test(a_block_too_large_for_f16_is_named),
        cmocka_unit_test(steps_of_a_lattice_are_as_one_by_one),
        cmocka_unit_test(nearest_lines_are_as_one_by_one),
        cmocka_unit_test(q8_0_is_block_q_s),
        cmocka_unit_test(q8_0_rounds_halves_away_from_zero),
        cmocka_unit_test(rows_of_a_sphere_are_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
