#include "app/bench.h"

#include <stdio.h>

#include "app/figures.h"
#include "app/fingerprint.h"
#include "app/number.h"
#include "app/report.h"
#include "kernels/cpu.h"

static const char *const ways[BENCH_WAYS] = { "encode", "decode" };

/* ---- for a person ---- */

static bool add_way(table *t, const bench_result *x, int way, fault *f)
{
    const bench_way *w = &x->way[way];
    char text[4][FIGURE];
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer((int64_t)x->rows),
        table_text(ways[way]),
        table_real_as(w->gbs, figure(text[0], "%.2f", w->gbs)),
        table_real_as(w->of_copy.value, figure_interval(text[1], w->of_copy, 1)),
        table_real_as(w->over_portable.value, figure_interval(text[2], w->over_portable, 1)),
        w->has_reference ? table_real_as(w->over_reference.value, figure_interval(text[3], w->over_reference, 1))
                         : table_text("-"),
    };
    return table_add(t, cells, f);
}

/* What the reference library makes of the same rows, or of the same bytes. */
static const char *compared(char *text, const bench_result *x, int way)
{
    if (!x->way[way].has_reference) return "-";
    if (x->way[way].differ == 0) return "the same";
    snprintf(text, FIGURE, "%zu rows differ", x->way[way].differ);
    return text;
}

static bool add_quality(table *t, const bench_result *x, fault *f)
{
    char text[5][FIGURE];
    snprintf(text[2], FIGURE, "%.*s", HASH_SHOWN, x->bytes_hash);
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer((int64_t)x->rows),
        table_real_as(x->bits, figure(text[0], "%.4g", x->bits)),
        table_real_as(x->error, figure(text[1], "%.4g", x->error)),
        table_text(text[2]),
        table_text(compared(text[3], x, BENCH_ENCODE)),
        table_text(compared(text[4], x, BENCH_DECODE)),
    };
    return table_add(t, cells, f);
}

static bool add_block(table *t, const bench_result *x, fault *f)
{
    const double ns[] = { x->way[BENCH_ENCODE].alone_ns, x->way[BENCH_ENCODE].hosted_ns, x->way[BENCH_DECODE].alone_ns,
                          x->way[BENCH_DECODE].hosted_ns };
    char text[4][FIGURE];
    table_cell cells[6] = { table_text(x->codec), table_integer((int64_t)x->block) };
    for (int i = 0; i < 4; i++)
        cells[2 + i] = table_real_as(ns[i], figure(text[i], "%.0f", ns[i]));
    return table_add(t, cells, f);
}

/* The codecs at the first number of rows: until the first of them comes again. */
static size_t first_set(const bench_report *r)
{
    size_t n = 1;
    while (n < r->n_codecs && r->codecs[n].codec != r->codecs[0].codec)
        n++;
    return n;
}

static bool print_speeds(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "rows", "way", "GB/s", "% of a copy", "x portable", "x reference" };
    table *t = table_create(sizeof names / sizeof *names - (r->against ? 0 : 1), names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n_codecs; i++)
        for (int way = 0; ok && way < BENCH_WAYS; way++)
            ok = add_way(t, &r->codecs[i], way, f);
    return figures_write(t, ok, to, f);
}

static bool print_qualities(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "rows", "bits", "error", "bytes", "reference's bytes", "its values" };
    table *t = table_create(sizeof names / sizeof *names - (r->against ? 0 : BENCH_WAYS), names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n_codecs; i++)
        ok = add_quality(t, &r->codecs[i], f);
    return figures_write(t, ok, to, f);
}

static bool print_blocks(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "one block of", "rows", "encode ns", "hosted", "decode ns", "hosted" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < first_set(r); i++)
        ok = add_block(t, &r->codecs[i], f);
    return figures_write(t, ok, to, f);
}

static bool print_codecs(const bench_report *r, const terminal *to, fault *f)
{
    return r->n_codecs == 0 || (print_speeds(r, to, f) && print_qualities(r, to, f) && print_blocks(r, to, f));
}

static bool add_kernel(table *t, const bench_kernel *k, fault *f)
{
    char text[4][FIGURE];
    snprintf(text[3], FIGURE, "%.*s", HASH_SHOWN, k->result);
    const table_cell cells[] = {
        table_text(k->name),
        table_real_as(k->gbs, figure(text[0], "%.2f", k->gbs)),
        table_real_as(k->of_copy.value, figure_interval(text[1], k->of_copy, 1)),
        table_real_as(k->over_portable.value, figure_interval(text[2], k->over_portable, 1)),
        table_text(text[3]),
    };
    return table_add(t, cells, f);
}

static bool print_kernels(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "kernel", "GB/s", "% of a copy", "x portable", "result" };
    if (r->n_kernels == 0) return true;
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n_kernels; i++)
        ok = add_kernel(t, &r->kernels[i], f);
    return figures_write(t, ok, to, f);
}

/* Each number of rows once, in the order it is met. */
static void print_copies(const bench_report *r)
{
    for (size_t i = 0; i < r->n_codecs; i++) {
        const bench_result *x = &r->codecs[i];
        bool met = false;
        for (size_t j = 0; j < i; j++)
            met = met || r->codecs[j].rows == x->rows;
        if (!met)
            printf("copy of %zu rows of %d, %.3g MiB: %.2f GB/s\n", x->rows, x->dim,
                   (double)x->rows * x->dim * sizeof(float) / 1048576, x->copy_gbs);
    }
    if (r->n_kernels) printf("copy beside the kernels: %.2f GB/s\n", r->kernels[0].copy_gbs);
}

/* Which functions of the codecs that were timed the library has. */
static void print_symbols(const bench_report *r, bool found)
{
    size_t n = 0;
    for (size_t i = 0; r->n_codecs && i < first_set(r); i++) {
        const counterpart c = against_find(r->against, r->codecs[i].codec);
        const bool has[AGAINST_SYMBOLS] = { c.encode != NULL, c.decode != NULL };
        for (int s = 0; s < AGAINST_SYMBOLS && c.format; s++)
            if (has[s] == found)
                printf("%s%s", n++ ? ", " : found ? "  found: " : "  not there: ", c.format->symbol[s]);
    }
    if (n) printf("\n");
    if (!n && found) printf("  it has none of these codecs\n");
}

static void print_against(const bench_report *r, const terminal *to)
{
    if (!r->against) return;
    fputs("against ", stdout);
    figures_name(against_path(r->against), to);
    fputc('\n', stdout);
    print_symbols(r, true);
    print_symbols(r, false);
}

bool bench_print(const bench_report *r, const terminal *to, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    printf("%s, %s, one thread; medians of %d, processor time, GB/s of f32\n", m.cpu, cpu_level_name(cpu_level()),
           r->reps);
    print_copies(r);
    print_against(r, to);
    return print_codecs(r, to, f) && print_kernels(r, to, f);
}

/* ---- JSON ---- */

static void put_reference(cJSON *to, const bench_way *w)
{
    number_put(to, "gbs", w->reference_gbs);
    figures_put_interval(to, "over_reference", w->over_reference);
    number_put(to, "rows_differ", (double)w->differ);
}

static cJSON *codec_json(const bench_result *x)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", x->codec);
    number_put(json, "dim", x->dim);
    number_put(json, "rows", (double)x->rows);
    number_put(json, "block", (double)x->block);
    number_put(json, "copy_gbs", x->copy_gbs);
    number_put(json, "bits_per_value", x->bits);
    number_put(json, "error", x->error);
    cJSON_AddStringToObject(json, "bytes_hash", x->bytes_hash);
    for (int way = 0; way < BENCH_WAYS; way++) {
        const bench_way *w = &x->way[way];
        cJSON *to = cJSON_AddObjectToObject(json, ways[way]);
        number_put(to, "gbs", w->gbs);
        figures_put_interval(to, "percent_of_copy", w->of_copy);
        figures_put_interval(to, "over_portable", w->over_portable);
        number_put(to, "block_ns", w->alone_ns);
        number_put(to, "hosted_ns", w->hosted_ns);
        if (w->has_reference) put_reference(cJSON_AddObjectToObject(to, "reference"), w);
    }
    return json;
}

static cJSON *kernel_json(const bench_kernel *k)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kernel", k->name);
    number_put(json, "gbs", k->gbs);
    number_put(json, "copy_gbs", k->copy_gbs);
    figures_put_interval(json, "percent_of_copy", k->of_copy);
    figures_put_interval(json, "over_portable", k->over_portable);
    cJSON_AddStringToObject(json, "result", k->result);
    return json;
}

bool bench_print_json(const bench_report *r, fault *f)
{
    cJSON *json = figures_json();
    number_put(json, "reps", r->reps);
    if (r->against) cJSON_AddStringToObject(json, "against", against_path(r->against));
    cJSON *codecs = cJSON_AddArrayToObject(json, "codecs");
    for (size_t i = 0; i < r->n_codecs; i++)
        cJSON_AddItemToArray(codecs, codec_json(&r->codecs[i]));
    cJSON *kernels = cJSON_AddArrayToObject(json, "kernels");
    for (size_t i = 0; i < r->n_kernels; i++)
        cJSON_AddItemToArray(kernels, kernel_json(&r->kernels[i]));
    return report_json(stdout, json, f);
}
