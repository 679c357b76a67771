/* encoded.h - a config's cache as an engine would keep it: bytes, and attention on them.
 *
 * Each (layer, K or V, kv head) has an encoder, a decoder that knows the encoder's side data and nothing else, and the
 * bytes of its rows, in pages of at least ENCODED_PAGE positions. Rows of a block that is not full, and of a window,
 * stand in f16. Which version of a row a query sees, and what is counted, is what the evaluation says
 * (kernels/attention.h, app/compress.h); only where a product's sum is rounded differs, as the codec's `scores` and
 * `mix` stand in for decoding and multiplying. Keys before RoPE are decoded a few positions at a time, turned and
 * multiplied (kernels/turned.h); a codec that offers neither those functions nor decode_columns is decoded page by page
 * into scratch space.
 *
 *     encoded *c = encoded_open(&request, &f);
 *     encoded_begin(c, &f);                                        an empty cache
 *     kv_keeper keeper = encoded_keeper(c);                        of a sequence with a KV_KEPT cache
 *     encoded_count(c, &size);
 *     encoded_close(c, &f);
 *
 * Attention of a query is taken page by page: scores, the maximum of all, weights (kernels/weights.h) and sums of
 * weighted rows, which are added in the order of positions. It depends on nothing but the query and the rows: not on
 * threads, nor on how positions are split over calls, to the last bit. Pages that a layer's window has left are let go.
 *
 * One sequence at a time; [one thread at a time].
 */
#ifndef KVANT_APP_ENCODED_H
#define KVANT_APP_ENCODED_H

#include "app/compress.h"

enum { ENCODED_PAGE = 512 };

typedef struct encoded encoded;

/* Opens all codecs and calibrates those that want it. request->ctx: no sequence will be longer. at_layer and env as in
 * app/compress.h. */
encoded *encoded_open(const compress_request *request, fault *f);

/* False when a codec left memory behind, or when its side data changed as encoded_keeper says; c is gone all the same.
 * NULL is fine. */
bool encoded_close(encoded *c, fault *f);

/* Another sequence, with no rows yet. */
void encoded_begin(encoded *c);

/* Valid as long as c. A codec whose side data change while it encodes a sequence is a fault: bytes that stand in the
 * cache already would need the old. It is found when a page is full, or when the sequence ends, which the next one and
 * encoded_close then report: until then queries may have seen wrong values, but nothing that was measured with them is
 * taken for good. */
kv_keeper encoded_keeper(encoded *c);

/* Of the sequence as it stands. */
typedef struct encoded_size {
    uint64_t bytes;      /* as compress_report counts them: of a layer with a window, what its last rows take */
    uint64_t side_bytes; /* the decoders' */
    uint64_t held;       /* memory that pages and open rows take */
} encoded_size;

void encoded_count(const encoded *c, encoded_size *out);

/* What attention did since encoded_begin or the last encoded_spent. */
typedef struct encoded_work {
    double take_s, scores_s, mix_s; /* rows taken and encoded; scores; weights, mixing and adding up */
    uint64_t seen, kept;            /* (query, row) pairs, and those with a weight that is not 0 */
} encoded_work;

encoded_work encoded_spent(encoded *c);

/* Layers whose keys, and whose values, are met as bytes. */
void encoded_fused(const encoded *c, int *keys, int *values);

#endif
