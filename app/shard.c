#include "app/shard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How an engine tells its tasks which they are: names of variables, NULL where it has none. */
typedef struct engine {
    const char *name;
    const char *index, *first, *count, *last, *step;
    int base;          /* the first index, where no variable says it */
    bool zero_is_none; /* index 0: not one of many */
} engine;

static const engine engines[] = {
    { "Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT", NULL, "SLURM_ARRAY_TASK_STEP",
      .base = 1 },
    { "HyperQueue", "HQ_TASK_ID", .base = 1 },
    { "PBS", "PBS_ARRAY_INDEX", .base = 1 },
    { "LSF", "LSB_JOBINDEX", NULL, NULL, "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP", .base = 1, .zero_is_none = true },
    { "GNU parallel", "PARALLEL_SEQ", .base = 1 },
    { "Flux", "FLUX_TASK_RANK", NULL, "FLUX_JOB_SIZE", NULL, NULL, .base = 0 },
};
enum { ENGINES = sizeof engines / sizeof *engines };

bool shard_has(const shard *s, size_t index)
{
    return s->n == 0 || index % (size_t)s->n == (size_t)(s->i - 1);
}

/* ---- numbers ---- */

/* Digits only. */
static bool read_number(const char *text, size_t n, int64_t *to)
{
    if (n == 0 || n > 15 || strspn(text, "0123456789") < n) return false;
    *to = strtoll(text, NULL, 10);
    return true;
}

static bool variable_number(const char *name, int64_t otherwise, int64_t *to, fault *f)
{
    const char *text = name ? getenv(name) : NULL;
    *to = otherwise;
    if (!text || !*text) return true;
    return read_number(text, strlen(text), to) ||
           fault_set(f, FAULT_USAGE, "%s is \"%s\", not a number; --shard I/N says which part to run", name, text);
}

static bool settle(int64_t i, int64_t n, const char *where, shard *out, fault *f)
{
    if (n < 1 || n > SHARD_MOST)
        return fault_set(f, FAULT_USAGE, "%s: %lld shards; 1 to %d", where, (long long)n, SHARD_MOST);
    if (i < 1 || i > n)
        return fault_set(f, FAULT_USAGE, "%s: shard %lld of %lld; they count from 1 to %lld", where, (long long)i,
                         (long long)n, (long long)n);
    *out = (shard){ (int)i, (int)n };
    return true;
}

/* "I/N", or "I" where n is known. */
static bool parse(const char *text, int shards, const char *where, shard *out, fault *f)
{
    int64_t i, n = shards;
    const char *slash = strchr(text, '/');
    const size_t digits = slash ? (size_t)(slash - text) : strlen(text);
    if (!read_number(text, digits, &i) || (slash && !read_number(slash + 1, strlen(slash + 1), &n)))
        return fault_set(f, FAULT_USAGE, "%s: \"%s\" is not I/N, for instance 2/8", where, text);
    if (!slash && shards == 0)
        return fault_set(f, FAULT_USAGE, "%s: \"%s\" does not say of how many; write I/N, or add --shards N", where,
                         text);
    if (slash && shards && n != shards)
        return fault_set(f, FAULT_USAGE, "%s: \"%s\", but there are %d shards by --shards or KVANT_SHARDS", where, text,
                         shards);
    return settle(i, n, where, out, f);
}

/* ---- the environment ---- */

static bool is_here(const engine *e)
{
    const char *index = getenv(e->index);
    return index && *index && !(e->zero_is_none && strcmp(index, "0") == 0);
}

/* How many tasks there are by the engine's own word; 0: it does not say. */
static bool count_of(const engine *e, int64_t first, int64_t step, int64_t *n, fault *f)
{
    int64_t last;
    if (!variable_number(e->count, 0, n, f) || !variable_number(e->last, 0, &last, f)) return false;
    if (last >= first && last > 0) *n = (last - first) / step + 1;
    return true;
}

static bool read_engine(const engine *e, int shards, shard *out, fault *f)
{
    int64_t index, first, step, n = shards;
    if (!variable_number(e->index, 0, &index, f) || !variable_number(shards ? NULL : e->first, e->base, &first, f) ||
        !variable_number(shards ? NULL : e->step, 1, &step, f))
        return false;
    if (step < 1) step = 1;
    if (!shards && !count_of(e, first, step, &n, f)) return false;
    if (n == 0)
        return fault_set(f, FAULT_USAGE,
                         "%s says which task this is (%s=%lld) but not of how many: add --shards N, or "
                         "--no-shard to run all of the plan",
                         e->name, e->index, (long long)index);
    if ((index - first) % step != 0)
        return fault_set(f, FAULT_USAGE, "%s=%lld is not one of %lld, %lld ...; --shard I/N says which part to run",
                         e->index, (long long)index, (long long)first, (long long)(first + step));
    return settle((index - first) / step + 1, n, e->index, out, f);
}

static bool read_environment(int shards, shard *out, fault *f)
{
    const char *own = getenv("KVANT_SHARD");
    if (own && *own) return parse(own, shards, "KVANT_SHARD", out, f);
    const engine *found = NULL;
    for (int i = 0; i < ENGINES; i++) {
        if (!is_here(&engines[i])) continue;
        if (found)
            return fault_set(f, FAULT_USAGE, "%s and %s both say which task this is (%s, %s); --shard I/N decides",
                             found->name, engines[i].name, found->index, engines[i].index);
        found = &engines[i];
    }
    return !found || read_engine(found, shards, out, f);
}

bool shard_choose(const char *given, int shards, shard *out, fault *f)
{
    int64_t n;
    *out = (shard){ 0 };
    if (!variable_number("KVANT_SHARDS", 0, &n, f)) return false;
    if (n > SHARD_MOST) return settle(1, n, "KVANT_SHARDS", out, f);
    if (shards == 0) shards = (int)n;
    return given ? parse(given, shards, "--shard", out, f) : read_environment(shards, out, f);
}

/* ---- files ---- */

bool shard_path(const char *plan, const shard *s, char path[PATH_MAX], fault *f)
{
    static const char ending[] = ".jsonl";
    size_t n = strlen(plan), cut = sizeof ending - 1;
    if (n > cut && strcmp(plan + n - cut, ending) == 0) n -= cut;
    const int used = snprintf(path, PATH_MAX, "%.*s.shard-%d-of-%d.db", (int)n, plan, s->i, s->n);
    return (used > 0 && used < PATH_MAX) ||
           fault_set(f, FAULT_INPUT, "%.80s...: the path of the plan is too long", plan);
}
