/* outlier_split: some channels at more bits than the rest, each of the two parts with its own length, rotation and
 * codebook. */

#include "kernels/finite.h"
#include "kernels/sphere.h"
#include "plugins/head_dim.h"
#include "plugins/projection.h"
#include "plugins/row_codec.h"

enum { MAX_DIM = WHT_MAX, INDEX_BYTES = 2 };
enum { FIRST, CALIBRATED };
enum { PARAM_HIGH, PARAM_LOW, PARAM_N, PARAM_SELECTION, PARAM_QJL };

static const kvant_param params[] = {
    { .name = "high", .type = KVANT_INT, .def = 3, .min = 1, .max = 8, .help = "bits of the n channels" },
    { .name = "low", .type = KVANT_INT, .def = 2, .min = 1, .max = 8, .help = "bits of the others" },
    { .name = "n",
      .type = KVANT_INT,
      .def = 32,
      .min = 16,
      .max = MAX_DIM - 16,
      .step = 16,
      .help = "channels at the high bits, a multiple of 4" },
    { .name = "selection",
      .type = KVANT_ENUM,
      .def = FIRST,
      .max = CALIBRATED,
      .names = "first calibrated",
      .help = "which: the first n, or those with the most energy in calibration" },
    { .name = "qjl",
      .type = KVANT_BOOL,
      .help = "one of the bits is a sign of a projection of the whole row's rest, as in tqprod" },
    { 0 },
};

/* A part of the row: the channels of one rate. */
typedef struct part {
    size_t n, from, bytes; /* channels from … from + n - 1 of the order below */
    sphere sphere;
} part;

typedef struct outlier_split {
    row_codec row;
    int selection;
    bool ordered;            /* is the order known? */
    uint16_t order[MAX_DIM]; /* the high channels ascending, then the low ones ascending */
    part parts[2];           /* high, low */
    bool qjl;
    projection rest;
} outlier_split;

/* ---- which channels --------------------------------------------------------------------------------------------- */

static void set_order(outlier_split *c, const bool *is_high)
{
    uint16_t *high = c->order, *low = c->order + c->parts[0].n;
    for (size_t i = 0; i < c->row.dim; i++)
        *(is_high[i] ? high++ : low++) = (uint16_t)i;
    c->ordered = true;
}

static void set_first(outlier_split *c)
{
    bool is_high[MAX_DIM] = { 0 };
    for (size_t i = 0; i < c->parts[0].n; i++)
        is_high[i] = true;
    set_order(c, is_high);
}

/* The n channels with the most energy; of equals the first. */
static int calibrate(void *state, const kvant_samples *samples)
{
    outlier_split *c = state;
    const size_t n = (size_t)samples->n_rows * c->row.dim, bad = finite_scan(samples->rows, n);
    if (c->selection != CALIBRATED) return KVANT_OK;
    if (bad < n)
        return c->row.host->fail(c->row.host, KVANT_E_NONFINITE,
                                 "outlier_split: sample %zu, column %zu is %g, not a finite number", bad / c->row.dim,
                                 bad % c->row.dim, (double)samples->rows[bad]);
    double energy[MAX_DIM] = { 0 };
    bool is_high[MAX_DIM] = { 0 };
    for (size_t i = 0; i < n; i++)
        energy[i % c->row.dim] += (double)samples->rows[i] * (double)samples->rows[i];
    for (size_t k = 0; k < c->parts[0].n; k++) {
        size_t best = MAX_DIM;
        for (size_t i = 0; i < c->row.dim; i++)
            if (!is_high[i] && (best == MAX_DIM || energy[i] > energy[best])) best = i;
        is_high[best] = true;
    }
    set_order(c, is_high);
    return KVANT_OK;
}

static int unordered(const outlier_split *c)
{
    return c->row.host->fail(c->row.host, KVANT_E_STATE,
                             "outlier_split: selection=calibrated, but there was neither calibrate nor load");
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const outlier_split *c = state;
    const size_t bytes = c->selection == CALIBRATED ? c->parts[0].n * INDEX_BYTES : 0;
    if (!out) return (int64_t)bytes;
    if (!c->ordered) return unordered(c);
    if (capacity < bytes)
        return c->row.host->fail(c->row.host, KVANT_E_SPACE,
                                 "outlier_split: %zu bytes of side data, the buffer has %zu", bytes, capacity);
    for (size_t k = 0; k < bytes / INDEX_BYTES; k++) {
        out[INDEX_BYTES * k] = (uint8_t)c->order[k];
        out[INDEX_BYTES * k + 1] = (uint8_t)(c->order[k] >> 8);
    }
    return (int64_t)bytes;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    outlier_split *c = state;
    bool is_high[MAX_DIM] = { 0 };
    const size_t expected = c->selection == CALIBRATED ? c->parts[0].n * INDEX_BYTES : 0;
    size_t before = 0;
    if (n_bytes != expected)
        return c->row.host->fail(c->row.host, KVANT_E_CORRUPT, "outlier_split: %zu bytes of side data, expected %zu",
                                 n_bytes, expected);
    for (size_t k = 0; k < n_bytes / INDEX_BYTES; k++) {
        const size_t channel = (size_t)(bytes[INDEX_BYTES * k] | bytes[INDEX_BYTES * k + 1] << 8);
        if (channel >= c->row.dim || (k > 0 && channel <= before))
            return c->row.host->fail(
                c->row.host, KVANT_E_CORRUPT,
                "outlier_split: side data: channel %zu after %zu, expected ascending ones below %zu", channel, before,
                c->row.dim);
        is_high[channel] = true;
        before = channel;
    }
    if (n_bytes) set_order(c, is_high);
    return KVANT_OK;
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void destroy(void *state)
{
    outlier_split *c = state;
    if (c) projection_close(&c->rest, c->row.host);
    row_codec_destroy(c);
}

static int check_params(const kvant_host *host, const kvant_shape *shape, const kvant_value *values)
{
    const int high = (int)values[PARAM_HIGH].i, low = (int)values[PARAM_LOW].i, n = (int)values[PARAM_N].i;
    const int rest = shape->dim - n;
    if (n % 4 != 0 || rest % 4 != 0 || !wht_takes(n) || !wht_takes(rest))
        return host->fail(host, KVANT_E_PARAM,
                          "outlier_split: n=%d leaves %d of %d channels; both must be multiples of 4 from 16 on, their "
                          "odd factor at most %d",
                          n, rest, (int)shape->dim, WHT_ODD_MAX);
    if (values[PARAM_QJL].i && (high < 2 || low < 2))
        return host->fail(host, KVANT_E_PARAM, "outlier_split: high=%d and low=%d; with qjl a sign is one of the bits",
                          high, low);
    return KVANT_OK;
}

static int init(outlier_split *c, const kvant_value *values)
{
    const size_t n = (size_t)values[PARAM_N].i;
    c->selection = (int)values[PARAM_SELECTION].i;
    c->qjl = values[PARAM_QJL].i != 0;
    c->parts[0].n = n;
    c->parts[1].n = c->row.dim - n;
    c->parts[1].from = n;
    c->row.metadata = 2 * SPHERE_SCALE_BYTES + (c->qjl ? SKETCH_LENGTH_BYTES : 0);
    c->row.row_bytes = c->qjl ? sketch_row_bytes(c->row.dim) : 0;
    for (int p = 0; p < 2; p++) {
        const int bits = (int)values[p == 0 ? PARAM_HIGH : PARAM_LOW].i - c->qjl;
        c->parts[p].bytes = sphere_bytes(c->parts[p].n, bits);
        c->row.row_bytes += c->parts[p].bytes;
        if (!sphere_init(&c->parts[p].sphere, c->parts[p].n, bits))
            return c->row.host->fail(c->row.host, KVANT_E_PARAM,
                                     "outlier_split: no codebook of %d bits for %zu channels", bits, c->parts[p].n);
    }
    if (c->selection == FIRST) set_first(c);
    if (!c->qjl) return KVANT_OK;
    return projection_open(&c->rest, c->row.host, c->row.name, SKETCH_ORTHOGONAL, c->row.dim, c->row.dim, 0);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    int rc = head_dim_check_rotated(host, "outlier_split", shape, 48);
    if (rc == KVANT_OK) rc = check_params(host, shape, values);
    if (rc == KVANT_OK) rc = row_codec_create(host, "outlier_split", shape, sizeof(outlier_split), state);
    if (rc != KVANT_OK) return rc;
    rc = init(*state, values);
    if (rc == KVANT_OK) return rc;
    destroy(*state);
    *state = NULL;
    return rc;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const outlier_split *c = state;
    out->block = 1;
    out->calibrates = c->selection == CALIBRATED;
    return KVANT_OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void gather(const outlier_split *c, const part *p, const float *row, float *values)
{
    for (size_t i = 0; i < p->n; i++)
        values[i] = row[c->order[p->from + i]];
}

static void scatter(const outlier_split *c, const part *p, const float *values, float *row)
{
    for (size_t i = 0; i < p->n; i++)
        row[c->order[p->from + i]] = values[i];
}

/* 0, or the scale or length that f16 cannot hold. */
static double encode_row(const outlier_split *c, const float *row, uint8_t *out)
{
    float values[MAX_DIM], rest[MAX_DIM];
    const int scale = c->qjl ? SPHERE_PLAIN : SPHERE_NORM;
    for (int p = 0; p < 2; p++) {
        const part *q = &c->parts[p];
        gather(c, q, row, values);
        const double too_large = sphere_encode(&q->sphere, scale, values, out);
        if (too_large != 0.0) return too_large;
        if (c->qjl) {
            sphere_decode(&q->sphere, out, values);
            scatter(c, q, values, rest);
        }
        out += q->bytes;
    }
    if (!c->qjl) return 0.0;
    for (size_t i = 0; i < c->row.dim; i++)
        rest[i] = row[i] - rest[i];
    return sketch_encode(&c->rest.sketch, rest, out);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const outlier_split *c = state;
    if (!c->ordered) return unordered(c);
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r++) {
        const double too_large = encode_row(c, rows + r * c->row.dim, out + r * c->row.row_bytes);
        if (too_large != 0.0) return row_codec_too_large(&c->row, first + r, "scale", too_large);
    }
    return bytes;
}

/* NULL, or what is wrong with the row. */
static const char *decode_row(const outlier_split *c, const uint8_t *in, float *row)
{
    float values[MAX_DIM];
    for (int p = 0; p < 2; p++) {
        const part *q = &c->parts[p];
        if (!sphere_decode(&q->sphere, in, values)) return "a scale is not a finite positive number";
        scatter(c, q, values, row);
        in += q->bytes;
    }
    if (c->qjl && !sketch_decode(&c->rest.sketch, in, row))
        return "the length of the rest is not a finite positive number";
    return NULL;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const outlier_split *c = state;
    if (!c->ordered) return unordered(c);
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++) {
        const char *wrong = decode_row(c, bytes + r * c->row.row_bytes, rows + r * c->row.dim);
        if (wrong) return row_codec_corrupt(&c->row, first + r, wrong);
    }
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "outlier_split",
    .version = "1",
    .family = "turbo",
    .summary = "n channels at more bits than the rest, each part rotated and scaled by itself",
    .reference = "TurboQuant's outlier channels, arXiv 2504.19874",
    .params = params,
    .dim_min = 48,
    .dim_max = WHT_MAX,
    .dim_step = 16,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .bound = row_codec_bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = row_codec_split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
