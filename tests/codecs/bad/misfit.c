/* A sound codec with one fault at a time, for the tests of `kvant verify`: 4-bit Lloyd-Max codes of a rotated row and
 * its length, in 2 + dim/2 bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/half.h"
#include "kernels/lloyd.h"
#include "kernels/quantizer.h"
#include "kernels/wht.h"
#include "kvant/codec.h"

enum fault {
    MODE_sound,     /* none */
    MODE_table,     /* the means of 16 equally probable cells: twice the distortion, as in turbo4 */
    MODE_norm,      /* decode forgets the length, as a decoder of the KakeyaTurbo line did */
    MODE_bits,      /* a parameter of which more gives a worse table */
    MODE_clock,     /* the bytes depend on how often encode was called */
    MODE_pieces,    /* codes are differences to the row before, within one call */
    MODE_smuggle,   /* rows stay in memory, and decode returns them as they were */
    MODE_unwritten, /* a byte that encode leaves as it was */
    MODE_peek,      /* decode reads a byte behind the last */
    MODE_trusting,  /* decode takes any number of bytes */
    MODE_silent,    /* errors without a message */
    MODE_swallow,   /* NaN is encoded as zero */
    MODE_spill,     /* create leaves memory behind when its second allocation fails */
    MODE_boast,     /* a dimension is claimed that create refuses */
    MODE_stale,     /* after an error encode gives other bytes */
    MODE_shy,       /* refuses one value of a parameter without a reason */
    MODE_flags,     /* a flag that the ABI does not have */
    MODE_sided,     /* says that it takes values, and refuses them */
    MODE_cramped,   /* a small buffer is said to be a wrong parameter */
    MODE_naive,     /* decode takes any length, infinity too */
    MODE_touchy,    /* refuses rows that are all equal */
    MODE_zeros,     /* decodes to zero */
    MODE_trailer,   /* a byte more after many rows than after the same rows in pieces */
    MODE_crumb,     /* a byte for no rows */
    MODE_threaded,  /* other bytes in another thread */
    MODE_order,     /* bytes depend on the order in which host->parallel runs its tasks */
    MODE_careless,  /* no memory is said to be a wrong parameter */
    MODE_leave,     /* destroy leaves memory behind */
};

#define JOIN(a, b) a##b
#define NAMED(a)   JOIN(MODE_, a)
#define TEXT(a)    #a
#define QUOTED(a)  TEXT(a)
#define FAULT      ((int)NAMED(MODE))

enum { BITS = 4, LEVELS = 1 << BITS, MAX_DIM = 512, NORM_BYTES = 2, PARAM_BITS = 0 };

typedef struct misfit {
    const kvant_host *host;
    size_t dim, row_bytes;
    uint8_t *spare;
    int bits, calls, failed;
    wht rotation;
    quantizer table;
} misfit;

static size_t encodes; /* MODE_clock */
static float kept[1 << 22];
static size_t n_kept; /* MODE_smuggle */

static int fail(const misfit *c, int code, const char *what)
{
    return FAULT == MODE_silent ? code : c->host->fail(c->host, code, "misfit_%s: %s", QUOTED(MODE), what);
}

/* Means of equally probable cells of N(0, 1/dim). */
static void equal_cells(int dim, double *level)
{
    double edge[LEVELS + 1];
    for (int i = 0; i <= LEVELS; i++) {
        double low = -8, high = 8;
        for (int k = 0; k < 60; k++) {
            const double middle = 0.5 * (low + high);
            *(0.5 + 0.5 * erf(middle / sqrt(2.0)) < (double)i / LEVELS ? &low : &high) = middle;
        }
        edge[i] = low;
    }
    for (int i = 0; i < LEVELS; i++)
        level[i] = LEVELS / sqrt(2 * acos(-1.0) * dim) *
                   (exp(-0.5 * edge[i] * edge[i]) - exp(-0.5 * edge[i + 1] * edge[i + 1]));
}

static bool make_table(misfit *c)
{
    double level[LEVELS], boundary[LEVELS];
    float narrow_level[LEVELS], narrow_boundary[LEVELS];
    if (!lloyd_max((int)c->dim, BITS, level)) return false;
    if (FAULT == MODE_table) equal_cells((int)c->dim, level);
    for (int i = 0; FAULT == MODE_bits && i < LEVELS; i++)
        level[i] *= 1 + 0.1 * (c->bits - 1);
    lloyd_boundaries(level, BITS, boundary);
    for (int i = 0; i < LEVELS; i++) {
        narrow_level[i] = (float)level[i];
        narrow_boundary[i] = i + 1 < LEVELS ? (float)boundary[i] : 0.0f;
    }
    return quantizer_init(&c->table, narrow_level, narrow_boundary, LEVELS);
}

static void destroy(void *state)
{
    misfit *c = state;
    if (!c) return;
    if (FAULT != MODE_leave) c->host->release(c->host, c->spare);
    c->host->release(c->host, c);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    misfit *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "misfit: no memory");
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->bits = (int)values[PARAM_BITS].i;
    c->row_bytes = NORM_BYTES + c->dim / 2 + (FAULT == MODE_bits ? (size_t)c->bits : 0) + (FAULT == MODE_unwritten);
    c->spare = host->alloc(host, c->row_bytes);
    int rc = c->spare ? KVANT_OK : fail(c, FAULT == MODE_careless ? KVANT_E_PARAM : KVANT_E_MEMORY, "no memory");
    if (rc != KVANT_OK && FAULT == MODE_spill) return rc;
    if (rc == KVANT_OK && FAULT == MODE_boast && c->dim == 96) rc = fail(c, KVANT_E_SHAPE, "not 96");
    if (rc == KVANT_OK && FAULT == MODE_sided && shape->stream == KVANT_V) rc = fail(c, KVANT_E_SHAPE, "no values");
    if (rc == KVANT_OK && FAULT == MODE_shy && c->bits == 3) rc = KVANT_E_PARAM;
    if (rc == KVANT_OK && !(wht_init(&c->rotation, shape->dim) && make_table(c)))
        rc = fail(c, KVANT_E_SHAPE, "no rotation for this dimension");
    if (rc != KVANT_OK)
        destroy(c);
    else
        *state = c;
    return rc;
}

static size_t rows_bytes(const misfit *c, size_t n_rows)
{
    return n_rows * c->row_bytes + (FAULT == MODE_trailer && n_rows > 8) + (FAULT == MODE_crumb && n_rows == 0);
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    return rows_bytes(state, n_rows);
}

static int encode_row(misfit *c, const float *row, uint8_t *out)
{
    float unit[MAX_DIM];
    uint8_t codes[MAX_DIM];
    double sum = 0;
    for (size_t i = 0; i < c->dim; i++)
        sum += isfinite(row[i]) ? (double)row[i] * (double)row[i] : 0;
    const uint16_t norm = half_from_float((float)fmin(sqrt(sum), 1e9));
    if (half_is_special(norm)) return fail(c, KVANT_E_RANGE, "a length beyond f16");
    for (size_t i = 0; i < c->dim; i++)
        unit[i] = norm && isfinite(row[i]) ? (float)((double)row[i] / sqrt(sum)) : 0.0f;
    wht_forward(&c->rotation, unit, 1);
    quantizer_codes(&c->table, unit, c->dim, codes);
    half_store(out, norm);
    for (size_t i = 0; i < c->dim / 2; i++)
        out[NORM_BYTES + i] = (uint8_t)(codes[2 * i] | codes[2 * i + 1] << 4);
    if (FAULT == MODE_bits) memset(out + NORM_BYTES + c->dim / 2, 0, (size_t)c->bits);
    return KVANT_OK;
}

static void note_order(void *arg, size_t i)
{
    uint8_t *last = arg;
    *last = (uint8_t)i & 1;
}

static void spoil(misfit *c, uint8_t *out, size_t n_rows)
{
    uint8_t *first = out + NORM_BYTES;
    if (FAULT == MODE_clock) *first ^= (uint8_t)(++encodes & 1);
    if (FAULT == MODE_threaded) *first ^= syscall(SYS_gettid) != getpid();
    if (FAULT == MODE_order) {
        uint8_t last = 0;
        c->host->parallel(c->host, 2, note_order, &last);
        *first ^= last;
    }
    if (FAULT == MODE_stale) *first ^= (uint8_t)c->failed;
    for (size_t r = n_rows; FAULT == MODE_pieces && r-- > 1;)
        for (size_t i = NORM_BYTES; i < c->row_bytes; i++)
            out[r * c->row_bytes + i] ^= out[(r - 1) * c->row_bytes + i];
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    misfit *c = state;
    const size_t values = n_rows * c->dim;
    if (capacity < bound(c, first, n_rows))
        return fail(c, FAULT == MODE_cramped ? KVANT_E_PARAM : KVANT_E_SPACE, "the buffer is too small");
    if (FAULT == MODE_touchy && n_rows > 1 && memcmp(rows, rows + c->dim, c->dim * sizeof *rows) == 0)
        return fail(c, KVANT_E_STATE, "this row was here before");
    for (size_t i = 0; FAULT != MODE_swallow && i < values; i++)
        if (!isfinite(rows[i])) {
            c->failed = 1;
            return fail(c, KVANT_E_NONFINITE, "a row is not finite");
        }
    for (size_t r = 0; r < n_rows; r++) {
        const int rc = encode_row(c, rows + r * c->dim, out + r * c->row_bytes);
        if (rc != KVANT_OK) return rc;
    }
    if (n_rows > 0) spoil(c, out, n_rows);
    if (FAULT == MODE_trailer || FAULT == MODE_crumb)
        memset(out + n_rows * c->row_bytes, 0, rows_bytes(c, n_rows) - n_rows * c->row_bytes);
    if (FAULT == MODE_smuggle && values <= sizeof kept / sizeof *kept) {
        memcpy(kept, rows, values * sizeof *rows);
        n_kept = values;
    }
    return (int64_t)bound(c, first, n_rows);
}

static int decode_row(const misfit *c, const uint8_t *in, float *row)
{
    uint8_t codes[MAX_DIM];
    const uint16_t norm = half_load(in);
    if (FAULT != MODE_naive && (half_is_special(norm) || norm & 0x8000u))
        return fail(c, KVANT_E_CORRUPT, "a length that encode never writes");
    for (size_t i = 0; i < c->dim; i++)
        codes[i] = in[NORM_BYTES + i / 2] >> 4 * (i % 2) & 15;
    quantizer_values(&c->table, codes, c->dim, row);
    for (size_t i = 0; i < c->dim; i++)
        row[i] *= FAULT == MODE_norm ? 1.0f : FAULT == MODE_zeros ? 0.0f : half_to_float(norm);
    wht_inverse(&c->rotation, row, 1);
    return KVANT_OK;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    misfit *c = state;
    const size_t expected = bound(c, first, n_rows);
    uint8_t copy[NORM_BYTES + MAX_DIM], *row = copy;
    if (FAULT == MODE_peek && ((const volatile uint8_t *)bytes)[n_bytes] == 1) return KVANT_OK;
    if (FAULT != MODE_trusting && n_bytes != expected) return fail(c, KVANT_E_CORRUPT, "a wrong number of bytes");
    for (size_t r = 0; r < n_rows; r++) {
        const size_t at = r * c->row_bytes, left = at < n_bytes ? n_bytes - at : 0;
        if (FAULT != MODE_pieces) memset(row, 0, c->row_bytes);
        for (size_t i = 0; i < c->row_bytes && i < left; i++)
            row[i] = (uint8_t)(bytes[at + i] ^ (FAULT == MODE_pieces && r > 0 && i >= NORM_BYTES ? row[i] : 0));
        const int rc = decode_row(c, row, rows + r * c->dim);
        if (rc != KVANT_OK) return rc;
    }
    if (FAULT == MODE_smuggle && n_kept == n_rows * c->dim) memcpy(rows, kept, n_kept * sizeof *rows);
    return KVANT_OK;
}

static const kvant_param params[] = {
    { .name = "bits", .type = KVANT_INT, .def = 1, .min = 1, .max = 4, .help = "nothing, but in misfit_bits" }, { 0 }
};

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "misfit_" QUOTED(MODE),
    .version = "1",
    .family = "bad",
    .summary = "rotation and Lloyd-Max codes of 4 bits, sound but for one fault",
    .reference = "none; for tests",
    .params = params,
    .flags = FAULT == MODE_flags ? 1u << 9 : 0,
    .dim_min = 32,
    .dim_max = MAX_DIM,
    .dim_step = 32,
    .create = create,
    .destroy = destroy,
    .bound = bound,
    .encode = encode,
    .decode = decode,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
