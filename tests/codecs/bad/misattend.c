/* A sound codec of f32 rows that attends without decoding, with one fault at a time in how it does, for the tests of
 * `kvant verify`. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "kvant/codec.h"

enum fault {
    MODE_sound, /* none */
    MODE_crowd, /* a query's scores and sums depend on how many there are */
    MODE_seam,  /* the last row of a call is scored otherwise */
    MODE_set,   /* mix replaces what stands in out */
    MODE_eager, /* rows of weight 0 add a little */
    MODE_trust, /* the number of bytes is not looked at */
    MODE_mute,  /* short bytes are refused without a message */
    MODE_past,  /* writes one score too many */
    MODE_norm,  /* scores of rows as if all had the first one's length */
    MODE_tilt,  /* decode_columns rounds otherwise */
    MODE_wide,  /* decode_columns fills the row */
    MODE_deaf,  /* decode_columns does not look at the number of bytes */
    MODE_share, /* another call at the same time changes scores */
};

#define JOIN(a, b) a##b
#define NAMED(a)   JOIN(MODE_, a)
#define TEXT(a)    #a
#define QUOTED(a)  TEXT(a)
#define FAULT      ((int)NAMED(MODE))

enum { MAX_DIM = 1024 };

typedef struct misattend {
    const kvant_host *host;
    size_t dim;
    int *busy; /* calls that are running: MODE_share */
} misattend;

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    misattend *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "misattend: no memory");
    c->host = host;
    c->dim = (size_t)shape->dim;
    c->busy = host->alloc(host, sizeof *c->busy);
    if (!c->busy) {
        host->release(host, c);
        return host->fail(host, KVANT_E_MEMORY, "misattend: no memory");
    }
    *state = c;
    return KVANT_OK;
}

static void destroy(void *state)
{
    misattend *c = state;
    if (!c) return;
    c->host->release(c->host, c->busy);
    c->host->release(c->host, c);
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    const misattend *c = state;
    (void)first;
    return n_rows * c->dim * sizeof(float);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    const misattend *c = state;
    const size_t n = bound(c, first, n_rows);
    if (capacity < n) return c->host->fail(c->host, KVANT_E_SPACE, "misattend: no room");
    for (size_t i = 0; i < n_rows * c->dim; i++)
        if (!isfinite(rows[i])) return c->host->fail(c->host, KVANT_E_NONFINITE, "misattend: not finite");
    memcpy(out, rows, n);
    return (int64_t)n;
}

static int check(const misattend *c, size_t n_bytes, size_t n_rows)
{
    if (n_bytes == bound(c, 0, n_rows)) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_CORRUPT, "misattend: bytes of another number of rows");
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const misattend *c = state;
    (void)first;
    const int rc = check(c, n_bytes, n_rows);
    if (rc == KVANT_OK) memcpy(rows, bytes, n_bytes);
    for (size_t i = 0; rc == KVANT_OK && i < n_rows * c->dim; i++)
        if (!isfinite(rows[i])) return c->host->fail(c->host, KVANT_E_CORRUPT, "misattend: not finite");
    return rc;
}

static int check_attended(const misattend *c, size_t n_bytes, size_t n_rows)
{
    if (FAULT == MODE_trust) return KVANT_OK;
    if (FAULT == MODE_mute && n_bytes != bound(c, 0, n_rows)) return KVANT_E_CORRUPT;
    return check(c, n_bytes, n_rows);
}

/* Off by a hundred-thousandth, which only a comparison of bits sees. */
static float nudged(float x, int by)
{
    return by ? x * 1.00001f : x;
}

static double length(const float *row, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (double)row[k] * (double)row[k];
    return sqrt(sum);
}

/* How many calls were running already. Calls last long enough to meet. */
static int enter(const misattend *c)
{
    if (FAULT != MODE_share) return 0;
    __atomic_add_fetch(c->busy, 1, __ATOMIC_SEQ_CST);
    nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    return __atomic_load_n(c->busy, __ATOMIC_SEQ_CST) - 1;
}

static void leave(const misattend *c)
{
    if (FAULT == MODE_share) __atomic_sub_fetch(c->busy, 1, __ATOMIC_SEQ_CST);
}

static int scores(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *out)
{
    const misattend *c = state;
    float row[MAX_DIM];
    double norm = 0;
    const int others = enter(c);
    (void)first;
    const int rc = check_attended(c, n_bytes, n_rows);
    for (size_t r = 0; rc == KVANT_OK && r < n_rows; r++) {
        memcpy(row, bytes + r * sizeof(float) * c->dim, c->dim * sizeof(float));
        if (r == 0) norm = length(row, c->dim);
        for (size_t i = 0; i < n_q; i++) {
            double sum = 0;
            for (size_t k = 0; k < c->dim; k++)
                sum += (double)q[i * c->dim + k] * (double)row[k];
            if (FAULT == MODE_norm) sum *= norm / length(row, c->dim);
            const int nudge = (FAULT == MODE_crowd && n_q > 1) || (FAULT == MODE_seam && r + 1 == n_rows) ||
                              (FAULT == MODE_share && others > 0);
            out[i * n_rows + r] = nudged((float)sum, nudge);
        }
    }
    leave(c);
    if (FAULT == MODE_past) out[n_q * n_rows] = 0;
    return rc;
}

static int mix(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out)
{
    const misattend *c = state;
    float row[MAX_DIM];
    (void)first;
    const int rc = check_attended(c, n_bytes, n_rows);
    if (rc == KVANT_OK && FAULT == MODE_set) memset(out, 0, n_q * c->dim * sizeof *out);
    for (size_t r = 0; rc == KVANT_OK && r < n_rows; r++) {
        memcpy(row, bytes + r * sizeof(float) * c->dim, c->dim * sizeof(float));
        for (size_t i = 0; i < n_q; i++) {
            float w = nudged(weights[i * n_rows + r], FAULT == MODE_crowd && n_q > 1);
            if (FAULT == MODE_eager && w == 0) w = 1e-4f;
            for (size_t k = 0; k < c->dim; k++)
                out[i * c->dim + k] += w * row[k];
        }
    }
    return rc;
}

static int decode_columns(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                          size_t stride, size_t n_rows)
{
    const misattend *c = state;
    (void)first;
    const int rc = FAULT == MODE_deaf ? KVANT_OK : check(c, n_bytes, n_rows);
    for (size_t i = 0; rc == KVANT_OK && i < c->dim; i++)
        for (size_t r = 0; r < (FAULT == MODE_wide ? stride : n_rows); r++) {
            float x = 0;
            if (r < n_rows) memcpy(&x, bytes + (r * c->dim + i) * sizeof x, sizeof x);
            columns[i * stride + r] = nudged(x, FAULT == MODE_tilt);
        }
    return rc;
}

static const kvant_param params[] = { { 0 } };

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "misattend_" QUOTED(MODE),
    .version = "1",
    .family = "bad",
    .summary = "f32 rows, sound but for one fault in attention",
    .reference = "none; for tests",
    .params = params,
    .dim_min = 1,
    .dim_max = MAX_DIM,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .scores = scores,
    .mix = mix,
    .decode_columns = decode_columns,
};

static const kvant_codec *const codecs[] = { &codec, NULL };
KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
