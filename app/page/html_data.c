/* The data of the page: columns, so that names are said once. */
#include "app/page/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/page/escape.h"

/* ---- columns ---- */

typedef enum column_kind { TEXT, COUNT, REAL, ESTIMATE } column_kind;

typedef struct column {
    const char *key; /* as the script calls it */
    column_kind kind;
    size_t offset; /* in store_run */
} column;

static const column columns[] = {
    { "id", COUNT, offsetof(store_run, id) },
    { "config", TEXT, offsetof(store_run, config.canonical) },
    { "reason", TEXT, offsetof(store_run, reason) },
    { "phase", TEXT, offsetof(store_run, phase) },
    { "started", COUNT, offsetof(store_run, started) },
    { "threads", COUNT, offsetof(store_run, threads) },
    { "wall", REAL, offsetof(store_run, wall_s) },
    { "ratio", REAL, offsetof(store_run, ratio) },
    { "bits", REAL, offsetof(store_run, bits_per_value) },
    { "ratio_ctx", REAL, offsetof(store_run, ratio_ctx) },
    { "ratio_128k", REAL, offsetof(store_run, ratio_128k) },
    { "values", COUNT, offsetof(store_run, n_values) },
    { "payload", COUNT, offsetof(store_run, payload_bytes) },
    { "metadata", COUNT, offsetof(store_run, metadata_bytes) },
    { "exact", COUNT, offsetof(store_run, exact_bytes) },
    { "side", COUNT, offsetof(store_run, side_bytes) },
    { "kld", ESTIMATE, offsetof(store_run, kld) },
    { "kld_median", REAL, offsetof(store_run, kld_median) },
    { "kld_p99", REAL, offsetof(store_run, kld_p99) },
    { "kld_p999", REAL, offsetof(store_run, kld_p999) },
    { "kld_max", REAL, offsetof(store_run, kld_max) },
    { "ppl", REAL, offsetof(store_run, ppl) },
    { "ppl_ref", REAL, offsetof(store_run, ppl_ref) },
    { "dppl", ESTIMATE, offsetof(store_run, dppl) },
    { "top1", ESTIMATE, offsetof(store_run, top1) },
    { "rms_dp", ESTIMATE, offsetof(store_run, rms_dp) },
    { "verdict", TEXT, offsetof(store_run, verdict) },
    { "note", TEXT, offsetof(store_run, verdict_note) },
    { "encode", REAL, offsetof(store_run, encode_gbs) },
    { "decode", REAL, offsetof(store_run, decode_gbs) },
    { "ms", REAL, offsetof(store_run, ms_per_token) },
    { "peak", COUNT, offsetof(store_run, peak_rss_bytes) },
    { "calibration", TEXT, offsetof(store_run, calibration.text) },
};

enum { DIGITS = 6 };

static void put_values(FILE *to, const page_set *set, size_t offset, column_kind kind)
{
    fputc('[', to);
    for (size_t i = 0; i < set->n_runs; i++) {
        const char *at = (const char *)&set->runs[i].run + offset;
        if (i) fputc(',', to);
        if (kind == TEXT)
            escape_json(to, *(const char *const *)at);
        else if (kind == COUNT && *(const int64_t *)at < 0)
            fputs("null", to);
        else if (kind == COUNT)
            fprintf(to, "%" PRId64, *(const int64_t *)at);
        else
            escape_number(to, *(const double *)at, DIGITS);
    }
    fputc(']', to);
}

static void put_column(FILE *to, const page_set *set, const column *c)
{
    fprintf(to, "\"%s\":", c->key);
    put_values(to, set, c->offset, c->kind == ESTIMATE ? REAL : c->kind);
    if (c->kind != ESTIMATE) return;
    fprintf(to, ",\"%s_lo\":", c->key);
    put_values(to, set, c->offset + offsetof(store_estimate, lo), REAL);
    fprintf(to, ",\"%s_hi\":", c->key);
    put_values(to, set, c->offset + offsetof(store_estimate, hi), REAL);
}

/* ---- what is no column of a run ---- */

static void put_commands(FILE *to, const page_set *set)
{
    fputs(",\"family\":[", to);
    for (size_t i = 0; i < set->n_runs; i++)
        fprintf(to, i ? ",%zu" : "%zu", set->runs[i].family);
    fputs("],\"command\":[", to);
    for (size_t i = 0; i < set->n_runs; i++) {
        if (i) fputc(',', to);
        escape_json(to, set->runs[i].command);
    }
    fputc(']', to);
}

/* One number of the run's layers on one side. */
static void put_side(FILE *to, const page_run *run, char side, double (*value)(const store_layer *))
{
    bool first = true;
    fputc('[', to);
    for (size_t i = 0; i < run->n_layers; i++) {
        if (run->layers[i].stream[0] != side) continue;
        if (!first) fputc(',', to);
        first = false;
        escape_number(to, value(&run->layers[i]), 3);
    }
    fputc(']', to);
}

static double layer_error(const store_layer *l)
{
    return l->rel_error;
}

static double layer_query_error(const store_layer *l)
{
    return l->query_error;
}

static double layer_bits(const store_layer *l)
{
    return l->n_values > 0 ? 8 * (double)l->bytes / (double)l->n_values : NAN;
}

/* For each run: by layer the errors of K and of V, the query errors of K, the bits of K and of V. */
static void put_layers(FILE *to, const page_set *set)
{
    fputs(",\"layers\":[", to);
    for (size_t i = 0; i < set->n_runs; i++) {
        const page_run *run = &set->runs[i];
        fputs(i ? ",[" : "[", to);
        put_side(to, run, 'k', layer_error);
        fputc(',', to);
        put_side(to, run, 'v', layer_error);
        fputc(',', to);
        put_side(to, run, 'k', layer_query_error);
        fputc(',', to);
        put_side(to, run, 'k', layer_bits);
        fputc(',', to);
        put_side(to, run, 'v', layer_bits);
        fputc(']', to);
    }
    fputc(']', to);
}

/* ---- where runs stand ---- */

static void put_classes(FILE *to, const page_set *set, const page_place *places)
{
    static const char letters[] = "fdux-";
    fputc('"', to);
    for (size_t i = 0; i < set->n_runs; i++)
        fputc(letters[places[i].where], to);
    fputc('"', to);
}

static void put_places(FILE *to, const page_axes *axes, const page_set *set)
{
    fputs(",\"xs\":[", to);
    for (size_t x = 0; x < axes->n_x; x++) {
        fputs(x ? ",[" : "[", to);
        for (size_t i = 0; i < set->n_runs; i++) {
            if (i) fputc(',', to);
            escape_number(to, set->places[x][0][i].x, DIGITS);
        }
        fputc(']', to);
    }
    fputs("],\"ys\":[", to);
    for (size_t y = 0; y < axes->n_y; y++) {
        fputs(y ? ",[" : "[", to);
        for (size_t i = 0; i < set->n_runs; i++) {
            if (i) fputc(',', to);
            escape_number(to, set->places[0][y][i].y, DIGITS);
        }
        fputc(']', to);
    }
    fputs("],\"classes\":[", to);
    for (size_t x = 0; x < axes->n_x; x++) {
        fputs(x ? ",[" : "[", to);
        for (size_t y = 0; y < axes->n_y; y++) {
            if (y) fputc(',', to);
            put_classes(to, set, set->places[x][y]);
        }
        fputc(']', to);
    }
    fputs("],\"alike\":[", to);
    for (size_t x = 0; x < axes->n_x; x++) {
        fputs(x ? ",[" : "[", to);
        for (size_t y = 0; y < axes->n_y; y++) {
            fputs(y ? ",[" : "[", to);
            bool first = true;
            for (size_t i = 0; i < set->n_runs; i++) {
                if (!set->places[x][y][i].alike) continue;
                fprintf(to, first ? "%zu" : ",%zu", i);
                first = false;
            }
            fputc(']', to);
        }
        fputc(']', to);
    }
    fputc(']', to);
}

static void put_metrics(FILE *to, const char *name, const store_metric *const *metrics, size_t n)
{
    fprintf(to, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        const store_metric *m = metrics[i];
        fprintf(to, "%s{\"name\":\"%s\",\"label\":", i ? "," : "", m->name);
        escape_json(to, m->label);
        fputs(",\"unit\":", to);
        escape_json(to, m->unit);
        fprintf(to, ",\"direction\":%d}", m->direction);
    }
    fputs("],", to);
}

void html_write_data(FILE *to, const page_report *r)
{
    const page_axes *axes = &r->request.axes;
    fputc('{', to);
    put_metrics(to, "x", axes->x, axes->n_x);
    put_metrics(to, "y", axes->y, axes->n_y);
    fputs("\"families\":[", to);
    for (size_t i = 0; i < r->n_families; i++) {
        if (i) fputc(',', to);
        escape_json(to, r->families[i]);
    }
    fputs("],\"sets\":[", to);
    for (size_t k = 0; k < r->n_sets; k++) {
        const page_set *set = &r->sets[k];
        fprintf(to, "%s{\"n\":%zu,", k ? "," : "", set->n_runs);
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
            if (i) fputc(',', to);
            put_column(to, set, &columns[i]);
        }
        put_commands(to, set);
        put_layers(to, set);
        put_places(to, axes, set);
        fputc('}', to);
    }
    fputs("]}", to);
}
