#include "app/axes.h"

#include <stdio.h>
#include <string.h>

void axes_title(const store_metric *m, char *text, size_t capacity)
{
    snprintf(text, capacity, "%s%s%s (%s is better)", m->label, *m->unit ? ", " : "", m->unit,
             m->direction > 0 ? "more" : "less");
}

/* Every metric that is not across is upward; those named here come first. */
static const char *const across[] = { "ratio",        "bits_per_value", "ratio_128k", "ratio_ctx",      "bytes",
                                      "ms_per_token", "encode_gbs",     "decode_gbs", "peak_rss_bytes", NULL };
static const char *const upward_first[] = { "kld", "dppl", "top1", "kld_p99", "rms_dp", NULL };

static bool is_in(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

/* The metrics of one kind in their order; returns how many. */
static size_t in_order(bool upward, const store_metric *order[STORE_METRICS])
{
    size_t n = 0;
    const char *const *first = upward ? upward_first : across;
    for (size_t i = 0; first[i] && n < STORE_METRICS; i++)
        if ((order[n] = store_metric_named(first[i]))) n++;
    for (const store_metric *m = store_metrics; upward && m->name && n < STORE_METRICS; m++)
        if (!is_in(across, m->name) && !is_in(upward_first, m->name)) order[n++] = m;
    return n;
}

const store_metric *axes_next(const store_metric *now, bool upward)
{
    const store_metric *order[STORE_METRICS];
    const size_t n = in_order(upward, order);
    size_t i = 0;
    while (i < n && order[i] != now)
        i++;
    return order[i + 1 < n ? i + 1 : 0];
}
