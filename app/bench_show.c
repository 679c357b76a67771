#include "app/bench.h"

#include <stdio.h>

#include "app/fingerprint.h"
#include "app/number.h"
#include "app/report.h"
#include "app/table.h"

enum { SHOWN = 40, HASH_SHOWN = 12 };
static const char *const ways[BENCH_WAYS] = { "encode", "decode" };

/* ---- for a person ---- */

static const char *as(char *text, const char *format, double value)
{
    snprintf(text, SHOWN, format, value);
    return text;
}

/* Two digits: what a busy machine is good for. */
static const char *with_ends(char *text, interval x)
{
    const int digits = x.value < 9.95 ? 1 : 0;
    snprintf(text, SHOWN, "%.*f [%.*f, %.*f]", digits, x.value, digits, x.lo, digits, x.hi);
    return text;
}

static bool add_way(table *t, const bench_result *x, int way, fault *f)
{
    const bench_way *w = &x->way[way];
    char text[4][SHOWN];
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer((int64_t)x->rows),
        table_text(ways[way]),
        table_real_as(w->gbs, as(text[0], "%.2f", w->gbs)),
        table_real_as(w->of_copy.value, with_ends(text[1], w->of_copy)),
        table_real_as(w->over_portable.value, with_ends(text[2], w->over_portable)),
        w->has_reference ? table_real_as(w->over_reference.value, with_ends(text[3], w->over_reference))
                         : table_text("-"),
    };
    return table_add(t, cells, f);
}

/* What the reference library makes of the same rows, or of the same bytes. */
static const char *compared(char *text, const bench_result *x, int way)
{
    if (!x->way[way].has_reference) return "-";
    if (x->way[way].differ == 0) return "the same";
    snprintf(text, SHOWN, "%zu rows differ", x->way[way].differ);
    return text;
}

static bool add_quality(table *t, const bench_result *x, fault *f)
{
    char text[5][SHOWN];
    snprintf(text[2], SHOWN, "%.*s", HASH_SHOWN, x->bytes_hash);
    const table_cell cells[] = {
        table_text(x->codec),
        table_integer((int64_t)x->rows),
        table_real_as(x->bits, as(text[0], "%.4g", x->bits)),
        table_real_as(x->error, as(text[1], "%.4g", x->error)),
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
    char text[4][SHOWN];
    table_cell cells[6] = { table_text(x->codec), table_integer((int64_t)x->block) };
    for (int i = 0; i < 4; i++)
        cells[2 + i] = table_real_as(ns[i], as(text[i], "%.0f", ns[i]));
    return table_add(t, cells, f);
}

static bool write_table(table *t, const terminal *to, fault *f)
{
    return table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, to->is_tty ? terminal_width(to) : 0 }, f);
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
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
}

static bool print_qualities(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "codec", "rows", "bits", "error", "bytes", "reference's bytes", "its values" };
    table *t = table_create(sizeof names / sizeof *names - (r->against ? 0 : BENCH_WAYS), names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n_codecs; i++)
        ok = add_quality(t, &r->codecs[i], f);
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
}

static bool print_blocks(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "one block of", "rows", "encode ns", "hosted", "decode ns", "hosted" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < first_set(r); i++)
        ok = add_block(t, &r->codecs[i], f);
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
}

static bool print_codecs(const bench_report *r, const terminal *to, fault *f)
{
    return r->n_codecs == 0 || (print_speeds(r, to, f) && print_qualities(r, to, f) && print_blocks(r, to, f));
}

static bool add_kernel(table *t, const bench_kernel *k, fault *f)
{
    char text[3][SHOWN];
    const table_cell cells[] = {
        table_text(k->name),
        table_real_as(k->gbs, as(text[0], "%.2f", k->gbs)),
        table_real_as(k->of_copy.value, with_ends(text[1], k->of_copy)),
        table_real_as(k->over_portable.value, with_ends(text[2], k->over_portable)),
    };
    return table_add(t, cells, f);
}

static bool print_kernels(const bench_report *r, const terminal *to, fault *f)
{
    static const char *const names[] = { "kernel", "GB/s", "% of a copy", "x portable" };
    if (r->n_kernels == 0) return true;
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n_kernels; i++)
        ok = add_kernel(t, &r->kernels[i], f);
    ok = ok && write_table(t, to, f);
    table_free(t);
    return ok;
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

static void print_against(const bench_report *r)
{
    if (!r->against) return;
    printf("against %s\n", against_path(r->against));
    print_symbols(r, true);
    print_symbols(r, false);
}

bool bench_print(const bench_report *r, const terminal *to, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    printf("%s, %s, one thread; medians of %d, processor time, GB/s of f32\n", m.cpu, m.simd, r->reps);
    print_copies(r);
    print_against(r);
    return print_codecs(r, to, f) && print_kernels(r, to, f);
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

static void put_reference(cJSON *to, const bench_way *w)
{
    put(to, "gbs", w->reference_gbs);
    put_interval(to, "over_reference", w->over_reference);
    put(to, "rows_differ", (double)w->differ);
}

static cJSON *codec_json(const bench_result *x)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", x->codec);
    put(json, "dim", x->dim);
    put(json, "rows", (double)x->rows);
    put(json, "block", (double)x->block);
    put(json, "copy_gbs", x->copy_gbs);
    put(json, "bits_per_value", x->bits);
    put(json, "error", x->error);
    cJSON_AddStringToObject(json, "bytes_hash", x->bytes_hash);
    for (int way = 0; way < BENCH_WAYS; way++) {
        const bench_way *w = &x->way[way];
        cJSON *to = cJSON_AddObjectToObject(json, ways[way]);
        put(to, "gbs", w->gbs);
        put_interval(to, "percent_of_copy", w->of_copy);
        put_interval(to, "over_portable", w->over_portable);
        put(to, "block_ns", w->alone_ns);
        put(to, "hosted_ns", w->hosted_ns);
        if (w->has_reference) put_reference(cJSON_AddObjectToObject(to, "reference"), w);
    }
    return json;
}

static cJSON *kernel_json(const bench_kernel *k)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "kernel", k->name);
    put(json, "gbs", k->gbs);
    put(json, "copy_gbs", k->copy_gbs);
    put_interval(json, "percent_of_copy", k->of_copy);
    put_interval(json, "over_portable", k->over_portable);
    return json;
}

bool bench_print_json(const bench_report *r, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "cpu", m.cpu);
    cJSON_AddStringToObject(json, "simd", m.simd);
    cJSON_AddStringToObject(json, "engine", m.engine);
    put(json, "reps", r->reps);
    if (r->against) cJSON_AddStringToObject(json, "against", against_path(r->against));
    cJSON *codecs = cJSON_AddArrayToObject(json, "codecs");
    for (size_t i = 0; i < r->n_codecs; i++)
        cJSON_AddItemToArray(codecs, codec_json(&r->codecs[i]));
    cJSON *kernels = cJSON_AddArrayToObject(json, "kernels");
    for (size_t i = 0; i < r->n_kernels; i++)
        cJSON_AddItemToArray(kernels, kernel_json(&r->kernels[i]));
    return report_json(stdout, json, f);
}
