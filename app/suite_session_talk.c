/* A session held, by the reference and by a config. */
#include <stdlib.h>
#include <string.h>

#include "app/suite_session_work.h"
#include "engine/sample.h"

enum { HEAD = 2 }; /* numbers before an answer's tokens */

static int32_t *place(const session_plan *plan, const session_said *said, int turn)
{
    return said->data + (size_t)turn * (size_t)(plan->most + HEAD);
}

session_answer session_said_at(const session_plan *plan, const session_said *said, int turn)
{
    const int32_t *at = place(plan, said, turn);
    return (session_answer){ at[0], at[1], at + HEAD };
}

static size_t bytes_of(const session_plan *plan)
{
    return (size_t)plan->turns * (size_t)(plan->most + HEAD) * sizeof(int32_t);
}

static bool make_room(const session_plan *plan, session_said *said, fault *f)
{
    said->data = calloc(1, bytes_of(plan));
    return said->data || fault_memory(f, "a session");
}

void session_said_release(session_said *said)
{
    free(said->data);
    *said = (session_said){ 0 };
}

/* ---- talking ---- */

static bool go_on(void *self, int32_t token)
{
    const suite_work *w = self;
    (void)token;
    return !w->watch->cancelled(w->watch->self);
}

/* The answer of a turn whose question, and `begun` tokens of the answer, have been read. */
static bool answer_turn(suite_work *w, generation *g, const session_plan *plan, session_said *said, int turn, int begun,
                        fault *f)
{
    int32_t *at = place(plan, said, turn);
    const generation_watch watch = { go_on, w };
    answer a = { .tokens = at + HEAD, .n = begun, .room = plan->most };
    if (!generation_continue(g, w->tokenizer, &watch, &a, f)) return false;
    at[0] = a.n;
    at[1] = a.ended ? sample_greedy(generation_logits(g), (size_t)w->model->shape.n_vocab) : -1;
    return true;
}

static bool ask(generation *g, const session_plan *plan, int turn, fault *f)
{
    const size_t from = plan->from[turn];
    return generation_read(g, plan->text.at + from, (int)(plan->from[turn + 1] - from), f);
}

static bool talk(suite_work *w, generation *g, const session_plan *plan, session_said *said, int from, const char *what,
                 fault *f)
{
    bool ok = true;
    for (int turn = from; ok && turn < plan->turns; turn++) {
        suite_progress(w, what, (size_t)turn, (size_t)plan->turns);
        ok = ask(g, plan, turn, f) && answer_turn(w, g, plan, said, turn, 0, f);
    }
    return ok;
}

/* ---- the reference ---- */

/* What was kept is a session of this plan: its numbers are trusted with memory. */
static bool is_session(const suite_work *w, const session_plan *plan, const session_said *said)
{
    const int32_t n_vocab = w->model->shape.n_vocab;
    for (int turn = 0; turn < plan->turns; turn++) {
        const session_answer a = session_said_at(plan, said, turn);
        if (a.n < 0 || a.n > plan->most || a.end < -1 || a.end >= n_vocab || (a.n == 0 && a.end < 0)) return false;
        for (int i = 0; i < a.n; i++)
            if (a.tokens[i] < 0 || a.tokens[i] >= n_vocab) return false;
    }
    return true;
}

static bool recall(const suite_work *w, const session_plan *plan, const char *key, session_said *said)
{
    shelf_entry kept;
    if (!shelf_get(w->kept, "reference", key, &kept)) return false;
    const bool whole = kept.n == bytes_of(plan);
    if (whole) memcpy(said->data, kept.bytes, kept.n);
    shelf_release(&kept);
    return whole && is_session(w, plan, said);
}

static bool hold(suite_work *w, const session_plan *plan, session_said *said, fault *f)
{
    generation *g = generation_open(w->engine, NULL, session_plan_room(plan), f);
    const bool ok = g && talk(w, g, plan, said, 0, "the reference's session", f);
    generation_close(g, NULL);
    return ok;
}

bool session_reference(suite_work *w, const session_plan *plan, const char key[HASH_HEX], session_said *said, fault *f)
{
    if (!make_room(plan, said, f)) return false;
    suite_stage(w, STAGE_REFERENCE, 0);
    if (recall(w, plan, key, said)) return true;
    memset(said->data, 0, bytes_of(plan));
    w->out->reference_kept = false;
    const shelf_part whole = { said->data, bytes_of(plan) };
    return hold(w, plan, said, f) && shelf_put(w->kept, "reference", key, &whole, 1, f);
}

/* ---- the config ---- */

/* Everything up to where the config leaves, which both say. */
static bool follow(generation *g, const session_plan *plan, const session_said *exact, session_leaving leaving,
                   fault *f)
{
    bool ok = true;
    for (int turn = 0; ok && turn < leaving.turn; turn++)
        ok = session_read_turn(g, plan, exact, turn, NULL, 0, f);
    const session_answer a = session_said_at(plan, exact, leaving.turn);
    return ok && ask(g, plan, leaving.turn, f) &&
           (leaving.token == 0 || generation_read(g, a.tokens, leaving.token, f));
}

bool session_own(suite_work *w, const session_plan *plan, const session_said *exact, session_leaving leaving,
                 session_said *said, fault *f)
{
    if (!make_room(plan, said, f)) return false;
    memcpy(said->data, exact->data, bytes_of(plan));
    if (leaving.turn == plan->turns) return true;
    suite_stage(w, STAGE_CODEC, leaving.turn);
    suite_progress(w, "the config's session", (size_t)leaving.turn, (size_t)plan->turns);
    generation *g = generation_open(w->engine, w->compressor, session_plan_room(plan), f);
    const bool ok = g && follow(g, plan, exact, leaving, f) &&
                    answer_turn(w, g, plan, said, leaving.turn, leaving.token, f) &&
                    talk(w, g, plan, said, leaving.turn + 1, "the config's session", f);
    return generation_close(g, ok ? f : NULL) && ok;
}

/* ---- reading what was said ---- */

bool session_read_turn(generation *g, const session_plan *plan, const session_said *said, int turn, float *states,
                       size_t width, fault *f)
{
    const session_answer a = session_said_at(plan, said, turn);
    if (!ask(g, plan, turn, f)) return false;
    if (!states) return a.n == 0 || generation_read(g, a.tokens, a.n, f);
    memcpy(states, generation_state(g), width * sizeof *states);
    return a.n == 0 || generation_read_states(g, a.tokens, a.n, states + width, f);
}

int session_rows(const session_plan *plan, const session_said *said, int turn, int32_t *next)
{
    const session_answer a = session_said_at(plan, said, turn);
    memcpy(next, a.tokens, (size_t)a.n * sizeof *next);
    if (a.end < 0) return a.n;
    next[a.n] = a.end;
    return a.n + 1;
}
