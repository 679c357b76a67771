/* tcq: norm, rotation, and a path through a trellis instead of a code for each coordinate. */

#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/trellis.h"
#include "kernels/wht.h"
#include "plugins/head_dim.h"
#include "plugins/row_codec.h"

enum { PARAM_BITS, PARAM_STATES, PARAM_SCALE };
enum { SCALE_NORM, SCALE_MSE, SCALE_UNBIASED, SCALE_BYTES = 2 };
enum { PIECE = 16 }; /* rows: a millisecond or a few of work */

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 2, .min = 1, .max = TRELLIS_BITS_MAX, .help = "bits per coordinate" },
    { .name = "states",
      .type = KVANT_INT,
      .def = 10,
      .min = TRELLIS_MEMORY_MIN,
      .max = TRELLIS_MEMORY_MAX,
      .help = "log2 of the trellis's states: one more takes 1 to 6 % off the error and doubles the time to encode" },
    { .name = "scale",
      .type = KVANT_ENUM,
      .def = SCALE_NORM,
      .max = SCALE_UNBIASED,
      .names = "norm mse unbiased",
      .help = "the stored scale: what keeps the decoded norm, the least error, <x,x>" },
    { 0 },
};

typedef struct tcq {
    row_codec row;
    int64_t scale;
    wht rotation;
    trellis trellis;
} tcq;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    trellis code;
    int rc = head_dim_check_rotated(host, "tcq", shape, 16);
    if (rc != KVANT_OK) return rc;
    if (!trellis_init(&code, (int)values[PARAM_BITS].i, (int)values[PARAM_STATES].i))
        return host->fail(host, KVANT_E_PARAM, "tcq: no trellis of %d bits and 2^%d states", (int)values[PARAM_BITS].i,
                          (int)values[PARAM_STATES].i);
    rc = row_codec_create(host, "tcq", shape, sizeof(tcq), state);
    if (rc != KVANT_OK) return rc;
    tcq *c = *state;
    c->trellis = code;
    c->scale = values[PARAM_SCALE].i;
    c->row.row_bytes = SCALE_BYTES + c->row.dim / 8 * (size_t)code.bits;
    c->row.metadata = SCALE_BYTES;
    wht_init(&c->rotation, shape->dim);
    return KVANT_OK;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* s for the levels c of the path of y: |s c| = |y|, least |y - s c|, or <y, s c> = |y|². */
static double scale_of(const tcq *c, const float *y, const float *levels)
{
    const size_t n = c->row.dim;
    const double length = dot(levels, levels, n), along = fmax(dot(y, levels, n), 0.0), square = dot(y, y, n);
    const double by_scale[] = { sqrt(square / length), along / length, along > 0.0 ? square / along : 0.0 };
    return by_scale[c->scale];
}

/* The scale that was to be stored when f16 cannot hold it, else 0. */
static double encode_row(const tcq *c, const float *row, uint8_t *out, void *room)
{
    const size_t n = c->row.dim;
    float y[WHT_MAX], levels[WHT_MAX];
    const double deviation = sqrt(dot(row, row, n) / (double)n);
    memset(out, 0, c->row.row_bytes);
    if (deviation == 0.0) return 0.0;
    for (size_t i = 0; i < n; i++)
        y[i] = (float)((double)row[i] / deviation);
    wht_forward(&c->rotation, y, 1);
    trellis_encode(&c->trellis, y, n, out + SCALE_BYTES, room);
    trellis_decode(&c->trellis, out + SCALE_BYTES, n, levels);

    const double scale = deviation * scale_of(c, y, levels);
    const uint16_t stored = half_from_float((float)fmin(scale, 1e9));
    if (half_is_special(stored)) return scale;
    half_store(out, stored);
    if (stored == 0) memset(out, 0, c->row.row_bytes); /* too small to keep: the same bytes as a row of zeros */
    return 0.0;
}

/* Rows are independent of each other, and each takes long: some of them are a task for whoever has time. */
typedef struct piece_error {
    int code;
    size_t row;
    double scale; /* that was too large */
} piece_error;

typedef struct encode_work {
    const tcq *c;
    const float *rows;
    size_t n_rows;
    uint8_t *out;
    piece_error *errors; /* of each piece */
} encode_work;

static void encode_piece(void *arg, size_t piece)
{
    const encode_work *w = arg;
    const tcq *c = w->c;
    const kvant_host *host = c->row.host;
    const size_t from = piece * PIECE, to = from + PIECE < w->n_rows ? from + PIECE : w->n_rows;
    piece_error *e = &w->errors[piece];
    void *room = host->alloc(host, trellis_room(&c->trellis, c->row.dim));
    if (!room) e->code = KVANT_E_MEMORY;
    for (size_t r = from; r < to && e->code == KVANT_OK; r++) {
        e->row = r;
        e->scale = encode_row(c, w->rows + r * c->row.dim, w->out + r * c->row.row_bytes, room);
        if (e->scale != 0.0) e->code = KVANT_E_RANGE;
    }
    host->release(host, room);
}

/* The first error in the rows' order. */
static int first_error(const tcq *c, const piece_error *errors, size_t n, size_t first)
{
    for (size_t i = 0; i < n; i++) {
        if (errors[i].code == KVANT_E_MEMORY)
            return c->row.host->fail(c->row.host, KVANT_E_MEMORY, "tcq: no memory for the trellis's paths");
        if (errors[i].code != KVANT_OK)
            return row_codec_too_large(&c->row, first + errors[i].row, "scale", errors[i].scale);
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const tcq *c = state;
    const kvant_host *host = c->row.host;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    const size_t pieces = (n_rows + PIECE - 1) / PIECE;
    if (bytes <= 0) return bytes;
    encode_work w = { c, rows, n_rows, out, host->alloc(host, pieces * sizeof *w.errors) };
    if (!w.errors) return host->fail(host, KVANT_E_MEMORY, "tcq: no memory for %zu rows", n_rows);
    host->parallel(host, pieces, encode_piece, &w);
    const int rc = first_error(c, w.errors, pieces, first);
    host->release(host, w.errors);
    return rc == KVANT_OK ? bytes : rc;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const tcq *c = state;
    const size_t n = c->row.dim;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++) {
        const uint8_t *in = bytes + r * c->row.row_bytes;
        float *row = rows + r * n;
        const uint16_t stored = half_load(in);
        if (half_is_special(stored) || stored & 0x8000u)
            return row_codec_corrupt(&c->row, first + r, "the scale is not a finite positive number");
        trellis_decode(&c->trellis, in + SCALE_BYTES, n, row);
        const float scale = half_to_float(stored);
        for (size_t i = 0; i < n; i++)
            row[i] *= scale;
        wht_inverse(&c->rotation, row, 1);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "tcq",
    .version = "1",
    .family = "turbo",
    .summary = "rotation and trellis-coded quantisation, one f16 scale a row: bits + 16/dim bits a value",
    .reference = "QTIP, arXiv 2406.11235; Marcellin and Fischer 1990",
    .params = params,
    .dim_min = 16,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = row_codec_destroy,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = row_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
