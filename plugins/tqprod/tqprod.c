/* tqprod: the codebook of the sphere with one bit less, and the signs of a random projection of what it left over,
 * which make inner products unbiased. */

#include <string.h>

#include "kernels/sphere.h"
#include "plugins/head_dim.h"
#include "plugins/projection.h"
#include "plugins/row_codec.h"

enum { MAX_DIM = WHT_MAX, BITS_MOST = 5, PIECE = 16 /* rows at once */ };
enum { HEAD_MOST = SPHERE_SCALE_BYTES + MAX_DIM * (BITS_MOST - 1) / 8 };
enum { PARAM_BITS, PARAM_SKETCH, PARAM_SEED };

static const kvant_param params[] = {
    { .name = "bits",
      .type = KVANT_INT,
      .def = 3,
      .min = 1,
      .max = BITS_MOST,
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

/* The codebook's part of n rows, and in rest what it leaves over; how many rows before one whose norm f16 cannot hold.
 */
static size_t encode_heads(const tqprod *c, const float *rows, size_t n, uint8_t *out, float *rest)
{
    uint8_t heads[PIECE * HEAD_MOST];
    size_t done = n;
    memset(rest, 0, n * c->row.dim * sizeof *rest);
    if (c->bits) {
        done = sphere_encode_rows(&c->sphere, SPHERE_PLAIN, rows, n, heads);
        sphere_decode_rows(&c->sphere, heads, rest, done);
    }
    for (size_t r = 0; r < done && c->bits; r++)
        memcpy(out + r * c->row.row_bytes, heads + r * c->head, c->head);
    for (size_t i = 0; i < done * c->row.dim; i++)
        rest[i] = rows[i] - rest[i];
    return done;
}

/* Row `first` of rows is refused: which of its two numbers f16 cannot hold. */
static int refuse(const tqprod *c, size_t first, const float *row)
{
    uint8_t bytes[HEAD_MOST + SKETCH_LENGTH_BYTES + MAX_DIM / 8];
    float rest[MAX_DIM];
    const double norm = c->bits ? sphere_encode(&c->sphere, SPHERE_PLAIN, row, bytes) : 0.0;
    if (norm != 0.0) return row_codec_too_large(&c->row, first, "norm", norm);
    encode_heads(c, row, 1, bytes, rest);
    return row_codec_too_large(&c->row, first, "length of the rest", sketch_encode(&c->rest.sketch, rest, bytes));
}

static int encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const tqprod *c = state;
    float rest[PIECE * MAX_DIM];
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        const float *some = rows + r * c->row.dim;
        uint8_t *to = out + r * c->row.row_bytes;
        size_t done = encode_heads(c, some, n, to, rest);
        done = sketch_encode_rows(&c->rest.sketch, rest, done, to + c->head, c->row.row_bytes);
        if (done < n) return refuse(c, first + r + done, some + done * c->row.dim);
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return row_codec_encode(state, encode_piece, first, rows, n_rows, out, capacity);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const tqprod *c = state;
    const size_t dim = c->row.dim, stride = c->row.row_bytes;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    memset(rows, 0, n_rows * dim * sizeof *rows);
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        const uint8_t *in = bytes + r * stride;
        uint8_t heads[PIECE * HEAD_MOST];
        for (size_t i = 0; i < n; i++)
            memcpy(heads + i * c->head, in + i * stride, c->head);
        const size_t whole = c->bits ? sphere_decode_rows(&c->sphere, heads, rows + r * dim, n) : n;
        const size_t done = sketch_decode_rows(&c->rest.sketch, in + c->head, stride, rows + r * dim, whole);
        if (done < whole)
            return row_codec_corrupt(&c->row, first + r + done,
                                     "the length of the rest is not a finite positive number");
        if (whole < n) return row_codec_corrupt(&c->row, first + r + whole, "the norm is not a finite positive number");
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
