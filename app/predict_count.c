#include "app/predict_count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/instance.h"
#include "base/clock.h"
#include "kernels/attention.h"
#include "kernels/random.h"

enum {
    PIECE = 256,        /* positions encoded at a time, in whole blocks */
    SAMPLE_ROWS = 1024, /* positions a codec that calibrates learns from */
    SAMPLE_SEQUENCE = 512,
    NOISE_KEY = 20480,
    SURE = 1024, /* positions in a row that must have cost alike to be believed */
};

/* The variance of rows along the i-th of their principal directions falls about as 2^(-DECAY i / dim): so do the
 * streams of the model kvant comes with, where kakeya(variance=0.8 ... 0.99) then costs what it does in a run within 7
 * %, and 19 % at 0.5. Only codecs that look at their rows can tell. */
#define DECAY 12.0

#define ENOUGH 0.1 /* seconds after which blocks that cost alike are believed */

/* The encoding of one stream, as far as it has been done. */
typedef struct encoding {
    instance *x;
    size_t heads, dim, block; /* heads in the instance's rows, positions per block */
    size_t at, until;         /* positions */
    uint64_t bytes;
    uint64_t last_bytes; /* of the last piece */
    size_t last_positions;
    size_t steady; /* positions in a row whose blocks cost alike */
} encoding;

void predict_noise_release(predict_noise *noise)
{
    free(noise->values);
    *noise = (predict_noise){ 0 };
}

/* n rows of `dim` values. The variance of a column falls as keys' and values' principal ones do. */
static const float *noise_of(predict_noise *noise, size_t n_rows, size_t dim, fault *f)
{
    const size_t n = n_rows * dim;
    if (noise->dim != dim) *noise = (predict_noise){ noise->values, 0, noise->room, dim };
    if (n > noise->room) {
        float *grown = reallocarray(noise->values, n, sizeof *grown);
        if (!grown) {
            fault_memory(f, "rows of noise");
            return NULL;
        }
        noise->values = grown;
        noise->room = n;
    }
    for (; noise->n < n; noise->n++)
        noise->values[noise->n] =
            (float)(random_normal(NOISE_KEY, noise->n) * exp2(-DECAY / 2 * (double)(noise->n % dim) / (double)dim));
    return noise->values;
}

/* ---- calibration ---- */

/* Moments of queries that prefer some directions, as queries do, and attention that is uniform, for `heads` heads. */
static float *plain_knowledge(const float *noise, size_t heads, size_t dim)
{
    const size_t moment = dim * dim, n = heads * (moment + SAMPLE_SEQUENCE);
    float *all = calloc(n, sizeof *all);
    for (size_t i = 0; all && i < dim; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t row = 0; row < SAMPLE_ROWS; row++)
                sum += (double)noise[row * dim + i] * (double)noise[row * dim + j];
            const double scale = exp2(-8.0 * (double)(i + j) / (double)dim) / SAMPLE_ROWS;
            all[i * dim + j] = all[j * dim + i] = (float)(sum * scale);
        }
    for (size_t h = 1; all && h < heads; h++)
        memcpy(all + h * moment, all, moment * sizeof *all);
    for (size_t i = heads * moment; all && i < n; i++)
        all[i] = 1;
    return all;
}

static bool calibrate(const encoding *e, predict_noise *noise, fault *f)
{
    if (!instance_calibrates(e->x)) return true;
    const size_t rows = SAMPLE_ROWS * e->heads;
    const float *values = noise_of(noise, rows, e->dim, f);
    float *known = values ? plain_knowledge(values, e->heads, e->dim) : NULL;
    if (values && !known) fault_memory(f, "samples");
    const kvant_samples samples = {
        .rows = values,
        .n_rows = rows,
        .sequence = SAMPLE_SEQUENCE * e->heads,
        .query_moment = known,
        .attention = known ? known + e->heads * e->dim * e->dim : NULL,
        .n_attention = SAMPLE_SEQUENCE,
        .query_moment_met = known,
    };
    const bool ok = known && instance_calibrate(e->x, &samples, f);
    free(known);
    return ok;
}

/* ---- encoding ---- */

static void account(encoding *e, size_t positions, uint64_t bytes)
{
    const size_t blocks = positions / e->block;
    const bool alike =
        e->last_positions && bytes % blocks == 0 && bytes / blocks * (e->last_positions / e->block) == e->last_bytes;
    e->steady = alike ? e->steady + positions : positions;
    e->last_bytes = bytes;
    e->last_positions = positions;
    e->bytes += bytes;
    e->at += positions;
}

static bool encode_piece(encoding *e, predict_noise *noise, fault *f)
{
    size_t positions = (PIECE + e->block - 1) / e->block * e->block, n;
    if (positions > e->until - e->at) positions = e->until - e->at;
    const uint8_t *bytes;
    const float *rows = noise_of(noise, positions * e->heads, e->dim, f);
    if (!rows || !instance_encode(e->x, e->at * e->heads, rows, positions * e->heads, &bytes, &n, f)) return false;
    account(e, positions, n);
    return true;
}

/* A position that a parameter names may be one where a codec changes its ways: the last of them before `until`. */
static size_t last_named(const spec *s, size_t until)
{
    int64_t most = 0;
    for (; s; s = s->inner)
        for (size_t i = 0; i < s->codec->n_params; i++)
            if (s->codec->params[i].type == KVANT_INT && s->values[i].i > most && s->values[i].i < (int64_t)until)
                most = s->values[i].i;
    return (size_t)most;
}

/* Encodes until the end, or until it is time to infer the rest. */
static bool encode(encoding *e, const predict_stream *s, predict_noise *noise, bool *about, fault *f)
{
    const double begin = clock_seconds();
    const size_t known = last_named(s->codec, e->until);
    while (e->at < e->until && e->at < PREDICT_ROWS) {
        const double spent = clock_seconds() - begin;
        const bool sure = e->steady >= SURE && 2 * e->steady >= e->at && e->at > known;
        if (e->at > 0 && (spent > s->seconds || (spent > ENOUGH && sure))) break;
        if (!encode_piece(e, noise, f)) return false;
    }
    if (e->at == e->until) return true;
    if (2 * e->steady < e->at || e->steady < 2 * e->block || e->at <= known) *about = true;
    const double per_block = (double)e->last_bytes * (double)e->block / (double)e->last_positions;
    e->bytes += (uint64_t)(per_block * (double)((e->until - e->at) / e->block) + 0.5);
    return true;
}

static bool side_data(const instance *x, uint64_t *n, fault *f)
{
    uint8_t *bytes;
    size_t size;
    if (!instance_save(x, &bytes, &size, f)) return false;
    free(bytes);
    *n = size;
    return true;
}

/* What all streams weigh at their heaviest: at the end, or one position before the last block settled. */
static uint64_t peak_of(const encoding *e, const predict_cost *c, uint64_t instances, size_t window)
{
    if (e->at == 0) return c->bytes;
    const uint64_t block = e->last_bytes * e->block / e->last_positions;
    const uint64_t open = 2 * (uint64_t)(window + e->block - 1) * e->heads * e->dim;
    const uint64_t before = (e->bytes - block + open) * instances;
    return before > c->bytes ? before : c->bytes;
}

static uint32_t all_flags(const spec *s)
{
    uint32_t flags = 0;
    for (; s; s = s->inner)
        flags |= s->codec->flags;
    return flags;
}

bool predict_count(const predict_stream *s, predict_noise *noise, predict_cost *out, fault *f)
{
    kvant_shape shape = s->shape;
    shape.max_rows = s->ctx;
    *out = (predict_cost){ .about = all_flags(s->codec) & KVANT_VARIABLE };
    encoding e = { .x = instance_open(s->known, s->codec, &shape, NULL, f), .dim = (size_t)shape.dim };
    if (!e.x) return false;
    const size_t heads = (size_t)shape.n_heads;
    e.heads = instance_pooled(e.x) ? heads : 1;
    e.block = instance_block(e.x) / e.heads;
    const size_t window = instance_window(e.x) / e.heads;
    e.until = attention_settled(s->ctx - 1, (uint32_t)e.block, (uint32_t)window);
    bool ok = calibrate(&e, noise, f) && encode(&e, s, noise, &out->about, f) && side_data(e.x, &out->side_bytes, f);
    const uint64_t instances = heads / e.heads;
    out->calibrates = instance_calibrates(e.x);
    out->values = (uint64_t)s->ctx * heads * e.dim;
    out->open_values = (uint64_t)(s->ctx - e.until) * heads * e.dim;
    out->bytes = e.bytes * instances + 2 * out->open_values;
    out->peak_bytes = peak_of(&e, out, instances, window);
    out->side_bytes *= instances;
    if (!instance_close(e.x, ok ? f : NULL)) ok = false;
    return ok;
}
