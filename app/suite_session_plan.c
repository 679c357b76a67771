/* What a session asks, and how much of it fits the context. */
#include <stdio.h>
#include <stdlib.h>

#include "app/chat.h"
#include "app/suite_session_prompts.h"
#include "app/suite_session_work.h"

enum {
    ANSWER_LEAST = 8, /* tokens, where the room decides */
    ANSWER_MOST = 256,
    SENTENCE = 128, /* bytes */
};

/* A sentence begun, after the one that the model was left with. */
static bool add_sentence(const suite_work *w, session_plan *plan, int turn, fault *f)
{
    char text[SENTENCE];
    int32_t *ids;
    size_t n;
    const int length = snprintf(text, sizeof text, "%s%s", turn ? ". " : "", session_turn_at(turn)->plain);
    if (!tokenizer_encode(w->tokenizer, text, (size_t)length, false, &ids, &n, f)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = token_list_push(&plan->text, ids[i], f);
    free(ids);
    return ok;
}

static bool add_question(const suite_work *w, const chat *c, session_plan *plan, int turn, fault *f)
{
    plan->from[turn] = plan->text.n;
    if (turn == 0 && !chat_begin(c, &plan->text, f)) return false;
    if (plan->plain) return add_sentence(w, plan, turn, f);
    return (turn == 0 || chat_answered(c, &plan->text, f)) &&
           chat_ask(c, turn ? NULL : session_orders(), session_turn_at(turn)->chat, &plan->text, f);
}

static bool add_questions(const suite_work *w, const chat *c, session_plan *plan, fault *f)
{
    bool ok = true;
    for (int turn = 0; ok && turn < plan->asked; turn++)
        ok = add_question(w, c, plan, turn, f);
    plan->from[plan->asked] = plan->text.n;
    return ok;
}

static int clamp(long long value, int least, int most)
{
    return value < least ? least : value > most ? most : (int)value;
}

static bool fit(session_plan *plan, int ctx, int tokens, fault *f)
{
    const long long room = (long long)ctx - (long long)plan->text.n;
    plan->most = tokens ? tokens : clamp(room / plan->asked, ANSWER_LEAST, ANSWER_MOST);
    plan->turns = plan->asked;
    while (plan->turns > 0 && plan->from[plan->turns] + (size_t)plan->turns * (size_t)plan->most > (size_t)ctx)
        plan->turns--;
    return plan->turns > 0 ||
           fault_set(f, FAULT_USAGE,
                     "session: the first turn is %zu tokens and an answer of %d: that does not fit a context of %d",
                     plan->from[1], plan->most, ctx);
}

bool session_plan_make(const suite_work *w, int turns, int tokens, session_plan *plan, fault *f)
{
    *plan = (session_plan){ .asked = turns };
    plan->from = calloc((size_t)turns + 1, sizeof *plan->from);
    if (!plan->from) return fault_memory(f, "a session's questions");
    chat *c = chat_open(w->model->file, w->tokenizer, f);
    if (!c) return false;
    plan->plain = chat_is_plain(c);
    const bool ok = add_questions(w, c, plan, f) && fit(plan, w->ctx, tokens, f);
    chat_close(c);
    return ok;
}

void session_plan_release(session_plan *plan)
{
    free(plan->text.at);
    free(plan->from);
    *plan = (session_plan){ 0 };
}

int session_plan_room(const session_plan *plan)
{
    return (int)plan->from[plan->turns] + plan->turns * plan->most;
}
