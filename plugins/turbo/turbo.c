/* turbo2, turbo3, turbo4: norm, fixed rotation, fixed codebook, in groups of 128; byte-compatible with
 * llama-cpp-turboquant. The tables are the ones it ships: turbo4's is not Lloyd-Max, see README.md. The other four are
 * ours: turbo4_lm is turbo4 with a Lloyd-Max table, turbo2_64 … turbo4_64 take groups of 64. */

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"
#include "plugins/fused_rows.h"
#include "plugins/turbo/formats.h"
#include "plugins/turbo/packing.h"

/* ---- the codec -------------------------------------------------------------------------------------------------- */

typedef struct turbo {
    row_codec row;
    const turbo_format *format;
    size_t groups; /* per row, the last one padded with zeros */
    wht rotation;
    quantizer table;
    fused fused;
} turbo;

static void mirror(turbo *c, const turbo_format *format)
{
    const int half = 1 << (format->bits - 1);
    float level[2 * MAX_HALF], boundary[2 * MAX_HALF];
    for (int i = 0; i < half; i++) {
        level[half + i] = format->level[i];
        level[half - 1 - i] = -format->level[i];
        boundary[half - 1 + i] = format->boundary[i];
        boundary[half - 1 - i] = -format->boundary[i];
    }
    boundary[half - 1] = 0.0f;
    quantizer_init(&c->table, level, boundary, 2 * half);
}

static int create(const kvant_host *host, const kvant_shape *shape, const turbo_format *format, void **state)
{
    const int rc = row_codec_create(host, format->name, shape, sizeof(turbo), state);
    if (rc != KVANT_OK) return rc;
    turbo *c = *state;
    c->format = format;
    c->groups = (c->row.dim + format->group - 1) / format->group;
    c->row.row_bytes = c->groups * group_bytes(format);
    c->row.metadata = c->row.row_bytes - c->row.dim * format->bits / 8; /* the padding's codes are no payload */
    wht_init(&c->rotation, (int)format->group);
    mirror(c, format);
    const fused_format rows = { .kind =
                                    format->bits == 3 ? FUSED_PLANES3 : FUSED_CODES_1 + (fused_kind)format->bits - 1,
                                .dim = c->row.dim,
                                .group = format->group,
                                .header = format->header,
                                .group_bytes = group_bytes(format),
                                .level = c->table.level,
                                .rotation = &c->rotation };
    fused_init(&c->fused, &rows);
    return KVANT_OK;
}

/* In f32 and in index order, as the reference adds: the last bit of the stored norm depends on it. */
static float norm_of(const float *x, size_t n)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrtf(sum);
}

static float inverse_of(float norm)
{
    return norm > 1e-10f ? 1.0f / norm : 0.0f;
}

/* What gives levels of this length the row's norm. */
static float corrected_by(float norm, float length)
{
    return length > 1e-10f ? norm / length : norm;
}

/* Encodes x in place of its rotation; the norm that was to be stored when f16 cannot hold it, else 0. */
static float encode_group(const turbo *c, float *x, uint8_t *out)
{
    const turbo_format *f = c->format;
    const size_t n = f->group;
    uint8_t codes[MAX_GROUP];
    const float norm = norm_of(x, n);
    if (!isfinite(norm)) return norm;
    const float inverse = inverse_of(norm);
    for (size_t i = 0; i < n; i++)
        x[i] *= inverse;
    wht_forward(&c->rotation, x, 1);
    quantizer_codes(&c->table, x, n, codes);
    quantizer_values(&c->table, codes, n, x);

    const float corrected = corrected_by(norm, norm_of(x, n));
    const uint16_t stored = half_from_float(corrected);
    if (half_is_special(stored)) return corrected;
    memset(out, 0, f->header);
    half_store(out, stored);
    packing_of(f->bits)->pack(codes, n, out + f->header);
    return 0.0f;
}

/* The last group of a row may have fewer values than the format's. */
static size_t group_size(const turbo *c, size_t g)
{
    const size_t left = c->row.dim - g * c->format->group;
    return left < c->format->group ? left : c->format->group;
}

/* NULL, or what is wrong with the group. */
static const char *decode_group(const turbo *c, const uint8_t *in, float *x)
{
    const turbo_format *f = c->format;
    uint8_t codes[MAX_GROUP];
    const uint16_t stored = half_load(in);
    if (half_is_special(stored) || stored & 0x8000u) return "a norm is not a finite positive number";
    if (f->header == 4 && half_load(in + 2) != 0) return "the reserved bytes are not zero";
    const float norm = half_to_float(stored);
    packing_of(f->bits)->unpack(in + f->header, f->group, codes);
    quantizer_values(&c->table, codes, f->group, x);
    for (size_t i = 0; i < f->group; i++)
        x[i] *= norm;
    wht_inverse(&c->rotation, x, 1);
    return NULL;
}

/* 0, or the norm that f16 cannot hold. */
static float encode_row(const turbo *c, const float *row, uint8_t *out)
{
    float too_large = 0.0f;
    for (size_t g = 0; g < c->groups && too_large == 0.0f; g++) {
        float x[MAX_GROUP] = { 0 };
        memcpy(x, row + g * c->format->group, group_size(c, g) * sizeof *x);
        too_large = encode_group(c, x, out + g * group_bytes(c->format));
    }
    return too_large;
}

/* NULL, or what is wrong with the row. */
static const char *decode_row(const turbo *c, const uint8_t *in, float *row)
{
    const char *wrong = NULL;
    for (size_t g = 0; g < c->groups && !wrong; g++) {
        float x[MAX_GROUP];
        wrong = decode_group(c, in + g * group_bytes(c->format), x);
        if (!wrong) memcpy(row + g * c->format->group, x, group_size(c, g) * sizeof *x);
    }
    return wrong;
}

/* The same into a column. */
static const char *column_of_row(const turbo *c, const uint8_t *in, float *column, size_t stride)
{
    const char *wrong = NULL;
    for (size_t g = 0; g < c->groups && !wrong; g++) {
        float x[MAX_GROUP];
        wrong = decode_group(c, in + g * group_bytes(c->format), x);
        for (size_t i = 0; i < group_size(c, g) && !wrong; i++)
            column[(g * c->format->group + i) * stride] = x[i];
    }
    return wrong;
}

/* ---- as many rows as there are lanes ---------------------------------------------------------------------------- */

/* 1: there are no lanes. */
static size_t rows_at_once(const turbo *c)
{
    return c->rotation.lanes ? (size_t)c->rotation.lanes->n : 1;
}

/* Codes to bytes as the formats' pack does it, for each lane. */
static void pack_tile(const turbo *c, const uint32_t *codes, uint8_t *out)
{
    const lanes *l = c->rotation.lanes;
    const size_t n = c->format->group, stride = c->row.row_bytes;
    if (c->format->bits != 3) {
        l->pack(codes, n, 0, (int)c->format->bits, out, stride);
        return;
    }
    l->pack(codes, n, 0, 2, out, stride);
    l->pack(codes, n, 2, 1, out + n / 4, stride);
}

/* Bytes to levels. */
static void unpack_tile(const turbo *c, const uint8_t *in, float *tile)
{
    _Alignas(LANES_ALIGN) uint32_t codes[MAX_GROUP * LANES_MOST];
    const lanes *l = c->rotation.lanes;
    const size_t n = c->format->group, stride = c->row.row_bytes;
    if (c->format->bits != 3) {
        l->unpack_values(&c->table, in, stride, n, 0, (int)c->format->bits, NULL, tile);
        return;
    }
    l->unpack(in, stride, n, 0, 2, codes);
    l->unpack_values(&c->table, in + n / 4, stride, n, 2, 1, codes, tile);
}

/* The same group of as many rows as there are lanes. False when encode_group must say which does not fit f16. */
static bool encode_tile(const turbo *c, const float *x, size_t n_values, uint8_t *out)
{
    _Alignas(LANES_ALIGN) float tile[MAX_GROUP * LANES_MOST];
    _Alignas(LANES_ALIGN) uint32_t codes[MAX_GROUP * LANES_MOST];
    float norm[LANES_MOST], by[LANES_MOST], length[LANES_MOST];
    uint16_t stored[LANES_MOST];
    const turbo_format *f = c->format;
    const lanes *l = c->rotation.lanes;
    const size_t n = f->group, at_once = (size_t)l->n, stride = c->row.row_bytes;
    l->gather_norms(x, c->row.dim, n_values, n, tile, norm);
    for (size_t r = 0; r < at_once; r++)
        by[r] = inverse_of(norm[r]);
    l->rotate(&c->rotation, c->rotation.s1, c->rotation.s2, by, tile);
    l->codes_norms(&c->table, tile, n, codes, length);
    for (size_t r = 0; r < at_once; r++)
        norm[r] = corrected_by(norm[r], length[r]);
    l->halves(norm, stored);
    for (size_t r = 0; r < at_once; r++) {
        if (half_is_special(stored[r])) return false;
        memset(out + r * stride, 0, f->header);
        half_store(out + r * stride, stored[r]);
    }
    pack_tile(c, codes, out + f->header);
    return true;
}

static bool encode_tiles(const turbo *c, const float *rows, uint8_t *out)
{
    bool ok = true;
    for (size_t g = 0; g < c->groups && ok; g++)
        ok = encode_tile(c, rows + g * c->format->group, group_size(c, g), out + g * group_bytes(c->format));
    return ok;
}

/* False when decode_group must say what is wrong. */
static bool decode_tile(const turbo *c, const uint8_t *in, float *tile)
{
    float norm[LANES_MOST];
    const turbo_format *f = c->format;
    const lanes *l = c->rotation.lanes;
    uint16_t reserved = 0;
    for (size_t r = 0; f->header == 4 && r < (size_t)l->n; r++)
        reserved |= half_load(in + r * c->row.row_bytes + 2);
    if (reserved || !l->scales(in, c->row.row_bytes, norm)) return false;
    unpack_tile(c, in + f->header, tile);
    l->rotate(&c->rotation, c->rotation.s2, c->rotation.s1, norm, tile);
    return true;
}

static bool decode_tiles(const turbo *c, const uint8_t *in, float *rows)
{
    _Alignas(LANES_ALIGN) float tile[MAX_GROUP * LANES_MOST];
    const size_t group = c->format->group;
    for (size_t g = 0; g < c->groups; g++) {
        if (!decode_tile(c, in + g * group_bytes(c->format), tile)) return false;
        c->rotation.lanes->scatter(tile, group_size(c, g), rows + g * group, c->row.dim);
    }
    return true;
}

/* Columns that are as far apart as a tile's values are a tile. */
static bool columns_of_tiles(const turbo *c, const uint8_t *in, float *columns, size_t stride)
{
    _Alignas(LANES_ALIGN) float tile[MAX_GROUP * LANES_MOST];
    const size_t group = c->format->group;
    for (size_t g = 0; g < c->groups; g++, columns += group * stride) {
        const bool fits = stride == rows_at_once(c) && group_size(c, g) == group;
        if (!decode_tile(c, in + g * group_bytes(c->format), fits ? columns : tile)) return false;
        if (!fits) c->rotation.lanes->spread(tile, group_size(c, g), columns, stride);
    }
    return true;
}

static int encode_piece(const void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const turbo *c = state;
    const size_t at_once = rows_at_once(c);
    for (size_t r = 0; r < n_rows;) {
        const size_t left = n_rows - r, some = left < at_once ? left : at_once;
        const float *x = rows + r * c->row.dim;
        uint8_t *to = out + r * c->row.row_bytes;
        const bool done = some > 1 && some == at_once && encode_tiles(c, x, to);
        for (size_t i = 0; !done && i < some; i++) {
            const float too_large = encode_row(c, x + i * c->row.dim, to + i * c->row.row_bytes);
            if (too_large != 0.0f) return row_codec_too_large(&c->row, first + r + i, "norm", (double)too_large);
        }
        r += some;
    }
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return row_codec_encode(state, encode_piece, first, rows, n_rows, out, capacity);
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const turbo *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t at_once = rows_at_once(c);
    for (size_t r = 0; r < n_rows;) {
        const size_t left = n_rows - r, some = left < at_once ? left : at_once;
        const uint8_t *from = bytes + r * c->row.row_bytes;
        float *x = rows + r * c->row.dim;
        const bool done = some > 1 && some == at_once && decode_tiles(c, from, x);
        for (size_t i = 0; !done && i < some; i++) {
            const char *wrong = decode_row(c, from + i * c->row.row_bytes, x + i * c->row.dim);
            if (wrong) return row_codec_corrupt(&c->row, first + r + i, wrong);
        }
        r += some;
    }
    return KVANT_OK;
}

static int decode_columns(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                          size_t stride, size_t n_rows)
{
    const turbo *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    const size_t at_once = rows_at_once(c);
    size_t r = 0;
    for (; at_once > 1 && r + at_once <= n_rows; r += at_once)
        if (!columns_of_tiles(c, bytes + r * c->row.row_bytes, columns + r, stride)) break;
    for (; r < n_rows; r++) {
        const char *wrong = column_of_row(c, bytes + r * c->row.row_bytes, columns + r, stride);
        if (wrong) return row_codec_corrupt(&c->row, first + r, wrong);
    }
    return KVANT_OK;
}

/* ---- without decoding ------------------------------------------------------------------------------------------- */

static const char *wrong(const void *state, const uint8_t *row)
{
    const turbo *c = state;
    float x[MAX_GROUP];
    const char *what = NULL;
    for (size_t g = 0; g < c->groups && !what; g++)
        what = decode_group(c, row + g * group_bytes(c->format), x);
    return what;
}

static int scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *out)
{
    const turbo *c = state;
    return fused_rows_scores(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, q, n_q, out);
}

static int mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out)
{
    const turbo *c = state;
    return fused_rows_mix(&c->row, &c->fused, wrong, first, bytes, n_bytes, n_rows, weights, n_q, out);
}

static const kvant_param no_params[] = { { 0 } };

#define FORK "TurboQuant_mse, arXiv 2504.19874; bytes of llama-cpp-turboquant 69d8e4b"
#define OURS "TurboQuant_mse, arXiv 2504.19874; the layout of llama-cpp-turboquant with tables of our own"

/* clang-format off */
#define TURBO(which, id, what, source)                                                                                 \
    static int create_##id(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)  \
    {                                                                                                                  \
        (void)values;                                                                                                  \
        return create(host, shape, &formats[which], state);                                                            \
    }                                                                                                                  \
    static const kvant_codec id = {                                                                                    \
        .size = sizeof(kvant_codec), .abi = KVANT_ABI, .name = #id, .version = "1", .family = "turbo",                 \
        .summary = what, .reference = source, .params = no_params,                                                     \
        .dim_min = 32, .dim_max = 1024, .dim_step = 1, .create = create_##id, .destroy = row_codec_destroy,            \
        .bound = row_codec_bound, .encode = encode, .decode = decode, .split = row_codec_split,                        \
        .scores = scores, .mix = mix, .decode_columns = decode_columns,                                               \
    };
TURBO(0, turbo2, "rotation and 2-bit codebook, one f16 norm for 128 values: 2.125 bits a value", FORK)
TURBO(1, turbo3, "rotation and 3-bit codebook, one f16 norm for 128 values: 3.125 bits a value", FORK)
TURBO(2, turbo4, "rotation and 4-bit codebook, one f16 norm for 128 values: 4.25 bits a value", FORK)
TURBO(3, turbo4_lm, "turbo4 with the Lloyd-Max table, half its error: 4.25 bits a value", OURS)
TURBO(4, turbo2_64, "turbo2 in groups of 64, for heads of 64: 2.25 bits a value", OURS)
TURBO(5, turbo3_64, "turbo3 in groups of 64, for heads of 64: 3.25 bits a value", OURS)
TURBO(6, turbo4_64, "turbo4 in groups of 64, with the Lloyd-Max table: 4.25 bits a value", OURS)
/* clang-format on */

static const kvant_codec *const codecs[] = { &turbo2,    &turbo3,    &turbo4,    &turbo4_lm,
                                             &turbo2_64, &turbo3_64, &turbo4_64, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
