/* outlier_split: some channels at more bits than the rest, each of the two parts with its own length, rotation and
 * codebook. */

#include <string.h>

#include "kernels/finite.h"
#include "kernels/sphere.h"
#include "plugins/head_dim.h"
#include "plugins/projection.h"
#include "plugins/row_codec.h"

enum { MAX_DIM = WHT_MAX, INDEX_BYTES = 2, PIECE = 16 /* rows at once */ };
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

/* A part's channels of n rows, and back. */
static void gather(const outlier_split *c, const part *p, const float *rows, size_t n, float *values)
{
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < p->n; i++)
            values[r * p->n + i] = rows[r * c->row.dim + c->order[p->from + i]];
}

static void scatter(const outlier_split *c, const part *p, const float *values, size_t n, float *rows)
{
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < p->n; i++)
            rows[r * c->row.dim + c->order[p->from + i]] = values[r * p->n + i];
}

static int scale_of(const outlier_split *c)
{
    return c->qjl ? SPHERE_PLAIN : SPHERE_NORM;
}

/* A part of n rows to its place in their bytes, and with qjl what it decodes to, in the rows of back; how many rows
 * before one whose scale f16 cannot hold. */
static size_t encode_part(const outlier_split *c, const part *p, const float *rows, size_t n, uint8_t *out, float *back)
{
    float values[PIECE * MAX_DIM];
    uint8_t bytes[PIECE * (SPHERE_SCALE_BYTES + MAX_DIM)];
    gather(c, p, rows, n, values);
    const size_t done = sphere_encode_rows(&p->sphere, scale_of(c), values, n, bytes);
    for (size_t r = 0; r < done; r++)
        memcpy(out + r * c->row.row_bytes, bytes + r * p->bytes, p->bytes);
    if (!c->qjl) return done;
    sphere_decode_rows(&p->sphere, bytes, values, done);
    scatter(c, p, values, done, back);
    return done;
}

/* Row `first` is refused: the scale or length that f16 cannot hold. */
static int refuse(const outlier_split *c, size_t first, const float *row)
{
    float values[MAX_DIM], rest[MAX_DIM];
    uint8_t bytes[SPHERE_SCALE_BYTES + MAX_DIM];
    for (int p = 0; p < 2; p++) {
        const part *q = &c->parts[p];
        gather(c, q, row, 1, values);
        const double scale = sphere_encode(&q->sphere, scale_of(c), values, bytes);
        if (scale != 0.0) return row_codec_too_large(&c->row, first, "scale", scale);
        sphere_decode(&q->sphere, bytes, values);
        scatter(c, q, values, 1, rest);
    }
    for (size_t i = 0; i < c->row.dim; i++)
        rest[i] = row[i] - rest[i];
    return row_codec_too_large(&c->row, first, "scale", sketch_encode(&c->rest.sketch, rest, bytes));
}

static int encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const outlier_split *c = state;
    const part *high = &c->parts[0], *low = &c->parts[1];
    const size_t dim = c->row.dim;
    float rest[PIECE * MAX_DIM];
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        const float *some = rows + r * dim;
        uint8_t *to = out + r * c->row.row_bytes;
        size_t done = encode_part(c, high, some, n, to, rest);
        done = encode_part(c, low, some, done, to + high->bytes, rest);
        for (size_t i = 0; i < done * dim && c->qjl; i++)
            rest[i] = some[i] - rest[i];
        if (c->qjl)
            done = sketch_encode_rows(&c->rest.sketch, rest, done, to + high->bytes + low->bytes, c->row.row_bytes);
        if (done < n) return refuse(c, first + r + done, some + done * dim);
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const outlier_split *c = state;
    if (!c->ordered) return unordered(c);
    return row_codec_encode(c, encode_piece, first, rows, n_rows, out, capacity);
}

/* How many of n rows there are before one whose scale no encoder writes. */
static size_t decode_part(const outlier_split *c, const part *p, const uint8_t *in, size_t n, float *rows)
{
    float values[PIECE * MAX_DIM];
    uint8_t bytes[PIECE * (SPHERE_SCALE_BYTES + MAX_DIM)];
    for (size_t r = 0; r < n; r++)
        memcpy(bytes + r * p->bytes, in + r * c->row.row_bytes, p->bytes);
    const size_t done = sphere_decode_rows(&p->sphere, bytes, values, n);
    scatter(c, p, values, done, rows);
    return done;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const outlier_split *c = state;
    const part *high = &c->parts[0], *low = &c->parts[1];
    const size_t stride = c->row.row_bytes;
    if (!c->ordered) return unordered(c);
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r += PIECE) {
        const size_t n = n_rows - r < PIECE ? n_rows - r : PIECE;
        const uint8_t *in = bytes + r * stride;
        float *to = rows + r * c->row.dim;
        const size_t scaled = decode_part(c, low, in + high->bytes, decode_part(c, high, in, n, to), to);
        size_t done = scaled;
        if (c->qjl) done = sketch_decode_rows(&c->rest.sketch, in + high->bytes + low->bytes, stride, to, scaled);
        if (done < scaled)
            return row_codec_corrupt(&c->row, first + r + done,
                                     "the length of the rest is not a finite positive number");
        if (scaled < n)
            return row_codec_corrupt(&c->row, first + r + scaled, "a scale is not a finite positive number");
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
