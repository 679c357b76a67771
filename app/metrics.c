#include "app/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/bootstrap.h"

void metrics_release(metrics *m)
{
    free(m->positions);
    free(m->blocks);
    *m = (metrics){ 0 };
}

double metrics_kld(const metrics *m)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < m->n_blocks; i++) {
        sum += m->blocks[i].kld;
        n += m->blocks[i].n;
    }
    return n > 0 ? sum / n : NAN;
}

/* ---- one position ---- */

typedef struct row_summary {
    double log_sum; /* ln sum exp(logits) */
    size_t top;
    bool finite;
} row_summary;

static row_summary summarise_row(const float *x, size_t n)
{
    row_summary r = { .top = 0, .finite = true };
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) r.finite = false;
        if (x[i] > x[r.top]) r.top = i;
    }
    double max = (double)x[r.top], sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    r.log_sum = max + log(sum);
    return r;
}

static double divergence(const float *p, double p_sum, const float *q, double q_sum, size_t n)
{
    double kld = 0;
    for (size_t i = 0; i < n; i++) {
        double lp = (double)p[i] - p_sum, lq = (double)q[i] - q_sum;
        kld += exp(lp) * (lp - lq);
    }
    return kld;
}

typedef struct passage_work {
    const float *p, *q;
    const int32_t *next;
    size_t n_vocab;
    position_metrics *out;
    int *bad; /* per row: 1 P, 2 Q is not finite */
} passage_work;

static void measure(void *arg, size_t i, int thread)
{
    (void)thread;
    const passage_work *w = arg;
    const float *p = w->p + i * w->n_vocab, *q = w->q + i * w->n_vocab;
    row_summary rp = summarise_row(p, w->n_vocab), rq = summarise_row(q, w->n_vocab);
    w->bad[i] = !rp.finite ? 1 : !rq.finite ? 2 : 0;
    size_t next = (size_t)w->next[i];
    double lp = (double)p[next] - rp.log_sum, lq = (double)q[next] - rq.log_sum;
    w->out[i] = (position_metrics){
        .nll_ref = -lp,
        .nll = -lq,
        .kld = divergence(p, rp.log_sum, q, rq.log_sum, w->n_vocab),
        .dp = exp(lq) - exp(lp),
        .same_top = rp.top == rq.top,
    };
}

/* ---- a passage ---- */

static bool reserve(metrics *m, size_t n, fault *f)
{
    if (m->n + n > m->capacity) {
        size_t capacity = 2 * (m->n + n);
        position_metrics *grown = reallocarray(m->positions, capacity, sizeof *grown);
        if (!grown) return fault_memory(f, "the metrics");
        m->positions = grown;
        m->capacity = capacity;
    }
    size_t blocks = (n + METRICS_BLOCK - 1) / METRICS_BLOCK;
    if (m->n_blocks + blocks > m->blocks_capacity) {
        size_t capacity = 2 * (m->n_blocks + blocks);
        block_metrics *grown = reallocarray(m->blocks, capacity, sizeof *grown);
        if (!grown) return fault_memory(f, "the metrics");
        m->blocks = grown;
        m->blocks_capacity = capacity;
    }
    return true;
}

static void add_blocks(metrics *m, int passage, size_t first, const position_metrics *at, size_t n)
{
    for (size_t from = 0; from < n; from += METRICS_BLOCK) {
        block_metrics b = { .passage = passage, .block = (int)((first + from) / METRICS_BLOCK) };
        for (size_t i = from; i < n && i < from + METRICS_BLOCK; i++) {
            b.n++;
            b.nll_ref += at[i].nll_ref;
            b.nll += at[i].nll;
            b.kld += at[i].kld;
            b.dp2 += at[i].dp * at[i].dp;
            b.same_top += at[i].same_top;
        }
        m->blocks[m->n_blocks++] = b;
    }
}

/* Passages come from files, too. */
static bool known_tokens(int passage, size_t first, const int32_t *next, size_t n, size_t n_vocab, fault *f)
{
    for (size_t i = 0; i < n; i++)
        if (next[i] < 0 || (size_t)next[i] >= n_vocab)
            return fault_set(f, FAULT_INPUT,
                             "passage %d, scored position %zu: the next token is %d, outside the vocabulary of %zu",
                             passage, first + i, (int)next[i], n_vocab);
    return true;
}

bool metrics_add_rows(metrics *m, pool *crew, int passage, size_t first, const float *p, const float *q,
                      const int32_t *next, size_t n, size_t n_vocab, fault *f)
{
    if (!known_tokens(passage, first, next, n, n_vocab, f) || !reserve(m, n, f)) return false;
    int *bad = calloc(n + 1, sizeof *bad);
    if (!bad) return fault_memory(f, "the metrics");
    passage_work w = { p, q, next, n_vocab, m->positions + m->n, bad };
    pool_run(crew, n, measure, &w);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        if (bad[i])
            ok = fault_set(f, FAULT_INPUT, "passage %d, scored position %zu: the %s logits are not finite", passage,
                           first + i, bad[i] == 1 ? "reference's" : "config's");
    free(bad);
    if (!ok) return false;
    add_blocks(m, passage, first, m->positions + m->n, n);
    m->n += n;
    return true;
}

bool metrics_add(metrics *m, pool *crew, int passage, const float *p, const float *q, const int32_t *next, size_t n,
                 size_t n_vocab, fault *f)
{
    return metrics_add_rows(m, crew, passage, 0, p, q, next, n, n_vocab, f);
}

/* ---- a run ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static bool kld_tail(const metrics *m, run_metrics *out, fault *f)
{
    double *kld = reallocarray(NULL, m->n, sizeof *kld);
    if (!kld) return fault_memory(f, "the percentiles");
    for (size_t i = 0; i < m->n; i++)
        kld[i] = m->positions[i].kld;
    qsort(kld, m->n, sizeof *kld, ascending);
    out->kld_median = percentile(kld, m->n, 0.5);
    out->kld_p99 = percentile(kld, m->n, 0.99);
    out->kld_p999 = percentile(kld, m->n, 0.999);
    out->kld_max = kld[m->n - 1];
    free(kld);
    return true;
}

bool metrics_summarise(const metrics *m, uint64_t seed, run_metrics *out, fault *f)
{
    *out = (run_metrics){ .n = m->n };
    double nll_ref = 0, nll = 0;
    for (size_t i = 0; i < m->n; i++) {
        nll_ref += m->positions[i].nll_ref;
        nll += m->positions[i].nll;
    }
    out->ppl_ref = exp(nll_ref / (double)m->n);
    out->ppl = exp(nll / (double)m->n);
    return kld_tail(m, out, f) && bootstrap_metric(m->blocks, NULL, m->n_blocks, METRIC_KLD, seed, &out->kld, f) &&
           bootstrap_metric(m->blocks, NULL, m->n_blocks, METRIC_DPPL, seed, &out->dppl, f) &&
           bootstrap_metric(m->blocks, NULL, m->n_blocks, METRIC_RMS_DP, seed, &out->rms_dp, f) &&
           binomial_top1(m->blocks, m->n_blocks, &out->top1);
}
