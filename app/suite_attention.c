/* The suite `attention`: how close attention stays to what it is with the exact cache, layer by layer and query head by
 * query head, over passages of a text.
 *
 * score = mean over all heads of the mean cosine between the two vectors of softmax weights; an item is a head. The
 * comparison is made inside the passes of the plain stream run of the same passages, whose KLD and perplexity are the
 * row's.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_attention_tap.h"
#include "app/suite_work.h"

enum { STANDARD_CTX = 512 };
#define HEAD_LOW 0.995 /* what a gate asks for, of the mean */

typedef struct attention {
    passages text;
    int queries; /* positions of a passage; 0: all */
} attention;

static bool prepare(suite_work *w, void **self, fault *f)
{
    attention *a = *self = calloc(1, sizeof *a);
    const char *options = w->job->suite_options;
    int n;
    if (!a) return fault_memory(f, "attention");
    if (w->job->ctx == 0) w->out->ctx = w->ctx = w->ctx < STANDARD_CTX ? w->ctx : STANDARD_CTX;
    if (!suite_option_int(options, "passages", 1, 1 << 20, &n, f) ||
        !suite_option_int(options, "queries", 0, 1 << 24, &a->queries, f))
        return false;
    if (reference_scored(PROTOCOL_STREAM, w->ctx, 0) < 1)
        return fault_set(f, FAULT_USAGE, "attention: passages of %d tokens leave nothing to score", w->ctx);
    if (!suite_passages(w, n, w->ctx, &a->text, f)) return false;
    if (a->text.n < n) suite_warn(w, "the text has %d passages, not %d", a->text.n, n);
    for (int i = 0; i < a->text.n; i++)
        suite_text(w, passages_at(&a->text, i), (size_t)w->ctx);
    w->out->passages = a->text.n;
    w->out->text_tokens = a->text.text_tokens;
    return true;
}

/* ---- passages ---- */

/* The config's pass over a passage; one more row of states than is scored. */
static bool run_config(const suite_work *w, attention_tap *t, const int32_t *tokens, float *states, fault *f)
{
    kv_cache *cache = kv_cache_create(&w->model->shape, w->ctx, compress_form(w->compressor), f);
    const kv_tap tap = attention_tap_around(t, compress_tap(w->compressor));
    sequence s = { .cache = cache,
                   .tokens = tokens,
                   .n = w->ctx,
                   .states = states,
                   .logits_from = reference_first_scored(PROTOCOL_STREAM, w->ctx),
                   .tap = &tap };
    const bool ok = cache && compress_stream(w->compressor, &s, f);
    kv_cache_destroy(cache);
    return ok;
}

/* What a pass over a passage leaves, and where it is compared. */
typedef struct pass_room {
    attention_tap *tap;
    float *states;
    logits_window logits;
} pass_room;

static bool run_passage(suite_work *w, const attention *a, pass_room *room, int i, fault *f)
{
    const reference_request request = { w->engine, w->kept, w->out->model_id, PROTOCOL_STREAM, w->ctx, 0 };
    const int32_t *tokens = passages_at(&a->text, i);
    const int32_t *next = tokens + reference_first_scored(PROTOCOL_STREAM, w->ctx) + 1;
    reference exact;
    suite_stage(w, STAGE_REFERENCE, i);
    if (!reference_make(&request, tokens, &exact, f)) return false;
    if (!exact.kept) w->out->reference_kept = false;
    suite_stage(w, STAGE_CODEC, i);
    const bool ok = run_config(w, room->tap, tokens, room->states, f) &&
                    logits_window_compare(&room->logits, w->scores, i, &exact, room->states, next, f);
    reference_release(&exact);
    return ok;
}

/* ---- what it says ---- */

typedef struct summary {
    double weights, outputs, logits; /* means over heads */
    int heads, low;                  /* low: below HEAD_LOW */
    size_t worst;                    /* the item with the least mean cosine of weights */
} summary;

static double logit_error(const attention_gap *g)
{
    return g->logit_total > 0 ? g->logit_error / g->logit_total : g->logit_error;
}

static bool add_items(suite_work *w, const attention_tap *t, summary *s, fault *f)
{
    double least = INFINITY;
    for (int layer = 0; layer < w->model->shape.n_layers; layer++)
        for (int head = 0; head < w->model->shape.n_heads; head++) {
            const attention_gap *g = attention_tap_gap(t, layer, head);
            suite_item *item = suite_add_item(w, f);
            if (!item) return false;
            item->x = layer;
            item->y = head;
            item->n = g->queries;
            item->score = g->weights / (double)g->queries;
            item->second = g->outputs / (double)g->queries;
            snprintf(item->note, sizeof item->note, "logit error %.3g, least cosine %.4f", logit_error(g), g->least);
            s->weights += item->score;
            s->outputs += item->second;
            s->logits += logit_error(g);
            s->low += item->score < HEAD_LOW;
            if (item->score < least) {
                least = item->score;
                s->worst = w->out->n_items - 1;
            }
            s->heads++;
        }
    s->weights /= s->heads;
    s->outputs /= s->heads;
    s->logits /= s->heads;
    return true;
}

static void say(suite_work *w, const summary *s)
{
    suite_item *worst = &w->out->items[s->worst];
    char note[sizeof worst->note];
    if (worst->score >= 1) return;
    snprintf(note, sizeof note, "worst: %.100s", worst->note);
    memcpy(worst->note, note, sizeof note);
    suite_warn(
        w,
        "worst head: layer %g, head %g, cosine of weights %.4f, of outputs %.4f; %d of %d heads below %g; outputs "
        "%.5f, logit error %.3g (means)",
        worst->x, worst->y, worst->score, worst->second, s->low, s->heads, HEAD_LOW, s->outputs, s->logits);
}

static bool open_room(suite_work *w, const attention *a, pass_room *room, fault *f)
{
    const size_t rows = (size_t)reference_scored(PROTOCOL_STREAM, w->ctx, 0);
    *room = (pass_room){ .tap = attention_tap_open(w->engine, w->ctx, a->queries, f) };
    if (!room->tap) return false;
    room->states = reallocarray(NULL, rows + 1, (size_t)w->model->shape.n_embd * sizeof *room->states);
    room->logits = suite_window(w, rows);
    return room->states || fault_memory(f, "the states");
}

static void close_room(pass_room *room)
{
    attention_tap_close(room->tap);
    free(room->states);
}

static bool run(suite_work *w, void *self, fault *f)
{
    attention *a = self;
    const size_t n = (size_t)a->text.n;
    pass_room room;
    bool ok = open_room(w, a, &room, f);
    for (size_t i = 0; ok && i < n; i++) {
        ok = !suite_stopped(w, f) && run_passage(w, a, &room, (int)i, f);
        if (ok) suite_progress(w, "evaluating", i + 1, n);
    }
    summary s = { 0 };
    ok = ok && add_items(w, room.tap, &s, f);
    if (ok) {
        w->out->score = s.weights;
        w->out->score_ref = 1;
        say(w, &s);
    }
    close_room(&room);
    return ok;
}

static void release(void *self)
{
    attention *a = self;
    if (a) passages_release(&a->text);
    free(a);
}

const suite suite_attention = { "attention", true, prepare, run, release };
