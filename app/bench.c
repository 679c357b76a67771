/* A codec twice, portable and as fast as this machine runs it, timed in turns with a copy of its rows. */
#include "app/bench.h"

#include <stdlib.h>
#include <string.h>

#include "app/bench_time.h"
#include "app/instance.h"
#include "kernels/cpu.h"
#include "kernels/random.h"

enum {
    COPY,
    PORTABLE,
    FAST = PORTABLE + BENCH_WAYS,
    ALONE = FAST + BENCH_WAYS,
    HOSTED = ALONE + BENCH_WAYS,
    REFERENCE = HOSTED + BENCH_WAYS,
    ENTRANTS = REFERENCE + BENCH_WAYS
};

/* One version of the codec: an encoder, and a decoder that has what it saved. */
typedef struct version {
    host *host[BENCH_WAYS];
    void *state[BENCH_WAYS];
    const kvant_codec *codec;
    const char *name;
    float *rows, *back;
    uint8_t *bytes;
    size_t dim, n_rows, capacity, n_bytes;
} version;

typedef struct hosted {
    instance *encoder, *decoder;
    const float *rows;
    float *back;
    const uint8_t *bytes;
    size_t n_rows, n_bytes;
} hosted;

typedef struct bench {
    const bench_request *r;
    version version[2]; /* portable, fast */
    version one;        /* the fast one's codec on one block */
    hosted hosted;
    against_run against;
    bench_copy copy;
    double *seconds;
    bench_entrant entrant[ENTRANTS];
} bench;

static bool answered(const version *v, int way, int64_t code, fault *f)
{
    if (code >= 0) return true;
    const char *message = host_message(v->host[way]);
    return fault_set(f, FAULT_INPUT, "bench: %s: %s", v->name, *message ? message : "it refused without a message");
}

static bool encode(void *arg, fault *f)
{
    version *v = arg;
    const int64_t n = v->codec->encode(v->state[BENCH_ENCODE], 0, v->rows, v->n_rows, v->bytes, v->capacity);
    v->n_bytes = n > 0 ? (size_t)n : 0;
    return answered(v, BENCH_ENCODE, n, f);
}

static bool decode(void *arg, fault *f)
{
    version *v = arg;
    return answered(v, BENCH_DECODE,
                    v->codec->decode(v->state[BENCH_DECODE], 0, v->bytes, v->n_bytes, v->back, v->n_rows), f);
}

static bool encode_hosted(void *arg, fault *f)
{
    hosted *h = arg;
    return instance_encode(h->encoder, 0, h->rows, h->n_rows, &h->bytes, &h->n_bytes, f);
}

static bool decode_hosted(void *arg, fault *f)
{
    hosted *h = arg;
    return instance_decode(h->decoder, 0, h->bytes, h->n_bytes, h->back, h->n_rows, f);
}

/* ---- opening ---- */

static kvant_shape shape_of(const bench_request *r)
{
    return (kvant_shape){ .size = sizeof(kvant_shape),
                          .abi = KVANT_ABI,
                          .stream = KVANT_K,
                          .dim = r->dim,
                          .n_layers = 1,
                          .n_heads = 1,
                          .rotated = 1 };
}

static bool open_version(version *v, const bench_request *r, fault *f)
{
    const kvant_shape shape = shape_of(r);
    v->name = r->codec->text;
    v->dim = (size_t)r->dim;
    for (int way = 0; way < BENCH_WAYS; way++) {
        v->host[way] = host_create(r->known, r->codec, NULL, f);
        if (!v->host[way]) return false;
        v->codec = host_codec(v->host[way]);
        if (!answered(v, way,
                      v->codec->create(host_services(v->host[way]), &shape, host_values(v->host[way]), &v->state[way]),
                      f))
            return false;
    }
    return true;
}

static void close_version(version *v)
{
    for (int way = 0; way < BENCH_WAYS; way++) {
        if (v->state[way]) v->codec->destroy(v->state[way]);
        host_destroy(v->host[way]);
    }
    free(v->back);
    free(v->bytes);
}

/* What an encoder saves, its decoder loads. */
static bool ready_decoder(version *v, fault *f)
{
    const int64_t n = v->codec->save ? v->codec->save(v->state[BENCH_ENCODE], NULL, 0) : 0;
    if (n == 0) return true;
    if (!answered(v, BENCH_ENCODE, n, f)) return false;
    uint8_t *side = malloc((size_t)n);
    if (!side) return fault_memory(f, "side data");
    const int64_t written = v->codec->save(v->state[BENCH_ENCODE], side, (size_t)n);
    bool ok = answered(v, BENCH_ENCODE, written, f) &&
              (v->codec->load || fault_set(f, FAULT_INPUT, "bench: %s saves and does not load", v->name)) &&
              answered(v, BENCH_DECODE, v->codec->load(v->state[BENCH_DECODE], side, (size_t)written), f);
    free(side);
    return ok;
}

static bool prepare(version *v, float *rows, size_t n_rows, fault *f)
{
    v->rows = rows;
    v->n_rows = n_rows;
    v->capacity = v->codec->bound(v->state[BENCH_ENCODE], 0, n_rows);
    if (v->capacity > n_rows * v->dim * 64 + (64u << 20))
        return fault_set(f, FAULT_INPUT, "bench: %s asks for %zu bytes for %zu rows", v->name, v->capacity, n_rows);
    v->bytes = malloc(v->capacity + 1);
    v->back = calloc(n_rows * v->dim, sizeof *v->back);
    return (v->bytes && v->back) || fault_memory(f, "rows");
}

static bool open_hosted(bench *b, fault *f)
{
    const kvant_shape shape = shape_of(b->r);
    hosted *h = &b->hosted;
    h->encoder = instance_open(b->r->known, b->r->codec, &shape, NULL, f);
    h->decoder = h->encoder ? instance_open(b->r->known, b->r->codec, &shape, NULL, f) : NULL;
    if (!h->decoder) return false;
    if (!instance_calibrates(h->encoder)) return true;
    return fault_set(f, FAULT_INPUT, "bench: %s calibrates; codecs that do are not timed here", b->r->codec->text);
}

/* After the first encode. */
static bool ready_hosted(hosted *h, fault *f)
{
    uint8_t *side;
    size_t n;
    if (!instance_save(h->encoder, &side, &n, f)) return false;
    const bool ok = n == 0 || instance_load(h->decoder, side, n, f);
    free(side);
    return ok;
}

/* ---- the same to the last bit ---- */

static bool same(const bench *b, fault *f)
{
    const version *p = &b->version[0], *q = &b->version[1];
    const char *level = cpu_level_name(cpu_level());
    if (p->n_bytes != q->n_bytes || memcmp(p->bytes, q->bytes, p->n_bytes) != 0)
        return fault_set(f, FAULT_NO, "bench: %s: %s writes other bytes than the portable version", p->name, level);
    if (memcmp(p->back, q->back, p->n_rows * p->dim * sizeof *p->back) != 0)
        return fault_set(f, FAULT_NO, "bench: %s: %s gives back other values than the portable version", p->name,
                         level);
    return true;
}

static void judge(const bench *b, bench_result *out)
{
    const version *v = &b->version[1];
    const size_t n = v->n_rows * v->dim;
    double error = 0, energy = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)v->rows[i], d = x - (double)v->back[i];
        error += d * d;
        energy += x * x;
    }
    out->error = error / energy;
    out->bits = 8 * (double)v->n_bytes / (double)n;
    hash h;
    hash_start(&h);
    hash_bytes(&h, v->bytes, v->n_bytes);
    hash_finish(&h, out->bytes_hash);
}

/* ---- the whole ---- */

static bool open_all(bench *b, bench_result *out, float **rows, fault *f)
{
    if (!open_hosted(b, f)) return false;
    out->block = instance_block(b->hosted.encoder);
    out->rows = (b->r->rows + out->block - 1) / out->block * out->block;
    const size_t n = out->rows * (size_t)b->r->dim;
    float *x = *rows = malloc(n * sizeof *x);
    if (!x) return fault_memory(f, "rows");
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(b->r->seed, i);
    const char *best = cpu_level_name(cpu_level());
    cpu_force(cpu_level_name(0));
    bool ok = open_version(&b->version[0], b->r, f);
    cpu_force(best);
    ok = ok && open_version(&b->version[1], b->r, f) && open_version(&b->one, b->r, f);
    ok = ok && prepare(&b->version[0], x, out->rows, f) && prepare(&b->version[1], x, out->rows, f) &&
         prepare(&b->one, x, out->block, f);
    b->copy = (bench_copy){ .from = x, .n = n * sizeof *x, .to = malloc(n * sizeof *x) };
    b->hosted.rows = x;
    b->hosted.n_rows = out->block;
    b->hosted.back = malloc(out->block * (size_t)b->r->dim * sizeof *x);
    b->seconds = calloc((size_t)b->r->reps * ENTRANTS, sizeof *b->seconds);
    return ok && ((b->copy.to && b->hosted.back && b->seconds) || fault_memory(f, "rows"));
}

/* Each version once, which fills the bytes that decoders read. */
static bool first_time(bench *b, fault *f)
{
    version *const all[] = { &b->version[0], &b->version[1], &b->one };
    for (size_t i = 0; i < 3; i++)
        if (!encode(all[i], f) || !ready_decoder(all[i], f) || !decode(all[i], f)) return false;
    return encode_hosted(&b->hosted, f) && ready_hosted(&b->hosted, f) && decode_hosted(&b->hosted, f);
}

/* Bytes and values of the reference library are compared before anything is timed. */
static bool first_time_against(bench *b, bench_result *out, fault *f)
{
    const version *v = &b->version[1];
    against_run *run = &b->against;
    if (!b->r->against) return true;
    *run = (against_run){ .rows = v->rows, .ours = v->bytes, .n_rows = v->n_rows, .dim = v->dim };
    if (!against_begin(run, against_find(b->r->against, v->name), v->n_bytes, f)) return false;
    out->way[BENCH_ENCODE].has_reference = run->with.encode != NULL;
    out->way[BENCH_DECODE].has_reference = run->with.decode != NULL;
    if (run->with.encode && against_encode(run, f)) out->way[BENCH_ENCODE].differ = against_bytes_differ(run);
    if (run->with.decode && against_decode(run, f)) out->way[BENCH_DECODE].differ = against_values_differ(run, v->back);
    return against_kept_room(run, f);
}

static void enter(bench *b)
{
    static bool (*const run[BENCH_WAYS])(void *, fault *) = { encode, decode };
    static bool (*const run_hosted[BENCH_WAYS])(void *, fault *) = { encode_hosted, decode_hosted };
    b->entrant[COPY] = (bench_entrant){ .run = bench_copy_run, .arg = &b->copy };
    for (int way = 0; way < BENCH_WAYS; way++) {
        b->entrant[PORTABLE + way] = (bench_entrant){ .run = run[way], .arg = &b->version[0] };
        b->entrant[FAST + way] = (bench_entrant){ .run = run[way], .arg = &b->version[1] };
        b->entrant[ALONE + way] = (bench_entrant){ .run = run[way], .arg = &b->one };
        b->entrant[HOSTED + way] = (bench_entrant){ .run = run_hosted[way], .arg = &b->hosted };
    }
    if (b->against.with.encode)
        b->entrant[REFERENCE + BENCH_ENCODE] = (bench_entrant){ .run = against_encode, .arg = &b->against };
    if (b->against.with.decode)
        b->entrant[REFERENCE + BENCH_DECODE] = (bench_entrant){ .run = against_decode, .arg = &b->against };
    for (size_t i = 0; i < ENTRANTS; i++)
        b->entrant[i].seconds = b->seconds + i * (size_t)b->r->reps;
}

static bool summarise(bench *b, bench_result *out, fault *f)
{
    const int reps = b->r->reps;
    const double gb = 1e-9 * (double)b->copy.n;
    bench_entrant *e = b->entrant;
    for (int way = 0; way < BENCH_WAYS; way++)
        if (!bench_ratio(&e[FAST + way], &e[COPY], reps, 100, b->r->seed, &out->way[way].of_copy, f) ||
            !bench_ratio(&e[FAST + way], &e[PORTABLE + way], reps, 1, b->r->seed, &out->way[way].over_portable, f))
            return false;
    for (int way = 0; way < BENCH_WAYS; way++)
        if (out->way[way].has_reference &&
            !bench_ratio(&e[FAST + way], &e[REFERENCE + way], reps, 1, b->r->seed, &out->way[way].over_reference, f))
            return false;
    out->copy_gbs = gb / bench_median(&e[COPY], reps);
    for (int way = 0; way < BENCH_WAYS; way++) {
        out->way[way].gbs = gb / bench_median(&e[FAST + way], reps);
        out->way[way].alone_ns = 1e9 * bench_median(&e[ALONE + way], reps);
        out->way[way].hosted_ns = 1e9 * bench_median(&e[HOSTED + way], reps);
        if (out->way[way].has_reference) out->way[way].reference_gbs = gb / bench_median(&e[REFERENCE + way], reps);
    }
    return true;
}

bool bench_codec(const bench_request *r, bench_result *out, fault *f)
{
    bench b = { .r = r };
    float *rows = NULL;
    *out = (bench_result){ .codec = r->codec->text, .dim = r->dim };
    bool ok = open_all(&b, out, &rows, f) && first_time(&b, f) && same(&b, f) && first_time_against(&b, out, f);
    if (ok) judge(&b, out);
    if (ok) enter(&b);
    ok = ok && bench_turns(b.entrant, ENTRANTS, r->reps, f) && summarise(&b, out, f);
    close_version(&b.version[0]);
    close_version(&b.version[1]);
    close_version(&b.one);
    against_end(&b.against);
    instance_close(b.hosted.encoder, NULL);
    instance_close(b.hosted.decoder, NULL);
    free(b.hosted.back);
    free(b.copy.to);
    free(b.seconds);
    free(rows);
    return ok;
}
