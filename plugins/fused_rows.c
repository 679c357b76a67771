#include "plugins/fused_rows.h"

/* weights: NULL when all rows were read. */
static int settle(const row_codec *c, fused_rows_wrong *wrong, size_t first, const uint8_t *bytes, size_t n_rows,
                  const float *weights, size_t n_q)
{
    for (size_t r = 0; r < n_rows; r++) {
        bool read = !weights;
        for (size_t i = 0; weights && i < n_q; i++)
            read |= weights[i * n_rows + r] != 0.0f;
        const char *what = read ? wrong(c, bytes + r * c->row_bytes) : NULL;
        if (what) return row_codec_corrupt(c, first + r, what);
    }
    return KVANT_OK;
}

int fused_rows_scores(const row_codec *c, const fused *f, fused_rows_wrong *wrong, size_t first, const uint8_t *bytes,
                      size_t n_bytes, size_t n_rows, const float *q, size_t n_q, float *scores)
{
    const int rc = row_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK || fused_scores(f, bytes, n_rows, q, n_q, scores)) return rc;
    return settle(c, wrong, first, bytes, n_rows, NULL, 0);
}

int fused_rows_mix(const row_codec *c, const fused *f, fused_rows_wrong *wrong, size_t first, const uint8_t *bytes,
                   size_t n_bytes, size_t n_rows, const float *weights, size_t n_q, float *out)
{
    const int rc = row_codec_check_bytes(c, first, n_bytes, n_rows);
    if (rc != KVANT_OK || fused_mix(f, bytes, n_rows, weights, n_q, out)) return rc;
    return settle(c, wrong, first, bytes, n_rows, weights, n_q);
}
