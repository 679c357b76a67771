/* turbo2, turbo3, turbo4: norm, fixed rotation, fixed codebook, in groups of 128; byte-compatible with
 * llama-cpp-turboquant. The tables are the ones it ships: turbo4's is not Lloyd-Max, see README.md. */

#include <math.h>
#include <string.h>

#include "kernels/half.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"
#include "plugins/row_codec.h"

enum { GROUP = 128, MAX_HALF = 8 };

/* ---- the three formats ------------------------------------------------------------------------------------------ */

static void pack_2(const uint8_t *codes, uint8_t *bytes);
static void pack_3(const uint8_t *codes, uint8_t *bytes);
static void pack_4(const uint8_t *codes, uint8_t *bytes);
static void unpack_2(const uint8_t *bytes, uint8_t *codes);
static void unpack_3(const uint8_t *bytes, uint8_t *codes);
static void unpack_4(const uint8_t *bytes, uint8_t *codes);

typedef struct turbo_format {
    const char *name;
    size_t bytes, header; /* of a group; the header is the f16 norm and, in turbo4, two reserved zero bytes */
    int half;             /* levels above zero; the tables are symmetric */
    float level[MAX_HALF];
    float boundary[MAX_HALF]; /* the first is 0 */
    void (*pack)(const uint8_t *codes, uint8_t *bytes);
    void (*unpack)(const uint8_t *bytes, uint8_t *codes);
} turbo_format;

static const turbo_format formats[] = {
    { "turbo2", 34, 2, 2, { 0.039994f, 0.133462f }, { 0.0f, 0.086728f }, pack_2, unpack_2 },
    { "turbo3",
      50,
      2,
      4,
      { 0.021460f, 0.065717f, 0.117832f, 0.190685f },
      { 0.0f, 0.043589f, 0.091775f, 0.154259f },
      pack_3,
      unpack_3 },
    { "turbo4",
      68,
      4,
      8,
      { 0.006938f, 0.020989f, 0.035597f, 0.051262f, 0.068756f, 0.089527f, 0.117195f, 0.173926f },
      { 0.0f, 0.013963f, 0.028293f, 0.043430f, 0.060009f, 0.079142f, 0.103361f, 0.145560f },
      pack_4,
      unpack_4 },
};

static void pack_2(const uint8_t *codes, uint8_t *bytes)
{
    for (int i = 0; i < GROUP / 4; i++) {
        const uint8_t *c = codes + 4 * i;
        bytes[i] = (uint8_t)((c[0] & 3) | (c[1] & 3) << 2 | (c[2] & 3) << 4 | (c[3] & 3) << 6);
    }
}

static void unpack_2(const uint8_t *bytes, uint8_t *codes)
{
    for (int i = 0; i < GROUP; i++)
        codes[i] = bytes[i / 4] >> 2 * (i % 4) & 3;
}

/* The low two bits like turbo2, then a plane of the third bits. */
static void pack_3(const uint8_t *codes, uint8_t *bytes)
{
    pack_2(codes, bytes);
    for (int i = 0; i < GROUP / 8; i++) {
        unsigned high = 0;
        for (int j = 0; j < 8; j++)
            high |= (codes[8 * i + j] >> 2 & 1u) << j;
        bytes[GROUP / 4 + i] = (uint8_t)high;
    }
}

static void unpack_3(const uint8_t *bytes, uint8_t *codes)
{
    const uint8_t *high = bytes + GROUP / 4;
    for (int i = 0; i < GROUP; i++)
        codes[i] = (uint8_t)((bytes[i / 4] >> 2 * (i % 4) & 3) | (high[i / 8] >> (i % 8) & 1) << 2);
}

static void pack_4(const uint8_t *codes, uint8_t *bytes)
{
    for (int i = 0; i < GROUP / 2; i++)
        bytes[i] = (uint8_t)(codes[2 * i] | codes[2 * i + 1] << 4);
}

static void unpack_4(const uint8_t *bytes, uint8_t *codes)
{
    for (int i = 0; i < GROUP / 2; i++) {
        codes[2 * i] = bytes[i] & 15;
        codes[2 * i + 1] = bytes[i] >> 4;
    }
}

/* ---- the codec -------------------------------------------------------------------------------------------------- */

typedef struct turbo {
    row_codec row;
    const turbo_format *format;
    size_t groups; /* per row, the last one padded with zeros */
    wht rotation;
    quantizer table;
} turbo;

static void mirror(turbo *c, const turbo_format *format)
{
    const int half = format->half;
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
    c->groups = (c->row.dim + GROUP - 1) / GROUP;
    c->row.row_bytes = c->groups * format->bytes;
    const size_t codes = c->row.dim * (format->bytes - format->header) / GROUP; /* the padding's codes are no payload */
    c->row.metadata = c->row.row_bytes - codes;
    wht_init(&c->rotation, GROUP);
    mirror(c, format);
    return KVANT_OK;
}

static int create_2(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, &formats[0], state);
}

static int create_3(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, &formats[1], state);
}

static int create_4(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    return create(host, shape, &formats[2], state);
}

/* In f32 and in index order, as the reference adds: the last bit of the stored norm depends on it. */
static float norm_of(const float *x)
{
    float sum = 0.0f;
    for (int i = 0; i < GROUP; i++)
        sum += x[i] * x[i];
    return sqrtf(sum);
}

/* Encodes x in place of its rotation; the norm that was to be stored when f16 cannot hold it, else 0. */
static float encode_group(const turbo *c, float *x, uint8_t *out)
{
    uint8_t codes[GROUP];
    const float norm = norm_of(x);
    if (!isfinite(norm)) return norm;
    const float inverse = norm > 1e-10f ? 1.0f / norm : 0.0f;
    for (int i = 0; i < GROUP; i++)
        x[i] *= inverse;
    wht_forward(&c->rotation, x, 1);
    quantizer_codes(&c->table, x, GROUP, codes);
    quantizer_values(&c->table, codes, GROUP, x);

    const float length = norm_of(x), corrected = length > 1e-10f ? norm / length : norm;
    const uint16_t stored = half_from_float(corrected);
    if (half_is_special(stored)) return corrected;
    memset(out, 0, c->format->header);
    half_store(out, stored);
    c->format->pack(codes, out + c->format->header);
    return 0.0f;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const turbo *c = state;
    const int64_t bytes = row_codec_check_rows(&c->row, first, rows, n_rows, capacity);
    if (bytes < 0) return bytes;
    for (size_t r = 0; r < n_rows; r++)
        for (size_t g = 0; g < c->groups; g++, out += c->format->bytes) {
            float x[GROUP] = { 0 };
            const size_t left = c->row.dim - g * GROUP;
            memcpy(x, rows + r * c->row.dim + g * GROUP, (left < GROUP ? left : GROUP) * sizeof *x);
            const float too_large = encode_group(c, x, out);
            if (too_large != 0.0f) return row_codec_too_large(&c->row, first + r, "norm", (double)too_large);
        }
    return bytes;
}

/* NULL, or what is wrong with the group. */
static const char *decode_group(const turbo *c, const uint8_t *in, float *x)
{
    uint8_t codes[GROUP];
    const uint16_t stored = half_load(in);
    if (half_is_special(stored) || stored & 0x8000u) return "a norm is not a finite positive number";
    if (c->format->header == 4 && half_load(in + 2) != 0) return "the reserved bytes are not zero";
    const float norm = half_to_float(stored);
    c->format->unpack(in + c->format->header, codes);
    quantizer_values(&c->table, codes, GROUP, x);
    for (int i = 0; i < GROUP; i++)
        x[i] *= norm;
    wht_inverse(&c->rotation, x, 1);
    return NULL;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const turbo *c = state;
    const int rc = row_codec_check_bytes(&c->row, first, n_bytes, n_rows);
    if (rc != KVANT_OK) return rc;
    for (size_t r = 0; r < n_rows; r++)
        for (size_t g = 0; g < c->groups; g++, bytes += c->format->bytes) {
            float x[GROUP];
            const char *wrong = decode_group(c, bytes, x);
            if (wrong) return row_codec_corrupt(&c->row, first + r, wrong);
            const size_t left = c->row.dim - g * GROUP;
            memcpy(rows + r * c->row.dim + g * GROUP, x, (left < GROUP ? left : GROUP) * sizeof *x);
        }
    return KVANT_OK;
}

static const kvant_param no_params[] = { { 0 } };

/* clang-format off */
#define TURBO(bits, per_value)                                                                                         \
    {                                                                                                                  \
        .size = sizeof(kvant_codec), .abi = KVANT_ABI, .name = "turbo" #bits, .version = "1", .family = "turbo",       \
        .summary = "rotation and " #bits "-bit codebook, one f16 norm for 128 values: " per_value " bits a value",     \
        .reference = "TurboQuant_mse, arXiv 2504.19874; bytes of llama-cpp-turboquant 69d8e4b", .params = no_params,   \
        .dim_min = 32, .dim_max = 1024, .dim_step = 1, .create = create_##bits, .destroy = row_codec_destroy,          \
        .bound = row_codec_bound, .encode = encode, .decode = decode, .split = row_codec_split,                        \
    }
/* clang-format on */

static const kvant_codec turbo2 = TURBO(2, "2.125");
static const kvant_codec turbo3 = TURBO(3, "3.125");
static const kvant_codec turbo4 = TURBO(4, "4.25");

static const kvant_codec *const codecs[] = { &turbo2, &turbo3, &turbo4, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
