/* The suite `session`: a long working conversation, turn by turn. */
#include <stdlib.h>

#include "app/suite_session_prompts.h"
#include "app/suite_session_work.h"

typedef struct session {
    session_plan plan;
    char key[HASH_HEX]; /* of the reference's session */
} session;

static void make_key(const suite_work *w, session *s)
{
    const int32_t sizes[] = { s->plan.turns, s->plan.most };
    hash h;
    hash_start(&h);
    hash_string(&h, "session");
    hash_string(&h, fingerprint_engine());
    hash_string(&h, w->out->model_id);
    hash_bytes(&h, sizes, sizeof sizes);
    for (int turn = 0; turn < s->plan.turns; turn++) {
        const size_t n = s->plan.from[turn + 1] - s->plan.from[turn];
        hash_bytes(&h, &n, sizeof n);
        hash_bytes(&h, s->plan.text.at + s->plan.from[turn], n * sizeof(int32_t));
    }
    hash_finish(&h, s->key);
}

static bool prepare(suite_work *w, void **self, fault *f)
{
    session *s = *self = calloc(1, sizeof *s);
    const char *options = w->job->suite_options;
    int turns, tokens;
    if (!s) return fault_memory(f, "a session");
    if (!suite_option_int(options, "turns", 1, SESSION_TURNS, &turns, f) ||
        !suite_option_int(options, "tokens", 0, 1 << 16, &tokens, f) ||
        !session_plan_make(w, turns, tokens, &s->plan, f))
        return false;
    if (s->plan.turns < turns) suite_warn(w, "%d of %d turns fit %d tokens", s->plan.turns, turns, w->ctx);
    const int32_t sizes[] = { s->plan.turns, s->plan.most };
    suite_text(w, sizes, 2);
    for (int turn = 0; turn < s->plan.turns; turn++)
        suite_text(w, s->plan.text.at + s->plan.from[turn], s->plan.from[turn + 1] - s->plan.from[turn]);
    make_key(w, s);
    w->out->passages = s->plan.turns;
    w->out->text_tokens = s->plan.from[s->plan.turns];
    return true;
}

static void set_score(suite_work *w)
{
    double same = 0, n = 0;
    for (size_t i = 0; i < w->scores->n_blocks; i++) {
        same += w->scores->blocks[i].same_top;
        n += w->scores->blocks[i].n;
    }
    w->out->score = 100 * same / n;
    w->out->score_ref = 100;
}

static bool run(suite_work *w, void *self, fault *f)
{
    session *s = self;
    session_said exact = { 0 }, own = { 0 };
    session_leaving leaving;
    const bool ok = session_reference(w, &s->plan, s->key, &exact, f) &&
                    session_force(w, &s->plan, &exact, s->key, &leaving, f) &&
                    session_own(w, &s->plan, &exact, leaving, &own, f) && session_judge(w, &s->plan, &exact, &own, f);
    if (ok) set_score(w);
    session_said_release(&exact);
    session_said_release(&own);
    return ok;
}

static void release(void *self)
{
    session *s = self;
    if (s) session_plan_release(&s->plan);
    free(s);
}

const suite suite_session = { "session", false, prepare, run, release };
