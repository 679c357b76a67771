/* wrapper.h - what every codec around another codec does in the same way.
 *
 * The first member of a wrapper's state. A wrapper that only changes rows on their way in and out gives these functions
 * to its descriptor as they are and writes encode, decode and calibrate itself (plugins/rotate); one with side data of
 * its own puts it before the inner codec's (plugins/center); one that hands rows on in pieces, or not all of them,
 * keeps the weights meant for them (plugins/sink). plugins/window is the shortest.
 */
#ifndef KVANT_PLUGINS_WRAPPER_H
#define KVANT_PLUGINS_WRAPPER_H

#include <stddef.h>
#include <stdint.h>

#include "kvant/codec.h"

typedef struct wrapper {
    const kvant_host *host;
    const char *name;
    kvant_instance inner;
    size_t dim;
    size_t heads; /* of the stream: n_heads when the inner codec pools them, else 1; row r is of head r % heads */
    float *rows;  /* a copy of rows to be changed, room for `room` values; lives until the next wrapper_copy */
    size_t room;
    float *weights; /* of the rows of the next encode, where n_weights is not 0; room for weights_room */
    size_t n_weights, weights_room;
    int weighs; /* the inner codec takes weights */
} wrapper;

/* Allocates a zeroed state of `bytes` that begins with a wrapper, and opens the inner codec for the same shape. An
 * error with a message leaves nothing behind. */
int wrapper_create(const kvant_host *host, const char *name, const kvant_shape *shape, const kvant_inner *inner,
                   size_t bytes, void **state);

/* The codec functions of a wrapper that adds no bytes and no side data of its own. calibrate and load succeed without
 * doing anything where the inner codec does not offer them (load: when there is nothing to load); weigh fails there,
 * because nothing would come of the weights. geometry says `calibrates` for an inner codec that always does. */
void wrapper_destroy(void *state);
int wrapper_geometry(const void *state, kvant_geometry *out);
int wrapper_calibrate(void *state, const kvant_samples *samples);
int wrapper_weigh(void *state, const float *weights, size_t n_rows);
size_t wrapper_bound(const void *state, size_t first, size_t n_rows);
int64_t wrapper_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity);
int wrapper_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows);
int64_t wrapper_save(const void *state, uint8_t *out, size_t capacity);
int wrapper_load(void *state, const uint8_t *bytes, size_t n_bytes);
int wrapper_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                  kvant_split *out);

/* Does the inner codec want calibrate, as it was opened? */
int wrapper_inner_calibrates(const wrapper *w);

/* Is every magnitude at most `limit`? Else KVANT_E_RANGE or _E_NONFINITE with a message. */
int wrapper_check_rows(const wrapper *w, size_t first, const float *rows, size_t n_rows, float limit);

/* The same, and a copy of the rows in w->rows. */
int wrapper_copy(wrapper *w, size_t first, const float *rows, size_t n_rows, float limit);

/* KVANT_E_CORRUPT when decoded rows hold a magnitude beyond `limit`. */
int wrapper_check_decoded(const wrapper *w, size_t first, const float *rows, size_t n_rows, float limit);

/* save for a wrapper with `own` bytes of side data, which the caller writes at `out` when that is not NULL and the
 * result not an error: the size of both, with the inner codec's written behind. load: wrapper_load with what is left.
 */
int64_t wrapper_save_behind(const wrapper *w, size_t own, uint8_t *out, size_t capacity);

/* weigh for a wrapper that hands rows on in pieces: keeps the weights in w->weights until the
 * next encode. */
int wrapper_keep_weights(void *state, const float *weights, size_t n_rows);

/* What the encode they were meant for, failing or not, begins with: *weights is NULL when there are none, else one for
 * each of n_rows, good until the next wrapper_keep_weights. KVANT_E_STATE when they were meant for another number of
 * rows. */
int wrapper_kept_weights(wrapper *w, size_t n_rows, const float **weights);

/* Room for n_rows weights in w->weights, all 1. KVANT_E_MEMORY with a message. */
int wrapper_even_weights(wrapper *w, size_t n_rows);

#endif
