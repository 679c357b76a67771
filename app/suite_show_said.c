/* What was said where it went wrong, and numbers that all drawings need. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_show_work.h"

double item_kld(const store_item *i)
{
    return i->kld;
}

double item_agreement(const store_item *i)
{
    return i->agreement;
}

double item_score_ref(const store_item *i)
{
    return i->score_ref;
}

double item_mean(const suite_items *items, double (*value)(const store_item *), bool weighted)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < items->n; i++) {
        const double v = value(&items->items[i]), weight = weighted ? (double)items->items[i].n : 1;
        if (isnan(v) || weight <= 0) continue;
        sum += weight * v;
        n += weight;
    }
    return n > 0 ? sum / n : NAN;
}

item_number item_text(double value, int digits)
{
    item_number t = { "-" };
    if (!isnan(value)) snprintf(t.text, sizeof t.text, "%.*g", digits, value);
    return t;
}

/* ---- what was said ---- */

typedef struct ranked {
    const store_item *item;
    double rank;
} ranked;

static int worst_first(const void *a, const void *b)
{
    const ranked *p = a, *q = b;
    if (p->rank != q->rank) return p->rank < q->rank ? 1 : -1;
    return (p->item > q->item) - (p->item < q->item);
}

static void draw_one(suite_sheet *to, const store_item *i, const said_choice *choice)
{
    enum { INDENT = 2, TEXT = 13 };
    char head[256];
    choice->head(i, head, sizeof head);
    sheet_wrap(to, 0, STYLE_BOLD, head);
    const struct {
        const char *who, *said;
    } both[] = { { "reference", i->said_ref }, { "config", i->said } };
    for (size_t k = 0; k < 2; k++) {
        sheet_to(to, INDENT);
        sheet_put(to, STYLE_DIM, both[k].who);
        sheet_to(to, TEXT);
        sheet_wrap(to, TEXT, *both[k].said ? STYLE_PLAIN : STYLE_DIM, *both[k].said ? both[k].said : "(nothing)");
    }
}

void draw_said(suite_sheet *to, const suite_items *items, const said_choice *choice)
{
    ranked *all = calloc(items->n + 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; all && i < items->n; i++) {
        const double rank = choice->rank(&items->items[i]);
        if (rank > 0) all[n++] = (ranked){ &items->items[i], rank };
    }
    if (n > 0) {
        qsort(all, n, sizeof *all, worst_first);
        sheet_end(to);
        sheet_print(to, STYLE_DIM, n > choice->most ? "what was said, the worst %zu of %zu" : "what was said",
                    choice->most, n);
        sheet_end(to);
    }
    for (size_t i = 0; i < n && i < choice->most; i++)
        draw_one(to, all[i].item, choice);
    free(all);
}
