/* Products in whole numbers are what products.h says, to the last bit, for one row and for many; and they are no less
 * exact than sums of f32. */
#include "kernels/products.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/half.h"
#include "kernels/random.h"

enum { K = 768, COLUMNS = 21, LDY = 40, MOST = PRODUCTS_ROWS };

static const int8_t levels[16] = { -128, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 127 };

typedef struct form_row {
    const char *name;
    packed_form form;
    packed_codes codes;
    packed_scales scales;
    bool base;
    size_t block, group;
} form_row;

static const form_row forms[] = {
#define ROW(name, codes, scales, base, block, group) { #name, PACKED_##name, codes, scales, base, block, group },
    PACKED_CODED(ROW)
#undef ROW
};
enum { FORMS = sizeof forms / sizeof *forms };

/* What a test multiplies. */
typedef struct subject {
    const form_row *form;
    packed_block blocks[PRODUCTS_WIDTH][K / PRODUCTS_GROUP];
    uint8_t *panel, *digits, *opened;
    float x[MOST * K];
} subject;

static void *bytes_of(size_t n)
{
    void *bytes =
        aligned_alloc(PRODUCTS_ALIGNMENT, (n + PRODUCTS_ALIGNMENT - 1) / PRODUCTS_ALIGNMENT * PRODUCTS_ALIGNMENT);
    assert_non_null(bytes);
    return bytes;
}

static subject *subject_of(const products *p, const form_row *form)
{
    subject *s = bytes_of(sizeof *s);
    s->form = form;
    s->panel = bytes_of(packed_panel_bytes(form->form, PRODUCTS_WIDTH, K));
    s->digits = bytes_of(p->digits_bytes(MOST, K));
    s->opened = bytes_of((size_t)2 * PRODUCTS_WIDTH * K);
    uint64_t at = 0;
    for (int lane = 0; lane < PRODUCTS_WIDTH; lane++)
        for (size_t k = 0; k < K; k += form->block) {
            packed_block *b = &s->blocks[lane][k / PRODUCTS_GROUP];
            b->scale = (uint16_t)(0x2000 + 0x800 * random_uniform(1, at++));
            b->base = (uint16_t)(0xa100 + 0x800 * random_uniform(1, at++));
            for (int i = 0; i < PACKED_GROUPS; i++) {
                b->scales[i] = (int8_t)(random_uniform(1, at++) * 256 - 128);
                b->bases[i] = (uint8_t)(random_uniform(1, at++) * 256);
            }
            for (int i = 0; i < PACKED_BLOCK; i++)
                b->codes[i] = (int8_t)(form->codes == CODES_NIBBLES ? random_uniform(1, at++) * 16
                                                                    : random_uniform(1, at++) * 256 - 128);
            packed_put(form->form, PACKED_FOURS, PRODUCTS_WIDTH, lane, k, b, s->panel);
        }
    for (size_t i = 0; i < MOST * K; i++) /* of all sizes, also within 32 */
        s->x[i] = (float)ldexp(random_normal(2, i), (int)(random_uniform(3, i) * 12) + (int)(i / 32 % 40) - 20);
    return s;
}

static void release(subject *s)
{
    free(s->panel);
    free(s->digits);
    free(s->opened);
    free(s);
}

/* ---- what products.h says, said with whole numbers of 64 bits ---- */

/* Row `r`'s 32 values from k on. */
static float numbers_of(const float *x, int64_t n[PRODUCTS_GROUP])
{
    float most = 0;
    int exponent;
    for (int i = 0; i < PRODUCTS_GROUP; i++)
        most = fmaxf(most, fabsf(x[i]));
    frexpf(most, &exponent);
    const float unit = ldexpf(1, exponent - 22 < -126 ? -126 : exponent - 22);
    for (int i = 0; i < PRODUCTS_GROUP; i++)
        n[i] = (int64_t)nearbyint((double)x[i] / (double)unit);
    return unit;
}

static float half_of(uint16_t bits)
{
    return half_to_float(bits);
}

static float expected(const subject *s, int r, int lane, float y)
{
    const form_row *f = s->form;
    for (size_t k = 0; k < K; k += f->group) {
        const packed_block *b = &s->blocks[lane][k / f->block * f->block / PRODUCTS_GROUP];
        const size_t group = k % f->block / f->group;
        const bool super = f->scales == SCALES_SUPER;
        const float step = half_of(b->scale) * (super ? (float)b->scales[group] : 1);
        const float base = half_of(b->base) * (super ? -(float)b->bases[group] : 1);
        int64_t n[PRODUCTS_GROUP], digit[3] = { 0 }, all = 0;
        const float unit = numbers_of(s->x + (size_t)r * K + k / PRODUCTS_GROUP * PRODUCTS_GROUP, n);
        for (size_t i = 0; i < f->group; i++) {
            const int8_t stored = b->codes[k % f->block + i];
            const int64_t code = f->codes == CODES_NIBBLES ? levels[stored] : stored;
            int64_t left = n[k % PRODUCTS_GROUP + i];
            all += left;
            for (int d = 0; d < 3; d++) {
                const int64_t low = ((left + 128) & 255) - 128;
                digit[d] += code * low;
                left = (left - low) / 256;
            }
            assert_true(left == 0);
        }
        const float joined = (float)(65536 * digit[2] + 256 * digit[1]) + (float)digit[0];
        y = fmaf(joined * unit, step, y);
        if (f->base) y = fmaf((float)all * unit, base, y);
    }
    return y;
}

/* ---- tests ---- */

static const products *products_here(void **state)
{
    if (!*state) print_message("no AMX with bf16 here, or KVANT_SIMD rules it out\n");
    if (!*state) skip();
    return *state;
}

/* What y[i] is before anything is added, in steps of `step`. */
static void begin(float y[MOST * LDY], float step)
{
    for (int i = 0; i < MOST * LDY; i++)
        y[i] = (float)i * step;
}

/* `rows` rows, many at a time when there are enough, the values in pieces of `steps`. */
static void multiply(const products *p, subject *s, int rows, size_t steps, float step, float y[MOST * LDY])
{
    const packed_form form = s->form->form;
    begin(y, step);
    p->spread(s->x, K, rows, K, s->digits);
    if (rows <= PRODUCTS_FEW) {
        p->few[form](s->panel, levels, K, s->digits, rows, y, LDY, COLUMNS, true);
        return;
    }
    for (size_t k = 0; k < K; k += steps) {
        p->open[form](s->panel, levels, k, steps, s->opened);
        p->many[form](s->panel, s->opened, k, steps, s->digits, rows, y, LDY, COLUMNS, true);
    }
}

static void check(const subject *s, int rows, float step, const float y[MOST * LDY])
{
    for (int r = 0; r < MOST; r++)
        for (int c = 0; c < LDY; c++) {
            const float before = (float)(r * LDY + c) * step, got = y[r * LDY + c];
            const float want = r < rows && c < COLUMNS ? expected(s, r, c, before) : before;
            if (memcmp(&got, &want, sizeof got) != 0)
                fail_msg("%s, %d rows: row %d, column %d is %.9g instead of %.9g", s->form->name, rows, r, c,
                         (double)got, (double)want);
        }
}

static void any_number_of_rows_gives_the_bits_that_the_header_says(void **state)
{
    const products *p = products_here(state);
    float y[MOST * LDY];
    for (int i = 0; i < FORMS; i++) {
        subject *s = subject_of(p, &forms[i]);
        for (int rows = 1; rows <= MOST; rows += rows < 5 ? 1 : 11) { /* 1 ... 5, 16 */
            multiply(p, s, rows, K, 0.125f, y);
            check(s, rows, 0.125f, y);
        }
        multiply(p, s, MOST, 256, 0.125f, y);
        check(s, MOST, 0.125f, y);
        release(s);
    }
}

static void zeros_denormals_and_large_values_are_numbers_too(void **state)
{
    const products *p = products_here(state);
    float y[MOST * LDY];
    subject *s = subject_of(p, &forms[0]);
    static const float scales[] = { 0, 1e-45f, 1e-39f, 1e-30f, 0x1p-105f, 1e20f, 0x1p78f };
    for (size_t g = 0; g < K / PRODUCTS_GROUP; g++)
        for (int i = 0; i < PRODUCTS_GROUP; i++)
            for (size_t r = 0; r < MOST; r++) {
                float *x = &s->x[r * K + g * PRODUCTS_GROUP + (size_t)i];
                *x = fmodf(*x, 1) * scales[(r + (r > 8 ? g : 0)) % (sizeof scales / sizeof *scales)];
            }
    for (int rows = PRODUCTS_FEW; rows <= MOST; rows += MOST - PRODUCTS_FEW) {
        multiply(p, s, rows, K, 0, y);
        check(s, rows, 0, y);
    }
    release(s);
}

static void what_is_not_finite_is_not_a_number_in_its_row_alone(void **state)
{
    const products *p = products_here(state);
    static const float bad[] = { INFINITY, -INFINITY, NAN, 1e30f };
    float y[MOST * LDY];
    subject *s = subject_of(p, &forms[0]);
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
        for (int rows = 2; rows <= MOST; rows += MOST - 2) {
            const float kept = s->x[K + 100];
            s->x[K + 100] = bad[b];
            multiply(p, s, rows, K, 0.125f, y);
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < COLUMNS; c++)
                    assert_int_equal(isnan(y[r * LDY + c]) != 0, r == 1);
            s->x[K + 100] = kept;
        }
    release(s);
}

static void nothing_is_added_unless_asked(void **state)
{
    const products *p = products_here(state);
    float y[MOST * LDY];
    subject *s = subject_of(p, &forms[0]);
    for (int rows = 2; rows <= MOST; rows += MOST - 2) {
        begin(y, 1);
        p->spread(s->x, K, rows, K, s->digits);
        p->open[forms[0].form](s->panel, levels, 0, K, s->opened);
        if (rows <= PRODUCTS_FEW)
            p->few[forms[0].form](s->panel, levels, K, s->digits, rows, y, LDY, COLUMNS, false);
        else
            p->many[forms[0].form](s->panel, s->opened, 0, K, s->digits, rows, y, LDY, COLUMNS, false);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < COLUMNS; c++)
                assert_true(y[r * LDY + c] == expected(s, r, c, 0));
    }
    release(s);
}

/* |y - truth| / sum |w x|, the worst. */
static double worst_error(const subject *s, const float y[MOST * LDY])
{
    float row[K];
    double worst = 0;
    for (int c = 0; c < COLUMNS; c++) {
        packed_row(s->form->form, PACKED_FOURS, PRODUCTS_WIDTH, c, levels, s->panel, K, row);
        for (int r = 0; r < MOST; r++) {
            double truth = (double)(r * LDY + c) / 8, most = fabs(truth);
            for (size_t k = 0; k < K; k++) {
                truth += (double)row[k] * (double)s->x[(size_t)r * K + k];
                most += fabs((double)row[k] * (double)s->x[(size_t)r * K + k]);
            }
            worst = fmax(worst, fabs((double)y[r * LDY + c] - truth) / most);
        }
    }
    return worst;
}

/* 2^-23 of the largest of 32 for each, and 25 roundings; without the lowest digit it would be 1e-5. */
static void products_are_as_exact_as_f32(void **state)
{
    const products *p = products_here(state);
    float y[MOST * LDY];
    for (int i = 0; i < FORMS; i++) {
        subject *s = subject_of(p, &forms[i]);
        multiply(p, s, MOST, K, 0.125f, y);
        const double worst = worst_error(s, y);
        if (worst > 1e-6) fail_msg("%s: %g of the sum of |w x|", forms[i].name, worst);
        release(s);
    }
}

int main(void)
{
    const products *best = products_best();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(any_number_of_rows_gives_the_bits_that_the_header_says, (void *)best),
        cmocka_unit_test_prestate(zeros_denormals_and_large_values_are_numbers_too, (void *)best),
        cmocka_unit_test_prestate(what_is_not_finite_is_not_a_number_in_its_row_alone, (void *)best),
        cmocka_unit_test_prestate(nothing_is_added_unless_asked, (void *)best),
        cmocka_unit_test_prestate(products_are_as_exact_as_f32, (void *)best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
