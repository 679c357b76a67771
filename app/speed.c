#include "app/speed.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/calibration.h"
#include "app/compress.h"
#include "app/generation.h"
#include "app/logits_window.h"
#include "base/clock.h"

typedef struct side {
    compressor *codecs; /* of decoded rows */
    encoded *bytes;     /* neither: the exact cache */
    calibration *calibration;
    int32_t *ids; /* what it generated last */
    bool has_ids; /* it has generated */
    double setup;
    double counted, positions;       /* decoded rows: before the timed runs */
    double bytes_at_end, side_bytes; /* bytes: of the last run's cache */
} side;

typedef struct bench {
    const speed_request *r;
    speed_result *out;
    side sides[SPEED_SIDES];
    int32_t *forced;        /* the text and what the exact cache says behind it */
    float *exact, *states;  /* [scored][n_embd]: the exact cache's, and those of the side being judged */
    int scored, runs, done; /* positions; runs in all, and those that are over */
} bench;

/* Tokens that are read before the model goes on alone. */
static int text_of(const speed_request *r)
{
    return (r->fill ? 0 : r->depth) + r->prompt;
}

static int length_of(const speed_request *r)
{
    return r->depth + r->prompt + r->generate;
}

/* So many runs are over. */
static bool at(const bench *b, fault *f)
{
    return !b->r->at || b->r->at(b->r->self, b->done, b->runs) || fault_set(f, FAULT_INTERRUPTED, "interrupted");
}

static bool go_on(bench *b, fault *f)
{
    b->done++;
    return at(b, f);
}

/* ---- codecs ---- */

typedef struct knowledge {
    const speed_request *r;
    side *s;
} knowledge;

static const calibration *open_calibration(void *self, fault *f)
{
    const knowledge *k = self;
    const speed_request *r = k->r;
    char path[PATH_MAX];
    if (!calibration_find(r->calibrations, r->model_id, r->calibration, path, f)) return NULL;
    k->s->calibration = calibration_open(path, r->model_id, &engine_model(r->e)->shape, f);
    return k->s->calibration;
}

static bool open_codecs(const speed_request *r, speed_side which, side *s, fault *f)
{
    knowledge k = { r, s };
    const compress_request request = { .known = r->known,
                                       .config = r->config[which],
                                       .e = r->e,
                                       .ctx = length_of(r),
                                       .env = r->env,
                                       .self = &k,
                                       .calibration = open_calibration };
    s->ids = reallocarray(NULL, (size_t)r->generate, sizeof *s->ids);
    if (!s->ids) return fault_memory(f, "the generated tokens");
    if (!request.config) return true;
    const double begin = clock_seconds();
    if (r->decoded)
        s->codecs = compress_open(&request, f);
    else
        s->bytes = encoded_open(&request, f);
    s->setup = clock_seconds() - begin;
    calibration_close(s->calibration);
    s->calibration = NULL;
    return s->codecs || s->bytes;
}

/* An empty cache of a side, and what stands in it before any token is read. */
static generation *open_generation(const speed_request *r, const side *s, fault *f)
{
    return s->bytes ? generation_open_encoded(r->e, s->bytes, length_of(r), f)
                    : generation_open(r->e, s->codecs, length_of(r), f);
}

/* Counts what the cache took, and leaves nothing of it in memory for the other side's turn. */
static bool close_generation(side *s, generation *g, bool ok, fault *f)
{
    ok = generation_close(g, ok ? f : NULL) && ok;
    if (!s->bytes) return ok;
    encoded_size size;
    encoded_count(s->bytes, &size);
    s->bytes_at_end = (double)size.bytes;
    s->side_bytes = (double)size.side_bytes;
    encoded_begin(s->bytes);
    return ok;
}

static bool fill(const speed_request *r, generation *g, fault *f)
{
    return !r->fill || speed_fill_append(g, r->fill, r->depth, f);
}

/* ---- one timed run ---- */

typedef struct speed_watch {
    const speed_request *r;
    double first; /* when the first token came; 0: not yet */
} speed_watch;

static bool said(void *self, int32_t token)
{
    speed_watch *w = self;
    (void)token;
    if (w->first == 0) w->first = clock_seconds();
    return !w->r->env->cancelled(w->r->env->arg);
}

static void take_work(encoded_work w, speed_sample *to)
{
    to->take_s = w.take_s;
    to->scores_s = w.scores_s;
    to->mix_s = w.mix_s;
    to->seen = w.seen;
    to->kept = w.kept;
}

static bool time_generation(const bench *b, const side *s, generation *g, double opening, answer *a, speed_sample *to,
                            fault *f)
{
    const speed_request *r = b->r;
    const int before = text_of(r) - r->prompt;
    if (!fill(r, g, f) || (before > 0 && !generation_read(g, r->tokens, before, f))) return false;
    speed_watch w = { .r = r };
    const generation_watch watch = { said, &w };
    const double begin = clock_seconds();
    if (!generation_read(g, r->tokens + before, r->prompt, f)) return false;
    if (s->bytes) encoded_spent(s->bytes);
    const double read = clock_seconds();
    if (!generation_continue(g, NULL, &watch, a, f)) return false;
    to->prompt_s = read - begin;
    to->first_s = opening + w.first - begin;
    to->generate_s = clock_seconds() - read;
    if (s->bytes) take_work(encoded_spent(s->bytes), to);
    return true;
}

/* What earlier runs have freed must not stand in the next one's peak. */
static void give_memory_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static bool run_once(const bench *b, side *s, int32_t *ids, speed_sample *to, fault *f)
{
    const speed_request *r = b->r;
    answer a = { .tokens = ids, .room = r->generate };
    give_memory_back();
    speed_peak_reset();
    const double begin = clock_seconds();
    generation *g = open_generation(r, s, f);
    bool ok = g && time_generation(b, s, g, clock_seconds() - begin, &a, to, f);
    to->peak = speed_peak();
    return close_generation(s, g, ok, f);
}

/* Runs a side, keeps its sample, and sees whether it said the same as before. */
static bool repeat(bench *b, int rep, speed_side which, fault *f)
{
    side *s = &b->sides[which];
    const size_t n = (size_t)b->r->generate;
    speed_sample *to = &b->out->samples[b->out->n_samples];
    *to = (speed_sample){ .rep = rep, .side = which };
    int32_t *before = s->has_ids ? reallocarray(NULL, n, sizeof *before) : NULL;
    if (s->has_ids && !before) return fault_memory(f, "the generated tokens");
    if (before) memcpy(before, s->ids, n * sizeof *before);
    const bool ok = run_once(b, s, s->ids, to, f);
    if (ok && before && memcmp(before, s->ids, n * sizeof *before) != 0) b->out->stable = false;
    free(before);
    s->has_ids = true;
    b->out->n_samples += ok;
    return ok && go_on(b, f);
}

/* ---- quality ---- */

/* The states of the scored positions, forced through one cache. */
static bool force(const bench *b, side *s, float *states, fault *f)
{
    const speed_request *r = b->r;
    const int before = text_of(r) + r->generate - 1 - b->scored;
    generation *g = open_generation(r, s, f);
    const bool ok = g && fill(r, g, f) && (before == 0 || generation_read(g, b->forced, before, f)) &&
                    generation_read_states(g, b->forced + before, b->scored, states, f);
    return close_generation(s, g, ok, f);
}

/* What is scored: the end of the prompt, and what the exact cache says behind it. */
static bool force_exact(bench *b, fault *f)
{
    const speed_request *r = b->r;
    answer a = { .tokens = b->forced + text_of(r), .room = r->generate };
    memcpy(b->forced, r->tokens, (size_t)text_of(r) * sizeof *b->forced);
    side exact = { 0 };
    generation *g = open_generation(r, &exact, f);
    const bool ok =
        g && fill(r, g, f) && generation_read(g, b->forced, text_of(r), f) && generation_continue(g, NULL, NULL, &a, f);
    generation_close(g, NULL);
    return ok && go_on(b, f) && force(b, &exact, b->exact, f) && go_on(b, f);
}

/* Bytes and positions of all sequences so far; quality, when it is asked for, of the codecs. */
static bool count(const side *s, double *bytes, double *positions, speed_quality *q, fault *f)
{
    job_result report = { 0 };
    const bool ok = compress_report(s->codecs, &report, f);
    *bytes = (double)report.bytes.total;
    *positions = (double)report.positions;
    if (ok && q) {
        q->side_bytes = (double)report.side_bytes;
        q->encode_gbs = report.encode_gbs;
        q->decode_gbs = report.decode_gbs;
    }
    job_result_release(&report);
    return ok;
}

static bool judge(bench *b, speed_side which, fault *f)
{
    const speed_request *r = b->r;
    side *s = &b->sides[which];
    metrics scores = { 0 };
    logits_window window;
    logits_window_set(&window, r->e, (size_t)b->scored);
    const reference exact = { .n_scored = (size_t)b->scored, .states = b->exact };
    const int32_t *next = b->forced + text_of(r) + r->generate - b->scored;
    const bool ok = force(b, s, b->states, f) &&
                    logits_window_compare(&window, &scores, 0, &exact, b->states, next, f) &&
                    metrics_summarise(&scores, r->seed, &b->out->quality[which].against_exact, f);
    metrics_release(&scores);
    return ok && (!s->codecs || count(s, &s->counted, &s->positions, NULL, f)) && go_on(b, f);
}

static bool describe(const bench *b, speed_side which, fault *f)
{
    const speed_request *r = b->r;
    const side *s = &b->sides[which];
    speed_quality *q = &b->out->quality[which];
    const double length = length_of(r);
    double bytes, positions;
    hash h;
    hash_start(&h);
    hash_bytes(&h, s->ids, (size_t)r->generate * sizeof *s->ids);
    hash_finish(&h, q->ids);
    q->setup_s = s->setup;
    q->cache_bytes = 2.0 * (double)model_kv_bytes(&engine_model(r->e)->shape) * length; /* f32 */
    if (s->bytes) {
        q->cache_bytes = s->bytes_at_end;
        q->side_bytes = s->side_bytes;
        q->layers = engine_model(r->e)->shape.n_layers;
        encoded_fused(s->bytes, &q->fused_keys, &q->fused_values);
    }
    if (!s->codecs) return true;
    if (!count(s, &bytes, &positions, q, f)) return false;
    q->cache_bytes = (bytes - s->counted) / (positions - s->positions) * length;
    return true;
}

/* ---- the whole ---- */

static bool open_all(bench *b, fault *f)
{
    const speed_request *r = b->r;
    const size_t width = (size_t)engine_model(r->e)->shape.n_embd;
    const int prompt = r->prompt < SPEED_SCORED ? r->prompt : SPEED_SCORED;
    b->scored = prompt + r->generate - 1;
    b->runs = 4 + 2 * (r->reps + 1);
    b->forced = reallocarray(NULL, (size_t)(text_of(r) + r->generate), sizeof *b->forced);
    b->exact = reallocarray(NULL, (size_t)b->scored, width * sizeof *b->exact);
    b->states = reallocarray(NULL, (size_t)b->scored, width * sizeof *b->states);
    b->out->samples = reallocarray(NULL, 2 * (size_t)r->reps + 2, sizeof *b->out->samples);
    if (!b->forced || !b->exact || !b->states || !b->out->samples) return fault_memory(f, "the samples");
    b->out->stable = true;
    return at(b, f) && open_codecs(r, SPEED_REFERENCE, &b->sides[SPEED_REFERENCE], f) &&
           open_codecs(r, SPEED_CONFIG, &b->sides[SPEED_CONFIG], f);
}

/* The first of each counts nothing but its tokens: caches are cold, and memory is new. */
static bool run_all(bench *b, fault *f)
{
    for (int rep = -1; rep < b->r->reps; rep++) {
        const speed_side first = speed_first(rep), second = first == SPEED_CONFIG ? SPEED_REFERENCE : SPEED_CONFIG;
        if (!repeat(b, rep, first, f) || !repeat(b, rep, second, f)) return false;
        if (rep < 0) b->out->n_samples = 0;
    }
    return true;
}

static void close_all(bench *b, bool *ok, fault *f)
{
    for (int i = 0; i < SPEED_SIDES; i++) {
        if (!compress_close(b->sides[i].codecs, *ok ? f : NULL)) *ok = false;
        if (!encoded_close(b->sides[i].bytes, *ok ? f : NULL)) *ok = false;
        free(b->sides[i].ids);
    }
    free(b->forced);
    free(b->exact);
    free(b->states);
}

bool speed_measure(const speed_request *r, speed_result *out, fault *f)
{
    bench b = { .r = r, .out = out };
    *out = (speed_result){ 0 };
    bool ok = open_all(&b, f) && force_exact(&b, f) && judge(&b, SPEED_REFERENCE, f) && judge(&b, SPEED_CONFIG, f) &&
              run_all(&b, f) && describe(&b, SPEED_REFERENCE, f) && describe(&b, SPEED_CONFIG, f) &&
              speed_summarise(out, r->prompt, r->generate, r->seed, f);
    while (ok && out->common < r->generate &&
           b.sides[SPEED_REFERENCE].ids[out->common] == b.sides[SPEED_CONFIG].ids[out->common])
        out->common++;
    close_all(&b, &ok, f);
    return ok;
}
