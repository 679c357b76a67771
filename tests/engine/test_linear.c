/* Packed weights are the file's values on every instruction set, and products with them the same sums. */
#include "engine/linear.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/random.h"

enum { K = 768, ROWS = 37, MOST_ROWS = 9 };

/* Bytes of any kind, but for scales that are not infinite or NaN: those of a file may be, its products then too. */
static void fill(const tensor_type *type, uint8_t *rows, size_t bytes, uint64_t key)
{
    float values[256];
    for (size_t i = 0; i < bytes; i++)
        rows[i] = (uint8_t)(random_uniform(key, i) * 256);
    for (size_t at = 0; at < bytes; at += type->bytes)
        for (uint64_t again = 1;; again++) {
            bool finite = true;
            type->to_f32(rows + at, values, type->block);
            for (size_t i = 0; i < type->block; i++)
                finite = finite && isfinite(values[i]);
            if (finite) break;
            for (size_t i = 0; i < type->bytes; i++)
                rows[at + i] = (uint8_t)(random_uniform(key + again, at + i) * 256);
        }
}

typedef struct subject {
    linear l;
    uint8_t *rows, *panels;
    float *exact; /* ROWS x k by the type's own to_f32 */
    float *bias;
    size_t k;
} subject;

static subject subject_of(const tensor_type *type, size_t k)
{
    subject s = { .k = k };
    s.l = (linear){ .type = type, .row_bytes = tensor_row_bytes(type, k), .n_in = k, .n_out = ROWS };
    s.rows = malloc(ROWS * s.l.row_bytes);
    s.exact = malloc(ROWS * k * sizeof *s.exact);
    assert_non_null(s.rows);
    assert_non_null(s.exact);
    fill(type, s.rows, ROWS * s.l.row_bytes, 11 + (uint64_t)type->id);
    for (size_t r = 0; r < ROWS; r++)
        type->to_f32(s.rows + r * s.l.row_bytes, s.exact + r * k, k);
    s.l.rows = s.rows;
    return s;
}

static void release(subject *s)
{
    linear_release(&s->l);
    free(s->rows);
    free(s->panels);
    free(s->exact);
}

/* A crew with this level's sums of f32, whatever the machine's best. */
static linear_work work_of(const simd *level, int threads)
{
    fault f = { 0 };
    linear_work w;
    if (!linear_work_open(&w, threads, &f)) fail_msg("%s", f.text);
    w.simd = level;
    w.products = NULL;
    return w;
}

static const tensor_type *supported(int i)
{
    const tensor_type *type = tensor_type_of(i);
    return type && type->to_f32 ? type : NULL;
}

static void keep(subject *s, const linear_work *w)
{
    free(s->panels);
    s->panels = aligned_alloc(64, linear_bytes(&s->l, w));
    assert_non_null(s->panels);
    memset(s->panels, 0xff, linear_bytes(&s->l, w)); /* columns past the last row must not stay so */
    linear_keep(&s->l, w, s->panels);
}

static void unpacked_panels_are_the_files_values(void **state)
{
    (void)state;
    for (int id = 0; tensor_type_of(id); id++) {
        const tensor_type *type = supported(id);
        if (!type) continue;
        for (int level = 0; simd_level(level); level++) {
            subject s = subject_of(type, K);
            linear_work w = work_of(simd_level(level), 1);
            const size_t width = (size_t)w.simd->width, bytes = packed_panel_bytes(type->form, w.simd->width, K);
            float *out = malloc(K * width * sizeof *out), *row = malloc(K * sizeof *row);
            assert_non_null(out);
            assert_non_null(row);
            keep(&s, &w);
            for (size_t r = 0; r < ROWS; r++) {
                w.simd->packed[type->form].unpack(s.l.panels + r / width * bytes, type->levels, K, out);
                for (size_t k = 0; k < K; k++)
                    row[k] = out[k * width + r % width];
                if (memcmp(row, s.exact + r * K, K * sizeof *row) != 0)
                    fail_msg("%s, %s: row %zu", type->name, w.simd->name, r);
                linear_row(&s.l, r, row);
                assert_memory_equal(row, s.exact + r * K, K * sizeof *row);
            }
            for (size_t r = ROWS; r % width != 0; r++) /* of the last panel, what is not in W */
                for (size_t k = 0; k < K; k++)
                    assert_true(out[k * width + r % width] == 0);
            free(out);
            free(row);
            linear_work_close(&w);
            release(&s);
        }
    }
}

/* y of one row of x as fused multiply-adds in ascending order, with no panel anywhere. */
static void sums_of(const subject *s, const float *x, float *y)
{
    for (size_t r = 0; r < ROWS; r++) {
        y[r] = s->l.bias ? s->l.bias[r] : 0;
        for (size_t k = 0; k < s->k; k++)
            y[r] = fmaf(x[k], s->exact[r * s->k + k], y[r]);
    }
}

static void check_products(subject *s, linear_work *w, const float *x, const char *what)
{
    float expected[ROWS], y[MOST_ROWS * ROWS];
    fault f = { 0 };
    for (size_t m = 1; m <= MOST_ROWS; m += m == 2 ? MOST_ROWS - 2 : 1) { /* 1, 2, all */
        if (!linear_apply(&s->l, w, x, m, y, &f)) fail_msg("%s", f.text);
        for (size_t i = 0; i < m; i++) {
            sums_of(s, x + i * s->k, expected);
            if (memcmp(y + i * ROWS, expected, sizeof expected) != 0)
                fail_msg("%s, %s, %s: row %zu of %zu", s->l.type->name, w->simd->name, what, i, m);
        }
    }
}

static void products_are_ascending_sums_of_the_files_values(void **state)
{
    (void)state;
    for (int id = 0; tensor_type_of(id); id++) {
        const tensor_type *type = supported(id);
        if (!type) continue;
        const size_t k = type->block == 1 ? 301 : K; /* an odd number where the type allows it */
        float *x = malloc(MOST_ROWS * k * sizeof *x);
        assert_non_null(x);
        for (size_t i = 0; i < MOST_ROWS * k; i++)
            x[i] = (float)random_normal(5, i);
        for (int level = 0; simd_level(level); level++) {
            subject s = subject_of(type, k);
            linear_work w = work_of(simd_level(level), 1 + level);
            check_products(&s, &w, x, "from the file");
            keep(&s, &w);
            check_products(&s, &w, x, "kept");
            s.l.bias = malloc(ROWS * sizeof *s.l.bias);
            assert_non_null(s.l.bias);
            for (size_t r = 0; r < ROWS; r++)
                s.l.bias[r] = (float)random_normal(6, r);
            check_products(&s, &w, x, "with a bias");
            linear_work_close(&w);
            release(&s);
        }
        free(x);
    }
}

/* Where there are products in whole numbers: many rows give what each gives alone, from the file or kept, on any number
 * of threads, and it is the sum of f32 but for rounding. */
static void products_in_whole_numbers_depend_on_their_row_alone(void **state)
{
    (void)state;
    enum { M = 304 + 3, WHOLE = 1024 }; /* 19 blocks of rows, and a few */
    if (!products_best()) {
        print_message("no AMX with bf16 here, or KVANT_SIMD rules it out\n");
        skip();
    }
    float *x = malloc(M * K * sizeof *x), *rounded = malloc(M * ROWS * sizeof *x), *y = malloc(M * ROWS * sizeof *x),
          *one = malloc(M * ROWS * sizeof *x), row[WHOLE];
    fault f = { 0 };
    for (size_t i = 0; i < M * K; i++)
        x[i] = (float)random_normal(8, i);
    for (int id = 0; tensor_type_of(id); id++) {
        const tensor_type *type = supported(id);
        if (!type || type->block == 1) continue;
        subject s = subject_of(type, K);
        s.l.bias = calloc(ROWS, sizeof *s.l.bias);
        s.l.bias[3] = 2;
        linear_work w = work_of(simd_best(), 1), tiles = work_of(simd_best(), 3);
        tiles.products = products_best();
        keep(&s, &w);
        assert_true(linear_apply(&s.l, &w, x, M, rounded, &f));
        s.l.panels = NULL;
        assert_true(linear_apply(&s.l, &tiles, x, M, y, &f));
        keep(&s, &tiles);
        for (size_t r = 0; r < ROWS; r++) {
            linear_row(&s.l, r, row);
            assert_memory_equal(row, s.exact + r * K, K * sizeof *row);
        }
        assert_true(linear_apply(&s.l, &tiles, x, M, one, &f));
        assert_memory_equal(one, y, M * ROWS * sizeof *y);
        for (size_t i = 0; i < M; i++)
            assert_true(linear_apply(&s.l, &tiles, x + i * K, 1, one + i * ROWS, &f));
        assert_memory_equal(one, y, M * ROWS * sizeof *y);
        for (size_t i = 0; i < M * ROWS; i++) {
            double most = 0;
            for (size_t k = 0; k < K; k++)
                most += fabs((double)x[i / ROWS * K + k] * (double)s.exact[i % ROWS * K + k]);
            if (fabs((double)y[i] - (double)rounded[i]) > 2e-6 * (most + 2))
                fail_msg("%s: %g for %g", type->name, (double)y[i], (double)rounded[i]);
        }
        linear_work_close(&w);
        linear_work_close(&tiles);
        release(&s);
    }
    free(x);
    free(rounded);
    free(y);
    free(one);
}

static void gates_and_additions_follow_their_products(void **state)
{
    (void)state;
    const tensor_type *type = tensor_type_of(8);
    subject a = subject_of(type, K), b = subject_of(tensor_type_of(12), K);
    float x[3 * K], onto[3 * ROWS], gate[3 * ROWS], up[3 * ROWS], fused[3 * ROWS], plain[3 * ROWS];
    fault f = { 0 };
    for (size_t i = 0; i < 3 * K; i++)
        x[i] = (float)random_normal(7, i) / 64;
    for (int level = 0; simd_level(level); level++)
        for (size_t m = 1; m <= 3; m += 2) {
            linear_work w = work_of(simd_level(level), 2);
            if (w.simd->width == PRODUCTS_WIDTH) w.products = products_best();
            keep(&a, &w);
            keep(&b, &w);
            assert_true(linear_apply(&a.l, &w, x, m, gate, &f) && linear_apply(&b.l, &w, x, m, up, &f));
            for (size_t i = 0; i < m * ROWS; i++) {
                onto[i] = (float)i;
                plain[i] = (float)i + gate[i];
            }
            const linear_round add = { .x = x, .m = m, .n = 2, .parts = { { &b.l, up, NULL }, { &a.l, fused, onto } } };
            assert_true(linear_run(&add, &w, &f));
            assert_memory_equal(onto, plain, m * ROWS * sizeof *onto);
            const linear_round gated = { .x = x,
                                         .m = m,
                                         .n = 2,
                                         .parts = { { &a.l, fused, NULL }, { &b.l, plain, NULL } },
                                         .gate = w.simd->gelu_mul };
            assert_true(linear_run(&gated, &w, &f));
            w.simd->gelu_mul(gate, up, m * ROWS);
            assert_memory_equal(fused, gate, m * ROWS * sizeof *gate);
            linear_work_close(&w);
        }
    release(&a);
    release(&b);
}

/* Bits per weight of what is kept, against those of the file: what docs/performance/engine.md says. */
static void panels_take_what_the_file_takes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double most; /* kept / file */
    } types[] = { { "F32", 1 },       { "F16", 1 },     { "BF16", 1 },    { "Q8_0", 1 },
                  { "Q4_0", 1 },      { "Q4_1", 1 },    { "Q4_K", 1.03 }, { "IQ4_NL", 1 },
                  { "IQ4_XS", 1.03 }, { "Q6_K", 1.31 }, { "Q5_K", 1.57 }, { "Q5_0", 1.56 } };
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int id = 0; tensor_type_of(id); id++) {
            const tensor_type *type = tensor_type_of(id);
            if (strcmp(type->name, types[t].name) != 0) continue;
            const double kept = (double)packed_panel_bytes(type->form, 1, K), file = (double)tensor_row_bytes(type, K);
            if (kept > types[t].most * file) fail_msg("%s: %g bytes for %g", type->name, kept, file);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacked_panels_are_the_files_values),
        cmocka_unit_test(products_are_ascending_sums_of_the_files_values),
        cmocka_unit_test(products_in_whole_numbers_depend_on_their_row_alone),
        cmocka_unit_test(gates_and_additions_follow_their_products),
        cmocka_unit_test(panels_take_what_the_file_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
