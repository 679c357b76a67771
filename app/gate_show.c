/* Verdicts for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/gate_work.h"
#include "app/number.h"
#include "app/wrap.h"

enum { WORD = 4, TITLE = 18, VALUE = 15, THRESHOLD = 13, INDENT = 6 };

static const terminal_look looks[] = { STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_DIM };

static void print_line(const gate_work *w, gate_id g, const gate_line *l, int width)
{
    const terminal *t = &w->app->out;
    const gate_measure *x = &w->measures.of[g];
    char note[sizeof l->note + 32], figures[TITLE + VALUE + sizeof l->threshold + 64];
    snprintf(note, sizeof note, "%s", l->note);
    if (x->run) snprintf(note + strlen(note), sizeof note - strlen(note), "%srun %lld", *note ? "; " : "", x->run);
    const int n = snprintf(figures, sizeof figures, "  %-*s %*s  %-*s", TITLE, gate_title(g), VALUE,
                           l->value[0] ? l->value : "-", *note ? THRESHOLD : 0, l->threshold);
    printf("%s%-*s%s%s", terminal_style(t, looks[l->verdict]), WORD, gate_verdict_word(l->verdict),
           terminal_style(t, STYLE_PLAIN), figures);
    if (!*note)
        putchar('\n');
    else if (!t->is_tty)
        printf("  %s\n", note); /* one line each: for grep */
    else {
        fputs("  ", stdout);
        wrap_text(stdout, note, WORD + n + 2, INDENT, width);
    }
}

static void print_total(const gate_work *w, const gate_line lines[GATES])
{
    static const char *const words[] = { "passed", "warned", "failed", "not measured" };
    static const gate_verdict order[] = { GATE_FAIL, GATE_WARN, GATE_PASS, GATE_NA };
    gate_count c = gate_total(lines);
    const gate_verdict all = gate_overall(&c);
    for (int g = 0; g < GATES; g++)
        c.n[GATE_NA] -= !w->measures.of[g].asked;
    const terminal *t = &w->app->out;
    const char *between = "";
    printf("%s%s%s  ", terminal_style(t, looks[all]), gate_verdict_word(all), terminal_style(t, STYLE_PLAIN));
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (c.n[order[i]] == 0) continue;
        printf("%s%d %s", between, c.n[order[i]], words[order[i]]);
        between = ", ";
    }
    printf(": %s\n", w->config->text);
}

void gate_print(const gate_work *w, const gate_line lines[GATES])
{
    const int width = terminal_width(&w->app->out);
    for (int g = 0; g < GATES; g++)
        if (w->measures.of[g].asked) print_line(w, (gate_id)g, &lines[g], width);
    print_total(w, lines);
}

cJSON *gate_json(const gate_work *w, const gate_line lines[GATES])
{
    const gate_count c = gate_total(lines);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", w->config->text);
    cJSON_AddStringToObject(json, "model", w->lab.job.model);
    cJSON_AddStringToObject(json, "model_hash", w->model_id);
    cJSON_AddStringToObject(json, "verdict", gate_verdict_word(gate_overall(&c)));
    cJSON *list = cJSON_AddArrayToObject(json, "gates");
    for (int g = 0; g < GATES; g++) {
        const gate_measure *x = &w->measures.of[g];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "gate", gate_name((gate_id)g));
        cJSON_AddStringToObject(one, "verdict", gate_verdict_word(lines[g].verdict));
        number_put(one, "value", x->value);
        number_put(one, "lo", x->lo);
        number_put(one, "hi", x->hi);
        cJSON_AddStringToObject(one, "threshold", lines[g].threshold);
        cJSON_AddStringToObject(one, "note", lines[g].note);
        cJSON_AddItemToObject(one, "run", x->run ? number_json((double)x->run) : cJSON_CreateNull());
        cJSON_AddItemToArray(list, one);
    }
    cJSON *thresholds = cJSON_AddObjectToObject(json, "thresholds");
    for (int i = 0; i < GATE_THRESHOLDS; i++)
        number_put(thresholds, options_thresholds[i].name, w->thresholds[i]);
    return json;
}
