/* Codecs whose kernels come in several instruction sets write the same bytes and give back the same values on each, for
 * many rows at once as for one by one, and fail in the same words. */
#include "tests/codecs/test_host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu.h"

enum { ROWS = 2 * 16 + 7 };

static const struct {
    const char *module, *name;
    const char *param; /* set to `value`, NULL: defaults */
    int value;
    int dim_most;    /* 0: any */
    bool any_number; /* none is too large for it */
} subjects[] = {
    { "turbo", "turbo2", NULL, 0, 0, false },
    { "turbo", "turbo3", NULL, 0, 0, false },
    { "turbo", "turbo4", NULL, 0, 0, false },
    { "turbo", "turbo4_lm", NULL, 0, 0, false },
    { "turbo", "turbo2_64", NULL, 0, 0, false },
    { "turbo", "turbo3_64", NULL, 0, 0, false },
    { "turbo", "turbo4_64", NULL, 0, 0, false },
    { "polar", "polar", "bits", 1, 0, false },
    { "polar", "polar", "bits", 2, 0, false },
    { "polar", "polar", "bits", 3, 0, false },
    { "polar", "polar", "bits", 4, 0, false },
    { "polar", "polar", "bits", 5, 0, false },
    { "polar", "polar", "bits", 8, 0, false },
    { "polar", "polar", "scale", 0, 0, false },
    { "polar", "polar", "scale", 2, 0, false },
    { "polar", "polar", "scale", 3, 0, false },
    { "block", "q8_0", NULL, 0, 0, false },
    { "block", "q5_1", NULL, 0, 0, false },
    { "block", "q5_0", NULL, 0, 0, false },
    { "block", "q4_1", NULL, 0, 0, false },
    { "block", "q4_0", NULL, 0, 0, false },
    { "block", "iq4_nl", NULL, 0, 0, false },
    { "block", "e4m3", NULL, 0, 0, false },
    { "block", "e5m2", NULL, 0, 0, false },
    { "block", "nvfp4", NULL, 0, 0, false },
    { "exact", "f16", NULL, 0, 0, false },
    { "rotate", "rotate", NULL, 0, 0, false },
    { "block", "bf16", NULL, 0, 0, true },
    { "block", "mxfp4", NULL, 0, 0, true },
    { "tqprod", "tqprod", "bits", 1, 160, false },
    { "tqprod", "tqprod", "sketch", 0, 0, false },
    { "kivi", "kivi", "axis", 2, 0, false },
    { "outlier_split", "outlier_split", "qjl", 0, 0, false },
    { "outlier_split", "outlier_split", "qjl", 1, 160, false },
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };
static const int dims[] = { 32, 48, 64, 96, 100, 128, 160, 256, 480 };
enum { DIMS = sizeof dims / sizeof *dims };

static void open_at(test_instance *t, size_t subject, int dim, int level, kvant_inner *inner)
{
    const kvant_codec *codec = test_codec(subjects[subject].module, subjects[subject].name);
    kvant_value values[TEST_PARAMS] = { 0 };
    memset(inner, 0, sizeof *inner);
    inner->codec = test_codec("block", "q8_0");
    test_defaults(codec, inner, values);
    if (subjects[subject].param) values[test_param(codec, subjects[subject].param)].i = subjects[subject].value;
    cpu_force(cpu_level_name(level));
    test_open(t, codec, dim, values);
    cpu_force(NULL);
}

static bool takes(size_t subject, int dim)
{
    const kvant_codec *c = test_codec(subjects[subject].module, subjects[subject].name);
    const int step = strcmp(c->name, "rotate") == 0 ? 32 : c->dim_step; /* for the q8_0 inside */
    const int most = subjects[subject].dim_most ? subjects[subject].dim_most : c->dim_max;
    return dim >= c->dim_min && dim <= most && dim % step == 0;
}

/* Row 0 to the last, one call each. */
static void one_by_one(test_instance *t, const float *rows, uint8_t *bytes, float *back, size_t dim)
{
    size_t at = 0;
    for (size_t r = 0; r < ROWS; r++) {
        const int64_t n = t->codec->encode(t->state, r, rows + r * dim, 1, bytes + at, 8192);
        assert_true(n > 0);
        assert_int_equal(t->codec->decode(t->state, r, bytes + at, (size_t)n, back + r * dim, 1), KVANT_OK);
        at += (size_t)n;
    }
}

static void check(size_t subject, int dim, test_kind kind)
{
    const size_t n = ROWS * (size_t)dim;
    float *rows = test_rows(kind, ROWS, (size_t)dim, 5, 400.0f), *first = malloc(n * sizeof *first);
    float *back = malloc(n * sizeof *back);
    uint8_t *bytes = malloc(ROWS * 8192), *many = NULL;
    assert_true(rows && first && back && bytes);
    memset(rows + 17 * dim, 0, (size_t)dim * sizeof *rows);
    for (int level = 0; cpu_level_name(level) && cpu_runs(level); level++) {
        test_instance t;
        kvant_inner inner;
        size_t n_bytes;
        open_at(&t, subject, dim, level, &inner);
        if (level == 0) one_by_one(&t, rows, bytes, first, (size_t)dim);
        many = test_encode(&t, rows, ROWS, &n_bytes);
        assert_memory_equal(many, bytes, n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, many, n_bytes, back, ROWS), KVANT_OK);
        assert_memory_equal(back, first, n * sizeof *back);
        free(many);
        test_close(&t);
    }
    free(rows), free(first), free(back), free(bytes);
}

static void every_level_and_number_of_rows_gives_the_same(void **state)
{
    (void)state;
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t d = 0; d < DIMS; d++)
            for (test_kind kind = TEST_GAUSSIAN; takes(s, dims[d]) && kind < TEST_KINDS; kind++)
                check(s, dims[d], kind);
}

/* spoiled: what is put into a row. */
static void complain_at(size_t subject, int level, size_t row, float spoiled, int *code, char *message)
{
    enum { DIM = 128 };
    test_instance t;
    kvant_inner inner;
    float *rows = test_rows(TEST_GAUSSIAN, ROWS, DIM, 6, 1.0f);
    uint8_t *out = malloc(ROWS * 8192);
    assert_true(rows && out);
    rows[row * DIM + 77] = spoiled;
    open_at(&t, subject, DIM, level, &inner);
    *code = (int)t.codec->encode(t.state, 0, rows, ROWS, out, ROWS * 8192);
    memcpy(message, t.host.message, sizeof t.host.message);
    test_close(&t);
    free(rows), free(out);
}

static void every_level_refuses_in_the_same_words(void **state)
{
    (void)state;
    static const float spoiled[] = { NAN, INFINITY, -INFINITY, 1e30f, -3e38f };
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t i = 0; i < (subjects[s].any_number ? 3 : sizeof spoiled / sizeof *spoiled); i++) {
            const size_t row =
                i % 2 ? 21 : ROWS - 3; /* in the first piece that is checked and encoded, or in another */
            char said[512], again[512], name[32];
            int code, other;
            complain_at(s, 0, row, spoiled[i], &code, said);
            assert_true(code < 0);
            snprintf(name, sizeof name, "row %zu", row);
            assert_non_null(strstr(said, name));
            for (int level = 1; cpu_level_name(level) && cpu_runs(level); level++) {
                complain_at(s, level, row, spoiled[i], &other, again);
                assert_int_equal(other, code);
                assert_string_equal(again, said);
            }
        }
}

/* The first two bytes of row 19 become what is no number in any format. */
static void every_level_finds_the_corrupt_row(void **state)
{
    (void)state;
    enum { DIM = 128 };
    for (size_t s = 0; s < SUBJECTS; s++)
        for (int level = 0; cpu_level_name(level) && cpu_runs(level); level++) {
            test_instance t;
            kvant_inner inner;
            size_t n_bytes;
            float *rows = test_rows(TEST_GAUSSIAN, ROWS, DIM, 6, 1.0f);
            open_at(&t, s, DIM, level, &inner);
            uint8_t *bytes = test_encode(&t, rows, ROWS, &n_bytes);
            memcpy(bytes + 19 * (n_bytes / ROWS), "\xff\x7f", 2);
            assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, rows, ROWS), KVANT_E_CORRUPT);
            if (strcmp(t.codec->name, "rotate") != 0) assert_non_null(strstr(t.host.message, " 19"));
            test_close(&t);
            free(rows), free(bytes);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_and_number_of_rows_gives_the_same),
        cmocka_unit_test(every_level_refuses_in_the_same_words),
        cmocka_unit_test(every_level_finds_the_corrupt_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
