/* Means of rows, kept in f16. */

#include <string.h>

#include "kernels/half.h"
#include "plugins/center/center.h"

int center_store_mean(center *w, size_t first, const float *rows, size_t n_rows, uint8_t *out)
{
    const size_t dim = w->base.dim, heads = w->base.heads;
    memset(w->sum, 0, w->width * sizeof *w->sum);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < dim; i++)
            w->sum[r % heads * dim + i] += (double)rows[r * dim + i];
    for (size_t i = 0; i < w->width; i++) {
        const double mean = w->sum[i] / (double)(n_rows / heads);
        const uint16_t h = half_from_float((float)mean);
        if (half_is_special(h))
            return w->base.host->fail(w->base.host, KVANT_E_RANGE,
                                      "center: rows %zu to %zu: the mean of column %zu is %g, beyond f16", first,
                                      first + n_rows - 1, i % dim, mean);
        half_store(out + 2 * i, h);
    }
    return KVANT_OK;
}

void center_add_mean(const center *w, float *rows, size_t n_rows, const uint8_t *mean, float sign)
{
    const size_t dim = w->base.dim;
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < dim; i++)
            rows[r * dim + i] += sign * half_to_float(half_load(mean + 2 * (r % w->base.heads * dim + i)));
}

int center_check_mean(const center *w, const uint8_t *mean)
{
    for (size_t i = 0; i < w->width; i++)
        if (half_is_special(half_load(mean + 2 * i)))
            return w->base.host->fail(w->base.host, KVANT_E_CORRUPT, "center: the mean of column %zu is not finite",
                                      i % w->base.dim);
    return KVANT_OK;
}

int center_decode_rows(center *w, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                       const uint8_t *mean)
{
    int rc = wrapper_decode(w, first, bytes, n_bytes, rows, n_rows);
    if (rc == KVANT_OK) rc = wrapper_check_decoded(&w->base, first, rows, n_rows, CENTER_LARGEST);
    if (rc == KVANT_OK) center_add_mean(w, rows, n_rows, mean, 1.0f);
    return rc;
}
