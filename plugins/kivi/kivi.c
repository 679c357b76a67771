/* kivi: groups of values on a uniform grid between their extremes, along the axis where values are alike. */

#include "kernels/bitpack.h"
#include "kernels/range_q.h"
#include "plugins/head_dim.h"
#include "plugins/tile_codec.h"

enum { PARAM_BITS, PARAM_GROUP, PARAM_AXIS };
enum { MAX_DIM = 4096 };
#define LARGEST 65504.0f /* f16 */

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 2, .min = 1, .max = 8, .help = "bits per value" },
    { .name = "group",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 32,
      .min = 8,
      .max = 256,
      .step = 2,
      .help = "values with one scale and minimum, a multiple of 8" },
    TILE_AXIS_PARAM,
    { 0 },
};

/* A tile is `group` rows by channel, one row by token. Its bytes: scale and minimum of every group, then the codes of
 * all its values, row by row. */
typedef struct kivi {
    tile_codec tile;
    int bits;
    size_t group, n_groups;
    bool by_channel;
    uint8_t codes[]; /* of a tile */
} kivi;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const size_t group = (size_t)values[PARAM_GROUP].i, dim = (size_t)shape->dim;
    const bool by_channel = tile_by_channel(shape, &values[PARAM_AXIS]);
    int rc = head_dim_check(host, "kivi", shape, 1, MAX_DIM, 1);
    if (rc != KVANT_OK) return rc;
    if (group % 8 != 0) return host->fail(host, KVANT_E_PARAM, "kivi: group %zu is not a multiple of 8", group);

    const size_t rows = by_channel ? group : 1;
    rc = tile_codec_create(host, "kivi", shape, sizeof(kivi) + rows * dim, state);
    if (rc != KVANT_OK) return rc;
    kivi *c = *state;
    c->bits = (int)values[PARAM_BITS].i;
    c->group = group;
    c->by_channel = by_channel;
    c->n_groups = by_channel ? dim : (dim + group - 1) / group;
    c->tile.rows = rows;
    c->tile.metadata = c->n_groups * RANGE_Q_BYTES;
    c->tile.tile_bytes = c->tile.metadata + bitpack_bytes(rows * dim, c->bits);
    return KVANT_OK;
}

/* Where group g begins in a tile, how many values it has, and how far they are apart. */
typedef struct span {
    size_t begin, n, stride;
} span;

static span span_of(const kivi *c, size_t g)
{
    if (c->by_channel) return (span){ g, c->group, c->tile.dim };
    const size_t begin = g * c->group, left = c->tile.dim - begin;
    return (span){ begin, left < c->group ? left : c->group, 1 };
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    kivi *c = state;
    const tile_codec *t = &c->tile;
    const int64_t bytes = tile_codec_check_rows(t, first, rows, n_rows, capacity, LARGEST);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r += t->rows, rows += t->rows * t->dim, out += t->tile_bytes) {
        for (size_t g = 0; g < c->n_groups; g++) {
            const span s = span_of(c, g);
            if (!range_q_encode(rows + s.begin, s.n, s.stride, c->bits, out + g * RANGE_Q_BYTES, c->codes + s.begin))
                return t->host->fail(t->host, KVANT_E_RANGE,
                                     "kivi: rows %zu to %zu, column %zu: the range of a group does not fit f16",
                                     first + r, first + r + t->rows - 1, s.begin);
        }
        bitpack_put(c->codes, t->rows * t->dim, c->bits, out + t->metadata);
    }
    return bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    kivi *c = state;
    const tile_codec *t = &c->tile;
    const int rc = tile_codec_check_bytes(t, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r += t->rows, rows += t->rows * t->dim, bytes += t->tile_bytes) {
        bitpack_get(bytes + t->metadata, t->rows * t->dim, c->bits, c->codes);
        for (size_t g = 0; g < c->n_groups; g++) {
            const span s = span_of(c, g);
            if (!range_q_decode(bytes + g * RANGE_Q_BYTES, c->codes + s.begin, s.n, s.stride, rows + s.begin))
                return t->host->fail(t->host, KVANT_E_CORRUPT,
                                     "kivi: rows %zu to %zu, column %zu: a scale or minimum no encoder writes",
                                     first + r, first + r + t->rows - 1, s.begin);
        }
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "kivi",
    .version = "1",
    .family = "group",
    .summary = "keys by channel, values by token, in groups with f16 scale and minimum: bits + 32/group bits a value",
    .reference = "KIVI, arXiv 2402.02750",
    .params = params,
    .dim_min = 1,
    .dim_max = MAX_DIM,
    .dim_step = 1,
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
