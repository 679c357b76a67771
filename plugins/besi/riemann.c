#include "plugins/besi/riemann.h"

#include <math.h>
#include <string.h>

#include "kernels/bitpack.h"
#include "plugins/besi/riemann_fit.h"

enum { PARAM_D, PARAM_M, PARAM_SCALE, PARAM_CODEBOOK, PARAM_MEAN, PARAM_BLOCK };
enum { CODEBOOK_GAUSS, CODEBOOK_CALIBRATED };
enum { F32_BYTES = 4 };

static const kvant_param params[] = {
    { .name = "d", .type = KVANT_INT, .def = 6, .min = 1, .max = BESI_BITS_MAX, .help = "bits of a pair's direction" },
    { .name = "m", .type = KVANT_INT, .def = 4, .min = 1, .max = BESI_BITS_MAX, .help = "bits of a pair's magnitude" },
    { .name = "scale",
      .type = KVANT_ENUM,
      .def = RIEMANN_PCT99,
      .max = RIEMANN_PCT999,
      .names = "sqrt_trace rms pct95 pct99 pct999",
      .help = "a pair's scale: rms of its values, rms of its magnitude, or a percentile of that over 2.7" },
    { .name = "codebook",
      .type = KVANT_ENUM,
      .def = CODEBOOK_CALIBRATED,
      .max = CODEBOOK_CALIBRATED,
      .names = "gauss calibrated",
      .help = "levels of the magnitudes: quantiles of N(0,1), or fitted to the calibration rows" },
    MEAN_BLOCKS_PARAMS,
    { 0 },
};

typedef struct riemann {
    mean_blocks blocks;
    besi_lines lines;
    int bits, scale_kind;
    bool calibrated, ready;
    float scale[RIEMANN_PAIRS_MAX];
    float upper[QUANTIZER_LEVELS]; /* the positive half of the levels */
    quantizer table;
} riemann;

static size_t pairs_of(const riemann *c)
{
    return c->blocks.dim / RIEMANN_GROUP;
}

static size_t upper_of(const riemann *c)
{
    return (size_t)1 << (c->bits - 1);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Magnitudes beyond the largest level become that level: that is what fixed scales mean. */
static int encode_row(const mean_blocks *b, size_t position, const float *row, uint8_t *out)
{
    (void)position;
    const riemann *c = (const riemann *)b;
    const size_t pairs = pairs_of(c);
    uint8_t index[RIEMANN_PAIRS_MAX] = { 0 }, code[RIEMANN_PAIRS_MAX];
    float alpha[RIEMANN_PAIRS_MAX];
    for (size_t k = 0; k < pairs; k++) {
        index[k] = (uint8_t)besi_nearest(&c->lines, row + RIEMANN_GROUP * k, &alpha[k]);
        alpha[k] /= c->scale[k];
    }
    quantizer_codes(&c->table, alpha, pairs, code);
    bitpack_put(index, pairs, c->lines.bits, out);
    bitpack_put(code, pairs, c->bits, out + bitpack_bytes(pairs, c->lines.bits));
    return KVANT_OK;
}

static int decode_row(const mean_blocks *b, size_t position, const uint8_t *in, float *row)
{
    const riemann *c = (const riemann *)b;
    const size_t pairs = pairs_of(c), directions = bitpack_bytes(pairs, c->lines.bits);
    uint8_t index[RIEMANN_PAIRS_MAX], code[RIEMANN_PAIRS_MAX];
    if (!besi_rest_is_zero(in, pairs, c->lines.bits) || !besi_rest_is_zero(in + directions, pairs, c->bits))
        return b->host->fail(b->host, KVANT_E_CORRUPT, "%s: row %zu: bits after the codes are not 0", b->name,
                             position);
    bitpack_get(in, pairs, c->lines.bits, index);
    bitpack_get(in + directions, pairs, c->bits, code);
    for (size_t k = 0; k < pairs; k++)
        besi_point(&c->lines, index[k], c->table.level[code[k]] * c->scale[k], row + RIEMANN_GROUP * k);
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const riemann *c = state;
    if (c->ready) return mean_blocks_encode(state, first, rows, n_rows, out, capacity);
    return c->blocks.host->fail(c->blocks.host, KVANT_E_STATE, "%s: encode before calibrate", c->blocks.name);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const riemann *c = state;
    if (c->ready) return mean_blocks_decode(state, first, bytes, n_bytes, rows, n_rows);
    return c->blocks.host->fail(c->blocks.host, KVANT_E_STATE, "%s: decode before load", c->blocks.name);
}

/* ---- scales and levels ------------------------------------------------------------------------------------------ */

static bool set_table(riemann *c)
{
    float level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS] = { 0 };
    const int half = (int)upper_of(c);
    for (int k = 0; k < half; k++) {
        level[half + k] = c->upper[k];
        level[half - 1 - k] = -c->upper[k];
    }
    for (int k = 0; k + 1 < 2 * half; k++)
        boundary[k] = 0.5f * (level[k] + level[k + 1]);
    return quantizer_init(&c->table, level, boundary, 2 * half);
}

/* Levels as f32, a thousandth of the largest apart at least: what the table's grid can tell from each other. */
static int calibrate(void *state, const kvant_samples *samples)
{
    riemann *c = state;
    const riemann_fit fit = { .blocks = &c->blocks,
                              .lines = &c->lines,
                              .scale_kind = c->scale_kind,
                              .bits = c->bits,
                              .calibrated = c->calibrated };
    double level[QUANTIZER_LEVELS];
    const int rc = riemann_fit_rows(&fit, samples, c->scale, level);
    if (rc != KVANT_OK) return rc;
    const size_t half = upper_of(c);
    const double gap = level[2 * half - 1] / 1000.0;
    for (size_t k = 0; k < half; k++)
        c->upper[k] = (float)fmax(level[half + k], k > 0 ? (double)c->upper[k - 1] + gap : 0.5 * gap);
    c->ready = set_table(c);
    if (c->ready) return KVANT_OK;
    return c->blocks.host->fail(c->blocks.host, KVANT_E_PARAM, "%s: the levels are too close together", c->blocks.name);
}

static void put_f32(uint8_t *bytes, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < F32_BYTES; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
}

static float get_f32(const uint8_t *bytes)
{
    uint32_t bits = 0;
    float value;
    for (int i = 0; i < F32_BYTES; i++)
        bits |= (uint32_t)bytes[i] << (8 * i);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Gaussian levels are the same everywhere: only fitted ones are side data. */
static size_t side_values(const riemann *c)
{
    return pairs_of(c) + (c->calibrated ? upper_of(c) : 0);
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const riemann *c = state;
    const kvant_host *host = c->blocks.host;
    const size_t bytes = F32_BYTES * side_values(c), pairs = pairs_of(c);
    if (!out) return (int64_t)bytes;
    if (!c->ready) return host->fail(host, KVANT_E_STATE, "%s: save before calibrate", c->blocks.name);
    if (capacity < bytes)
        return host->fail(host, KVANT_E_SPACE, "%s: side data of %zu bytes, the buffer has %zu", c->blocks.name, bytes,
                          capacity);
    for (size_t i = 0; i < side_values(c); i++)
        put_f32(out + F32_BYTES * i, i < pairs ? c->scale[i] : c->upper[i - pairs]);
    return (int64_t)bytes;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    riemann *c = state;
    const kvant_host *host = c->blocks.host;
    const size_t pairs = pairs_of(c), half = upper_of(c);
    double level[QUANTIZER_LEVELS];
    c->ready = false;
    if (n_bytes != F32_BYTES * side_values(c))
        return host->fail(host, KVANT_E_CORRUPT, "%s: side data of %zu bytes, expected %zu", c->blocks.name, n_bytes,
                          F32_BYTES * side_values(c));
    bool good = true;
    for (size_t k = 0; k < pairs; k++) {
        c->scale[k] = get_f32(bytes + F32_BYTES * k);
        good = good && c->scale[k] > 0.0f && c->scale[k] <= 1e18f;
    }
    if (!c->calibrated) riemann_gauss_levels(c->bits, level);
    for (size_t k = 0; k < half; k++) {
        c->upper[k] = c->calibrated ? get_f32(bytes + F32_BYTES * (pairs + k)) : (float)level[half + k];
        good = good && c->upper[k] > (k > 0 ? c->upper[k - 1] : 0.0f) && c->upper[k] <= 1e18f;
    }
    c->ready = good && set_table(c);
    if (c->ready) return KVANT_OK;
    return host->fail(host, KVANT_E_CORRUPT, "%s: side data with a scale or a level that calibrate does not write",
                      c->blocks.name);
}

/* ---- codec ------------------------------------------------------------------------------------------------------ */

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->dim > BESI_N_MAX || shape->dim % RIEMANN_GROUP != 0)
        return host->fail(host, KVANT_E_SHAPE, "riemann_besi: head dimension %d is not an even number up to %d",
                          (int)shape->dim, BESI_N_MAX);
    const int rc = mean_blocks_create(host, "riemann_besi", shape, &values[PARAM_MEAN], &values[PARAM_BLOCK],
                                      sizeof(riemann), state);
    if (rc != KVANT_OK) return rc;
    riemann *c = *state;
    c->blocks.encode_row = encode_row;
    c->blocks.decode_row = decode_row;
    c->bits = (int)values[PARAM_M].i;
    c->scale_kind = (int)values[PARAM_SCALE].i;
    c->calibrated = values[PARAM_CODEBOOK].i == CODEBOOK_CALIBRATED;
    besi_lines_init(&c->lines, RIEMANN_GROUP, (int)values[PARAM_D].i);
    c->blocks.row_bytes = bitpack_bytes(pairs_of(c), c->lines.bits) + bitpack_bytes(pairs_of(c), c->bits);
    c->blocks.metadata = c->blocks.row_bytes - pairs_of(c) * (size_t)(c->lines.bits + c->bits) / 8;
    return KVANT_OK;
}

const kvant_codec riemann_besi = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "riemann_besi",
    .version = "1",
    .family = "besicovitch",
    .summary = "besi on pairs with scales fixed by calibration: (d+m)/2 bits a value and no scale in the rows",
    .reference = "KakeyaTurbo v1.4 (Riemann K-Besi)",
    .params = params,
    .flags = KVANT_CALIBRATES,
    .dim_min = 16,
    .dim_max = BESI_N_MAX,
    .dim_step = 2,
    .create = create,
    .destroy = mean_blocks_destroy,
    .geometry = mean_blocks_geometry,
    .calibrate = calibrate,
    .bound = mean_blocks_bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = mean_blocks_split,
};
