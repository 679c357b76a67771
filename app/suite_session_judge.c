/* How a session looks: qualities of what was said, drops and alerts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_session_alert.h"
#include "app/suite_session_prompts.h"
#include "app/suite_session_quality.h"
#include "app/suite_session_work.h"

/* Qualities by who speaks and in which form. */
typedef struct qualities {
    double own[SESSION_TURNS], reference[SESSION_TURNS];                     /* mended */
    double own_published[SESSION_TURNS], reference_published[SESSION_TURNS]; /* as published */
} qualities;

static bool judge_answer(const suite_work *w, const session_plan *plan, const session_said *said, int turn,
                         double *mended, double *published, fault *f)
{
    const session_turn *asked = session_turn_at(turn);
    const char *prompt = plan->plain ? asked->plain : asked->chat;
    const session_answer a = session_said_at(plan, said, turn);
    char *text = suite_said(w, a.tokens, a.n, f);
    quality_parts parts;
    bool ok = text && quality_measure(prompt, text, QUALITY_MENDED, &parts, f);
    if (ok) *mended = quality_of(&parts);
    ok = ok && quality_measure(prompt, text, QUALITY_PUBLISHED, &parts, f);
    if (ok) *published = quality_of(&parts);
    free(text);
    return ok;
}

static void note_turn(suite_item *item, const session_drop *lab, const session_drop *published)
{
    size_t used = 0;
    if (lab->alert)
        used = (size_t)snprintf(item->note, sizeof item->note, "degraded: %.3f after %.3f",
                                session_rounded(lab->current), session_rounded(lab->average));
    if (published->alert)
        snprintf(item->note + used, sizeof item->note - used, "%sas published: %.3f after %.3f", used ? "; " : "",
                 session_rounded(published->current), session_rounded(published->average));
}

static void fill_item(const suite_work *w, const session_plan *plan, const session_said *exact, const session_said *own,
                      int turn, suite_item *item)
{
    const session_answer said_ref = session_said_at(plan, exact, turn), said = session_said_at(plan, own, turn);
    suite_say(w, said_ref.tokens, said_ref.n, item->said_ref, sizeof item->said_ref);
    suite_say(w, said.tokens, said.n, item->said, sizeof item->said);
}

static void tell_alerts(suite_work *w, const qualities *q, int turns)
{
    int lab = 0, published = 0, published_exact = 0, first = -1;
    for (int i = 0; i < turns; i++) {
        const bool alert = session_drop_at(q->own, q->reference, i).alert;
        if (alert && first < 0) first = i;
        lab += alert;
        published += session_drop_at(q->own_published, NULL, i).alert;
        published_exact += session_drop_at(q->reference_published, NULL, i).alert;
    }
    if (first >= 0) {
        const session_drop d = session_drop_at(q->own, q->reference, first);
        suite_warn(w, "degraded at turn %d (%s): %.3f after %.3f, a drop of %.3f", first + 1, session_phase_of(first),
                   session_rounded(d.current), session_rounded(d.average), session_rounded(d.drop));
        if (lab > 1) suite_warn(w, "%d turns degraded in all", lab);
    }
    if (published > published_exact)
        suite_warn(w, "alerts by the published rule: %d, of the reference's own session: %d", published,
                   published_exact);
}

/* Where the conversation was cut, so that the record says it, too. */
static void note_end(suite_work *w, const session_plan *plan)
{
    suite_item *last = &w->out->items[plan->turns - 1];
    const size_t used = strlen(last->note);
    snprintf(last->note + used, sizeof last->note - used, "%sthe context is full: %d of %d turns fit %d tokens",
             used ? "; " : "", plan->turns, plan->asked, w->ctx);
}

bool session_judge(suite_work *w, const session_plan *plan, const session_said *exact, const session_said *own,
                   fault *f)
{
    qualities q;
    bool ok = true;
    for (int i = 0; ok && i < plan->turns; i++)
        ok = judge_answer(w, plan, exact, i, &q.reference[i], &q.reference_published[i], f) &&
             judge_answer(w, plan, own, i, &q.own[i], &q.own_published[i], f);
    for (int i = 0; ok && i < plan->turns; i++) {
        suite_item *item = &w->out->items[i];
        const session_drop lab = session_drop_at(q.own, q.reference, i);
        const session_drop published = session_drop_at(q.own_published, NULL, i);
        const session_drop of_reference = session_drop_at(q.reference_published, NULL, i);
        item->score = q.own[i];
        item->score_ref = q.reference[i];
        item->second = isnan(lab.drop) ? NAN : session_rounded(lab.drop);
        fill_item(w, plan, exact, own, i, item);
        note_turn(item, &lab, of_reference.alert ? &(session_drop){ 0 } : &published);
    }
    if (ok) tell_alerts(w, &q, plan->turns);
    if (ok && plan->turns < plan->asked) note_end(w, plan);
    return ok;
}
