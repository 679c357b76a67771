/* Exponents of growth that are known, and what is said of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/growth.h"
#include "app/growth_show.h"
#include "app/growth_theory.h"

enum { REPS = 9 };

/* Sizes 64, 128 ... with the times given for each. */
static growth_series series_of(size_t n, double (*seconds)(double n), const char *theory, double (*cost)(double n))
{
    growth_series s = { .what = "rows", .unit = "rows", .theory = theory };
    fault f = { 0 };
    double size = 64;
    for (size_t i = 0; i < n; i++, size *= 2) {
        double samples[REPS];
        for (int k = 0; k < REPS; k++)
            samples[k] = seconds(size) * (1 + 0.001 * ((k * 5) % REPS - REPS / 2));
        assert_true(growth_point_add(&s, size, cost(size), samples, REPS, &f));
    }
    growth_fit(&s);
    return s;
}

static double constant(double n)
{
    return n > 0 ? 3e-6 : 0;
}

static double linear(double n)
{
    return 3e-6 * n;
}

static double n_log_n(double n)
{
    return growth_law_cost(GROWTH_N_LOG_N, n);
}

static double square(double n)
{
    return 3e-9 * n * n;
}

static double cube(double n)
{
    return 1e-9 * n * n * n;
}

static double fourth(double n)
{
    return 1e-12 * n * n * n * n;
}

static double root(double n)
{
    return 1e-6 * sqrt(n);
}

static double shrinking(double n)
{
    return 1 / n;
}

/* What does not grow weighs more at first: the smaller half is not in the fit. */
static double with_a_start(double n)
{
    return n < 500 ? 1 : 1e-3 * n;
}

static double one_and_a_half(double n)
{
    return 1e-6 * pow(n, 1.5);
}

/* Linear, but every other size takes a third more. */
static double uneven(double n)
{
    return linear(n) * ((int)lround(log2(n)) % 2 ? 1.33 : 1);
}

static double unevenly_faster(double n)
{
    return uneven(n) * pow(n, 0.35);
}

/* ---- the line ---- */

static void exponents_of_powers_are_found(void **state)
{
    (void)state;
    static const struct {
        double (*seconds)(double n);
        double exponent;
        const char *grows;
    } known[] = {
        { constant, 0, "constant" },        { root, 0.5, "sublinear" },   { linear, 1, "linear" },
        { with_a_start, 1, "linear" },      { square, 2, "quadratic" },   { cube, 3, "cubic" },
        { fourth, 4, "faster than cubic" }, { shrinking, -1, "falling" }, { one_and_a_half, 1.5, "faster than linear" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const growth_series s = series_of(8, known[i].seconds, "n", linear);
        assert_true(fabs(s.exponent.value - known[i].exponent) < 1e-9);
        assert_true(s.exponent.lo <= s.exponent.value && s.exponent.value <= s.exponent.hi);
        assert_true(s.exponent.hi - s.exponent.lo < 1e-6);
        assert_true(fabs(s.expected - 1) < 1e-9);
        assert_string_equal(s.grows, known[i].grows);
    }
}

/* The slope of n log n is that of its costs: 1.1 to 1.2, depending on the sizes. */
static void expected_is_the_slope_of_the_costs(void **state)
{
    (void)state;
    const growth_series s = series_of(10, n_log_n, "n log n", n_log_n);
    assert_true(s.expected > 1.05 && s.expected < 1.2);
    assert_true(fabs(s.exponent.value - s.expected) < 1e-9);
    assert_string_equal(s.grows, "n log n");
    assert_false(s.worse);
}

static void faster_than_it_should_is_said_only_where_all_of_the_interval_is(void **state)
{
    (void)state;
    assert_false(series_of(8, linear, "n", linear).worse);
    assert_false(series_of(8, square, "n^2", square).worse);
    assert_false(series_of(8, constant, "n", linear).worse);
    assert_false(series_of(8, root, "1", constant).exponent.lo < 0.4);
    assert_true(series_of(8, root, "1", constant).worse);
    assert_true(series_of(8, square, "n", linear).worse);
    assert_true(series_of(8, one_and_a_half, "n", linear).worse);
    growth_series beside = series_of(8, square, "n", linear);
    beside.beside = true;
    growth_fit(&beside);
    assert_false(beside.worse);
    const growth_series unsure = series_of(8, unevenly_faster, "n", linear);
    assert_true(unsure.exponent.value > 1 + GROWTH_SLACK && !unsure.worse);
    const growth_series two = series_of(2, square, "n", linear); /* have no interval */
    assert_false(two.worse || growth_is_judged(&two) || growth_is_judged(&beside));
    assert_true(growth_is_judged(&unsure));
}

static void points_off_the_line_widen_the_interval(void **state)
{
    (void)state;
    const growth_series s = series_of(8, uneven, "n", linear);
    /* Four points, two degrees of freedom, t = 4.303: by hand with logs +-0.1426 about the line through n. */
    assert_true(s.exponent.hi - s.exponent.lo > 0.5);
    assert_true(s.exponent.lo < 1 && s.exponent.hi > 1);
    const growth_series longer = series_of(20, uneven, "n", linear);
    assert_true(longer.exponent.hi - longer.exponent.lo < 0.2);
}

static void intervals_are_students(void **state)
{
    (void)state;
    growth_series s = { .theory = "n" };
    fault f = { 0 };
    /* ln t = 0, 1, 2, 4 at ln n = 0, 1, 2, 3: slope 1.3, residuals 0.2, -0.1, -0.4, 0.3, RSS 0.3, Sxx 5. */
    const double y[] = { 0, 1, 2, 4 };
    for (int i = 0; i < 4; i++) {
        double samples[REPS];
        for (int k = 0; k < REPS; k++)
            samples[k] = exp(y[i]);
        assert_true(growth_point_add(&s, exp(i), exp(i), samples, REPS, &f));
    }
    growth_fit(&s);
    const double half = 4.303 * sqrt(0.3 / 2 / 5);
    assert_true(fabs(s.exponent.value - 1.3) < 1e-9);
    assert_true(fabs(s.exponent.lo - (1.3 - half)) < 1e-9);
    assert_true(fabs(s.exponent.hi - (1.3 + half)) < 1e-9);
}

static void few_sizes_have_no_exponent_or_no_interval(void **state)
{
    (void)state;
    assert_true(isnan(series_of(1, linear, "n", linear).exponent.value));
    assert_string_equal(series_of(1, linear, "n", linear).grows, "");
    const growth_series two = series_of(2, linear, "n", linear);
    assert_true(fabs(two.exponent.value - 1) < 1e-9 && isnan(two.exponent.lo));
    assert_false(isnan(series_of(3, linear, "n", linear).exponent.lo));
}

/* Of 64 ... 2048 the largest four, 256 among them, which does not grow yet. */
static void the_fit_has_four_sizes_where_there_are(void **state)
{
    (void)state;
    assert_true(fabs(series_of(6, with_a_start, "n", linear).exponent.value - 1) > 0.01);
    assert_true(fabs(series_of(7, with_a_start, "n", linear).exponent.value - 1) < 1e-9);
}

/* ---- the median ---- */

/* At least 95 % of binomial(n, 1/2) lie between: tables of the sign test. */
static void intervals_of_medians_are_order_statistics(void **state)
{
    (void)state;
    static const struct {
        int n, outside; /* samples on either side */
    } known[] = { { 6, 0 }, { 8, 0 }, { 9, 1 }, { 11, 1 }, { 12, 2 }, { 15, 3 }, { 20, 5 }, { 25, 7 }, { 30, 9 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        growth_series s = { 0 };
        fault f = { 0 };
        double samples[30];
        for (int k = 0; k < known[i].n; k++)
            samples[k] = (k * 7 + 3) % 31 + 1; /* all different, in disorder */
        assert_true(growth_point_add(&s, 1, 1, samples, known[i].n, &f));
        for (int k = 1; k < known[i].n; k++)
            assert_true(samples[k - 1] < samples[k]);
        assert_true(s.points[0].seconds.lo == samples[known[i].outside]);
        assert_true(s.points[0].seconds.hi == samples[known[i].n - 1 - known[i].outside]);
        assert_true(s.points[0].seconds.lo <= s.points[0].seconds.value);
    }
}

/* n/2 -+ 1.96 sqrt(n)/2: 2^-10000 is no double. */
static void intervals_of_many_samples_are_as_wide_as_they_must_be(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    growth_series s = { 0 };
    fault f = { 0 };
    double *samples = calloc(MANY, sizeof *samples);
    assert_non_null(samples);
    for (int k = 0; k < MANY; k++)
        samples[k] = k + 1;
    assert_true(growth_point_add(&s, 1, 1, samples, MANY, &f));
    assert_true(fabs(s.points[0].seconds.lo - 4902) < 3 && fabs(s.points[0].seconds.hi - 5099) < 3);
    free(samples);
}

static void there_is_an_end_to_sizes(void **state)
{
    (void)state;
    growth_series s = { 0 };
    fault f = { 0 };
    double one[] = { 1 };
    for (int i = 0; i < GROWTH_POINTS; i++)
        assert_true(growth_point_add(&s, i + 1, 1, one, 1, &f));
    assert_false(growth_point_add(&s, 99, 1, one, 1, &f));
    assert_int_equal(f.code, FAULT_INTERNAL);
}

/* ---- laws ---- */

static void a_wrapper_costs_what_grows_fastest_in_it(void **state)
{
    (void)state;
    catalog_codec named[] = {
        { .name = "rotate" }, { .name = "q8_0" }, { .name = "kakeya" }, { .name = "tcq" }, { .name = "polar" }
    };
    spec q8 = { .codec = &named[1], .text = "q8_0" }, kakeya = { .codec = &named[2], .text = "kakeya" };
    const spec tcq = { .codec = &named[3], .text = "tcq" }, polar = { .codec = &named[4], .text = "polar" };
    const spec rotated = { .codec = &named[0], .inner = &q8, .text = "rotate(q8_0)" };
    const spec haar = { .codec = &named[0], .inner = &q8, .text = "rotate(q8_0,kind=haar)" };
    const spec both = { .codec = &named[0], .inner = &kakeya, .text = "rotate(kakeya)" };
    assert_int_equal(growth_law_of_dim(&q8, GROWTH_ENCODE), GROWTH_LINEAR);
    assert_int_equal(growth_law_of_dim(&polar, GROWTH_DECODE), GROWTH_N_LOG_N);
    assert_int_equal(growth_law_of_dim(&rotated, GROWTH_ENCODE), GROWTH_N_LOG_N);
    assert_int_equal(growth_law_of_dim(&haar, GROWTH_ENCODE), GROWTH_SQUARE);
    assert_int_equal(growth_law_of_dim(&both, GROWTH_ENCODE), GROWTH_CUBE);
    assert_int_equal(growth_law_of_dim(&both, GROWTH_DECODE), GROWTH_SQUARE);
    assert_int_equal(growth_law_of_bits(&tcq, GROWTH_ENCODE), GROWTH_POWER);
    assert_int_equal(growth_law_of_bits(&tcq, GROWTH_DECODE), GROWTH_LINEAR);
    assert_int_equal(growth_law_of_bits(&polar, GROWTH_ENCODE), GROWTH_LINEAR);
}

/* ---- words ---- */

static void times_have_the_unit_that_fits(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } known[] = { { 2.5e-10, "0.25 ns" },
                  { 9.99e-7, "999 ns" },
                  { 1e-6 * (1 - 1e-12), "1 us" },
                  { 12.34e-6, "12.3 us" },
                  { 1e-3, "1 ms" },
                  { 0.1, "100 ms" },
                  { 1, "1 s" },
                  { 432.1, "432 s" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[GROWTH_TIME];
        growth_time_text(known[i].seconds, 3, text);
        assert_string_equal(text, known[i].text);
    }
}

static void sizes_are_short_only_where_nothing_is_lost(void **state)
{
    (void)state;
    static const struct {
        double n;
        const char *text;
    } known[] = {
        { 64, "64" }, { 1000, "1000" }, { 1024, "1k" }, { 1536, "1536" }, { 12800, "12800" }, { 65536, "64k" }
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[GROWTH_TIME];
        growth_size_text(known[i].n, text);
        assert_string_equal(text, known[i].text);
    }
}

/* ---- the picture ---- */

static char *picture_of(const growth_series *s, size_t n, const growth_picture *as)
{
    char *text = NULL;
    size_t size = 0;
    fault f = { 0 };
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    assert_true(growth_plot(to, s, n, as, &f));
    fclose(to);
    return text;
}

static void a_power_is_a_straight_line(void **state)
{
    (void)state;
    growth_series s = series_of(8, linear, "n", linear);
    snprintf(s.name, sizeof s.name, "walking");
    char *text = picture_of(&s, 1, &(growth_picture){ .width = 60, .height = 20, .x_title = "steps" });
    int points = 0, row = 0, column = 0, at_row[8], at_column[8];
    assert_null(strpbrk(text, "\033\xe2"));
    for (const char *c = text; *c && row < 17; c++, column++) {
        if (*c == 'a' && points < 8) {
            at_row[points] = row;
            at_column[points++] = column;
        }
        if (*c == '\n') {
            row++;
            column = -1;
        }
    }
    assert_int_equal(points, 8); /* the last comes first: it lies highest */
    for (int i = 1; i < points; i++) {
        assert_true(at_row[i] > at_row[i - 1] && at_column[i] < at_column[i - 1]);
        const double whole = (double)(at_row[7] - at_row[0]) / (at_column[0] - at_column[7]);
        assert_true(fabs((at_row[i] - at_row[0]) - whole * (at_column[0] - at_column[i])) <= 1.5);
    }
    assert_non_null(strstr(text, "steps"));
    assert_non_null(strstr(text, "a walking"));
    free(text);
}

static void pictures_fit_their_width(void **state)
{
    (void)state;
    growth_series s[2] = { series_of(12, linear, "n", linear), series_of(12, square, "n^2", square) };
    snprintf(s[0].name, sizeof s[0].name, "one thing");
    snprintf(s[1].name, sizeof s[1].name, "another thing");
    for (int width = 30; width < 120; width += 7) {
        char *text = picture_of(s, 2, &(growth_picture){ .width = width, .height = 14, .x_title = "rows" });
        for (const char *line = text; *line;) {
            const size_t n = strcspn(line, "\n");
            assert_true((int)n <= width);
            line += n + (line[n] == '\n');
        }
        free(text);
    }
}

/* Each number of a line is larger than the one before, and 1, 2 or 5 times a power of ten. */
static void check_numbers(const char *line)
{
    double last = 0;
    for (int taken = 0;; line += taken) {
        double number;
        if (sscanf(line, " %lf%n", &number, &taken) != 1) break;
        const double digit = number / pow(10, floor(log10(number) + 1e-9));
        assert_true(number > last && number < 3e6);
        assert_true(fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6);
        last = number;
    }
    assert_true(last > 0);
}

static void numbers_stand_apart(void **state)
{
    (void)state;
    const growth_series s = series_of(16, linear, "n", linear);
    for (int width = 30; width < 90; width += 3) {
        char *text = picture_of(&s, 1, &(growth_picture){ .width = width, .height = 12, .x_title = "x" });
        int checked = 0;
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            if (line[strspn(line, " ")] == '+') {
                check_numbers(line + strcspn(line, "\n"));
                checked++;
            }
        assert_int_equal(checked, 1);
        free(text);
    }
}

static void one_point_and_equal_points_are_drawn(void **state)
{
    (void)state;
    growth_series one = series_of(1, linear, "n", linear), flat = series_of(5, constant, "1", constant);
    char *text = picture_of(&one, 1, &(growth_picture){ .width = 40, .height = 10, .x_title = "x", .utf8 = true });
    assert_non_null(strchr(text, 'a'));
    free(text);
    text = picture_of(&flat, 1,
                      &(growth_picture){ .width = 40, .height = 10, .x_title = "x", .utf8 = true, .color = true });
    assert_non_null(strstr(text, "\033[32ma\033[0m"));
    assert_non_null(strstr(text, "\xe2\xa0") ? text : strstr(text, "\xe2\xa1") ? text : strstr(text, "\xe2\xa3"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponents_of_powers_are_found),
        cmocka_unit_test(expected_is_the_slope_of_the_costs),
        cmocka_unit_test(faster_than_it_should_is_said_only_where_all_of_the_interval_is),
        cmocka_unit_test(points_off_the_line_widen_the_interval),
        cmocka_unit_test(intervals_are_students),
        cmocka_unit_test(few_sizes_have_no_exponent_or_no_interval),
        cmocka_unit_test(the_fit_has_four_sizes_where_there_are),
        cmocka_unit_test(intervals_of_medians_are_order_statistics),
        cmocka_unit_test(intervals_of_many_samples_are_as_wide_as_they_must_be),
        cmocka_unit_test(there_is_an_end_to_sizes),
        cmocka_unit_test(a_wrapper_costs_what_grows_fastest_in_it),
        cmocka_unit_test(times_have_the_unit_that_fits),
        cmocka_unit_test(sizes_are_short_only_where_nothing_is_lost),
        cmocka_unit_test(a_power_is_a_straight_line),
        cmocka_unit_test(pictures_fit_their_width),
        cmocka_unit_test(numbers_stand_apart),
        cmocka_unit_test(one_point_and_equal_points_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
