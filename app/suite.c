#include "app/suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_work.h"

/* A suite more: a line here, one in app/suite_work.h, and its command in app/commands_suite.c. */
static const suite *const suites[] = {
    &suite_needle, &suite_prompts, &suite_session, &suite_trajectory, &suite_attention, NULL,
};

const suite *suite_named(const char *name)
{
    for (const suite *const *s = suites; *s; s++)
        if (strcmp((*s)->name, name) == 0) return *s;
    return NULL;
}

bool suite_uses_text(const suite *s)
{
    return s->uses_text;
}

void suite_text_name(const char *suite_name, const char *text, char *name, size_t size)
{
    const suite *s = suite_named(suite_name);
    if (!s)
        snprintf(name, size, "%s", text);
    else
        snprintf(name, size, "%s%s%s", s->name, s->uses_text ? ": " : "", s->uses_text ? text : "");
}

const char *suite_plain_text(const char *suite_name, const char *name)
{
    const size_t n = strlen(suite_name);
    if (n == 0 || strncmp(name, suite_name, n) != 0) return name;
    return strncmp(name + n, ": ", 2) == 0 ? name + n + 2 : NULL;
}

/* ---- options as text ---- */

bool suite_option_next(const char *options, size_t *at, char name[32], char value[SUITE_OPTIONS])
{
    const char *from = options + *at + strspn(options + *at, " ");
    const size_t n = strcspn(from, " "), key = strcspn(from, "= ");
    if (n == 0 || from[key] != '=') return false;
    snprintf(name, 32, "%.*s", (int)key, from);
    snprintf(value, SUITE_OPTIONS, "%.*s", (int)(n - key - 1), from + key + 1);
    *at = (size_t)(from + n - options);
    return true;
}

bool suite_option_text(const char *options, const char *name, char value[SUITE_OPTIONS], fault *f)
{
    char key[32];
    for (size_t at = 0; suite_option_next(options, &at, key, value);)
        if (strcmp(key, name) == 0) return true;
    return fault_set(f, FAULT_INTERNAL, "a suite was asked for without \"%s\"", name);
}

static bool read_number(const char *name, const char *text, char **end, double min, double max, double *value, fault *f)
{
    errno = 0;
    *value = strtod(text, end);
    if (*end != text && errno == 0 && *value >= min && *value <= max) return true;
    return fault_set(f, FAULT_USAGE, "--%s: \"%s\" is no number from %g to %g", name, text, min, max);
}

bool suite_option_int(const char *options, const char *name, int min, int max, int *value, fault *f)
{
    char text[SUITE_OPTIONS], *end;
    double number;
    if (!suite_option_text(options, name, text, f) || !read_number(name, text, &end, min, max, &number, f))
        return false;
    if (*end || number != floor(number))
        return fault_set(f, FAULT_USAGE, "--%s: \"%s\" is no whole number from %d to %d", name, text, min, max);
    *value = (int)number;
    return true;
}

int suite_option_list(const char *options, const char *name, double min, double max, double values[SUITE_LIST],
                      fault *f)
{
    char text[SUITE_OPTIONS], *end;
    if (!suite_option_text(options, name, text, f)) return 0;
    const char *from = text;
    for (int n = 0; n < SUITE_LIST; from = end + 1) {
        if (!read_number(name, from, &end, min, max, &values[n++], f)) return 0;
        if (!*end) return n;
        if (*end != ',') {
            fault_set(f, FAULT_USAGE, "--%s: \"%s\": numbers with commas between were expected", name, text);
            return 0;
        }
    }
    fault_set(f, FAULT_USAGE, "--%s: more than %d numbers", name, SUITE_LIST);
    return 0;
}

/* ---- for who writes a suite ---- */

void suite_text(suite_work *w, const int32_t *tokens, size_t n)
{
    const uint64_t count = n;
    hash_bytes(&w->text, &count, sizeof count);
    hash_bytes(&w->text, tokens, n * sizeof *tokens);
}

static bool at_passage(void *self, const char *what, size_t done, size_t total)
{
    const suite_work *w = self;
    suite_progress(w, what, done, total);
    return !w->watch->cancelled(w->watch->self);
}

bool suite_passages(suite_work *w, int n, int length, passages *out, fault *f)
{
    const passages_request request = {
        .text = w->job->text,
        .n = n,
        .at_most = true,
        .seed = w->job->seed,
        .model_id = w->out->model_id,
        .length = length,
    };
    const passages_watch watch = { at_passage, w };
    return passages_make(&request, w->tokenizer, w->engine, w->kept, &watch, out, f) &&
           token_list_append(&w->read, out->tokens, (size_t)out->n * (size_t)out->length, f);
}

suite_item *suite_add_item(suite_work *w, fault *f)
{
    job_result *out = w->out;
    if (out->n_items == w->items_room) {
        const size_t room = w->items_room ? 2 * w->items_room : 32;
        suite_item *grown = reallocarray(out->items, room, sizeof *grown);
        if (!grown) {
            fault_memory(f, "the suite's items");
            return NULL;
        }
        out->items = grown;
        w->items_room = room;
    }
    suite_item *item = &out->items[out->n_items++];
    *item =
        (suite_item){ .x = NAN, .y = NAN, .score_ref = NAN, .score = NAN, .second = NAN, .kld = NAN, .agreement = NAN };
    return item;
}

logits_window suite_window(const suite_work *w, size_t rows)
{
    logits_window window;
    logits_window_set(&window, w->engine, rows);
    window.watch = w->watch;
    return window;
}

bool suite_score(suite_work *w, int item_index, suite_item *item, const float *exact, const float *states,
                 const int32_t *next, size_t n, int32_t *said, fault *f)
{
    metrics *m = w->scores;
    const size_t before = m->n;
    if (n == 0) return true;
    const reference r = { .n_scored = n, .states = exact };
    logits_window window = suite_window(w, n);
    window.said = said;
    if (!logits_window_compare(&window, m, item_index, &r, states, next, f)) return false;
    double kld = 0, same = 0;
    for (size_t i = before; i < m->n; i++) {
        kld += m->positions[i].kld;
        same += m->positions[i].same_top;
    }
    item->n = n;
    item->kld = kld / (double)n;
    item->agreement = 100 * same / (double)n;
    return true;
}

void suite_stage(suite_work *w, evaluate_stage stage, int item)
{
    w->item = item;
    w->watch->stage(w->watch->self, stage, item, -1);
}

void suite_progress(const suite_work *w, const char *what, size_t done, size_t total)
{
    w->watch->progress(w->watch->self, what, done, total, w->scores ? metrics_kld(w->scores) : NAN);
}

bool suite_stopped(const suite_work *w, fault *f)
{
    return w->watch->cancelled(w->watch->self) && !fault_set(f, FAULT_INTERRUPTED, "interrupted");
}
