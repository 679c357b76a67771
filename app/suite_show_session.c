/* session: KLD turn by turn, a row for each phase, and where it degrades. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/suite_grid.h"
#include "app/suite_show_work.h"

bool session_degraded(const store_item *i)
{
    return strncmp(i->note, "degraded", 8) == 0;
}

/* Neighbouring turns of one phase. */
typedef struct phase {
    const store_item *turns;
    size_t n;
    double kld, worst, agreement, score, score_ref; /* means, and the largest KLD */
    const store_item *worst_turn;
} phase;

static phase phase_at(const suite_items *items, size_t from)
{
    phase p = { .turns = &items->items[from], .worst = -INFINITY };
    while (from + p.n < items->n && strcmp(p.turns[p.n].label, p.turns->label) == 0)
        p.n++;
    const suite_items own = { (store_item *)p.turns, p.n };
    for (size_t i = 0; i < p.n; i++)
        if (p.turns[i].kld > p.worst) {
            p.worst = p.turns[i].kld;
            p.worst_turn = &p.turns[i];
        }
    p.kld = item_mean(&own, item_kld, true);
    p.agreement = item_mean(&own, item_agreement, true);
    p.score_ref = item_mean(&own, item_score_ref, false);
    p.score = item_mean(&own, suite_score_of, false);
    return p;
}

/* ---- columns ---- */

enum { NAME = 10, TURNS = 18, NUMBERS = 52, MOST = 40 };

/* What stands right of the sparks: as much as there is room for. */
static const struct {
    const char *title;
    int width;
} columns_right[] = { { "KLD", 10 }, { "worst", 16 }, { "same", 9 }, { "quality", 14 } };
enum { RIGHT = sizeof columns_right / sizeof *columns_right };

static void draw_numbers(suite_sheet *to, const phase *p, int at)
{
    for (int i = 0; i < RIGHT && at + columns_right[i].width <= to->width; i++) {
        at += columns_right[i].width;
        if (!p)
            sheet_right(to, at, STYLE_DIM, "%s", columns_right[i].title);
        else if (i == 0)
            sheet_right(to, at, STYLE_PLAIN, "%s", item_text(p->kld, 3).text);
        else if (i == 1 && p->worst_turn)
            sheet_right(to, at, STYLE_PLAIN, "%s (%s)", item_text(p->worst, 3).text,
                        item_text(p->worst_turn->x, 6).text);
        else if (i == 2)
            sheet_right(to, at, STYLE_PLAIN, "%s %%", item_text(p->agreement, 4).text);
        else if (i == 3)
            sheet_right(to, at, STYLE_PLAIN, "%s of %s", item_text(p->score, 2).text, item_text(p->score_ref, 2).text);
    }
}

/* ---- turns ---- */

typedef struct range {
    double lo, hi; /* of what is above 0 */
} range;

/* One character for `per` turns: the worst of them. Returns whether one of them is degraded. */
static bool draw_turns(suite_sheet *to, const phase *p, size_t from, size_t per, const range *r)
{
    double worst = NAN;
    bool degraded = false;
    for (size_t i = from; i < from + per && i < p->n; i++) {
        worst = fmax(worst, p->turns[i].kld);
        degraded = degraded || session_degraded(&p->turns[i]);
    }
    sheet_put(to, degraded ? STYLE_BAD : STYLE_PLAIN,
              isnan(worst) ? " " : sheet_step(to, sheet_level(worst, r->lo, r->hi)));
    return degraded;
}

static void draw_phase(suite_sheet *to, const phase *p, int room, const range *r)
{
    const size_t per = (p->n + (size_t)room - 1) / (size_t)room;
    char turns[96];
    bool marks[MOST] = { false }, any = false;
    size_t n = 0;
    sheet_fit(to, STYLE_PLAIN, p->turns->label, NAME - 1);
    sheet_to(to, NAME);
    snprintf(turns, sizeof turns, "%s-%s", item_text(p->turns->x, 4).text, item_text(p->turns[p->n - 1].x, 4).text);
    sheet_fit(to, STYLE_DIM, turns, TURNS - NAME - 1);
    sheet_to(to, TURNS);
    for (size_t i = 0; i < p->n; i += per, n++) {
        marks[n] = draw_turns(to, p, i, per, r);
        any = any || marks[n];
    }
    draw_numbers(to, p, TURNS + room);
    sheet_end(to);
    if (!any) return;
    for (size_t i = 0; i < n; i++)
        if (marks[i]) {
            if (TURNS + (int)i > to->column) sheet_to(to, TURNS + (int)i);
            sheet_put(to, STYLE_BAD, "^");
        }
    sheet_put(to, STYLE_BAD, " degraded");
    sheet_end(to);
}

static range range_of(const suite_items *items)
{
    range r = { INFINITY, 0 };
    for (size_t i = 0; i < items->n; i++) {
        const double kld = items->items[i].kld;
        if (!(kld > 0) || isinf(kld)) continue;
        r.lo = fmin(r.lo, kld);
        r.hi = fmax(r.hi, kld);
    }
    return r;
}

static void picture(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    const range r = range_of(items);
    size_t longest = 1;
    for (size_t i = 0; i < items->n;) {
        const phase p = phase_at(items, i);
        if (p.n > longest) longest = p.n;
        i += p.n;
    }
    int room = to->width - TURNS;
    if (to->width >= TURNS + NUMBERS) room = to->width - TURNS - NUMBERS;
    if (room > MOST) room = MOST;
    if (room < 1) room = 1;
    if ((size_t)room > longest) room = (int)longest;
    sheet_put(to, STYLE_DIM, "phase");
    sheet_to(to, NAME);
    sheet_put(to, STYLE_DIM, "turns");
    sheet_to(to, TURNS);
    draw_numbers(to, NULL, TURNS + room);
    sheet_end(to);
    for (size_t i = 0; i < items->n;) {
        const phase p = phase_at(items, i);
        draw_phase(to, &p, room, &r);
        i += p.n;
    }
    if (r.hi > 0)
        sheet_wrap_print(to, 0, STYLE_DIM, "KLD by turn, log scale: %s %.3g to %s %.3g nats", sheet_step(to, 1), r.lo,
                         sheet_step(to, SHEET_STEPS), r.hi);
    else if (!isnan(item_mean(items, item_kld, false)))
        sheet_wrap(to, 0, STYLE_DIM, "KLD is 0 at every turn");
    for (size_t i = 0; i < items->n; i++) {
        const store_item *t = &items->items[i];
        if (!session_degraded(t)) continue;
        sheet_wrap_print(to, 0, STYLE_BAD, "turn %s (%s) %s", item_text(t->x, 6).text, t->label, t->note);
    }
}

/* ---- every turn, and what was said ---- */

static void put_cell(suite_sheet *to, int end, terminal_look look, const char *text)
{
    if (end <= to->width) sheet_right(to, end, look, "%s", text);
}

static void list_turns(suite_sheet *to, const suite_items *items)
{
    enum { PHASE = 6, TOKENS = 23, KLD = 34, SAME = 43, QUALITY = 52, REFERENCE = 63, NOTE = 65, LEAST = 16 };
    static const struct {
        int end;
        const char *title;
    } titles[] = { { 4, "turn" },       { TOKENS, "tokens" },   { KLD, "KLD" },
                   { SAME, "same, %" }, { QUALITY, "quality" }, { REFERENCE, "reference" } };
    sheet_end(to);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        put_cell(to, titles[i].end, STYLE_DIM, titles[i].title);
        if (i > 0) continue;
        sheet_to(to, PHASE);
        sheet_put(to, STYLE_DIM, "phase");
    }
    sheet_end(to);
    for (size_t i = 0; i < items->n; i++) {
        const store_item *t = &items->items[i];
        char tokens[24];
        snprintf(tokens, sizeof tokens, "%lld", (long long)t->n);
        put_cell(to, 4, STYLE_PLAIN, item_text(t->x, 6).text);
        sheet_to(to, PHASE);
        sheet_fit(to, STYLE_PLAIN, t->label, TOKENS - PHASE - 7);
        put_cell(to, TOKENS, STYLE_PLAIN, tokens);
        put_cell(to, KLD, STYLE_PLAIN, item_text(t->kld, 3).text);
        put_cell(to, SAME, STYLE_PLAIN, item_text(t->agreement, 4).text);
        put_cell(to, QUALITY, session_degraded(t) ? STYLE_BAD : STYLE_PLAIN, item_text(t->score, 3).text);
        put_cell(to, REFERENCE, STYLE_DIM, item_text(t->score_ref, 3).text);
        if (*t->note && to->width - NOTE >= LEAST) {
            sheet_to(to, NOTE);
            sheet_fit(to, session_degraded(t) ? STYLE_BAD : STYLE_WARN, t->note, to->width);
        }
        sheet_end(to);
    }
}

/* Degraded turns, then those farthest from the reference. */
static double rank(const store_item *i)
{
    const double kld = isnan(i->kld) ? 0 : i->kld;
    return session_degraded(i) ? 1e6 + (isnan(i->second) ? 0 : i->second) : strcmp(i->said_ref, i->said) ? kld : 0;
}

static void head(const store_item *i, char *text, size_t size)
{
    snprintf(text, size, "turn %s, %s%s%s", item_text(i->x, 6).text, i->label, *i->note ? ": " : "", i->note);
}

static void rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    list_turns(to, items);
    draw_said(to, items, &(said_choice){ rank, head, 4 });
}

static void summary(const store_run *run, const suite_items *items, char *text, size_t size)
{
    const store_item *first = NULL;
    size_t degraded = 0;
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        if (!session_degraded(&items->items[i])) continue;
        if (!first) first = &items->items[i];
        degraded++;
    }
    int n = snprintf(text, size, "%zu turn%s: KLD %s, same token %s %%, quality %s (reference %s)", items->n,
                     items->n == 1 ? "" : "s", item_text(item_mean(items, item_kld, true), 3).text,
                     item_text(item_mean(items, item_agreement, true), 4).text,
                     item_text(item_mean(items, suite_score_of, false), 3).text,
                     item_text(item_mean(items, item_score_ref, false), 3).text);
    if (n < 0 || (size_t)n >= size) return;
    if (!first)
        snprintf(text + n, size - (size_t)n, "; no degradation");
    else if (degraded == 1)
        snprintf(text + n, size - (size_t)n, "; degraded at turn %s", item_text(first->x, 6).text);
    else
        snprintf(text + n, size - (size_t)n, "; degraded at turn %s, %zu turns in all", item_text(first->x, 6).text,
                 degraded);
}

const suite_drawing drawing_session = { "session", picture, rest, summary };
