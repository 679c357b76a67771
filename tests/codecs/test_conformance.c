/* The codecs that encode each row by itself, in one table: promises (promises.h), idempotence, dimensions.
 * Codecs with blocks, calibration or another codec inside are tried in their own tests;
 * rotate is here for its dimensions. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codecs/promises.h"
#include "tests/codecs/subject.h"
#include "tests/scale.h"

enum { N = 24 };

typedef struct entry {
    const char *expression;
    int dims[4];       /* ends with 0 */
    float huge;        /* as in promises.h */
    bool tiny_is_kept; /* idempotent on rows of 1e-30 too; not where the f16 scale of a block becomes 0 first */
    bool idempotent;   /* see decoded_rows_encode_to_the_same_bytes */
} entry;

static const entry entries[] = {
    { "identity", { 1, 80, 128 }, 1e38f, true, true },
    { "f16", { 1, 80, 128 }, 65000.0f, true, true },
    { "bf16", { 1, 80, 128 }, 3e38f, true, true },
    { "e4m3", { 1, 80, 128 }, 440.0f, true, true },
    { "e5m2", { 1, 80, 128 }, 50000.0f, true, true },
    { "q8_0", { 32, 128 }, 8e6f, false, true },
    { "q5_1", { 32, 128 }, 60000.0f, false, true },
    { "q5_0", { 32, 128 }, 1e6f, false, true },
    { "q4_1", { 32, 128 }, 60000.0f, false, true },
    { "q4_0", { 32, 128 }, 5e5f, false, true },
    { "iq4_nl", { 32, 128 }, 8e6f, false, false },
    { "mxfp4", { 32, 128 }, 1e38f, true, true },
    { "nvfp4", { 16, 80, 128 }, 2600.0f, false, false },
    { "turbo2", { 128, 256 }, 5000.0f, true, true },
    { "turbo3", { 128, 256 }, 5000.0f, true, true },
    { "turbo4", { 128, 256 }, 5000.0f, true, true },
    { "turbo3", { 64, 80, 129 }, 5000.0f, true, false },
    { "polar(bits=1,scale=norm)", { 64, 128, 80 }, 2500.0f, true, true },
    { "polar(bits=2,scale=mse)", { 64, 128, 112 }, 2500.0f, true, true },
    { "polar(bits=3,scale=unbiased)", { 64, 128, 48 }, 2500.0f, true, true },
    { "polar(bits=4,scale=norm)", { 64, 128, 240 }, 2500.0f, true, true },
    { "polar(bits=4,scale=plain)", { 64, 128, 240 }, 2500.0f, true, false },
    { "polar(bits=5,scale=mse)", { 32, 256, 96 }, 2500.0f, true, true },
    { "polar(bits=6,scale=unbiased)", { 32, 256, 160 }, 2500.0f, true, true },
    { "polar(bits=7,scale=norm)", { 512, 192 }, 2500.0f, true, true },
    { "polar(bits=8,scale=plain)", { 128, 224 }, 2500.0f, true, false },
    { "besi(mean=0)", { 64, 128, 80 }, 60000.0f, true, false },
    { "lattice", { 64, 80, 128 }, 1e5f, true, true },
    { "tcq", { 64, 128, 80 }, 2500.0f, true, false },
    { "rotate(identity)", { 48, 128 }, 1e34f, true, false },
    { "template", { 1, 128 }, 1e38f, true, true },
};

static const size_t n_entries = sizeof entries / sizeof *entries;

static void at_each_dimension(void (*check)(const entry *e, int dim))
{
    for (const entry *e = entries; e < entries + n_entries; e++)
        for (const int *dim = e->dims; dim < e->dims + 4 && *dim; dim += EVERY(2))
            check(e, *dim);
}

static void promises_are_kept(const entry *e, int dim)
{
    promises_hold(&(promise){ e->expression, dim, 1, e->huge }, 1);
}

static void all_keep_the_promises_of_a_codec(void **state)
{
    (void)state;
    at_each_dimension(promises_are_kept);
}

static void bytes_are_kept_for(const entry *e, int dim, test_kind kind)
{
    const size_t n = N * (size_t)dim;
    size_t n_bytes, n_again;
    subject s;
    subject_open(&s, e->expression, dim, 1);
    float *rows = test_rows(kind, N, (size_t)dim, 11, e->huge), *back = malloc(n * sizeof *back);
    uint8_t *bytes = subject_encode(&s, rows, N, &n_bytes);
    assert_int_equal(s.t.codec->decode(s.t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
    uint8_t *again = subject_encode(&s, back, N, &n_again);
    if (n_bytes != n_again || memcmp(bytes, again, n_bytes) != 0)
        fail_msg("%s d=%d, %s rows: other bytes", e->expression, dim, test_kind_name[kind]);
    free(rows), free(back), free(bytes), free(again);
    subject_close(&s);
}

/* Where it must hold: not for padded heads, whose padding is cut off; not for polar(scale=plain), whose decoded rows
 * are shorter by the shrink that makes the error least; not for iq4_nl, nvfp4, besi and tcq, which choose among scales,
 * directions or paths, and choose anew; not through rotate, whose rounding comes between. */
static void bytes_are_kept(const entry *e, int dim)
{
    for (test_kind kind = 0; e->idempotent && kind < TEST_KINDS; kind++)
        if (kind != TEST_TINY || e->tiny_is_kept) bytes_are_kept_for(e, dim, kind);
}

static void decoded_rows_encode_to_the_same_bytes(void **state)
{
    (void)state;
    at_each_dimension(bytes_are_kept);
}

/* ---- dimensions -------------------------------------------------------------------------------------------------- */

/* Up to 2048: the block and exact codecs state more than any model has. */
static void every_stated_dimension_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_entries; i++) {
        const kvant_inner *spec = subject_spec(entries[i].expression);
        const kvant_codec *c = spec->codec;
        for (int dim = c->dim_min; dim <= c->dim_max && dim <= 2048; dim += c->dim_step * EVERY(7)) {
            test_instance t;
            test_open(&t, c, dim, spec->values);
            test_close(&t);
        }
    }
}

static void other_dimensions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        int dim;
    } wrong[] = {
        { "q8_0", 80 },   { "q4_0", 100 },   { "nvfp4", 72 },   { "polar", 72 }, { "polar", 16 },
        { "lattice", 0 }, { "polar", 1024 }, { "lattice", 72 }, { "tcq", 72 },   { "tcq", 528 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        subject s;
        char dim[16];
        assert_int_equal(subject_try_open(&s, wrong[i].expression, wrong[i].dim, 1), KVANT_E_SHAPE);
        snprintf(dim, sizeof dim, "%d", wrong[i].dim);
        assert_non_null(strstr(s.t.host.message, dim));
        assert_int_equal(s.t.host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keep_the_promises_of_a_codec),
        cmocka_unit_test(decoded_rows_encode_to_the_same_bytes),
        cmocka_unit_test(every_stated_dimension_opens),
        cmocka_unit_test(other_dimensions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
