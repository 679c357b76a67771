/* Runs: what the database and the screen's board take while runs become many. Each run is a config of its own, all of
 * one comparable set: the most that frontier and board can be given. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/board.h"
#include "app/growth.h"
#include "base/clock.h"
#include "kernels/random.h"

enum { FIRST = 100, NEWEST = 50, SIDES = 16, BLOCKS = 12, PATH = 4096 };
#define FILE_NAME "runs.db"

typedef struct runs {
    const growth_request *r;
    char file[PATH];
    store *s;
    board *b;
    int64_t n;    /* runs in it */
    hash *digest; /* not NULL: what comes out is taken into it */
    size_t count;
} runs;

/* ---- runs to fill it with ---- */

static double noise(int64_t run, uint64_t which)
{
    return random_uniform(which, (uint64_t)run);
}

static void measure(store_run *run, int64_t n)
{
    run->n_values = 1048576;
    run->ratio = run->ratio_ctx = run->ratio_128k = 1 + 7 * noise(n, 1);
    run->bits_per_value = 16 / run->ratio;
    run->payload_bytes = run->bytes = (int64_t)(run->bits_per_value * (double)run->n_values / 8);
    run->metadata_bytes = run->exact_bytes = 0;
    run->side_bytes = 128;
    const double kld = exp(-9 + 1.1 * run->ratio + noise(n, 2));
    run->kld = (store_estimate){ kld, 0.9 * kld, 1.1 * kld };
    run->kld_median = 0.5 * kld;
    run->kld_p99 = run->kld_p999 = run->kld_max = 10 * kld;
    run->ppl_ref = 10;
    run->ppl = 10 * (1 + kld);
    run->dppl = (store_estimate){ 100 * kld, 90 * kld, 110 * kld };
    run->top1 = (store_estimate){ 95, 94, 96 };
    run->rms_dp = (store_estimate){ 2, 1.9, 2.1 };
    run->verdict = "ACCEPT";
    run->encode_gbs = run->decode_gbs = 1;
    run->ms_per_token = 0.01;
    run->peak_rss_bytes = 80 << 20;
}

static bool add_run(runs *x, fault *f)
{
    char uid[40], config[96];
    store_layer layers[SIDES];
    store_block blocks[BLOCKS];
    store_run run = store_run_blank();
    snprintf(uid, sizeof uid, "%032" PRIx64, (uint64_t)x->n + 1);
    snprintf(config, sizeof config, "k=polar(bits=%d,seed=%" PRId64 ") v=turbo3", (int)(x->n % 7) + 1, x->n);
    run.uid = uid;
    run.started = run.finished = 1790000000 + x->n;
    run.wall_s = 1;
    run.model = (store_model){ "m0", "model", "/model.gguf", "llama", "F16", SIDES / 2, 8, 2, 64, 8000000, 16000000 };
    run.text = (store_text){ "t0", "self", "self", 1, 16384 };
    run.config = (store_config){ config, config, "polar", "turbo3" };
    run.environment = (store_environment){ "e0", "1", "engine", "cpu", "simd", "compiler", "os" };
    run.protocol = "stream";
    run.ctx = 512;
    run.passages = BLOCKS / 4;
    run.threads = 2;
    run.status = "done";
    measure(&run, x->n);
    for (int i = 0; i < SIDES; i++)
        layers[i] = (store_layer){ i / 2, i % 2 ? "v" : "k", "turbo3", 0.03, i % 2 ? NAN : 0.02, 65536, 32768 };
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = (store_block){ i / 4, i % 4, 64, 150, 151, 64 * run.kld.value, 0.1, 60 };
    const store_parts parts = { .layers = layers, .n_layers = SIDES, .blocks = blocks, .n_blocks = BLOCKS };
    if (!store_add_run(x->s, &run, &parts, NULL, f)) return false;
    x->n++;
    return true;
}

/* ---- what is timed ---- */

static bool take_run(void *arg, const store_run *run)
{
    runs *x = arg;
    x->count++;
    if (x->digest) hash_bytes(x->digest, &run->id, sizeof run->id);
    return true;
}

static bool newest(runs *x, fault *f)
{
    return store_each_run(x->s, NULL, NEWEST, take_run, x, f);
}

static bool take_point(void *arg, const store_point *p)
{
    runs *x = arg;
    const int where = p->where;
    x->count++;
    if (!x->digest) return true;
    hash_bytes(x->digest, &p->run->id, sizeof p->run->id);
    hash_bytes(x->digest, &where, sizeof where);
    return true;
}

static bool frontier(runs *x, fault *f)
{
    return store_frontier(x->s, NULL, store_metric_named("ratio"), store_metric_named("kld"), take_point, x, f);
}

/* What a sweep asks before each run. */
static bool find_done(runs *x, fault *f)
{
    char config[96];
    int64_t id = 0;
    const int64_t n = x->n / 2;
    snprintf(config, sizeof config, "k=polar(bits=%d,seed=%" PRId64 ") v=turbo3", (int)(n % 7) + 1, n);
    store_run like = store_run_blank();
    like.model.hash = "m0";
    like.text.hash = "t0";
    like.config.hash = config;
    like.protocol = "stream";
    like.ctx = 512;
    like.passages = BLOCKS / 4;
    like.environment.engine = "engine";
    if (!store_find_done(x->s, &like, &id, f)) return false;
    if (x->digest) hash_bytes(x->digest, &id, sizeof id);
    return id == n + 1 ||
           fault_set(f, FAULT_INTERNAL, "growth: run %" PRId64 " was found instead of %" PRId64, id, n + 1);
}

static void digest_board(runs *x, const board *b)
{
    for (size_t i = 0; x->digest && i < board_n(b); i++)
        hash_bytes(x->digest, &board_at(b, i)->id, sizeof board_at(b, i)->id);
    for (size_t i = 0; x->digest && i < board_n_points(b); i++) {
        const board_point *p = board_point_at(b, i);
        const int64_t both[] = { p->row->id, p->where };
        hash_bytes(x->digest, both, sizeof both);
    }
}

static bool refresh(runs *x, fault *f)
{
    bool changed = false;
    if (!board_refresh(x->b, &changed, f)) return false;
    digest_board(x, x->b);
    return true;
}

/* A write by somebody that is about no run. */
static bool keep_question(runs *x, fault *f)
{
    return store_save_question(x->s, "q", "SELECT 1", "", f);
}

static bool open_board(runs *x, fault *f)
{
    bool changed = false;
    x->b = board_open(x->file, f);
    if (!x->b) return false;
    board_plot(x->b, 0, store_metric_named("ratio"), store_metric_named("kld"));
    return board_refresh(x->b, &changed, f);
}

static bool close_board(runs *x, fault *f)
{
    (void)f;
    board_close(x->b);
    x->b = NULL;
    return true;
}

static bool reopen(runs *x, fault *f)
{
    if (!close_board(x, f) || !open_board(x, f)) return false;
    digest_board(x, x->b);
    return true;
}

static bool filter(runs *x, fault *f)
{
    if (!board_filter(x->b, "kld < 0.01", f)) return false;
    digest_board(x, x->b);
    return true;
}

static bool unfilter(runs *x, fault *f)
{
    return board_filter(x->b, NULL, f);
}

static bool sort_by_kld(runs *x, fault *f)
{
    (void)f;
    board_sort(x->b, 3, false);
    digest_board(x, x->b);
    return true;
}

static bool sort_by_id(runs *x, fault *f)
{
    (void)f;
    board_sort(x->b, 0, true);
    return true;
}

typedef struct operation {
    const char *name;
    growth_law law;
    int times;                         /* in a sample, where one takes microseconds */
    bool (*before)(runs *x, fault *f); /* not timed; or NULL */
    bool (*run)(runs *x, fault *f);
    bool (*after)(runs *x, fault *f); /* not timed; or NULL */
    bool hashes;
} operation;

/* The database has trees, hence the log; the board keeps every row and shows them in order. What is over at once is
 * done once before, because what was timed before it has left nothing of it in the caches. */
static const operation operations[] = {
    { "a run is added", GROWTH_LOG, 1, NULL, add_run, NULL, false },
    { "the board takes a new run", GROWTH_LINEAR, 1, NULL, refresh, NULL, true },
    { "the board sees nothing new", GROWTH_CONSTANT, 64, NULL, refresh, NULL, false },
    { "the board passes over another change", GROWTH_CONSTANT, 1, keep_question, refresh, NULL, false },
    { "the newest 50", GROWTH_CONSTANT, 1, newest, newest, NULL, true },
    { "is a run done already", GROWTH_LOG, 16, find_done, find_done, NULL, true },
    { "the frontier", GROWTH_N_LOG_N, 1, NULL, frontier, NULL, true },
    { "the board opens", GROWTH_N_LOG_N, 1, NULL, reopen, NULL, true },
    { "the board filters", GROWTH_N_LOG_N, 1, NULL, filter, unfilter, true },
    { "the board sorts", GROWTH_N_LOG_N, 1, NULL, sort_by_kld, sort_by_id, true },
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- one size ---- */

static bool run_once(runs *x, const operation *o, double *seconds, fault *f)
{
    if (o->before && !o->before(x, f)) return false;
    const double begin = clock_thread();
    for (int i = 0; i < o->times; i++)
        if (!o->run(x, f)) return false;
    *seconds = fmax(clock_thread() - begin, 1e-9) / o->times; /* a coarse clock may have stood still */
    return !o->after || o->after(x, f);
}

static bool hash_one(runs *x, const operation *o, char result[HASH_HEX], fault *f)
{
    hash h;
    double seconds;
    if (!o->hashes) return true;
    hash_start(&h);
    x->digest = &h;
    const operation once = { o->name, o->law, 1, o->before, o->run, o->after, true };
    const bool ok = run_once(x, &once, &seconds, f);
    x->digest = NULL;
    if (ok) hash_finish(&h, result);
    return ok;
}

/* Fills it to n runs and does everything in turns. The repetitions' own runs come on top. */
static bool at_size(runs *x, int64_t n, growth_series *series, fault *f)
{
    const size_t reps = (size_t)x->r->reps;
    double *seconds = calloc(OPERATIONS * reps, sizeof *seconds);
    bool ok = seconds || fault_memory(f, "the measurements");
    while (ok && x->n < n)
        ok = growth_at(x->r, x->n % 100 ? NULL : "runs", f) && add_run(x, f);
    bool changed;
    ok = ok && board_refresh(x->b, &changed, f);
    for (size_t rep = 0; ok && rep < reps; rep++)
        for (size_t i = 0; ok && i < OPERATIONS; i++)
            ok = growth_at(x->r, NULL, f) && run_once(x, &operations[i], &seconds[i * reps + rep], f);
    for (size_t i = 0; ok && i < OPERATIONS; i++)
        ok = growth_point_add(&series[i], (double)n, growth_law_cost(operations[i].law, (double)n), seconds + i * reps,
                              x->r->reps, f) &&
             hash_one(x, &operations[i], series[i].points[series[i].n - 1].result, f);
    free(seconds);
    return ok;
}

/* ---- the file ---- */

void growth_runs_clean(const char *directory)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[PATH];
        snprintf(path, sizeof path, "%s/" FILE_NAME "%s", directory, ends[i]);
        unlink(path);
    }
}

static bool open_place(runs *x, fault *f)
{
    const int n = snprintf(x->file, sizeof x->file, "%s/" FILE_NAME, x->r->directory);
    if (n >= (int)sizeof x->file) return fault_set(f, FAULT_INPUT, "growth: %s: too long a name", x->r->directory);
    x->s = store_open(x->file, STORE_WRITE, f);
    return x->s && open_board(x, f);
}

bool growth_runs(const growth_request *r, growth *out, fault *f)
{
    const growth_question *q = growth_question_named("runs");
    const double to = growth_largest(r, q);
    const size_t first = out->n;
    if (to < FIRST) return fault_set(f, FAULT_USAGE, "growth: runs begin at %d", FIRST);
    runs *x = calloc(1, sizeof *x);
    if (!x) return fault_memory(f, "the measurements");
    x->r = r;
    bool ok = open_place(x, f);
    for (size_t i = 0; ok && i < OPERATIONS; i++) {
        growth_series *s = growth_add(out, q->name, q->x_title, growth_law_name(operations[i].law), f);
        ok = s != NULL;
        if (ok) snprintf(s->name, sizeof s->name, "%s", operations[i].name);
    }
    for (double n = FIRST; ok && n <= to; n *= 2)
        ok = at_size(x, (int64_t)n, out->series + first, f);
    board_close(x->b);
    store_close(x->s);
    growth_runs_clean(r->directory);
    free(x);
    return ok;
}
