/* The table of metrics. */
#include "db/store_db.h"

#include <math.h>
#include <string.h>

const store_metric store_metrics[] = {
    { "ratio", "compression ratio", "x", +1, 0 },
    { "bits_per_value", "bits per value", "bits", -1, 0 },
    { "ratio_ctx", "ratio with side data, at ctx", "x", +1, 0 },
    { "ratio_128k", "ratio with side data, at 128K", "x", +1, 0 },
    { "bytes", "cache bytes", "bytes", -1, STORE_DECADES },
    { "kld", "mean KLD", "nats", -1, STORE_INTERVAL | STORE_DECADES },
    { "kld_median", "median KLD", "nats", -1, STORE_DECADES },
    { "kld_p99", "99 % KLD", "nats", -1, STORE_DECADES },
    { "kld_p999", "99.9 % KLD", "nats", -1, STORE_DECADES },
    { "kld_max", "largest KLD", "nats", -1, STORE_DECADES },
    { "ppl", "perplexity", "", -1, 0 },
    { "dppl", "|change of perplexity|", "%", -1, STORE_ABSOLUTE | STORE_INTERVAL | STORE_DECADES },
    { "top1", "top-1 agreement", "%", +1, STORE_INTERVAL },
    { "rms_dp", "RMS change of p", "%", -1, STORE_INTERVAL | STORE_DECADES },
    { "encode_gbs", "encoding speed", "GB/s", +1, 0 },
    { "decode_gbs", "decoding speed", "GB/s", +1, 0 },
    { "ms_per_token", "time per token and layer", "ms", -1, 0 },
    { "peak_rss_bytes", "peak memory", "bytes", -1, 0 },
    { 0 },
};

_Static_assert(sizeof store_metrics / sizeof store_metrics[0] == STORE_METRICS + 1, "STORE_METRICS counts the rows");

store_estimate store_metric_compared(const store_metric *m, store_estimate raw)
{
    if (!(m->flags & STORE_ABSOLUTE)) return raw;
    double lo = fabs(raw.lo), hi = fabs(raw.hi); /* fmin and fmax would hide a NaN */
    if (isnan(lo) || isnan(hi)) return (store_estimate){ fabs(raw.value), NAN, NAN };
    bool holds_zero = raw.lo <= 0 && raw.hi >= 0;
    return (store_estimate){ fabs(raw.value), holds_zero ? 0 : fmin(lo, hi), fmax(lo, hi) };
}

const store_metric *store_metric_named(const char *name)
{
    for (const store_metric *m = store_metrics; m->name; m++)
        if (strcmp(m->name, name) == 0) return m;
    return NULL;
}

store_estimate store_metric_stored(const store_metric *m, const store_run *run)
{
    const record_field *field = record_find(store_run_fields, m->name);
    store_estimate e = { NAN, NAN, NAN };
    if (!field) return e;
    const char *at = (const char *)run + field->offset;
    if (m->flags & STORE_INTERVAL) return *(const store_estimate *)at; /* the value is its first member */
    if (field->kind == RECORD_COUNT) {
        const int64_t count = *(const int64_t *)at;
        if (count >= 0) e.value = (double)count;
    } else {
        e.value = *(const double *)at;
    }
    return e;
}

double store_metric_value(const store_metric *m, const store_run *run)
{
    return store_metric_compared(m, store_metric_stored(m, run)).value;
}
