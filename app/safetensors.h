/* safetensors.h - named tensors in one file: the format of the safetensors library, which every framework reads.
 *
 * A file is a u64 (little-endian) length, a JSON header of that length and the tensors' bytes, row-major,
 * little-endian. The header maps names to {"dtype", "shape", "data_offsets": [begin, end]}, and "__metadata__" to words
 * by key.
 *
 *     safetensors *s = safetensors_open("keys.safetensors", &f);
 *     const safetensor *t = safetensors_find(s, "layers.3.k");
 *     float *values = malloc(t->n_values * sizeof *values);
 *     safetensors_f32(s, t, values, &f);
 *     safetensors_close(s);
 *
 * Nothing in a file is trusted: header length, names, types, shapes and offsets are all checked when it is opened
 * (offsets in order, without gaps or overlap, as the format demands). An open file is read-only; any thread may use it.
 */
#ifndef KVANT_APP_SAFETENSORS_H
#define KVANT_APP_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum { SAFETENSORS_DIMS = 8 };

typedef enum safetensors_type {
    SAFETENSORS_F16,
    SAFETENSORS_BF16,
    SAFETENSORS_F32,
    SAFETENSORS_F64,
    SAFETENSORS_I32,
    SAFETENSORS_I64,
    SAFETENSORS_U8,
    SAFETENSORS_OTHER, /* a type of the format that is none of these: listed, not read */
} safetensors_type;

typedef struct safetensor {
    const char *name;
    safetensors_type type;
    int n_dims;
    uint64_t dims[SAFETENSORS_DIMS]; /* the last one runs fastest */
    uint64_t n_values;
    const void *bytes; /* in the file, or, when writing, the caller's */
    uint64_t n_bytes;
} safetensor;

typedef struct safetensors safetensors;

/* Is it one, by its name (.safetensors) or by how it begins? */
bool safetensors_is(const char *path);

/* NULL with a message that names the file and, where there is one, the tensor. */
safetensors *safetensors_open(const char *path, fault *f);
void safetensors_close(safetensors *s); /* NULL is fine */

/* All n of them, in the order of their bytes. */
const safetensor *safetensors_all(const safetensors *s, size_t *n);

const safetensor *safetensors_find(const safetensors *s, const char *name); /* NULL: there is none */
const char *safetensors_word(const safetensors *s, const char *key);        /* of the metadata; NULL: there is none */

/* The values of a tensor as f32 (F16, BF16, F32, F64). A fault names the tensor when it is of another type. */
bool safetensors_f32(const safetensors *s, const safetensor *t, float *values, fault *f);

/* Writes a file (through a temporary name, so that it is there whole or not at all). Of each tensor name, type, dims
 * and bytes are read; words: key, value, key, value ..., NULL. */
bool safetensors_write(const char *path, const char *const *words, const safetensor *tensors, size_t n, fault *f);

#endif
