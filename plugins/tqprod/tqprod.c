/* tqprod: the codebook of the sphere with one bit less, and the signs of a random projection of what it left over,
 * which make inner products unbiased. */

#include <string.h>

#include "kernels/sphere.h"
#include "plugins/head_dim.h"
#include "plugins/projection.h"
#include "plugins/row_codec.h"

enum { MAX_DIM = WHT_MAX };
enum { PARAM_BITS, PARAM_SKETCH, PARAM_SEED };

static const kvant_param params[] = {
    { .name = "bits",
      .type = KVANT_INT,
      .def = 3,
      .min = 1,
      .max = 5,
      .help = "bits per coordinate, of which one is a sign of the projection" },
    { .name = "sketch", /* its words in the order of kernels/sketch.h */
      .type = KVANT_ENUM,
      .def = SKETCH_ORTHOGONAL,
      .max = SKETCH_ORTHOGONAL,
      .names = "gaussian orthogonal",
      .help = "the projection: independent normal entries as in the paper, or a random rotation" },
    { .name = "seed", .type = KVANT_INT, .max = 1 << 30, .help = "of the projection" },
    { 0 },
};

typedef struct tqprod {
    row_codec row;
    int bits;    /* of the codebook; 0: none */
    size_t head; /* bytes of the codebook's part of a row */
    sphere sphere;
    projection rest;
} tqprod;

static void destroy(void *state)
{
    tqprod *c = state;
    if (c) projection_close(&c->rest, c->row.host);
    row_codec_destroy(c);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = head_dim_check_rotated(host, "tqprod", shape, 32);
    if (rc == KVANT_OK) rc = row_codec_create(host, "tqprod", shape, sizeof(tqprod), state);
    if (rc != KVANT_OK) return rc;
    tqprod *c = *state;
    c->bits = (int)values[PARAM_BITS].i - 1;
    c->head = c->bits ? sphere_bytes(c->row.dim, c->bits) : 0;
    c->row.row_bytes = c->head + sketch_row_bytes(c->row.dim);
    c->row.metadata = SKETCH_LENGTH_BYTES + (c->bits ? SPHERE_SCALE_BYTES : 0);
    if (c->bits && !sphere_init(&c->sphere, c->row.dim, c->bits))
        rc = host->fail(host, KVANT_E_PARAM, "tqprod: no codebook of %d bits for head dimension %d", c->bits,
                        (int)shape->dim);
    if (rc == KVANT_OK)
        rc = projection_open(&c->rest, host, "tqprod", (sketch_kind)values[PARAM_SKETCH].i, c->row.dim, c->row.dim,
                             (uint64_t)values[PARAM_SEED].i);
    if (rc == KVANT_OK) return rc;
    destroy(c);
    *state = NULL;
    return rc;
}

static int encode_row(const tqprod *c, size_t position, const float *row, uint8_t *out)
{
    float rest[MAX_DIM] = { 0 };
    if (c->bits) {
        const double too_large = sphere_encode(&c->sphere, SPHERE_PLAIN, row, out);
        if (too_large != 0.0) return row_codec_too_large(&c->row, position, "norm", too_large);
        sphere_decode(&c->sphere, out, rest);
    }
    for (size_t i = 0; i < c->row.dim; i++)
        rest[i] = row[i] - rest[i];
    const double too_large = sketch_encode(&c->rest.sketch, rest, out + c->head);
    return too_large != 0.0 ? row_codec_too_large(&c->row, position, "length of the rest", too_large) : KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const tqprod *c = state;
    int64_t rc = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    const int64_t bytes = rc;
    for (size_t r = 0; rc >= 0 && r < n_rows; r++)
        rc = encode_row(c, first + r, rows + r * c->row.dim, out + r * c->row.row_bytes);
    return rc < 0 ? rc : bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const tqprod *c = state;
    const size_t n = c->row.dim;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++) {
        const uint8_t *in = bytes + r * c->row.row_bytes;
        float *row = rows + r * n;
        memset(row, 0, n * sizeof *row);
        if (c->bits && !sphere_decode(&c->sphere, in, row))
            return row_codec_corrupt(&c->row, first + r, "the norm is not a finite positive number");
        if (!sketch_decode(&c->rest.sketch, in + c->head, row))
            return row_codec_corrupt(&c->row, first + r, "the length of the rest is not a finite positive number");
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "tqprod",
    .version = "1",
    .family = "turbo",
    .summary = "codebook of the sphere at bits - 1, and a sign a coordinate that makes inner products unbiased",
    .reference = "TurboQuant_prod, arXiv 2504.19874; QJL, arXiv 2406.03482",
    .params = params,
    .dim_min = 32,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = destroy,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .split = row_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
