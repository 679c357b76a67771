/* A report as JSON. Runs are written one by one: thousands of them as one tree would take hundreds of megabytes. */
#include "app/page/formats.h"

#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/page/escape.h"
#include "app/report.h"
#include "app/suite_show.h"

static bool put_tree(FILE *to, cJSON *tree, fault *f)
{
    char *text = tree ? cJSON_PrintUnformatted(tree) : NULL;
    cJSON_Delete(tree);
    if (!text) return fault_memory(f, "the JSON");
    escape_utf8(to, text);
    cJSON_free(text);
    return true;
}

static cJSON *point_json(const page_run *run, const page_place *p)
{
    cJSON *one = cJSON_CreateObject();
    cJSON_AddNumberToObject(one, "run", (double)run->run.id);
    cJSON_AddStringToObject(one, "config", run->run.config.canonical);
    cJSON_AddStringToObject(one, "class", page_class_names[p->where]);
    cJSON_AddItemToObject(one, "x", number_json(p->x));
    cJSON_AddItemToObject(one, "y", number_json(p->y));
    cJSON_AddItemToObject(one, "y_lo", number_json(p->lo));
    cJSON_AddItemToObject(one, "y_hi", number_json(p->hi));
    cJSON_AddBoolToObject(one, "like_previous", p->alike);
    cJSON_AddStringToObject(one, "verdict", run->run.verdict);
    return one;
}

static int by_rank(const void *a, const void *b)
{
    const page_place *p = *(const page_place *const *)a, *q = *(const page_place *const *)b;
    return (p->rank > q->rank) - (p->rank < q->rank);
}

/* As `kvant frontier --json` orders them. */
static bool put_points(FILE *to, const page_set *set, fault *f)
{
    const page_place *all = set->places[0][0], **sorted = calloc(set->n_runs, sizeof *sorted);
    if (!sorted) return fault_memory(f, "the JSON");
    size_t n = 0;
    for (size_t i = 0; i < set->n_runs; i++)
        if (all[i].where != PAGE_OLDER) sorted[n++] = &all[i];
    qsort(sorted, n, sizeof *sorted, by_rank);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        fputs(i ? ",\n    " : "\n    ", to);
        ok = put_tree(to, point_json(&set->runs[sorted[i] - all], sorted[i]), f);
    }
    free(sorted);
    return ok;
}

static bool put_runs(FILE *to, const page_report *r, const page_set *set, fault *f)
{
    static const store_layer none;
    for (size_t i = 0; i < set->n_runs; i++) {
        const page_run *run = &set->runs[i];
        cJSON *one = report_run_json(&run->run, run->layers ? run->layers : &none, run->n_layers);
        if (run->items.n > 0) cJSON_AddItemToObject(one, "items", suite_show_json(&run->items));
        cJSON_AddStringToObject(one, "class", page_class_names[set->places[0][0][i].where]);
        cJSON_AddStringToObject(one, "family", r->families[run->family]);
        cJSON_AddStringToObject(one, "command", run->command);
        fputs(i ? ",\n    " : "\n    ", to);
        if (!put_tree(to, one, f)) return false;
    }
    return true;
}

static bool put_set(FILE *to, const page_report *r, const page_set *set, fault *f)
{
    char *name = gather_set_name(set);
    if (!name) return fault_memory(f, "the JSON");
    fputs("{\n   \"set\": ", to);
    escape_json(to, name);
    free(name);
    fputs(",\n   \"points\": [", to);
    if (!put_points(to, set, f)) return false;
    fputs("],\n   \"runs\": [", to);
    if (!put_runs(to, r, set, f)) return false;
    fputs("]}", to);
    return true;
}

bool json_write(FILE *to, const page_report *r, fault *f)
{
    char *title = formats_title(r), made[GATHER_TIME];
    if (!title) return fault_memory(f, "the JSON");
    gather_time(r->made, made);
    fputs("{\"title\": ", to);
    escape_json(to, title);
    free(title);
    fprintf(to, ",\n \"version\": \"%s\", \"made\": \"%s\", \"x\": \"%s\", \"y\": \"%s\", \"where\": ", KVANT_VERSION,
            made, r->request.axes.x[0]->name, r->request.axes.y[0]->name);
    escape_json(to, r->request.where ? r->request.where : "");
    fputs(",\n \"sets\": [", to);
    for (size_t i = 0; i < r->n_sets; i++) {
        if (i) fputs(", ", to);
        if (!put_set(to, r, &r->sets[i], f)) return false;
    }
    fputs("]}\n", to);
    return true;
}
