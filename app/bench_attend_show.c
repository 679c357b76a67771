#include <stdio.h>

#include "app/bench_attend.h"
#include "app/figures.h"
#include "app/fingerprint.h"
#include "app/number.h"
#include "app/report.h"

static const char *const ways[ATTEND_WAYS] = { "scores", "mix", "both" };

/* ---- for a person ---- */

static bool add_way(table *t, const attend_result *x, int group, int way, fault *f)
{
    const attend_way *w = &x->way[group][way];
    char text[5][FIGURE];
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer(attend_queries[group]),
        table_text(ways[way]),
        table_real_as(w->ns, figure(text[0], "%.2f", w->ns)),
        table_real_as(w->gbs, figure(text[1], "%.1f", w->gbs)),
        table_real_as(w->over_f16.value, figure_interval(text[2], w->over_f16, 2)),
        table_real_as(w->over_decoded.value, figure_interval(text[3], w->over_decoded, 2)),
        table_real_as(w->over_portable.value, figure_interval(text[4], w->over_portable, 2)),
    };
    return table_add(t, cells, f);
}

static bool add_quality(table *t, const attend_result *x, fault *f)
{
    char text[4][FIGURE];
    snprintf(text[3], FIGURE, "%.*s", HASH_SHOWN, x->hash);
    const table_cell cells[] = {
        table_text(x->codec),
        table_real_as(x->bits, figure(text[0], "%.4g", x->bits)),
        table_real_as(x->cosine[ATTEND_SCORES], figure(text[1], "%.6f", x->cosine[ATTEND_SCORES])),
        table_real_as(x->cosine[ATTEND_MIX], figure(text[2], "%.6f", x->cosine[ATTEND_MIX])),
        table_text(text[3]),
    };
    return table_add(t, cells, f);
}

static bool print_speeds(const attend_result *results, size_t n, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "queries", "way", "ns", "GB/s", "x f16", "x decoded", "x portable" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < n; i++)
        for (int group = 0; ok && group < ATTEND_GROUPS; group++)
            for (int way = 0; ok && way < ATTEND_WAYS; way++)
                ok = add_way(t, &results[i], group, way, f);
    return figures_write(t, ok, to, f);
}

static bool print_qualities(const attend_result *results, size_t n, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "bits", "cosine of scores", "of sums", "hash" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_quality(t, &results[i], f);
    return figures_write(t, ok, to, f);
}

bool bench_attend_print(const attend_result *results, size_t n, int reps, const terminal *to, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    printf("%s, %s, one thread; medians of %d, processor time; ns for a row and a query, GB/s of f32\n", m.cpu, m.simd,
           reps);
    if (n > 0)
        printf("%zu rows of %d, %.3g MiB as f32\n", results[0].rows, results[0].dim,
               (double)results[0].rows * results[0].dim * sizeof(float) / 1048576);
    return print_speeds(results, n, to, f) && print_qualities(results, n, to, f);
}

/* ---- JSON ---- */

static cJSON *way_json(const attend_result *x, int group, int way)
{
    const attend_way *w = &x->way[group][way];
    cJSON *json = cJSON_CreateObject();
    number_put(json, "queries", attend_queries[group]);
    cJSON_AddStringToObject(json, "way", ways[way]);
    number_put(json, "ns", w->ns);
    number_put(json, "gbs", w->gbs);
    figures_put_interval(json, "over_f16", w->over_f16);
    figures_put_interval(json, "over_decoded", w->over_decoded);
    figures_put_interval(json, "over_portable", w->over_portable);
    return json;
}

static cJSON *codec_json(const attend_result *x)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", x->codec);
    number_put(json, "dim", x->dim);
    number_put(json, "rows", (double)x->rows);
    number_put(json, "bits_per_value", x->bits);
    number_put(json, "cosine_scores", x->cosine[ATTEND_SCORES]);
    number_put(json, "cosine_mix", x->cosine[ATTEND_MIX]);
    cJSON_AddStringToObject(json, "hash", x->hash);
    cJSON *to = cJSON_AddArrayToObject(json, "ways");
    for (int group = 0; group < ATTEND_GROUPS; group++)
        for (int way = 0; way < ATTEND_WAYS; way++)
            cJSON_AddItemToArray(to, way_json(x, group, way));
    return json;
}

bool bench_attend_print_json(const attend_result *results, size_t n, int reps, fault *f)
{
    cJSON *json = figures_json();
    number_put(json, "reps", reps);
    cJSON *codecs = cJSON_AddArrayToObject(json, "attention");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(codecs, codec_json(&results[i]));
    return report_json(stdout, json, f);
}
