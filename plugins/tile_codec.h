/* tile_codec.h - what every codec with a fixed number of bytes per block of rows checks, and says, in the same way.
 *
 * The first member of the state of such a codec. Blocks ("tiles") of `rows` rows are independent: no side data, and the
 * position of a tile changes nothing. row_codec.h is the case of one row, with its own words for errors.
 */
#ifndef KVANT_PLUGINS_TILE_CODEC_H
#define KVANT_PLUGINS_TILE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvant/codec.h"

typedef struct tile_codec {
    const kvant_host *host;
    const char *name;
    size_t dim;
    size_t rows; /* of a tile */
    size_t tile_bytes;
    size_t metadata; /* of tile_bytes; for split */
} tile_codec;

/* What has a grid of its own: channels (over many tokens) or tokens. The parameter, and what it means for a stream. */
enum { TILE_AXIS_AUTO, TILE_AXIS_CHANNEL, TILE_AXIS_TOKEN };
#define TILE_AXIS_PARAM                                                                                                \
    {                                                                                                                  \
        .name = "axis", .type = KVANT_ENUM, .def = TILE_AXIS_AUTO, .max = TILE_AXIS_TOKEN,                             \
        .names = "auto channel token",                                                                                 \
        .help = "what has grids of its own: channels or tokens; auto: K channels, V tokens"                            \
    }
bool tile_by_channel(const kvant_shape *shape, const kvant_value *axis);

/* Allocates a zeroed state of `bytes` that begins with a tile_codec. KVANT_E_MEMORY with a message, or KVANT_OK. */
int tile_codec_create(const kvant_host *host, const char *name, const kvant_shape *shape, size_t bytes, void **state);

/* The codec functions that need nothing but the tile_codec at the start of the state. */
void tile_codec_destroy(void *state);
int tile_codec_geometry(const void *state, kvant_geometry *out);
size_t tile_codec_bound(const void *state, size_t first, size_t n_rows);
int tile_codec_split(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                     kvant_split *out);

/* Are these whole tiles, is there room for them, and is every value a finite number of at most `limit`? The number of
 * bytes to write, or an error with a message. */
int64_t tile_codec_check_rows(const tile_codec *c, size_t first, const float *rows, size_t n_rows, size_t capacity,
                              float limit);

/* Are these the bytes of n_rows, whole tiles? KVANT_OK or KVANT_E_CORRUPT with a message. */
int tile_codec_check_bytes(const tile_codec *c, size_t first, size_t n_bytes, size_t n_rows);

#endif
