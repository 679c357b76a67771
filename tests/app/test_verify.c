/* The battery of `kvant verify`: each fault is found by the check that is for it, sound codecs pass, and the closed
 * forms are the published ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/verify.h"
#include "app/verify_claims.h"
#include "app/verify_forms.h"
#include "app/verify_host.h"
#include "app/verify_rows.h"
#include "app/verify_trial.h"
#include "tests/scratch.h"

static registry *loaded(const char *const *files, size_t n)
{
    fault f = { 0 };
    registry *r = registry_create(&f);
    for (size_t i = 0; i < n; i++)
        if (!registry_load(r, files[i], &f)) fail_msg("%s", f.text);
    return r;
}

static spec *parsed(const registry *r, const char *text)
{
    fault f = { 0 };
    spec *s = spec_parse(registry_catalog(r), text, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

/* ---- figures ---- */

/* turboquant.md 1.3, 2.4 and field.md H1, H6, each to the digits printed there. */
static void forms_are_the_published_figures(void **state)
{
    (void)state;
    enum { MANY = 32768 }; /* dimensions: the table is for 128, so that it shrinks by 16 */
    static const double table[] = { 0.006938, 0.020989, 0.035597, 0.051262, 0.068756, 0.089527, 0.117195, 0.173926 };
    static const double border[] = { 0, 0.013963, 0.028293, 0.043430, 0.060009, 0.079142, 0.103361, 0.145560 };
    double level4[8], boundary4[8];
    for (int i = 0; i < 8; i++) {
        level4[i] = table[i] / 16;
        boundary4[i] = border[i] / 16;
    }
    const struct {
        const char *what;
        double form, published, tolerance;
    } figures[] = {
        { "q8_0", verify_block_error(32, -127, 127, 127), 2.86e-5, 0.005 },
        { "q5_0", verify_block_error(32, -16, 15, 16), 1.83e-3, 0.01 },
        { "q4_0", verify_block_error(32, -8, 7, 8), 7.36e-3, 0.005 },
        { "q5_1", verify_range_error(32, 31), 1.43e-3, 0.005 },
        { "q4_1", verify_range_error(32, 15), 6.13e-3, 0.005 },
        { "two bits by groups of 32", verify_range_error(32, 3), 0.154, 0.005 },
        { "e4m3", verify_float_error(3), 7.06e-4, 0.005 },
        { "e5m2", verify_float_error(2), 2.80e-3, 0.015 },
        { "Lloyd-Max, 1 bit, d=128", verify_optimum(128, 1, SCALE_PLAIN), 0.360889, 1e-5 },
        { "Lloyd-Max, 2 bits, d=64", verify_optimum(64, 2, SCALE_PLAIN), 0.114526, 1e-5 },
        { "Lloyd-Max, 4 bits, d=256", verify_optimum(256, 4, SCALE_PLAIN), 0.009408, 1e-4 },
        { "polar, 4 bits, norm", verify_optimum(128, 4, SCALE_NORM), 0.00917, 0.002 },
        { "polar, 4 bits, mse", verify_optimum(128, 4, SCALE_MSE), 0.00915, 0.002 },
        { "polar, 4 bits, unbiased", verify_optimum(128, 4, SCALE_UNBIASED), 0.00924, 0.002 },
        { "turbo4 in many dimensions", verify_table_error(MANY, level4, boundary4, 8, SCALE_PLAIN), 0.020273, 1e-3 },
        { "the same, length kept", verify_table_error(MANY, level4, boundary4, 8, SCALE_NORM), 0.0192, 5e-3 },
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        print_message("%s: %.6g (published: %g)\n", figures[i].what, figures[i].form, figures[i].published);
        if (!(fabs(figures[i].form / figures[i].published - 1) < figures[i].tolerance))
            fail_msg("%s: %g, published %g", figures[i].what, figures[i].form, figures[i].published);
    }
    assert_true(verify_optimum(128, 0, SCALE_PLAIN) < 0);
    assert_true(verify_optimum(128, 9, SCALE_NORM) < 0);
}

static void a_claim_is_found_by_name_and_by_summary(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/exact.so", PLUGINS "/polar.so", PLUGINS "/rotate.so",
                                         BAD "/misfit_sound.so", BAD "/blocky.so" };
    registry *r = loaded(files, 5);
    static const struct {
        const char *text;
        double payload;
        bool there;
        double low, high;
    } cases[] = {
        { "identity", 32, true, 0, 0 },
        { "polar(scale=plain)", 4, true, 0.009315, 0.009315 },
        { "polar(bits=2,scale=plain)", 2, true, 0.1160, 0.1160 },
        { "rotate(polar(scale=plain))", 4, true, 0.009315, 0.009315 },
        { "misfit_sound", 4, true, 0.009142, 0.009315 },
        { "misfit_sound", 3.99, true, 0.009142, 0.009315 },
        { "misfit_sound", 2.3, true, 0.115, 0.119 },
        { "misfit_sound", 0.4, false, 0, 0 },
        { "blocky", 16, false, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        verify_claim c;
        spec *s = parsed(r, cases[i].text);
        if (verify_claim_of(s, 128, cases[i].payload, &c) != cases[i].there) fail_msg("%s", cases[i].text);
        if (cases[i].there && (fabs(c.low - cases[i].low) > 0.01 * cases[i].low ||
                               fabs(c.high - cases[i].high) > 0.01 * cases[i].high + 1e-11))
            fail_msg("%s: %g to %g", cases[i].text, c.low, c.high);
        spec_free(s);
    }
    registry_destroy(r);
}

/* ---- the battery ---- */

typedef struct outcome {
    char failed[512]; /* " check check" */
    char first[400];
    size_t n;
} outcome;

static void on_begin(void *arg, const char *check)
{
    (void)arg, (void)check;
}

static void on_end(void *arg, const verify_result *result)
{
    outcome *o = arg;
    o->n++;
    assert_true(result->measured[0] && result->expected[0]);
    if (result->outcome != VERIFY_FAIL) return;
    if (!o->first[0]) snprintf(o->first, sizeof o->first, "%s: %s", result->check, result->measured);
    const size_t used = strlen(o->failed);
    snprintf(o->failed + used, sizeof o->failed - used, "[%s]", result->check);
}

static outcome verified(const registry *r, const char *text, bool quick)
{
    outcome o = { 0 };
    const verify_listener to = { on_begin, on_end, &o };
    spec *s = parsed(r, text);
    const bool ok = verify_run(r, s, quick, &to);
    assert_int_equal(ok, o.failed[0] == '\0');
    spec_free(s);
    return o;
}

static void sound_codecs_pass_every_check(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/exact.so", PLUGINS "/block.so",    PLUGINS "/turbo.so",
                                         PLUGINS "/polar.so", PLUGINS "/rotate.so",   PLUGINS "/template.so",
                                         BAD "/blocky.so",    BAD "/misfit_sound.so", BAD "/mislearn_sound.so" };
    static const char *const sound[] = { "identity",
                                         "f16",
                                         "q8_0",
                                         "q4_0",
                                         "turbo3",
                                         "rotate(turbo4)",
                                         "rotate(identity)",
                                         "polar",
                                         "template",
                                         "misfit_sound",
                                         "mislearn_sound",
                                         "rotate(mislearn_sound)",
                                         "blocky" };
    registry *r = loaded(files, sizeof files / sizeof *files);
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        const outcome o = verified(r, sound[i], false);
        if (o.failed[0]) fail_msg("%s: %s", sound[i], o.first);
        size_t n = 0;
        while (verify_check_name(n))
            n++;
        assert_int_equal(o.n, n);
    }
    registry_destroy(r);
}

/* Of misfit.c and mislearn.c: what must fail; the first failure's words. */
static const struct {
    const char *name, *failed, *says;
} faults[] = {
    { "misfit_table", "[distortion]", "distortion: 0.0195 (+- 9e-05), 2.09 times as much" },
    { "misfit_norm", "[scale][distortion][kinds of rows]", "scale: 0.4" },
    { "misfit_bits", "[monotone]", "with fewer bits" },
    { "misfit_clock", "[determinism][pieces][sequences][decoder]", "other bytes at byte 2" },
    { "misfit_pieces", "[pieces]", "are not the bytes of the whole" },
    { "misfit_smuggle", "[decoder][rate][distortion]", "the rows are others" },
    { "misfit_unwritten", "[determinism]", "some are left as they were" },
    { "misfit_trusting", "[truncated]", "bytes are taken for 2 rows" },
    { "misfit_silent", "[capacity][sequences][kinds of rows][not finite][truncated][flipped][memory]",
      "without a message" },
    { "misfit_swallow", "[not finite]", "nan in row 0, column 0 gives an encoding" },
    { "misfit_spill", "[memory][leaks]", "create failed and left 1 pieces" },
    { "misfit_boast", "[dimensions]", "dimension 96 is claimed and refused" },
    { "misfit_stale", "[sequences]", "after an error" },
    { "misfit_shy", "[monotone][parameters]", "without a message" },
    { "misfit_flags", "[descriptor]", "unknown flags 0x200" },
    { "misfit_sided", "[create]", "KVANT_E_SHAPE: misfit_sided: no values" },
    { "misfit_cramped", "[capacity]", "and a buffer of 0 gives -2 (KVANT_E_PARAM)" },
    { "misfit_naive", "[flipped]", "comes back as" },
    { "misfit_touchy", "[kinds of rows]", "equal rows: KVANT_E_STATE: misfit_touchy: this row was here before" },
    { "misfit_zeros", "[round trip][distortion]", "error 1" },
    { "misfit_trailer", "[pieces]", "are not the bytes of the whole" },
    { "misfit_crumb", "[pieces]", "no rows give 1 bytes" },
    { "misfit_threaded", "[determinism]", "two threads at once give other bytes" },
    { "misfit_order", "[determinism]", "host->parallel in the other order" },
    { "misfit_careless", "[memory]", "gets no memory: KVANT_E_PARAM, expected KVANT_E_MEMORY" },
    { "mislearn_eager", "[calibration]", "encode before calibrate gives an encoding" },
    { "mislearn_fickle", "[determinism][calibration]", "a second instance" },
    { "mislearn_gullible", "[calibration]", "NaN in the samples' rows is taken" },
    { "mislearn_naive", "[calibration]", "NaN in the samples' moment of queries met is taken" },
    { "mislearn_lax", "[side data]", "bytes of side data are enough" },
    { "mislearn_bare", "[side data]", "decode works before load" },
    { "mislearn_heavy", "[weights]", "weights of 1 change the bytes" },
    { "mislearn_lasting", "[weights]", "weights outlive the encode" },
    { "mislearn_skew", "[weights]", "a weight of nan is taken" },
    { "mislearn_blind", "[attention]", "scores is off" },
    { "mislearn_double_", "[attention]", "mix is off" },
    { "mislearn_deaf", "[cancel]", "a cancelled encode gives KVANT_E_SPACE" },
    { "mislearn_restless", "[geometry]", "calibration changes it" },
    { "mislearn_lonely", "[heads]", "it is not pooled" },
    { "mislearn_variable", "[rate][truncated]", "without KVANT_VARIABLE" },
    { "bad_nan", "[round trip]", "column 127 comes back as nan" },
    { "bad_lie", "[split]", "for " },
    { "bad_create", "[create]", "refuses head dimension 128" },
    { "bad_scribble", "[round trip]", "encode wrote past its buffer" },
};

static void each_fault_fails_the_check_that_is_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s.so", BAD, faults[i].name);
        const char *const files[] = { path };
        registry *r = loaded(files, 1);
        const outcome o = verified(r, faults[i].name, false);
        const bool bad = strncmp(faults[i].name, "bad_", 4) == 0; /* these have other faults besides */
        if (bad ? !strstr(o.failed, faults[i].failed) : strcmp(o.failed, faults[i].failed) != 0)
            fail_msg("%s fails %s, expected %s; %s", faults[i].name, o.failed, faults[i].failed, o.first);
        if (!bad && !strstr(o.first, faults[i].says)) fail_msg("%s: %s", faults[i].name, o.first);
        registry_destroy(r);
    }
}

/* Or it would be no check. */
static void every_check_is_failed_by_somebody(void **state)
{
    (void)state;
    for (size_t i = 0; verify_check_name(i); i++) {
        char name[40];
        bool found = false;
        snprintf(name, sizeof name, "[%s]", verify_check_name(i));
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++)
            found = found || strstr(faults[k].failed, name);
        if (!found) fail_msg("no fault fails %s", name);
    }
}

/* Of a codec itself by every check that opens it; of one inside another, by those too. */
static void memory_left_behind_is_found_inside_wrappers_too(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/rotate.so", BAD "/misfit_leave.so" };
    registry *r = loaded(files, 2);
    const outcome alone = verified(r, "misfit_leave", true), inside = verified(r, "rotate(misfit_leave)", true);
    assert_non_null(strstr(alone.failed, "[leaks]"));
    assert_non_null(strstr(alone.first, "destroy left 1 pieces of memory"));
    assert_non_null(strstr(inside.failed, "[leaks]"));
    registry_destroy(r);
}

static void quick_leaves_the_sweeps_out(void **state)
{
    (void)state;
    static const char *const files[] = { BAD "/misfit_boast.so" };
    registry *r = loaded(files, 1);
    assert_string_equal(verified(r, "misfit_boast", true).failed, "");
    registry_destroy(r);
}

/* ---- the host ---- */

static void the_chosen_allocation_fails_and_no_other(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/exact.so", PLUGINS "/rotate.so" };
    registry *r = loaded(files, 2);
    spec *s = parsed(r, "rotate(identity)");
    const kvant_shape shape = { .dim = 64, .n_layers = 1, .n_heads = 1 };
    long asked = 0;
    for (long fails = -1; fails < 2; fails++) {
        ledger l = { 0 };
        trial t;
        const verify_plan plan = { .fails_at = fails };
        const int rc = trial_open(&t, r, s, &shape, &plan, 1.0f, &l);
        assert_int_equal(rc, fails < 0 ? KVANT_OK : KVANT_E_MEMORY);
        assert_int_equal(trial_message(&t)[0] != '\0', fails >= 0);
        if (fails < 0) asked = t.plan.asked;
        trial_close(&t);
        assert_int_equal(l.leaks, 0);
        assert_string_equal(l.breach, "");
    }
    assert_int_equal(asked, 2); /* the wrapper's and the inner codec's */
    spec_free(s);
    registry_destroy(r);
}

/* ---- rows ---- */

static void error_is_relative_to_the_rows(void **state)
{
    (void)state;
    static const float x[] = { 3, 4, 0 }, y[] = { 3, 4, 5 }, zero[3] = { 0 };
    assert_true(verify_error(x, x, 3) == 0.0);
    assert_true(verify_error(x, y, 3) == 1.0);
    assert_true(verify_error(x, zero, 3) == 1.0);
    assert_true(verify_error(zero, y, 3) == 50.0);
}

/* The moment is symmetric with the least eigenvalue 1, the attention falls to 1: samples a codec may rely on. */
static void samples_are_what_the_abi_says(void **state)
{
    (void)state;
    enum { DIM = 24, HEADS = 3 };
    kvant_samples *s = verify_samples(600, DIM, HEADS, 0.5f);
    assert_int_equal(s->sequence, 600);
    assert_int_equal(s->n_rows, 1200);
    double energy = 0;
    for (size_t i = 0; i < s->n_rows * DIM; i++)
        energy += (double)s->rows[i] * (double)s->rows[i];
    assert_true(fabs(energy / (double)(s->n_rows * DIM) / 0.25 - 1) < 0.03);
    assert_true(s->sequence % HEADS == 0);
    for (size_t h = 0; h < 2 * HEADS; h++) { /* plain, then met */
        const float *m = (h < HEADS ? s->query_moment : s->query_moment_met) + h % HEADS * DIM * DIM;
        for (size_t i = 0; i < DIM; i++) {
            assert_true(m[i * DIM + i] >= 1.0f);
            for (size_t j = 0; j < i; j++)
                assert_true(m[i * DIM + j] == m[j * DIM + i]);
        }
    }
    for (size_t h = 0; h < HEADS; h++) {
        for (size_t i = 1; i < s->n_attention; i++)
            assert_true(s->attention[h * s->n_attention + i] <= s->attention[h * s->n_attention + i - 1]);
        assert_true(s->attention[(h + 1) * s->n_attention - 1] >= 1.0f);
    }
    assert_true(s->query_moment[1] != s->query_moment[DIM * DIM + 1]);
    assert_memory_not_equal(s->query_moment, s->query_moment_met, HEADS * DIM * DIM * sizeof(float));
    verify_samples_free(s);
    static const size_t least[][3] = { { 50, 256, 150 }, { 1, 257, 64 }, { 1, 256, 128 } }; /* unit, dim, sequence */
    for (size_t i = 0; i < 3; i++) {
        s = verify_samples(least[i][0], least[i][1], 1, 1.0f);
        assert_int_equal(s->sequence, least[i][2]);
        verify_samples_free(s);
    }
}

/* ---- reports ---- */

static void results_survive_the_pipe_and_a_death_leaves_its_check(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    verify_result one = { .check = "scale", .outcome = VERIFY_FAIL, .measured = "0.1, \"0.2\"\n", .seconds = 0.25 };
    snprintf(one.expected, sizeof one.expected, "the same");
    verify_write_begins(file, "scale");
    verify_write_result(file, &one);
    fputs("what a codec prints\n{\"check\":7}\n[]\n", file);
    verify_write_begins(file, "memory");
    fputs("{\"check\":\"memory\",\"outco", file);
    rewind(file);
    verify_report r = { 0 };
    verify_report_read(&r, file);
    fclose(file);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.failed, 1);
    assert_string_equal(r.results[0].measured, one.measured);
    assert_string_equal(r.results[0].expected, one.expected);
    assert_true(r.results[0].seconds == 0.25);
    assert_string_equal(r.running, "memory");
    assert_false(r.complete);
    verify_report_add(&r, r.running, VERIFY_NA, "died", "");
    assert_int_equal(r.n, 2);
    assert_int_equal(r.failed, 1);
    assert_int_equal(r.not_applicable, 1);
}

static void a_report_is_complete_with_its_last_line(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    verify_write_begins(file, "leaks");
    verify_write_result(file, &(verify_result){ .check = "leaks", .outcome = VERIFY_PASS });
    verify_write_done(file);
    rewind(file);
    verify_report r = { 0 };
    verify_report_read(&r, file);
    fclose(file);
    assert_true(r.complete);
    assert_string_equal(r.running, "");
    assert_int_equal(r.failed, 0);
}

static void results_are_kept_for_one_file_and_one_codec(void **state)
{
    const char *dir = *state;
    fault f = { 0 };
    shelf s;
    assert_true(shelf_open(&s, dir, &f));
    catalog_codec codec = { .name = "a", .sha256 = "11" }, other = codec, rebuilt = codec;
    other.name = "b";
    strcpy(rebuilt.sha256, "12");
    const verify_kept put = { .standing = VERIFY_FAILED, .when = 1790000000, .first = "scale: 1, 2 \"x\"" };
    verify_kept got;
    verify_kept_get(&s, &codec, &got);
    assert_int_equal(got.standing, VERIFY_UNKNOWN);
    assert_true(verify_kept_put(&s, &codec, &put, &f));
    verify_kept_get(&s, &codec, &got);
    assert_int_equal(got.standing, VERIFY_FAILED);
    assert_int_equal(got.when, put.when);
    assert_string_equal(got.first, put.first);
    verify_kept_get(&s, &other, &got);
    assert_int_equal(got.standing, VERIFY_UNKNOWN);
    verify_kept_get(&s, &rebuilt, &got);
    assert_int_equal(got.standing, VERIFY_UNKNOWN);
    assert_true(verify_kept_put(&s, &codec, &(verify_kept){ .standing = VERIFY_PASSED }, &f));
    verify_kept_get(&s, &codec, &got);
    assert_int_equal(got.standing, VERIFY_PASSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_the_published_figures),
        cmocka_unit_test(a_claim_is_found_by_name_and_by_summary),
        cmocka_unit_test(sound_codecs_pass_every_check),
        cmocka_unit_test(each_fault_fails_the_check_that_is_for_it),
        cmocka_unit_test(every_check_is_failed_by_somebody),
        cmocka_unit_test(memory_left_behind_is_found_inside_wrappers_too),
        cmocka_unit_test(quick_leaves_the_sweeps_out),
        cmocka_unit_test(the_chosen_allocation_fails_and_no_other),
        cmocka_unit_test(error_is_relative_to_the_rows),
        cmocka_unit_test(samples_are_what_the_abi_says),
        cmocka_unit_test(results_survive_the_pipe_and_a_death_leaves_its_check),
        cmocka_unit_test(a_report_is_complete_with_its_last_line),
        cmocka_unit_test_setup_teardown(results_are_kept_for_one_file_and_one_codec, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
