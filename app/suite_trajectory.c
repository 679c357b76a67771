/* The suite `trajectory`: greedy continuations of a text's beginnings, by the exact cache and by the config's, and how
 * long they stay together.
 *
 * score = 100 · mean of common / max(length of one, length of the other): who stops early gains nothing by it.
 *
 * Two measures of one thing may disagree. A low trajectory with a low KLD means that where two tokens are almost as
 * likely the config took the other one; a high KLD with a high trajectory means that the predictions have moved and the
 * most likely token hides it. Low and high: below 80 percent, above 0.05 nats (where a gate begins to warn).
 */
#include <math.h>
#include <stdlib.h>

#include "app/bootstrap.h"
#include "app/suite_work.h"

#define SCORE_LOW 80.0
#define KLD_HIGH  0.05

typedef struct trajectory {
    passages prompts;
    int most; /* tokens of a continuation */
} trajectory;

static bool check_room(const suite_work *w, int length, int most, fault *f)
{
    if (length + most <= w->ctx) return true;
    return fault_set(f, FAULT_USAGE, "trajectory: prompts of %d tokens and %d more do not fit a context of %d", length,
                     most, w->ctx);
}

static bool prepare(suite_work *w, void **self, fault *f)
{
    trajectory *t = *self = calloc(1, sizeof *t);
    const char *options = w->job->suite_options;
    int n, length;
    if (!t) return fault_memory(f, "a trajectory");
    if (!suite_option_int(options, "prompts", 1, 4096, &n, f) ||
        !suite_option_int(options, "prompt", 1, 1 << 24, &length, f) ||
        !suite_option_int(options, "tokens", 1, 1 << 16, &t->most, f) || !check_room(w, length, t->most, f) ||
        !suite_passages(w, n, length, &t->prompts, f))
        return false;
    if (t->prompts.n < n) suite_warn(w, "the text has %d prompts, not %d", t->prompts.n, n);
    for (int i = 0; i < t->prompts.n; i++)
        suite_text(w, passages_at(&t->prompts, i), (size_t)length);
    w->out->passages = t->prompts.n;
    w->out->text_tokens = (uint64_t)t->prompts.n * (uint64_t)length;
    return true;
}

static bool same_whole(const suite_answers *a)
{
    return a->common == a->reference.n && a->common == a->config.n;
}

/* Of both continuations, the part that is one. Two that say nothing are one. */
static double shared(const suite_answers *a)
{
    const int longer = a->reference.n > a->config.n ? a->reference.n : a->config.n;
    return longer > 0 ? (double)a->common / longer : 1;
}

static void fill_item(const suite_work *w, const suite_answers *a, suite_item *item)
{
    item->score = a->common;
    item->score_ref = a->reference.n;
    item->second = a->config.n;
    suite_say(w, a->reference.tokens, a->reference.n, item->said_ref, sizeof item->said_ref);
    suite_say(w, a->config.tokens, a->config.n, item->said, sizeof item->said);
}

static bool run_prompt(suite_work *w, const trajectory *t, int i, double *part, bool *whole, fault *f)
{
    const suite_task task = { passages_at(&t->prompts, i), t->prompts.length, t->most };
    suite_answers a = { 0 };
    suite_item *item = suite_add_item(w, f);
    const bool ok = item && suite_task_run(w, i, item, &task, &a, f);
    if (ok) {
        item->x = i + 1;
        fill_item(w, &a, item);
        *part = shared(&a);
        *whole = same_whole(&a);
    }
    suite_answers_release(&a);
    return ok;
}

/* ---- what it says ---- */

/* Where the middle one of those that part does so, counted from 1; NaN when none does. first has room for all. */
static double median_divergence(const job_result *out, double *first)
{
    size_t n = 0;
    for (size_t i = 0; i < out->n_items; i++) {
        const suite_item *item = &out->items[i];
        if (item->score < item->score_ref || item->score < item->second) first[n++] = item->score + 1;
    }
    return n > 0 ? bootstrap_median(first, n) : (double)NAN;
}

static double mean_kld(const metrics *m)
{
    double sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += m->positions[i].kld;
    return m->n ? sum / (double)m->n : 0;
}

static void say(suite_work *w, int whole, double median)
{
    const double kld = mean_kld(w->scores);
    const int n = (int)w->out->n_items;
    if (whole < n)
        suite_warn(w, "%d of %d continuations are the same; the others part at token %g (median)", whole, n, median);
    if (w->out->score < SCORE_LOW && kld <= KLD_HIGH)
        suite_warn(w, "KLD is only %.3g: near-ties were decided otherwise", kld);
    else if (w->out->score >= SCORE_LOW && kld > KLD_HIGH)
        suite_warn(w, "KLD is %.3g: predictions have moved, and the first choice hides it", kld);
}

static bool run(suite_work *w, void *self, fault *f)
{
    trajectory *t = self;
    const size_t n = (size_t)t->prompts.n;
    double *room = calloc(n, sizeof *room), sum = 0;
    int whole = 0;
    bool ok = room || fault_memory(f, "a trajectory");
    for (size_t i = 0; ok && i < n; i++) {
        double part = 0;
        bool all = false;
        suite_progress(w, "continuing", i, n);
        ok = run_prompt(w, t, (int)i, &part, &all, f);
        sum += part;
        whole += all;
    }
    if (ok) {
        w->out->score = 100 * sum / (double)n;
        w->out->score_ref = 100;
        say(w, whole, median_divergence(w->out, room));
    }
    free(room);
    return ok;
}

static void release(void *self)
{
    trajectory *t = self;
    if (t) passages_release(&t->prompts);
    free(t);
}

const suite suite_trajectory = { "trajectory", true, prepare, run, release };
