#include <stdarg.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/gguf.h"
#include "engine/tensor.h"

/* The relative error |x - w| / |w| that a type leaves on the fixtures' Gaussian weights, in per cent. A step of 2^-b of
 * the block's largest value m, uniformly rounded, errs by m/(2^b sqrt 12); m is 2-2.5 sigma in blocks of 32, 2 in
 * groups of 16. A wrong order of bits or scales gives about 100. */
static const struct {
    const char *name;
    double least, most;
} expected[] = {
    { "F32", 0, 0.05 },   { "F16", 0, 0.05 },     { "BF16", 0.05, 0.25 }, { "Q8_0", 0.3, 0.7 },  { "Q6_K", 1.0, 2.3 },
    { "Q5_0", 3.0, 5.0 }, { "Q5_1", 2.5, 4.5 },   { "Q5_K", 2.5, 4.5 },   { "Q4_0", 7.0, 10.5 }, { "Q4_1", 6.0, 9.0 },
    { "Q4_K", 5.5, 8.5 }, { "IQ4_NL", 6.0, 9.0 }, { "IQ4_XS", 6.0, 9.0 }, { "Q3_K", 12, 19 },    { "Q2_K", 20, 34 },
};

static double relative_error(const gguf_tensor *t, const gguf_tensor *exact)
{
    const tensor_type *type = tensor_type_of(t->type), *exact_type = tensor_type_of(exact->type);
    const size_t n = (size_t)(t->dims[0] * t->dims[1]);
    float *x = malloc(n * sizeof *x), *w = malloc(n * sizeof *w);
    assert_true(x && w && exact->dims[0] == t->dims[0] && exact->dims[1] == t->dims[1]);
    type->to_f32(t->data, x, n);
    exact_type->to_f32(exact->data, w, n);
    double error = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        error += ((double)x[i] - w[i]) * ((double)x[i] - w[i]);
        norm += (double)w[i] * w[i];
    }
    free(x);
    free(w);
    return norm > 0 ? sqrt(error / norm) : sqrt(error);
}

static void error_fits_the_type(const gguf_tensor *t, const gguf_tensor *exact)
{
    const char *name = tensor_type_of(t->type)->name;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (strcmp(expected[i].name, name) != 0) continue;
        const double error = 100 * relative_error(t, exact);
        if (error < expected[i].least || error > expected[i].most)
            fail_msg("%.*s: %s errs by %.3f %%, expected %g to %g", (int)t->name.n, t->name.bytes, name, error,
                     expected[i].least, expected[i].most);
        return;
    }
    fail_msg("no expectation for %s", name);
}

/* tests/data/arch/rows.gguf: rows of a tensor in every type, named by the type, and the same rows in f16. */
static void rows_of_every_type_are_near_the_exact_ones(void **state)
{
    (void)state;
    fault f = { 0 };
    gguf *g = gguf_open("tests/data/arch/rows.gguf", &f);
    assert_non_null(g);
    for (size_t i = 0; i < gguf_n_tensors(g); i += 2)
        error_fits_the_type(gguf_tensor_at(g, i), gguf_tensor_at(g, i + 1));
    assert_int_equal(gguf_n_tensors(g), 26);
    gguf_close(g);
}

static void whole_models_are_near_the_exact_one(void **state)
{
    (void)state;
    static const char *const types[] = { "BF16",   "IQ4_NL", "IQ4_XS", "Q2_K",   "Q3_K_M", "Q4_0", "Q4_1",
                                         "Q4_K_M", "Q5_0",   "Q5_1",   "Q5_K_M", "Q6_K",   "Q8_0" };
    fault f = { 0 };
    gguf *exact = gguf_open("../shared/fixtures/arch/llama-256-f16.gguf", &f);
    if (!exact) {
        print_message("skipped: %s\n", f.text);
        skip();
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char path[128];
        snprintf(path, sizeof path, "../shared/fixtures/arch/llama-256-%s.gguf", types[i]);
        gguf *g = gguf_open(path, &f);
        assert_non_null(g);
        assert_int_equal(gguf_n_tensors(g), gguf_n_tensors(exact));
        for (size_t k = 0; k < gguf_n_tensors(g); k++) {
            char name[64] = { 0 };
            const gguf_tensor *t = gguf_tensor_at(g, k);
            memcpy(name, t->name.bytes, t->name.n);
            assert_non_null(gguf_find_tensor(exact, name));
            error_fits_the_type(t, gguf_find_tensor(exact, name));
        }
        gguf_close(g);
    }
    gguf_close(exact);
}

static void *read_all(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    uint8_t *bytes = malloc(65536);
    assert_non_null(bytes);
    *n = fread(bytes, 1, 65536, in);
    fclose(in);
    return bytes;
}

/* The reference's own decoding of 64 rows of 128, bit for bit. False when the folder has no such file. */
static bool decodes_exactly(const char *folder, const char *name, int id)
{
    char path[128];
    size_t n_bytes, n_floats;
    snprintf(path, sizeof path, "%s/%s.enc", folder, name);
    uint8_t *bytes = read_all(path, &n_bytes);
    if (!bytes) return false;
    snprintf(path, sizeof path, "%s/%s.dec.f32", folder, name);
    uint8_t *floats = read_all(path, &n_floats);
    const tensor_type *type = tensor_type_of(id);
    const size_t n = 64 * 128;
    float *values = malloc(4 * n);
    assert_true(floats && values);
    assert_int_equal(tensor_row_bytes(type, n), n_bytes);
    assert_int_equal(n_floats, 4 * n);
    type->to_f32(bytes, values, n);
    assert_memory_equal(values, floats, 4 * n);
    free(values);
    free(bytes);
    free(floats);
    return true;
}

static void blocks_of_32_decode_as_the_reference_does(void **state)
{
    (void)state;
    assert_true(decodes_exactly("tests/data/kv", "f16", 1));
    assert_true(decodes_exactly("tests/data/kv", "q8_0", 8));
    assert_true(decodes_exactly("tests/data/kv", "q4_0", 2));
}

static void the_other_blocks_of_32_decode_as_the_reference_does(void **state)
{
    (void)state;
    const char *folder = "../shared/fixtures/kv";
    if (!decodes_exactly(folder, "bf16", 30)) {
        print_message("skipped: %s is not there\n", folder);
        skip();
    }
    assert_true(decodes_exactly(folder, "q4_1", 3));
    assert_true(decodes_exactly(folder, "q5_0", 6));
    assert_true(decodes_exactly(folder, "q5_1", 7));
    assert_true(decodes_exactly(folder, "iq4_nl", 20));
}

/* One block each of blocks whose scale is 1.0 (f16 0x3c00), codes chosen to tell every plane of bits apart. */
static void single_codes_stand_where_the_format_says(void **state)
{
    (void)state;
    static const struct {
        int id;
        struct {
            int at;
            uint8_t byte;
        } set[8];
        int value_at;
        float value;
    } cases[] = {
        /* Q2_K: value 1 = codes[1] bits 0-1; scale low nibble of byte 0; value 129 = second half */
        { 10, { { 81, 0x3c }, { 0, 0x03 }, { 17, 0x02 } }, 1, 6 },
        { 10, { { 81, 0x3c }, { 8, 0x05 }, { 16 + 32 + 1, 0x03 } }, 129, 15 },
        { 10, { { 81, 0x3c }, { 83, 0x3c }, { 2, 0x21 }, { 16, 0x0c } }, 32, 1 }, /* 3 - min 2 */
        /* Q3_K: high bit of value 40 is hmask[8] bit 1, its group 2; scale 33 = low 1, high 2 */
        { 11, { { 109, 0x3c }, { 98, 0x01 }, { 106, 0x02 }, { 8, 0x02 }, { 40, 0x08 } }, 40, 2 },
        /* Q4_K: group 5: scale low nibble of byte 9, high bits atop byte 1; value 160+2 = codes of quarter 2, high
           nibble */
        { 12, { { 1, 0x3c }, { 4 + 9, 0x03 }, { 4 + 1, 0x40 }, { 16 + 64 + 2, 0x70 } }, 162, 19 * 7 },
        /* Q5_K: the same with high bit 5 of byte 2 */
        { 13,
          { { 1, 0x3c }, { 4 + 9, 0x03 }, { 4 + 1, 0x40 }, { 16 + 2, 0x20 }, { 48 + 64 + 2, 0x70 } },
          162,
          19 * 23 },
        /* Q6_K: value 70 = low[6] high nibble, high[6] bits 4-5, group 4 */
        { 14, { { 209, 0x3c }, { 196, 0xfe }, { 6, 0x50 }, { 134, 0x30 } }, 70, -2 * (48 + 5 - 32) },
        /* IQ4_XS: group 3: scale 1 + 2·16 = 33, code 15 is level 113 */
        { 23, { { 1, 0x3c }, { 2, 0x80 }, { 5, 0x10 }, { 8 + 48 + 4, 0xf0 } }, 96 + 20, 113 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[256] = { 0 };
        float values[256];
        for (int k = 0; k < 8; k++)
            bytes[cases[i].set[k].at] |= cases[i].set[k].byte;
        tensor_type_of(cases[i].id)->to_f32(bytes, values, 256);
        if (values[cases[i].value_at] != cases[i].value)
            fail_msg("case %zu: %g, expected %g", i, (double)values[cases[i].value_at], (double)cases[i].value);
    }
}

static void the_table_is_in_order_and_rows_are_whole_blocks(void **state)
{
    (void)state;
    for (int id = 0; id < 42; id++) {
        const tensor_type *type = tensor_type_of(id);
        assert_int_equal(type->id, id);
        assert_true(type->block >= 1 && type->bytes >= 1);
    }
    assert_null(tensor_type_of(-1));
    assert_null(tensor_type_of(42));
    assert_int_equal(tensor_row_bytes(tensor_type_of(14), 512), 420);
    assert_int_equal(tensor_row_bytes(tensor_type_of(14), 500), 0);
    assert_int_equal(tensor_row_bytes(tensor_type_of(0), 1ull << 63), 0);
    assert_null(tensor_type_of(19)->to_f32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_type_are_near_the_exact_ones),
        cmocka_unit_test(whole_models_are_near_the_exact_one),
        cmocka_unit_test(blocks_of_32_decode_as_the_reference_does),
        cmocka_unit_test(the_other_blocks_of_32_decode_as_the_reference_does),
        cmocka_unit_test(single_codes_stand_where_the_format_says),
        cmocka_unit_test(the_table_is_in_order_and_rows_are_whole_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
