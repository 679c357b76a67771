#include "app/bench_products_show.h"

#include <stdio.h>

#include "app/bootstrap.h"
#include "app/number.h"

typedef struct shown {
    double rate[PRODUCTS_SIDES]; /* tokens/s */
    interval ratio;
} shown;

static const char *name_of(const products_row *row)
{
    return row->type ? row->type->name : "all";
}

static bool is_timed(const products_row *row)
{
    return row->passes[0] > 0;
}

/* Sorts the row's seconds: the ratio comes first. */
static bool figures_of(const products_row *row, int reps, shown *to, fault *f)
{
    if (!bootstrap_ratio(row->seconds[0], row->seconds[1], (size_t)reps, 1, &to->ratio, f)) return false;
    for (int side = 0; side < PRODUCTS_SIDES; side++)
        to->rate[side] = 1 / bootstrap_median(row->seconds[side], (size_t)reps);
    return true;
}

/* ---- for a person ---- */

static bool add_row(table *t, const products_row *row, int reps, fault *f)
{
    char text[6][FIGURE];
    shown x;
    if (!is_timed(row)) return true;
    if (!figures_of(row, reps, &x, f)) return false;
    const table_cell cells[] = {
        table_text(name_of(row)),
        table_integer((int64_t)row->matrices),
        table_real_as((double)row->bytes, figure(text[0], "%.1f", 1e-6 * (double)row->bytes)),
        table_real_as(x.rate[0], figure(text[1], "%.1f", x.rate[0])),
        table_real_as(x.rate[1], figure(text[2], "%.1f", x.rate[1])),
        table_real_as(x.ratio.value, figure_interval(text[3], x.ratio, 2)),
        table_real_as(row->off[0], figure(text[4], "%.1e", row->off[0])),
        table_real_as(row->off[1], figure(text[5], "%.1e", row->off[1])),
    };
    return table_add(t, cells, f);
}

/* What the library multiplies a type of weights with. */
static void print_function(const products_row *row)
{
    const dot_counterpart *with = &row->with;
    if (!row->type) return;
    printf("  %s: ", row->type->name);
    if (!with->dot)
        printf("left out, %s%s\n", with->format ? "no " : "nothing known", with->format ? with->name : "");
    else
        printf("%s%s%s\n", with->name, with->prepared_by ? " after " : "", with->prepared_by ? with->prepared_by : "");
}

bool products_print(const products_bench *b, int reps, interval over_theirs, const terminal *to, fault *f)
{
    static const char *const names[] = { "weights",   "matrices",    "MB",  "kvant",
                                         "reference", "x reference", "off", "ref. off" };
    char text[FIGURE];
    size_t n;
    const products_row *rows = products_bench_rows(b, &n);
    fputs("products of one token, in tokens/s, against ", stdout);
    figures_name(against_path(products_bench_library(b)), to);
    fputc('\n', stdout);
    for (size_t i = 0; i < n; i++)
        print_function(&rows[i]);
    if (!is_timed(&rows[n - 1])) return true;
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_row(t, &rows[i], reps, f);
    if (!figures_write(t, ok, to, f)) return false;
    if (over_theirs.value > 0)
        printf("generation, attention and all, over the reference's products alone: %s\n",
               figure_interval(text, over_theirs, 2));
    return true;
}

/* ---- JSON ---- */

static bool row_json(cJSON *to, const products_row *row, int reps, fault *f)
{
    shown x;
    cJSON_AddStringToObject(to, "weights", name_of(row));
    number_put(to, "matrices", (double)row->matrices);
    number_put(to, "bytes", (double)row->bytes);
    if (!is_timed(row)) {
        cJSON_AddStringToObject(to, "left_out", row->with.format ? row->with.name : "");
        return true;
    }
    if (!figures_of(row, reps, &x, f)) return false;
    if (row->type) cJSON_AddStringToObject(to, "function", row->with.name);
    number_put(to, "kvant", x.rate[0]);
    number_put(to, "reference", x.rate[1]);
    figures_put_interval(to, "over_reference", x.ratio);
    number_put(to, "kvant_off", row->off[0]);
    number_put(to, "reference_off", row->off[1]);
    return true;
}

bool products_put(cJSON *json, const products_bench *b, int reps, interval over_theirs, fault *f)
{
    size_t n;
    bool ok = true;
    const products_row *rows = products_bench_rows(b, &n);
    cJSON_AddStringToObject(json, "against", against_path(products_bench_library(b)));
    cJSON *to = cJSON_AddArrayToObject(json, "products_of_a_token");
    for (size_t i = 0; ok && i < n; i++) {
        cJSON *one = cJSON_CreateObject();
        ok = row_json(one, &rows[i], reps, f);
        cJSON_AddItemToArray(to, one);
    }
    if (over_theirs.value > 0) figures_put_interval(json, "generation_over_reference", over_theirs);
    return ok;
}
