/* The errors of decoded rows against their definition. */
#include "app/stream_error.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/app/noise.h"

enum { ROWS = 75, DIM = 32, GROUP = 2, HEADS = 6, SAMPLES = 5 };

static int position(int ctx, int j)
{
    return j * ctx / SAMPLES;
}

static void rows_are_compared_by_their_energy(void **state)
{
    (void)state;
    stream_error e = { 0 };
    const float x[] = { 3, -4, 0, 1 }, y[] = { 3, -2, 1, 1 };
    assert_true(stream_error_rows(&e) == 0);
    stream_error_add(&e, x, y, 4);
    near(stream_error_rows(&e), 5.0 / 26, 1e-5);
    stream_error_add(&e, x, x, 4);
    near(stream_error_rows(&e), 5.0 / 52, 1e-5);
}

/* Logits of queries and keys rotated by hand, of each query against the keys it sees. */
static double by_hand(const rope_table *rope, bool rotated, const float *exact, const float *decoded,
                      const float *queries, size_t offset, int window)
{
    double error = 0, total = 0;
    for (int j = 0; j < SAMPLES; j++)
        for (int g = 0; g < GROUP; g++)
            for (int s = window && position(ROWS, j) >= window ? position(ROWS, j) + 1 - window : 0;
                 s <= position(ROWS, j); s++) {
                float q[DIM], k[DIM], d[DIM];
                memcpy(q, queries + (size_t)j * HEADS * DIM + offset + (size_t)g * DIM, sizeof q);
                memcpy(k, exact + (size_t)s * DIM, sizeof k);
                memcpy(d, decoded + (size_t)s * DIM, sizeof d);
                rope_rotate(rope, q, position(ROWS, j));
                if (!rotated) rope_rotate(rope, k, s);
                if (!rotated) rope_rotate(rope, d, s);
                double x = 0, y = 0;
                for (int i = 0; i < DIM; i++) {
                    x += (double)q[i] * (double)k[i];
                    y += (double)q[i] * (double)d[i];
                }
                error += (x - y) * (x - y);
                total += x * x;
            }
    return error / total;
}

static void query_errors_are_those_of_causal_logits_after_rope(void **state)
{
    (void)state;
    fault f = { 0 };
    rope_table rope = { .n_rot = DIM, .interleaved = true };
    assert_true(rope_table_grow(&rope, ROWS, 100.0f, NULL));
    float *exact = noise(ROWS * DIM, 1, 1), *decoded = noise(ROWS * DIM, 2, 0.2);
    float *queries = noise(SAMPLES * HEADS * DIM, 3, 1);
    for (size_t i = 0; i < ROWS * DIM; i++)
        decoded[i] += exact[i];
    for (int run = 0; run < 4; run++) {
        const int rotated = run % 2;
        const uint32_t window = run < 2 ? 0 : 20;
        stream_error e = { 0 };
        query_sample sample = { queries, SAMPLES, HEADS * DIM, 2 * DIM, GROUP, position, ROWS, window };
        assert_true(stream_error_add_queries(&e, simd_best(), &rope, rotated, exact, decoded, ROWS, DIM, &sample, &f));
        near(stream_error_queries(&e), by_hand(&rope, rotated, exact, decoded, queries, 2 * DIM, (int)window), 1e-5);
    }
    free(exact);
    free(decoded);
    free(queries);
    rope_table_release(&rope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_compared_by_their_energy),
        cmocka_unit_test(query_errors_are_those_of_causal_logits_after_rope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
