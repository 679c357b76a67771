#include "app/offline_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/table.h"

/* ---- one line of the table ---- */

/* What is said of a layer, a kv head or everything; NaN: not known. */
typedef struct figures {
    double k_error, query_error, v_error, weights, worst, outputs, ratio;
    int worst_head; /* the query head that `worst` is of; -1: none */
} figures;

static double ratio_of(const byte_counts *b)
{
    return 2 * (double)b->values / (double)b->total;
}

static figures figures_of_layer(const offline_layer *l)
{
    const bool queries = l->heads > 0;
    return (figures){ .k_error = l->side[KVANT_K].error,
                      .query_error = l->query_error,
                      .v_error = l->side[KVANT_V].error,
                      .weights = l->mean.weights,
                      .worst = queries ? l->each[l->worst].weights : NAN,
                      .outputs = l->mean.outputs,
                      .ratio = ratio_of(&l->bytes),
                      .worst_head = queries ? l->worst : -1 };
}

/* A kv head and the query heads that share it. */
static figures figures_of_head(const offline_layer *l, int head)
{
    const int group = l->heads / l->kv_heads;
    figures x = { .k_error = l->side[KVANT_K].head_errors[head],
                  .query_error = l->heads ? l->query_errors[head] : NAN,
                  .v_error = l->side[KVANT_V].head_errors[head],
                  .weights = group ? 0 : NAN,
                  .outputs = group ? 0 : NAN,
                  .worst = NAN,
                  .ratio = NAN,
                  .worst_head = -1 };
    for (int i = head * group; i < (head + 1) * group; i++) {
        x.weights += l->each[i].weights / group;
        x.outputs += l->each[i].outputs / group;
        if (x.worst_head >= 0 && !(l->each[i].weights < x.worst)) continue;
        x.worst = l->each[i].weights;
        x.worst_head = i;
    }
    return x;
}

static figures figures_of_all(const offline_result *r)
{
    const offline_layer *worst = &r->layers[r->worst_layer];
    return (figures){ .k_error = r->k_error,
                      .query_error = r->query_error,
                      .v_error = r->v_error,
                      .weights = r->mean.weights,
                      .worst = r->queries ? worst->each[r->worst_head].weights : NAN,
                      .outputs = r->mean.outputs,
                      .ratio = r->account.ratio,
                      .worst_head = r->queries ? r->worst_head : -1 };
}

enum {
    LAYER,
    KV_HEAD,
    K_CODEC,
    V_CODEC,
    K_ERROR,
    QUERY_ERROR,
    V_ERROR,
    WEIGHTS,
    WORST,
    WORST_HEAD,
    OUTPUTS,
    RATIO,
    COLUMNS
};
static const char *const columns[COLUMNS] = { "layer",   "kv head", "k",     "v",    "k error", "q.k error",
                                              "v error", "weights", "worst", "head", "outputs", "ratio" };

/* Terminals with room for codecs in every line; without room for the worst query head. */
enum { WIDE = 104, NARROW = 80 };

/* Which columns there are: a line for each kv head, codecs that differ from layer to layer; a narrow terminal. */
typedef struct view {
    bool heads, mixed, narrow;
} view;

static bool seen(const view *w, int column)
{
    if (column == KV_HEAD) return w->heads;
    if (column == WORST || column == WORST_HEAD) return !w->narrow;
    if (column == RATIO) return w->mixed && !w->heads;
    return w->mixed || (column != K_CODEC && column != V_CODEC);
}

static table_cell shown(double value, const char *format, char text[32])
{
    if (isnan(value)) return table_null();
    snprintf(text, 32, format, value);
    return table_real_as(value, text);
}

/* layer: NULL for everything; head -1: all of a layer. */
static bool add_line(table *t, const view *w, const offline_layer *layer, int head, const figures *x, fault *f)
{
    char text[COLUMNS][32];
    const bool number = layer && layer->number >= 0;
    const table_cell all[COLUMNS] = {
        [LAYER] = number ? table_integer(layer->number) : table_text(layer ? "" : "all"),
        [KV_HEAD] = head >= 0 ? table_integer(head) : table_null(),
        [K_CODEC] = layer ? table_text(layer->side[KVANT_K].codec) : table_null(),
        [V_CODEC] = layer ? table_text(layer->side[KVANT_V].codec) : table_null(),
        [K_ERROR] = shown(x->k_error, "%.4g", text[K_ERROR]),
        [QUERY_ERROR] = shown(x->query_error, "%.4g", text[QUERY_ERROR]),
        [V_ERROR] = shown(x->v_error, "%.4g", text[V_ERROR]),
        [WEIGHTS] = shown(x->weights, "%.5f", text[WEIGHTS]),
        [WORST] = shown(x->worst, "%.5f", text[WORST]),
        [WORST_HEAD] = x->worst_head >= 0 ? table_integer(x->worst_head) : table_null(),
        [OUTPUTS] = shown(x->outputs, "%.5f", text[OUTPUTS]),
        [RATIO] = shown(x->ratio, "%.3f", text[RATIO]),
    };
    table_cell cells[COLUMNS];
    size_t n = 0;
    for (int i = 0; i < COLUMNS; i++)
        if (seen(w, i)) cells[n++] = all[i];
    return table_add(t, cells, f);
}

/* ---- the table ---- */

/* By the cosine of weights, or the error of keys where there are no queries: the worst first. */
static int by_badness(const void *a, const void *b)
{
    const offline_layer *x = *(const offline_layer *const *)a, *y = *(const offline_layer *const *)b;
    const double bad_x = x->heads ? -x->mean.weights : x->side[KVANT_K].error;
    const double bad_y = y->heads ? -y->mean.weights : y->side[KVANT_K].error;
    if (bad_x != bad_y) return bad_x > bad_y ? -1 : 1;
    return x->number - y->number;
}

static bool add_layers(table *t, const view *w, const offline_result *r, fault *f)
{
    const offline_layer **order = calloc((size_t)r->n_layers, sizeof *order);
    if (!order) return fault_memory(f, "the table");
    for (int i = 0; i < r->n_layers; i++)
        order[i] = &r->layers[i];
    if (!w->heads) qsort(order, (size_t)r->n_layers, sizeof *order, by_badness);
    bool ok = true;
    for (int i = 0; ok && i < r->n_layers; i++)
        for (int h = 0; ok && h < (w->heads ? order[i]->kv_heads : 1); h++) {
            const figures x = w->heads ? figures_of_head(order[i], h) : figures_of_layer(order[i]);
            ok = add_line(t, w, order[i], w->heads ? h : -1, &x, f);
        }
    free(order);
    return ok;
}

/* Do layers differ in their codecs, or in what these cost? */
static bool differ(const offline_result *r)
{
    const offline_layer *one = &r->layers[0];
    for (int i = 1; i < r->n_layers; i++) {
        const offline_layer *l = &r->layers[i];
        for (int side = KVANT_K; side <= KVANT_V; side++)
            if (strcmp(l->side[side].codec, one->side[side].codec) != 0) return true;
        if (ratio_of(&l->bytes) != ratio_of(&one->bytes)) return true;
    }
    return false;
}

static bool write_table(FILE *to, const terminal *on, const offline_result *r, bool all_heads, fault *f)
{
    const int width = on->is_tty ? terminal_width(on) : 0;
    const view w = { all_heads, differ(r) && (width == 0 || width >= WIDE), width > 0 && width < NARROW };
    const char *names[COLUMNS];
    size_t n = 0;
    for (int i = 0; i < COLUMNS; i++)
        if (seen(&w, i)) names[n++] = columns[i];
    table *t = table_create(n, names, f);
    const figures all = figures_of_all(r);
    const table_style style = { TABLE_BOX, on->utf8, width };
    const bool ok = t && add_layers(t, &w, r, f) && add_line(t, &w, NULL, -1, &all, f) && table_write(t, to, &style, f);
    table_free(t);
    return ok;
}

/* ---- the summary ---- */

static const char *model_of(const rows_file *file)
{
    const safetensors *source = rows_file_source(file);
    return source ? safetensors_word(source, "model_name") : NULL;
}

bool offline_report(FILE *to, const terminal *t, const rows_file *file, const config *c, const offline_result *r,
                    bool all_heads, fault *f)
{
    const job_result *a = &r->account;
    const char *model = model_of(file);
    const size_t sequences = (r->rows + r->sequence - 1) / r->sequence;
    fprintf(to, "config      %s\n", c->text);
    if (model) fprintf(to, "model       %s\n", model);
    fprintf(to, "rows        %zu per stream, in %zu sequence%s of %zu", r->rows, sequences, sequences == 1 ? "" : "s",
            r->sequence);
    if (r->calibrated) fprintf(to, "; the %zu before them calibrated", r->calibrated);
    fprintf(to, "\nratio       %.3fx, %.4f bits/value: payload %.1f, metadata %.1f, exact %.1f %%\n", a->ratio,
            a->bits_per_value, 100 * (double)a->bytes.payload / (double)a->bytes.total,
            100 * (double)a->bytes.metadata / (double)a->bytes.total,
            100 * (double)a->bytes.exact / (double)a->bytes.total);
    fprintf(to, "side data   %llu bytes", (unsigned long long)a->side_bytes);
    if (!isnan(a->ratio_ctx))
        fprintf(to, "; with it %.3fx at %zu tokens, %.3fx at 131072", a->ratio_ctx, r->sequence, a->ratio_128k);
    fprintf(to, "\n%s", r->queries ? "" : "queries     none in the file: what becomes of attention is not known\n");
    fprintf(to, "errors      squared, relative%s\n\n",
            r->queries ? "; of attention the weights and outputs: cosines" : "");
    return write_table(to, t, r, all_heads, f);
}

/* ---- JSON ---- */

static void add(cJSON *json, const char *name, double value)
{
    cJSON_AddItemToObject(json, name, number_json(value));
}

static void add_figures(cJSON *json, const figures *x)
{
    add(json, "k_error", x->k_error);
    add(json, "query_error", x->query_error);
    add(json, "v_error", x->v_error);
    add(json, "weight_cosine", x->weights);
    add(json, "worst_weight_cosine", x->worst);
    add(json, "worst_head", x->worst_head < 0 ? (double)NAN : (double)x->worst_head);
    add(json, "output_cosine", x->outputs);
}

static void add_bytes(cJSON *json, const byte_counts *b, uint64_t side_bytes)
{
    add(json, "values", (double)b->values);
    add(json, "bytes", (double)b->total);
    add(json, "payload_bytes", (double)b->payload);
    add(json, "metadata_bytes", (double)b->metadata);
    add(json, "exact_bytes", (double)b->exact);
    add(json, "open_bytes", (double)b->open);
    add(json, "side_bytes", (double)side_bytes);
    add(json, "ratio", ratio_of(b));
    add(json, "bits_per_value", 8 * (double)b->total / (double)b->values);
}

static void add_layer(cJSON *list, const offline_layer *l)
{
    cJSON *json = cJSON_CreateObject(), *kv, *heads;
    cJSON_AddItemToArray(list, json);
    add(json, "layer", l->number < 0 ? (double)NAN : (double)l->number);
    cJSON_AddStringToObject(json, "k", l->side[KVANT_K].codec);
    cJSON_AddStringToObject(json, "v", l->side[KVANT_V].codec);
    const figures x = figures_of_layer(l);
    add_figures(json, &x);
    add_bytes(json, &l->bytes, l->side_bytes);
    kv = cJSON_AddArrayToObject(json, "kv_heads");
    for (int h = 0; h < l->kv_heads; h++) {
        const figures y = figures_of_head(l, h);
        cJSON *one = cJSON_CreateObject();
        add_figures(one, &y);
        cJSON_AddItemToArray(kv, one);
    }
    heads = cJSON_AddArrayToObject(json, "heads");
    for (int h = 0; h < l->heads; h++) {
        cJSON *one = cJSON_CreateObject();
        add(one, "weight_cosine", l->each[h].weights);
        add(one, "output_cosine", l->each[h].outputs);
        cJSON_AddItemToArray(heads, one);
    }
}

cJSON *offline_report_json(const rows_file *file, const config *c, const offline_result *r)
{
    cJSON *json = cJSON_CreateObject();
    const figures x = figures_of_all(r);
    cJSON_AddStringToObject(json, "config", c->text);
    cJSON_AddStringToObject(json, "file", rows_file_path(file));
    cJSON_AddItemToObject(json, "model_name", model_of(file) ? cJSON_CreateString(model_of(file)) : cJSON_CreateNull());
    add(json, "rows", (double)r->rows);
    add(json, "ctx", (double)r->sequence);
    add(json, "calibration_rows", (double)r->calibrated);
    add_figures(json, &x);
    add(json, "worst_layer", r->queries ? (double)r->layers[r->worst_layer].number : (double)NAN);
    add_bytes(json, &r->account.bytes, r->account.side_bytes);
    add(json, "ratio_ctx", r->account.ratio_ctx);
    add(json, "ratio_128k", r->account.ratio_128k);
    add(json, "encode_s", r->encode);
    add(json, "decode_s", r->decode);
    cJSON *list = cJSON_AddArrayToObject(json, "layers");
    for (int i = 0; i < r->n_layers; i++)
        add_layer(list, &r->layers[i]);
    return json;
}
