/* kvant sweep: many configs, resumable, here or as the shards of a plan. */
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/plan.h"
#include "app/shard.h"
#include "app/sweep_list.h"
#include "app/sweep_tell.h"

/* A sweep as it was asked for. */
typedef struct asked {
    app_context *app;
    const command_line *line;
    lab lab;
    const char *from; /* the plan it is part of, or NULL */
    plan plan;
    shard shard;
    char shard_file[PATH_MAX];
    const char *database;
    grid_configs configs;
} asked;

/* ---- what is to be run ---- */

static bool gather(asked *a, fault *f)
{
    const command_line *line = a->line;
    const char *k = line_text(line, "k"), *v = line_text(line, "v");
    if (!sweep_gather(a->app, line, a->lab.known, &a->configs, f)) return false;
    if ((k || v) && !grid_add_lists(&a->configs, a->lab.known, k, v, f)) return false;
    return a->configs.n > 0 || fault_set(f, FAULT_USAGE, "sweep: no config; give some, or --k LIST --v LIST");
}

/* The shard's cells. What a config means may have changed with its codec since the plan was made. */
static bool gather_cells(asked *a, fault *f)
{
    for (size_t i = 0; i < a->plan.n; i++) {
        if (!shard_has(&a->shard, i)) continue;
        const size_t before = a->configs.n;
        const char *text = a->plan.configs[i];
        if (!grid_add(&a->configs, a->lab.known, text, f)) return fault_prefix(f, "%s:%zu", a->from, i + 2);
        if (a->configs.n == before + 1 && strcmp(a->configs.items[before]->text, text) == 0) continue;
        return fault_set(f, FAULT_INPUT,
                         "%s:%zu: %s is not what a plan has: one config, as `kvant config` writes it here", a->from,
                         i + 2, text);
    }
    return true;
}

/* What the plan says must not be said again. */
static bool check_line(const asked *a, fault *f)
{
    static const char *const planned[] = { "k", "v", "protocol", "ctx", "eval", "passages", "seed", "plan" };
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++)
        if (line_given(a->line, planned[i]))
            return fault_set(f, FAULT_USAGE, "sweep: --%s and --from: the plan says what is run", planned[i]);
    return line_n_args(a->line) == 0 ||
           fault_set(f, FAULT_USAGE, "sweep: %s and --from: the plan says what is run", line_arg(a->line, 0));
}

static bool choose_shard(asked *a, fault *f)
{
    if (line_has(a->line, "no-shard")) return true;
    if (!shard_choose(line_text(a->line, "shard"), (int)line_int(a->line, "shards"), &a->shard, f)) return false;
    if (a->shard.n == 0 || line_given(a->line, "db")) return true;
    if (!shard_path(a->from, &a->shard, a->shard_file, f)) return false;
    a->database = a->shard_file;
    return true;
}

static bool open_plan(asked *a, fault *f)
{
    lab *l = &a->lab;
    if (!check_line(a, f) || !plan_read(&a->plan, a->from, f) || !choose_shard(a, f) ||
        !lab_open(l, a->app, a->line, LAB_CODECS, f) ||
        !plan_settle(&a->plan, a->from, line_given(a->line, "model"), line_given(a->line, "text"), &l->job, f))
        return false;
    l->text_name = a->plan.self ? "self" : a->plan.text_name;
    return gather_cells(a, f);
}

static bool open_line(asked *a, fault *f)
{
    static const char *const of_plans[] = { "shard", "shards", "no-shard", "emit" };
    for (size_t i = 0; i < sizeof of_plans / sizeof *of_plans; i++)
        if (line_given(a->line, of_plans[i]))
            return fault_set(f, FAULT_USAGE, "sweep: --%s is for plans: add --from PLAN", of_plans[i]);
    return lab_open(&a->lab, a->app, a->line, LAB_CODECS, f) && gather(a, f);
}

/* ---- what is done with it ---- */

static bool write_plan(asked *a, const char *path, fault *f)
{
    plan p;
    bool ok = plan_describe(&p, &a->lab.job, f);
    for (size_t i = 0; ok && i < a->configs.n; i++)
        ok = plan_add(&p, a->configs.items[i]->text, f);
    ok = ok && plan_write(&p, path, f);
    if (ok) fprintf(stderr, "kvant: %zu cells planned for %s\n", p.n, p.model_name);
    plan_free(&p);
    return ok;
}

static bool emit(const asked *a, const char *engine, fault *f)
{
    plan p;
    char path[PATH_MAX];
    const int shards = (int)line_int(a->line, "shards");
    if (!check_line(a, f)) return false;
    if (!shards) return fault_set(f, FAULT_USAGE, "sweep: --emit %s wants --shards N: into how many parts", engine);
    const bool ok = plan_read(&p, a->from, f);
    plan_free(&p);
    const char *whole = realpath(a->from, path) ? path : a->from;
    return ok && shard_launch(stdout, engine, a->app->places.executable, whole, shards, f);
}

int cmd_sweep(app_context *app, const command_line *line)
{
    fault f = { 0 };
    asked a = { .app = app, .line = line, .from = line_text(line, "from"), .database = app_database(app, line) };
    const char *plan_file = line_text(line, "plan"), *engine = line_text(line, "emit");
    bool ok;
    if (a.from && engine)
        ok = emit(&a, engine, &f);
    else if (!(a.from ? open_plan(&a, &f) : open_line(&a, &f)))
        ok = false;
    else if (line_has(line, "dry-run"))
        ok = sweep_list(&a.lab, a.database, &a.configs, (int)line_int(line, "jobs"), line_has(line, "json"), &f);
    else
        ok = plan_file ? write_plan(&a, plan_file, &f)
                       : lab_open_database(&a.lab, a.database, STORE_WRITE, &f) && sweep_tell(&a.lab, &a.configs, &f);
    grid_free(&a.configs);
    lab_close(&a.lab);
    plan_free(&a.plan);
    return ok ? FAULT_NONE : app_report(app, &f);
}
