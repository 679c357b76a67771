#include "app/bench_attend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_time.h"
#include "app/bootstrap.h"
#include "kernels/cpu.h"
#include "kernels/random.h"
#include "kernels/simd.h"

/* Rows of noise, over and over; those of a call, as the engine makes it; of the portable version. */
enum { NOISE = 8192, CALL = 1024, PORTABLE_ROWS = 2 * CALL, QUERIES = 8 };
enum { FAST, F16, DECODED, PORTABLE, RIVALS, TWO = 2, ENTRANTS = TWO * RIVALS };

const int attend_queries[ATTEND_GROUPS] = { 1, 2, 4, 8 };

/* An instance that attends on bytes: of n_calls calls, call i at bytes + at[i]. */
typedef struct subject {
    const char *name;
    host *host;
    const kvant_codec *codec;
    void *state;
    const uint8_t *bytes;
    const size_t *at;
    size_t call, n_calls;
} subject;

typedef struct encoding {
    uint8_t *bytes;
    size_t *at; /* n_calls + 1 */
} encoding;

typedef struct bench {
    const attend_request *r;
    size_t dim, call, n_calls;
    float *noise, *q, *weights; /* NOISE rows; QUERIES rows; QUERIES x call */
    float *scores, *sums;       /* QUERIES x call; QUERIES x dim */
    float *decoded, *panel;     /* call rows; a panel of them */
    encoding encoding[TWO];     /* of the codec, of f16 */
    subject fast, f16, portable;
    const simd *simd;
    double *seconds;
    bench_entrant entrant[ENTRANTS];
} bench;

/* What an entrant works with. */
typedef struct turn {
    bench *b;
    const subject *s;
    size_t n_q;
} turn;

static bool answered(const subject *s, int64_t code, fault *f)
{
    if (code >= 0) return true;
    const char *message = host_message(s->host);
    return fault_set(f, FAULT_INPUT, "bench: %s: %s", s->name, *message ? message : "it refused without a message");
}

/* ---- what is timed ------------------------------------------------------------------------------------------------
 */

static bool run_scores(void *arg, fault *f)
{
    const turn *t = arg;
    const subject *s = t->s;
    for (size_t i = 0; i < s->n_calls; i++)
        if (!answered(s,
                      s->codec->scores(s->state, i * s->call, s->bytes + s->at[i], s->at[i + 1] - s->at[i], s->call,
                                       t->b->q, t->n_q, t->b->scores),
                      f))
            return false;
    return true;
}

static bool run_mix(void *arg, fault *f)
{
    const turn *t = arg;
    const subject *s = t->s;
    memset(t->b->sums, 0, t->n_q * t->b->dim * sizeof(float));
    for (size_t i = 0; i < s->n_calls; i++)
        if (!answered(s,
                      s->codec->mix(s->state, i * s->call, s->bytes + s->at[i], s->at[i + 1] - s->at[i], s->call,
                                    t->b->weights, t->n_q, t->b->sums),
                      f))
            return false;
    return true;
}

static bool decode_call(const turn *t, size_t i, fault *f)
{
    const subject *s = t->s;
    return answered(
        s,
        s->codec->decode(s->state, i * s->call, s->bytes + s->at[i], s->at[i + 1] - s->at[i], t->b->decoded, s->call),
        f);
}

static bool run_decoded_scores(void *arg, fault *f)
{
    const turn *t = arg;
    bench *b = t->b;
    const size_t width = (size_t)b->simd->width;
    for (size_t i = 0; i < t->s->n_calls; i++) {
        if (!decode_call(t, i, f)) return false;
        for (size_t r = 0; r < b->call; r += width) {
            const int n = (int)(b->call - r < width ? b->call - r : width);
            b->simd->pack(b->decoded + r * b->dim, b->dim, n, b->dim, b->panel);
            b->simd->panel(b->q, b->dim, t->n_q, b->panel, width, b->dim, b->scores + r, b->call, n, false);
        }
    }
    return true;
}

static bool run_decoded_mix(void *arg, fault *f)
{
    const turn *t = arg;
    bench *b = t->b;
    const size_t width = (size_t)b->simd->width;
    memset(b->sums, 0, t->n_q * b->dim * sizeof(float));
    for (size_t i = 0; i < t->s->n_calls; i++) {
        if (!decode_call(t, i, f)) return false;
        for (size_t k = 0; k < b->dim; k += width)
            b->simd->panel(b->weights, b->call, t->n_q, b->decoded + k, b->dim, b->call, b->sums + k, b->dim,
                           (int)(b->dim - k < width ? b->dim - k : width), true);
    }
    return true;
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static bool open_subject(subject *s, const attend_request *r, const spec *codec, fault *f)
{
    const kvant_shape shape = { .size = sizeof shape,
                                .abi = KVANT_ABI,
                                .stream = KVANT_K,
                                .dim = r->dim,
                                .n_layers = 1,
                                .n_heads = 1,
                                .rotated = 1 };
    s->name = codec->text;
    s->host = host_create(r->known, codec, NULL, f);
    if (!s->host) return false;
    s->codec = host_codec(s->host);
    if (!s->codec->scores || !s->codec->mix || s->codec->save || s->codec->calibrate)
        return fault_set(f, FAULT_INPUT, "bench: %s: no scores and mix without decoding (or not without side data)",
                         s->name);
    return answered(s, s->codec->create(host_services(s->host), &shape, host_values(s->host), &s->state), f);
}

static void close_subject(subject *s)
{
    if (s->state) s->codec->destroy(s->state);
    host_destroy(s->host);
}

/* Rows of call i: the noise from where it was left. */
static const float *rows_of(const bench *b, size_t i)
{
    return b->noise + i * b->call % NOISE * b->dim;
}

static bool encode_calls(bench *b, subject *s, encoding *e, fault *f)
{
    const size_t one = s->codec->bound(s->state, 0, b->call);
    size_t room;
    if (one > b->call * b->dim * 64 + 4096 || __builtin_mul_overflow(one, b->n_calls, &room))
        return fault_set(f, FAULT_INPUT, "bench: %s asks for %zu bytes for %zu rows", s->name, one, b->call);
    e->bytes = malloc(room + 1);
    e->at = calloc(b->n_calls + 1, sizeof *e->at);
    if (!e->bytes || !e->at) return fault_memory(f, "an encoding");
    for (size_t i = 0; i < b->n_calls; i++) {
        const int64_t n =
            s->codec->encode(s->state, i * b->call, rows_of(b, i), b->call, e->bytes + e->at[i], room - e->at[i]);
        if (!answered(s, n, f)) return false;
        e->at[i + 1] = e->at[i] + (size_t)n;
    }
    s->bytes = e->bytes;
    s->at = e->at;
    s->call = b->call;
    s->n_calls = b->n_calls;
    return true;
}

static bool make_rows(bench *b, fault *f)
{
    const size_t noise = NOISE * b->dim, queries = QUERIES * b->dim, weights = QUERIES * b->call;
    b->noise = malloc(noise * sizeof(float));
    b->q = malloc(queries * sizeof(float));
    b->weights = malloc(weights * sizeof(float));
    b->scores = calloc(weights, sizeof(float));
    b->sums = calloc(queries, sizeof(float));
    b->decoded = malloc(b->call * b->dim * sizeof(float));
    b->panel = malloc(b->dim * (size_t)b->simd->width * sizeof(float));
    b->seconds = calloc((size_t)b->r->reps * ENTRANTS, sizeof *b->seconds);
    if (!b->noise || !b->q || !b->weights || !b->scores || !b->sums || !b->decoded || !b->panel || !b->seconds)
        return fault_memory(f, "rows");
    for (size_t i = 0; i < noise; i++)
        b->noise[i] = (float)random_normal(b->r->seed, i);
    for (size_t i = 0; i < queries; i++)
        b->q[i] = (float)random_normal(b->r->seed + 1, i);
    for (size_t i = 0; i < weights; i++)
        b->weights[i] = (float)exp(random_normal(b->r->seed + 2, i)) / (float)CALL;
    return true;
}

static bool open_all(bench *b, fault *f)
{
    const char *best = cpu_level_name(cpu_level());
    if (!open_subject(&b->fast, b->r, b->r->codec, f) || !open_subject(&b->f16, b->r, b->r->f16, f)) return false;
    cpu_force(cpu_level_name(0));
    const bool ok = open_subject(&b->portable, b->r, b->r->codec, f);
    cpu_force(best);
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI, .block = 1 };
    if (!ok || (b->fast.codec->geometry && !answered(&b->fast, b->fast.codec->geometry(b->fast.state, &g), f)))
        return false;
    if (g.block < 1 || CALL % g.block != 0)
        return fault_set(f, FAULT_INPUT, "bench: %s: blocks of %u rows do not divide %d", b->fast.name, g.block, CALL);
    b->call = CALL;
    b->n_calls = (b->r->rows + CALL - 1) / CALL;
    if (b->n_calls < PORTABLE_ROWS / CALL) b->n_calls = PORTABLE_ROWS / CALL;
    if (!make_rows(b, f) || !encode_calls(b, &b->fast, &b->encoding[0], f) ||
        !encode_calls(b, &b->f16, &b->encoding[1], f))
        return false;
    b->portable.bytes = b->fast.bytes;
    b->portable.at = b->fast.at;
    b->portable.call = b->call;
    b->portable.n_calls = PORTABLE_ROWS / CALL;
    return true;
}

static void close_all(bench *b)
{
    close_subject(&b->fast);
    close_subject(&b->f16);
    close_subject(&b->portable);
    for (int i = 0; i < TWO; i++)
        free(b->encoding[i].bytes), free(b->encoding[i].at);
    free(b->noise), free(b->q), free(b->weights), free(b->scores), free(b->sums), free(b->decoded), free(b->panel);
    free(b->seconds);
}

/* ---- is it right? -------------------------------------------------------------------------------------------------
 */

static double cosine(const float *a, const double *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * (double)a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* The first call's scores and sums in f64, of the rows as they were before encoding. */
static bool judge(bench *b, attend_result *out, fault *f)
{
    double *scores = calloc(QUERIES * b->call, sizeof *scores), *sums = calloc(QUERIES * b->dim, sizeof *sums);
    const bool ok = (scores && sums) || fault_memory(f, "rows");
    for (size_t i = 0; ok && i < QUERIES; i++)
        for (size_t r = 0; r < b->call; r++)
            for (size_t k = 0; k < b->dim; k++) {
                const double x = (double)b->noise[r * b->dim + k];
                scores[i * b->call + r] += (double)b->q[i * b->dim + k] * x;
                sums[i * b->dim + k] += (double)b->weights[i * b->call + r] * x;
            }
    if (ok) out->cosine[ATTEND_SCORES] = cosine(b->scores, scores, QUERIES * b->call);
    if (ok) out->cosine[ATTEND_MIX] = cosine(b->sums, sums, QUERIES * b->dim);
    free(scores), free(sums);
    return ok;
}

/* Both versions on the first call: their results are compared, hashed and judged. */
static bool examine(bench *b, attend_result *out, fault *f)
{
    const size_t n = QUERIES * b->call * sizeof(float), m = QUERIES * b->dim * sizeof(float);
    subject portable = b->portable, fast = b->fast;
    portable.n_calls = fast.n_calls = 1;
    turn first = { b, &portable, QUERIES }, second = { b, &fast, QUERIES };
    uint8_t *kept = malloc(n + m);
    if (!kept) return fault_memory(f, "scores");
    bool ok = run_scores(&first, f) && run_mix(&first, f);
    if (ok) memcpy(kept, b->scores, n), memcpy(kept + n, b->sums, m);
    ok = ok && run_scores(&second, f) && run_mix(&second, f);
    if (ok && (memcmp(kept, b->scores, n) != 0 || memcmp(kept + n, b->sums, m) != 0))
        ok = fault_set(f, FAULT_NO, "bench: %s: %s gives other scores or sums than the portable version", fast.name,
                       cpu_level_name(cpu_level()));
    if (ok) {
        hash h;
        hash_start(&h);
        hash_bytes(&h, kept, n + m);
        hash_finish(&h, out->hash);
    }
    free(kept);
    out->bits = 8 * (double)b->fast.at[b->n_calls] / (double)(b->n_calls * b->call * b->dim);
    return ok && judge(b, out, f);
}

/* ---- timing -------------------------------------------------------------------------------------------------------
 */

/* samples of scores and of mix, added. */
static void add_samples(const bench_entrant *a, const bench_entrant *b, int reps, double *out)
{
    for (int i = 0; i < reps; i++)
        out[i] = a->seconds[i] + b->seconds[i];
}

static bool ratio(const double *fast, const double *slow, double scale, const attend_request *r, interval *out,
                  fault *f)
{
    if (!bootstrap_ratio(fast, slow, (size_t)r->reps, r->seed, out, f)) return false;
    *out = (interval){ scale * out->value, scale * out->lo, scale * out->hi };
    return true;
}

/* seconds: of the rivals, reps each. Sorts the first. */
static bool summarise(const bench *b, double *const seconds[RIVALS], size_t n_q, attend_way *out, fault *f)
{
    const double rows = (double)(b->n_calls * b->call), few = rows / PORTABLE_ROWS;
    if (!ratio(seconds[FAST], seconds[F16], 1, b->r, &out->over_f16, f) ||
        !ratio(seconds[FAST], seconds[DECODED], 1, b->r, &out->over_decoded, f) ||
        !ratio(seconds[FAST], seconds[PORTABLE], few, b->r, &out->over_portable, f))
        return false;
    const double median = bootstrap_median(seconds[FAST], (size_t)b->r->reps);
    out->ns = 1e9 * median / rows / (double)n_q;
    out->gbs = 1e-9 * rows * (double)b->dim * sizeof(float) / median;
    return true;
}

static bool summarise_both(const bench *b, size_t n_q, attend_way *out, fault *f)
{
    const size_t reps = (size_t)b->r->reps;
    double *both = calloc(RIVALS * reps, sizeof *both), *at[RIVALS];
    if (!both) return fault_memory(f, "samples");
    for (size_t i = 0; i < RIVALS; i++) {
        at[i] = both + i * reps;
        add_samples(&b->entrant[i], &b->entrant[RIVALS + i], b->r->reps, at[i]);
    }
    const bool ok = summarise(b, at, n_q, out, f);
    free(both);
    return ok;
}

static bool time_group(bench *b, size_t n_q, attend_way out[ATTEND_WAYS], fault *f)
{
    static bool (*const run[TWO][RIVALS])(void *, fault *) = {
        { run_scores, run_scores, run_decoded_scores, run_scores },
        { run_mix, run_mix, run_decoded_mix, run_mix },
    };
    turn turns[RIVALS] = { { b, &b->fast, n_q }, { b, &b->f16, n_q }, { b, &b->fast, n_q }, { b, &b->portable, n_q } };
    for (int way = 0; way < TWO; way++)
        for (int i = 0; i < RIVALS; i++)
            b->entrant[way * RIVALS + i] =
                (bench_entrant){ .run = run[way][i],
                                 .arg = &turns[i],
                                 .seconds = b->seconds + (size_t)(way * RIVALS + i) * (size_t)b->r->reps };
    bool ok = bench_turns(b->entrant, ENTRANTS, b->r->reps, f) && summarise_both(b, n_q, &out[ATTEND_BOTH], f);
    for (int way = 0; way < TWO && ok; way++) {
        double *at[RIVALS];
        for (int i = 0; i < RIVALS; i++)
            at[i] = b->entrant[way * RIVALS + i].seconds;
        ok = summarise(b, at, n_q, &out[way], f);
    }
    return ok;
}

bool bench_attend(const attend_request *r, attend_result *out, fault *f)
{
    bench b = { .r = r, .dim = (size_t)r->dim, .simd = simd_best() };
    *out = (attend_result){ .codec = r->codec->text, .dim = r->dim };
    bool ok = open_all(&b, f) && examine(&b, out, f);
    out->rows = b.n_calls * b.call;
    for (int i = 0; i < ATTEND_GROUPS && ok; i++)
        ok = time_group(&b, (size_t)attend_queries[i], out->way[i], f);
    close_all(&b);
    return ok;
}
