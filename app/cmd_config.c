/* kvant config: what a config means, before anything is run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/compress.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/predict.h"
#include "app/profile.h"
#include "app/report.h"
#include "engine/gguf.h"

static bool read_shape(app_context *app, const command_line *line, model_shape *shape, fault *f)
{
    const char *path = app_model(app, line, f);
    gguf *g = path ? gguf_open(path, f) : NULL;
    const bool ok = g && model_read_shape(g, shape, f);
    gguf_close(g);
    return ok;
}

static bool same_codecs(const config_layer *a, const config_layer *b)
{
    return strcmp(a->spec[KVANT_K]->text, b->spec[KVANT_K]->text) == 0 &&
           strcmp(a->spec[KVANT_V]->text, b->spec[KVANT_V]->text) == 0;
}

/* Neighbours that are treated alike are one line. A model with windows has a column that says what its layers see. */
static void print_layers(const config_layer *plan, const model_shape *s)
{
    const int n = s->n_layers;
    printf("\n%-9s  %s%-40s %s\n", "layers", s->window ? "window  " : "", "keys", "values");
    for (int first = 0, next; first < n; first = next) {
        next = first + 1;
        while (next < n && same_codecs(&plan[first], &plan[next]) && model_window(s, first) == model_window(s, next))
            next++;
        char range[24];
        snprintf(range, sizeof range, next - first > 1 ? "%d-%d" : "%d", first, next - 1);
        char window[24] = "";
        if (s->window) snprintf(window, sizeof window, "%-6s  ", "all");
        if (model_window(s, first)) snprintf(window, sizeof window, "%-6d  ", model_window(s, first));
        printf("%-9s  %s%-40s %s\n", range, window, plan[first].spec[KVANT_K]->text, plan[first].spec[KVANT_V]->text);
    }
}

static void print_bits(const prediction *p)
{
    const char *about = p->about ? "about " : "";
    printf("bits     %s%.4g per value (keys %.4g, values %.4g)\n", about, p->bits_per_value, p->k_bits, p->v_bits);
    printf("ratio    %s%.4gx", about, p->ratio);
    if (p->side_bytes > 0)
        printf(" (with %s%.0f bytes of side data %.4gx, at 128K tokens %.4gx)", p->calibrates ? "about " : "",
               p->side_bytes, p->ratio_ctx, p->ratio_128k);
    printf(", %s\n", p->about ? "as it is for rows of noise: the bytes depend on the rows" : "exactly");
    if (p->calibrates) puts("needs    kvant calibrate, before it can be run");
}

/* What could not be predicted is null, and why is said. */
static void add_prediction(cJSON *json, const prediction *p)
{
    const bool known = p->state == PREDICTION_KNOWN;
    const struct {
        const char *name;
        double value;
    } figures[] = {
        { "bits_per_value", p->bits_per_value },
        { "k_bits", p->k_bits },
        { "v_bits", p->v_bits },
        { "ratio", p->ratio },
        { "ratio_ctx", p->ratio_ctx },
        { "ratio_128k", p->ratio_128k },
        { "side_bytes", p->side_bytes },
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        cJSON_AddItemToObject(json, figures[i].name, number_json(known ? figures[i].value : NAN));
    cJSON_AddItemToObject(json, "exact", known ? cJSON_CreateBool(!p->about) : cJSON_CreateNull());
    cJSON_AddItemToObject(json, "exact_side_bytes", known ? cJSON_CreateBool(!p->calibrates) : cJSON_CreateNull());
    cJSON_AddItemToObject(json, "calibrates", known ? cJSON_CreateBool(p->calibrates) : cJSON_CreateNull());
    if (!known) cJSON_AddStringToObject(json, "problem", p->text);
}

static bool print_json(const config *c, const config_layer *plan, const model_shape *s, const prediction *p, fault *f)
{
    cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "layers");
    cJSON_AddStringToObject(json, "config", c->text);
    cJSON_AddStringToObject(json, "config_hash", c->id);
    cJSON_AddStringToObject(json, "rope", c->rope_post ? "post" : "pre");
    add_prediction(json, p);
    for (int i = 0; i < s->n_layers; i++) {
        cJSON *layer = cJSON_CreateObject();
        cJSON_AddStringToObject(layer, "k", plan[i].spec[KVANT_K]->text);
        cJSON_AddStringToObject(layer, "v", plan[i].spec[KVANT_V]->text);
        cJSON_AddNumberToObject(layer, "window", model_window(s, i));
        cJSON_AddItemToArray(list, layer);
    }
    return report_json(stdout, json, f);
}

int cmd_config(app_context *app, const command_line *line)
{
    fault f = { 0 };
    model_shape shape;
    catalog *known = lab_catalog(app, line, &f);
    config *c = known ? profile_config(app, line, known, line_arg(line, 0), &f) : NULL;
    config_layer *plan = c && read_shape(app, line, &shape, &f) ? compress_plan(c, &shape, &f) : NULL;
    prediction p;
    bool ok = plan && predict_line(app, line, c->text, &p, &f);
    if (ok && line_has(line, "json")) {
        ok = print_json(c, plan, &shape, &p, &f);
    } else if (ok) {
        printf("config   %s\nhash     %s\nkeys     %s the rotary embedding\nmodel    %s, %d attention layers\n",
               c->text, c->id, c->rope_post ? "after" : "before", shape.name, shape.n_layers);
        if (p.state == PREDICTION_KNOWN)
            print_bits(&p);
        else
            printf("bits     not known: %s\n", p.text);
        print_layers(plan, &shape);
    }
    free(plan);
    config_free(c);
    catalog_free(known);
    return ok ? FAULT_NONE : app_report(app, &f);
}
