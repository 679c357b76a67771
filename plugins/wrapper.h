/* wrapper.h - what every codec around another codec does in the same way.
 *
 * The first member of a wrapper's state. A wrapper that only changes rows on their way in and out gives these functions
 * to its descriptor as they are and writes encode, decode and calibrate itself; plugins/rotate/rotate.c is the shortest
 * example.
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
} wrapper;

/* Allocates a zeroed state of `bytes` that begins with a wrapper, and opens the inner codec for the same shape. An
 * error with a message leaves nothing behind. */
int wrapper_create(const kvant_host *host, const char *name, const kvant_shape *shape, const kvant_inner *inner,
                   size_t bytes, void **state);

/* The codec functions of a wrapper that adds no bytes and no side data of its own. calibrate, weigh and load succeed
 * without doing anything where the inner codec does not offer them (load: when there is nothing to load; weigh: fails,
 * because nothing would come of the weights). */
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

/* A copy of the rows in w->rows, where every magnitude must be at most `limit`: else KVANT_E_RANGE or _E_NONFINITE with
 * a message. */
int wrapper_copy(wrapper *w, size_t first, const float *rows, size_t n_rows, float limit);

/* KVANT_E_CORRUPT when decoded rows hold a magnitude beyond `limit`. */
int wrapper_check_decoded(const wrapper *w, size_t first, const float *rows, size_t n_rows, float limit);

#endif
