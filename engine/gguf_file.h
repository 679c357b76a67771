/* gguf_file.h - what gguf_parse.c finds in a file and gguf.c answers from. Private to those two.
 */
#ifndef KVANT_ENGINE_GGUF_FILE_H
#define KVANT_ENGINE_GGUF_FILE_H

#include "engine/gguf.h"

typedef struct gguf_value {
    gguf_string name;
    gguf_kind kind;
    gguf_kind element;    /* of an array */
    size_t n;             /* elements of an array, else 1 */
    const uint8_t *bytes; /* of the numbers: n little-endian values, any alignment */
    gguf_string *strings; /* of strings: n of them; owned */
} gguf_value;

/* Names in ascending order of their bytes, with their places in the file. */
typedef struct gguf_name {
    gguf_string name;
    size_t at;
} gguf_name;

struct gguf {
    char *path;
    const uint8_t *map;
    size_t n_bytes;
    uint32_t version;
    gguf_value *values;
    size_t n_values;
    gguf_tensor *tensors;
    size_t n_tensors;
    gguf_name *value_names, *tensor_names;
};

typedef struct gguf_kind_info {
    const char *name; /* as messages call it */
    size_t bytes;     /* 0 for strings and arrays */
} gguf_kind_info;

enum { GGUF_KINDS = GGUF_F64 + 1 };

/* Indexed by gguf_kind. */
extern const gguf_kind_info gguf_kinds[GGUF_KINDS];

/* Fills g from its map, which holds n_bytes. */
bool gguf_parse(gguf *g, fault *f);

/* The entry of that name, or NULL. */
const gguf_name *gguf_find_name(const gguf_name *names, size_t n, gguf_string name);

/* Little-endian numbers at any alignment. */
uint32_t gguf_load_u32(const uint8_t *bytes);
uint64_t gguf_load_u64(const uint8_t *bytes);

#endif
