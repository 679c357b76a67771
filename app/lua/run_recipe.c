#include "app/lua/run_recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "app/lua/known.h"
#include "app/lua/lua_module.h"
#include "app/lua/lua_push.h"
#include "app/lua/lua_runs.h"
#include "app/lua/planned.h"
#include "app/profile.h"
#include "app/report.h"
#include "base/clock.h"

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

bool recipe_open_lab(recipe *r, fault *f)
{
    unsigned wanted = LAB_CODECS | LAB_DATABASE;
    if (r->open) return true;
    if (r->dry) wanted = LAB_CODECS | (access(app_database(r->app, r->line), F_OK) == 0 ? LAB_READS : 0);
    r->open = lab_open(&r->lab, r->app, r->line, wanted, f);
    if (r->open && r->lab.database) store_stop_when(r->lab.database, stop, r->app);
    return r->open;
}

/* The text with what its profiles stand for; the caller frees it. */
static char *expand_profiles(recipe *r, const char *text, fault *f)
{
    char *expanded = NULL;
    if (r->lab.database && profile_named_in(text)) {
        if (!profile_expand_from(r->lab.database, text, &expanded, f)) return NULL;
    } else if (!(expanded = strdup(text))) {
        fault_memory(f, "a config");
    }
    return expanded;
}

config *recipe_config(recipe *r, const char *who, const char *text, fault *f)
{
    char *expanded = expand_profiles(r, text, f);
    config *c = expanded ? config_parse(r->lab.known, expanded, f) : NULL;
    free(expanded);
    if (!c) fault_prefix(f, "%s", who);
    return c;
}

bool recipe_grid(recipe *r, const char *who, grid_configs *configs, const char *text, fault *f)
{
    char *expanded = expand_profiles(r, text, f);
    const bool ok = expanded && grid_add(configs, r->lab.known, expanded, f);
    free(expanded);
    return ok || fault_prefix(f, "%s", who);
}

/* ---- opening and closing ---- */

static int open_module(lua_State *L)
{
    enum { WORDS = 4096 };
    recipe *r = lua_touserdata(L, 1);
    const char *words[WORDS];
    size_t n = 0;
    for (; n < WORDS && line_arg(r->line, n); n++)
        words[n] = line_arg(r->line, n);
    lua_module_open(L, r, n, words);
    return 0;
}

static bool open_recipe(recipe *r, fault *f)
{
    const sandbox_limits limits = { .instructions = (uint64_t)line_int(r->line, "instructions"),
                                    .memory = (size_t)line_int(r->line, "memory"),
                                    .patience = line_real(r->line, "patience"),
                                    .seed = (uint64_t)line_int(r->line, "seed"),
                                    .unsafe = r->unsafe };
    r->box = sandbox_open(&limits, stop, r->app, f);
    if (!r->box) return false;
    lua_pushcfunction(sandbox_lua(r->box), open_module);
    lua_pushlightuserdata(sandbox_lua(r->box), r);
    return sandbox_call(r->box, 1, 0, f);
}

/* The crew first: it knows runs that Lua owns. Lua before the codecs: configs point into them. */
static void close_recipe(recipe *r)
{
    crew_close(r->crew);
    sandbox_close(r->box);
    known_free(r);
    planned_free(r);
    if (r->open) lab_close(&r->lab);
}

/* ---- running ---- */

/* Messages hold at most 59 bytes of a file's name. */
static const char *shown_name(const char *path)
{
    enum { SHOWN = 50 };
    const char *slash = strrchr(path, '/');
    return strlen(path) > SHOWN && slash ? slash + 1 : path;
}

static bool finish(recipe *r, fault *f)
{
    lua_State *L = sandbox_lua(r->box);
    lua_getfield(L, LUA_REGISTRYINDEX, "kvant.finish");
    return sandbox_call(r->box, 0, 0, f);
}

/* Arguments: what the recipe returned, where its JSON goes. Memory may be short: [protected call] */
static int make_json(lua_State *L)
{
    fault f = { 0 };
    cJSON **json = lua_touserdata(L, 2);
    *json = lua_to_json(L, 1, &f);
    return *json ? 0 : lua_fail(L, &f);
}

/* What the recipe returned is on the stack. */
static int answer(recipe *r, bool json, fault *f)
{
    lua_State *L = sandbox_lua(r->box);
    const bool no = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    if (json) {
        cJSON *value = NULL;
        lua_pushcfunction(L, make_json);
        lua_insert(L, -2);
        lua_pushlightuserdata(L, &value);
        if (!sandbox_call(r->box, 2, 0, f) || !report_json(stdout, value, f)) return app_report(r->app, f);
    }
    return no ? FAULT_NO : FAULT_NONE;
}

/* What a dry run found. needed: the result it ended at, or NULL. */
static bool tell_plan(recipe *r, const char *needed, fault *f)
{
    const char *path = line_text(r->line, "plan");
    if (!path) return planned_write(r, line_has(r->line, "check"), line_has(r->line, "json"), needed, f);
    if (needed)
        return fault_set(f, FAULT_INPUT, "%s; a recipe that steers on results cannot be written down as a plan",
                         needed);
    return planned_write_plan(r, path, f);
}

static int ended(recipe *r, bool ok, const fault *f)
{
    fault g = *f;
    if (!ok && g.code != FAULT_NONE) return app_report(r->app, &g);
    if (!r->dry) return answer(r, line_has(r->line, "json"), &g);
    return tell_plan(r, ok ? NULL : f->text, &g) ? FAULT_NONE : app_report(r->app, &g);
}

int run_recipe(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *path = line_arg(line, 0);
    recipe r = { .app = app,
                 .line = line,
                 .unsafe = line_has(line, "unsafe"),
                 .dry = line_has(line, "dry-run") || line_has(line, "check") || line_has(line, "plan"),
                 .says = line_has(line, "json") ? stderr : stdout,
                 .started = clock_seconds() };
    bool ok = open_recipe(&r, &f) && sandbox_load(r.box, path, shown_name(path), &f);
    ok = ok && sandbox_call(r.box, 0, 1, &f) && (!r.crew || finish(&r, &f));
    const int status = r.box ? ended(&r, ok, &f) : app_report(app, &f);
    close_recipe(&r);
    return status;
}
