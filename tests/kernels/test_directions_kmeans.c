#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/directions_kmeans.h"
#include "kernels/random.h"
#include "tests/kernels/fans.h"

enum { N = 200, DIM = 24 };

static void *room(size_t bytes)
{
    void *memory = calloc(1, bytes);
    assert_non_null(memory);
    return memory;
}

static size_t cluster(directions_input in, float *centres)
{
    void *work = room(directions_work(&in));
    const size_t k = directions_kmeans(&in, centres, work, NULL);
    free(work);
    return k;
}

static void fill(float *rows, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        rows[i] = (float)random_normal(seed, i);
}

static double along(const float *x, const float *c)
{
    double sum = 0.0;
    for (size_t d = 0; d < DIM; d++)
        sum += (double)x[d] * (double)c[d];
    return sum;
}

static double cosine(const float *x, const float *y)
{
    return along(x, y) / sqrt(along(x, x) * along(y, y));
}

/* Σ w_i max_c |<u_i, c>|. */
static double objective(const directions_input *in, const float *centres, size_t k)
{
    double sum = 0.0;
    for (size_t i = 0; i < in->n; i++) {
        double best = 0.0;
        for (size_t j = 0; j < k; j++)
            best = fmax(best, fabs(cosine(in->rows + i * DIM, centres + j * DIM)));
        sum += best * (in->weights ? (double)in->weights[i] : 1.0);
    }
    return sum;
}

/* Rows of any sign and length on a few lines, with a little noise: each line gets a centre. */
static void lines_are_found_whatever_the_signs(void **state)
{
    (void)state;
    enum { LINES = 6 };
    float line[LINES * DIM], rows[N * DIM];
    fill(line, LINES * DIM, 1);
    for (uint64_t draw = 0; draw < 5; draw++) {
        for (size_t i = 0; i < N; i++)
            for (size_t d = 0; d < DIM; d++) {
                const double t = random_normal(2, i) + (random_normal(2, i) < 0.0 ? -0.5 : 0.5);
                rows[i * DIM + d] =
                    (float)(t * (double)line[i % LINES * DIM + d] + 1e-4 * random_normal(3, i * DIM + d));
            }
        /* Signed seeding may take a line and its negative for two: ask for twice as many. */
        float twice[2 * LINES * DIM];
        const directions_input in = { rows, NULL, N, DIM, 2 * LINES, 32, draw };
        assert_int_equal(cluster(in, twice), 2 * LINES);
        for (size_t l = 0; l < LINES; l++) {
            double best = 0.0;
            for (size_t j = 0; j < 2 * LINES; j++)
                best = fmax(best, fabs(cosine(line + l * DIM, twice + j * DIM)));
            assert_true(best > 1.0 - 1e-6);
        }
    }
}

/* iterations = 0 shows the seeding: the drawn row, then each time the row with the least largest cosine. */
static void seeding_is_farthest_first_from_the_drawn_row(void **state)
{
    (void)state;
    enum { K = 9 };
    float rows[N * DIM], centres[K * DIM];
    fill(rows, N * DIM, 4);
    memset(rows + 10 * DIM, 0, DIM * sizeof *rows); /* no direction: not counted by draw */
    const directions_input in = { rows, NULL, N, DIM, K, 0, 3 * (N - 1) + 17 };
    assert_int_equal(cluster(in, centres), K);
    assert_true(cosine(centres, rows + 18 * DIM) > 1.0 - 1e-6);
    for (size_t j = 1; j < K; j++) {
        double least = 2.0;
        size_t farthest = 0;
        for (size_t i = 0; i < N; i++) {
            double most = -2.0;
            if (i == 10) continue;
            for (size_t c = 0; c < j; c++)
                most = fmax(most, cosine(rows + i * DIM, centres + c * DIM));
            if (most < least) {
                least = most;
                farthest = i;
            }
        }
        assert_true(cosine(centres + j * DIM, rows + farthest * DIM) > 1.0 - 1e-6);
    }
}

static void more_iterations_never_lower_the_objective(void **state)
{
    (void)state;
    for (size_t k = 1; k <= 64; k = 2 * k + 1) {
        float rows[N * DIM], weights[N], centres[64 * DIM];
        fill(rows, N * DIM, 5);
        for (size_t i = 0; i < N; i++)
            weights[i] = (float)(1 + i % 7);
        double before = 0.0, first = 0.0;
        for (int iterations = 0; iterations <= 32; iterations += 1 + iterations / 4) {
            const directions_input in = { rows, weights, N, DIM, k, iterations, 2 };
            assert_int_equal(cluster(in, centres), k);
            const double now = objective(&in, centres, k);
            if (iterations == 0) first = now;
            assert_true(now >= before * (1.0 - 1e-6));
            before = now;
            for (size_t j = 0; j < k; j++)
                assert_true(fabs(along(centres + j * DIM, centres + j * DIM) - 1.0) < 1e-5);
        }
        assert_true(before > 1.02 * first);
    }
}

static void a_weight_is_a_number_of_equal_rows(void **state)
{
    (void)state;
    enum { K = 5 };
    float rows[N * DIM], weights[N], *many = room(4 * N * DIM * sizeof *many), a[K * DIM], b[K * DIM];
    size_t n = 0;
    fill(rows, N * DIM, 6);
    for (size_t i = 0; i < N; i++) {
        weights[i] = (float)(1 + i % 4);
        for (size_t k = 0; k < 1 + i % 4; k++)
            memcpy(many + DIM * n++, rows + i * DIM, DIM * sizeof *rows);
    }
    const directions_input weighted = { rows, weights, N, DIM, K, 32, 0 }, repeated = { many, NULL, n, DIM, K, 32, 0 };
    assert_int_equal(cluster(weighted, a), K);
    assert_int_equal(cluster(repeated, b), K);
    for (size_t i = 0; i < K * DIM; i++)
        assert_true(fabsf(a[i] - b[i]) < 1e-5f);
    const directions_input plain = { rows, NULL, N, DIM, K, 32, 0 };
    assert_int_equal(cluster(plain, b), K);
    assert_true(memcmp(a, b, sizeof a) != 0);
    free(many);
}

static void rows_without_a_direction_are_left_out(void **state)
{
    (void)state;
    float rows[8 * DIM] = { 0 }, centres[8 * DIM];
    directions_input in = { rows, NULL, 8, DIM, 8, 32, 1 };
    assert_int_equal(cluster(in, centres), 0);
    rows[2 * DIM + 3] = 2.0f;
    rows[5 * DIM + 4] = -1.0f;
    rows[6 * DIM + 5] = 1e-8f; /* below 2^-23 of the longest */
    assert_int_equal(cluster(in, centres), 2);
    assert_true(fabsf(centres[4]) == 1.0f && fabsf(centres[DIM + 3]) == 1.0f);
    in.k = 0;
    assert_int_equal(cluster(in, centres), 0);
}

/* More centres than lines: those without rows stay where they were put. */
static void centres_without_rows_stay(void **state)
{
    (void)state;
    enum { ROWS = 9, K = 4 };
    float rows[ROWS * DIM] = { 0 }, centres[K * DIM];
    for (size_t i = 0; i < ROWS; i++)
        rows[i * DIM + 7] = (float)(1 + i);
    const directions_input in = { rows, NULL, ROWS, DIM, K, 32, 0 };
    assert_int_equal(cluster(in, centres), K);
    for (size_t j = 0; j < K; j++)
        for (size_t d = 0; d < DIM; d++)
            assert_true(centres[j * DIM + d] == (d == 7 ? 1.0f : 0.0f));
}

static void one_centre_is_the_folded_mean(void **state)
{
    (void)state;
    float rows[3 * DIM] = { 0 }, centre[DIM];
    rows[0] = 5.0f;                          /* along the first axis */
    rows[DIM] = -0.6f, rows[DIM + 1] = 0.8f; /* folded to (0.6, -0.8) */
    rows[2 * DIM] = 0.8f, rows[2 * DIM + 2] = 0.6f;
    const directions_input in = { rows, NULL, 3, DIM, 1, 32, 0 };
    assert_int_equal(cluster(in, centre), 1);
    const double length = sqrt(2.4 * 2.4 + 0.8 * 0.8 + 0.6 * 0.6);
    assert_true(fabs((double)centre[0] - 2.4 / length) < 1e-6);
    assert_true(fabs((double)centre[1] + 0.8 / length) < 1e-6);
    assert_true(fabs((double)centre[2] - 0.6 / length) < 1e-6);
}

static void nearest_is_the_largest_magnitude_and_the_first_of_equals(void **state)
{
    (void)state;
    static float rows[N * DIM], centres[65 * DIM];
    uint8_t nearest[N];
    float t[N];
    fill(rows, N * DIM, 7);
    fill(centres, 65 * DIM, 8);
    for (size_t k = 1; k <= 65; k += 8) {
        if (k > 1)
            for (size_t d = 0; d < DIM; d++)
                centres[(k - 1) * DIM + d] = -centres[d]; /* the first one again, turned round */
        float *space = room(directions_nearest_space(N, DIM, k) * sizeof *space);
        directions_nearest(rows, N, DIM, centres, k, nearest, t, space, NULL);
        for (size_t i = 0; i < N; i++) {
            double best = 0.0;
            for (size_t j = 0; j < k; j++)
                best = fmax(best, fabs(along(rows + i * DIM, centres + j * DIM)));
            assert_true(nearest[i] < k && (k == 1 || nearest[i] != k - 1));
            assert_true(fabs((double)t[i] - along(rows + i * DIM, centres + nearest[i] * DIM)) < 1e-4);
            assert_true(fabs((double)t[i]) > best - 1e-4);
        }
        free(space);
    }
}

/* Enough rows, columns and centres that both rounds are cut. */
static void all_threads_and_levels_give_the_same_centres(void **state)
{
    (void)state;
    enum { ROWS = 2000, WIDE = 100, K = 33 };
    static float rows[ROWS * WIDE], weights[ROWS], centres[2][K * WIDE];
    static const char *const levels[] = { "portable", "avx2", "avx512" };
    size_t calls = 0;
    const fan backwards = { fan_backwards, &calls }, three = { fan_on_three, NULL };
    const fan *fans[] = { NULL, &backwards, &three };
    const directions_input in = { rows, weights, ROWS, WIDE, K, 4, 7 };
    void *work = room(directions_work(&in));
    fill(rows, ROWS * WIDE, 11);
    for (size_t i = 0; i < ROWS; i++)
        weights[i] = (float)(1 + i % 5);
    for (int level = 0; cpu_runs(level) && level < 3; level++)
        for (size_t f = 0; f < 3; f++) {
            const int now = level + f > 0;
            cpu_force(levels[level]);
            assert_int_equal(directions_kmeans(&in, centres[now], work, fans[f]), K);
            cpu_force(NULL);
            if (now) assert_memory_equal(centres[0], centres[1], sizeof centres[0]);
        }
    assert_true(calls >= 2 * 4); /* of assigning and of summing */
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_found_whatever_the_signs),
        cmocka_unit_test(seeding_is_farthest_first_from_the_drawn_row),
        cmocka_unit_test(more_iterations_never_lower_the_objective),
        cmocka_unit_test(a_weight_is_a_number_of_equal_rows),
        cmocka_unit_test(rows_without_a_direction_are_left_out),
        cmocka_unit_test(centres_without_rows_stay),
        cmocka_unit_test(one_centre_is_the_folded_mean),
        cmocka_unit_test(nearest_is_the_largest_magnitude_and_the_first_of_equals),
        cmocka_unit_test(all_threads_and_levels_give_the_same_centres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
