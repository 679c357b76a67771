#include "tests/codecs/reference_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/half.h"

enum { ROWS = 64, DIM = 128 };

static void *data_of(const kvant_codec *codec, const char *ending, size_t *n_bytes)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", codec->name, ending);
    return test_data(name, n_bytes);
}

int reference_compare_bytes(const kvant_codec *codec, size_t group)
{
    size_t n_input, n_expected, n_bytes;
    float *input = test_data("input.f32", &n_input);
    uint8_t *expected = data_of(codec, "enc", &n_expected);
    assert_int_equal(n_input, ROWS * DIM * sizeof *input);

    test_instance t;
    test_open(&t, codec, DIM, NULL);
    uint8_t *bytes = test_encode(&t, input, ROWS, &n_bytes);
    assert_int_equal(n_bytes, n_expected);
    int apart = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        if (bytes[i] == expected[i]) continue;
        const size_t at = group ? i / group * group : 0;
        const int difference = half_load(bytes + at) - half_load(expected + at);
        if (!group || i - at > 1 || abs(difference) != 1)
            fail_msg("%s: row %zu, byte %zu: %02x, the reference has %02x", codec->name, i / (n_bytes / ROWS),
                     i % (n_bytes / ROWS), bytes[i], expected[i]);
        apart += i == at || bytes[at] == expected[at];
    }
    test_close(&t);
    free(input), free(expected), free(bytes);
    return apart;
}

void reference_compare_rows(const kvant_codec *codec, double tolerance)
{
    size_t n_bytes, n_expected;
    uint8_t *bytes = data_of(codec, "enc", &n_bytes);
    float *expected = data_of(codec, "dec.f32", &n_expected), rows[ROWS * DIM];
    assert_int_equal(n_expected, sizeof rows);

    test_instance t;
    test_open(&t, codec, DIM, NULL);
    assert_int_equal(codec->decode(t.state, 0, bytes, n_bytes, rows, ROWS), KVANT_OK);
    for (size_t r = 0; r < ROWS; r++) {
        const float *row = expected + r * DIM;
        const double error = test_error(rows + r * DIM, row, DIM), energy = test_energy(row, DIM);
        if (error > tolerance * tolerance * energy)
            fail_msg("%s: row %zu is %g of its norm off", codec->name, r, sqrt(error / energy));
    }
    test_close(&t);
    free(bytes), free(expected);
}
