/* tensor.h - the weight types of GGUF files and how their rows become f32.
 *
 * A row is a whole number of blocks; a block holds `block` values in `bytes` bytes. The formats are ggml's
 * (ggml-common.h and ggml-quants.c in github.com/ggml-org/llama.cpp): F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1,
 * Q2_K … Q6_K, IQ4_NL, IQ4_XS; each layout stands at its function in tensor_blocks.c and tensor_superblocks.c. Types we
 * recognise by name but cannot compute with have no to_f32, so that a file that holds them can be listed and a message
 * can name them.
 *
 *     const tensor_type *type = tensor_type_of(t->type);
 *     type->to_f32(t->data, row, t->dims[0]);
 */
#ifndef KVANT_ENGINE_TENSOR_H
#define KVANT_ENGINE_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/packed.h"

typedef struct tensor_type {
    int id; /* ggml's number in the file */
    const char *name;
    size_t block; /* values per block, at least 1 */
    size_t bytes; /* bytes per block */
    /* n values (a multiple of block) from src, any alignment, into dst. Any bytes are taken: a hostile scale gives Inf
     * or NaN values, nothing worse. NULL: the type is named but not supported. [any thread] */
    void (*to_f32)(const uint8_t *src, float *dst, size_t n);
    /* The same for kernels/packed.h: one block of src taken apart. NULL for plain numbers, which have no parts. [any
     * thread] */
    void (*take_apart)(const uint8_t *src, packed_block *to);
    packed_form form;
    const int8_t *levels; /* 16: what codes of 4 bits stand for */
} tensor_type;

/* NULL for a number ggml has never used. [any thread] */
const tensor_type *tensor_type_of(int id);

/* Bytes of a row of n values; 0 when n is not a multiple of the block or the bytes do not fit size_t. [any thread] */
size_t tensor_row_bytes(const tensor_type *type, uint64_t n);

#endif
