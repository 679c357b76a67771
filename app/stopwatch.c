#include "app/stopwatch.h"

#include <math.h>
#include <sys/resource.h>

#include "base/clock.h"

static const struct {
    const char *key, *title;
} phases[STOPWATCH_PHASES] = {
    [STOPWATCH_OPENING] = { "opening", "opening: plugins, model" },
    [STOPWATCH_TEXT] = { "text", "sampling the text" },
    [STOPWATCH_REFERENCE] = { "reference", "computing references" },
    [STOPWATCH_KEPT] = { "kept", "reading and keeping them" },
    [STOPWATCH_LEARNING] = { "learning", "opening, calibrating codecs" },
    [STOPWATCH_CODECS] = { "codecs", "codecs" },
    [STOPWATCH_GEMM] = { "gemm", "products with weights" },
    [STOPWATCH_ATTENTION] = { "attention", "attention" },
    [STOPWATCH_ROWS] = { "rows", "norms, gates, embeddings" },
    [STOPWATCH_LOGITS] = { "logits", "logits" },
    [STOPWATCH_STATISTICS] = { "statistics", "softmax of logits, KLD" },
    [STOPWATCH_SUMMARY] = { "summary", "intervals" },
    [STOPWATCH_CLOSING] = { "closing", "closing" },
    [STOPWATCH_FRONT] = { "front", "front, database, processes" },
};

static stopwatch_seconds now(const pool *crew)
{
    return (stopwatch_seconds){ clock_seconds(), crew ? pool_worked(crew) : clock_process() };
}

void stopwatch_start(stopwatch *w, int threads)
{
    *w = (stopwatch){ .threads = threads, .runs = threads > 0, .since = { clock_seconds(), 0.0 } };
}

static stopwatch_seconds sum_of(const stopwatch *w)
{
    stopwatch_seconds sum = { 0 };
    for (int i = 0; i < STOPWATCH_PHASES; i++) {
        sum.passed += w->in[i].passed;
        sum.worked += w->in[i].worked;
    }
    return sum;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

void stopwatch_rest(stopwatch *w)
{
    struct rusage children = { 0 };
    getrusage(RUSAGE_CHILDREN, &children);
    const stopwatch_seconds t = now(NULL), sum = sum_of(w);
    const double worked = t.worked + seconds_of(children.ru_utime) + seconds_of(children.ru_stime);
    w->in[STOPWATCH_FRONT].passed = fmax(t.passed - w->since.passed - sum.passed, 0.0);
    w->in[STOPWATCH_FRONT].worked = fmax(worked - sum.worked, 0.0);
}

stopwatch_phase stopwatch_enter(stopwatch *w, stopwatch_phase next)
{
    if (!w) return next;
    const stopwatch_phase before = w->now;
    const stopwatch_seconds t = now(w->crew);
    w->in[before].passed += t.passed - w->since.passed;
    w->in[before].worked += t.worked - w->since.worked;
    w->since = t;
    w->now = next;
    return before;
}

void stopwatch_follow(stopwatch *w, const pool *crew)
{
    if (!w) return;
    stopwatch_enter(w, w->now);
    w->crew = crew;
    w->since.worked = now(crew).worked;
}

void stopwatch_stop(stopwatch *w)
{
    if (w) stopwatch_enter(w, w->now);
}

void stopwatch_add(stopwatch *to, const stopwatch *w)
{
    for (int i = 0; i < STOPWATCH_PHASES; i++) {
        to->in[i].passed += w->in[i].passed;
        to->in[i].worked += w->in[i].worked;
    }
    to->encode += w->encode;
    to->decode += w->decode;
    to->runs += w->runs;
    if (w->threads > to->threads) to->threads = w->threads;
}

static void show_line(FILE *to, const char *title, stopwatch_seconds s, double total)
{
    fprintf(to, "%-28s %9.3f %6.1f %9.3f %8.2f\n", title, s.worked, total > 0 ? 100 * s.worked / total : 0.0, s.passed,
            s.passed > 0 ? s.worked / s.passed : 0.0);
}

/* A part of the codecs' phase; which part of the seconds that passed it was is not known. */
static void show_part(FILE *to, const char *title, double worked, double total)
{
    fprintf(to, "%-28s %9.3f %6.1f\n", title, worked, total > 0 ? 100 * worked / total : 0.0);
}

void stopwatch_show(FILE *to, const stopwatch *w)
{
    const stopwatch_seconds sum = sum_of(w);
    const double codecs = w->in[STOPWATCH_CODECS].worked, rest = codecs - w->encode - w->decode;
    fprintf(to, "%-28s %9s %6s %9s %8s\n", "where the time went", "CPU s", "%", "passed s", "at work");
    for (int i = 0; i < STOPWATCH_PHASES; i++) {
        if (w->in[i].passed == 0 && w->in[i].worked == 0) continue;
        show_line(to, phases[i].title, w->in[i], sum.worked);
        if (i != STOPWATCH_CODECS) continue;
        show_part(to, "  encode", w->encode, sum.worked);
        show_part(to, "  decode", w->decode, sum.worked);
        show_part(to, "  copies, f16, errors", rest > 0 ? rest : 0.0, sum.worked);
    }
    show_line(to, "all", sum, sum.worked);
    fprintf(to, "%d run%s; \"at work\": of %d thread%s\n", w->runs, w->runs == 1 ? "" : "s", w->threads,
            w->threads == 1 ? "" : "s");
}

cJSON *stopwatch_to_json(const stopwatch *w)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && cJSON_AddNumberToObject(json, "threads", w->threads) &&
              cJSON_AddNumberToObject(json, "runs", w->runs) && cJSON_AddNumberToObject(json, "encode", w->encode) &&
              cJSON_AddNumberToObject(json, "decode", w->decode);
    for (int i = 0; ok && i < STOPWATCH_PHASES; i++) {
        cJSON *phase = cJSON_AddObjectToObject(json, phases[i].key);
        ok = phase && cJSON_AddNumberToObject(phase, "worked", w->in[i].worked) &&
             cJSON_AddNumberToObject(phase, "passed", w->in[i].passed);
    }
    if (ok) return json;
    cJSON_Delete(json);
    return NULL;
}

static double number_in(const cJSON *json, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsNumber(value) && isfinite(value->valuedouble) ? value->valuedouble : 0.0;
}

/* What a broken worker writes need not be a number of anything. */
static int count_in(const cJSON *json, const char *name)
{
    enum { MOST = 1000000 };
    return (int)fmin(fmax(number_in(json, name), 0.0), MOST);
}

bool stopwatch_from_json(const cJSON *json, stopwatch *w)
{
    *w = (stopwatch){ 0 };
    if (!cJSON_IsObject(json)) return false;
    w->threads = count_in(json, "threads");
    w->runs = count_in(json, "runs");
    w->encode = number_in(json, "encode");
    w->decode = number_in(json, "decode");
    for (int i = 0; i < STOPWATCH_PHASES; i++) {
        const cJSON *phase = cJSON_GetObjectItemCaseSensitive(json, phases[i].key);
        w->in[i] = (stopwatch_seconds){ number_in(phase, "passed"), number_in(phase, "worked") };
    }
    return true;
}
