#include "app/page/suite_tables.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_grid.h"
#include "app/suite_show_work.h"

/* ---- building ---- */

typedef struct builder {
    suite_tables *to;
    bool failed; /* no memory: from then on nothing is done */
} builder;

static suite_table *last(builder *b)
{
    return &b->to->items[b->to->n - 1];
}

static void begin(builder *b, const char *title, bool heat)
{
    suite_table *grown = b->failed ? NULL : reallocarray(b->to->items, b->to->n + 1, sizeof *grown);
    char *copy = grown ? strdup(title) : NULL;
    if (grown) b->to->items = grown;
    b->failed = !copy;
    if (copy) grown[b->to->n++] = (suite_table){ .title = copy, .heat = heat };
}

static void column(builder *b, const char *name, bool text)
{
    if (b->failed) return;
    suite_table *t = last(b);
    char **grown = reallocarray(t->columns, t->n_columns + 1, sizeof *grown);
    char *copy = grown ? strdup(name) : NULL;
    if (grown) t->columns = grown;
    b->failed = !copy;
    if (!copy) return;
    if (t->n_columns < sizeof t->text / sizeof *t->text) t->text[t->n_columns] = text;
    grown[t->n_columns++] = copy;
}

static void cell(builder *b, int shade, const char *text)
{
    if (b->failed) return;
    suite_table *t = last(b);
    if (t->n_cells == t->room) {
        const size_t room = t->room ? 2 * t->room : 64;
        suite_cell_text *grown = reallocarray(t->cells, room, sizeof *grown);
        b->failed = !grown;
        if (!grown) return;
        t->cells = grown;
        t->room = room;
    }
    char *copy = strdup(text);
    b->failed = !copy;
    if (copy) t->cells[t->n_cells++] = (suite_cell_text){ copy, shade };
}

static void number(builder *b, int shade, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void number(builder *b, int shade, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cell(b, shade, text);
}

static void add_columns(builder *b, const char *const *names, const char *text)
{
    for (size_t i = 0; names[i]; i++)
        column(b, names[i], text[i] == 't');
}

/* ---- needle ---- */

static void needle_kind(builder *b, const suite_items *counts, const char *kind)
{
    suite_grid found, asked;
    if (!suite_grid_make(counts, kind, suite_score_of, &found)) return;
    if (suite_grid_make(counts, kind, suite_second_of, &asked)) {
        begin(b, kind, true);
        column(b, "depth", true);
        for (size_t x = 0; x < found.n_x; x++) {
            char name[40];
            snprintf(name, sizeof name, "%.6g", found.xs[x]);
            column(b, name, false);
        }
        for (size_t y = 0; y < found.n_y; y++) {
            number(b, -1, "%.3g %%", 100 * found.ys[y]);
            for (size_t x = 0; x < found.n_x; x++) {
                const suite_cell *c = suite_grid_at(&found, x, y);
                const double of = suite_grid_at(&asked, x, y)->sum, lost = c->n ? 1 - c->sum / of : 0;
                if (c->n)
                    number(b, (int)ceil(lost * SUITE_SHADES), "%.6g/%.6g", c->sum, of);
                else
                    cell(b, -1, c->items ? "-" : "");
            }
        }
        suite_grid_free(&asked);
    }
    suite_grid_free(&found);
}

/* What the config said where it found less than the reference. */
static void lost_needles(builder *b, const suite_items *items)
{
    enum { MOST = 16 };
    static const char *const names[] = { "kind", "length", "depth", "the reference said", "the config said", NULL };
    size_t n = 0;
    for (size_t i = 0; i < items->n && n < MOST; i++) {
        const store_item *lost = &items->items[i];
        if (!(lost->score < 1)) continue;
        if (n++ == 0) {
            begin(b, "lost", false);
            add_columns(b, names, "tnntt");
        }
        cell(b, -1, lost->label);
        number(b, -1, "%s", item_text(lost->x, 6).text);
        number(b, -1, "%s %%", item_text(100 * lost->y, 3).text);
        cell(b, -1, lost->said_ref);
        cell(b, -1, lost->said);
    }
}

static void needle(builder *b, const store_run *run, const suite_items *items)
{
    enum { KINDS = 16 };
    const char *kinds[KINDS];
    store_item *counts = needle_counts(run, items);
    const suite_items all = { counts, items->n };
    b->failed = b->failed || !counts;
    const size_t n = counts ? suite_labels(&all, kinds, KINDS) : 0;
    for (size_t i = 0; i < n; i++)
        needle_kind(b, &all, kinds[i]);
    free(counts);
    lost_needles(b, items);
}

/* ---- attention ---- */

/* By decades of what is lost, from the gate's mark. */
static int shade_of(double lost)
{
    static const double least[SUITE_SHADES] = { 1e-2, 1e-1, 0.5, 1, 10 }; /* in marks */
    int shade = 0;
    while (shade < SUITE_SHADES && lost > least[shade] * ATTENTION_MARK)
        shade++;
    return shade;
}

static void heads(builder *b, const suite_items *items, const char *title, double (*value)(const store_item *))
{
    suite_grid g;
    if (!suite_grid_make(items, NULL, value, &g)) return;
    begin(b, title, true);
    column(b, "layer", true);
    for (size_t head = 0; head < g.n_y; head++) {
        char name[40];
        snprintf(name, sizeof name, "%.6g", g.ys[head]);
        column(b, name, false);
    }
    for (size_t layer = 0; layer < g.n_x; layer++) {
        number(b, -1, "%.6g", g.xs[layer]);
        for (size_t head = 0; head < g.n_y; head++) {
            const suite_cell *c = suite_grid_at(&g, layer, head);
            const double lost = fmax(1 - c->lo, 0);
            if (c->n)
                number(b, shade_of(lost), "%.1e", lost);
            else
                cell(b, -1, "");
        }
    }
    suite_grid_free(&g);
}

static void attention(builder *b, const store_run *run, const suite_items *items)
{
    (void)run;
    heads(b, items, "1 - cosine of weights, by head", suite_score_of);
    heads(b, items, "1 - cosine of outputs, by head", suite_second_of);
}

/* ---- a row for each item ---- */

static void session(builder *b, const store_run *run, const suite_items *items)
{
    static const char *const names[] = { "turn",    "phase",     "tokens", "KLD, nats", "same token, %",
                                         "quality", "reference", "",       NULL };
    (void)run;
    begin(b, "turns", false);
    add_columns(b, names, "ntnnnnnt");
    for (size_t i = 0; i < items->n; i++) {
        const store_item *t = &items->items[i];
        const int alarm = session_degraded(t) ? SUITE_SHADES : -1;
        number(b, alarm, "%s", item_text(t->x, 6).text);
        cell(b, -1, t->label);
        number(b, -1, "%lld", (long long)t->n);
        number(b, -1, "%s", item_text(t->kld, 4).text);
        number(b, -1, "%s", item_text(t->agreement, 4).text);
        number(b, alarm, "%s", item_text(t->score, 3).text);
        number(b, -1, "%s", item_text(t->score_ref, 3).text);
        cell(b, alarm, t->note);
    }
}

static const char *passed(double score)
{
    return isnan(score) ? "-" : score >= 1 ? "pass" : "fail";
}

static void prompts(builder *b, const store_run *run, const suite_items *items)
{
    static const char *const names[] = { "",        "prompt",       "reference", "config", "KLD, nats", "same token, %",
                                         "why not", "said instead", NULL };
    (void)run;
    begin(b, "prompts", false);
    add_columns(b, names, "ntttnntt");
    for (size_t i = 0; i < items->n; i++) {
        const store_item *p = &items->items[i];
        const bool lost = p->score < 1, regression = lost && p->score_ref >= 1;
        number(b, -1, "%s", item_text(p->x, 6).text);
        cell(b, -1, p->label);
        cell(b, -1, passed(p->score_ref));
        cell(b, regression ? SUITE_SHADES : lost ? -1 : 0, passed(p->score));
        number(b, -1, "%s", item_text(p->kld, 4).text);
        number(b, -1, "%s", item_text(p->agreement, 4).text);
        cell(b, -1, p->note);
        cell(b, -1, regression ? p->said : "");
    }
}

/* The text from the word before the place where two texts part. */
static void part_of(builder *b, const char *text, size_t at)
{
    enum { BEFORE = 24, ROOM = 160 };
    char part[ROOM];
    const size_t from = trajectory_before(text, at, BEFORE);
    size_t n = 0;
    if (from > 0) n = (size_t)snprintf(part, sizeof part, "…");
    snprintf(part + n, sizeof part - n, "%.*s|", (int)(at - from), text + from);
    n = strlen(part);
    size_t rest = strlen(text + at);
    if (rest > sizeof part - n - 1) rest = sizeof part - n - 1;
    while (rest > 0 && text[at + rest] && ((unsigned char)text[at + rest] & 0xc0) == 0x80)
        rest--;
    memcpy(part + n, text + at, rest);
    part[n + rest] = '\0';
    cell(b, -1, part);
}

static void trajectory(builder *b, const store_run *run, const suite_items *items)
{
    static const char *const names[] = {
        "", "in common", "of", "KLD, nats", "the reference goes on", "the config goes on", NULL
    };
    (void)run;
    begin(b, "continuations", false);
    add_columns(b, names, "nnnntt");
    for (size_t i = 0; i < items->n; i++) {
        const store_item *t = &items->items[i];
        const size_t at = trajectory_common_text(t);
        const bool parts = trajectory_parts(t), seen = parts && (t->said_ref[at] || t->said[at]);
        const double length = trajectory_length(t), lost = parts && length > 0 ? 1 - t->score / length : 0;
        number(b, -1, "%s", item_text(t->x, 6).text);
        number(b, isfinite(lost) ? (int)ceil(fmin(fmax(lost, 0), 1) * SUITE_SHADES) : -1, "%s",
               item_text(t->score, 6).text);
        number(b, -1, "%s", item_text(length, 6).text);
        number(b, -1, "%s", item_text(t->kld, 4).text);
        if (seen) {
            part_of(b, t->said_ref, at);
            part_of(b, t->said, at);
        } else {
            cell(b, -1, parts ? "(behind what is kept)" : "");
            cell(b, -1, "");
        }
    }
}

/* ---- all ---- */

bool suite_tables_make(const store_run *run, const suite_items *items, suite_tables *out, fault *f)
{
    static const struct {
        const char *suite;
        void (*fill)(builder *b, const store_run *run, const suite_items *items);
    } all[] = { { "needle", needle },
                { "session", session },
                { "prompts", prompts },
                { "trajectory", trajectory },
                { "attention", attention } };
    builder b = { .to = out };
    *out = (suite_tables){ 0 };
    for (size_t i = 0; items->n > 0 && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].suite, run->suite) == 0) all[i].fill(&b, run, items);
    if (!b.failed) return true;
    suite_tables_free(out);
    return fault_memory(f, "a suite's tables");
}

void suite_tables_free(suite_tables *t)
{
    for (size_t i = 0; i < t->n; i++) {
        suite_table *one = &t->items[i];
        for (size_t k = 0; k < one->n_columns; k++)
            free(one->columns[k]);
        for (size_t k = 0; k < one->n_cells; k++)
            free(one->cells[k].text);
        free(one->columns);
        free(one->cells);
        free(one->title);
    }
    free(t->items);
    *t = (suite_tables){ 0 };
}

/* ---- which runs ---- */

const page_run *page_suite_run(const page_set *set, size_t k, size_t *left)
{
    const page_run *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++) {
        const page_run *run = &set->runs[i];
        if (run->items.n == 0 || set->places[0][0][i].where == PAGE_OLDER) continue;
        if (n++ == k && k < SUITES_SHOWN) found = run;
    }
    *left = n > SUITES_SHOWN ? n - SUITES_SHOWN : 0;
    return found;
}
