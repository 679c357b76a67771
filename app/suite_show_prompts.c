/* prompts: a line for each, whether the reference and the config pass, and why not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/suite_show_work.h"

enum { NUMBER = 4, NAME = 22, REFERENCE = 33, CONFIG = 41, KLD = 52, NOTE = 54, LEAST = 20 };

static bool passes(double score)
{
    return score >= 1;
}

static bool is_regression(const store_item *i)
{
    return passes(i->score_ref) && i->score < 1;
}

static const char *word(double score)
{
    return isnan(score) ? "-" : passes(score) ? "pass" : "fail";
}

static terminal_look look_of(const store_item *i)
{
    if (is_regression(i)) return STYLE_BAD;
    return isnan(i->score) ? STYLE_DIM : passes(i->score) ? STYLE_GOOD : STYLE_WARN;
}

static void draw_prompt(suite_sheet *to, const store_item *i)
{
    const bool beside = to->width - NOTE >= LEAST;
    sheet_right(to, NUMBER - 2, STYLE_DIM, "%s", item_text(i->x, 6).text);
    sheet_to(to, NUMBER);
    sheet_fit(to, STYLE_PLAIN, i->label, NAME - NUMBER - 1);
    sheet_right(to, REFERENCE, passes(i->score_ref) ? STYLE_PLAIN : STYLE_DIM, "%s", word(i->score_ref));
    sheet_right(to, CONFIG, look_of(i), "%s", is_regression(i) ? "FAIL" : word(i->score));
    if (to->width >= KLD) sheet_right(to, KLD, STYLE_PLAIN, "%s", item_text(i->kld, 3).text);
    if (beside && *i->note) {
        sheet_to(to, NOTE);
        sheet_wrap(to, NOTE, STYLE_PLAIN, i->note);
        return;
    }
    sheet_end(to);
    if (*i->note) sheet_wrap(to, NUMBER, STYLE_PLAIN, i->note);
}

static void picture(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    sheet_to(to, NUMBER);
    sheet_put(to, STYLE_DIM, "prompt");
    sheet_right(to, REFERENCE, STYLE_DIM, "reference");
    sheet_right(to, CONFIG, STYLE_DIM, "config");
    if (to->width >= KLD) sheet_right(to, KLD, STYLE_DIM, "KLD");
    if (to->width - NOTE >= LEAST) {
        sheet_to(to, NOTE);
        sheet_put(to, STYLE_DIM, "why not");
    }
    sheet_end(to);
    for (size_t i = 0; i < items->n; i++)
        draw_prompt(to, &items->items[i]);
}

/* Regressions, then what neither does. */
static double rank(const store_item *i)
{
    return is_regression(i) ? 2 : i->score < 1 ? 1 : 0;
}

static void head(const store_item *i, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", i->label, *i->note ? ": " : "", i->note);
}

static void rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    draw_said(to, items, &(said_choice){ rank, head, 10 });
}

static void summary(const store_run *run, const suite_items *items, char *text, size_t size)
{
    size_t own = 0, reference = 0, regressions = 0;
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        own += passes(items->items[i].score);
        reference += passes(items->items[i].score_ref);
        regressions += is_regression(&items->items[i]);
    }
    snprintf(text, size, "passes %zu of %zu (reference %zu), %zu regression%s", own, items->n, reference, regressions,
             regressions == 1 ? "" : "s");
}

const suite_drawing drawing_prompts = { "prompts", picture, rest, summary };
