/* The suite `prompts`: ten tasks, each with a checker (app/suite_prompts.h). A task that the reference fails says
 * nothing about a cache but the KLD of what was said; one that the reference passes and the config does not is a
 * regression.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat.h"
#include "app/suite_prompts.h"
#include "app/suite_work.h"

#define LOG "{log}"

/* A task as the model reads it. */
typedef struct put {
    token_list ids;
    bool fits;
} put;

typedef struct prompts {
    const prompt *list;
    chat *chat;
    bool plain; /* the beginnings, as they stand */
    put put[PROMPTS];
} prompts;

/* ---- text ---- */

static int places(const char *text)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, LOG)); at += strlen(LOG))
        n++;
    return n;
}

/* The task with `entries` of the log, shared among its places; malloc'd. */
static char *with_log(const prompt *p, int entries)
{
    char *text = NULL, line[256];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    int left = places(p->text), next = 0;
    for (const char *at = p->text; *at;) {
        if (strncmp(at, LOG, strlen(LOG)) != 0) {
            fputc(*at++, out);
            continue;
        }
        const int end = next + (entries - next) / left--;
        for (; next < end; next++)
            if (prompt_log_entry(next, line, sizeof line) > 0) fputs(line, out);
        at += strlen(LOG);
    }
    const bool failed = ferror(out);
    if (fclose(out) == 0 && !failed) return text;
    free(text);
    return NULL;
}

/* ---- tokens ---- */

static bool push_plain(const suite_work *w, const char *text, token_list *ids, fault *f)
{
    int32_t *piece;
    size_t n;
    if (!tokenizer_encode(w->tokenizer, text, strlen(text), false, &piece, &n, f)) return false;
    const bool ok = token_list_append(ids, piece, n, f);
    free(piece);
    return ok;
}

static bool push_turns(const chat *c, const prompt *p, token_list *ids, fault *f)
{
    for (const prompt_turn *turn = p->before; turn->user; turn++)
        if (!chat_ask(c, NULL, turn->user, ids, f) || !chat_add_answer(c, turn->answer, ids, f) ||
            !chat_answered(c, ids, f))
            return false;
    return true;
}

static bool tokens_of(const suite_work *w, const prompts *s, const prompt *p, int entries, token_list *ids, fault *f)
{
    ids->n = 0;
    char *text = with_log(p, entries);
    bool ok = (text || fault_memory(f, "a prompt")) && chat_begin(s->chat, ids, f) && push_turns(s->chat, p, ids, f);
    ok = ok && (s->plain ? push_plain(w, text, ids, f) : chat_ask(s->chat, NULL, text, ids, f));
    free(text);
    return ok;
}

/* As much of the log as the task wants and the context has room for, found by halving. */
static bool make_prompt(const suite_work *w, const prompts *s, const prompt *p, put *out, fault *f)
{
    if (!tokens_of(w, s, p, 0, &out->ids, f)) return false;
    const size_t bare = out->ids.n, room = (size_t)(w->ctx > p->most ? w->ctx - p->most : 0);
    out->fits = bare <= room;
    if (!out->fits || places(p->text) == 0) return true;
    const size_t most = bare + (size_t)p->log < room ? bare + (size_t)p->log : room;
    int low = 0, high = p->log / 8;
    while (low < high) {
        const int entries = low + (high - low + 1) / 2;
        if (suite_stopped(w, f) || !tokens_of(w, s, p, entries, &out->ids, f)) return false;
        if (out->ids.n <= most)
            low = entries;
        else
            high = entries - 1;
    }
    return tokens_of(w, s, p, low, &out->ids, f);
}

/* ---- the list ---- */

static bool choose(suite_work *w, prompts *s, fault *f)
{
    char value[SUITE_OPTIONS];
    if (!suite_option_text(w->job->suite_options, "list", value, f)) return false;
    s->plain = strcmp(value, "base") == 0 || (strcmp(value, "auto") == 0 && chat_is_plain(s->chat));
    s->list = s->plain ? prompts_base : prompts_chat;
    return true;
}

static bool prepare(suite_work *w, void **self, fault *f)
{
    prompts *s = *self = calloc(1, sizeof *s);
    if (!s) return fault_memory(f, "the suite");
    s->chat = chat_open(w->model->file, w->tokenizer, f);
    if (!s->chat || !choose(w, s, f)) return false;
    for (int i = 0; i < PROMPTS; i++) {
        put *p = &s->put[i];
        if (!make_prompt(w, s, &s->list[i], p, f)) return false;
        if (!p->fits) continue;
        w->out->passages++;
        w->out->text_tokens += p->ids.n;
        suite_text(w, p->ids.at, p->ids.n);
    }
    return w->out->passages > 0 ||
           fault_set(f, FAULT_USAGE, "prompts: none of the %d prompts fits a context of %d", PROMPTS, w->ctx);
}

/* ---- at work ---- */

static bool judge(const suite_work *w, const prompt *p, const suite_answers *a, suite_item *item, fault *f)
{
    char *exact = suite_said(w, a->reference.tokens, a->reference.n, f);
    char *own = exact ? suite_said(w, a->config.tokens, a->config.n, f) : NULL;
    const bool ok = own != NULL;
    if (ok) {
        char why[SUITE_NOTE] = "";
        const bool passed = p->passes(exact, why);
        item->score_ref = passed;
        if (passed) item->score = p->passes(own, why);
        if (!passed || item->score == 0)
            snprintf(item->note, sizeof item->note, "%s%.*s", passed ? "" : "reference: ", SUITE_NOTE - 16, why);
    }
    free(exact);
    free(own);
    return ok;
}

static bool run_prompt(suite_work *w, const prompts *s, int i, fault *f)
{
    const prompt *p = &s->list[i];
    suite_item *item = suite_add_item(w, f);
    if (!item) return false;
    snprintf(item->label, sizeof item->label, "%s", p->name);
    item->x = i + 1;
    if (!s->put[i].fits) {
        snprintf(item->note, sizeof item->note, "does not fit the context");
        return true;
    }
    const suite_task task = { s->put[i].ids.at, (int)s->put[i].ids.n, p->most };
    suite_answers a = { 0 };
    const bool ok = suite_task_run(w, i, item, &task, &a, f) && judge(w, p, &a, item, f);
    if (ok) {
        suite_say(w, a.reference.tokens, a.reference.n, item->said_ref, sizeof item->said_ref);
        suite_say(w, a.config.tokens, a.config.n, item->said, sizeof item->said);
    }
    suite_answers_release(&a);
    return ok;
}

static void summarise(suite_work *w, const prompts *s)
{
    int asked = 0, passed = 0, kept = 0;
    for (size_t i = 0; i < w->out->n_items; i++) {
        const suite_item *item = &w->out->items[i];
        asked += !isnan(item->score_ref);
        passed += item->score_ref > 0;
        kept += item->score > 0;
    }
    w->out->score_ref = 100.0 * passed / asked;
    w->out->score = passed ? 100.0 * kept / passed : NAN;
    suite_warn(w, "%s", chat_warning(s->chat));
    if (asked < PROMPTS) suite_warn(w, "%d of %d prompts do not fit a context of %d", PROMPTS - asked, PROMPTS, w->ctx);
    if (2 * passed < asked)
        suite_warn(w,
                   "the reference itself passes only %d of %d: what is left is the KLD of its answers and the "
                   "agreement",
                   passed, asked);
}

static bool run(suite_work *w, void *self, fault *f)
{
    const prompts *s = self;
    for (int i = 0; i < PROMPTS; i++) {
        if (suite_stopped(w, f) || !run_prompt(w, s, i, f)) return false;
        suite_progress(w, "evaluating", (size_t)i + 1, PROMPTS);
    }
    summarise(w, s);
    return true;
}

static void release(void *self)
{
    prompts *s = self;
    if (!s) return;
    for (int i = 0; i < PROMPTS; i++)
        free(s->put[i].ids.at);
    chat_close(s->chat);
    free(s);
}

const suite suite_prompts = { "prompts", false, prepare, run, release };
