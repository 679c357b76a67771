#include "app/sweep_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fingerprint.h"
#include "app/model_hash.h"
#include "app/passages.h"
#include "app/progress.h"
#include "app/reference.h"
#include "app/report.h"

enum { WHERE = 1024, TIMED = 100 /* newest runs the estimate is made from */ };

/* The comparable set that the sweep's runs would be of; hashes "" while they are not known. */
typedef struct place {
    char model[HASH_HEX], text[HASH_HEX];
    int passages;
    store_run like; /* for lab_find_done */
} place;

/* ---- where the runs would belong ---- */

static bool take_text_hash(void *arg, const store_run *run)
{
    place *p = arg;
    if (hash_is(run->text.hash))
        strcpy(p->text, run->text.hash); /* it becomes part of questions; a database is input */
    return false;
}

/* A sampled text's hash follows from model and seed: any run that was made on it has it. */
static bool find_self(const lab *l, place *p, fault *f)
{
    char where[WHERE];
    snprintf(where, sizeof where, "model_hash = '%s' AND text_kind = 'self' AND text_seed = %" PRIu64, p->model,
             l->job.seed);
    return store_each_run(l->database, where, 1, take_text_hash, p, f);
}

static bool never(void *self, const char *what, size_t done, size_t total)
{
    (void)self, (void)what, (void)done, (void)total;
    return true;
}

/* A file is read as a run would read it, for its hash and the number of its passages. */
static bool read_file_text(const lab *l, const shelf *kept, place *p, fault *f)
{
    const job *j = &l->job;
    const passages_request request = { .text = j->text,
                                       .n = j->passages,
                                       .at_most = j->at_most,
                                       .length = reference_length(j->protocol, j->ctx, j->eval),
                                       .model_id = p->model };
    const passages_watch watch = { never, NULL };
    passages text = { 0 };
    model *m = model_open(j->model, f);
    tokenizer *t = m ? tokenizer_open(m->file, f) : NULL;
    const bool ok = t && passages_make(&request, t, NULL, kept, &watch, &text, f);
    p->passages = text.n;
    strcpy(p->text, text.text_id);
    passages_release(&text);
    tokenizer_close(t);
    model_close(m);
    return ok;
}

static bool find_place(const lab *l, place *p, fault *f)
{
    const job *j = &l->job;
    shelf kept;
    *p = (place){ .passages = j->passages, .like = store_run_blank() };
    if (!shelf_open(&kept, j->cache, f) || !model_hash(j->model, &kept, p->model, f)) return false;
    const bool self = strcmp(j->text, "self") == 0;
    if (!(self ? find_self(l, p, f) : read_file_text(l, &kept, p, f))) return false;
    p->like.model.hash = p->model;
    p->like.text.hash = p->text;
    p->like.protocol = protocol_name(j->protocol);
    p->like.ctx = j->ctx;
    p->like.eval = j->protocol == PROTOCOL_SNAPSHOT ? j->eval : 0;
    p->like.passages = p->passages;
    p->like.environment.engine = fingerprint_engine();
    return true;
}

/* All of them are digits, hexadecimal or not, or words of ours: nothing to quote. */
static void where_place(const place *p, const char *more, char where[WHERE])
{
    const store_run *r = &p->like;
    snprintf(where, WHERE,
             "model_hash = '%s' AND text_hash = '%s' AND protocol = '%s' AND ctx = %" PRId64 " AND eval = %" PRId64
             " AND passages = %" PRId64 " AND engine = '%s' AND %s",
             p->model, p->text, r->protocol, r->ctx, r->eval, r->passages, r->environment.engine, more);
}

/* ---- one config ---- */

typedef struct entry {
    const char *state;
    int64_t id; /* 0: no run */
    char reason[256];
} entry;

static bool take_failure(void *arg, const store_run *run)
{
    entry *e = arg;
    e->state = "failed";
    e->id = run->id;
    snprintf(e->reason, sizeof e->reason, "%s", run->reason);
    return false;
}

static bool look_up(lab *l, const place *p, const config *c, entry *e, fault *f)
{
    *e = (entry){ .state = "to run" };
    if (!l->database || !p->text[0]) return true;
    if (!lab_find_done(l, c, &p->like, &e->id, f)) return false;
    if (e->id) {
        e->state = "done";
        return true;
    }
    char more[128], where[WHERE];
    snprintf(more, sizeof more, "status = 'failed' AND config_hash = '%s'", c->id);
    where_place(p, more, where);
    return store_each_run(l->database, where, 1, take_failure, e, f);
}

/* ---- the time it may take ---- */

typedef struct timing {
    double seconds;
    size_t n;
} timing;

static bool add_time(void *arg, const store_run *run)
{
    timing *t = arg;
    if (!(run->wall_s >= 0)) return true;
    t->seconds += run->wall_s;
    t->n++;
    return true;
}

/* Seconds, by the mean of the newest runs of the same kind; below zero: nothing is known. */
static bool estimate(const lab *l, const place *p, size_t left, int jobs, double *seconds, fault *f)
{
    timing t = { 0 };
    char where[WHERE];
    *seconds = -1;
    where_place(p, "status = 'done'", where);
    if (l->database && p->text[0] && !store_each_run(l->database, where, TIMED, add_time, &t, f)) return false;
    if (t.n > 0) *seconds = t.seconds / (double)t.n * (double)left / jobs;
    return true;
}

/* ---- telling ---- */

static void print_entry(const config *c, const entry *e)
{
    char what[48];
    if (e->id)
        snprintf(what, sizeof what, "%s, run %" PRId64, e->state, e->id);
    else
        snprintf(what, sizeof what, "%s", e->state);
    printf("%-15s %s%s%s\n", what, c->text, e->reason[0] ? "   # " : "", e->reason);
}

static cJSON *entry_json(const config *c, const entry *e)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", c->text);
    cJSON_AddStringToObject(json, "state", e->state);
    if (e->id) cJSON_AddNumberToObject(json, "run", (double)e->id);
    if (e->reason[0]) cJSON_AddStringToObject(json, "reason", e->reason);
    return json;
}

static void print_sum(size_t left, size_t n, double seconds)
{
    char time[64] = "", about[96] = "";
    progress_duration(seconds, time, sizeof time);
    if (seconds >= 0 && left > 0) snprintf(about, sizeof about, ", about %s by the runs there are", time);
    printf("# %zu of %zu to run%s; identity is run first\n", left, n, about);
}

bool sweep_list(lab *l, const char *database, const grid_configs *configs, int jobs, bool as_json, fault *f)
{
    place p = { 0 };
    const bool known = access(database, F_OK) == 0;
    if (known && !(lab_open_database(l, database, STORE_READ, f) && find_place(l, &p, f))) return false;
    cJSON *list = as_json ? cJSON_CreateArray() : NULL;
    size_t left = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < configs->n; i++) {
        entry e;
        ok = look_up(l, &p, configs->items[i], &e, f);
        if (ok && strcmp(e.state, "done") != 0) left++;
        if (ok && list)
            cJSON_AddItemToArray(list, entry_json(configs->items[i], &e));
        else if (ok)
            print_entry(configs->items[i], &e);
    }
    double seconds = -1;
    ok = ok && (!known || estimate(l, &p, left, jobs, &seconds, f));
    if (!ok || !as_json) {
        if (ok) print_sum(left, configs->n, seconds);
        cJSON_Delete(list);
        return ok;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "configs", list);
    cJSON_AddNumberToObject(json, "to_run", (double)left);
    if (seconds >= 0) cJSON_AddNumberToObject(json, "estimated_s", seconds);
    return report_json(stdout, json, f);
}
