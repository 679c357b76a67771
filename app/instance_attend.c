/* Attention on the bytes of a codec at work. */
#include "app/instance_own.h"
#include "kernels/finite.h"

bool instance_has_scores(const instance *x)
{
    return x->codec->scores != NULL;
}

bool instance_has_mix(const instance *x)
{
    return x->codec->mix != NULL;
}

bool instance_check_scores(const instance *x, size_t first, const float *scores, size_t n_q, size_t n_rows,
                           size_t stride, fault *f)
{
    for (size_t i = 0; i < n_q; i++, scores += stride) {
        const size_t bad = finite_scan(scores, n_rows);
        if (bad < n_rows)
            return instance_complain(x, "scores", f, FAULT_INPUT, "the score of row %zu is %g", first + bad,
                                     (double)scores[bad]);
    }
    return true;
}

bool instance_scores(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                     const float *q, size_t n_q, float *scores, fault *f)
{
    if (!instance_whole_blocks(x, "scores", first, n_rows, f)) return false;
    int rc = x->codec->scores(x->state, first, bytes, n_bytes, n_rows, q, n_q, scores);
    if (rc != KVANT_OK) return instance_refused(x, "scores", rc, f);
    return instance_check_scores(x, first, scores, n_q, n_rows, n_rows, f);
}

bool instance_mix(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                  const float *weights, size_t n_q, float *out, fault *f)
{
    const size_t dim = (size_t)x->shape.dim;
    if (!instance_whole_blocks(x, "mix", first, n_rows, f)) return false;
    int rc = x->codec->mix(x->state, first, bytes, n_bytes, n_rows, weights, n_q, out);
    if (rc != KVANT_OK) return instance_refused(x, "mix", rc, f);
    size_t bad = finite_scan(out, n_q * dim);
    if (bad == n_q * dim) return true;
    return instance_complain(x, "mix", f, FAULT_INPUT, "the mean of rows from %zu on is %g in column %zu", first,
                             (double)out[bad], bad % dim);
}

bool instance_has_columns(const instance *x)
{
    return x->codec->decode_columns && x->geometry.block == 1 && !x->geometry.pooled;
}

bool instance_columns(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                      size_t stride, size_t n_rows, fault *f)
{
    int rc = x->codec->decode_columns(x->state, first, bytes, n_bytes, columns, stride, n_rows);
    return rc == KVANT_OK || instance_refused(x, "decode", rc, f);
}
