/* A sound codec with one fault at a time, for the tests of `kvant checklist`: 3-bit Lloyd-Max codes of a rotated row, a
 * byte each, and the scale that keeps its length as f16. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kernels/haar.h"
#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/wht.h"
#include "kvant/codec.h"

enum fault {
    MODE_sound,   /* none */
    MODE_signs,   /* signs of its own: a rotation like any other */
    MODE_dense,   /* a random rotation without structure */
    MODE_shear,   /* axes that are not orthogonal */
    MODE_pairs,   /* the same, and of two codes the second is the sum of both */
    MODE_layers,  /* other signs in every layer */
    MODE_process, /* other signs in every process */
    MODE_twist,   /* encode has other signs than decode */
    MODE_swap,    /* encode swaps two coordinates */
    MODE_uniform, /* evenly spaced levels */
    MODE_level,   /* one pair of levels 2 % too long */
    MODE_border,  /* boundaries off the middle */
    MODE_private, /* one coordinate has a table of its own */
    MODE_coarse,  /* 9 bits of the scale instead of 10 */
    MODE_long,    /* scales 1 % too long */
    MODE_cut,     /* lengths above 1000 are cut to that */
    MODE_wide,    /* the scale as f32 */
    MODE_filler,  /* a byte of padding that is not zero */
    MODE_split,   /* says that all bytes are codes */
    MODE_plain,   /* stores the length itself, whatever the levels make of it */
};

#define JOIN(a, b) a##b
#define NAMED(a)   JOIN(MODE_, a)
#define TEXT(a)    #a
#define QUOTED(a)  TEXT(a)
#define FAULT      ((int)NAMED(MODE))

enum { BITS = 3, LEVELS = 1 << BITS, MAX_DIM = 256, SCALE_ROOM = 4 };

typedef struct mislist {
    const kvant_host *host;
    size_t dim, row_bytes;
    wht rotation, other; /* decode's; encode's */
    double level[LEVELS], boundary[LEVELS];
    double dense[]; /* dim x dim, where it is not empty */
} mislist;

static const kvant_param params[] = { { 0 } };

/* ---- rotation ---- */

/* Other signs than the published, and no two keys below 2^32 have the same. */
static void change_signs(wht *w, size_t dim, size_t key)
{
    float s1[MAX_DIM], s2[MAX_DIM];
    for (size_t i = 0; i < dim; i++) {
        s1[i] = (i * i % 7 < 3) != (key >> i % 32 & 1) ? -1.0f : 1.0f;
        s2[i] = i * 5 % 3 ? 1.0f : -1.0f;
    }
    wht_set_signs(w, s1, s2);
}

static int is_dense(void)
{
    return FAULT == MODE_dense || FAULT == MODE_shear || FAULT == MODE_pairs;
}

static int fill_dense(mislist *c)
{
    if (!haar_matrix(c->dim, 3, c->dense)) return 0;
    for (size_t j = 0; FAULT == MODE_shear && j < c->dim; j++)
        c->dense[j] += 0.1 * c->dense[c->dim + j];
    return 1;
}

static void turn(const mislist *c, const float *row, float *y)
{
    memcpy(y, row, c->dim * sizeof *y);
    if (!is_dense()) {
        wht_forward(&c->other, y, 1);
        return;
    }
    for (size_t i = 0; i < c->dim; i++) {
        double sum = 0;
        for (size_t j = 0; j < c->dim; j++)
            sum += c->dense[i * c->dim + j] * (double)row[j];
        y[i] = (float)sum;
    }
}

static void turn_back(const mislist *c, const float *y, float *row)
{
    memcpy(row, y, c->dim * sizeof *y);
    if (!is_dense()) {
        wht_inverse(&c->rotation, row, 1);
        return;
    }
    for (size_t j = 0; j < c->dim; j++) {
        double sum = 0;
        for (size_t i = 0; i < c->dim; i++)
            sum += c->dense[i * c->dim + j] * (double)y[i];
        row[j] = (float)sum;
    }
}

/* ---- table ---- */

static int make_table(mislist *c)
{
    if (!lloyd_max((int)c->dim, BITS, c->level)) return 0;
    for (int k = 0; k < LEVELS && FAULT == MODE_uniform; k++)
        c->level[k] = 0.586 * (k - 3.5) / sqrt((double)c->dim); /* the best even step */
    if (FAULT == MODE_level) {
        c->level[1] *= 1.02;
        c->level[6] *= 1.02;
    }
    lloyd_boundaries(c->level, BITS, c->boundary);
    if (FAULT == MODE_border) {
        c->boundary[0] -= 2e-5;
        c->boundary[6] += 2e-5;
    }
    return 1;
}

static double level_of(const mislist *c, size_t column, unsigned code)
{
    return c->level[code] * (FAULT == MODE_private && column == 9 ? 1.02 : 1);
}

/* ---- rows ---- */

static size_t scale_bytes(void)
{
    return FAULT == MODE_wide ? 4 : FAULT == MODE_filler ? 3 : 2;
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    const size_t dim = (size_t)shape->dim;
    if (!wht_takes(shape->dim))
        return host->fail(host, KVANT_E_SHAPE, "mislist: no rotation of %d columns", (int)shape->dim);
    mislist *c = host->alloc(host, sizeof *c + (is_dense() ? dim * dim * sizeof *c->dense : 0));
    if (!c) return host->fail(host, KVANT_E_MEMORY, "mislist: no memory for a state");
    c->host = host;
    c->dim = dim;
    c->row_bytes = scale_bytes() + dim;
    wht_init(&c->rotation, shape->dim);
    if (FAULT == MODE_signs) change_signs(&c->rotation, dim, 0);
    if (FAULT == MODE_layers) change_signs(&c->rotation, dim, (size_t)shape->layer);
    if (FAULT == MODE_process) change_signs(&c->rotation, dim, (size_t)getpid());
    c->other = c->rotation;
    if (FAULT == MODE_twist) change_signs(&c->other, dim, 0);
    if (make_table(c) && (!is_dense() || fill_dense(c))) {
        *state = c;
        return KVANT_OK;
    }
    host->release(host, c);
    return host->fail(host, KVANT_E_MEMORY, "mislist: no table or no rotation");
}

static void destroy(void *state)
{
    mislist *c = state;
    if (c) c->host->release(c->host, c);
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    return n_rows * ((const mislist *)state)->row_bytes;
}

static double scale_of(double length, double of_levels)
{
    double scale = of_levels > 0 ? length / of_levels : 0;
    if (FAULT == MODE_plain) scale = length;
    if (FAULT == MODE_long) scale *= 1.01;
    if (FAULT == MODE_cut) scale = fmin(scale, 1000);
    return scale;
}

static void store_scale(double scale, uint8_t *out)
{
    if (FAULT == MODE_wide) { /* 16 bits of it, so that what decode makes of them gives them again */
        int exponent;
        const double share = frexp(scale, &exponent);
        const float kept = (float)ldexp(rint(ldexp(share, 16)), exponent - 16);
        memcpy(out, &kept, sizeof kept);
        return;
    }
    uint16_t half = half_from_float((float)scale);
    if (FAULT == MODE_coarse) half &= 0xfffeu;
    half_store(out, half);
    if (FAULT == MODE_filler) out[2] = 0x5a;
}

static int encode_row(const mislist *c, const float *row, uint8_t *out)
{
    float y[MAX_DIM];
    double length = 0, square = 0;
    for (size_t i = 0; i < c->dim; i++)
        length += (double)row[i] * (double)row[i];
    length = sqrt(length);
    if (!isfinite(length)) return KVANT_E_NONFINITE;
    turn(c, row, y);
    if (FAULT == MODE_swap) {
        const float first = y[0];
        y[0] = y[1];
        y[1] = first;
    }
    for (size_t i = 0; i < c->dim; i++) {
        unsigned code = 0;
        while (code < LEVELS - 1 && length > 0 && (double)y[i] / length >= c->boundary[code])
            code++;
        out[scale_bytes() + i] = (uint8_t)code;
        if (FAULT == MODE_pairs && i % 2)
            out[scale_bytes() + i] = (uint8_t)((code + out[scale_bytes() + i - 1]) % LEVELS);
        square += level_of(c, i, code) * level_of(c, i, code);
    }
    if (scale_of(length, sqrt(square)) > 65504) return KVANT_E_RANGE;
    store_scale(scale_of(length, sqrt(square)), out);
    return KVANT_OK;
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const mislist *c = state;
    if (bound(c, first, n_rows) > capacity) return c->host->fail(c->host, KVANT_E_SPACE, "mislist: no room");
    for (size_t r = 0; r < n_rows; r++) {
        const int rc = encode_row(c, rows + r * c->dim, out + r * c->row_bytes);
        if (rc != KVANT_OK) return c->host->fail(c->host, rc, "mislist: row %zu does not fit", first + r);
    }
    return (int64_t)bound(c, first, n_rows);
}

static double load_scale(const uint8_t *bytes)
{
    float wide;
    memcpy(&wide, bytes, sizeof wide);
    return (double)(FAULT == MODE_wide ? wide : half_to_float(half_load(bytes)));
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const mislist *c = state;
    float y[MAX_DIM];
    if (n_bytes != bound(c, first, n_rows))
        return c->host->fail(c->host, KVANT_E_CORRUPT, "mislist: %zu bytes", n_bytes);
    for (size_t r = 0; r < n_rows; r++, bytes += c->row_bytes) {
        const double scale = load_scale(bytes);
        if (!(scale >= 0 && scale < 1e6)) return c->host->fail(c->host, KVANT_E_CORRUPT, "mislist: scale %g", scale);
        for (size_t i = 0; i < c->dim; i++) {
            if (bytes[scale_bytes() + i] >= LEVELS)
                return c->host->fail(c->host, KVANT_E_CORRUPT, "mislist: code %d", bytes[scale_bytes() + i]);
            unsigned code = bytes[scale_bytes() + i];
            if (FAULT == MODE_pairs && i % 2) code = (code + LEVELS - bytes[scale_bytes() + i - 1]) % LEVELS;
            y[i] = (float)(scale * level_of(c, i, code));
        }
        turn_back(c, y, rows + r * c->dim);
    }
    return KVANT_OK;
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    const mislist *c = state;
    (void)first, (void)bytes;
    /* Five bits of every code's byte are padding. */
    out->payload = FAULT == MODE_split ? n_bytes : n_rows * ((c->dim * BITS + 7) / 8);
    out->metadata = n_bytes - out->payload;
    return KVANT_OK;
}

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "mislist_" QUOTED(MODE),
    .version = "1",
    .family = "bad",
    .summary = "rotation and Lloyd-Max codebook of 3 bits, one f16 scale a row",
    .reference = "none; for tests",
    .params = params,
    .dim_min = 16,
    .dim_max = MAX_DIM,
    .dim_step = 16,
    .create = create,
    .destroy = destroy,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
