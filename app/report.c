#include "app/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/page/escape.h"
#include "app/reference.h"

/* ---- text ---- */

/* Delta, the star and the arrow where the terminal has them. */
static const char *sign(const terminal *t, const char *utf8, const char *ascii)
{
    return t->utf8 ? utf8 : ascii;
}

static void write_verdict(FILE *to, const terminal *t, const char *text)
{
    static const struct {
        const char *begins;
        terminal_look look;
    } looks[] = { { "ACCEPT", STYLE_GOOD }, { "MARGINAL", STYLE_WARN }, { "", STYLE_BAD } };
    size_t i = 0;
    while (strncmp(text, looks[i].begins, strlen(looks[i].begins)) != 0)
        i++;
    fputs(terminal_style(t, looks[i].look), to);
    for (const char *c = text; *c; c++)
        fputs(*c == '*' ? sign(t, "★", "*") : (char[]){ *c, 0 }, to);
    fputs(terminal_style(t, STYLE_PLAIN), to);
}

static double per_value(const store_run *r, int64_t bytes)
{
    return 8 * (double)bytes / (double)r->n_values;
}

static void write_bytes(FILE *to, const store_run *r)
{
    fprintf(to, "ratio    %.3fx  %.4f bits/value: payload %.4f, metadata %.4f, exact %.4f\n", r->ratio,
            r->bits_per_value, per_value(r, r->payload_bytes), per_value(r, r->metadata_bytes),
            per_value(r, r->exact_bytes));
    fprintf(to, "side     %lld bytes once per model; with them %.3fx at ctx %lld, %.3fx at 128K\n",
            (long long)r->side_bytes, r->ratio_ctx, (long long)r->ctx, r->ratio_128k);
}

static void write_quality(FILE *to, const terminal *t, const store_run *r)
{
    const char *delta = sign(t, "Δ", "d"), *arrow = sign(t, "→", "->");
    fprintf(to, "KLD      %.6g [%.6g, %.6g] nats; median %.3g, p99 %.3g, p99.9 %.3g, max %.3g\n", r->kld.value,
            r->kld.lo, r->kld.hi, r->kld_median, r->kld_p99, r->kld_p999, r->kld_max);
    fprintf(to, "%sppl     %+.4f %% [%+.4f, %+.4f]; perplexity %.4f %s %.4f\n", delta, r->dppl.value, r->dppl.lo,
            r->dppl.hi, r->ppl_ref, arrow, r->ppl);
    fprintf(to, "top-1    %.3f %% [%.3f, %.3f]\n", r->top1.value, r->top1.lo, r->top1.hi);
    fprintf(to, "RMS %sp   %.4f %% [%.4f, %.4f]\n", delta, r->rms_dp.value, r->rms_dp.lo, r->rms_dp.hi);
}

void report_sides(FILE *to, const store_layer *layers, size_t n)
{
    if (n == 0) return;
    fprintf(to, "\nlayer  side  %-28s %12s %12s %12s\n", "codec", "bits/value", "error", "query error");
    for (size_t i = 0; i < n; i++) {
        const store_layer *l = &layers[i];
        fprintf(to, "%5lld  %-4s  %-28s %12.4f %12.4g", (long long)l->layer, l->stream, l->codec,
                8 * (double)l->bytes / (double)l->n_values, l->rel_error);
        if (isnan(l->query_error))
            fprintf(to, " %12s\n", "");
        else
            fprintf(to, " %12.4g\n", l->query_error);
    }
}

/* The worst layer on each side, in one line: where to look first. */
static void write_worst(FILE *to, const store_layer *layers, size_t n)
{
    const store_layer *worst[2] = { NULL, NULL };
    for (size_t i = 0; i < n; i++) {
        const store_layer **w = &worst[layers[i].stream[0] == 'v'];
        if (!*w || layers[i].rel_error > (*w)->rel_error) *w = &layers[i];
    }
    if (!worst[0] || !worst[1]) return;
    fprintf(to, "worst    K layer %lld: error %.4g; V layer %lld: error %.4g (squared, relative)\n",
            (long long)worst[0]->layer, worst[0]->rel_error, (long long)worst[1]->layer, worst[1]->rel_error);
}

static void write_calibration(FILE *to, const store_run *r)
{
    if (!*r->calibration.hash) return;
    fprintf(to, "calibrated on %s, %lld tokens (%.16s)\n", r->calibration.text, (long long)r->calibration.tokens,
            r->calibration.hash);
}

static void write_head(FILE *to, const terminal *t, const store_run *r)
{
    fprintf(to, "%srun %lld%s   %s\n", terminal_style(t, STYLE_BOLD), (long long)r->id, terminal_style(t, STYLE_PLAIN),
            r->config.canonical);
    fprintf(to, "on       %s (%s, %s), text %s, %s, ctx %lld", r->model.name, r->model.arch, r->model.weight_type,
            r->text.name, r->protocol, (long long)r->ctx);
    if (r->eval > 0) fprintf(to, ", eval %lld", (long long)r->eval);
    if (*r->suite) {
        fprintf(to, ", %lld items%s%s\n", (long long)r->passages, *r->suite_options ? ", " : "", r->suite_options);
    } else {
        protocol p = strcmp(r->protocol, protocol_name(PROTOCOL_SNAPSHOT)) == 0 ? PROTOCOL_SNAPSHOT : PROTOCOL_STREAM;
        long long scored = r->passages * reference_scored(p, (int)r->ctx, (int)r->eval);
        fprintf(to, ", %lld passages, %lld positions scored\n", (long long)r->passages, scored);
    }
    write_calibration(to, r);
}

void report_run(FILE *to, const terminal *t, const store_run *r, const store_layer *layers, size_t n_layers)
{
    write_head(to, t, r);
    if (strcmp(r->status, "done") != 0) {
        fprintf(to, "%sfailed%s   %s", terminal_style(t, STYLE_BAD), terminal_style(t, STYLE_PLAIN), r->reason);
        /* Many a reason names it. */
        if (*r->phase && !strstr(r->reason, r->phase)) fprintf(to, " (%s)", r->phase);
        fputc('\n', to);
        return;
    }
    write_bytes(to, r);
    write_quality(to, t, r);
    fputs("verdict  ", to);
    write_verdict(to, t, r->verdict);
    fputc('\n', to);
    if (*r->verdict_note)
        fprintf(to, "%swarning%s  %s\n", terminal_style(t, STYLE_WARN), terminal_style(t, STYLE_PLAIN),
                r->verdict_note);
    write_worst(to, layers, n_layers);
    fprintf(to, "cost     %.2f s on %lld threads", r->wall_s, (long long)r->threads);
    if (!isnan(r->ms_per_token)) fprintf(to, ", %.3f ms per token and layer", r->ms_per_token);
    fprintf(to, ", peak memory %.0f MiB\n", (double)r->peak_rss_bytes / (1 << 20));
}

void report_heading(FILE *to, const terminal *t)
{
    fprintf(to, "%s%5s %8s %7s %10s %9s %8s  %-10s %s%s\n", terminal_style(t, STYLE_BOLD), "run", "ratio", "bits",
            "KLD", t->utf8 ? "Δppl %   " : "dppl %", "top-1 %", "verdict", "config", terminal_style(t, STYLE_PLAIN));
}

void report_line(FILE *to, const terminal *t, const store_run *r)
{
    if (strcmp(r->status, "done") != 0) {
        fprintf(to, "%5lld %sfailed%s %s: %s\n", (long long)r->id, terminal_style(t, STYLE_BAD),
                terminal_style(t, STYLE_PLAIN), r->config.canonical, r->reason);
        return;
    }
    fprintf(to, "%5lld %7.3fx %7.3f %10.3g %+9.3f %8.2f  ", (long long)r->id, r->ratio, r->bits_per_value, r->kld.value,
            r->dppl.value, r->top1.value);
    write_verdict(to, t, r->verdict);
    fprintf(to, "%*s %s", (int)(strlen(r->verdict) < 10 ? 10 - strlen(r->verdict) : 0), "", r->config.canonical);
    if (*r->suite && isnan(r->score)) fprintf(to, "   (%s: n/a)", r->suite);
    if (*r->suite && !isnan(r->score)) fprintf(to, "   (%s: %.4g)", r->suite, r->score);
    fputc('\n', to);
}

/* ---- JSON ---- */

static cJSON *estimate_json(store_estimate e)
{
    cJSON *array = cJSON_CreateArray();
    cJSON_AddItemToArray(array, number_json(e.value));
    cJSON_AddItemToArray(array, number_json(e.lo));
    cJSON_AddItemToArray(array, number_json(e.hi));
    return array;
}

static void add_count(cJSON *json, const char *name, int64_t n)
{
    if (n < 0)
        cJSON_AddNullToObject(json, name);
    else
        cJSON_AddNumberToObject(json, name, (double)n);
}

static void add_texts(cJSON *json, const store_run *r)
{
    const struct {
        const char *name, *text;
    } texts[] = {
        { "model", r->model.name },
        { "model_hash", r->model.hash },
        { "model_path", r->model.path },
        { "arch", r->model.arch },
        { "weight_type", r->model.weight_type },
        { "text", r->text.name },
        { "text_hash", r->text.hash },
        { "calibration_hash", r->calibration.hash },
        { "calibration_text", r->calibration.text },
        { "config", r->config.canonical },
        { "config_hash", r->config.hash },
        { "k", r->config.k },
        { "v", r->config.v },
        { "version", r->environment.version },
        { "engine", r->environment.engine },
        { "cpu", r->environment.cpu },
        { "simd", r->environment.simd },
        { "compiler", r->environment.compiler },
        { "os", r->environment.os },
        { "protocol", r->protocol },
        { "status", r->status },
        { "reason", r->reason },
        { "phase", r->phase },
        { "verdict", r->verdict },
        { "verdict_note", r->verdict_note },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cJSON_AddStringToObject(json, texts[i].name, texts[i].text ? texts[i].text : "");
}

static void add_numbers(cJSON *json, const store_run *r)
{
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {
        { "started", r->started },
        { "finished", r->finished },
        { "ctx", r->ctx },
        { "eval", r->eval },
        { "passages", r->passages },
        { "threads", r->threads },
        { "seed", r->seed },
        { "n_values", r->n_values },
        { "bytes", r->bytes },
        { "payload_bytes", r->payload_bytes },
        { "metadata_bytes", r->metadata_bytes },
        { "exact_bytes", r->exact_bytes },
        { "side_bytes", r->side_bytes },
        { "peak_rss_bytes", r->peak_rss_bytes },
    };
    const struct {
        const char *name;
        double x;
    } reals[] = {
        { "wall_s", r->wall_s },
        { "ratio", r->ratio },
        { "bits_per_value", r->bits_per_value },
        { "ratio_ctx", r->ratio_ctx },
        { "ratio_128k", r->ratio_128k },
        { "kld_median", r->kld_median },
        { "kld_p99", r->kld_p99 },
        { "kld_p999", r->kld_p999 },
        { "kld_max", r->kld_max },
        { "ppl", r->ppl },
        { "ppl_ref", r->ppl_ref },
        { "encode_gbs", r->encode_gbs },
        { "decode_gbs", r->decode_gbs },
        { "ms_per_token", r->ms_per_token },
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        add_count(json, counts[i].name, counts[i].n);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        cJSON_AddItemToObject(json, reals[i].name, number_json(reals[i].x));
}

cJSON *report_run_json(const store_run *r, const store_layer *layers, size_t n_layers)
{
    cJSON *json = cJSON_CreateObject();
    add_count(json, "id", r->id);
    add_texts(json, r);
    add_numbers(json, r);
    cJSON_AddItemToObject(json, "kld", estimate_json(r->kld));
    cJSON_AddItemToObject(json, "dppl", estimate_json(r->dppl));
    cJSON_AddItemToObject(json, "top1", estimate_json(r->top1));
    cJSON_AddItemToObject(json, "rms_dp", estimate_json(r->rms_dp));
    if (*r->suite) {
        cJSON_AddStringToObject(json, "suite", r->suite);
        cJSON_AddStringToObject(json, "suite_options", r->suite_options);
        cJSON_AddItemToObject(json, "score", number_json(r->score));
        cJSON_AddItemToObject(json, "score_ref", number_json(r->score_ref));
    }
    if (!layers) return json;
    cJSON *list = cJSON_AddArrayToObject(json, "layers");
    for (size_t i = 0; i < n_layers; i++) {
        cJSON *one = cJSON_CreateObject();
        add_count(one, "layer", layers[i].layer);
        cJSON_AddStringToObject(one, "stream", layers[i].stream);
        cJSON_AddStringToObject(one, "codec", layers[i].codec);
        cJSON_AddItemToObject(one, "rel_error", number_json(layers[i].rel_error));
        cJSON_AddItemToObject(one, "query_error", number_json(layers[i].query_error));
        add_count(one, "n_values", layers[i].n_values);
        add_count(one, "bytes", layers[i].bytes);
        cJSON_AddItemToArray(list, one);
    }
    return json;
}

bool report_json(FILE *to, cJSON *json, fault *f)
{
    char *text = json ? cJSON_Print(json) : NULL;
    cJSON_Delete(json);
    if (!text) return fault_memory(f, "the JSON");
    escape_utf8(to, text);
    fputc('\n', to);
    cJSON_free(text);
    return true;
}

/* ---- layers ---- */

typedef struct layer_list {
    store_layer *items;
    size_t n, room;
} layer_list;

static bool take_layer(void *arg, const store_layer *layer)
{
    layer_list *list = arg;
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        store_layer *grown = reallocarray(list->items, room, sizeof *grown);
        if (!grown) return false;
        list->items = grown;
        list->room = room;
    }
    store_layer copy = *layer;
    copy.stream = layer->stream[0] == 'v' ? "v" : "k";
    copy.codec = strdup(layer->codec);
    if (!copy.codec) return false;
    list->items[list->n++] = copy;
    return true;
}

bool report_layers(store *s, int64_t id, store_layer **layers, size_t *n, fault *f)
{
    layer_list list = { 0 };
    bool ok = store_each_layer(s, id, take_layer, &list, f);
    *layers = list.items;
    *n = list.n;
    return ok;
}

void report_layers_free(store_layer *layers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((char *)layers[i].codec);
    free(layers);
}
