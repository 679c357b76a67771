#include "app/lua/lua_runs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/grid.h"
#include "app/lua/known.h"
#include "app/lua/lua_line.h"
#include "app/lua/lua_push.h"
#include "app/lua/planned.h"

static const char metatable[] = "kvant.run";

/* What several runs of one line share. */
typedef struct group {
    lab lab;
    command_line *line;
    size_t refs;
} group;

/* A run that was asked for. Lua's handle owns it; while a crew has it, the registry holds the handle. */
typedef struct pending {
    group *group;
    config *config;
    bool ended;
    bool had;    /* the database had it */
    int64_t id;  /* 0 when ended: a fault, or a dry run */
    fault fault; /* there is no row */
    fault why;   /* there is one, and it failed */
} pending;

/* ---- groups ---- */

static void group_release(void *arg)
{
    group *g = arg;
    if (--g->refs) return;
    lab_close(&g->lab);
    line_free(g->line);
    free(g);
}

/* Reads the arguments as a line of the command and pushes an owner of its group. Raises. */
static group *open_group(lua_State *L, int n_args, const char *name, const lua_own_field *own)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    if (!recipe_open_lab(r, &f)) lua_fail(L, &f);
    lua_line(L, n_args, name, own, NULL);
    void **line = lua_touserdata(L, -1);
    void **place = lua_own(L, group_release);
    group *g = calloc(1, sizeof *g);
    if (!g) {
        fault_memory(&f, "a run");
        lua_fail(L, &f);
    }
    g->refs = 1;
    g->line = *line;
    *line = NULL;
    *place = g;
    lua_remove(L, -2);
    if (!lab_open_like(&g->lab, &r->lab, g->line, &f)) lua_fail(L, &f);
    return g;
}

/* ---- handles ---- */

static int free_handle(lua_State *L)
{
    pending *p = lua_touserdata(L, 1);
    config_free(p->config);
    if (p->group) group_release(p->group);
    p->config = NULL;
    p->group = NULL;
    return 0;
}

static pending *handle(lua_State *L, int index)
{
    return luaL_checkudata(L, index, metatable);
}

static bool has_ended(recipe *r, const pending *p)
{
    return p->ended || (r->crew && crew_has(r->crew, p));
}

static int handle_text(lua_State *L)
{
    const pending *p = handle(L, 1);
    lua_pushfstring(L, "run of %s (%s)", p->config->text, p->ended ? "ended" : "asked for");
    return 1;
}

/* h.config, h.done, h:wait() */
static int handle_index(lua_State *L)
{
    const pending *p = handle(L, 1);
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "config") == 0) {
        lua_pushstring(L, p->config->text);
    } else if (strcmp(name, "done") == 0) {
        lua_pushboolean(L, has_ended(recipe_of(L), p));
    } else if (strcmp(name, "wait") == 0) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushcclosure(L, lua_lab_wait, 1);
    } else {
        fault f = { 0 };
        fault_set(&f, FAULT_USAGE,
                  "\"%.64s\" of a run that was begun; it has config, done and wait, and lab.wait gives its numbers",
                  name);
        return lua_fail(L, &f);
    }
    return 1;
}

static pending *push_handle(lua_State *L)
{
    pending *p = lua_newuserdatauv(L, sizeof *p, 0);
    *p = (pending){ 0 };
    if (luaL_newmetatable(L, metatable)) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushcclosure(L, handle_index, 1);
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, free_handle);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, handle_text);
        lua_setfield(L, -2, "__tostring");
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return p;
}

/* The handle on top of the stack must live while a crew works on it. */
static void hold(lua_State *L, pending *p)
{
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, p);
}

static void let_go(lua_State *L, pending *p)
{
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, p);
}

/* ---- asking ---- */

/* Where the database has the run, or the recipe is only looked at, p has ended. */
static bool look_first(recipe *r, pending *p, bool force, fault *f)
{
    const recipe_set *set = known_set(r, &p->group->lab, f);
    if (!set || (!(force && !r->dry) && !known_run(set, &p->group->lab, p->config, &p->id, f))) return false;
    p->had = p->id != 0;
    p->ended = p->had || r->dry;
    r->had += p->had;
    r->planned += p->ended && !p->had;
    return !r->dry || planned_note(r, set, p->config, p->id, f);
}

/* One run of a group; leaves its handle on the stack. Takes the config over. */
static pending *ask(lua_State *L, group *g, config *c)
{
    pending *p = push_handle(L);
    p->group = g;
    g->refs++;
    p->config = c;
    return p;
}

/* *given: how many this crew has had. */
static void give_to_crew(lua_State *L, crew *c, size_t *given, pending *p)
{
    fault f = { 0 };
    hold(L, p);
    if (crew_add(c, &p->group->lab, p->config, p->config->text, p, &f)) {
        crew_about(c, "recipe", ++*given);
        return;
    }
    let_go(L, p);
    lua_fail(L, &f);
}

/* Takes what the crew has next. Raises what is nobody's fault in particular. */
static void take_next(lua_State *L, recipe *r, crew *c)
{
    fault f = { 0 };
    crew_result out = { 0 };
    sandbox_leave(r->box);
    const crew_state state = crew_next(c, &out, &f);
    sandbox_enter(r->box);
    sandbox_refresh(r->box);
    pending *p = out.tag;
    if (state == CREW_EMPTY) fault_set(&f, FAULT_INTERNAL, "a run was begun that no worker knows of");
    if (state != CREW_RUN && (!p || f.code == FAULT_INTERRUPTED)) lua_fail(L, &f);
    p->ended = true;
    if (state == CREW_RUN) {
        p->id = out.run.id;
        r->ran++;
        if (!out.run.done) p->why = out.run.why;
        if (!out.run.done) r->failed++;
    } else {
        p->fault = f;
    }
    let_go(L, p);
}

/* ---- results ---- */

/* Pushes the run as a table. Raises a fault, and with strict a failure. */
static void push_result(lua_State *L, recipe *r, const pending *p, bool strict)
{
    fault f = p->fault;
    if (f.code) lua_fail(L, &f);
    if (!p->id) {
        planned_push(L, p->config);
        return;
    }
    lua_push_run(L, r, p->id);
    lua_pushboolean(L, p->had);
    lua_setfield(L, -2, "had");
    if (!strict || !p->why.code) return;
    fault_set(&f, p->why.code, "run %" PRId64 " of %.200s failed: %.500s", p->id, p->config->text, p->why.text);
    lua_fail(L, &f);
}

static void wait_for(lua_State *L, recipe *r, const pending *p)
{
    while (!p->ended)
        take_next(L, r, r->crew);
}

static bool open_crew(recipe *r, fault *f)
{
    const int64_t jobs = line_int(r->line, "jobs");
    if (!r->crew) r->crew = crew_open(r->app, jobs > 0 ? (int)jobs : 1, f);
    return r->crew != NULL;
}

/* A suite's command takes many configs; asked for one, its answer is one run. */
static const char *one_config(lua_State *L, const group *g)
{
    fault f = { 0 };
    const char *name = line_command(g->line)->name;
    if (line_n_args(g->line) == 1) return line_arg(g->line, 0);
    fault_set(&f, FAULT_USAGE, "%s: one config at a time; with async = true several run beside each other", name);
    lua_fail(L, &f);
    return NULL;
}

/* Asks for the run of this command that the arguments say; leaves its handle on the stack. */
static pending *begin_run(lua_State *L, int n_args, const char *name)
{
    static const lua_own_field own[] = { { "async", NULL }, { "strict", NULL }, { "force", NULL }, { 0 } };
    recipe *r = recipe_of(L);
    fault f = { 0 };
    const bool force = lua_flag(L, n_args, "force");
    group *g = open_group(L, n_args, name, own);
    config *c = recipe_config(r, name, one_config(L, g), &f);
    if (!c) lua_fail(L, &f);
    pending *p = ask(L, g, c);
    sandbox_leave(r->box);
    const bool ok = look_first(r, p, force, &f) && (p->ended || open_crew(r, &f));
    sandbox_enter(r->box);
    if (!ok) lua_fail(L, &f);
    if (!p->ended) give_to_crew(L, r->crew, &r->begun, p);
    lua_remove(L, -2);
    return p;
}

int lua_lab_start(lua_State *L)
{
    begin_run(L, lua_gettop(L), "run");
    return 1;
}

static int run(lua_State *L, const char *name)
{
    recipe *r = recipe_of(L);
    const int n_args = lua_gettop(L);
    const bool strict = lua_flag(L, n_args, "strict");
    const pending *p = begin_run(L, n_args, name);
    if (lua_flag(L, n_args, "async")) return 1;
    wait_for(L, r, p);
    push_result(L, r, p, strict);
    return 1;
}

int lua_lab_run(lua_State *L)
{
    return run(L, "run");
}

int lua_lab_suite(lua_State *L)
{
    return run(L, lua_tostring(L, lua_upvalueindex(2)));
}

int lua_lab_wait(lua_State *L)
{
    recipe *r = recipe_of(L);
    lua_settop(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE) {
        const pending *p = handle(L, 1);
        wait_for(L, r, p);
        push_result(L, r, p, false);
        return 1;
    }
    lua_newtable(L);
    const lua_Integer n = luaL_len(L, 1);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, 1, i);
        const pending *p = handle(L, -1);
        wait_for(L, r, p);
        push_result(L, r, p, false);
        lua_rawseti(L, 2, i);
        lua_pop(L, 1);
    }
    return 1;
}

int lua_lab_wait_any(lua_State *L)
{
    recipe *r = recipe_of(L);
    fault f = { 0 };
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    for (;;) {
        const lua_Integer n = luaL_len(L, 1);
        for (lua_Integer i = 1; i <= n; i++) {
            lua_geti(L, 1, i);
            const pending *p = handle(L, -1);
            if (p->ended) {
                push_result(L, r, p, false);
                lua_pushinteger(L, i);
                return 2;
            }
            lua_pop(L, 1);
        }
        if (n == 0) {
            fault_set(&f, FAULT_USAGE, "wait_any: an empty list; nothing will ever end");
            return lua_fail(L, &f);
        }
        take_next(L, r, r->crew);
    }
}

int lua_runs_finish(lua_State *L)
{
    recipe *r = recipe_of(L);
    while (r->crew && crew_left(r->crew) > 0)
        take_next(L, r, r->crew);
    return 0;
}

/* ---- sweeps ---- */

static void free_grid(void *configs)
{
    grid_free(configs);
    free(configs);
}

static void free_crew(void *c)
{
    crew_close(c);
}

/* Options of the command that change what a sweep is. */
static void refuse_plans(lua_State *L, const command_line *line)
{
    static const char *const names[] = { "plan", "from", "shard", "shards", "no-shard", "emit", "dry-run" };
    fault f = { 0 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (line_given(line, names[i])) {
            fault_set(&f, FAULT_USAGE, "sweep: \"%s\" is the command's; lab.command \"sweep --%s ...\" has it",
                      names[i], names[i]);
            lua_fail(L, &f);
        }
}

/* Pushes an owner of the configs the line stands for. */
static grid_configs *gather(lua_State *L, const group *g)
{
    fault f = { 0 };
    refuse_plans(L, g->line);
    const char *k = line_text(g->line, "k"), *v = line_text(g->line, "v");
    void **place = lua_own(L, free_grid);
    grid_configs *configs = calloc(1, sizeof *configs);
    *place = configs;
    bool ok = configs || fault_memory(&f, "the configs of a sweep");
    for (size_t i = 0; ok && i < line_n_args(g->line); i++)
        ok = recipe_grid(recipe_of(L), "sweep", configs, line_arg(g->line, i), &f);
    if (ok && (k || v)) ok = grid_add_lists(configs, g->lab.known, k, v, &f) || fault_prefix(&f, "sweep");
    if (ok && configs->n == 0) ok = fault_set(&f, FAULT_USAGE, "sweep: no config; give some, or k and v lists");
    if (!ok) lua_fail(L, &f);
    return configs;
}

/* Asks for every config; what is to be run is given to the crew. list: where the handles are kept. */
static void ask_for_all(lua_State *L, recipe *r, group *g, grid_configs *configs, crew *c, int list, bool force)
{
    fault f = { 0 };
    size_t given = 0;
    for (size_t i = 0; i < configs->n; i++) {
        pending *p = ask(L, g, configs->items[i]);
        configs->items[i] = NULL;
        sandbox_leave(r->box);
        const bool ok = look_first(r, p, force, &f);
        sandbox_enter(r->box);
        if (!ok) lua_fail(L, &f);
        if (!p->ended) give_to_crew(L, c, &given, p);
        lua_rawseti(L, list, (lua_Integer)i + 1);
    }
}

static void push_counts(lua_State *L, int result, size_t ran, size_t had, size_t failed)
{
    lua_pushinteger(L, (lua_Integer)ran);
    lua_setfield(L, result, "ran");
    lua_pushinteger(L, (lua_Integer)had);
    lua_setfield(L, result, "had");
    lua_pushinteger(L, (lua_Integer)failed);
    lua_setfield(L, result, "failed");
}

/* Arguments: the line's owner, the configs', the crew's, the list of handles, strict. Returns the list of results. */
static int sweep_all(lua_State *L)
{
    enum { GROUP = 1, CONFIGS, CREW, HANDLES, STRICT, RESULT };
    recipe *r = recipe_of(L);
    group *g = *(group **)lua_touserdata(L, GROUP);
    grid_configs *configs = *(grid_configs **)lua_touserdata(L, CONFIGS);
    crew *c = *(crew **)lua_touserdata(L, CREW);
    const bool strict = lua_toboolean(L, STRICT);
    const lua_Integer n = (lua_Integer)configs->n;
    ask_for_all(L, r, g, configs, c, HANDLES, line_has(g->line, "force"));
    lua_createtable(L, (int)n, 3);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, HANDLES, i);
        const pending *p = handle(L, -1);
        while (!p->ended)
            take_next(L, r, c);
        push_result(L, r, p, strict);
        lua_rawseti(L, RESULT, i);
        lua_pop(L, 1);
    }
    return 1;
}

/* Whatever came of it, the crew goes before the handles it knows. */
static void end_crew(lua_State *L, int own_crew, int handles)
{
    lua_release(L, own_crew);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, handles); i <= n; i++) {
        lua_rawgeti(L, handles, i);
        let_go(L, handle(L, -1));
        lua_pop(L, 1);
    }
}

int lua_lab_sweep(lua_State *L)
{
    static const lua_own_field own[] = { { "strict", NULL }, { 0 } };
    recipe *r = recipe_of(L);
    fault f = { 0 };
    const int n_args = lua_gettop(L);
    const bool strict = lua_flag(L, n_args, "strict");
    const size_t ran = r->ran, had = r->had, failed = r->failed;
    lua_run_generators(L, n_args);
    group *g = open_group(L, n_args, "sweep", own);
    const int first = lua_gettop(L), own_crew = first + 2, handles = first + 3;
    gather(L, g);
    void **place = lua_own(L, free_crew);
    const int64_t jobs = line_int(g->line, "jobs");
    *place = crew_open(r->app, jobs > 0 ? (int)jobs : 1, &f);
    if (!*place) lua_fail(L, &f);
    lua_newtable(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, sweep_all, 1);
    for (int i = first; i <= handles; i++)
        lua_pushvalue(L, i);
    lua_pushboolean(L, strict);
    const int status = lua_pcall(L, 5, 1, 0);
    end_crew(L, own_crew, handles);
    if (status != LUA_OK) return lua_error(L);
    push_counts(L, lua_gettop(L), r->ran - ran, r->had - had, r->failed - failed);
    return 1;
}
