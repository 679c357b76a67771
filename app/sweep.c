#include "app/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool tell(const sweep *s, int64_t id, bool ran, store_run **kept, fault *f)
{
    store_run *run = store_get_run(s->lab->database, id, f);
    if (!run) return false;
    if (s->row) s->row(s->self, run, ran);
    if (kept)
        *kept = run;
    else
        free(run);
    return true;
}

/* Runs identity and checks that it is one; *known: its row. */
static bool check_identity(const sweep *s, const config *identity, sweep_count *count, store_run **known, fault *f)
{
    lab_run run;
    if (!lab_evaluate(s->lab, identity, "identity", &run, f)) return false;
    count->ran++;
    if (!tell(s, run.id, true, known, f)) return false;
    const store_run *r = *known;
    if (!run.done) return fault_set(f, FAULT_INTERNAL, "identity failed, so nothing was swept: %s", run.why.text);
    if (r->kld.value == 0 && r->kld_max == 0 && r->dppl.value == 0 && r->top1.value == 100) return true;
    return fault_set(f, FAULT_INTERNAL,
                     "identity is not exact (KLD %g, perplexity %+g %%, top-1 %g %%), so nothing was swept; "
                     "`kvant cache --clear` removes a damaged reference",
                     r->kld.value, r->dppl.value, r->top1.value);
}

static bool run_one(const sweep *s, const config *c, const char *label, const store_run *known, sweep_count *count,
                    fault *f)
{
    int64_t id = 0;
    if (!s->force && !lab_find_done(s->lab, c, known, &id, f)) return false;
    if (id) {
        count->had++;
        return tell(s, id, false, NULL, f);
    }
    lab_run run;
    if (!lab_evaluate(s->lab, c, label, &run, f)) return false;
    count->ran++;
    if (!run.done) count->failed++;
    return tell(s, run.id, true, NULL, f);
}

bool sweep_run(const sweep *s, const grid_configs *configs, sweep_count *count, fault *f)
{
    *count = (sweep_count){ 0 };
    store_run *known = NULL;
    config *identity = config_parse(s->lab->known, "identity", f);
    bool ok = identity && check_identity(s, identity, count, &known, f);
    for (size_t i = 0; ok && i < configs->n; i++) {
        const config *c = configs->items[i];
        if (strcmp(c->id, identity->id) == 0) continue;
        char label[192];
        snprintf(label, sizeof label, "%zu/%zu %.120s", i + 1, configs->n, c->text);
        ok = run_one(s, c, label, known, count, f);
    }
    config_free(identity);
    free(known);
    return ok;
}
