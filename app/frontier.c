#include "app/frontier.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/axes.h"
#include "app/number.h"
#include "app/paired.h"
#include "app/plot.h"
#include "app/report.h"
#include "app/table.h"

/* What is kept of a point once the query is over. */
typedef struct spot {
    store_class where;
    double x, y, lo, hi;
    int64_t id, seed;
    char *config, *verdict, *reason;
    bool like_previous; /* on the frontier, and not separable from the frontier's point before it */
} spot;

typedef struct spots {
    spot *items;
    size_t n, room;
    char title[256]; /* what the set is */
} spots;

static void free_spots(spots *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->items[i].config);
        free(all->items[i].verdict);
        free(all->items[i].reason);
    }
    free(all->items);
}

static bool take(void *arg, const store_point *p)
{
    spots *all = arg;
    if (all->n == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        spot *grown = reallocarray(all->items, room, sizeof *grown);
        if (!grown) return false;
        all->items = grown;
        all->room = room;
    }
    const store_run *r = p->run;
    spot s = { p->where,
               p->x,
               p->y,
               p->y_lo,
               p->y_hi,
               r->id,
               r->seed,
               strdup(r->config.canonical),
               strdup(r->verdict),
               strdup(r->reason),
               false };
    all->items[all->n++] = s;
    int n = snprintf(all->title, sizeof all->title, "%.60s, text %.60s, %s, ctx %" PRId64, r->model.name, r->text.name,
                     r->protocol, r->ctx);
    if (r->eval > 0) n += snprintf(all->title + n, sizeof all->title - (size_t)n, ", eval %" PRId64, r->eval);
    snprintf(all->title + n, sizeof all->title - (size_t)n, ", %" PRId64 " passages", r->passages);
    return s.config && s.verdict && s.reason;
}

/* ---- telling neighbours apart ---- */

static bool compare(store *s, const spot *a, spot *b, metric_id metric)
{
    paired_run first = { 0 }, second = { 0 };
    interval d;
    bool ok = paired_read(s, a->id, a->seed, &first, NULL) && paired_read(s, b->id, b->seed, &second, NULL) &&
              paired_difference(&first, &second, metric, &d, NULL);
    if (ok) b->like_previous = paired_alike(&d);
    paired_release(&first);
    paired_release(&second);
    return ok;
}

/* Neighbours of the frontier, in the order of x. Metrics that have no blocks leave the marks off. */
static void compare_neighbours(store *s, spots *all, const store_metric *y)
{
    metric_id metric;
    spot *previous = NULL;
    for (size_t i = 0; paired_metric(y, &metric) && i < all->n; i++) {
        if (all->items[i].where != STORE_FRONTIER) continue;
        if (previous) compare(s, previous, &all->items[i], metric);
        previous = &all->items[i];
    }
}

/* ---- showing ---- */

static bool draw(const app_context *app, const spots *all, const frontier_request *r, fault *f)
{
    static const plot_class classes[] = { PLOT_FRONTIER, PLOT_DOMINATED, PLOT_FAILED, PLOT_DOMINATED };
    plot_point *points = calloc(all->n + 1, sizeof *points);
    if (!points) return fault_memory(f, "the plot");
    for (size_t i = 0; i < all->n; i++) {
        const spot *s = &all->items[i];
        points[i] = (plot_point){
            .x = s->x, .y = s->y, .lo = s->lo, .hi = s->hi, .class = classes[s->where], .label = s->config, .family = -1
        };
    }
    char x_title[96], y_title[96];
    axes_title(r->x, x_title, sizeof x_title);
    axes_title(r->y, y_title, sizeof y_title);
    int width = terminal_width(&app->out);
    plot_style style = { .width = width > 120 ? 120 : width,
                         .height = 22,
                         .log_y = r->y->flags & STORE_DECADES,
                         .y_up = r->y->direction > 0,
                         .marks = frontier_marks(&app->out, r->marks),
                         .labels = true,
                         .limit = NAN,
                         .x_title = x_title,
                         .y_title = y_title };
    plot *picture = plot_create(points, all->n, &style, f);
    free(points);
    if (!picture) return false;
    printf("%s%s%s\n\n", terminal_style(&app->out, STYLE_BOLD), all->title, terminal_style(&app->out, STYLE_PLAIN));
    plot_write(picture, stdout, app->out.color);
    plot_free(picture);
    return true;
}

plot_marks frontier_marks(const terminal *t, const char *name)
{
    if (!t->utf8 || (name && strcmp(name, "ascii") == 0)) return PLOT_ASCII;
    return name && strcmp(name, "utf8") == 0 ? PLOT_UTF8 : PLOT_BRAILLE;
}

static const char *const class_names[] = { "frontier", "dominated", "failed", "unmeasured" };

static bool list(const app_context *app, const spots *all, const frontier_request *r, fault *f)
{
    table *t =
        table_create(7, (const char *const[]){ "run", r->x->name, r->y->name, "95 %", "verdict", "", "config" }, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < all->n; i++) {
        const spot *s = &all->items[i];
        if (s->where == STORE_DOMINATED) continue;
        char x[32], y[32], range[64] = "";
        snprintf(x, sizeof x, "%.4g", s->x);
        snprintf(y, sizeof y, "%.4g", s->y);
        if (!isnan(s->lo)) snprintf(range, sizeof range, "%.3g to %.3g", s->lo, s->hi);
        const char *mark = s->where != STORE_FRONTIER ? class_names[s->where]
                           : s->like_previous         ? "as good as above"
                                                      : "";
        ok = table_add(t,
                       (const table_cell[]){ table_integer(s->id), table_real_as(s->x, x), table_real_as(s->y, y),
                                             table_text(range), table_text(s->verdict), table_text(mark),
                                             table_text(s->config) },
                       f);
    }
    table_style style = { TABLE_BOX, app->out.utf8, app->out.is_tty ? terminal_width(&app->out) : 0 };
    ok = ok && table_write(t, stdout, &style, f);
    table_free(t);
    return ok;
}

static bool write_json(const spots *all, const frontier_request *r, fault *f)
{
    cJSON *json = cJSON_CreateObject(), *points = cJSON_AddArrayToObject(json, "points");
    cJSON_AddStringToObject(json, "set", all->title);
    cJSON_AddStringToObject(json, "x", r->x->name);
    cJSON_AddStringToObject(json, "y", r->y->name);
    for (size_t i = 0; i < all->n; i++) {
        const spot *s = &all->items[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "run", (double)s->id);
        cJSON_AddStringToObject(one, "config", s->config);
        cJSON_AddStringToObject(one, "class", class_names[s->where]);
        cJSON_AddItemToObject(one, "x", number_json(s->x));
        cJSON_AddItemToObject(one, "y", number_json(s->y));
        cJSON_AddItemToObject(one, "y_lo", number_json(s->lo));
        cJSON_AddItemToObject(one, "y_hi", number_json(s->hi));
        cJSON_AddBoolToObject(one, "like_previous", s->like_previous);
        cJSON_AddStringToObject(one, "verdict", s->verdict);
        cJSON_AddItemToArray(points, one);
    }
    return report_json(stdout, json, f);
}

bool frontier_show(app_context *app, store *s, const frontier_request *r, fault *f)
{
    spots all = { 0 };
    bool ok = store_frontier(s, &r->set, r->x, r->y, take, &all, f);
    if (ok && all.n == 0)
        ok = fault_set(f, FAULT_INPUT, "%s: no runs of such a set; `kvant sweep` makes some", store_path(s));
    if (ok) compare_neighbours(s, &all, r->y);
    if (ok && r->json)
        ok = write_json(&all, r, f);
    else if (ok)
        ok = draw(app, &all, r, f) && list(app, &all, r, f);
    free_spots(&all);
    return ok;
}
