/* bad.h - the well-behaved half of the misbehaving test codecs: rows as f32, 4 bytes a value.
 *
 * BAD_CODEC defines the codec and the plugin entry from these functions or the misbehaving ones given in their place.
 */
#ifndef KVANT_TESTS_CODECS_BAD_H
#define KVANT_TESTS_CODECS_BAD_H

#include <string.h>

#include "kvant/codec.h"

typedef struct bad {
    const kvant_host *host;
    size_t row_bytes;
} bad;

static inline int bad_create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    (void)values;
    bad *b = host->alloc(host, sizeof *b);
    if (!b) return host->fail(host, KVANT_E_MEMORY, "no memory");
    b->host = host;
    b->row_bytes = (size_t)shape->dim * sizeof(float);
    *state = b;
    return KVANT_OK;
}

static inline void bad_destroy(void *state)
{
    bad *b = state;
    if (b) b->host->release(b->host, b);
}

static inline size_t bad_bound(const void *state, size_t first, size_t n_rows)
{
    (void)first;
    return n_rows * ((const bad *)state)->row_bytes;
}

static inline int64_t bad_encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out,
                                 size_t capacity)
{
    const bad *b = state;
    const size_t bytes = bad_bound(b, first, n_rows);
    if (bytes > capacity) return b->host->fail(b->host, KVANT_E_SPACE, "%zu bytes needed", bytes);
    memcpy(out, rows, bytes);
    return (int64_t)bytes;
}

static inline int bad_decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows,
                             size_t n_rows)
{
    const bad *b = state;
    if (n_bytes != bad_bound(b, first, n_rows)) return b->host->fail(b->host, KVANT_E_CORRUPT, "%zu bytes", n_bytes);
    memcpy(rows, bytes, n_bytes);
    return KVANT_OK;
}

#define BAD_CODEC(codec_name, codec_summary, create_, bound_, encode_, decode_, split_, entry_abi)                     \
    static const kvant_param bad_params[] = { { 0 } };                                                                 \
    static const kvant_codec bad_codec = {                                                                             \
        .size = sizeof(kvant_codec),                                                                                   \
        .abi = KVANT_ABI,                                                                                              \
        .name = codec_name,                                                                                            \
        .version = "1",                                                                                                \
        .family = "bad",                                                                                               \
        .summary = codec_summary,                                                                                      \
        .reference = "none; for tests",                                                                                \
        .params = bad_params,                                                                                          \
        .dim_min = 1,                                                                                                  \
        .dim_max = 65536,                                                                                              \
        .dim_step = 1,                                                                                                 \
        .create = create_,                                                                                             \
        .destroy = bad_destroy,                                                                                        \
        .bound = bound_,                                                                                               \
        .encode = encode_,                                                                                             \
        .decode = decode_,                                                                                             \
        .split = split_,                                                                                               \
    };                                                                                                                 \
    static const kvant_codec *const bad_codecs[] = { &bad_codec, NULL };                                               \
    KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), entry_abi, bad_codecs }

#endif
