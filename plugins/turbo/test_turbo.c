#include "tests/codecs/promises.h"
#include "tests/codecs/reference_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/wht.h"

enum { DIM = 128 };

static const struct {
    const char *name;
    size_t group;
    double distortion; /* of Gaussian rows of 128, 1500 rows through the reference library */
} formats[] = { { "turbo2", 34, 0.1186 }, { "turbo3", 50, 0.0341 }, { "turbo4", 68, 0.0180 } };

static void bytes_and_rows_are_the_reference_s(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const kvant_codec *codec = test_codec("turbo", formats[i].name);
        const int apart = reference_compare_bytes(codec, formats[i].group);
        print_message("%s: 64 rows, %d norms one f16 step apart\n", codec->name, apart);
        assert_true(apart <= 1);
        reference_compare_rows(codec, 1e-6);
    }
}

/* ---- the golden blocks ------------------------------------------------------------------------------------------ */

static void lcg(float *x, size_t n, uint64_t seed, float factor)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = factor * ((float)(seed >> 40) / 0x1p24f * 2.0f - 1.0f);
    }
}

static void make_zero(float *x)
{
    (void)x;
}
static void make_e0(float *x)
{
    x[0] = 1.0f;
}
static void make_ramp(float *x)
{
    for (int i = 0; i < DIM; i++)
        x[i] = (float)(i - 64) / 8.0f;
}
static void make_lcg1(float *x)
{
    lcg(x, 128, 1, 1.0f);
}
static void make_lcg7(float *x)
{
    lcg(x, 64, 7, 1.0f);
}
static void make_lcg3(float *x)
{
    lcg(x, 128, 3, 100.0f);
}
static void make_outlier(float *x)
{
    lcg(x, 128, 9, 1.0f);
    x[5] = 20.0f;
    x[77] = -13.0f;
}
static void make_lcg11(float *x)
{
    lcg(x, 256, 11, 1.0f);
}
static void make_tiny(float *x)
{
    for (int i = 0; i < DIM; i++)
        x[i] = 1e-12f;
}

static const struct {
    const char *name;
    int dim;
    void (*make)(float *x); /* from zeros */
} inputs[] = {
    { "zero", 128, make_zero },       { "e0", 128, make_e0 },           { "ramp", 128, make_ramp },
    { "lcg1", 128, make_lcg1 },       { "lcg7_hd64", 64, make_lcg7 },   { "lcg3_x100", 128, make_lcg3 },
    { "outlier", 128, make_outlier }, { "lcg11_256", 256, make_lcg11 }, { "tiny", 128, make_tiny },
};

static void hex_of(const uint8_t *bytes, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++)
        sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/* One line of turbo_golden.txt: input, codec, bytes. A head of 64 is padded to 128 by the codec. */
static void check_golden(const char *line)
{
    char name[32], type[32], expected[512], hex[512];
    assert_int_equal(sscanf(line, "%31s %31s %511s", name, type, expected), 3);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (strcmp(inputs[i].name, name) != 0) continue;
        float x[256] = { 0 };
        size_t n_bytes;
        test_instance t;
        inputs[i].make(x);
        test_open(&t, test_codec("turbo", type), inputs[i].dim, NULL);
        uint8_t *bytes = test_encode(&t, x, 1, &n_bytes);
        hex_of(bytes, n_bytes, hex);
        if (strcmp(hex, expected) != 0) fail_msg("%s %s: %s, expected %s", name, type, hex, expected);
        test_close(&t);
        free(bytes);
        return;
    }
    fail_msg("no input %s", name);
}

static void golden_blocks_are_the_reference_s(void **state)
{
    (void)state;
    size_t n_bytes;
    int blocks = 0;
    char *text = test_data("turbo_golden.txt", &n_bytes);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (line[0] != '#') {
            check_golden(line);
            blocks++;
        }
    assert_int_equal(blocks, 27);
    free(text);
}

/* ---- boundaries -------------------------------------------------------------------------------------------------- */

static int first_code(int format, const uint8_t *bytes)
{
    if (format == 0) return bytes[2] & 3;
    if (format == 1) return (bytes[2] & 3) | (bytes[34] & 1) << 2;
    return bytes[4] & 15;
}

/* The code of a rotated unit row's first coordinate: the row is built from the other side. */
static int code_of(int format, float coordinate)
{
    wht rotation;
    uint8_t bytes[68];
    float y[DIM] = { coordinate };
    const float rest = sqrtf((1.0f - coordinate * coordinate) / (DIM - 1));
    for (int i = 1; i < DIM; i++)
        y[i] = i % 2 ? rest : -rest;
    wht_init(&rotation, DIM);
    wht_inverse(&rotation, y, 1);
    test_instance t;
    test_open(&t, test_codec("turbo", formats[format].name), DIM, NULL);
    assert_true(t.codec->encode(t.state, 0, y, 1, bytes, sizeof bytes) > 0);
    test_close(&t);
    return first_code(format, bytes);
}

/* Those of the CPU reference; CUDA has 0.013964 and 0.145561 for turbo4. */
static void codes_change_at_the_cpu_reference_s_boundaries(void **state)
{
    (void)state;
    static const float boundaries[3][7] = {
        { 0.086728f },
        { 0.043589f, 0.091775f, 0.154259f },
        { 0.013963f, 0.028293f, 0.043430f, 0.060009f, 0.079142f, 0.103361f, 0.145560f },
    };
    for (int format = 0; format < 3; format++) {
        const int half = 2 << format;
        for (int i = 0; i < half - 1; i++) {
            const float b = boundaries[format][i];
            assert_int_equal(code_of(format, b - 3e-7f), half + i);
            assert_int_equal(code_of(format, b + 3e-7f), half + i + 1);
            assert_int_equal(code_of(format, -b + 3e-7f), half - 1 - i);
            assert_int_equal(code_of(format, -b - 3e-7f), half - 2 - i);
        }
    }
}

/* ---- quality and size ------------------------------------------------------------------------------------------- */

static void distortion_of_gaussian_rows_is_the_known_one(void **state)
{
    (void)state;
    enum { N = 4000 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f), *back = malloc(N * DIM * sizeof *back);
    for (int i = 0; i < 3; i++) {
        test_instance t;
        size_t n_bytes;
        test_open(&t, test_codec("turbo", formats[i].name), DIM, NULL);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        double d = 0.0;
        for (size_t r = 0; r < N; r++)
            d += test_error(rows + r * DIM, back + r * DIM, DIM) / test_energy(rows + r * DIM, DIM) / N;
        print_message("%s: relative error %.5f\n", formats[i].name, d);
        assert_true(fabs(d / formats[i].distortion - 1.0) < 0.02);
        test_close(&t);
        free(bytes);
    }
    free(rows), free(back);
}

/* Norm correction: a decoded row is as long as the row was, to half an f16 step. */
static void decoded_rows_keep_their_norm(void **state)
{
    (void)state;
    float *rows = test_rows(TEST_SPIKY, 64, DIM, 1, 0.0f), back[64 * DIM];
    for (int i = 0; i < 3; i++) {
        test_instance t;
        size_t n_bytes;
        test_open(&t, test_codec("turbo", formats[i].name), DIM, NULL);
        uint8_t *bytes = test_encode(&t, rows, 64, &n_bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 64), KVANT_OK);
        for (size_t r = 0; r < 64; r++)
            assert_true(fabs(sqrt(test_energy(back + r * DIM, DIM) / test_energy(rows + r * DIM, DIM)) - 1.0) < 5e-4);
        test_close(&t);
        free(bytes);
    }
    free(rows);
}

/* Bytes per head at common head dimensions: groups of 128, the last padded. */
static void heads_are_padded_to_groups_of_128(void **state)
{
    (void)state;
    static const struct {
        int dim;
        size_t groups;
    } cases[] = { { 32, 1 }, { 64, 1 }, { 80, 1 }, { 128, 1 }, { 129, 2 }, { 192, 2 }, { 256, 2 }, { 576, 5 } };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int i = 0; i < 3; i++) {
            test_instance t;
            test_open(&t, test_codec("turbo", formats[i].name), cases[c].dim, NULL);
            assert_int_equal(t.codec->bound(t.state, 0, 3), 3 * cases[c].groups * formats[i].group);
            test_close(&t);
        }
}

/* ---- limits ----------------------------------------------------------------------------------------------------- */

static void a_norm_beyond_f16_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            static const float value[] = { 1.2e5f, 1e19f, 3e38f }; /* the last overflows the f32 sum of squares */
            float row[DIM] = { 0 };
            uint8_t bytes[68];
            test_instance t;
            row[17] = value[k];
            test_open(&t, test_codec("turbo", formats[i].name), DIM, NULL);
            assert_int_equal(t.codec->encode(t.state, 4, row, 1, bytes, sizeof bytes), KVANT_E_RANGE);
            assert_non_null(strstr(t.host.message, "row 4: the norm"));
            test_close(&t);
        }
}

static void bytes_no_encoder_writes_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } cases[] = {
        { "turbo2", 1, 0x7c }, { "turbo3", 1, 0xfe }, { "turbo4", 1, 0xbc }, { "turbo4", 3, 1 }, { "turbo3", 51, 0x80 }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float row[256] = { 1.0f };
        size_t n_bytes;
        test_instance t;
        test_open(&t, test_codec("turbo", cases[i].name), 256, NULL);
        uint8_t *bytes = test_encode(&t, row, 1, &n_bytes);
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(t.codec->decode(t.state, 6, bytes, n_bytes, row, 1), KVANT_E_CORRUPT);
        assert_non_null(strstr(t.host.message, "row 6"));
        test_close(&t);
        free(bytes);
    }
}

/* ---- the formats of our own ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int group, bits;
    size_t bytes, header;
    double distortion; /* of the Lloyd-Max quantiser of the sphere of that dimension */
} ours[] = { { "turbo4_lm", 128, 4, 68, 4, 0.009315 },
             { "turbo2_64", 64, 2, 18, 2, 0.114526 },
             { "turbo3_64", 64, 3, 26, 2, 0.033391 },
             { "turbo4_64", 64, 4, 34, 2, 0.009132 } };
enum { N_OURS = sizeof ours / sizeof *ours };

/* With a stored norm of 1 a decoded group is R⁻¹c, the codeword itself. Its distance from the unit group is the
 * codebook's distortion; with the norm, rows are as long as they were, and lose about 2 - 2√(1-D) less what a scale for
 * each group takes out, some 2/group of it. */
static void distortion_of_our_tables_is_that_of_lloyd_max(void **state)
{
    (void)state;
    enum { N = 20000 };
    for (int i = 0; i < N_OURS; i++) {
        const size_t g = (size_t)ours[i].group;
        double codeword = 0.0, decoded = 0.0;
        float *rows = test_rows(TEST_GAUSSIAN, N, g, 1, 0.0f), *back = malloc(N * g * sizeof *back);
        test_instance t;
        size_t n_bytes;
        test_open(&t, test_codec("turbo", ours[i].name), ours[i].group, NULL);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(n_bytes, N * ours[i].bytes);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++)
            decoded += test_error(rows + r * g, back + r * g, g) / test_energy(rows + r * g, g) / N;
        for (size_t r = 0; r < N; r++)
            half_store(bytes + r * ours[i].bytes, 0x3c00);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++) {
            const float length = (float)sqrt(test_energy(rows + r * g, g));
            for (size_t k = 0; k < g; k++)
                back[r * g + k] *= length;
            codeword += test_error(rows + r * g, back + r * g, g) / test_energy(rows + r * g, g) / N;
        }
        const double expected = 2.0 - 2.0 * sqrt(1.0 - ours[i].distortion);
        print_message("%s: codewords %.5f (%.5f), rows %.5f (about %.5f)\n", ours[i].name, codeword, ours[i].distortion,
                      decoded, expected);
        assert_true(fabs(codeword / ours[i].distortion - 1.0) < 0.01);
        assert_true(decoded < expected && decoded > expected * (1.0 - 3.0 / ours[i].group));
        test_close(&t);
        free(rows), free(back), free(bytes);
    }
}

/* A group whose first rotated coordinate, of a unit vector, is the one wanted. */
static void group_of(int group, float coordinate, float *x)
{
    wht rotation;
    const float rest = sqrtf((1.0f - coordinate * coordinate) / (float)(group - 1));
    for (int i = 0; i < group; i++)
        x[i] = i == 0 ? coordinate : i % 2 ? rest : -rest;
    wht_init(&rotation, group);
    wht_inverse(&rotation, x, 1);
}

static void our_tables_are_lloyd_max(void **state)
{
    (void)state;
    for (int i = 0; i < N_OURS; i++) {
        double level[16], boundary[15];
        const int n = 1 << ours[i].bits;
        assert_true(lloyd_max(ours[i].group, ours[i].bits, level));
        lloyd_boundaries(level, ours[i].bits, boundary);
        test_instance t;
        test_open(&t, test_codec("turbo", ours[i].name), ours[i].group, NULL);
        for (int k = 0; k < 2 * (n - 1); k++) {
            float x[DIM], c[DIM];
            uint8_t bytes[68];
            wht rotation;
            const int cell = k / 2 + k % 2; /* just below boundary k/2, then just above */
            group_of(ours[i].group, (float)boundary[k / 2] + (k % 2 ? 2e-6f : -2e-6f), x);
            assert_true(t.codec->encode(t.state, 0, x, 1, bytes, sizeof bytes) > 0);
            half_store(bytes, 0x3c00);
            assert_int_equal(t.codec->decode(t.state, 0, bytes, ours[i].bytes, c, 1), KVANT_OK);
            wht_init(&rotation, ours[i].group);
            wht_forward(&rotation, c, 1);
            assert_true(fabs((double)c[0] - level[cell]) < 2e-6);
            const uint8_t *codes = bytes + ours[i].header;
            const int low = codes[0] & (ours[i].bits == 4 ? 15 : 3);
            assert_int_equal(ours[i].bits == 3 ? low | (codes[16] & 1) << 2 : low, cell);
        }
        test_close(&t);
    }
}

/* 2.25, 3.25 and 4.25 bits a value at every multiple of 64; dim 64 is where turbo4 itself costs 8.5. */
static void groups_of_64_do_not_pad_heads_of_64(void **state)
{
    (void)state;
    static const struct {
        int dim;
        size_t groups;
    } cases[] = { { 32, 1 }, { 64, 1 }, { 80, 2 }, { 128, 2 }, { 192, 3 }, { 256, 4 } };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int i = 1; i < N_OURS; i++) {
            test_instance t;
            test_open(&t, test_codec("turbo", ours[i].name), cases[c].dim, NULL);
            assert_int_equal(t.codec->bound(t.state, 0, 3), 3 * cases[c].groups * ours[i].bytes);
            test_close(&t);
        }
}

/* Only the table differs from turbo4: the same places for norm, reserved bytes and codes, half the error. */
static void turbo4_lm_is_turbo4_with_half_the_error(void **state)
{
    (void)state;
    enum { N = 2000 };
    double error[2] = { 0 };
    float *rows = test_rows(TEST_GAUSSIAN, N, DIM, 1, 0.0f), *back = malloc(N * DIM * sizeof *back);
    for (int i = 0; i < 2; i++) {
        test_instance t;
        size_t n_bytes;
        test_open(&t, test_codec("turbo", i ? "turbo4_lm" : "turbo4"), DIM, NULL);
        uint8_t *bytes = test_encode(&t, rows, N, &n_bytes);
        assert_int_equal(n_bytes, N * 68);
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_OK);
        for (size_t r = 0; r < N; r++)
            error[i] += test_error(rows + r * DIM, back + r * DIM, DIM) / test_energy(rows + r * DIM, DIM) / N;
        bytes[3] = 1;
        assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, N), KVANT_E_CORRUPT);
        test_close(&t);
        free(bytes);
    }
    assert_true(fabs(error[1] / 0.0092 - 1.0) < 0.02);
    assert_true(error[1] < 0.52 * error[0]);
    free(rows), free(back);
}

static void decoded_groups_encode_to_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < N_OURS; i++)
        for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
            size_t n_bytes, n_again;
            test_instance t;
            float *rows = test_rows(kind, 24, DIM, 11, 5000.0f), back[24 * DIM];
            test_open(&t, test_codec("turbo", ours[i].name), DIM, NULL);
            uint8_t *bytes = test_encode(&t, rows, 24, &n_bytes);
            assert_int_equal(t.codec->decode(t.state, 0, bytes, n_bytes, back, 24), KVANT_OK);
            uint8_t *again = test_encode(&t, back, 24, &n_again);
            assert_int_equal(n_bytes, n_again);
            assert_memory_equal(bytes, again, n_bytes);
            test_close(&t);
            free(rows), free(bytes), free(again);
        }
}

/* Norms, the reserved bytes of turbo4, and the codes of padding. */
static void norms_and_padding_are_the_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int dim;
        size_t metadata; /* of a row */
    } expected[] = { { "turbo3", 128, 2 },     { "turbo2", 256, 4 },    { "turbo4", 128, 4 },
                     { "turbo4", 64, 4 + 32 }, { "turbo3_64", 128, 4 }, { "turbo2_64", 80, 4 + 12 } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const size_t dim = (size_t)expected[i].dim;
        float *rows = test_rows(TEST_GAUSSIAN, 3, dim, 1, 0.0f);
        size_t n_bytes;
        test_instance t;
        kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
        test_open(&t, test_codec("turbo", expected[i].name), (int)dim, NULL);
        uint8_t *bytes = test_encode(&t, rows, 3, &n_bytes);
        assert_int_equal(t.codec->split(t.state, 0, bytes, n_bytes, 3, &split), KVANT_OK);
        assert_int_equal(split.metadata, 3 * expected[i].metadata);
        test_close(&t);
        free(rows), free(bytes);
    }
}

static void all_keep_the_promises_of_a_codec(void **state)
{
    (void)state;
    static const int dims[] = { 32, 64, 80, 128, 192, 256 };
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
        for (int i = 0; i < 3; i++)
            promises_hold(&(promise){ formats[i].name, dims[d], 1, 5000.0f }, 1);
        for (int i = 0; i < N_OURS; i++)
            promises_hold(&(promise){ ours[i].name, dims[d], 1, 5000.0f }, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_rows_are_the_reference_s),
        cmocka_unit_test(golden_blocks_are_the_reference_s),
        cmocka_unit_test(codes_change_at_the_cpu_reference_s_boundaries),
        cmocka_unit_test(distortion_of_gaussian_rows_is_the_known_one),
        cmocka_unit_test(decoded_rows_keep_their_norm),
        cmocka_unit_test(heads_are_padded_to_groups_of_128),
        cmocka_unit_test(a_norm_beyond_f16_is_refused),
        cmocka_unit_test(bytes_no_encoder_writes_are_corrupt),
        cmocka_unit_test(distortion_of_our_tables_is_that_of_lloyd_max),
        cmocka_unit_test(our_tables_are_lloyd_max),
        cmocka_unit_test(groups_of_64_do_not_pad_heads_of_64),
        cmocka_unit_test(turbo4_lm_is_turbo4_with_half_the_error),
        cmocka_unit_test(decoded_groups_encode_to_the_same_bytes),
        cmocka_unit_test(all_keep_the_promises_of_a_codec),
        cmocka_unit_test(norms_and_padding_are_the_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
