#include "app/page/gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/family.h"
#include "app/page/gather_parts.h"
#include "app/page/strings.h"
#include "app/repeat.h"

const char *const page_class_names[] = { "frontier", "dominated", "unmeasured", "failed", "older" };

/* ---- axes ---- */

static void add_axis(const store_metric **axes, size_t *n, size_t room, const store_metric *m)
{
    for (size_t i = 0; i < *n; i++)
        if (axes[i] == m) return;
    if (*n < room) axes[(*n)++] = m;
}

void gather_axes(page_axes *axes, const store_metric *x, const store_metric *y, bool more)
{
    static const char *const xs[] = { "ratio", "bits_per_value" }, *const ys[] = { "kld", "dppl", "top1" };
    *axes = (page_axes){ 0 };
    add_axis(axes->x, &axes->n_x, PAGE_XS, x);
    add_axis(axes->y, &axes->n_y, PAGE_YS, y);
    for (size_t i = 0; more && i < sizeof xs / sizeof *xs; i++)
        add_axis(axes->x, &axes->n_x, PAGE_XS, store_metric_named(xs[i]));
    for (size_t i = 0; more && i < sizeof ys / sizeof *ys; i++)
        add_axis(axes->y, &axes->n_y, PAGE_YS, store_metric_named(ys[i]));
}

/* ---- the runs of a set ---- */

typedef struct reader {
    store *s;
    page_report *r;
    const families *known;
    page_set *set; /* at work */
    size_t room;
    bool full; /* no memory: what a callback cannot say */
} reader;

static bool find_family(reader *g, const store_run *run, size_t *family)
{
    char name[FAMILY_LABEL];
    families_label(g->known, run->config.k, run->config.v, name);
    page_report *r = g->r;
    for (*family = 0; *family < r->n_families; ++*family)
        if (strcmp(r->families[*family], name) == 0) return true;
    char **grown = reallocarray(r->families, r->n_families + 1, sizeof *grown);
    if (!grown) return false;
    r->families = grown;
    grown[r->n_families] = strdup(name);
    return grown[r->n_families] && ++r->n_families;
}

static bool take_run(void *arg, const store_run *run)
{
    reader *g = arg;
    page_set *set = g->set;
    g->full = true;
    if (set->n_runs == g->room) {
        size_t room = g->room ? 2 * g->room : 256;
        page_run *grown = reallocarray(set->runs, room, sizeof *grown);
        if (!grown) return false;
        set->runs = grown;
        g->room = room;
    }
    page_run *to = &set->runs[set->n_runs];
    *to = (page_run){ 0 };
    const store_run *before = set->n_runs ? &set->runs[set->n_runs - 1].run : NULL;
    if (!strings_keep_run(g->r->strings, run, before, &to->run)) return false;
    to->command = repeat_line("kvant ", &to->run, NULL);
    set->n_runs += to->command != NULL;
    g->full = !to->command;
    return to->command;
}

static bool read_runs(reader *g, const char *where, fault *f)
{
    g->room = 0;
    g->full = false;
    return store_each_run(g->s, where, 0, take_run, g, f) && (!g->full || fault_memory(f, "the runs"));
}

static bool find_families(reader *g, fault *f)
{
    for (size_t i = 0; i < g->set->n_runs; i++)
        if (!find_family(g, &g->set->runs[i].run, &g->set->runs[i].family)) return fault_memory(f, "the families");
    return true;
}

static bool read_items(reader *g, fault *f)
{
    for (size_t i = 0; i < g->set->n_runs; i++) {
        page_run *run = &g->set->runs[i];
        if (*run->run.suite && !suite_items_read(g->s, run->run.id, &run->items, f)) return false;
    }
    return true;
}

/* ---- all of it ---- */

static bool read_set(reader *g, const store_run *like, fault *f)
{
    char *where = gather_where(&g->r->request, like);
    if (!where) return fault_memory(f, "the question");
    bool ok = read_runs(g, where, f);
    if (ok && g->set->n_runs > 0)
        ok = gather_places(g->s, &g->r->request.axes, g->set, f) && find_families(g, f) &&
             gather_layers(g->s, g->r->strings, g->set, where, f) && read_items(g, f);
    free(where);
    return ok;
}

static page_report *gather_once(store *s, const page_request *request, const families *known, fault *f)
{
    page_report *r = calloc(1, sizeof *r);
    set_keys keys = { 0 };
    bool ok = (r && (r->strings = strings_create())) || fault_memory(f, "the report");
    if (ok) {
        r->request = *request;
        r->made = (int64_t)time(NULL);
        ok = gather_sets(s, request, r->strings, &keys, f);
    }
    if (ok && keys.n == 0)
        ok = fault_set(f, FAULT_INPUT, "%s: no runs fit; `kvant runs` lists what there is, `kvant sweep` makes some",
                       store_path(s));
    if (ok) r->sets = calloc(keys.n, sizeof *r->sets);
    if (ok && !r->sets) ok = fault_memory(f, "the report");
    reader g = { .s = s, .r = r, .known = known };
    for (size_t i = 0; ok && i < keys.n; i++) {
        g.set = &r->sets[r->n_sets++];
        ok = read_set(&g, &keys.items[i], f);
        if (ok && g.set->n_runs == 0) r->n_sets--; /* gone since it was found */
    }
    free(keys.items);
    if (ok) return r;
    gather_free(r);
    return NULL;
}

static page_report *gather_steady(store *s, const page_request *request, const families *known, fault *f)
{
    enum { MOST = 5 };
    for (int i = 0;; i++) {
        int64_t before, after;
        if (!store_version(s, &before, f)) return NULL;
        page_report *r = gather_once(s, request, known, f);
        if (!r || !store_version(s, &after, f)) {
            gather_free(r);
            return NULL;
        }
        if ((before == after || i + 1 >= MOST) && r->n_sets > 0) return r;
        gather_free(r);
        if (i + 1 >= MOST) {
            fault_set(f, FAULT_INPUT, "%s: runs disappear while they are read", store_path(s));
            return NULL;
        }
    }
}

page_report *gather(store *s, const page_request *request, const catalog *known, fault *f)
{
    families *by_codec = families_make(known, f);
    page_report *r = by_codec ? gather_steady(s, request, by_codec, f) : NULL;
    families_free(by_codec);
    return r;
}

static void free_set(page_set *set)
{
    for (size_t i = 0; i < set->n_runs; i++) {
        free(set->runs[i].layers);
        suite_items_free(&set->runs[i].items);
        free(set->runs[i].command);
    }
    for (size_t x = 0; x < PAGE_XS; x++)
        for (size_t y = 0; y < PAGE_YS; y++) {
            free(set->places[x][y]);
            free(set->front[x][y]);
        }
    free(set->runs);
}

void gather_free(page_report *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n_sets; i++)
        free_set(&r->sets[i]);
    for (size_t i = 0; i < r->n_families; i++)
        free(r->families[i]);
    free(r->families);
    free(r->sets);
    strings_free(r->strings);
    free(r);
}

/* ---- words ---- */

char *gather_set_name(const page_set *set)
{
    const store_run *r = &set->runs[0].run;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    fprintf(to, "%s, text %s, %s, ctx %" PRId64, r->model.name, r->text.name, r->protocol, r->ctx);
    if (r->eval > 0) fprintf(to, ", eval %" PRId64, r->eval);
    fprintf(to, ", %" PRId64 " passages", r->passages);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}

void gather_time(int64_t seconds, char text[GATHER_TIME])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(text, GATHER_TIME, "%Y-%m-%d %H:%M", &tm) == 0) text[0] = '\0';
}
