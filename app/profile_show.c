/* One profile: what it does to each layer, or for an engine or client. */
#include "app/profile_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/number.h"
#include "app/predict.h"
#include "app/report.h"
#include "engine/gguf.h"

bool profile_read_shape(profile_work *w, model_shape *shape, fault *f)
{
    const char *path = app_model(w->app, w->line, f);
    gguf *g = path ? gguf_open(path, f) : NULL;
    const bool ok = g && model_read_shape(g, shape, f);
    gguf_close(g);
    return ok;
}

/* ---- for people ---- */

/* Text from the database, which may hold anything. */
static void put_text(const app_context *app, const char *label, const char *text)
{
    columns c;
    columns_enter(&c, app->out.utf8);
    fputs(label, stdout);
    columns_put(&c, stdout, text, strlen(text), columns_width(&c, text, strlen(text)), false);
    putchar('\n');
    columns_leave(&c);
}

static void print_bits(const prediction *p)
{
    const char *about = p->about ? "about " : "";
    if (p->state == PREDICTION_KNOWN)
        printf("bits     %s%.4g per value (keys %.4g, values %.4g), ratio %s%.4gx\n", about, p->bits_per_value,
               p->k_bits, p->v_bits, about, p->ratio);
    else
        printf("bits     not known: %s\n", p->text);
    if (p->state == PREDICTION_KNOWN && p->calibrates) puts("needs    kvant calibrate, before it can be run");
}

static void print_profile(const profile_work *w, const profile_view *v, const prediction *bits)
{
    const store_profile *p = v->profile;
    const config_layer *plan = v->plan;
    put_text(w->app, "profile  ", p->name);
    if (*p->note) put_text(w->app, "note     ", p->note);
    printf("config   %s\nhash     %s\nkeys     %s the rotary embedding\n", v->config->text, v->config->id,
           v->config->rope_post ? "after" : "before");
    printf("model    %s, %d attention layers\n", v->shape.name, v->shape.n_layers);
    if (*p->model && strcmp(p->model, v->shape.name) != 0) put_text(w->app, "made for ", p->model);
    print_bits(bits);
    printf("\n%-9s  %-40s %s\n", "layers", "keys", "values");
    for (int first = 0, next; first < v->shape.n_layers; first = next) {
        char range[24];
        next = first + 1;
        while (next < v->shape.n_layers && profile_same_codecs(&plan[first], &plan[next]))
            next++;
        snprintf(range, sizeof range, next - first > 1 ? "%d-%d" : "%d", first, next - 1);
        printf("%-9s  %-40s %s\n", range, plan[first].spec[KVANT_K]->text, plan[first].spec[KVANT_V]->text);
    }
}

/* ---- exports ---- */

static bool export_engine(profile_work *w, cJSON *flags, fault *f)
{
    if (!flags) return false;
    const cJSON *lost = cJSON_GetObjectItemCaseSensitive(flags, "lost"), *item;
    bool ok = true;
    if (cJSON_GetArraySize(lost) && !line_has(w->line, "lossy")) {
        char all[512] = "";
        cJSON_ArrayForEach(item, lost)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? "; " : "", item->valuestring);
        ok = fault_set(f, FAULT_NO, "profile %s: %s cannot express it: %s; --lossy writes the rest",
                       line_arg(w->line, 0), cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(flags, "target")),
                       all);
    } else if (line_has(w->line, "json")) {
        return report_json(stdout, flags, f);
    } else {
        profile_write_flags(stdout, flags);
    }
    cJSON_Delete(flags);
    return ok;
}

static bool export_yaml(const profile_view *v, fault *f)
{
    cJSON *document = profile_document(v);
    if (document) profile_write_yaml(stdout, document);
    cJSON_Delete(document);
    return document || fault_memory(f, "a profile");
}

enum { FORM_LLAMA_CPP, FORM_VLLM, FORM_YAML, FORM_JSON, FORM_LUA }; /* as --export's row has them */

static bool export_as(profile_work *w, const profile_view *v, fault *f)
{
    switch (line_int(w->line, "export")) {
    case FORM_LLAMA_CPP: return export_engine(w, profile_llama_cpp(v, f), f);
    case FORM_VLLM: return export_engine(w, profile_vllm(v, f), f);
    case FORM_YAML: return export_yaml(v, f);
    case FORM_JSON: return report_json(stdout, profile_document(v), f);
    default: profile_write_lua(stdout, v); return true;
    }
}

/* ---- either ---- */

static bool show_json(const profile_view *v, const prediction *bits, fault *f)
{
    cJSON *json = profile_document(v);
    const bool known = bits->state == PREDICTION_KNOWN;
    cJSON_AddItemToObject(json, "bits_per_value", number_json(known ? bits->bits_per_value : NAN));
    cJSON_AddItemToObject(json, "ratio", number_json(known ? bits->ratio : NAN));
    return report_json(stdout, json, f);
}

bool profile_show(profile_work *w, const char *name, fault *f)
{
    profile_view v = { 0 };
    model_shape shape;
    prediction bits;
    store_profile *p = profile_need(w->database, name, f);
    bool ok = p && profile_read_shape(w, &shape, f) && profile_view_make(&v, p, w->known, &shape, f);
    if (ok && line_has(w->line, "export")) {
        ok = export_as(w, &v, f);
    } else if (ok && predict_line(w->app, w->line, v.config->text, &bits, f)) {
        if (line_has(w->line, "json"))
            ok = show_json(&v, &bits, f);
        else
            print_profile(w, &v, &bits);
    } else {
        ok = false;
    }
    profile_view_free(&v);
    free(p);
    return ok;
}
