/* One sequence, layer by layer: every position passes a layer before any passes the next. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_work.h"

/* Where a sequence's rows stand between two layers: batches that are wanted from their first row on stand where they
 * are wanted, those before them here. Batches begin where engine_forward's do, so that whoever adds up what a tap is
 * told adds up the same. */
typedef struct rows {
    sequence *s;
    float *before;
    int n_before; /* tokens */
    size_t width;
} rows;

/* The batch from token `from` on; its rows become the engine's. Returns the token after it. */
static int take_batch(engine *e, const rows *r, int from)
{
    sequence *s = r->s;
    const int n = s->n - from < BATCH ? s->n - from : BATCH;
    e->pieces[0] = (piece){ .seq = s, .from = from, .n = n, .first = s->cache->n + from };
    e->n_pieces = 1;
    e->n_rows = n;
    e->x = from < r->n_before ? r->before + (size_t)from * r->width
                              : s->states + (size_t)(from - s->logits_from) * r->width;
    return from + n;
}

/* The batches that hold a row that is wanted, as states. The first of them may begin with others. */
static void leave_states(engine *e, const rows *r)
{
    const sequence *s = r->s;
    for (int from = s->logits_from / BATCH * BATCH; from < s->n;) {
        const int first = from;
        from = take_batch(e, r, from);
        engine_normalise(e, e->x);
        if (first < r->n_before)
            memcpy(s->states, r->before + (size_t)s->logits_from * r->width,
                   (size_t)(from - s->logits_from) * r->width * sizeof *s->states);
    }
}

static bool all_layers(engine *e, const rows *r, const layer_end *end, fault *f)
{
    const sequence *s = r->s;
    for (int from = 0; from < s->n;) {
        from = take_batch(e, r, from);
        engine_embed(e);
    }
    for (int il = 0; il < e->m->shape.n_layers; il++) {
        for (int from = 0; from < s->n;) {
            from = take_batch(e, r, from);
            if (!engine_layer(e, il, f)) return false;
        }
        engine_at(e, ENGINE_TAP);
        if (end && !end->done(end->self, s->cache, il, s->n, f)) return false;
    }
    leave_states(e, r);
    return true;
}

bool engine_forward_layers(engine *e, sequence *s, const layer_end *end, fault *f)
{
    if (!engine_check_sequence(e, s, f)) return false;
    if (s->logits_from < 0 || s->logits_from > s->n)
        return fault_set(f, FAULT_INTERNAL, "states from token %d on of a sequence of %d", s->logits_from, s->n);
    rows r = { .s = s, .width = (size_t)e->m->shape.n_embd };
    r.n_before = (s->logits_from + BATCH - 1) / BATCH * BATCH;
    if (r.n_before > s->n) r.n_before = s->n;
    r.before = engine_floats((size_t)r.n_before * r.width);
    if (!r.before) return fault_memory(f, "a passage's activations");
    float *const own = e->x;
    const bool ok = all_layers(e, &r, end, f);
    e->x = own;
    e->n_pieces = e->n_rows = 0;
    free(r.before);
    if (ok) s->cache->n += s->n;
    engine_at(e, ENGINE_DONE);
    return ok;
}
