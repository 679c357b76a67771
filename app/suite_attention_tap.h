/* suite_attention_tap.h - attention with a layer's exact rows against attention with the rows a config leaves of them.
 *
 * A tap around the compressor's: it keeps the rows as the model made them, lets the compressor replace them, and lets
 * the very queries of this pass meet both versions (app/offline_attention.h): rows that the config keeps open, layers
 * that see a window, scales of the model's own included. Rows and queries are those of the config's pass, so that a
 * layer shows what its own codecs do to it, and not what the layers below have done.
 *
 *     attention_tap *t = attention_tap_open(e, ctx, queries, &f);
 *     kv_tap tap = attention_tap_around(t, compress_tap(c));
 *     for each passage: engine_forward_layers with tap, from position 0 on
 *     attention_tap_gap(t, layer, head)->weights / ...->queries
 *     attention_tap_close(t);
 */
#ifndef KVANT_APP_SUITE_ATTENTION_TAP_H
#define KVANT_APP_SUITE_ATTENTION_TAP_H

#include "app/offline_attention.h"
#include "engine/forward.h"

typedef struct attention_tap attention_tap;

/* For passages of ctx positions; queries: positions compared of each, spread evenly (0: all). Room for the exact rows
 * of one layer. NULL with a fault. */
attention_tap *attention_tap_open(engine *e, int ctx, int queries, fault *f);
void attention_tap_close(attention_tap *t); /* NULL is fine */

/* The tap to run with, layer by layer; `inner` is called between. One pass at a time. */
kv_tap attention_tap_around(attention_tap *t, kv_tap inner);

/* Sums over all passages so far, of one query head. */
const attention_gap *attention_tap_gap(const attention_tap *t, int layer, int head);

#endif
