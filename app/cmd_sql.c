/* kvant sql: any question to the database. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/sql_question.h"
#include "app/sql_work.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

/* ---- where answers go ---- */

/* A file is written beside its place and put there when it is whole; what is no file is written to. */
typedef struct output {
    const char *path; /* NULL: stdout */
    char *part;       /* NULL: written in place */
    FILE *file;
} output;

static bool output_fault(const char *path, fault *f)
{
    const fault_code code = errno == EINTR ? FAULT_INTERRUPTED : FAULT_INPUT; /* a write that a signal has ended */
    return fault_set(f, code, "%s: %s", path, strerror(errno));
}

static bool open_output(output *o, const char *path, fault *f)
{
    struct stat st;
    *o = (output){ .path = path, .file = stdout };
    if (!path) return true;
    const bool is_file = stat(path, &st) != 0 || S_ISREG(st.st_mode);
    if (is_file) {
        size_t size = strlen(path) + sizeof ".part";
        o->part = malloc(size);
        if (!o->part) return fault_memory(f, "a file name");
        snprintf(o->part, size, "%s.part", path);
    }
    o->file = fopen(is_file ? o->part : path, "w");
    if (o->file) return true;
    output_fault(path, f);
    free(o->part);
    return false;
}

static bool close_output(output *o, bool ok, fault *f)
{
    if (!o->path) return ok;
    const bool failed = ferror(o->file);
    if ((fclose(o->file) != 0 || failed) && ok) ok = output_fault(o->path, f);
    if (o->part && ok && rename(o->part, o->path) != 0) ok = output_fault(o->path, f);
    if (o->part && !ok) unlink(o->part);
    free(o->part);
    return ok;
}

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
    bool ok = open_output(&o, line_text(line, "output"), &f);
    if (ok) {
        sql_work w = { app, line, l.database, o.file, style_of(app, line) };
        ok = line_has(line, "save") ? save(&w, &f) : line_has(line, "delete") ? delete (&w, &f) : ask(&w, &f);
        ok = close_output(&o, ok, &f);
    }
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
