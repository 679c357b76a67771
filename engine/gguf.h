/* gguf.h - reading GGUF model files, versions 2 and 3.
 *
 * The file is mapped, not read; strings and tensors point into the map and live until gguf_close. Every count, length,
 * type and offset is checked when the file is opened, so what the other functions return can be used as it is, whatever
 * the file claims: a truncated or hostile file is refused with a message that names the key or tensor and the numbers.
 * Opening costs O(keys · log keys) plus one pass over the metadata; weights are not touched. Refused as well: version
 * 1, big-endian files, arrays of arrays, duplicate keys or tensors. After opening everything is read-only: [any
 * thread]. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (little-endian).
 *
 *     gguf *g = gguf_open("model.gguf", &f);
 *     uint32_t n = 0;
 *     gguf_u32(g, "llama.block_count", &n, &f);
 *     const gguf_tensor *t = gguf_find_tensor(g, "token_embd.weight");
 */
#ifndef KVANT_ENGINE_GGUF_H
#define KVANT_ENGINE_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct gguf gguf;

typedef enum gguf_kind {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
} gguf_kind;

/* A string inside the map: not terminated, any bytes. */
typedef struct gguf_string {
    const char *bytes;
    size_t n;
} gguf_string;

#define GGUF_SHOWN 88 /* room for a name of 64 bytes, which is all ggml allows a tensor */

/* Writes s as a message may show it (bytes that are not printable ASCII as '?', a long one cut with "...") and returns
 * text. */
const char *gguf_shown(gguf_string s, char text[GGUF_SHOWN]);

typedef struct gguf_tensor {
    gguf_string name;
    int type;            /* ggml's number, known to tensor_type_of() in engine/tensor.h, perhaps not computable */
    int n_dims;          /* 1 … 4 */
    uint64_t dims[4];    /* each at least 1; dims[0]: the row length, contiguous; unused ones are 1 */
    const uint8_t *data; /* inside the map, n_bytes of it */
    size_t n_bytes;
} gguf_tensor;

/* Maps the file and checks all of its metadata. NULL with a message on any fault. The file must not shrink while open.
 */
gguf *gguf_open(const char *path, fault *f);
void gguf_close(gguf *g); /* NULL is fine */

/* n bytes of the map from data on will not be read for a while: their memory may go. Reading them again is right, and
 * slow. */
void gguf_forget(const gguf *g, const uint8_t *data, size_t n);

const char *gguf_path(const gguf *g);
int gguf_version(const gguf *g);
size_t gguf_file_bytes(const gguf *g);

size_t gguf_n_keys(const gguf *g);
gguf_string gguf_key_name(const gguf *g, size_t i);
gguf_kind gguf_key_kind(const gguf *g, size_t i);
bool gguf_has(const gguf *g, const char *key);

/* Scalars. Any integer kind is taken where its value fits, f64 for f32. A missing key or another kind is a fault that
 * names the key; the _or forms give `otherwise` for a missing key and still fail on a wrong kind. */
bool gguf_u32(const gguf *g, const char *key, uint32_t *value, fault *f);
bool gguf_f32(const gguf *g, const char *key, float *value, fault *f);
bool gguf_text(const gguf *g, const char *key, gguf_string *value, fault *f);
bool gguf_u32_or(const gguf *g, const char *key, uint32_t otherwise, uint32_t *value, fault *f);
bool gguf_f32_or(const gguf *g, const char *key, float otherwise, float *value, fault *f);
bool gguf_bool_or(const gguf *g, const char *key, bool otherwise, bool *value, fault *f);

/* Arrays: the element count, then element by element. Elements of string arrays are indexed in O(1). */
bool gguf_array(const gguf *g, const char *key, gguf_kind *element, size_t *n, fault *f);
gguf_string gguf_array_string(const gguf *g, const char *key,
                              size_t i); /* empty when out of range or no string array */
bool gguf_array_i64(const gguf *g, const char *key, size_t i, int64_t *value); /* any integer kind, or bool */
bool gguf_array_f32(const gguf *g, const char *key, size_t i, float *value);

size_t gguf_n_tensors(const gguf *g);
const gguf_tensor *gguf_tensor_at(const gguf *g, size_t i);
const gguf_tensor *gguf_find_tensor(const gguf *g, const char *name); /* NULL when absent */

#endif
