/* kakeya: mean and principal directions of a group, k-means directions of a block, a rotated and quantised residual. */

#include "plugins/kakeya/kakeya.h"

#include <math.h>
#include <string.h>

#include "kernels/finite.h"
#include "plugins/host_fan.h"
#include "plugins/kakeya/calibrate.h"
#include "plugins/kakeya/config.h"
#include "plugins/kakeya/encode.h"
#include "plugins/kakeya/fields.h"
#include "plugins/kakeya/fit.h"
#include "plugins/kakeya/layout.h"

static void destroy(void *state)
{
    kakeya *c = state;
    if (!c) return;
    c->host->release(c->host, c->weights);
    c->host->release(c->host, c);
}

static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (shape->dim < 2 || shape->dim > KAKEYA_DIM_MAX)
        return host->fail(host, KVANT_E_SHAPE, "kakeya: head dimension %d is not from 2 to %d", (int)shape->dim,
                          KAKEYA_DIM_MAX);
    kakeya *c = host->alloc(host, sizeof *c);
    if (!c) return host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for a state of %zu bytes", sizeof *c);
    c->host = host;
    c->threads = host_fan(host);
    c->shape = *shape;
    const int rc = kakeya_configure(c, values);
    if (rc == KVANT_OK)
        *state = c;
    else
        destroy(c);
    return rc;
}

static int geometry(const void *state, kvant_geometry *out)
{
    const kakeya *c = state;
    out->block = (uint32_t)kakeya_group_rows(c);
    out->pooled = c->config.pooled;
    out->calibrates = c->config.calibrated;
    out->weighs = 1;
    return KVANT_OK;
}

static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    const kakeya *c = state;
    size_t bytes;
    const size_t groups = n_rows / kakeya_group_rows(c) + (n_rows % kakeya_group_rows(c) != 0);
    return __builtin_mul_overflow(groups, layout_group_most(c), &bytes) ? SIZE_MAX : bytes;
}

/* ---- weights and the codebook ----------------------------------------------------------------------------------- */

static void drop_weights(kakeya *c)
{
    c->host->release(c->host, c->weights);
    c->weights = NULL;
    c->n_weights = 0;
}

static int weigh(void *state, const float *weights, size_t n_rows)
{
    kakeya *c = state;
    const kvant_host *host = c->host;
    drop_weights(c);
    for (size_t i = 0; i < n_rows; i++)
        if (!(weights[i] > 0.0f) || !isfinite(weights[i]))
            return host->fail(host, KVANT_E_NONFINITE, "kakeya: the weight %g of row %zu is not a positive number",
                              (double)weights[i], i);
    c->weights = host->alloc(host, n_rows * sizeof *weights);
    if (!c->weights) return host->fail(host, KVANT_E_MEMORY, "kakeya: no memory for %zu weights", n_rows);
    if (n_rows) memcpy(c->weights, weights, n_rows * sizeof *weights);
    c->n_weights = n_rows;
    return KVANT_OK;
}

static int calibrate(void *state, const kvant_samples *samples)
{
    return kakeya_calibrate(state, samples);
}

static int needs_table(const kakeya *c)
{
    if (!c->config.calibrated || c->has_table) return KVANT_OK;
    return c->host->fail(c->host, KVANT_E_STATE, "kakeya: codebook=calibrated has no codebook yet");
}

static size_t table_bytes(const kakeya *c)
{
    return c->config.calibrated ? sizeof(float) << c->config.bits : 0;
}

static int64_t save(const void *state, uint8_t *out, size_t capacity)
{
    const kakeya *c = state;
    const size_t bytes = table_bytes(c);
    if (!out || bytes == 0) return (int64_t)bytes;
    const int rc = needs_table(c);
    if (rc != KVANT_OK) return rc;
    if (capacity < bytes)
        return c->host->fail(c->host, KVANT_E_SPACE, "kakeya: the codebook needs %zu bytes, the buffer has %zu", bytes,
                             capacity);
    fields_put_reals(out, c->table.level, bytes / sizeof(float), true);
    return (int64_t)bytes;
}

static int load(void *state, const uint8_t *bytes, size_t n_bytes)
{
    kakeya *c = state;
    const size_t expected = table_bytes(c);
    float level[QUANTIZER_LEVELS];
    if (n_bytes != expected)
        return c->host->fail(c->host, KVANT_E_CORRUPT, "kakeya: a codebook of %zu bytes, expected %zu", n_bytes,
                             expected);
    if (expected == 0) return KVANT_OK;
    if (!fields_get_reals(bytes, expected / sizeof(float), true, 1e6f, level) || !kakeya_set_table(c, level))
        return c->host->fail(c->host, KVANT_E_CORRUPT, "kakeya: the codebook's levels are not ascending numbers");
    c->has_table = true;
    return KVANT_OK;
}

/* ---- encode ----------------------------------------------------------------------------------------------------- */

static int check_rows(const kakeya *c, size_t first, const float *rows, size_t n_rows)
{
    const kvant_host *host = c->host;
    const size_t dim = c->config.dim, n = n_rows * dim;
    if (n_rows % kakeya_group_rows(c) != 0)
        return host->fail(host, KVANT_E_STATE, "kakeya: %zu rows from row %zu are not whole blocks of %zu", n_rows,
                          first, kakeya_group_rows(c));
    if (c->weights && c->n_weights != n_rows)
        return host->fail(host, KVANT_E_STATE, "kakeya: %zu weights for %zu rows from row %zu", c->n_weights, n_rows,
                          first);
    const size_t bad = finite_scan_within(rows, n, KAKEYA_LARGEST);
    if (bad == n) return needs_table(c);
    if (isfinite(rows[bad]))
        return host->fail(host, KVANT_E_RANGE, "kakeya: row %zu, column %zu is %g, expected a magnitude of at most %g",
                          first + bad / dim, bad % dim, (double)rows[bad], (double)KAKEYA_LARGEST);
    return host->fail(host, KVANT_E_NONFINITE, "kakeya: row %zu, column %zu is %g, not a finite number",
                      first + bad / dim, bad % dim, (double)rows[bad]);
}

static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    kakeya *c = state;
    int64_t rc = check_rows(c, first, rows, n_rows);
    if (rc == KVANT_OK && n_rows > 0) rc = kakeya_encode_groups(c, first, rows, n_rows, out, capacity);
    drop_weights(c);
    return rc;
}

/* ---- decode ----------------------------------------------------------------------------------------------------- */

static int corrupt(const kakeya *c, size_t position, const char *what)
{
    return c->host->fail(c->host, KVANT_E_CORRUPT, "kakeya: block at row %zu: %s", position, what);
}

typedef int block_visitor(const kakeya *c, kakeya_work *w, size_t row, bool opens, void *arg);

/* Reads all blocks of n_rows rows and shows each to visit, with the row it begins at. */
static int for_each_block(const kakeya *c, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                          block_visitor *visit, void *arg)
{
    const size_t group = kakeya_group_rows(c), block = c->config.block;
    kakeya_work w;
    layout_bytes in = { bytes, n_bytes };
    if (n_rows % group != 0) return corrupt(c, first, "the rows are not whole blocks");
    if (n_rows == 0) return n_bytes == 0 ? KVANT_OK : corrupt(c, first, "bytes for no rows");
    int rc = needs_table(c);
    if (rc != KVANT_OK || (rc = kakeya_work_open(c, false, &w)) != KVANT_OK) return rc;
    w.block.rows = block;
    for (size_t r = 0; rc == KVANT_OK && r < n_rows; r += block) {
        const bool opens = r % group == 0;
        const char *wrong = layout_get(c, &w.skeleton, &w.block, opens, &in);
        rc = wrong ? corrupt(c, first + r, wrong) : visit(c, &w, first + r, opens, arg);
    }
    if (rc == KVANT_OK && in.left > 0) rc = corrupt(c, first, "there are bytes behind the last block");
    kakeya_work_close(c, &w);
    return rc;
}

static int restore(const kakeya *c, kakeya_work *w, size_t row, bool opens, void *arg)
{
    (void)opens;
    float **rows = arg;
    const size_t n = w->block.rows * c->config.dim;
    if (!kakeya_restore_block(c, w, *rows)) return corrupt(c, row, "a row's residual has codes that are never written");
    if (finite_scan(*rows, n) < n) return corrupt(c, row, "a value decodes to no finite number");
    *rows += n;
    return KVANT_OK;
}

static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    return for_each_block(state, first, bytes, n_bytes, n_rows, restore, &rows);
}

static int add_parts(const kakeya *c, kakeya_work *w, size_t row, bool opens, void *arg)
{
    (void)row;
    kvant_split *out = arg;
    const layout_parts parts = layout_size(&c->config, &w->skeleton, &w->block, opens);
    out->payload += parts.codes;
    out->exact += parts.outlier_values;
    out->metadata += parts.rest;
    return KVANT_OK;
}

static int split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *out)
{
    return for_each_block(state, first, bytes, n_bytes, n_rows, add_parts, out);
}

/* ---- the plugin ------------------------------------------------------------------------------------------------- */

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = "kakeya",
    .version = "1",
    .family = "skeleton",
    .summary =
        "mean, principal directions and k-means directions of a block, and a rotated, quantised residual per row",
    .reference = "KakeyaTurbo (LLM-KV--Cache-compress, PR 13); sketch: Halko, Martinsson, Tropp 2011",
    .params = kakeya_params,
    .flags = KVANT_VARIABLE,
    .dim_min = 2,
    .dim_max = KAKEYA_DIM_MAX,
    .dim_step = 1,
    .create = create,
    .destroy = destroy,
    .geometry = geometry,
    .calibrate = calibrate,
    .weigh = weigh,
    .bound = bound,
    .encode = encode,
    .decode = decode,
    .save = save,
    .load = load,
    .split = split,
};

static const kvant_codec *const codecs[] = { &codec, NULL };

KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
