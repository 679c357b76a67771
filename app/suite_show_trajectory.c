/* trajectory: how far each continuation follows the reference's, and the two texts where they part. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/suite_show_work.h"

enum { NUMBER = 4, BAR = 6, COUNT = 12, KLD = 10, TEXTS = 3, BEFORE = 32 };

double trajectory_length(const store_item *i)
{
    return isnan(i->second) ? i->score_ref : fmax(i->score_ref, i->second);
}

bool trajectory_parts(const store_item *i)
{
    return i->score < trajectory_length(i);
}

size_t trajectory_common_text(const store_item *i)
{
    size_t n = 0;
    while (i->said_ref[n] && i->said_ref[n] == i->said[n])
        n++;
    while (n > 0 && (((unsigned char)i->said_ref[n] & 0xc0) == 0x80 || ((unsigned char)i->said[n] & 0xc0) == 0x80))
        n--; /* not within a character */
    return n;
}

size_t trajectory_before(const char *text, size_t at, size_t most)
{
    size_t from = at > most ? at - most : 0;
    while (from > 0 && ((unsigned char)text[from] & 0xc0) == 0x80)
        from--;
    return from;
}

/* ---- a line each ---- */

static void draw_bar(suite_sheet *to, const store_item *i, int width)
{
    const double length = trajectory_length(i), part = length > 0 ? i->score / length : 1;
    const int full = isnan(part) ? 0 : (int)(fmin(fmax(part, 0), 1) * width);
    const terminal_look look = trajectory_parts(i) ? part < 0.5 ? STYLE_BAD : STYLE_WARN : STYLE_GOOD;
    sheet_to(to, BAR);
    for (int k = 0; k < width; k++)
        sheet_put(to, k < full ? look : STYLE_DIM, k < full ? sheet_sign(to, "█", "#") : sheet_sign(to, "░", "-"));
}

static void draw_line(suite_sheet *to, const store_item *i, int width)
{
    sheet_right(to, NUMBER, STYLE_DIM, "%s", item_text(i->x, 6).text);
    draw_bar(to, i, width);
    sheet_right(to, BAR + width + COUNT, STYLE_PLAIN, "%s of %s", item_text(i->score, 6).text,
                item_text(trajectory_length(i), 6).text);
    if (to->width >= BAR + width + COUNT + KLD)
        sheet_right(to, BAR + width + COUNT + KLD, STYLE_PLAIN, "%s", item_text(i->kld, 3).text);
    sheet_end(to);
}

/* ---- where they part ---- */

static void draw_text(suite_sheet *to, const char *who, const char *text, size_t at, terminal_look look)
{
    enum { FROM = 17 };
    char common[BEFORE + 8];
    const size_t from = trajectory_before(text, at, BEFORE);
    snprintf(common, sizeof common, "%.*s", (int)(at - from), text + from);
    sheet_to(to, BAR);
    sheet_put(to, STYLE_DIM, who);
    sheet_to(to, FROM);
    if (from > 0) sheet_put(to, STYLE_DIM, sheet_sign(to, "…", "..."));
    sheet_put(to, STYLE_DIM, common);
    sheet_put(to, STYLE_PLAIN, "|");
    if (text[at])
        sheet_fit(to, look, text + at, to->width);
    else
        sheet_put(to, STYLE_DIM, " (no more is kept)");
    sheet_end(to);
}

static void draw_parting(suite_sheet *to, const store_item *i)
{
    const size_t at = trajectory_common_text(i);
    sheet_right(to, NUMBER, STYLE_BOLD, "%s", item_text(i->x, 6).text);
    sheet_to(to, BAR);
    sheet_print(to, STYLE_BOLD, "after %s token%s", item_text(i->score, 6).text, i->score == 1 ? "" : "s");
    if (!i->said_ref[at] && !i->said[at]) sheet_put(to, STYLE_DIM, ", which is behind what is kept of the texts");
    sheet_end(to);
    if (!i->said_ref[at] && !i->said[at]) return;
    draw_text(to, "reference", i->said_ref, at, STYLE_PLAIN);
    draw_text(to, "config", i->said, at, STYLE_WARN);
}

/* The earliest partings first: `from` of them are left out, `most` drawn. */
static void draw_partings(suite_sheet *to, const suite_items *items, size_t from, size_t most)
{
    const store_item *last = NULL;
    for (size_t k = 0; k < from + most; k++) {
        const store_item *next = NULL;
        for (size_t i = 0; i < items->n; i++) {
            const store_item *one = &items->items[i];
            if (!trajectory_parts(one)) continue;
            if (last && (one->score < last->score || (one->score == last->score && one <= last))) continue;
            if (!next || one->score < next->score) next = one;
        }
        if (!next) return;
        if (k >= from) draw_parting(to, next);
        last = next;
    }
}

static void picture(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    int width = to->width - BAR - COUNT - KLD;
    if (width < 16) width = to->width - BAR - COUNT;
    if (width > 64) width = 64;
    if (width < 1) width = 1;
    sheet_right(to, BAR + width + COUNT, STYLE_DIM, "in common");
    if (to->width >= BAR + width + COUNT + KLD) sheet_right(to, BAR + width + COUNT + KLD, STYLE_DIM, "KLD");
    sheet_end(to);
    for (size_t i = 0; i < items->n; i++)
        draw_line(to, &items->items[i], width);
    draw_partings(to, items, 0, TEXTS);
}

static void rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    draw_partings(to, items, TEXTS, 32);
}

static void summary(const store_run *run, const suite_items *items, char *text, size_t size)
{
    const store_item *first = NULL;
    size_t parted = 0;
    for (size_t i = 0; i < items->n; i++) {
        const store_item *one = &items->items[i];
        if (!trajectory_parts(one)) continue;
        parted++;
        if (!first || one->score < first->score) first = one;
    }
    const int n =
        snprintf(text, size, "%s %% in common over %zu continuations", item_text(run->score, 4).text, items->n);
    if (n < 0 || (size_t)n >= size) return;
    if (first)
        snprintf(text + n, size - (size_t)n, "; %zu part, the first after %.6g token%s (number %s)", parted,
                 first->score, first->score == 1 ? "" : "s", item_text(first->x, 6).text);
    else
        snprintf(text + n, size - (size_t)n, "; none parts");
}

const suite_drawing drawing_trajectory = { "trajectory", picture, rest, summary };
