#include "gguf_builder.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void builder_bytes(builder *b, const void *bytes, size_t n)
{
    if (b->n + n > b->room) {
        b->room = 2 * (b->n + n) + 256;
        b->bytes = realloc(b->bytes, b->room);
        assert_non_null(b->bytes);
    }
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
}

void builder_u32(builder *b, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        builder_bytes(b, &(uint8_t){ (uint8_t)(value >> 8 * i) }, 1);
}

void builder_u64(builder *b, uint64_t value)
{
    builder_u32(b, (uint32_t)value);
    builder_u32(b, (uint32_t)(value >> 32));
}

void builder_string(builder *b, const char *text)
{
    builder_u64(b, strlen(text));
    builder_bytes(b, text, strlen(text));
}

void builder_header(builder *b, uint32_t version, uint64_t n_tensors, uint64_t n_keys)
{
    builder_bytes(b, "GGUF", 4);
    builder_u32(b, version);
    builder_u64(b, n_tensors);
    builder_u64(b, n_keys);
}

void builder_key(builder *b, const char *name, gguf_kind kind)
{
    builder_string(b, name);
    builder_u32(b, kind);
}

void builder_key_text(builder *b, const char *name, const char *value)
{
    builder_key(b, name, GGUF_STRING);
    builder_string(b, value);
}

void builder_key_u32(builder *b, const char *name, uint32_t value)
{
    builder_key(b, name, GGUF_U32);
    builder_u32(b, value);
}

void builder_key_bool(builder *b, const char *name, bool value)
{
    builder_key(b, name, GGUF_BOOL);
    builder_bytes(b, &(uint8_t){ value }, 1);
}

static void array(builder *b, const char *name, gguf_kind element, size_t n)
{
    builder_key(b, name, GGUF_ARRAY);
    builder_u32(b, element);
    builder_u64(b, n);
}

void builder_key_texts(builder *b, const char *name, const char *const *values, size_t n)
{
    array(b, name, GGUF_STRING, n);
    for (size_t i = 0; i < n; i++)
        builder_string(b, values[i]);
}

void builder_key_i32s(builder *b, const char *name, const int32_t *values, size_t n)
{
    array(b, name, GGUF_I32, n);
    for (size_t i = 0; i < n; i++)
        builder_u32(b, (uint32_t)values[i]);
}

void builder_key_f32s(builder *b, const char *name, const float *values, size_t n)
{
    array(b, name, GGUF_F32, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        builder_u32(b, bits);
    }
}

void builder_tensor(builder *b, const char *name, uint32_t n_dims, const uint64_t *dims, uint32_t type, uint64_t offset)
{
    builder_string(b, name);
    builder_u32(b, n_dims);
    for (uint32_t d = 0; d < n_dims; d++)
        builder_u64(b, dims[d]);
    builder_u32(b, type);
    builder_u64(b, offset);
}

void builder_align(builder *b)
{
    while (b->n % 32)
        builder_bytes(b, "", 1);
}

const char *builder_save_part(builder *b, size_t n)
{
    if (!b->path[0]) {
        strcpy(b->path, "/tmp/kvant-gguf-XXXXXX");
        b->file = mkstemp(b->path);
        assert_true(b->file >= 0);
    }
    for (size_t done = 0; done < n;) {
        const ssize_t more = pwrite(b->file, b->bytes + done, n - done, (off_t)done);
        assert_true(more > 0);
        done += (size_t)more;
    }
    assert_int_equal(ftruncate(b->file, (off_t)n), 0);
    return b->path;
}

void builder_poke(builder *b, size_t at, uint8_t byte)
{
    b->bytes[at] = byte;
    assert_int_equal(pwrite(b->file, &byte, 1, (off_t)at), 1);
}

const char *builder_save(builder *b)
{
    return builder_save_part(b, b->n);
}

void builder_free(builder *b)
{
    if (b->path[0]) {
        close(b->file);
        unlink(b->path);
    }
    free(b->bytes);
    *b = (builder){ 0 };
}
