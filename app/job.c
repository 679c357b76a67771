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
    free(r->items);
    r->layers = NULL;
    r->blocks = NULL;
    r->items = NULL;
    r->n_layer_results = r->n_blocks = r->n_items = 0;
}

/* Values and bytes of `rows` positions of some layers. Settled rows cost what they cost on average; the open rows at
 * the end are there once. */
static void add_layers(const byte_counts *b, double n_rows, double sequences, double rows, double *values,
                       double *bytes)
{
    if (b->values == 0) return;
    double all = (double)b->values / n_rows * rows, open = (double)b->open_values / sequences;
    double settled_values = (double)(b->values - b->open_values);
    double settled = settled_values > 0 ? (double)(b->total - b->open) / settled_values : 2;
    *values += all;
    *bytes += (all - open) * settled + open * 2;
}

/* f16 bytes of `tokens` positions over the bytes they take here, with the side data, which is there once. */
static double ratio_at(const job_result *r, double tokens)
{
    const byte_counts *b = &r->bytes, *w = &r->windowed;
    const byte_counts whole = { .values = b->values - w->values,
                                .total = b->total - w->total,
                                .open = b->open - w->open,
                                .open_values = b->open_values - w->open_values };
    double sequences = (double)r->sequences, values = 0, bytes = 0;
    add_layers(&whole, (double)r->positions, sequences, tokens, &values, &bytes);
    add_layers(w, (double)r->windowed_rows, sequences, tokens < r->window ? tokens : r->window, &values, &bytes);
    return 2 * values / (bytes + (double)r->side_bytes);
}

void job_ratios(job_result *r, int ctx)
{
    r->ratio = 2 * (double)r->bytes.values / (double)r->bytes.total;
    r->bits_per_value = 8 * (double)r->bytes.total / (double)r->bytes.values;
    r->ratio_ctx = ratio_at(r, ctx);
    r->ratio_128k = ratio_at(r, 131072);
}
