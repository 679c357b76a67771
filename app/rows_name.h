/* rows_name.h - what the name of a tensor says: keys, values or queries, and of which layer.
 *
 * A name is cut into words where letters, digits and signs meet, so that all of these mean the keys of layer 3:
 *
 *     layers.3.k    blk.3.k_cache    model.layers.3.self_attn.k_proj    past_key_values.3.key    key_cache.3
 *
 * Keys: k, key, keys; values: v, val, value, values; queries: q, query, queries; the last such word counts, and
 * "key_value" is none. The layer is the number after layer, layers, blk, block or blocks, else the first number.
 * Weights and biases (model.layers.3.self_attn.k_proj.weight) and moments are no rows, whatever else the name says.
 */
#ifndef KVANT_APP_ROWS_NAME_H
#define KVANT_APP_ROWS_NAME_H

enum { ROWS_K = 0, ROWS_V = 1, ROWS_Q = 2, ROWS_UNKNOWN = -1 }; /* the first two are KVANT_K and KVANT_V */

typedef struct rows_name {
    int side;  /* ROWS_... */
    int layer; /* -1: not said */
} rows_name;

rows_name rows_name_read(const char *name);

#endif
