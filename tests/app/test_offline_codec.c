/* A codec on stored rows, by hand, and the samples it calibrates on. */
#include "app/offline_codec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "app/offline_samples.h"
#include "app/roundtrip_streams.h"
#include "kernels/half.h"
#include "tests/app/noise.h"
#include "tests/app/offline_plugins.h"

/* ---- codecs on stored rows ---- */

enum { HEADS = 3, ROWS = 50 };

/* Runs all heads; returns what came back, [HEADS][ROWS][D], and the sum of the accounts. */
static float *run_codec(const char *text, size_t sequence, bool from_half, const float *rows, offline_account *sum)
{
    fault f = { 0 };
    spec *s = parse(text);
    const offline_codec_request request = { .known = known,
                                            .codec = s,
                                            .shape = { .dim = D, .n_heads = HEADS, .n_layers = 1 },
                                            .rows = ROWS,
                                            .sequence = sequence,
                                            .from_half = from_half };
    offline_codec *c = offline_codec_open(&request, &f);
    if (!c) fail_msg("%s", f.text);
    float *back = calloc(HEADS * ROWS * D, sizeof *back);
    *sum = (offline_account){ 0 };
    for (size_t i = 0; i < offline_codec_instances(c); i++) {
        if (!offline_codec_run(c, i, rows + i * ROWS * D, back + i * ROWS * D, &f)) fail_msg("%s", f.text);
        const offline_account a = offline_codec_account(c, i);
        sum->bytes.values += a.bytes.values;
        sum->bytes.total += a.bytes.total;
        sum->bytes.open += a.bytes.open;
        sum->bytes.open_values += a.bytes.open_values;
        sum->bytes.exact += a.bytes.exact;
    }
    if (!offline_codec_close(c, &f)) fail_msg("%s", f.text);
    spec_free(s);
    return back;
}

/* blocky stores f16 rows and some zero bytes: of 50 rows with blocks of 16 behind a window of 8, 32 are stored; of two
 * sequences of 25, 16 each. Pooled or not. */
static void open_rows_stay_at_the_end_of_every_sequence(void **state)
{
    (void)state;
    float *rows = noise(HEADS * ROWS * D, 1, 1);
    for (int pooled = 0; pooled < 2; pooled++)
        for (int two = 0; two < 2; two++) {
            char text[64];
            offline_account a;
            snprintf(text, sizeof text, "blocky(block=16,window=8,pad=5,pool=%s)", pooled ? "true" : "false");
            float *back = run_codec(text, two ? 25 : ROWS, true, rows, &a);
            const uint64_t open = HEADS * D * (ROWS - 32), stored = HEADS * 32;
            assert_int_equal(a.bytes.values, HEADS * ROWS * D);
            assert_int_equal(a.bytes.open_values, open);
            assert_int_equal(a.bytes.open, 2 * open);
            assert_int_equal(a.bytes.total, 2 * open + stored * (2 * D + 5));
            for (size_t i = 0; i < HEADS * ROWS * D; i++)
                assert_true(back[i] == half_to_float(half_from_float(rows[i])));
            free(back);
        }
    free(rows);
}

static void a_pooled_codec_sees_the_heads_interleaved(void **state)
{
    (void)state;
    float *rows = noise(HEADS * ROWS * D, 1, 1);
    for (int pooled = 0; pooled < 2; pooled++) {
        offline_account a;
        float *back =
            run_codec(pooled ? "blocky(block=5,forget=2,pool=true)" : "blocky(block=5,forget=2)", ROWS, true, rows, &a);
        for (size_t i = 0; i < HEADS * ROWS * D; i++)
            assert_true(back[i] == (i / D / ROWS == 1 ? 0 : half_to_float(half_from_float(rows[i]))));
        free(back);
    }
    free(rows);
}

/* A value that f16 cannot hold, in a row that stays open, and in one that is encoded: then it is the codec's to say,
 * unless the codec is given what f16 has left of the rows. */
static void open_rows_too_large_for_f16_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t row;
        bool from_half;
        const char *part;
    } cases[] = {
        { 49, false, "row 49, column 3 is 1e+06, which does not fit into the f16 of open rows" },
        { 20, true, "row 20, column 3 is 1e+06, which does not fit into the f16 of open rows" },
        { 20, false, "encode: row 20: 1e+06 does not fit f16" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float *rows = noise(ROWS * D, 1, 1), back[ROWS * D];
        rows[cases[i].row * D + 3] = 1e6f;
        fault f = { 0 };
        spec *s = parse("blocky(block=16)");
        const offline_codec_request request = { .known = known,
                                                .codec = s,
                                                .shape = { .dim = D, .n_heads = 1, .n_layers = 1 },
                                                .rows = ROWS,
                                                .sequence = ROWS,
                                                .from_half = cases[i].from_half };
        offline_codec *c = offline_codec_open(&request, &f);
        assert_non_null(c);
        assert_false(offline_codec_run(c, 0, rows, back, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        assert_true(offline_codec_close(c, &f));
        spec_free(s);
        free(rows);
    }
}

/* ---- what calibration is given ---- */

static void samples_are_the_first_rows_and_their_queries(void **state)
{
    (void)state;
    enum { GROUP = 2, USED = 30, SEQUENCE = 20 };
    float *rows = noise(HEADS * ROWS * D, 1, 1), *q = noise(GROUP * HEADS * ROWS * D, 2, 1);
    rope_table rope = { .n_rot = D - 2 };
    assert_true(rope_table_grow(&rope, SEQUENCE, 50.0f, NULL));
    const offline_source from = { HEADS, GROUP, USED, ROWS, SEQUENCE, D, q, rows, q, &rope };
    offline_known k;
    kvant_samples one, all;
    void *memory[2];
    fault f = { 0 };
    pool *crew = pool_create(2, &f);
    assert_non_null(crew);
    assert_true(offline_learn(&k, &from, crew, &f));
    pool_destroy(crew);
    assert_true(offline_samples(&k, rows, D, 1, &one, &memory[0], &f));
    assert_true(offline_samples(&k, rows, D, -1, &all, &memory[1], &f));
    assert_true(one.n_rows == USED && one.sequence == SEQUENCE && one.n_attention == SEQUENCE);
    assert_true(all.n_rows == HEADS * USED && all.sequence == HEADS * SEQUENCE && all.n_attention == SEQUENCE);
    assert_memory_equal(one.rows, rows + ROWS * D, USED * D * sizeof *rows);
    for (size_t r = 0; r < HEADS * USED; r++)
        assert_memory_equal(all.rows + r * D, rows + (r % HEADS * ROWS + r / HEADS) * D, D * sizeof *rows);
    assert_memory_equal(all.query_moment + D * D, one.query_moment, D * D * sizeof *rows);
    assert_memory_equal(all.attention + SEQUENCE, one.attention, SEQUENCE * sizeof *rows);
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            double sum = 0;
            for (size_t g = GROUP; g < 2 * GROUP; g++)
                for (size_t r = 0; r < USED; r++)
                    sum += (double)q[(g * ROWS + r) * D + i] * (double)q[(g * ROWS + r) * D + j];
            assert_true(fabs((double)one.query_moment[i * D + j] - sum / (GROUP * USED)) < 1e-6);
        }
    /* Every query of head 1 turned by every distance to a key of a whole sequence, each as often as it occurs. */
    double met[D * D] = { 0 }, pairs = 0;
    for (size_t j = 0; j < SEQUENCE; j++)
        for (size_t i = 0; i <= j; i++, pairs++)
            for (size_t r = 0; r < GROUP * USED; r++) {
                float x[D];
                memcpy(x, q + ((GROUP + r / USED) * ROWS + r % USED) * D, sizeof x);
                rope_rotate(&rope, x, (int)(j - i));
                for (size_t a = 0; a < D * D; a++)
                    met[a] += (double)x[a / D] * (double)x[a % D];
            }
    for (size_t a = 0; a < D * D; a++)
        assert_true(fabs((double)one.query_moment_met[a] - met[a] / pairs / (GROUP * USED)) < 1e-5);
    assert_memory_equal(all.query_moment_met + D * D, one.query_moment_met, D * D * sizeof *rows);
    rope_table_release(&rope);
    /* The weights of one query add up to 1: so do what positions get, weighed back. Positions 0 ... 9 have had 20 and
     * 10 queries of two sequences, those behind 20 of one. */
    double mass = 0, queries = 0;
    for (size_t i = 0; i < SEQUENCE; i++)
        mass += (double)one.attention[i] * (double)(SEQUENCE - i + (i < USED - SEQUENCE ? USED - SEQUENCE - i : 0));
    for (size_t j = 0; j < USED; j++)
        queries += (double)(j % SEQUENCE + 1);
    near(mass, queries, 1e-5);
    free(memory[0]);
    free(memory[1]);
    offline_forget(&k);
    free(rows);
    free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_rows_stay_at_the_end_of_every_sequence),
        cmocka_unit_test(a_pooled_codec_sees_the_heads_interleaved),
        cmocka_unit_test(open_rows_too_large_for_f16_are_named),
        cmocka_unit_test(samples_are_the_first_rows_and_their_queries),
    };
    return cmocka_run_group_tests(tests, load_plugins, drop_plugins);
}
