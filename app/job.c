#include "app/job.h"

#include <stdlib.h>

const char *protocol_name(protocol p)
{
    return p == PROTOCOL_SNAPSHOT ? "snapshot" : "stream";
}

void job_result_release(job_result *r)
{
    free(r->layers);
    free(r->blocks);
    r->layers = NULL;
    r->blocks = NULL;
    r->n_layer_results = r->n_blocks = 0;
}

/* f16 bytes of `tokens` positions over the bytes they take here. Settled rows cost what they cost on average; the open
 * rows at the end and the side data are there once. */
static double ratio_at(const job_result *r, double tokens, int ctx)
{
    double per_token = (double)r->bytes.values / ((double)r->passages * ctx);
    double open_values = (double)r->bytes.open_values / r->passages;
    double settled_values = (double)(r->bytes.values - r->bytes.open_values);
    double values = per_token * tokens;
    double settled = settled_values > 0 ? (double)(r->bytes.total - r->bytes.open) / settled_values : 2;
    double bytes = (values - open_values) * settled + open_values * 2 + (double)r->side_bytes;
    return 2 * values / bytes;
}

void job_ratios(job_result *r, int ctx)
{
    r->ratio = 2 * (double)r->bytes.values / (double)r->bytes.total;
    r->bits_per_value = 8 * (double)r->bytes.total / (double)r->bytes.values;
    r->ratio_ctx = ratio_at(r, ctx, ctx);
    r->ratio_128k = ratio_at(r, 131072, ctx);
}
