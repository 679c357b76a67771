/* besi: groups of a row as a direction out of few and a magnitude, around a mean that a block shares. */

#include "plugins/besi/mean_blocks.h"
#include "plugins/besi/riemann.h"

enum { PARAM_G, PARAM_D, PARAM_M, PARAM_MAGNITUDE, PARAM_MEAN, PARAM_BLOCK };

static const kvant_param params[] = {
    { .name = "g",
      .type = KVANT_INT,
      .def = 2,
      .min = BESI_GROUP_MIN,
      .max = BESI_GROUP_MAX,
      .help = "values a group" },
    { .name = "d", .type = KVANT_INT, .def = 3, .min = 1, .max = BESI_BITS_MAX, .help = "bits of a group's direction" },
    { .name = "m", .type = KVANT_INT, .def = 4, .min = 1, .max = BESI_BITS_MAX, .help = "bits of a group's magnitude" },
    { .name = "magnitude",
      .type = KVANT_ENUM,
      .def = BESI_MENDED,
      .max = BESI_F16,
      .names = "published mended f16",
      .help = "scale and levels as published (half of them unused), rms and trained levels, or 16 bits instead of m" },
    MEAN_BLOCKS_PARAMS,
    { 0 },
};

typedef struct besi_codec {
    mean_blocks blocks;
    besi besi;
} besi_codec;

static int encode_row(const mean_blocks *b, size_t position, const float *row, uint8_t *out)
{
    const besi_codec *c = (const besi_codec *)b;
    const float too_large = besi_encode(&c->besi, row, b->dim, out);
    if (too_large == 0.0f) return KVANT_OK;
    return b->host->fail(b->host, KVANT_E_RANGE, "%s: row %zu: the %s %g does not fit f16 (at most 65504)", b->name,
                         position, c->besi.magnitude == BESI_F16 ? "magnitude" : "scale", (double)too_large);
}

static int decode_row(const mean_blocks *b, size_t position, const uint8_t *in, float *row)
{
    const besi_codec *c = (const besi_codec *)b;
    if (besi_decode(&c->besi, in, b->dim, row)) return KVANT_OK;
    return b->host->fail(b->host, KVANT_E_CORRUPT, "%s: row %zu: %s that encode does not write", b->name, position,
                         c->besi.magnitude == BESI_F16 ? "a magnitude, or bits after the directions,"
                                                       : "a scale, or bits after the codes,");
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    const int group = (int)values[PARAM_G].i;
    if (shape->dim > BESI_N_MAX || shape->dim % group != 0)
        return host->fail(host, KVANT_E_SHAPE, "besi: head dimension %d is not a multiple of g=%d up to %d",
                          (int)shape->dim, group, BESI_N_MAX);
    const int rc =
        mean_blocks_create(host, "besi", shape, &values[PARAM_MEAN], &values[PARAM_BLOCK], sizeof(besi_codec), state);
    if (rc != KVANT_OK) return rc;
    besi_codec *c = *state;
    c->blocks.encode_row = encode_row;
    c->blocks.decode_row = decode_row;
    if (besi_init(&c->besi, group, (int)values[PARAM_D].i, (int)values[PARAM_M].i,
                  (besi_magnitude)values[PARAM_MAGNITUDE].i)) {
        c->blocks.row_bytes = besi_bytes(&c->besi, c->blocks.dim);
        c->blocks.metadata = besi_metadata(&c->besi, c->blocks.dim);
        return KVANT_OK;
    }
    mean_blocks_destroy(c);
    *state = NULL;
    return host->fail(host, KVANT_E_PARAM, "besi: no levels for g=%d, d=%d, m=%d", group, (int)values[PARAM_D].i,
                      (int)values[PARAM_M].i);
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "besi",
    .version = "1",
    .family = "besicovitch",
    .summary = "direction and magnitude of pairs of values, one f16 scale a row: (d+m)/g + 16/dim bits a value",
    .reference = "KakeyaTurbo v1.4 (Besicovitch product codec)",
    .params = params,
    .dim_min = 16,
    .dim_max = BESI_N_MAX,
    .dim_step = 2,
    .create = create,
    .destroy = mean_blocks_destroy,
    .geometry = mean_blocks_geometry,
    .bound = mean_blocks_bound,
    .encode = mean_blocks_encode,
    .decode = mean_blocks_decode,
    .split = mean_blocks_split,
};

static const kvant_codec *const codecs[] = { &codec, &riemann_besi, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
