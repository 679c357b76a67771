/* rotate: any codec, seen through a rotation of the rows. */

#include <float.h>
#include <string.h>

#include "kernels/haar.h"
#include "kernels/wht.h"
#include "plugins/head_dim.h"
#include "plugins/wrapper.h"

enum { KIND_WHT, KIND_HAAR };
enum { PARAM_INNER, PARAM_KIND, PARAM_SIGNS };
enum {
    PIECE_VALUES = 4096,
    PIECE_ROWS = 16, /* at least: with fewer the transform goes row by row (LANES_MOST) */
};

static const kvant_param params[] = {
    { .name = "inner", .type = KVANT_CODEC, .help = "the codec that sees the rotated rows" },
    { .name = "kind",
      .type = KVANT_ENUM,
      .def = KIND_WHT,
      .max = KIND_HAAR,
      .names = "wht haar",
      .help = "a Walsh-Hadamard transform with random signs, or a random orthogonal matrix" },
    { .name = "signs",
      .type = KVANT_INT,
      .def = 0,
      .min = 0,
      .max = 65535,
      .help = "which one: 0 is TurboQuant's signs, others are drawn with this key; of haar, its seed" },
    { 0 },
};

typedef struct rotate {
    wrapper base;
    wht rotation;
    double *matrix; /* of kind=haar, dim x dim; else NULL */
} rotate;

static void destroy(void *state)
{
    rotate *w = state;
    if (w) w->base.host->release(w->base.host, w->matrix);
    wrapper_destroy(w);
}

/* The top bit of random number i is the first sign of channel i, 1 for minus; that of number dim + i is the second. */
static void draw_signs(rotate *w, uint64_t key)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.dim;
    float sign[2][WHT_MAX];
    for (size_t i = 0; i < 2 * n; i++)
        sign[i / n][i % n] = host->random(host, key, i) >> 63 ? -1.0f : 1.0f;
    wht_set_signs(&w->rotation, sign[0], sign[1]);
}

static int draw_matrix(rotate *w, uint64_t seed)
{
    const kvant_host *host = w->base.host;
    const size_t n = w->base.dim;
    w->matrix = host->alloc(host, n * n * sizeof *w->matrix);
    if (w->matrix && haar_matrix(n, seed, w->matrix)) return KVANT_OK;
    return host->fail(host, KVANT_E_MEMORY, "rotate: no memory for a matrix of order %zu", n);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = head_dim_check_rotated(host, "rotate", shape, 32);
    if (rc == KVANT_OK) rc = wrapper_create(host, "rotate", shape, values[PARAM_INNER].inner, sizeof(rotate), state);
    if (rc != KVANT_OK) return rc;
    rotate *w = *state;
    const uint64_t signs = (uint64_t)values[PARAM_SIGNS].i;
    wht_init(&w->rotation, shape->dim);
    if (signs > 0) draw_signs(w, signs);
    if (values[PARAM_KIND].i == KIND_HAAR) rc = draw_matrix(w, signs);
    if (rc == KVANT_OK) return rc;
    destroy(w);
    *state = NULL;
    return rc;
}

/* ---- there and back --------------------------------------------------------------------------------------------- */

static void forward(const rotate *w, float *rows, size_t n_rows)
{
    const size_t n = w->base.dim;
    if (!w->matrix) {
        wht_forward(&w->rotation, rows, n_rows);
        return;
    }
    for (size_t r = 0; r < n_rows; r++, rows += n) {
        float turned[WHT_MAX];
        for (size_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < n; j++)
                sum += w->matrix[i * n + j] * (double)rows[j];
            turned[i] = (float)sum;
        }
        memcpy(rows, turned, n * sizeof *rows);
    }
}

static void inverse(const rotate *w, float *rows, size_t n_rows)
{
    const size_t n = w->base.dim;
    if (!w->matrix) {
        wht_inverse(&w->rotation, rows, n_rows);
        return;
    }
    for (size_t r = 0; r < n_rows; r++, rows += n) {
        double sum[WHT_MAX] = { 0 };
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                sum[j] += w->matrix[i * n + j] * (double)rows[i];
        for (size_t j = 0; j < n; j++)
            rows[j] = (float)sum[j];
    }
}

/* Larger values could overflow on the way through the transform. */
static float limit_of(const rotate *w)
{
    return FLT_MAX / (2.0f * (float)w->base.dim);
}

static int rotated_copy(rotate *w, size_t first, const float *rows, size_t n_rows)
{
    const int rc = wrapper_copy(&w->base, first, rows, n_rows, limit_of(w));
    if (rc == KVANT_OK) forward(w, w->base.rows, n_rows);
    return rc;
}

static size_t piece_rows(const rotate *w)
{
    const size_t rows = PIECE_VALUES / w->base.dim;
    return rows > PIECE_ROWS ? rows : PIECE_ROWS;
}

/* Rows that stay in the first-level cache between being copied, turned and encoded: 16 KiB or 16 rows, whole blocks of
 * the inner codec; all rows where it weighs them, because weights are for one encode. */
static size_t rows_at_once(const rotate *w, size_t n_rows)
{
    kvant_geometry g = { .size = sizeof g, .abi = KVANT_ABI };
    if (w->base.weighs || wrapper_geometry(w, &g) != KVANT_OK || g.block == 0) return n_rows;
    const size_t block = g.block, wanted = piece_rows(w);
    return wanted > block ? wanted / block * block : block;
}

/* R M R' for each head: the rows of M turned, then its columns. M is symmetric, so that turning the rows of (R M)' = M
 * R' once more gives R M R'. */
static void rotate_moment(const rotate *w, const float *moment, float *out)
{
    const size_t n = w->base.dim;
    for (size_t h = 0; h < w->base.heads; h++, moment += n * n, out += n * n) {
        memcpy(out, moment, n * n * sizeof *out);
        forward(w, out, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) {
                const float turn = out[i * n + j];
                out[i * n + j] = out[j * n + i];
                out[j * n + i] = turn;
            }
        forward(w, out, n);
    }
}

static int calibrate(void *state, const kvant_samples *samples)
{
    rotate *w = state;
    const kvant_host *host = w->base.host;
    if (!wrapper_inner_calibrates(&w->base)) return KVANT_OK;
    int rc = rotated_copy(w, 0, samples->rows, samples->n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t n = w->base.heads * w->base.dim * w->base.dim;
    kvant_samples turned = *samples;
    turned.rows = w->base.rows;
    float *moments = host->alloc(host, 2 * n * sizeof *moments);
    if (!moments) return host->fail(host, KVANT_E_MEMORY, "rotate: no memory for the query moments");
    if (samples->query_moment) {
        rotate_moment(w, samples->query_moment, moments);
        turned.query_moment = moments;
    }
    if (samples->query_moment_met) {
        rotate_moment(w, samples->query_moment_met, moments + n);
        turned.query_moment_met = moments + n;
    }
    rc = wrapper_calibrate(w, &turned);
    host->release(host, moments);
    return rc;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    rotate *w = state;
    const size_t dim = w->base.dim, at_once = rows_at_once(w, n_rows);
    int64_t bytes = 0;
    for (size_t r = 0; r < n_rows || r == 0;) {
        const size_t n = n_rows - r < at_once ? n_rows - r : at_once;
        const int rc = rotated_copy(w, first + r, rows + r * dim, n);
        if (rc != KVANT_OK) return rc;
        const int64_t more = wrapper_encode(w, first + r, w->base.rows, n, out + bytes, capacity - (size_t)bytes);
        if (more < 0) return more;
        bytes += more;
        r += n > 0 ? n : 1;
    }
    return bytes;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    rotate *w = state;
    int rc = wrapper_decode(w, first, bytes, n_bytes, rows, n_rows);
    const size_t at_once = piece_rows(w);
    for (size_t r = 0; r < n_rows && rc == KVANT_OK; r += at_once) {
        const size_t n = n_rows - r < at_once ? n_rows - r : at_once;
        float *some = rows + r * w->base.dim;
        rc = wrapper_check_decoded(&w->base, first + r, some, n, limit_of(w));
        if (rc == KVANT_OK) inverse(w, some, n);
    }
    return rc;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "rotate",
    .version = "1",
    .family = "wrapper",
    .summary = "rotates every row before the inner codec and back after it; costs no bytes",
    .reference = "QuaRot, arXiv 2404.00456; transforms of kernels/wht.h and kernels/haar.h",
    .params = params,
    .dim_min = 32,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = destroy,
    .geometry = wrapper_geometry,
    .calibrate = calibrate,
    .weigh = wrapper_weigh,
    .bound = wrapper_bound,
    .encode = encode,
    .decode = decode,
    .save = wrapper_save,
    .load = wrapper_load,
    .split = wrapper_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
