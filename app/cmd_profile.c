/* kvant profile: configs by name. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/profile_work.h"
#include "app/table.h"

/* ---- the list ---- */

typedef struct lister {
    table *t;
    bool failed;
    fault *f;
} lister;

static bool add_profile(void *arg, const store_profile *p)
{
    lister *l = arg;
    char when[32] = "";
    const time_t changed = (time_t)p->changed;
    struct tm tm;
    if (gmtime_r(&changed, &tm)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    const table_cell cells[] = { table_text(p->name), table_text(p->config), table_text(p->model), table_text(p->note),
                                 table_text(when) };
    l->failed = !table_add(l->t, cells, l->f);
    return !l->failed;
}

static bool list(profile_work *w, fault *f)
{
    static const char *const names[] = { "profile", "config", "model", "note", "changed" };
    lister l = { .t = table_create(5, names, f), .f = f };
    table_style style = { .utf8 = w->app->out.utf8, .mode = line_has(w->line, "json") ? TABLE_JSON : TABLE_BOX };
    if (w->app->out.is_tty) style.width = terminal_width(&w->app->out);
    bool ok = l.t && (!w->database || store_each_profile(w->database, add_profile, &l, f)) && !l.failed;
    if (ok && table_rows(l.t) == 0 && style.mode != TABLE_JSON)
        fputs("kvant: no profiles; `kvant profile NAME --base CONFIG` makes one\n", stderr);
    else if (ok)
        ok = table_write(l.t, stdout, &style, f);
    table_free(l.t);
    return ok;
}

/* ---- the command ---- */

static bool changes(const command_line *line)
{
    static const char *const options[] = { "base", "layer", "unset", "note", "from" };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (line_given(line, options[i])) return true;
    return false;
}

static bool check_line(const command_line *line, fault *f)
{
    static const char *const alone[] = { "delete", "rename", "import", "export" };
    const char *way = changes(line) ? "the profile's contents" : NULL;
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        if (!line_given(line, alone[i])) continue;
        if (way) return fault_set(f, FAULT_USAGE, "profile: --%s and %s: one after the other, please", alone[i], way);
        way = alone[i];
    }
    if (line_given(line, "lossy") && !line_given(line, "export"))
        return fault_set(f, FAULT_USAGE, "profile: --lossy goes with --export");
    if (way && !line_arg(line, 0) && !line_given(line, "import"))
        return fault_set(f, FAULT_USAGE, "profile: NAME is missing (the profile)");
    return true;
}

static bool work(profile_work *w, fault *f)
{
    const char *name = line_arg(w->line, 0);
    if (line_given(w->line, "import")) return profile_import(w, name, f);
    if (!name) return list(w, f);
    if (line_given(w->line, "delete")) return store_delete_profile(w->database, name, f);
    if (line_given(w->line, "rename")) {
        const char *to = line_text(w->line, "rename");
        return profile_check_name(to, f) && store_rename_profile(w->database, name, to, f);
    }
    return changes(w->line) ? profile_edit(w, name, f) : profile_show(w, name, f);
}

static bool open_work(profile_work *w, lab *l, fault *f)
{
    const command_line *line = w->line;
    const bool writes =
        changes(line) || line_given(line, "import") || line_given(line, "delete") || line_given(line, "rename");
    const bool listing = !line_arg(line, 0) && !writes;
    if (listing && access(app_database(w->app, line), F_OK) != 0) return true;
    if (!lab_open(l, w->app, line, writes ? LAB_DATABASE : LAB_READS, f)) return false;
    w->database = l->database;
    w->known = listing ? NULL : lab_catalog(w->app, line, f);
    return listing || w->known;
}

int cmd_profile(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l = { 0 };
    profile_work w = { .app = app, .line = line };
    bool ok = check_line(line, &f) && open_work(&w, &l, &f) && work(&w, &f);
    catalog_free(w.known);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
