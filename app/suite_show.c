#include "app/suite_show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/suite_show_work.h"

static const suite_drawing *const drawings[] = {
    &drawing_needle, &drawing_session, &drawing_prompts, &drawing_trajectory, &drawing_attention,
};

/* ---- of a suite that has no drawing ---- */

static void list_items(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    for (size_t i = 0; i < items->n; i++) {
        const store_item *one = &items->items[i];
        sheet_fit(to, STYLE_PLAIN, one->label, 14);
        sheet_to(to, 15);
        sheet_print(to, STYLE_PLAIN, "%s %s  score %s (reference %s)  KLD %s  %s", item_text(one->x, 6).text,
                    item_text(one->y, 6).text, item_text(one->score, 4).text, item_text(one->score_ref, 4).text,
                    item_text(one->kld, 3).text, one->note);
        sheet_end(to);
    }
}

static void no_rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    (void)run;
    (void)to;
    (void)items;
}

static void count_items(const store_run *run, const suite_items *items, char *text, size_t size)
{
    snprintf(text, size, "score %s (reference %s), %zu items", item_text(run->score, 6).text,
             item_text(run->score_ref, 6).text, items->n);
}

static const suite_drawing other = { "", list_items, no_rest, count_items };

static const suite_drawing *drawing_of(const store_run *run)
{
    for (size_t i = 0; i < sizeof drawings / sizeof *drawings; i++)
        if (strcmp(drawings[i]->suite, run->suite) == 0) return drawings[i];
    return &other;
}

/* ---- drawing ---- */

void suite_summary(const store_run *run, const suite_items *items, char text[SUITE_SUMMARY])
{
    drawing_of(run)->summary(run, items, text, SUITE_SUMMARY);
}

enum { LABEL = 9 };

void suite_draw(suite_sheet *to, const store_run *run, const suite_items *items)
{
    char text[SUITE_SUMMARY];
    if (items->n == 0) return;
    const suite_drawing *d = drawing_of(run);
    suite_summary(run, items, text);
    sheet_fit(to, STYLE_DIM, run->suite, to->width);
    sheet_to(to, LABEL);
    sheet_wrap(to, LABEL, STYLE_BOLD, text);
    d->picture(to, run, items);
}

void suite_draw_rest(suite_sheet *to, const store_run *run, const suite_items *items)
{
    if (items->n > 0) drawing_of(run)->rest(to, run, items);
}

/* ---- on stdout ---- */

typedef struct printer {
    FILE *to;
    const terminal *terminal;
    int column;
    terminal_look look;
} printer;

static void set_look(printer *p, terminal_look look)
{
    if (look == p->look) return;
    if (p->look != STYLE_PLAIN) fputs(terminal_style(p->terminal, STYLE_PLAIN), p->to);
    if (look != STYLE_PLAIN) fputs(terminal_style(p->terminal, look), p->to);
    p->look = look;
}

static void print_text(void *self, int column, terminal_look look, const char *text, int width)
{
    printer *p = self;
    if (column > p->column) {
        set_look(p, STYLE_PLAIN);
        fprintf(p->to, "%*s", column - p->column, "");
    }
    set_look(p, look);
    fputs(text, p->to);
    p->column = column + width;
}

static void print_end(void *self)
{
    printer *p = self;
    set_look(p, STYLE_PLAIN);
    fputc('\n', p->to);
    p->column = 0;
}

void suite_show(FILE *to, const terminal *t, const store_run *run, const suite_items *items, bool full)
{
    if (items->n == 0) return;
    printer p = { .to = to, .terminal = t };
    suite_sheet sheet;
    suite_sheet_open(&sheet, terminal_width(t), t->utf8, print_text, print_end, &p);
    sheet_end(&sheet);
    suite_draw(&sheet, run, items);
    if (full) suite_draw_rest(&sheet, run, items);
    suite_sheet_close(&sheet);
}

/* ---- JSON ---- */

static cJSON *item_json(const store_item *from)
{
    const struct {
        const char *name, *text;
    } texts[] = {
        { "label", from->label }, { "note", from->note }, { "said_ref", from->said_ref }, { "said", from->said }
    };
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "x", from->x },         { "y", from->y },
        { "n", (double)from->n }, { "score_ref", from->score_ref },
        { "score", from->score }, { "second", from->second },
        { "kld", from->kld },     { "agreement", from->agreement },
    };
    cJSON *one = cJSON_CreateObject();
    bool ok = one && cJSON_AddStringToObject(one, texts[0].name, texts[0].text);
    for (size_t i = 0; ok && i < sizeof numbers / sizeof *numbers; i++)
        ok = number_put(one, numbers[i].name, numbers[i].value);
    for (size_t i = 1; ok && i < sizeof texts / sizeof *texts; i++)
        ok = cJSON_AddStringToObject(one, texts[i].name, texts[i].text);
    if (ok) return one;
    cJSON_Delete(one);
    return NULL;
}

cJSON *suite_show_json(const suite_items *items)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < items->n; i++) {
        cJSON *one = item_json(&items->items[i]);
        if (one && cJSON_AddItemToArray(list, one)) continue;
        cJSON_Delete(one);
        cJSON_Delete(list);
        return NULL;
    }
    return list;
}
