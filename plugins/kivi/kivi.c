/* kivi: groups of values on a uniform grid between their extremes, along the axis where values are alike. */

#include "kernels/bitpack.h"
#include "kernels/cpu.h"
#include "kernels/lanes.h"
#include "kernels/range_q.h"
#include "plugins/head_dim.h"
#include "plugins/tile_codec.h"

enum { PARAM_BITS, PARAM_GROUP, PARAM_AXIS };
enum { MAX_DIM = 4096, MAX_GROUP = 256 };
#define LARGEST 65504.0f /* f16 */

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 2, .min = 1, .max = 8, .help = "bits per value" },
    { .name = "group",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 32,
      .min = 8,
      .max = MAX_GROUP,
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
    const lanes *lanes;    /* NULL: portable */
    size_t tokens_at_once; /* as many as there are lanes; 0 by channel, and where a group's codes are no whole words */
    uint8_t codes[];       /* of a tile */
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
    c->lanes = lanes_at(cpu_level());
    if (c->lanes && !by_channel && group % LANES_CODES == 0 && dim % group == 0)
        c->tokens_at_once = (size_t)c->lanes->n;
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

/* ---- encode ----------------------------------------------------------------------------------------------------- */

static int refuse(const kivi *c, size_t first, size_t column)
{
    return c->tile.host->fail(c->tile.host, KVANT_E_RANGE,
                              "kivi: rows %zu to %zu, column %zu: the range of a group does not fit f16", first,
                              first + c->tile.rows - 1, column);
}

/* The grids of groups from … of a tile, one by one. */
static int encode_groups(kivi *c, size_t first, const float *rows, size_t from, uint8_t *out)
{
    for (size_t g = from; g < c->n_groups; g++) {
        const span s = span_of(c, g);
        if (!range_q_encode(rows + s.begin, s.n, s.stride, c->bits, out + g * RANGE_Q_BYTES, c->codes + s.begin))
            return refuse(c, first, s.begin);
    }
    return KVANT_OK;
}

/* A channel in each lane, as far as they fill lanes; how many channels. */
static size_t encode_channels(kivi *c, const float *rows, uint8_t *out)
{
    _Alignas(LANES_ALIGN) uint32_t wide[LANES_MOST * MAX_GROUP];
    const lanes *l = c->lanes;
    const size_t dim = c->tile.dim;
    size_t g = 0;
    for (; l && g + (size_t)l->n <= dim; g += (size_t)l->n) {
        if (!l->range_codes(rows + g, dim, c->group, c->bits, out + g * RANGE_Q_BYTES, RANGE_Q_BYTES, wide)) break;
        for (size_t i = 0; i < c->group; i++)
            for (size_t r = 0; r < (size_t)l->n; r++)
                c->codes[i * dim + g + r] = (uint8_t)wide[i * (size_t)l->n + r];
    }
    return g;
}

static int encode_tile(kivi *c, size_t first, const float *rows, uint8_t *out)
{
    const size_t done = c->by_channel ? encode_channels(c, rows, out) : 0;
    const int rc = encode_groups(c, first, rows, done, out);
    if (rc == KVANT_OK) bitpack_put(c->codes, c->tile.rows * c->tile.dim, c->bits, out + c->tile.metadata);
    return rc;
}

/* A token in each lane; false when one of them is for encode_tile to refuse. */
static bool encode_tokens(kivi *c, const float *rows, uint8_t *out)
{
    _Alignas(LANES_ALIGN) float values[LANES_MOST * MAX_GROUP];
    _Alignas(LANES_ALIGN) uint32_t wide[LANES_MOST * MAX_GROUP];
    const lanes *l = c->lanes;
    const tile_codec *t = &c->tile;
    for (size_t g = 0; g < c->n_groups; g++) {
        uint8_t *codes = out + t->metadata + g * c->group * (size_t)c->bits / 8;
        l->gather(rows + g * c->group, t->dim, c->group, c->group, values);
        if (!l->range_codes(values, (size_t)l->n, c->group, c->bits, out + g * RANGE_Q_BYTES, t->tile_bytes, wide))
            return false;
        l->pack(wide, c->group, 0, c->bits, codes, t->tile_bytes);
    }
    return true;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    kivi *c = state;
    const tile_codec *t = &c->tile;
    const int64_t bytes = tile_codec_check_rows(t, first, rows, n_rows, capacity, LARGEST);
    const size_t at_once = c->tokens_at_once;
    size_t r = 0;
    if (bytes < 0) return bytes;
    for (; at_once && r + at_once <= n_rows; r += at_once)
        if (!encode_tokens(c, rows + r * t->dim, out + r * t->tile_bytes)) break;
    for (; r < n_rows; r += t->rows) {
        const int rc = encode_tile(c, first + r, rows + r * t->dim, out + r / t->rows * t->tile_bytes);
        if (rc != KVANT_OK) return rc;
    }
    return bytes;
}

/* ---- decode ----------------------------------------------------------------------------------------------------- */

static int corrupt(const kivi *c, size_t first, size_t column)
{
    return c->tile.host->fail(c->tile.host, KVANT_E_CORRUPT,
                              "kivi: rows %zu to %zu, column %zu: a scale or minimum no encoder writes", first,
                              first + c->tile.rows - 1, column);
}

static size_t decode_channels(kivi *c, const uint8_t *in, float *rows)
{
    _Alignas(LANES_ALIGN) uint32_t wide[LANES_MOST * MAX_GROUP];
    const lanes *l = c->lanes;
    const size_t dim = c->tile.dim;
    size_t g = 0;
    for (; l && g + (size_t)l->n <= dim; g += (size_t)l->n) {
        for (size_t i = 0; i < c->group; i++)
            for (size_t r = 0; r < (size_t)l->n; r++)
                wide[i * (size_t)l->n + r] = c->codes[i * dim + g + r];
        if (!l->range_values(in + g * RANGE_Q_BYTES, RANGE_Q_BYTES, c->group, wide, rows + g, dim)) break;
    }
    return g;
}

static int decode_tile(kivi *c, size_t first, const uint8_t *in, float *rows)
{
    bitpack_get(in + c->tile.metadata, c->tile.rows * c->tile.dim, c->bits, c->codes);
    for (size_t g = c->by_channel ? decode_channels(c, in, rows) : 0; g < c->n_groups; g++) {
        const span s = span_of(c, g);
        if (!range_q_decode(in + g * RANGE_Q_BYTES, c->codes + s.begin, s.n, s.stride, rows + s.begin))
            return corrupt(c, first, s.begin);
    }
    return KVANT_OK;
}

static bool decode_tokens(kivi *c, const uint8_t *in, float *rows)
{
    _Alignas(LANES_ALIGN) float values[LANES_MOST * MAX_GROUP];
    _Alignas(LANES_ALIGN) uint32_t wide[LANES_MOST * MAX_GROUP];
    const lanes *l = c->lanes;
    const tile_codec *t = &c->tile;
    for (size_t g = 0; g < c->n_groups; g++) {
        l->unpack(in + t->metadata + g * c->group * (size_t)c->bits / 8, t->tile_bytes, c->group, 0, c->bits, wide);
        if (!l->range_values(in + g * RANGE_Q_BYTES, t->tile_bytes, c->group, wide, values, (size_t)l->n)) return false;
        l->scatter(values, c->group, rows + g * c->group, t->dim);
    }
    return true;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    kivi *c = state;
    const tile_codec *t = &c->tile;
    int rc = tile_codec_check_bytes(t, first, n_bytes, n_rows);
    const size_t at_once = c->tokens_at_once;
    size_t r = 0;
    for (; rc == KVANT_OK && at_once && r + at_once <= n_rows; r += at_once)
        if (!decode_tokens(c, bytes + r * t->tile_bytes, rows + r * t->dim)) break;
    for (; rc == KVANT_OK && r < n_rows; r += t->rows)
        rc = decode_tile(c, first + r, bytes + r / t->rows * t->tile_bytes, rows + r * t->dim);
    return rc;
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
