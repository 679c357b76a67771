/* A table of the papers on a screen, and as JSON. */
#include "app/paper/paper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/wrap.h"

typedef struct shown {
    char exact[24], measured[24], off[24], remark[48];
} shown;

/* Four digits, in eight columns: 0.009315, 2.858e-5, 1048576. */
static void write_number(char *text, size_t capacity, double x)
{
    const bool small = x != 0 && fabs(x) < 1e-3;
    snprintf(text, capacity, small ? "%.3e" : fabs(x) < 1e4 ? "%#.4g" : "%.0f", x);
    char *zero = small ? strstr(text, "e-0") : NULL;
    if (zero) memmove(zero + 2, zero + 3, strlen(zero + 2));
    const size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '.') text[n - 1] = 0;
}

/* One word on a row: how it was judged, and how far off a published figure is that does not hold. */
static void write_remark(char *text, size_t capacity, const paper_row *row, paper_verdict v)
{
    const char *over = row->rule == PAPER_AT_MOST ? "OFF, over" : "OFF";
    if (v == PAPER_OFF)
        snprintf(text, capacity, "%s (%.2g %%)", over, 100 * row->tolerance);
    else if (v != PAPER_MISSING && !paper_published_holds(row))
        snprintf(text, capacity, "paper %+.2g %%", paper_off(strtod(row->published, NULL), row->exact));
    else
        snprintf(text, capacity, "%s", v == PAPER_MISSING ? "MISSING" : v == PAPER_OK ? "ok" : "");
}

static shown show(const paper_row *row)
{
    shown s = { 0 };
    const paper_verdict v = paper_judge(row);
    write_number(s.exact, sizeof s.exact, row->exact);
    write_number(s.measured, sizeof s.measured, row->measured);
    write_remark(s.remark, sizeof s.remark, row, v);
    if (v == PAPER_OK || v == PAPER_OFF)
        snprintf(s.off, sizeof s.off, "%+.2f", paper_off(row->measured, paper_expected(row)));
    return s;
}

/* On a narrow terminal there is no column for how far off a figure is. */
enum { FIGURE, PAPER, EXACT, MEASURED, OFF, REMARK, COLUMNS, NARROW = 72 };

static bool shows(const table_style *style, int column)
{
    return column != OFF || style->width == 0 || style->width >= NARROW;
}

static bool add_row(table *t, const paper_row *row, const table_style *style, fault *f)
{
    const shown s = show(row);
    const bool measured = *row->by.codec && !*row->by.why;
    const table_cell all[COLUMNS] = {
        [FIGURE] = table_text(row->what),
        [PAPER] = row->published ? table_real_as(strtod(row->published, NULL), row->published) : table_null(),
        [EXACT] = row->exact != 0 ? table_real_as(row->exact, s.exact) : table_null(),
        [MEASURED] = measured ? table_real_as(row->measured, s.measured) : table_null(),
        [OFF] = *s.off ? table_real_as(paper_off(row->measured, paper_expected(row)), s.off) : table_null(),
        [REMARK] = table_text(s.remark),
    };
    table_cell cells[COLUMNS];
    size_t n = 0;
    for (int i = 0; i < COLUMNS; i++)
        if (shows(style, i)) cells[n++] = all[i];
    return table_add(t, cells, f);
}

/* A reason without the expression it begins with. */
static const char *reason(const paper_row *row)
{
    const size_t n = strlen(row->by.codec);
    const bool begins = strncmp(row->by.why, row->by.codec, n) == 0 && strncmp(row->by.why + n, ": ", 2) == 0;
    return begins ? row->by.why + n + 2 : row->by.why;
}

/* Every reason once, with the first row that has it. */
static void print_reasons(const paper *p, FILE *out)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        const paper_row *row = &p->rows[i];
        bool said = !*row->by.why;
        for (size_t j = 0; j < i && !said; j++)
            said = strcmp(reason(&p->rows[j]), reason(row)) == 0;
        if (!said) fprintf(out, "MISSING  %s: %s\n", row->by.codec, reason(row));
    }
}

bool paper_print(const paper *p, const paper_table *t, FILE *out, const table_style *style, fault *f)
{
    static const char *const all[COLUMNS] = { "figure", "paper", "exact", "measured", "off %", "" };
    const char *names[COLUMNS];
    size_t n = 0;
    for (int i = 0; i < COLUMNS; i++)
        if (shows(style, i)) names[n++] = all[i];
    const int width = style->width > 0 && style->width < PAPER_TEXT ? style->width : PAPER_TEXT;
    fprintf(out, "%s  ", t->name);
    wrap_text(out, t->title, 4, 4, width);
    fprintf(out, "    ");
    wrap_text(out, t->source, 4, 4, width);
    table *rows = table_create(n, names, f);
    bool ok = rows != NULL;
    for (size_t i = 0; ok && i < p->n_rows; i++)
        ok = add_row(rows, &p->rows[i], style, f);
    ok = ok && table_write(rows, out, style, f);
    table_free(rows);
    print_reasons(p, out);
    wrap_text(out, t->notes, 0, 0, width);
    fputc('\n', out);
    return ok;
}

/* ---- JSON ---- */

static const char *const rules[] = { [PAPER_NEAR] = "near", [PAPER_AT_MOST] = "at most", [PAPER_SHOWN] = "shown" };
static const char *const verdicts[] = {
    [PAPER_OK] = "ok", [PAPER_OFF] = "off", [PAPER_MISSING] = "missing", [PAPER_UNJUDGED] = "shown"
};

static void add_number(cJSON *to, const char *name, double x, bool known)
{
    if (known && isfinite(x))
        cJSON_AddNumberToObject(to, name, x);
    else
        cJSON_AddNullToObject(to, name);
}

static cJSON *row_json(const paper_row *row)
{
    cJSON *o = cJSON_CreateObject();
    const paper_verdict v = paper_judge(row);
    const bool judged = v == PAPER_OK || v == PAPER_OFF;
    cJSON_AddStringToObject(o, "figure", row->what);
    add_number(o, "published", row->published ? strtod(row->published, NULL) : 0, row->published != NULL);
    add_number(o, "exact", row->exact, row->exact != 0);
    add_number(o, "measured", row->measured, *row->by.codec && !*row->by.why);
    add_number(o, "off_percent", judged ? paper_off(row->measured, paper_expected(row)) : 0, judged);
    add_number(o, "tolerance_percent", 100 * row->tolerance, judged);
    cJSON_AddStringToObject(o, "rule", rules[row->rule]);
    cJSON_AddStringToObject(o, "verdict", verdicts[v]);
    cJSON_AddBoolToObject(o, "published_holds", paper_published_holds(row));
    cJSON_AddStringToObject(o, "measured_by", row->by.codec);
    if (*row->by.why) cJSON_AddStringToObject(o, "why", row->by.why);
    return o;
}

cJSON *paper_json(const paper *p, const paper_table *t)
{
    cJSON *o = cJSON_CreateObject(), *rows = cJSON_CreateArray();
    cJSON_AddStringToObject(o, "table", t->name);
    cJSON_AddStringToObject(o, "title", t->title);
    cJSON_AddStringToObject(o, "source", t->source);
    cJSON_AddBoolToObject(o, "holds", paper_holds(p));
    bool ok = cJSON_AddItemToObject(o, "rows", rows);
    for (size_t i = 0; ok && i < p->n_rows; i++)
        ok = cJSON_AddItemToArray(rows, row_json(&p->rows[i]));
    ok = ok && cJSON_AddStringToObject(o, "notes", t->notes);
    if (ok) return o;
    cJSON_Delete(o);
    return NULL;
}
