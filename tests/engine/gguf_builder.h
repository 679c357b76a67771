/* gguf_builder.h - GGUF files made byte by byte, right or wrong on purpose.
 *
 *     builder b = { 0 };
 *     builder_header(&b, 3, n_tensors, n_keys);
 *     builder_text(&b, "general.name", "x");
 *     const char *path = builder_save(&b);        a temporary file, removed by builder_free
 */
#ifndef KVANT_TESTS_ENGINE_GGUF_BUILDER_H
#define KVANT_TESTS_ENGINE_GGUF_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/gguf.h"

typedef struct builder {
    uint8_t *bytes;
    size_t n, room;
    char path[64]; /* of the temporary file, once saved */
    int file;
} builder;

void builder_bytes(builder *b, const void *bytes, size_t n);
void builder_u32(builder *b, uint32_t value);
void builder_u64(builder *b, uint64_t value);
void builder_string(builder *b, const char *text);

void builder_header(builder *b, uint32_t version, uint64_t n_tensors, uint64_t n_keys);

/* A key's name and kind; the value follows. */
void builder_key(builder *b, const char *name, gguf_kind kind);
void builder_key_text(builder *b, const char *name, const char *value);
void builder_key_u32(builder *b, const char *name, uint32_t value);
void builder_key_bool(builder *b, const char *name, bool value);
void builder_key_texts(builder *b, const char *name, const char *const *values, size_t n);
void builder_key_i32s(builder *b, const char *name, const int32_t *values, size_t n);
void builder_key_f32s(builder *b, const char *name, const float *values, size_t n);

void builder_tensor(builder *b, const char *name, uint32_t n_dims, const uint64_t *dims, uint32_t type,
                    uint64_t offset);

/* Zeros up to the next multiple of 32. */
void builder_align(builder *b);

/* Writes the first n bytes to the temporary file. */
const char *builder_save_part(builder *b, size_t n);
const char *builder_save(builder *b);

/* Changes one byte, here and in the file that was saved. */
void builder_poke(builder *b, size_t at, uint8_t byte);
void builder_free(builder *b);

#endif
