/* kvarn: tiles with the variances of all their rows and columns made equal, then a uniform grid for each. */

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "kernels/half.h"
#include "kernels/range_q.h"
#include "kernels/wht.h"
#include "plugins/head_dim.h"
#include "plugins/kvarn/balance.h"
#include "plugins/tile_codec.h"

enum { PARAM_BITS, PARAM_TILE, PARAM_ITERATIONS, PARAM_AXIS };
enum { FACTOR_BYTES = 2 };
#define LARGEST 1e30f /* beyond it scales do not fit f16 anyway, and the rotation stays finite */

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 2, .min = 1, .max = 8, .help = "bits per value" },
    { .name = "tile",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 128,
      .min = 16,
      .max = 512,
      .step = 2,
      .help = "tokens of a tile, a multiple of 8" },
    { .name = "iterations", .type = KVANT_INT, .def = 16, .max = 64, .help = "rounds of balancing; 0: none" },
    TILE_AXIS_PARAM,
    { 0 },
};

/* A tile is a matrix of `lines` (what has a grid: channels or tokens) by `columns` (the other). Its bytes: an f16
 * factor for every column, a grid for every line, then the codes, line by line. */
typedef struct kvarn {
    tile_codec tile;
    wht rotation;
    int bits, iterations;
    size_t lines, columns;
    bool by_channel;
    uint16_t least_factor, most_factor; /* f16 */
    float *rotated, *matrix;            /* tokens x channels; lines x columns */
    double *balance;
    const loops *loops;
    uint8_t *codes;
} kvarn;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const size_t tokens = (size_t)values[PARAM_TILE].i, dim = (size_t)shape->dim;
    int rc = head_dim_check_rotated(host, "kvarn", shape, 16);
    if (rc != KVANT_OK) return rc;
    if (tokens % 8 != 0) return host->fail(host, KVANT_E_PARAM, "kvarn: tile %zu is not a multiple of 8", tokens);

    const size_t head = (sizeof(kvarn) + 63) / 64 * 64, n = tokens * dim;
    const size_t bytes = head + BALANCE_ROOM(dim + tokens) * sizeof(double) + n * (2 * sizeof(float) + 1);
    rc = tile_codec_create(host, "kvarn", shape, bytes, state);
    if (rc != KVANT_OK) return rc;
    kvarn *c = *state;
    c->balance = (double *)((char *)c + head);
    c->rotated = (float *)(c->balance + BALANCE_ROOM(dim + tokens));
    c->matrix = c->rotated + n;
    c->codes = (uint8_t *)(c->matrix + n);
    c->bits = (int)values[PARAM_BITS].i;
    c->iterations = (int)values[PARAM_ITERATIONS].i;
    c->by_channel = tile_by_channel(shape, &values[PARAM_AXIS]);
    c->lines = c->by_channel ? dim : tokens;
    c->columns = c->by_channel ? tokens : dim;
    c->least_factor = half_from_float((float)exp(BALANCE_LOG_MIN));
    c->most_factor = half_from_float((float)exp(BALANCE_LOG_MAX));
    c->tile.rows = tokens;
    c->tile.metadata = FACTOR_BYTES * c->columns + RANGE_Q_BYTES * c->lines;
    c->tile.tile_bytes = c->tile.metadata + bitpack_bytes(n, c->bits);
    c->loops = loops_best();
    wht_init(&c->rotation, shape->dim);
    return KVANT_OK;
}

/* tokens x channels to lines x columns. */
static void to_matrix(const kvarn *c, const float *rows, float *matrix)
{
    for (size_t token = 0; token < c->tile.rows; token++)
        for (size_t channel = 0; channel < c->tile.dim; channel++)
            matrix[c->by_channel ? channel * c->columns + token : token * c->columns + channel] =
                rows[token * c->tile.dim + channel];
}

static void from_matrix(const kvarn *c, const float *matrix, float *rows)
{
    for (size_t token = 0; token < c->tile.rows; token++)
        for (size_t channel = 0; channel < c->tile.dim; channel++)
            rows[token * c->tile.dim + channel] =
                matrix[c->by_channel ? channel * c->columns + token : token * c->columns + channel];
}

/* The line whose grid does not fit f16, or the number of lines. A grid from minimum to maximum follows any factor of
 * its line, so of the balance only the columns' factors are applied and stored. */
static size_t encode_tile(kvarn *c, const float *rows, uint8_t *out)
{
    const size_t n = c->lines * c->columns;
    uint8_t *grids = out + FACTOR_BYTES * c->columns;
    memcpy(c->rotated, rows, n * sizeof *rows);
    wht_forward(&c->rotation, c->rotated, c->tile.rows);
    to_matrix(c, c->rotated, c->matrix);

    const double *factor = balance_columns(c->loops, c->matrix, c->lines, c->columns, c->iterations, c->balance);
    for (size_t j = 0; j < c->columns; j++)
        half_store(out + FACTOR_BYTES * j, half_from_float((float)factor[j]));
    for (size_t i = 0; i < c->lines; i++) {
        float *line = c->matrix + i * c->columns;
        for (size_t j = 0; j < c->columns; j++)
            line[j] /= half_to_float(half_load(out + FACTOR_BYTES * j));
        if (!range_q_encode(line, c->columns, 1, c->bits, grids + RANGE_Q_BYTES * i, c->codes + i * c->columns))
            return i;
    }
    bitpack_put(c->codes, n, c->bits, out + c->tile.metadata);
    return c->lines;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    kvarn *c = state;
    const tile_codec *t = &c->tile;
    const int64_t bytes = tile_codec_check_rows(t, first, rows, n_rows, capacity, LARGEST);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r += t->rows, rows += t->rows * t->dim, out += t->tile_bytes) {
        const size_t line = encode_tile(c, rows, out);
        if (line < c->lines)
            return t->host->fail(t->host, KVANT_E_RANGE, "kvarn: rows %zu to %zu: the range of %s %zu does not fit f16",
                                 first + r, first + r + t->rows - 1, c->by_channel ? "rotated channel" : "token", line);
    }
    return bytes;
}

/* NULL, or what in the tile no encoder writes. */
static const char *decode_tile(kvarn *c, const uint8_t *in, float *rows)
{
    const uint8_t *grids = in + FACTOR_BYTES * c->columns;
    for (size_t j = 0; j < c->columns; j++) {
        const uint16_t factor = half_load(in + FACTOR_BYTES * j);
        if (factor < c->least_factor || factor > c->most_factor) return "a factor";
    }
    bitpack_get(in + c->tile.metadata, c->lines * c->columns, c->bits, c->codes);
    for (size_t i = 0; i < c->lines; i++) {
        float *line = c->matrix + i * c->columns;
        if (!range_q_decode(grids + RANGE_Q_BYTES * i, c->codes + i * c->columns, c->columns, 1, line))
            return "a scale or minimum";
        for (size_t j = 0; j < c->columns; j++)
            line[j] *= half_to_float(half_load(in + FACTOR_BYTES * j));
    }
    from_matrix(c, c->matrix, rows);
    wht_inverse(&c->rotation, rows, c->tile.rows);
    return NULL;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    kvarn *c = state;
    const tile_codec *t = &c->tile;
    const int rc = tile_codec_check_bytes(t, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r += t->rows, rows += t->rows * t->dim, bytes += t->tile_bytes) {
        const char *wrong = decode_tile(c, bytes, rows);
        if (wrong)
            return t->host->fail(t->host, KVANT_E_CORRUPT, "kvarn: rows %zu to %zu: %s no encoder writes", first + r,
                                 first + r + t->rows - 1, wrong);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "kvarn",
    .version = "1",
    .family = "group",
    .summary = "rotated tiles of balanced variance on f16 grids: bits + 0.375 bits a value at 128 tokens and channels",
    .reference = "KVarN, arXiv 2606.03458",
    .params = params,
    .dim_min = 16,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = tile_codec_destroy,
    .geometry = tile_codec_geometry,
    .bound = tile_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = tile_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
