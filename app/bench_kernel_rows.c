#include "app/bench_kernel_rows.h"

#include <string.h>

#include "app/bench_time.h"
#include "kernels/bitpack.h"
#include "kernels/block_q.h"

/* A tile holds KERNEL_DIM values of each lane. */
static size_t tiles(const kernel_work *w, size_t *values)
{
    *values = (size_t)w->lanes->n * KERNEL_DIM;
    return KERNEL_VALUES / *values;
}

static bool rotate_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    wht_forward(&w->rotation, w->rows, KERNEL_VALUES / (size_t)w->rotation.n);
    return true;
}

static bool codes_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    for (size_t i = 0; i < KERNEL_VALUES; i += KERNEL_DIM)
        quantizer_codes(&w->table, w->rows + i, KERNEL_DIM, w->codes + i);
    return true;
}

static bool codes_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->codes(&w->table, w->rows + t * n, KERNEL_DIM, w->wide + t * n);
    return true;
}

static bool values_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    for (size_t i = 0; i < KERNEL_VALUES; i += KERNEL_DIM)
        quantizer_values(&w->table, w->codes + i, KERNEL_DIM, w->out + i);
    return true;
}

static bool values_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->values(&w->table, w->wide + t * n, KERNEL_DIM, w->out + t * n);
    return true;
}

static bool pack_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    const size_t row = bitpack_bytes(KERNEL_DIM, w->row->with);
    for (size_t i = 0; i < KERNEL_VALUES / KERNEL_DIM; i++)
        bitpack_put(w->codes + i * KERNEL_DIM, KERNEL_DIM, w->row->with, w->bytes + i * row);
    return true;
}

static bool pack_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    const size_t row = bitpack_bytes(KERNEL_DIM, w->row->with);
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->pack(w->wide + t * n, KERNEL_DIM, 0, w->row->with, w->bytes + t * row * (size_t)w->lanes->n, row);
    return true;
}

static bool unpack_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    const size_t row = bitpack_bytes(KERNEL_DIM, w->row->with);
    for (size_t i = 0; i < KERNEL_VALUES / KERNEL_DIM; i++)
        bitpack_get(w->bytes + i * row, KERNEL_DIM, w->row->with, w->codes + i * KERNEL_DIM);
    return true;
}

static bool unpack_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    const size_t row = bitpack_bytes(KERNEL_DIM, w->row->with);
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->unpack(w->bytes + t * row * (size_t)w->lanes->n, row, KERNEL_DIM, 0, w->row->with, w->wide + t * n);
    return true;
}

/* In index order, as turbo adds: what a sum costs where its order is fixed. */
static bool squares_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    for (size_t r = 0; r < KERNEL_VALUES / KERNEL_DIM; r++) {
        float sum = 0.0f;
        for (size_t i = 0; i < KERNEL_DIM; i++)
            sum += w->rows[r * KERNEL_DIM + i] * w->rows[r * KERNEL_DIM + i];
        w->out[r] = sum;
    }
    return true;
}

static bool squares_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->squares(w->rows + t * n, KERNEL_DIM, w->out + t * (size_t)w->lanes->n);
    return true;
}

static bool turn_tiles(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->gather(w->rows + t * n, KERNEL_DIM, KERNEL_DIM, KERNEL_DIM, w->out + t * n);
    return true;
}

/* Without lanes nothing is turned; a copy is the least that could be done. */
static bool turn_rows(void *arg, fault *f)
{
    kernel_work *w = arg;
    bench_copy copy = { w->out, w->rows, KERNEL_VALUES * sizeof *w->rows };
    return bench_copy_run(&copy, f);
}

static const char *const formats[KERNEL_FORMATS] = { "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl" };
const lanes_blocks kernel_portable_blocks[KERNEL_FORMATS] = {
    { block_q8_0_encode, block_q8_0_decode }, { block_q5_1_encode, block_q5_1_decode },
    { block_q5_0_encode, block_q5_0_decode }, { block_q4_1_encode, block_q4_1_decode },
    { block_q4_0_encode, block_q4_0_decode }, { block_iq4_nl_encode, block_iq4_nl_decode },
};

size_t kernel_format_of(const kernel_row *row)
{
    for (size_t i = 0; i < KERNEL_FORMATS; i++)
        if (strncmp(row->name, formats[i], strlen(formats[i])) == 0) return i;
    return 0;
}

static lanes_blocks blocks_of(const kernel_work *w)
{
    const lanes *l = w->lanes;
    const lanes_blocks own[KERNEL_FORMATS] = { l->q8_0, l->q5_1, l->q5_0, l->q4_1, l->q4_0, l->iq4_nl };
    return own[w->format].encode ? own[w->format] : kernel_portable_blocks[w->format];
}

static bool encode_portable(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    kernel_portable_blocks[w->format].encode(w->rows, KERNEL_VALUES, w->bytes);
    return true;
}

static bool encode_blocks(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    blocks_of(w).encode(w->rows, KERNEL_VALUES, w->bytes);
    return true;
}

static bool decode_portable(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    kernel_portable_blocks[w->format].decode(w->bytes, KERNEL_VALUES, w->out);
    return true;
}

static bool decode_blocks(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    blocks_of(w).decode(w->bytes, KERNEL_VALUES, w->out);
    return true;
}

/* Sixteen steps for each row, as plugins/lattice tries them. */
static bool steps_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    enum { STEPS = 16 };
    float per_step[STEPS];
    double along[STEPS], square[STEPS];
    for (int i = 0; i < STEPS; i++)
        per_step[i] = (1.0f + 0.05f * (float)i) * (float)w->row->with / 3.0f;
    for (size_t i = 0; i < KERNEL_VALUES; i += KERNEL_DIM) {
        lattice_steps(&w->points, w->rows + i, KERNEL_DIM, per_step, STEPS, along, square);
        w->out[i] = (float)(along[STEPS - 1] + square[0]);
    }
    return true;
}

static bool lines_rows(void *arg, fault *f)
{
    (void)f;
    kernel_work *w = arg;
    const size_t groups = KERNEL_VALUES / (size_t)w->lines.group;
    besi_nearest_all(&w->lines, w->rows, groups, w->codes, w->out);
    return true;
}

#define BLOCKS(name)                                                                                                   \
    { name " encode", BLOCK_Q, encode_portable, encode_blocks },                                                       \
    {                                                                                                                  \
        name " decode", BLOCK_Q, decode_portable, decode_blocks                                                        \
    }

/* clang-format off */
const kernel_row kernel_rows[] = {
    { "wht", 32, rotate_rows, NULL },   { "wht", 64, rotate_rows, NULL },  { "wht", 128, rotate_rows, NULL },
    { "wht", 256, rotate_rows, NULL },  { "wht", 96, rotate_rows, NULL },
    { "turn", KERNEL_DIM, turn_rows, turn_tiles },
    { "norm", KERNEL_DIM, squares_rows, squares_tiles },
    { "search", 4, codes_rows, codes_tiles }, { "search", 8, codes_rows, codes_tiles },
    { "search", 16, codes_rows, codes_tiles }, { "search", 32, codes_rows, codes_tiles },
    { "search", 64, codes_rows, codes_tiles }, { "search", 128, codes_rows, codes_tiles },
    { "search", 256, codes_rows, codes_tiles },
    { "lookup", 4, values_rows, values_tiles }, { "lookup", 8, values_rows, values_tiles },
    { "lookup", 16, values_rows, values_tiles }, { "lookup", 32, values_rows, values_tiles },
    { "lookup", 64, values_rows, values_tiles }, { "lookup", 128, values_rows, values_tiles },
    { "lookup", 256, values_rows, values_tiles },
    { "pack", 1, pack_rows, pack_tiles }, { "pack", 2, pack_rows, pack_tiles }, { "pack", 3, pack_rows, pack_tiles },
    { "pack", 4, pack_rows, pack_tiles }, { "pack", 5, pack_rows, pack_tiles }, { "pack", 6, pack_rows, pack_tiles },
    { "pack", 7, pack_rows, pack_tiles }, { "pack", 8, pack_rows, pack_tiles },
    { "unpack", 1, unpack_rows, unpack_tiles }, { "unpack", 2, unpack_rows, unpack_tiles },
    { "unpack", 3, unpack_rows, unpack_tiles }, { "unpack", 4, unpack_rows, unpack_tiles },
    { "unpack", 5, unpack_rows, unpack_tiles }, { "unpack", 6, unpack_rows, unpack_tiles },
    { "unpack", 7, unpack_rows, unpack_tiles }, { "unpack", 8, unpack_rows, unpack_tiles },
    { "16 steps of z", 4, steps_rows, NULL }, { "16 steps of d4", 4, steps_rows, NULL },
    { "16 steps of e8", 4, steps_rows, NULL },
    { "lines of pairs", 8, lines_rows, NULL }, { "lines of pairs", 256, lines_rows, NULL },
    { "lines of fours", 16, lines_rows, NULL },
    BLOCKS("q8_0"), BLOCKS("q5_1"), BLOCKS("q5_0"), BLOCKS("q4_1"), BLOCKS("q4_0"),
    BLOCKS("iq4_nl"),
};
/* clang-format on */
const size_t kernel_n_rows = sizeof kernel_rows / sizeof *kernel_rows;

/* ---- what comes out ---- */

static const struct {
    bool (*portable)(void *arg, fault *f);
    kernel_output output;
} outputs[] = {
    { codes_rows, { KERNEL_CODES, true, true } },        { values_rows, { KERNEL_OUT, true, true } },
    { pack_rows, { KERNEL_BYTES, true, false } },        { unpack_rows, { KERNEL_CODES, false, true } },
    { squares_rows, { KERNEL_OUT, true, false } },       { turn_rows, { KERNEL_OUT, false, true } },
    { rotate_rows, { KERNEL_IN_PLACE, false, false } },  { lines_rows, { KERNEL_CODES, false, false } },
    { encode_portable, { KERNEL_BYTES, false, false } },
};

kernel_output kernel_output_of(const kernel_row *row)
{
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        if (outputs[i].portable == row->portable) return outputs[i].output;
    return (kernel_output){ KERNEL_OUT, false, false };
}
