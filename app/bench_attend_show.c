#include <stdio.h>

#include "app/bench_attend.h"
#include "app/fingerprint.h"
#include "app/number.h"
#include "app/report.h"
#include "app/table.h"

enum { SHOWN = 40, HASH_SHOWN = 12 };
static const char *const ways[ATTEND_WAYS] = { "scores", "mix", "both" };

/* ---- for a person ---- */

static const char *as(char *text, const char *format, double value)
{
    snprintf(text, SHOWN, format, value);
    return text;
}

static const char *with_ends(char *text, interval x)
{
    const int digits = x.value < 9.95 ? 2 : 0;
    snprintf(text, SHOWN, "%.*f [%.*f, %.*f]", digits, x.value, digits, x.lo, digits, x.hi);
    return text;
}

static bool add_way(table *t, const attend_result *x, int group, int way, fault *f)
{
    const attend_way *w = &x->way[group][way];
    char text[5][SHOWN];
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer(attend_queries[group]),
        table_text(ways[way]),
        table_real_as(w->ns, as(text[0], "%.2f", w->ns)),
        table_real_as(w->gbs, as(text[1], "%.1f", w->gbs)),
        table_real_as(w->over_f16.value, with_ends(text[2], w->over_f16)),
        table_real_as(w->over_decoded.value, with_ends(text[3], w->over_decoded)),
        table_real_as(w->over_portable.value, with_ends(text[4], w->over_portable)),
    };
    return table_add(t, cells, f);
}

static bool add_quality(table *t, const attend_result *x, fault *f)
{
    char text[4][SHOWN];
    snprintf(text[3], SHOWN, "%.*s", HASH_SHOWN, x->hash);
    const table_cell cells[] = {
        table_text(x->codec),
        table_real_as(x->bits, as(text[0], "%.4g", x->bits)),
        table_real_as(x->cosine[ATTEND_SCORES], as(text[1], "%.6f", x->cosine[ATTEND_SCORES])),
        table_real_as(x->cosine[ATTEND_MIX], as(text[2], "%.6f", x->cosine[ATTEND_MIX])),
        table_text(text[3]),
    };
    return table_add(t, cells, f);
}

static bool write_table(table *t, const terminal *to, fault *f)
{
    return table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, to->is_tty ? terminal_width(to) : 0 }, f);
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
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
}

static bool print_qualities(const attend_result *results, size_t n, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "bits", "cosine of scores", "of sums", "hash" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_quality(t, &results[i], f);
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
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

static void put(cJSON *json, const char *name, double value)
{
    cJSON_AddItemToObject(json, name, number_json(value));
}

static void put_interval(cJSON *json, const char *name, interval x)
{
    cJSON *to = cJSON_AddObjectToObject(json, name);
    put(to, "value", x.value);
    put(to, "lo", x.lo);
    put(to, "hi", x.hi);
}

static cJSON *way_json(const attend_result *x, int group, int way)
{
    const attend_way *w = &x->way[group][way];
    cJSON *json = cJSON_CreateObject();
    put(json, "queries", attend_queries[group]);
    cJSON_AddStringToObject(json, "way", ways[way]);
    put(json, "ns", w->ns);
    put(json, "gbs", w->gbs);
    put_interval(json, "over_f16", w->over_f16);
    put_interval(json, "over_decoded", w->over_decoded);
    put_interval(json, "over_portable", w->over_portable);
    return json;
}

static cJSON *codec_json(const attend_result *x)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", x->codec);
    put(json, "dim", x->dim);
    put(json, "rows", (double)x->rows);
    put(json, "bits_per_value", x->bits);
    put(json, "cosine_scores", x->cosine[ATTEND_SCORES]);
    put(json, "cosine_mix", x->cosine[ATTEND_MIX]);
    cJSON_AddStringToObject(json, "hash", x->hash);
    cJSON *to = cJSON_AddArrayToObject(json, "ways");
    for (int group = 0; group < ATTEND_GROUPS; group++)
        for (int way = 0; way < ATTEND_WAYS; way++)
            cJSON_AddItemToArray(to, way_json(x, group, way));
    return json;
}

bool bench_attend_print_json(const attend_result *results, size_t n, int reps, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "cpu", m.cpu);
    cJSON_AddStringToObject(json, "simd", m.simd);
    cJSON_AddStringToObject(json, "engine", m.engine);
    put(json, "reps", reps);
    cJSON *codecs = cJSON_AddArrayToObject(json, "attention");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(codecs, codec_json(&results[i]));
    return report_json(stdout, json, f);
}
