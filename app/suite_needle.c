/* The suite `needle`: keys hidden in a haystack at chosen depths and lengths, among others that are nearly the same,
 * and one is asked for (app/suite_needle_task.h). A cell that the reference does not find says nothing about a cache.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat.h"
#include "app/suite_needle_hay.h"
#include "app/suite_needle_task.h"
#include "kernels/random.h"

enum {
    ANSWER = 16, /* tokens */
    SHORTEST = 256,
    CELLS_MOST = 4096,
};

/* One haystack with its needles, as the model reads it. */
typedef struct stack {
    int32_t *tokens;
    int n;
    char key[64];
} stack;

typedef struct needle {
    double lengths[SUITE_LIST], depths[SUITE_LIST];
    int n_lengths, n_depths, trials;
    bool kind[NEEDLE_KINDS]; /* is asked for */
    chat *chat;
    needle_hay hay;
    stack *stacks; /* [length][depth][kind][trial]; blank for kinds that are not asked for */
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
    char text[SUITE_OPTIONS], name[32];
    for (size_t at = 0; suite_option_next(options, &at, name, text);) {
        if (strcmp(name, "kinds") != 0) continue;
        for (char *rest = text, *word; (word = strsep(&rest, ","));) {
            int i = 0;
            while (i < NEEDLE_KINDS && strcmp(needle_kinds[i].name, word) != 0)
                i++;
            if (i == NEEDLE_KINDS)
                return fault_set(f, FAULT_USAGE, "--kinds: \"%s\" is none of single, several, marked and chain", word);
            kind[i] = true;
        }
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
    if (n->n_lengths == 1 && n->lengths[0] == 0) standard_lengths(n, w->ctx);
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

static bool push_text(suite_work *w, token_list *ids, const char *text, fault *f)
{
    int32_t *piece;
    size_t n;
    if (!tokenizer_encode(w->tokenizer, text, strlen(text), false, &piece, &n, f)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = token_list_push(ids, piece[i], f);
    free(piece);
    return ok;
}

/* The notes as tokens, each a line of its own, in the order they stand in. */
typedef struct lines {
    token_list ids[NEEDLE_NOTES];
    double depth[NEEDLE_NOTES];
    int n;
    int total; /* tokens */
} lines;

static void lines_release(lines *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->ids[i].at);
}

static bool make_lines(suite_work *w, const needle_task *t, lines *l, fault *f)
{
    bool taken[NEEDLE_NOTES] = { false };
    for (; l->n < t->n_notes; l->n++) {
        int first = -1;
        for (int i = 0; i < t->n_notes; i++)
            if (!taken[i] && (first < 0 || t->notes[i].depth < t->notes[first].depth)) first = i;
        char text[80];
        taken[first] = true;
        snprintf(text, sizeof text, "\n%s\n", t->notes[first].text);
        l->depth[l->n] = t->notes[first].depth;
        l->ids[l->n] = (token_list){ 0 };
        if (!push_text(w, &l->ids[l->n], text, f)) {
            free(l->ids[l->n].at);
            return false;
        }
        l->total += (int)l->ids[l->n].n;
    }
    return true;
}

static bool push_hay(const needle_hay *hay, size_t from, int begin, int end, token_list *ids, fault *f)
{
    for (int i = begin; i < end; i++)
        if (!token_list_push(ids, hay->tokens[(from + (size_t)i) % hay->n], f)) return false;
    return true;
}

/* n_hay tokens of the text with the lines between, then the question. */
static bool fill(suite_work *w, const needle *n, const needle_task *t, const lines *l, int n_hay, uint64_t seed,
                 token_list *body, fault *f)
{
    const size_t from = needle_hay_start(&n->hay, seed);
    int done = 0;
    for (int i = 0; i < l->n; i++) {
        int place = needle_hay_place(&n->hay, from, n_hay, l->depth[i]);
        if (place < done) place = done;
        if (!push_hay(&n->hay, from, done, place, body, f)) return false;
        done = place;
        for (size_t k = 0; k < l->ids[i].n; k++)
            if (!token_list_push(body, l->ids[i].at[k], f)) return false;
    }
    char question[sizeof t->question + 2];
    snprintf(question, sizeof question, "\n%s", t->question);
    return push_hay(&n->hay, from, done, n_hay, body, f) && push_text(w, body, question, f);
}

static bool wrap(suite_work *w, const needle *n, const needle_task *t, const token_list *body, token_list *ids,
                 fault *f)
{
    if (!chat_begin(n->chat, ids, f)) return false;
    if (!chat_is_plain(n->chat))
        return chat_ask_tokens(n->chat, body->at, body->n, ids, f) && chat_add_answer(n->chat, t->lead, ids, f);
    for (size_t i = 0; i < body->n; i++)
        if (!token_list_push(ids, body->at[i], f)) return false;
    return push_text(w, ids, t->lead, f);
}

static bool make_whole(suite_work *w, const needle *n, const needle_task *t, const lines *l, int n_hay, uint64_t seed,
                       token_list *ids, fault *f)
{
    token_list body = { 0 };
    const bool ok = fill(w, n, t, l, n_hay, seed, &body, f) && wrap(w, n, t, &body, ids, f);
    free(body.at);
    return ok;
}

/* Prompt and answer take `length` positions. What stands around the haystack is found out with an empty one. */
static bool make_stack(suite_work *w, const needle *n, const needle_task *t, int length, uint64_t seed, stack *out,
                       fault *f)
{
    lines l = { 0 };
    token_list bare = { 0 }, ids = { 0 };
    bool ok = make_lines(w, t, &l, f) && make_whole(w, n, t, &l, 0, seed, &bare, f);
    const int least = (int)bare.n + ANSWER;
    ok = ok && (length >= least ||
                fault_set(f, FAULT_USAGE, "a length of %d holds no needles: they and the question take %d tokens",
                          length, least));
    ok = ok && make_whole(w, n, t, &l, length - least, seed, &ids, f);
    lines_release(&l);
    free(bare.at);
    out->tokens = ids.at;
    out->n = (int)ids.n;
    memcpy(out->key, t->key, sizeof out->key);
    return ok;
}

static uint64_t mixed(uint64_t seed, uint64_t a, uint64_t b)
{
    return random_bits(random_bits(seed, a), b);
}

/* All cells of one length and trial have one haystack, so that they differ in the needles alone. */
static bool make_stacks(suite_work *w, needle *n, int length, int trial, fault *f)
{
    const uint64_t hay = mixed(w->job->seed, (uint64_t)n->lengths[length], (uint64_t)trial);
    for (int depth = 0; depth < n->n_depths; depth++)
        for (int kind = 0; kind < NEEDLE_KINDS; kind++) {
            needle_task t = { 0 };
            const needle_asked how = { !chat_is_plain(n->chat), n->depths[depth], (int)n->lengths[length] };
            if (!n->kind[kind]) continue;
            needle_kinds[kind].ask(&t, &how, mixed(hay, (uint64_t)depth + 1, (uint64_t)kind));
            stack *s = &n->stacks[number(n, length, depth, kind, trial)];
            if (!make_stack(w, n, &t, (int)n->lengths[length], hay, s, f)) return false;
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
    if (!needle_hay_make(w, (int)longest, &n->hay, f)) return false;
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

/* One trial: adds to the item what it scored. */
static bool run_trial(suite_work *w, const needle *n, size_t i, suite_item *item, tally *cell, fault *f)
{
    const stack *s = &n->stacks[i];
    const suite_task task = { s->tokens, s->n, ANSWER };
    suite_answers a = { 0 };
    suite_item one = { 0 };
    const bool ok = suite_task_run(w, n->done, &one, &task, &a, f);
    if (ok) {
        suite_say(w, a.reference.tokens, a.reference.n, item->said_ref, sizeof item->said_ref);
        suite_say(w, a.config.tokens, a.config.n, item->said, sizeof item->said);
        const bool found = needle_found(s->key, item->said_ref);
        const bool kept = needle_found(s->key, item->said);
        cell->asked++;
        cell->reference += found;
        cell->config += found && kept;
        if (!found || !kept) snprintf(item->note, sizeof item->note, "the key is \"%s\"", s->key);
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
static void warn(job_result *out, const char *what, const tally *t, const char *so)
{
    const size_t used = strlen(out->warning);
    if (3 * t->reference < t->asked)
        snprintf(out->warning + used, sizeof out->warning - used, "%s%s: the reference itself finds only %d of %d%s",
                 used ? "; " : "", what, t->reference, t->asked, so);
}

static void summarise(suite_work *w, const needle *n, const tally kinds[NEEDLE_KINDS])
{
    tally all = { 0 };
    for (int i = 0; i < NEEDLE_KINDS; i++) {
        if (!needle_kinds[i].ranked || !n->kind[i]) continue;
        warn(w->out, needle_kinds[i].name, &kinds[i], "");
        all.asked += kinds[i].asked;
        all.reference += kinds[i].reference;
        all.config += kinds[i].config;
    }
    warn(w->out, "all kinds", &all, ", this says little");
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
