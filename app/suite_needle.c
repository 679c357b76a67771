/* The suite `needle`: keys hidden in a haystack at chosen depths and lengths, among others that are nearly the same,
 * and one is asked for (app/suite_needle_task.h). A cell that the reference does not find says nothing about a cache.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_needle_stack.h"
#include "kernels/random.h"

enum {
    SHORTEST = 256,
    CELLS_MOST = 4096,
};

typedef struct needle {
    double lengths[SUITE_LIST], depths[SUITE_LIST];
    int n_lengths, n_depths, trials;
    bool standard;           /* lengths: nobody named them */
    bool kind[NEEDLE_KINDS]; /* is asked for */
    chat *chat;
    needle_hay hay;
    needle_stack *stacks; /* [length][depth][kind][trial]; blank for kinds that are not asked for */
    size_t n_stacks;
    int done;
} needle;

static size_t number(const needle *n, int length, int depth, int kind, int trial)
{
    return (((size_t)length * (size_t)n->n_depths + (size_t)depth) * NEEDLE_KINDS + (size_t)kind) * (size_t)n->trials +
           (size_t)trial;
}

/* ---- what is asked for ---- */

static void standard_lengths(needle *n, int ctx)
{
    n->n_lengths = 0;
    for (int length = SHORTEST; length < ctx && n->n_lengths < SUITE_LIST - 1; length *= 2)
        n->lengths[n->n_lengths++] = length;
    n->lengths[n->n_lengths++] = ctx;
}

static bool read_kinds(const char *options, bool kind[NEEDLE_KINDS], fault *f)
{
    char text[SUITE_OPTIONS];
    if (!suite_option_text(options, "kinds", text, f)) return false;
    for (char *rest = text, *word; (word = strsep(&rest, ","));) {
        int i = 0;
        while (i < NEEDLE_KINDS && strcmp(needle_kinds[i].name, word) != 0)
            i++;
        if (i == NEEDLE_KINDS)
            return fault_set(f, FAULT_USAGE, "--kinds: \"%s\" is none of single, several, marked and chain", word);
        kind[i] = true;
    }
    return true;
}

static bool read_options(suite_work *w, needle *n, fault *f)
{
    const char *options = w->job->suite_options;
    n->n_lengths = suite_option_list(options, "lengths", 0, 1 << 24, n->lengths, f);
    if (n->n_lengths == 0) return false;
    n->n_depths = suite_option_list(options, "depths", 0, 1, n->depths, f);
    if (n->n_depths == 0 || !suite_option_int(options, "trials", 1, 100, &n->trials, f) ||
        !read_kinds(options, n->kind, f))
        return false;
    n->standard = n->n_lengths == 1 && n->lengths[0] == 0;
    if (n->standard) standard_lengths(n, w->ctx);
    for (int i = 0; i < n->n_lengths; i++)
        if (n->lengths[i] != floor(n->lengths[i]) || n->lengths[i] < 1 || n->lengths[i] > w->ctx)
            return fault_set(f, FAULT_USAGE, "--lengths: %g is no length from 1 to the %d positions of the context",
                             n->lengths[i], w->ctx);
    n->n_stacks = (size_t)n->n_lengths * (size_t)n->n_depths * NEEDLE_KINDS * (size_t)n->trials;
    return n->n_stacks <= CELLS_MOST ||
           fault_set(f, FAULT_USAGE, "%zu haystacks are too many, at most %d: fewer lengths, depths or trials",
                     n->n_stacks, CELLS_MOST);
}

/* ---- haystacks ---- */

static uint64_t mixed(uint64_t seed, uint64_t a, uint64_t b)
{
    return random_bits(random_bits(seed, a), b);
}

static uint64_t seed_of(const suite_work *w, const needle *n, int length, int trial)
{
    return mixed(w->job->seed, (uint64_t)n->lengths[length], (uint64_t)trial);
}

static needle_task task_of(const needle *n, int length, int depth, int kind, uint64_t hay)
{
    needle_task t = { 0 };
    const needle_asked how = { !chat_is_plain(n->chat), n->depths[depth], (int)n->lengths[length] };
    needle_kinds[kind].ask(&t, &how, mixed(hay, (uint64_t)depth + 1, (uint64_t)kind));
    return t;
}

/* All cells of one length and trial have one haystack, so that they differ in the needles alone. */
static bool make_stacks(suite_work *w, needle *n, int length, int trial, fault *f)
{
    const uint64_t hay = seed_of(w, n, length, trial);
    const needle_place place = { w->tokenizer, n->chat, &n->hay };
    for (int depth = 0; depth < n->n_depths; depth++)
        for (int kind = 0; kind < NEEDLE_KINDS; kind++) {
            if (!n->kind[kind]) continue;
            const needle_task t = task_of(n, length, depth, kind, hay);
            needle_stack *s = &n->stacks[number(n, length, depth, kind, trial)];
            if (!needle_stack_make(&place, &t, (int)n->lengths[length], hay, s, f)) return false;
        }
    return true;
}

/* Of the lengths that nobody named those that hold nothing are left out. */
static bool drop_short(suite_work *w, needle *n, fault *f)
{
    const needle_place place = { w->tokenizer, n->chat, &n->hay };
    while (n->standard && n->n_lengths > 1) {
        bool fits = true;
        for (int kind = 0; kind < NEEDLE_KINDS; kind++)
            for (int depth = 0; n->kind[kind] && depth < n->n_depths; depth++) {
                const needle_task t = task_of(n, 0, depth, kind, seed_of(w, n, 0, 0));
                int least;
                if (!needle_stack_least(&place, &t, &least, f)) return false;
                fits = fits && 10 * n->lengths[0] >= 11.0 * least; /* names of other trials may be longer */
            }
        if (fits) break;
        memmove(n->lengths, n->lengths + 1, (size_t)--n->n_lengths * sizeof *n->lengths);
    }
    return true;
}

static bool prepare(suite_work *w, void **self, fault *f)
{
    needle *n = *self = calloc(1, sizeof *n);
    if (!n) return fault_memory(f, "the suite");
    if (!read_options(w, n, f)) return false;
    double longest = 0;
    for (int i = 0; i < n->n_lengths; i++)
        longest = fmax(longest, n->lengths[i]);
    n->chat = chat_open(w->model->file, w->tokenizer, f);
    n->stacks = calloc(n->n_stacks, sizeof *n->stacks);
    if (!n->chat || !n->stacks) return n->chat ? fault_memory(f, "the haystacks") : false;
    if (!needle_hay_make(w, (int)longest, &n->hay, f) || !drop_short(w, n, f)) return false;
    for (int length = 0; length < n->n_lengths; length++)
        for (int trial = 0; trial < n->trials; trial++)
            if (suite_stopped(w, f) || !make_stacks(w, n, length, trial, f)) return false;
    for (size_t i = 0; i < n->n_stacks; i++) {
        if (!n->stacks[i].tokens) continue;
        w->out->passages++;
        suite_text(w, n->stacks[i].tokens, (size_t)n->stacks[i].n);
        w->out->text_tokens += (uint64_t)n->stacks[i].n;
    }
    return true;
}

/* ---- at work ---- */

typedef struct tally {
    int asked, reference, config; /* config: of those the reference finds */
} tally;

/* The item shows its last trial, or the first that the config alone lost. */
static void tell(const suite_work *w, const needle_stack *s, const suite_answers *a, suite_item *item, tally *cell)
{
    char said_ref[SUITE_SAID], said[SUITE_SAID];
    suite_say(w, a->reference.tokens, a->reference.n, said_ref, sizeof said_ref);
    suite_say(w, a->config.tokens, a->config.n, said, sizeof said);
    const bool found = needle_found(s->key, said_ref), kept = needle_found(s->key, said);
    if (cell->config == cell->reference) {
        memcpy(item->said_ref, said_ref, sizeof said_ref);
        memcpy(item->said, said, sizeof said);
        item->note[0] = '\0';
        if (!found || !kept) snprintf(item->note, sizeof item->note, "the key is \"%s\"", s->key);
    }
    cell->asked++;
    cell->reference += found;
    cell->config += found && kept;
}

/* One trial: adds to the item what it scored. */
static bool run_trial(suite_work *w, const needle *n, size_t i, suite_item *item, tally *cell, fault *f)
{
    const needle_stack *s = &n->stacks[i];
    const suite_task task = { s->tokens, s->n, NEEDLE_ANSWER };
    suite_answers a = { 0 };
    suite_item one = { 0 };
    const bool ok = suite_task_run(w, n->done, &one, &task, &a, f);
    if (ok) {
        tell(w, s, &a, item, cell);
        if (one.n > 0) {
            const double all = (double)(item->n + one.n), share = (double)one.n / all;
            item->kld = item->n ? item->kld + share * (one.kld - item->kld) : one.kld;
            item->agreement = item->n ? item->agreement + share * (one.agreement - item->agreement) : one.agreement;
            item->n += one.n;
        }
    }
    suite_answers_release(&a);
    return ok;
}

static bool run_cell(suite_work *w, needle *n, int length, int depth, int kind, tally *sum, fault *f)
{
    tally cell = { 0 };
    suite_item *item = suite_add_item(w, f);
    if (!item) return false;
    snprintf(item->label, sizeof item->label, "%s", needle_kinds[kind].name);
    item->x = n->lengths[length];
    item->y = n->depths[depth];
    for (int trial = 0; trial < n->trials; trial++) {
        const size_t i = number(n, length, depth, kind, trial);
        if (suite_stopped(w, f) || !run_trial(w, n, i, item, &cell, f)) return false;
        suite_progress(w, "evaluating", (size_t)++n->done, (size_t)w->out->passages);
    }
    item->score_ref = (double)cell.reference / cell.asked;
    if (cell.reference > 0) item->score = (double)cell.config / cell.reference;
    sum->asked += cell.asked;
    sum->reference += cell.reference;
    sum->config += cell.config;
    return true;
}

/* What the reference finds only now and then measures little. */
static void warn(suite_work *w, const char *what, const tally *t, const char *so)
{
    if (3 * t->reference < t->asked)
        suite_warn(w, "%s: the reference itself finds only %d of %d%s", what, t->reference, t->asked, so);
}

static void summarise(suite_work *w, const needle *n, const tally kinds[NEEDLE_KINDS])
{
    tally all = { 0 };
    suite_warn(w, "%s", chat_warning(n->chat));
    for (int i = 0; i < NEEDLE_KINDS; i++) {
        if (!needle_kinds[i].ranked || !n->kind[i]) continue;
        warn(w, needle_kinds[i].name, &kinds[i], "");
        all.asked += kinds[i].asked;
        all.reference += kinds[i].reference;
        all.config += kinds[i].config;
    }
    warn(w, "all kinds", &all, ", this says little");
    w->out->score_ref = all.asked ? 100.0 * all.reference / all.asked : NAN;
    w->out->score = all.reference ? 100.0 * all.config / all.reference : NAN;
}

static bool run(suite_work *w, void *self, fault *f)
{
    needle *n = self;
    tally kinds[NEEDLE_KINDS] = { 0 };
    for (int length = 0; length < n->n_lengths; length++)
        for (int depth = 0; depth < n->n_depths; depth++)
            for (int kind = 0; kind < NEEDLE_KINDS; kind++)
                if (n->kind[kind] && !run_cell(w, n, length, depth, kind, &kinds[kind], f)) return false;
    summarise(w, n, kinds);
    return true;
}

static void release(void *self)
{
    needle *n = self;
    if (!n) return;
    for (size_t i = 0; n->stacks && i < n->n_stacks; i++)
        free(n->stacks[i].tokens);
    free(n->stacks);
    needle_hay_release(&n->hay);
    chat_close(n->chat);
    free(n);
}

const suite suite_needle = { "needle", true, prepare, run, release };
