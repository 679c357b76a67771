/* Runs that the database has already. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/fingerprint.h"
#include "app/gate_work.h"

enum { CONDITION = 2048 };

/* What the text is, when that can be known before it is read: false, it cannot. */
static bool text_condition(const job *j, char *to, size_t size)
{
    char id[HASH_HEX];
    const suite *s = suite_named(j->suite);
    const bool own = s && !suite_uses_text(s);
    to[0] = '\0';
    if (own) return true;
    if (strcmp(j->text, "self") == 0) {
        snprintf(to, size, " AND text_kind = 'self' AND text_seed = %" PRIu64, j->seed);
        return true;
    }
    if (s || !hash_file(j->text, id, NULL)) return false;
    snprintf(to, size, " AND text_hash = '%s'", id);
    return true;
}

static bool safe(const char *text)
{
    return !strpbrk(text, "'\\") && strlen(text) < SUITE_OPTIONS;
}

static bool take_id(void *arg, const store_run *run)
{
    *(int64_t *)arg = run->id;
    return false;
}

bool gate_find(const gate_work *w, lab *l, int64_t *id, fault *f)
{
    const job *j = &l->job;
    char text[2 * HASH_HEX], passages[64] = "", where[CONDITION];
    *id = 0;
    if (w->fresh || j->ctx == 0 || !safe(j->suite_options) || !text_condition(j, text, sizeof text)) return true;
    if (!j->suite[0]) snprintf(passages, sizeof passages, " AND passages = %d", j->passages);
    snprintf(where, sizeof where,
             "status = 'done' AND model_hash = '%s' AND config_hash = '%s' AND engine = '%s' AND protocol = '%s' AND "
             "ctx = %d AND seed = %" PRIu64 " AND suite = '%s' AND suite_options = '%s' AND "
             "ifnull(calibration_hash, '') IN ('', '%s')%s%s",
             w->model_id, w->config->id, j->suite[0] ? fingerprint_suites() : fingerprint_engine(),
             protocol_name(j->protocol), j->ctx, j->seed, j->suite, j->suite_options, lab_calibration(l, w->model_id),
             text, passages);
    return store_each_run(l->database, where, 1, take_id, id, f);
}
