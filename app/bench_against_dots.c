#include <string.h>

#include "app/bench_against.h"

/* What makes activations of this type. */
#define TO(q)                                                                                                          \
    {                                                                                                                  \
        "quantize_row_" q, "quantize_row_" q "_ref"                                                                    \
    }

static const against_dot_format formats[] = {
    { "F32", "ggml_vec_dot_f32", { NULL, NULL }, NULL },
    { "F16", "ggml_vec_dot_f16", { "ggml_cpu_fp32_to_fp16", "ggml_fp32_to_fp16_row" }, NULL },
    { "BF16", "ggml_vec_dot_bf16", { "ggml_cpu_fp32_to_bf16", "ggml_fp32_to_bf16_row" }, NULL },
    { "Q8_0", "ggml_vec_dot_q8_0_q8_0", TO("q8_0"), NULL },
    { "Q5_0", "ggml_vec_dot_q5_0_q8_0", TO("q8_0"), NULL },
    { "Q4_0", "ggml_vec_dot_q4_0_q8_0", TO("q8_0"), NULL },
    { "IQ4_NL", "ggml_vec_dot_iq4_nl_q8_0", TO("q8_0"), NULL },
    { "Q5_1", "ggml_vec_dot_q5_1_q8_1", TO("q8_1"), NULL },
    { "Q4_1", "ggml_vec_dot_q4_1_q8_1", TO("q8_1"), NULL },
    { "Q2_K", "ggml_vec_dot_q2_K_q8_K", TO("q8_K"), NULL },
    { "Q3_K", "ggml_vec_dot_q3_K_q8_K", TO("q8_K"), NULL },
    { "Q4_K", "ggml_vec_dot_q4_K_q8_K", TO("q8_K"), "ggml_gemv_q4_K_8x8_q8_K" },
    { "Q5_K", "ggml_vec_dot_q5_K_q8_K", TO("q8_K"), NULL },
    { "Q6_K", "ggml_vec_dot_q6_K_q8_K", TO("q8_K"), NULL },
    { "IQ4_XS", "ggml_vec_dot_iq4_xs_q8_K", TO("q8_K"), NULL },
};
enum { FORMATS = sizeof formats / sizeof *formats };

bool against_has_dots(const against *a)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (against_symbol(a, formats[i].dot)) return true;
    return false;
}

const char *against_some_dot(void)
{
    return formats[3].dot;
}

void against_ready_dots(const against *a)
{
    void (*init)(void) = NULL;
    void *const found = against_symbol(a, "ggml_cpu_init");
    memcpy(&init, &found, sizeof found);
    if (init) init();
}

/* What the library itself goes by. */
static bool keeps_eight(const against *a)
{
    int (*has_avx2)(void) = NULL;
    void *const found = against_symbol(a, "ggml_cpu_has_avx2");
    memcpy(&has_avx2, &found, sizeof found);
    return has_avx2 && has_avx2();
}

dot_counterpart against_find_dot(const against *a, const char *type)
{
    dot_counterpart c = { 0 };
    for (size_t i = 0; i < FORMATS && !c.format; i++)
        if (strcmp(formats[i].type, type) == 0) c.format = &formats[i];
    if (!c.format) return c;
    void *const dot = against_symbol(a, c.format->dot);
    void *prepare = NULL;
    for (int i = 0; i < AGAINST_PREPARES && !prepare && c.format->prepare[i]; i++)
        if ((prepare = against_symbol(a, c.format->prepare[i]))) c.prepared_by = c.format->prepare[i];
    c.name = c.format->dot;
    if (!dot || (!prepare && c.format->prepare[0])) return c;
    memcpy(&c.prepare, &prepare, sizeof prepare);
    memcpy(&c.dot, &dot, sizeof dot);
    void *const eight = c.format->eight && keeps_eight(a) ? against_symbol(a, c.format->eight) : NULL;
    memcpy(&c.eight, &eight, sizeof eight);
    if (eight) c.name = c.format->eight;
    return c;
}

/* ---- rows side by side ---- */

/* A block of Q4_K: two f16, 8 scales and 8 minima of 6 bits, 256 codes of 4 bits. */
enum { HALF = 2, PACKED = 12, SUBBLOCKS = 8, CODES = 128, BLOCK = 2 * HALF + PACKED + CODES, TURN = 8 };

typedef struct pairs {
    uint8_t scale[8], least[8];
} pairs;

static pairs unpack(const uint8_t *from)
{
    pairs p;
    for (int j = 0; j < 4; j++) {
        p.scale[j] = from[j] & 63;
        p.least[j] = from[4 + j] & 63;
        p.scale[4 + j] = (uint8_t)((from[8 + j] & 15) | from[j] >> 6 << 4);
        p.least[4 + j] = (uint8_t)(from[8 + j] >> 4 | from[4 + j] >> 6 << 4);
    }
    return p;
}

static void pack(const pairs *p, uint8_t *to)
{
    for (int j = 0; j < 4; j++) {
        to[j] = (uint8_t)(p->scale[j] | p->scale[4 + j] >> 4 << 6);
        to[4 + j] = (uint8_t)(p->least[j] | p->least[4 + j] >> 4 << 6);
        to[8 + j] = (uint8_t)((p->scale[4 + j] & 15) | (p->least[4 + j] & 15) << 4);
    }
}

/* The blocks at `from` of 8 rows. */
static void eight_blocks(const uint8_t *from, size_t row_bytes, uint8_t *to)
{
    uint8_t *scales = to + 2 * HALF * AGAINST_EIGHT, *codes = scales + PACKED * SUBBLOCKS;
    pairs of[AGAINST_EIGHT], side;
    for (size_t r = 0; r < AGAINST_EIGHT; r++) {
        const uint8_t *block = from + r * row_bytes;
        memcpy(to + r * HALF, block, HALF);
        memcpy(to + (AGAINST_EIGHT + r) * HALF, block + HALF, HALF);
        of[r] = unpack(block + 2 * HALF);
        for (size_t i = 0; i < CODES / TURN; i++)
            memcpy(codes + (i * AGAINST_EIGHT + r) * TURN, block + 2 * HALF + PACKED + i * TURN, TURN);
    }
    for (int sub = 0; sub < SUBBLOCKS; sub++) {
        for (int r = 0; r < AGAINST_EIGHT; r++) {
            side.scale[r] = of[r].scale[sub];
            side.least[r] = of[r].least[sub];
        }
        pack(&side, scales + PACKED * sub);
    }
}

void against_eight_rows(const uint8_t *rows, size_t row_bytes, size_t n_rows, uint8_t *to)
{
    for (size_t r = 0; r < n_rows; r += AGAINST_EIGHT, rows += AGAINST_EIGHT * row_bytes)
        for (size_t at = 0; at < row_bytes; at += BLOCK, to += AGAINST_EIGHT * BLOCK)
            eight_blocks(rows + at, row_bytes, to);
}
