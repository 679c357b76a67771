#include "app/verdict.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *name;
    double dppl; /* percent, at most, either direction */
    double top1; /* percent, at least */
} rows[] = {
    { "ACCEPT*", 1, 95 },
    { "ACCEPT", 3, 85 },
    { "MARGINAL", 10, 0 },
    { "REJECT", INFINITY, 0 },
};

enum { WORST = sizeof rows / sizeof *rows - 1 };

static int row_of(double dppl, double top1)
{
    for (int i = 0; i < WORST; i++)
        if (dppl <= rows[i].dppl && top1 >= rows[i].top1) return i;
    return WORST;
}

verdict verdict_of(const run_metrics *m)
{
    verdict v = { 0 };
    if (m->dppl.value < 0 && m->kld.value > 0.05)
        snprintf(v.note, sizeof v.note,
                 "perplexity fell by %.2f %% while KLD is %.3f nats: the predictions changed, they did not improve",
                 -m->dppl.value, m->kld.value);
    if (m->ppl_ref > 1000) {
        snprintf(v.text, sizeof v.text, "NONE");
        snprintf(v.note, sizeof v.note, "the reference's perplexity is %.0f: this text says nothing about this model",
                 m->ppl_ref);
        return v;
    }
    int point = row_of(fabs(m->dppl.value), m->top1.value);
    int worst = row_of(fmax(fabs(m->dppl.lo), fabs(m->dppl.hi)), m->top1.lo);
    snprintf(v.text, sizeof v.text, "%s%s", rows[point].name, worst > point ? "?" : "");
    return v;
}
