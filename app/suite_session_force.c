/* The reference's session forced through the config, turn by turn, in one pass. */
#include <stdio.h>
#include <stdlib.h>

#include "app/suite_session_prompts.h"
#include "app/suite_session_work.h"

/* A long session of a large model has more states than is worth keeping: they are computed again. */
#define STATES_MOST ((size_t)1 << 30)

/* What the exact cache gives, turn after turn: from the shelf, or by reading along. */
typedef struct exact_side {
    const session_plan *plan;
    const session_said *said;
    const char *key;
    bool keeps;
    generation *g; /* NULL until something is not on the shelf */
    int read;      /* turns that g has read */
    float *states; /* of a turn */
    shelf_entry entry;
} exact_side;

static size_t width_of(const suite_work *w)
{
    return (size_t)w->model->shape.n_embd;
}

static size_t row_bytes(const suite_work *w)
{
    return width_of(w) * sizeof(float);
}

static void turn_key(const exact_side *x, int turn, char key[HASH_HEX])
{
    hash h;
    hash_start(&h);
    hash_string(&h, "states");
    hash_string(&h, x->key);
    hash_bytes(&h, &turn, sizeof turn);
    hash_finish(&h, key);
}

static bool read_along(suite_work *w, exact_side *x, int turn, fault *f)
{
    if (!x->g) x->g = generation_open(w->engine, NULL, session_plan_room(x->plan), f);
    bool ok = x->g != NULL;
    for (; ok && x->read <= turn; x->read++)
        ok = session_read_turn(x->g, x->plan, x->said, x->read, x->states, width_of(w), f);
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
    const shelf_part part = { x->states, bytes };
    const bool ok = read_along(w, x, turn, f) && (!x->keeps || shelf_put(w->kept, "reference", key, &part, 1, f));
    return ok ? x->states : NULL;
}

static bool config_rows(suite_work *w, generation *g, const exact_side *x, int turn, float *states, fault *f)
{
    suite_stage(w, STAGE_CODEC, turn);
    return session_read_turn(g, x->plan, x->said, turn, states, width_of(w), f);
}

static void find_leaving(const int32_t *said, const int32_t *next, int rows, int turn, session_leaving *leaving)
{
    for (int i = 0; i < rows; i++)
        if (said[i] != next[i]) {
            *leaving = (session_leaving){ turn, i };
            return;
        }
}

/* Room for one turn. */
typedef struct turn_room {
    float *states;        /* the config's */
    int32_t *next, *said; /* what it should say, and what it would */
} turn_room;

static bool force_turn(suite_work *w, generation *g, exact_side *x, int turn, const turn_room *t,
                       session_leaving *leaving, fault *f)
{
    const int rows = session_rows(x->plan, x->said, turn, t->next);
    const float *exact = exact_rows(w, x, turn, rows, f);
    suite_item *item = exact && !suite_stopped(w, f) ? suite_add_item(w, f) : NULL;
    if (!item || !config_rows(w, g, x, turn, t->states, f)) return false;
    snprintf(item->label, sizeof item->label, "%s", session_phase_of(turn));
    item->x = turn + 1;
    if (!suite_score(w, turn, item, exact, t->states, t->next, (size_t)rows, t->said, f)) return false;
    if (leaving->turn == x->plan->turns) find_leaving(t->said, t->next, rows, turn, leaving);
    return true;
}

static bool force_turns(suite_work *w, generation *g, exact_side *x, const turn_room *t, session_leaving *leaving,
                        fault *f)
{
    bool ok = true;
    for (int turn = 0; ok && turn < x->plan->turns; turn++) {
        suite_progress(w, "forcing the reference's session", (size_t)turn, (size_t)x->plan->turns);
        ok = force_turn(w, g, x, turn, t, leaving, f);
    }
    return ok;
}

bool session_force(suite_work *w, const session_plan *plan, const session_said *said, const char key[HASH_HEX],
                   session_leaving *leaving, fault *f)
{
    const size_t most = (size_t)plan->most + 1;
    exact_side x = { .plan = plan, .said = said, .key = key };
    x.keeps = row_bytes(w) <= STATES_MOST / most / (size_t)plan->turns;
    x.states = reallocarray(NULL, most, row_bytes(w));
    turn_room t = { .states = reallocarray(NULL, most, row_bytes(w)) };
    t.next = reallocarray(NULL, most, sizeof *t.next);
    t.said = reallocarray(NULL, most, sizeof *t.said);
    *leaving = (session_leaving){ plan->turns, 0 };
    bool ok = (x.states && t.states && t.next && t.said) || fault_memory(f, "a session's states");
    generation *g = ok ? generation_open(w->engine, w->compressor, session_plan_room(plan), f) : NULL;
    ok = g && force_turns(w, g, &x, &t, leaving, f);
    ok = generation_close(g, ok ? f : NULL) && ok;
    generation_close(x.g, NULL);
    shelf_release(&x.entry);
    free(x.states);
    free(t.states);
    free(t.next);
    free(t.said);
    return ok;
}
