/* qjl: keys as the signs of a random projection. In groups of tokens, the channels with the most energy apart. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "plugins/head_dim.h"
#include "plugins/projection.h"
#include "plugins/tile_codec.h"

enum { MIN_DIM = 16, MAX_DIM = 256, MAX_OUTLIERS = 64, MAX_BITS = 1024, NORM_BYTES = 2 };
enum { PIECE = 16 /* rows at once */ };
enum { PARAM_BITS, PARAM_OUTLIERS, PARAM_OUTLIER_BITS, PARAM_GROUP, PARAM_SKETCH, PARAM_SEED };

static const kvant_param params[] = {
    { .name = "bits",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 256,
      .min = 16,
      .max = MAX_BITS,
      .step = 2,
      .help = "signs kept of a key, a multiple of 8" },
    { .name = "outliers",
      .type = KVANT_INT,
      .def = 8,
      .max = MAX_OUTLIERS,
      .help = "channels of a group that are projected apart from the others" },
    { .name = "outlier_bits",
      .type = KVANT_INT,
      .flags = KVANT_LOG,
      .def = 128,
      .min = 8,
      .max = MAX_BITS,
      .step = 2,
      .help = "signs kept of these channels, a multiple of 8, at most bits" },
    { .name = "group", .type = KVANT_INT, .def = 32, .min = 1, .max = 1024, .help = "tokens that share the choice" },
    { .name = "sketch", /* its words in the order of kernels/sketch.h */
      .type = KVANT_ENUM,
      .def = SKETCH_ORTHOGONAL,
      .max = SKETCH_ORTHOGONAL,
      .names = "gaussian orthogonal",
      .help = "the projection: independent normal entries, or orthogonal in blocks of the head dimension" },
    { .name = "seed", .type = KVANT_INT, .max = 1 << 30, .help = "of the projection" },
    { 0 },
};

/* A tile is a group of tokens. */
typedef struct qjl {
    tile_codec tile;
    size_t outliers;
    size_t bits, outlier_bits; /* the latter 0 without outliers */
    size_t token_bytes;
    projection projection;
} qjl;

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void destroy(void *state)
{
    qjl *c = state;
    if (c) projection_close(&c->projection, c->tile.host);
    tile_codec_destroy(c);
}

static int check_params(const kvant_host *host, const kvant_shape *shape, const kvant_value *values)
{
    const long long bits = values[PARAM_BITS].i, outlier_bits = values[PARAM_OUTLIER_BITS].i;
    if (bits % 8 != 0 || outlier_bits % 8 != 0)
        return host->fail(host, KVANT_E_PARAM, "qjl: bits=%lld and outlier_bits=%lld must be multiples of 8", bits,
                          outlier_bits);
    if (values[PARAM_OUTLIERS].i > 0 && outlier_bits > bits)
        return host->fail(host, KVANT_E_PARAM, "qjl: outlier_bits=%lld is more than bits=%lld", outlier_bits, bits);
    if (values[PARAM_OUTLIERS].i >= shape->dim)
        return host->fail(host, KVANT_E_PARAM, "qjl: outliers=%d of a head dimension of %d",
                          (int)values[PARAM_OUTLIERS].i, (int)shape->dim);
    return KVANT_OK;
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = check_params(host, shape, values);
    if (rc == KVANT_OK) rc = head_dim_check(host, "qjl", shape, MIN_DIM, MAX_DIM, 8);
    if (rc == KVANT_OK) rc = tile_codec_create(host, "qjl", shape, sizeof(qjl), state);
    if (rc != KVANT_OK) return rc;
    qjl *c = *state;
    const size_t group = (size_t)values[PARAM_GROUP].i;
    c->outliers = (size_t)values[PARAM_OUTLIERS].i;
    c->bits = (size_t)values[PARAM_BITS].i;
    c->outlier_bits = c->outliers ? (size_t)values[PARAM_OUTLIER_BITS].i : 0;
    c->token_bytes = NORM_BYTES + c->bits / 8 + (c->outliers ? NORM_BYTES + c->outlier_bits / 8 : 0);
    c->tile.rows = group;
    c->tile.tile_bytes = c->outliers + group * c->token_bytes;
    c->tile.metadata = c->tile.tile_bytes - group * (c->bits + c->outlier_bits) / 8;
    rc = projection_open(&c->projection, host, "qjl", (sketch_kind)values[PARAM_SKETCH].i, c->tile.dim, c->bits,
                         (uint64_t)values[PARAM_SEED].i);
    if (rc == KVANT_OK) return rc;
    destroy(c);
    *state = NULL;
    return rc;
}

/* ---- encode ----------------------------------------------------------------------------------------------------- */

/* The channels with the largest energy over the group, ascending; of equals the first. */
static void choose_outliers(const qjl *c, const float *rows, uint8_t *channels, bool *is_outlier)
{
    double energy[MAX_DIM] = { 0 };
    for (size_t r = 0; r < c->tile.rows; r++)
        for (size_t i = 0; i < c->tile.dim; i++)
            energy[i] += (double)rows[r * c->tile.dim + i] * (double)rows[r * c->tile.dim + i];
    memset(is_outlier, 0, MAX_DIM * sizeof *is_outlier);
    for (size_t k = 0; k < c->outliers; k++) {
        size_t best = MAX_DIM;
        for (size_t i = 0; i < c->tile.dim; i++)
            if (!is_outlier[i] && (best == MAX_DIM || energy[i] > energy[best])) best = i;
        is_outlier[best] = true;
    }
    for (size_t i = 0; i < c->tile.dim; i++)
        if (is_outlier[i]) *channels++ = (uint8_t)i;
}

/* Of n rows, the signs of the sketch of those channels that are outliers, or that are not; others count as zero. */
static void put_signs(const qjl *c, const float *rows, size_t n, const bool *is_outlier, bool outliers, size_t bits,
                      uint8_t *out)
{
    float part[PIECE * MAX_DIM] = { 0 }, y[PIECE * MAX_BITS];
    const size_t dim = c->tile.dim;
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < dim; i++)
            part[r * dim + i] = is_outlier[i] == outliers ? rows[r * dim + i] : 0.0f;
    sketch_apply(&c->projection.sketch, part, n, bits, y);
    for (size_t r = 0; r < n; r++)
        sketch_signs(y + r * bits, bits, out + r * c->token_bytes);
}

/* |k|, |k_out|. 0, or the norm that f16 cannot hold. */
static double put_norms(const qjl *c, const float *row, const bool *is_outlier, uint8_t *out)
{
    double energy[2] = { 0 };
    for (size_t i = 0; i < c->tile.dim; i++)
        energy[is_outlier[i]] += (double)row[i] * (double)row[i];
    const double norm = sqrt(energy[0] + energy[1]);
    const uint16_t stored = half_from_float((float)fmin(norm, 1e9));
    if (half_is_special(stored)) return norm;
    half_store(out, stored);
    if (c->outliers) half_store(out + NORM_BYTES, half_from_float((float)sqrt(energy[1])));
    return 0.0;
}

/* n tokens of a group, at most PIECE: the norms, the signs of the inliers, the signs of the outliers. */
static int encode_tokens(const qjl *c, size_t position, const float *rows, size_t n, const bool *is_outlier,
                         uint8_t *out)
{
    for (size_t r = 0; r < n; r++) {
        const double too_large = put_norms(c, rows + r * c->tile.dim, is_outlier, out + r * c->token_bytes);
        if (too_large != 0.0)
            return c->tile.host->fail(c->tile.host, KVANT_E_RANGE,
                                      "qjl: row %zu: the norm %g does not fit f16 (at most 65504)", position + r,
                                      too_large);
    }
    out += NORM_BYTES + (c->outliers ? NORM_BYTES : 0);
    put_signs(c, rows, n, is_outlier, false, c->bits, out);
    if (c->outliers) put_signs(c, rows, n, is_outlier, true, c->outlier_bits, out + c->bits / 8);
    return KVANT_OK;
}

/* How many of the rows from r on are at work at once: they are of one group. */
static size_t piece_from(const qjl *c, size_t r, size_t n_rows)
{
    const size_t of_group = c->tile.rows - r % c->tile.rows, left = n_rows - r;
    const size_t n = of_group < left ? of_group : left;
    return n < PIECE ? n : PIECE;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const qjl *c = state;
    bool is_outlier[MAX_DIM];
    const int64_t bytes = tile_codec_check_rows(&c->tile, first, rows, n_rows, capacity, FLT_MAX);
    if (bytes < 0) return bytes;
    for (size_t r = 0, n; r < n_rows; r += n) {
        if (r % c->tile.rows == 0) {
            choose_outliers(c, rows + r * c->tile.dim, out, is_outlier);
            out += c->outliers;
        }
        n = piece_from(c, r, n_rows);
        const int rc = encode_tokens(c, first + r, rows + r * c->tile.dim, n, is_outlier, out);
        if (rc != KVANT_OK) return rc;
        out += n * c->token_bytes;
    }
    return bytes;
}

/* ---- decode ----------------------------------------------------------------------------------------------------- */

static int corrupt(const qjl *c, size_t position, const char *what)
{
    return c->tile.host->fail(c->tile.host, KVANT_E_CORRUPT, "qjl: row %zu: %s", position, what);
}

static bool get_outliers(const qjl *c, const uint8_t *channels, bool *is_outlier)
{
    memset(is_outlier, 0, MAX_DIM * sizeof *is_outlier);
    for (size_t k = 0; k < c->outliers; k++) {
        if (channels[k] >= c->tile.dim || (k > 0 && channels[k] <= channels[k - 1])) return false;
        is_outlier[channels[k]] = true;
    }
    return true;
}

/* What the scores are linear in: gain/m · norm · S' signs, in the channels the signs were taken of. */
static void get_part(const qjl *c, const uint8_t *signs, size_t n, size_t bits, const double *norms,
                     const bool *is_outlier, bool outliers, float *rows)
{
    float part[PIECE * MAX_DIM] = { 0 };
    double weights[PIECE] = { 0 };
    const size_t dim = c->tile.dim;
    for (size_t r = 0; r < n; r++)
        weights[r] = c->projection.sketch.gain / (double)bits * norms[r];
    sketch_spread(&c->projection.sketch, signs, c->token_bytes, n, bits, weights, part);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < dim; i++)
            if (is_outlier[i] == outliers) rows[r * dim + i] = part[r * dim + i];
}

/* NULL, or what is wrong; the norms of all channels but the outliers, and of these. */
static const char *get_norms(const qjl *c, const uint8_t *in, double *norm_in, double *norm_out)
{
    const uint16_t whole = half_load(in), apart = c->outliers ? half_load(in + NORM_BYTES) : 0;
    if (half_is_special(whole) || half_is_special(apart) || (whole | apart) & 0x8000u)
        return "a norm is not a finite positive number";
    if (apart > whole) return "the outliers are longer than the key";
    const double norm = (double)half_to_float(whole);
    *norm_out = (double)half_to_float(apart);
    *norm_in = sqrt(norm * norm - *norm_out * *norm_out);
    return NULL;
}

static int decode_tokens(const qjl *c, size_t position, const uint8_t *in, size_t n, const bool *is_outlier,
                         float *rows)
{
    double norms_in[PIECE], norms_out[PIECE];
    for (size_t r = 0; r < n; r++) {
        const char *wrong = get_norms(c, in + r * c->token_bytes, &norms_in[r], &norms_out[r]);
        if (wrong) return corrupt(c, position + r, wrong);
    }
    in += NORM_BYTES + (c->outliers ? NORM_BYTES : 0);
    get_part(c, in, n, c->bits, norms_in, is_outlier, false, rows);
    if (c->outliers) get_part(c, in + c->bits / 8, n, c->outlier_bits, norms_out, is_outlier, true, rows);
    return KVANT_OK;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const qjl *c = state;
    bool is_outlier[MAX_DIM];
    int rc = tile_codec_check_bytes(&c->tile, first, n_bytes, n_rows);
    for (size_t r = 0, n; rc == KVANT_OK && r < n_rows; r += n) {
        if (r % c->tile.rows == 0) {
            if (!get_outliers(c, bytes, is_outlier))
                return corrupt(c, first + r, "the outlier channels are not ascending channels of the head");
            bytes += c->outliers;
        }
        n = piece_from(c, r, n_rows);
        rc = decode_tokens(c, first + r, bytes, n, is_outlier, rows + r * c->tile.dim);
        bytes += n * c->token_bytes;
    }
    return rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "qjl",
    .version = "1",
    .family = "turbo",
    .summary =
        "keys as signs of a random projection, outlier channels apart: unbiased scores; 3.27 bits a value at dim 128",
    .reference = "QJL, arXiv 2406.03482",
    .params = params,
    .flags = KVANT_K_ONLY,
    .dim_min = MIN_DIM,
    .dim_max = MAX_DIM,
    .dim_step = 8,
    .create = create,
    .destroy = destroy,
    .geometry = tile_codec_geometry,
    .bound = tile_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = tile_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
