/* A whole evaluation in this process, against the same numbers computed from the model's logits by hand. */
#include "app/evaluate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/shelf.h"
#include "base/file.h"
#include "engine/forward.h"
#include "engine/tokenizer.h"
#include "tests/scratch.h"

#define MODEL "tests/data/arch/llama.gguf"
#define TEXT  "README.md"
enum { CTX = 48, EVAL = 9, PASSAGES = 3 };

/* ---- by hand ---- */

static double minus_log_probability(const float *logits, int n, int32_t token)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += exp((double)logits[i]);
    return log(sum) - (double)logits[token];
}

/* Perplexity of the reference: chunks of `length` tokens, BOS in front of each, tokens from … to of each chunk
 * predicted from all before them. */
static double perplexity(int length, int from, int to)
{
    fault f = { 0 };
    char *text;
    size_t bytes, n_ids;
    int32_t *ids;
    model *m = model_open(MODEL, &f);
    engine *e = m ? engine_open(m, 1, &f) : NULL;
    tokenizer *t = m ? tokenizer_open(m->file, &f) : NULL;
    assert_non_null(e);
    assert_non_null(t);
    assert_true(file_read(TEXT, &text, &bytes, &f));
    assert_true(tokenizer_encode(t, text, bytes, true, &ids, &n_ids, &f));
    int n_vocab = m->shape.n_vocab, n = 0;
    float *logits = malloc((size_t)length * (size_t)n_vocab * sizeof *logits);
    assert_non_null(logits);
    double nll = 0;
    for (int p = 0; p < PASSAGES; p++) {
        int32_t *chunk = ids + p * length;
        chunk[0] = tokenizer_bos(t);
        kv_cache *c = kv_cache_create(&m->shape, length, KV_BEFORE_ROPE, &f);
        sequence s = { .cache = c, .tokens = chunk, .n = length, .logits = logits };
        assert_true(engine_forward(e, &s, 1, &f));
        for (int i = from; i <= to; i++, n++)
            nll += minus_log_probability(logits + (size_t)(i - 1) * (size_t)n_vocab, n_vocab, chunk[i]);
        kv_cache_destroy(c);
    }
    free(logits);
    free(ids);
    free(text);
    tokenizer_close(t);
    engine_close(e);
    model_close(m);
    return exp(nll / n);
}

/* ---- by the lab ---- */

static void on_started(void *self, const job_result *so_far)
{
    (void)so_far;
    *(int *)self += 1;
}

static void on_stage(void *self, evaluate_stage stage, int passage, int layer)
{
    (void)self;
    (void)stage;
    (void)passage;
    (void)layer;
}

static void on_progress(void *self, const char *what, uint64_t done, uint64_t total, double kld)
{
    (void)self;
    (void)what;
    (void)done;
    (void)total;
    (void)kld;
}

static bool on_cancelled(void *self)
{
    (void)self;
    return false;
}

static void on_log(void *self, const char *line)
{
    (void)self;
    (void)line;
}

static bool evaluated(job *j, job_result *r, fault *f)
{
    int started = 0;
    evaluate_watch watch = { &started, on_started, on_stage, on_progress, on_cancelled, on_log };
    bool ok = evaluate(j, &watch, r, f);
    assert_int_equal(started, 1);
    return ok;
}

static job *new_job(protocol p, const char *config)
{
    job *j = calloc(1, sizeof *j);
    assert_non_null(j);
    strcpy(j->model, MODEL);
    strcpy(j->text, TEXT);
    strcpy(j->config, config);
    strcpy(j->plugins[0], PLUGINS "/exact.so");
    strcpy(j->plugins[1], PLUGINS "/turbo.so");
    strcpy(j->plugins[2], PLUGINS "/window.so");
    j->protocol = p;
    j->ctx = CTX;
    j->eval = EVAL;
    j->passages = PASSAGES;
    j->threads = 2;
    j->seed = 1;
    return j;
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fabs(b))) fail_msg("%.15g is not %.15g", a, b);
}

static void the_reference_is_scored_as_the_protocols_say(void **state)
{
    (void)state;
    /* stream: positions ctx/2 … ctx-2 predict the next; snapshot: every forced token after the first. */
    const double expected[] = { perplexity(CTX, CTX / 2 + 1, CTX - 1),
                                perplexity(CTX + EVAL, CTX + 1, CTX + EVAL - 1) };
    for (int p = PROTOCOL_STREAM; p <= PROTOCOL_SNAPSHOT; p++) {
        fault f = { 0 };
        job_result r;
        job *j = new_job((protocol)p, "identity");
        if (!evaluated(j, &r, &f)) fail_msg("%s", f.text);
        near(r.metrics.ppl_ref, expected[p]);
        assert_true(r.metrics.ppl == r.metrics.ppl_ref && r.metrics.kld_max == 0);
        assert_int_equal(r.metrics.n, (size_t)PASSAGES * (p == PROTOCOL_STREAM ? CTX - 1 - CTX / 2 : EVAL - 1));
        assert_int_equal(r.bytes.values, 3u * 2 * 2 * 32 * CTX * PASSAGES); /* layers, K and V, heads, dim */
        assert_int_equal(r.bytes.total, 4 * r.bytes.values);
        job_result_release(&r);
        free(j);
    }
}

static void metrics_add_up_over_their_blocks(void **state)
{
    (void)state;
    fault f = { 0 };
    job_result r;
    job *j = new_job(PROTOCOL_STREAM, "turbo2");
    if (!evaluated(j, &r, &f)) fail_msg("%s", f.text);
    double n = 0, nll = 0, nll_ref = 0, kld = 0, same = 0, dp2 = 0;
    for (size_t i = 0; i < r.n_blocks; i++) {
        n += r.blocks[i].n;
        nll += r.blocks[i].nll;
        nll_ref += r.blocks[i].nll_ref;
        kld += r.blocks[i].kld;
        same += r.blocks[i].same_top;
        dp2 += r.blocks[i].dp2;
    }
    near(r.metrics.ppl, exp(nll / n));
    near(r.metrics.ppl_ref, exp(nll_ref / n));
    near(r.metrics.dppl.value, 100 * (r.metrics.ppl / r.metrics.ppl_ref - 1));
    near(r.metrics.kld.value, kld / n);
    near(r.metrics.top1.value, 100 * same / n);
    near(r.metrics.rms_dp.value, 100 * sqrt(dp2 / n));
    assert_true(r.metrics.kld.value > 0 && r.metrics.kld_median <= r.metrics.kld_p99 &&
                r.metrics.kld_p99 <= r.metrics.kld_p999 && r.metrics.kld_p999 <= r.metrics.kld_max);
    job_result_release(&r);
    free(j);
}

static void a_kept_reference_is_of_its_own_passage(void **state)
{
    /* The same shelf for other numbers, another text and again the first: each has its own. */
    fault f = { 0 };
    const char *dir = *state;
    double ppl[3];
    for (int i = 0; i < 3; i++) {
        job_result r;
        job *j = new_job(PROTOCOL_STREAM, "identity");
        strcpy(j->cache, dir);
        if (i == 1) strcpy(j->text, "LICENSE");
        if (!evaluated(j, &r, &f)) fail_msg("%s", f.text);
        assert_true(r.metrics.kld_max == 0);
        assert_int_equal(r.reference_kept, i == 2);
        ppl[i] = r.metrics.ppl_ref;
        job_result_release(&r);
        free(j);
    }
    assert_true(ppl[0] == ppl[2] && ppl[0] != ppl[1]);
    shelf s;
    size_t n;
    uint64_t bytes;
    assert_true(shelf_open(&s, dir, &f));
    assert_true(shelf_sum(&s, &n, &bytes, &f));
    assert_int_equal(n, 2 * PASSAGES + 2 + 1); /* references, tokens, the model's hash */
}

/* As JSON it is null, and in the database NULL: what nobody measured is neither 0 nor something that cannot be read. */
static void speeds_that_were_not_measured_are_no_number(void **state)
{
    (void)state;
    static const struct {
        const char *config, *suite, *options;
        bool has_speed, has_codec;
    } cases[] = {
        { "turbo2", "", "", true, true },
        { "window(turbo2,n=64)", "", "", true, false }, /* longer than ctx */
        { "turbo2", "trajectory", "prompts=2 prompt=8 tokens=4", false, true },
        { "turbo2", "attention", "passages=2 queries=4", false, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        job_result r;
        job *j = new_job(PROTOCOL_STREAM, cases[i].config);
        strcpy(j->suite, cases[i].suite);
        strcpy(j->suite_options, cases[i].options);
        if (!evaluated(j, &r, &f)) fail_msg("%s: %s", cases[i].config, f.text);
        const bool codec = cases[i].has_codec;
        if (cases[i].has_speed ? !(r.ms_per_token_layer > 0) : !isnan(r.ms_per_token_layer))
            fail_msg("case %zu: %g ms per token and layer", i, r.ms_per_token_layer);
        if (codec ? !(r.encode_gbs > 0 && r.decode_gbs > 0) : !(isnan(r.encode_gbs) && isnan(r.decode_gbs)))
            fail_msg("case %zu: %g and %g GB/s", i, r.encode_gbs, r.decode_gbs);
        job_result_release(&r);
        free(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_is_scored_as_the_protocols_say),
        cmocka_unit_test(metrics_add_up_over_their_blocks),
        cmocka_unit_test_setup_teardown(a_kept_reference_is_of_its_own_passage, scratch_open, scratch_close),
        cmocka_unit_test(speeds_that_were_not_measured_are_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
