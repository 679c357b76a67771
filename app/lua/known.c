#include "app/lua/known.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite.h"
#include "app/sweep.h"

static bool same_set(const job *a, const job *b)
{
    return strcmp(a->model, b->model) == 0 && strcmp(a->text, b->text) == 0 && a->protocol == b->protocol &&
           a->ctx == b->ctx && (a->protocol == PROTOCOL_STREAM || a->eval == b->eval) && a->passages == b->passages &&
           a->at_most == b->at_most && a->seed == b->seed && strcmp(a->suite, b->suite) == 0 &&
           strcmp(a->suite_options, b->suite_options) == 0;
}

/* ---- identity ---- */

static bool run_identity(recipe *r, lab *l, store_run **known, fault *f)
{
    lab_run run;
    config *identity = config_parse(l->known, "identity", f);
    bool ok = identity && lab_evaluate(l, identity, &run, f);
    config_free(identity);
    if (!ok) return false;
    r->ran++;
    *known = store_get_run(l->database, run.id, f);
    return *known && sweep_is_exact(*known, f);
}

/* ---- without running anything ---- */

static bool take_known(void *arg, const store_run *run)
{
    int64_t *id = arg;
    *id = run->id;
    return false;
}

static void put_quoted(char *to, size_t room, const char *name, const char *value)
{
    size_t n = strlen(to);
    n += (size_t)snprintf(to + n, room - n, " AND %s = '", name);
    for (; *value && n + 4 < room; value++) {
        if (*value == '\'') to[n++] = '\'';
        to[n++] = *value;
    }
    to[n++] = '\'';
    to[n] = '\0';
}

/* A suite has the passages that it makes, and, unless told, the context that its model has. */
static void put_sizes(char *to, size_t room, const job *j)
{
    if (!*j->suite)
        snprintf(to, room, "status = 'done' AND ctx = %d AND passages %s %d", j->ctx, j->at_most ? "<=" : "=",
                 j->passages);
    else if (j->ctx > 0)
        snprintf(to, room, "status = 'done' AND seed = %" PRIu64 " AND ctx = %d", j->seed, j->ctx);
    else
        snprintf(to, room, "status = 'done' AND seed = %" PRIu64, j->seed);
}

static bool look_up(lab *l, store_run **known, fault *f)
{
    char where[4 * PATH_MAX], text[PATH_MAX];
    const job *j = &l->job;
    const suite *tasks = suite_named(j->suite);
    const bool self = strcmp(j->text, "self") == 0 && (!tasks || suite_uses_text(tasks));
    if (!l->database) return true;
    put_sizes(where, sizeof where, j);
    suite_text_name(j->suite, app_text_name(l->text_name), text, sizeof text);
    put_quoted(where, sizeof where, "protocol", protocol_name(j->protocol));
    put_quoted(where, sizeof where, "model_path", j->model);
    put_quoted(where, sizeof where, "text", text);
    put_quoted(where, sizeof where, "suite", j->suite);
    put_quoted(where, sizeof where, "suite_options", j->suite_options);
    const size_t n = strlen(where);
    if (j->protocol == PROTOCOL_SNAPSHOT) snprintf(where + n, sizeof where - n, " AND eval = %d", j->eval);
    const size_t m = strlen(where);
    if (self) snprintf(where + m, sizeof where - m, " AND text_seed = %" PRIu64, j->seed);
    int64_t id = 0;
    if (!store_each_run(l->database, where, 1, take_known, &id, f)) return false;
    if (!id) return true;
    *known = store_get_run(l->database, id, f);
    return *known != NULL;
}

/* ---- sets ---- */

static recipe_set *add_set(recipe *r, const lab *l, fault *f)
{
    recipe_set **grown = reallocarray(r->sets, r->n_sets + 1, sizeof(recipe_set *));
    if (grown) r->sets = grown;
    recipe_set *set = grown ? calloc(1, sizeof *set) : NULL;
    if (!set) {
        fault_memory(f, "a recipe's sets of runs");
        return NULL;
    }
    set->job = l->job;
    return set;
}

const recipe_set *known_set(recipe *r, lab *l, fault *f)
{
    for (size_t i = 0; i < r->n_sets; i++)
        if (same_set(&r->sets[i]->job, &l->job)) return r->sets[i];
    recipe_set *set = add_set(r, l, f);
    if (!set) return NULL;
    if (r->dry ? look_up(l, &set->known, f) : run_identity(r, l, &set->known, f)) return r->sets[r->n_sets++] = set;
    free(set->known);
    free(set);
    return NULL;
}

bool known_run(const recipe_set *set, lab *l, const config *c, int64_t *id, fault *f)
{
    *id = 0;
    if (!set->known) return true;
    if (strcmp(set->known->config.hash, c->id) == 0) {
        *id = set->known->id;
        return true;
    }
    return lab_find_done(l, c, set->known, id, f);
}

void known_free(recipe *r)
{
    for (size_t i = 0; i < r->n_sets; i++) {
        free(r->sets[i]->known);
        free(r->sets[i]);
    }
    free(r->sets);
    r->sets = NULL;
    r->n_sets = 0;
}
