#include "engine/tensor.h"

#include "engine/tensor_blocks.h"

/* Every number ggml has given out; the retired ones (Q4_2, Q4_3 and the repacked 4-bit types) with their old sizes. */
static const tensor_type types[] = {
    { 0, "F32", 1, 4, tensor_f32, NULL, PACKED_F32, NULL },
    { 1, "F16", 1, 2, tensor_f16, NULL, PACKED_F16, NULL },
    { 2, "Q4_0", 32, 18, tensor_q4_0, parts_q4_0, PACKED_NIBBLES, tensor_signed4 },
    { 3, "Q4_1", 32, 20, tensor_q4_1, parts_q4_1, PACKED_NIBBLES_BASE, tensor_codes4 },
    { 4, "Q4_2", 16, 10, NULL, NULL, PACKED_F32, NULL },
    { 5, "Q4_3", 16, 12, NULL, NULL, PACKED_F32, NULL },
    { 6, "Q5_0", 32, 22, tensor_q5_0, parts_q5_0, PACKED_BYTES, NULL },
    { 7, "Q5_1", 32, 24, tensor_q5_1, parts_q5_1, PACKED_BYTES_BASE, NULL },
    { 8, "Q8_0", 32, 34, tensor_q8_0, parts_q8_0, PACKED_BYTES, NULL },
    { 9, "Q8_1", 32, 36, NULL, NULL, PACKED_F32, NULL },
    { 10, "Q2_K", 256, 84, tensor_q2_k, parts_q2_k, PACKED_NIBBLES_16_BASE, tensor_codes4 },
    { 11, "Q3_K", 256, 110, tensor_q3_k, parts_q3_k, PACKED_NIBBLES_16, tensor_signed4 },
    { 12, "Q4_K", 256, 144, tensor_q4_k, parts_q4_k, PACKED_NIBBLES_32_BASE, tensor_codes4 },
    { 13, "Q5_K", 256, 176, tensor_q5_k, parts_q5_k, PACKED_BYTES_32_BASE, NULL },
    { 14, "Q6_K", 256, 210, tensor_q6_k, parts_q6_k, PACKED_BYTES_16, NULL },
    { 15, "Q8_K", 256, 292, NULL, NULL, PACKED_F32, NULL },
    { 16, "IQ2_XXS", 256, 66, NULL, NULL, PACKED_F32, NULL },
    { 17, "IQ2_XS", 256, 74, NULL, NULL, PACKED_F32, NULL },
    { 18, "IQ3_XXS", 256, 98, NULL, NULL, PACKED_F32, NULL },
    { 19, "IQ1_S", 256, 50, NULL, NULL, PACKED_F32, NULL },
    { 20, "IQ4_NL", 32, 18, tensor_iq4_nl, parts_q4_0, PACKED_NIBBLES, tensor_iq4_levels },
    { 21, "IQ3_S", 256, 110, NULL, NULL, PACKED_F32, NULL },
    { 22, "IQ2_S", 256, 82, NULL, NULL, PACKED_F32, NULL },
    { 23, "IQ4_XS", 256, 136, tensor_iq4_xs, parts_iq4_xs, PACKED_NIBBLES_32, tensor_iq4_levels },
    { 24, "I8", 1, 1, NULL, NULL, PACKED_F32, NULL },
    { 25, "I16", 1, 2, NULL, NULL, PACKED_F32, NULL },
    { 26, "I32", 1, 4, NULL, NULL, PACKED_F32, NULL },
    { 27, "I64", 1, 8, NULL, NULL, PACKED_F32, NULL },
    { 28, "F64", 1, 8, NULL, NULL, PACKED_F32, NULL },
    { 29, "IQ1_M", 256, 56, NULL, NULL, PACKED_F32, NULL },
    { 30, "BF16", 1, 2, tensor_bf16, NULL, PACKED_BF16, NULL },
    { 31, "Q4_0_4_4", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 32, "Q4_0_4_8", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 33, "Q4_0_8_8", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 34, "TQ1_0", 256, 54, NULL, NULL, PACKED_F32, NULL },
    { 35, "TQ2_0", 256, 66, NULL, NULL, PACKED_F32, NULL },
    { 36, "IQ4_NL_4_4", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 37, "IQ4_NL_4_8", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 38, "IQ4_NL_8_8", 32, 18, NULL, NULL, PACKED_F32, NULL },
    { 39, "MXFP4", 32, 17, NULL, NULL, PACKED_F32, NULL },
    { 40, "NVFP4", 64, 36, NULL, NULL, PACKED_F32, NULL },
    { 41, "Q1_0", 128, 18, NULL, NULL, PACKED_F32, NULL },
};

enum { N_TYPES = sizeof types / sizeof *types };

const tensor_type *tensor_type_of(int id)
{
    return id >= 0 && id < N_TYPES ? &types[id] : NULL; /* the numbers have no gaps */
}

size_t tensor_row_bytes(const tensor_type *type, uint64_t n)
{
    if (n % type->block) return 0;
    uint64_t bytes;
    if (__builtin_mul_overflow(n / type->block, type->bytes, &bytes) || bytes > SIZE_MAX) return 0;
    return (size_t)bytes;
}
