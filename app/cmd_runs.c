/* kvant runs and kvant sql: the database as tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/report.h"
#include "app/table.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

/* ---- runs ---- */

typedef struct lister {
    const app_context *app;
    cJSON *list; /* with --json */
    size_t n;
} lister;

static bool list_run(void *arg, const store_run *run)
{
    lister *l = arg;
    if (l->list) return cJSON_AddItemToArray(l->list, report_run_json(run, NULL, 0));
    if (l->n++ == 0) report_heading(stdout, &l->app->out);
    report_line(stdout, &l->app->out, run);
    return true;
}

int cmd_runs(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    lister each = { .app = app, .list = line_has(line, "json") ? cJSON_CreateArray() : NULL };
    bool ok = store_each_run(l.database, line_text(line, "where"), line_int(line, "limit"), list_run, &each, &f);
    if (ok && each.list) ok = report_json(stdout, each.list, &f);
    else cJSON_Delete(each.list);
    if (ok && each.n == 0 && !line_has(line, "json")) fprintf(stderr, "kvant: no runs\n");
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}

/* ---- sql ---- */

typedef struct gatherer {
    table *t;
    fault *f;
} gatherer;

static bool take_columns(void *arg, int n, const char *const *names)
{
    gatherer *g = arg;
    return (g->t = table_create((size_t)n, names, g->f)) != NULL;
}

static table_cell cell_of(const store_value *v)
{
    switch (v->kind) {
    case STORE_INTEGER: return table_integer(v->integer);
    case STORE_REAL: return table_real(v->real);
    case STORE_TEXT:
    case STORE_BLOB: return table_bytes(v->bytes, v->n);
    case STORE_NULL: break;
    }
    return table_null();
}

static bool take_row(void *arg, int n, const store_value *values)
{
    gatherer *g = arg;
    table_cell *cells = calloc((size_t)n, sizeof *cells);
    if (!cells) return fault_memory(g->f, "the rows");
    for (int i = 0; i < n; i++)
        cells[i] = cell_of(&values[i]);
    bool ok = table_add(g->t, cells, g->f);
    free(cells);
    return ok;
}

int cmd_sql(app_context *app, const command_line *line)
{
    fault f = { 0 }, own = { 0 };
    lab l;
    if (!lab_open(&l, app, line, LAB_READS, &f)) return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    gatherer g = { .f = &own };
    store_reader reader = { take_columns, take_row, &g };
    bool ok = store_query(l.database, line_arg(line, 0), &reader, &f);
    if (ok && own.code != FAULT_NONE) {
        ok = false;
        f = own;
    }
    table_style style = { .utf8 = app->out.utf8, .width = app->out.is_tty ? terminal_width(&app->out) : 0 };
    style.mode = line_has(line, "json") ? TABLE_JSON : (table_mode)table_mode_named(line_text(line, "mode"));
    if (ok && g.t) ok = table_write(g.t, stdout, &style, &f);
    table_free(g.t);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
