#include "app/growth_show.h"

#include <math.h>
#include <string.h>

#include "app/figures.h"
#include "app/fingerprint.h"
#include "app/number.h"
#include "app/report.h"
#include "kernels/cpu.h"

enum { SHOWN = 96, WIDEST = 100, HEIGHT = 20 };

size_t growth_n_worse(const growth *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += g->series[i].worse;
    return n;
}

size_t growth_n_of_question(const growth *g, size_t first)
{
    size_t n = 0;
    while (first + n < g->n && strcmp(g->series[first + n].what, g->series[first].what) == 0)
        n++;
    return n;
}

/* The instruction sets that what is timed uses; NULL: it makes no use of them. */
static const char *simd_of(const growth_question *q, const machine *m)
{
    const char *const simd[] = {
        [GROWTH_CODECS] = cpu_level_name(cpu_level()), [GROWTH_ENGINE] = m->simd, [GROWTH_DATABASE] = NULL
    };
    return simd[q->part];
}

/* ---- for a person ---- */

/* "5.75 us [5.63 us, 5.83 us]": a number to the table, so that it is never cut. */
static void interval_text(const interval *x, char text[SHOWN])
{
    char time[GROWTH_TIME], lo[GROWTH_TIME], hi[GROWTH_TIME];
    growth_time_text(x->value, 3, time);
    growth_time_text(x->lo, 3, lo);
    growth_time_text(x->hi, 3, hi);
    snprintf(text, SHOWN, "%s [%s, %s]", time, lo, hi);
}

static bool add_point(table *t, const growth_series *s, const growth_point *p, fault *f)
{
    char each[GROWTH_TIME], size[GROWTH_TIME], text[2][SHOWN];
    growth_time_text(p->seconds.value / p->n, 3, each);
    growth_size_text(p->n, size);
    interval_text(&p->seconds, text[0]);
    snprintf(text[1], SHOWN, "%.*s", HASH_SHOWN, p->result);
    const table_cell cells[] = { table_text(s->name), table_real_as(p->n, size),
                                 table_real_as(p->seconds.value, text[0]), table_real_as(p->seconds.value / p->n, each),
                                 table_text(text[1]) };
    return table_add(t, cells, f);
}

static bool print_points(const growth_series *s, size_t n, const growth_question *q, const terminal *to, fault *f)
{
    const char *names[] = { "time of", q->name, "time", "for each", "result" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; ok && k < s[i].n; k++)
            ok = add_point(t, &s[i], &s[i].points[k], f);
    return figures_write(t, ok, to, f);
}

static bool print_question(const growth *g, size_t first, size_t n, const machine *m, bool plots, const terminal *to,
                           fault *f)
{
    const growth_question *q = growth_question_named(g->series[first].what);
    const int room = to->is_tty ? terminal_width(to) : WIDEST;
    const growth_picture picture = { .width = room < WIDEST ? room : WIDEST,
                                     .height = HEIGHT,
                                     .utf8 = to->utf8,
                                     .color = to->color,
                                     .x_title = q->x_title };
    const char *simd = simd_of(q, m);
    printf("%s%s%s%s%s\n", terminal_style(to, STYLE_BOLD), q->of, terminal_style(to, STYLE_PLAIN), simd ? ", " : "",
           simd ? simd : "");
    if (plots && !growth_plot(stdout, g->series + first, n, &picture, f)) return false;
    return print_points(g->series + first, n, q, to, f);
}

static bool add_fit(table *t, const growth_series *s, fault *f)
{
    char text[3][SHOWN], lo[GROWTH_TIME], hi[GROWTH_TIME];
    growth_size_text(s->n ? s->points[0].n : 0, lo);
    growth_size_text(s->n ? s->points[s->n - 1].n : 0, hi);
    snprintf(text[0], SHOWN, "%s to %s", lo, hi);
    if (isnan(s->exponent.value))
        *text[1] = '\0';
    else if (isnan(s->exponent.lo))
        snprintf(text[1], SHOWN, "%.2f", s->exponent.value);
    else
        snprintf(text[1], SHOWN, "%.2f [%.2f, %.2f]", s->exponent.value, s->exponent.lo, s->exponent.hi);
    const table_cell cells[] = {
        table_text(s->what),
        table_text(s->name),
        table_text(text[0]),
        table_real_as(s->exponent.value, text[1]),
        table_text(s->theory),
        table_real_as(s->expected, isnan(s->expected) ? "" : figure(text[2], "%.2f", s->expected)),
        table_text(s->grows),
        table_text(s->worse ? "faster than it should" : "")
    };
    return table_add(t, cells, f);
}

static bool print_fits(const growth *g, const terminal *to, fault *f)
{
    static const char *const names[] = { "by", "time of", "sizes", "exponent", "at most", "exponent", "grows", "" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < g->n; i++)
        ok = add_fit(t, &g->series[i], f);
    return figures_write(t, ok, to, f);
}

/* Three sizes are the least that have an interval. */
static void print_verdict(const growth *g)
{
    const size_t worse = growth_n_worse(g);
    size_t judged = 0;
    for (size_t i = 0; i < g->n; i++)
        judged += growth_is_judged(&g->series[i]);
    if (judged == 0)
        printf("Nothing is judged: there are too few sizes.\n");
    else if (worse == 0)
        printf("None of %zu grows faster than it should.\n", judged);
    else
        printf("%zu of %zu grow%s faster than %s should.\n", worse, judged, worse == 1 ? "s" : "",
               worse == 1 ? "it" : "they");
}

bool growth_print(const growth *g, int reps, bool plots, const terminal *to, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    printf("%s, one thread; medians of %d, processor time\n", m.cpu, reps);
    for (size_t first = 0, n; first < g->n; first += n) {
        n = growth_n_of_question(g, first);
        if (!print_question(g, first, n, &m, plots, to, f)) return false;
    }
    if (!print_fits(g, to, f)) return false;
    print_verdict(g);
    return true;
}

/* ---- JSON ---- */

static cJSON *point_json(const growth_point *p)
{
    cJSON *json = cJSON_CreateObject();
    number_put(json, "n", p->n);
    figures_put_interval(json, "seconds", p->seconds);
    number_put(json, "seconds_each", p->seconds.value / p->n);
    number_put(json, "cost", p->cost);
    cJSON_AddStringToObject(json, "result", p->result);
    return json;
}

static cJSON *series_json(const growth_series *s, const machine *m)
{
    cJSON *json = cJSON_CreateObject();
    const char *simd = simd_of(growth_question_named(s->what), m);
    cJSON_AddStringToObject(json, "by", s->what);
    if (simd) cJSON_AddStringToObject(json, "simd", simd);
    cJSON_AddStringToObject(json, "time_of", s->name);
    cJSON_AddStringToObject(json, "unit", s->unit);
    cJSON *points = cJSON_AddArrayToObject(json, "points");
    for (size_t i = 0; i < s->n; i++)
        cJSON_AddItemToArray(points, point_json(&s->points[i]));
    figures_put_interval(json, "exponent", s->exponent);
    cJSON_AddStringToObject(json, "theory", s->theory);
    number_put(json, "expected", s->expected);
    cJSON_AddStringToObject(json, "grows", s->grows);
    cJSON_AddBoolToObject(json, "worse", s->worse);
    return json;
}

bool growth_print_json(const growth *g, int reps, fault *f)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    cJSON *json = figures_json();
    number_put(json, "reps", reps);
    cJSON *series = cJSON_AddArrayToObject(json, "series");
    for (size_t i = 0; i < g->n; i++)
        cJSON_AddItemToArray(series, series_json(&g->series[i], &m));
    number_put(json, "worse", (double)growth_n_worse(g));
    return report_json(stdout, json, f);
}
