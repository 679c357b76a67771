#include "app/lua/planned.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "app/plan.h"
#include "app/report.h"

typedef struct planned_run {
    const recipe_set *set;
    char *config;
    int64_t id; /* the database has it; 0: it is to be run */
} planned_run;

struct planned {
    planned_run *items;
    size_t n, room;
};

bool planned_note(recipe *r, const recipe_set *set, const config *c, int64_t id, fault *f)
{
    if (!r->plan && !(r->plan = calloc(1, sizeof *r->plan))) return fault_memory(f, "a recipe's plan");
    planned *p = r->plan;
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].set == set && strcmp(p->items[i].config, c->text) == 0) return true;
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 64;
        planned_run *grown = reallocarray(p->items, room, sizeof *grown);
        if (!grown) return fault_memory(f, "a recipe's plan");
        p->items = grown;
        p->room = room;
    }
    char *text = strdup(c->text);
    if (!text) return fault_memory(f, "a recipe's plan");
    p->items[p->n++] = (planned_run){ set, text, id };
    return true;
}

void planned_free(recipe *r)
{
    for (size_t i = 0; r->plan && i < r->plan->n; i++)
        free(r->plan->items[i].config);
    if (r->plan) free(r->plan->items);
    free(r->plan);
    r->plan = NULL;
}

/* ---- what is not known ---- */

/* Upvalue 1: of what. Argument 2: the field, when someone looks into it. */
static int needs(lua_State *L)
{
    fault f = { 0 };
    const char *of = lua_tostring(L, lua_upvalueindex(1));
    if (lua_type(L, 2) == LUA_TSTRING)
        fault_set(&f, FAULT_NONE, "needs %.64s of %.300s, which only a run can tell", lua_tostring(L, 2), of);
    else
        fault_set(&f, FAULT_NONE, "needs %.300s, which only a run can tell", of);
    return sandbox_stop(L, &f);
}

/* Gives the table on the stack a metatable that ends the recipe. */
static void give_metatable(lua_State *L, const char *of)
{
    static const char *const metamethods[] = { "__index",  "__len", "__pairs", "__call", "__tostring",
                                               "__concat", "__lt",  "__le",    "__add",  "__sub",
                                               "__mul",    "__div", "__unm" };
    lua_newtable(L);
    for (size_t i = 0; i < sizeof metamethods / sizeof *metamethods; i++) {
        lua_pushstring(L, of);
        lua_pushcclosure(L, needs, 1);
        lua_setfield(L, -2, metamethods[i]);
    }
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void planned_push(lua_State *L, const config *c)
{
    lua_newtable(L);
    lua_pushstring(L, c->text);
    lua_setfield(L, -2, "config");
    lua_pushstring(L, c->id);
    lua_setfield(L, -2, "config_hash");
    lua_pushliteral(L, "planned");
    lua_setfield(L, -2, "status");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "had");
    give_metatable(L, c->text);
}

void planned_push_unknown(lua_State *L, const char *what)
{
    lua_newtable(L);
    give_metatable(L, what);
}

/* ---- as a plan ---- */

bool planned_write_plan(const recipe *r, const char *path, fault *f)
{
    const planned *runs = r->plan;
    plan p = { 0 };
    if (!runs || runs->n == 0) return fault_set(f, FAULT_INPUT, "the recipe asks for no runs, so there is no plan");
    for (size_t i = 1; i < runs->n; i++)
        if (runs->items[i].set != runs->items[0].set)
            return fault_set(
                f, FAULT_INPUT,
                "the recipe's runs are of more than one set (model, text, protocol, ctx ...); a plan is of "
                "one");
    if (*runs->items[0].set->job.suite)
        return fault_set(f, FAULT_INPUT, "the recipe's runs are of the suite %s; a plan is of plain runs",
                         runs->items[0].set->job.suite);
    bool ok = plan_describe(&p, &runs->items[0].set->job, f);
    for (size_t i = 0; ok && i < runs->n; i++)
        ok = plan_add(&p, runs->items[i].config, f);
    ok = ok && plan_write(&p, path, f);
    if (ok) fprintf(stderr, "kvant: %s: %zu runs; `kvant sweep --from` runs them\n", path, p.n);
    plan_free(&p);
    return ok;
}

/* ---- the list ---- */

static bool write_json(const recipe *r, const char *ended, fault *f)
{
    cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "runs");
    for (size_t i = 0; r->plan && i < r->plan->n; i++) {
        const planned_run *p = &r->plan->items[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "config", p->config);
        if (*p->set->job.suite) cJSON_AddStringToObject(one, "suite", p->set->job.suite);
        if (p->id) cJSON_AddNumberToObject(one, "run", (double)p->id);
        cJSON_AddItemToArray(list, one);
    }
    if (ended) cJSON_AddStringToObject(json, "ended", ended);
    return report_json(stdout, json, f);
}

bool planned_write(recipe *r, bool quiet, bool json, const char *ended, fault *f)
{
    if (json) return write_json(r, ended, f);
    for (size_t i = 0; !quiet && r->plan && i < r->plan->n; i++) {
        const planned_run *p = &r->plan->items[i];
        const char *what = p->set->job.suite, *between = *what ? ": " : "";
        if (p->id)
            printf("run %-8" PRId64 " %s%s%s\n", p->id, what, between, p->config);
        else
            printf("to run       %s%s%s\n", what, between, p->config);
    }
    fflush(stdout);
    fprintf(stderr, "kvant: %zu to run, %zu already there\n", r->planned, r->had);
    if (ended) fprintf(stderr, "kvant: there the dry run ends: %s\n", ended);
    return true;
}
