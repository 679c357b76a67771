/* The reference's session forced through the config, turn by turn, in one pass. */
#include <stdio.h>
#include <stdlib.h>

#include "app/suite_session_prompts.h"
#include "app/suite_session_work.h"
#include "engine/sample.h"

/* A long session of a large vocabulary has more logits than is worth keeping: they are computed again. */
#define LOGITS_MOST ((size_t)1 << 30)

/* What the exact cache gives, turn after turn: from the shelf, or by reading along. */
typedef struct exact_side {
    const session_plan *plan;
    const session_said *said;
    const char *key;
    bool keeps;
    generation *g; /* NULL until something is not on the shelf */
    int read;      /* turns that g has read */
    float *logits;
    shelf_entry entry;
} exact_side;

static size_t row_bytes(const suite_work *w)
{
    return (size_t)w->model->shape.n_vocab * sizeof(float);
}

static void turn_key(const exact_side *x, int turn, char key[HASH_HEX])
{
    hash h;
    hash_start(&h);
    hash_string(&h, x->key);
    hash_bytes(&h, &turn, sizeof turn);
    hash_finish(&h, key);
}

static bool read_along(suite_work *w, exact_side *x, int turn, fault *f)
{
    if (!x->g) x->g = generation_open(w->engine, NULL, session_plan_room(x->plan), f);
    bool ok = x->g != NULL;
    for (; ok && x->read <= turn; x->read++)
        ok = session_read_turn(x->g, x->plan, x->said, x->read, x->logits, (size_t)w->model->shape.n_vocab, f);
    return ok;
}

/* The reference's rows of a turn; they are valid until the next. */
static const float *exact_rows(suite_work *w, exact_side *x, int turn, int rows, fault *f)
{
    char key[HASH_HEX];
    const size_t bytes = (size_t)rows * row_bytes(w);
    turn_key(x, turn, key);
    shelf_release(&x->entry);
    x->entry = (shelf_entry){ 0 };
    if (x->keeps && shelf_get(w->kept, "reference", key, &x->entry) && x->entry.n == bytes) return x->entry.bytes;
    suite_stage(w, STAGE_REFERENCE, turn);
    w->out->reference_kept = false;
    const shelf_part part = { x->logits, bytes };
    const bool ok = read_along(w, x, turn, f) && (!x->keeps || shelf_put(w->kept, "reference", key, &part, 1, f));
    return ok ? x->logits : NULL;
}

static bool config_rows(suite_work *w, generation *g, const exact_side *x, int turn, float *logits, fault *f)
{
    suite_stage(w, STAGE_CODEC, turn);
    return session_read_turn(g, x->plan, x->said, turn, logits, (size_t)w->model->shape.n_vocab, f);
}

static void find_leaving(const suite_work *w, const float *logits, const int32_t *next, int rows, int turn,
                         session_leaving *leaving)
{
    const size_t n_vocab = (size_t)w->model->shape.n_vocab;
    for (int i = 0; i < rows; i++)
        if (sample_greedy(logits + (size_t)i * n_vocab, n_vocab) != next[i]) {
            *leaving = (session_leaving){ turn, i };
            return;
        }
}

static bool force_turn(suite_work *w, generation *g, exact_side *x, int turn, float *logits, int32_t *next,
                       session_leaving *leaving, fault *f)
{
    const int rows = session_rows(x->plan, x->said, turn, next);
    const float *exact = exact_rows(w, x, turn, rows, f);
    suite_item *item = exact && !suite_stopped(w, f) ? suite_add_item(w, f) : NULL;
    if (!item || !config_rows(w, g, x, turn, logits, f)) return false;
    snprintf(item->label, sizeof item->label, "%s", session_phase_of(turn));
    item->x = turn + 1;
    if (leaving->turn == x->plan->turns) find_leaving(w, logits, next, rows, turn, leaving);
    return suite_score(w, turn, item, exact, logits, next, (size_t)rows, f);
}

static bool force_turns(suite_work *w, generation *g, exact_side *x, float *logits, int32_t *next,
                        session_leaving *leaving, fault *f)
{
    bool ok = true;
    for (int turn = 0; ok && turn < x->plan->turns; turn++) {
        suite_progress(w, "forcing the reference's session", (size_t)turn, (size_t)x->plan->turns);
        ok = force_turn(w, g, x, turn, logits, next, leaving, f);
    }
    return ok;
}

bool session_force(suite_work *w, const session_plan *plan, const session_said *said, const char key[HASH_HEX],
                   session_leaving *leaving, fault *f)
{
    const size_t most = (size_t)plan->most + 1;
    exact_side x = { .plan = plan, .said = said, .key = key };
    x.keeps = row_bytes(w) <= LOGITS_MOST / most / (size_t)plan->turns;
    x.logits = reallocarray(NULL, most, row_bytes(w));
    float *logits = reallocarray(NULL, most, row_bytes(w));
    int32_t *next = reallocarray(NULL, most, sizeof *next);
    *leaving = (session_leaving){ plan->turns, 0 };
    bool ok = (x.logits && logits && next) || fault_memory(f, "a session's logits");
    generation *g = ok ? generation_open(w->engine, w->compressor, session_plan_room(plan), f) : NULL;
    ok = g && force_turns(w, g, &x, logits, next, leaving, f);
    ok = generation_close(g, ok ? f : NULL) && ok;
    generation_close(x.g, NULL);
    shelf_release(&x.entry);
    free(x.logits);
    free(logits);
    free(next);
    return ok;
}
