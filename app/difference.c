#include "app/difference.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/report.h"

/* ---- may they be compared? ---- */

enum { SHOWN = 64 };

static void show_text(const char *name, const char *hash, char text[SHOWN])
{
    snprintf(text, SHOWN, hash ? "%.40s (%.8s)" : "%.40s", name, hash);
}

static void show_number(int64_t n, char text[SHOWN])
{
    snprintf(text, SHOWN, "%" PRId64, n);
}

/* What a comparable set has in common. */
static bool check_comparable(const store_run *a, const store_run *b, fault *f)
{
    char shown[6][2][SHOWN], differ[768] = "";
    const store_run *runs[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        show_text(runs[i]->model.name, runs[i]->model.hash, shown[0][i]);
        show_text(runs[i]->text.name, runs[i]->text.hash, shown[1][i]);
        show_text(runs[i]->protocol, NULL, shown[2][i]);
        show_number(runs[i]->ctx, shown[3][i]);
        show_number(runs[i]->eval, shown[4][i]);
        show_number(runs[i]->passages, shown[5][i]);
    }
    const struct {
        const char *column;
        bool equal;
    } columns[] = {
        { "model", strcmp(a->model.hash, b->model.hash) == 0 },
        { "text", strcmp(a->text.hash, b->text.hash) == 0 },
        { "protocol", strcmp(a->protocol, b->protocol) == 0 },
        { "ctx", a->ctx == b->ctx },
        { "eval", a->eval == b->eval },
        { *a->suite && *b->suite ? "items" : "passages", a->passages == b->passages },
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof columns / sizeof *columns && n < sizeof differ; i++)
        if (!columns[i].equal)
            n += (size_t)snprintf(differ + n, sizeof differ - n, "%s%s (%s and %s)", n ? ", " : "", columns[i].column,
                                  shown[i][0], shown[i][1]);
    if (!*differ) return true;
    /* They are in the text's hash, which tells nobody what was asked. */
    if (*a->suite && strcmp(a->suite, b->suite) == 0 && strcmp(a->suite_options, b->suite_options) != 0 &&
        n < sizeof differ)
        snprintf(differ + n, sizeof differ - n, ", options (%.120s and %.120s)", a->suite_options, b->suite_options);
    return fault_set(f, FAULT_INPUT, "runs %" PRId64 " and %" PRId64 " cannot be compared: they differ in %s", a->id,
                     b->id, differ);
}

static bool check_done(const store_run *r, fault *f)
{
    if (strcmp(r->status, "done") == 0) return true;
    return fault_set(f, FAULT_INPUT, "run %" PRId64 " failed (%s): it has nothing to compare", r->id, r->reason);
}

/* ---- comparing ---- */

static bool compare(difference *d, const paired_run *a, const paired_run *b, fault *f)
{
    static const char *const names[DIFFERENCE_METRICS] = { "kld", "dppl", "top1", "rms_dp" };
    bool ok = true;
    for (int i = 0; ok && i < DIFFERENCE_METRICS; i++) {
        difference_metric *m = &d->metrics[i];
        metric_id id;
        m->metric = store_metric_named(names[i]);
        m->a = store_metric_stored(m->metric, d->a).value;
        m->b = store_metric_stored(m->metric, d->b).value;
        ok = paired_metric(m->metric, &id) && paired_difference(a, b, id, &m->between, f);
    }
    return ok;
}

bool difference_make(store *s, int64_t a, int64_t b, difference *d, fault *f)
{
    paired_run first = { 0 }, second = { 0 };
    *d = (difference){ .a = store_get_run(s, a, f) };
    d->b = d->a ? store_get_run(s, b, f) : NULL;
    bool ok = d->b && check_comparable(d->a, d->b, f) && check_done(d->a, f) && check_done(d->b, f) &&
              report_layers(s, a, &d->layers[0], &d->n_layers[0], f) &&
              report_layers(s, b, &d->layers[1], &d->n_layers[1], f) && paired_read(s, a, d->a->seed, &first, f) &&
              paired_read(s, b, d->b->seed, &second, f) && compare(d, &first, &second, f);
    paired_release(&first);
    paired_release(&second);
    if (!ok) difference_release(d);
    return ok;
}

void difference_release(difference *d)
{
    for (int i = 0; i < 2; i++)
        report_layers_free(d->layers[i], d->n_layers[i]);
    free(d->a);
    free(d->b);
    *d = (difference){ 0 };
}

difference_answer difference_verdict(const difference_metric *m)
{
    if (paired_alike(&m->between)) return DIFFERENCE_ALIKE;
    double a = m->a, b = m->b;
    if (m->metric->flags & STORE_ABSOLUTE) {
        if (a * b < 0) return DIFFERENCE_OPPOSITE;
        a = fabs(a);
        b = fabs(b);
    }
    return m->metric->direction * (b - a) > 0 ? DIFFERENCE_B : DIFFERENCE_A;
}
