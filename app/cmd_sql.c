/* kvant sql: any question to the database. */
#include <stdio.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/page/output.h"
#include "app/sql_question.h"
#include "app/sql_work.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

/* ---- where answers go ---- */

static table_style style_of(const app_context *app, const command_line *line)
{
    table_style s = { .utf8 = app->out.utf8 };
    s.mode = line_has(line, "json") ? TABLE_JSON : (table_mode)table_mode_named(line_text(line, "mode"));
    if (app->out.is_tty && !line_has(line, "output")) s.width = terminal_width(&app->out);
    return s;
}

/* ---- what is wanted ---- */

static bool save(sql_work *w, fault *f)
{
    sql_text t = { 0 };
    const char *name = line_text(w->line, "save"), *note = line_text(w->line, "note");
    const bool ok = sql_question_check_name(name, f) && sql_text_read(w, false, &t, f) &&
                    store_check_query(w->database, t.sql, NULL, NULL, f) &&
                    store_save_question(w->database, name, t.sql, note, f);
    sql_text_free(&t);
    if (ok) fprintf(stderr, "kvant: saved; `sql %s` asks it\n", name);
    return ok;
}

static bool delete (sql_work *w, fault *f)
{
    const char *name = line_text(w->line, "delete"), *first = line_arg(w->line, 0);
    if (first) return fault_set(f, FAULT_USAGE, "sql --delete %s: \"%.40s\" is too many", name, first);
    return store_delete_question(w->database, name, f);
}

static bool ask(sql_work *w, fault *f)
{
    sql_text t;
    const bool write = line_has(w->line, "write");
    bool ok = sql_text_read(w, !write, &t, f);
    if (ok && t.sql[0] == '.')
        ok = sql_dot(w, t.sql, f);
    else if (ok)
        ok = write ? sql_write(w, t.sql, f) : sql_ask(w, &t, f);
    sql_text_free(&t);
    return ok;
}

/* Options that belong to others. */
static bool check_line(const command_line *line, fault *f)
{
    static const char *const needs[][2] = { { "note", "save" }, { "yes", "write" } };
    static const char *const ways[] = { "save", "delete", "write" };
    const char *way = NULL;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (line_has(line, needs[i][0]) && !line_has(line, needs[i][1]))
            return fault_set(f, FAULT_USAGE, "sql: --%s goes with --%s", needs[i][0], needs[i][1]);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!line_has(line, ways[i])) continue;
        if (way) return fault_set(f, FAULT_USAGE, "sql: --%s and --%s: one of them, please", way, ways[i]);
        way = ways[i];
    }
    return true;
}

int cmd_sql(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    output o;
    const bool writes = line_has(line, "write") || line_has(line, "save") || line_has(line, "delete");
    if (!check_line(line, &f) || !lab_open(&l, app, line, writes ? LAB_DATABASE : LAB_READS, &f))
        return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    const char *path = line_text(line, "output");
    bool ok = !path || output_begin(&o, path, true, &f);
    if (ok) {
        sql_work w = { app, line, l.database, path ? o.file : stdout, style_of(app, line) };
        ok = line_has(line, "save") ? save(&w, &f) : line_has(line, "delete") ? delete (&w, &f) : ask(&w, &f);
        if (path) ok = output_end(&o, ok, &f);
    }
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
