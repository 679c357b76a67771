#include "app/bench_kernel_rows.h"

#include <string.h>

#include "app/bench_time.h"
#include "kernels/bitpack.h"
#include "kernels/block_fp.h"
#include "kernels/block_q.h"

bool kernel_is_tiled(const kernel_work *w)
{
    return w->row->kernel->tile && w->lanes;
}

bool kernel_run(void *work, fault *f)
{
    (void)f;
    kernel_work *w = work;
    const kernel *k = w->row->kernel;
    const bool tiled = kernel_is_tiled(w);
    const size_t step = tiled ? (size_t)w->lanes->n * KERNEL_DIM : k->whole ? KERNEL_VALUES : KERNEL_DIM;
    void (*const run)(kernel_work *, size_t) = tiled ? k->tile : k->rows;
    for (size_t at = 0; at < KERNEL_VALUES; at += step)
        run(w, at);
    return true;
}

/* ---- rotation, norm ---- */

static void rotate_all(kernel_work *w, size_t at)
{
    wht_forward(&w->rotation, w->rows + at, KERNEL_VALUES / (size_t)w->rotation.n);
}

static const kernel rotate = { rotate_all, true, NULL, KERNEL_IN_PLACE, false, false };

static void turn_tile(kernel_work *w, size_t at)
{
    w->lanes->gather(w->rows + at, KERNEL_DIM, KERNEL_DIM, KERNEL_DIM, w->out + at);
}

/* Without lanes nothing is turned; a copy is the least that could be done. */
static void turn_all(kernel_work *w, size_t at)
{
    bench_copy_run(&(bench_copy){ w->out + at, w->rows + at, KERNEL_VALUES * sizeof *w->rows }, NULL);
}

static const kernel turn = { turn_all, true, turn_tile, KERNEL_OUT, false, true };

/* In index order, as turbo adds: what a sum costs where its order is fixed. */
static void squares_row(kernel_work *w, size_t at)
{
    float sum = 0.0f;
    for (size_t i = at; i < at + KERNEL_DIM; i++)
        sum += w->rows[i] * w->rows[i];
    w->out[at / KERNEL_DIM] = sum;
}

static void squares_tile(kernel_work *w, size_t at)
{
    w->lanes->squares(w->rows + at, KERNEL_DIM, w->out + at / KERNEL_DIM);
}

static const kernel squares = { squares_row, false, squares_tile, KERNEL_OUT, true, false };

/* ---- codes: from values, to values, to bits and from bits ---- */

static void search_row(kernel_work *w, size_t at)
{
    quantizer_codes(&w->table, w->rows + at, KERNEL_DIM, w->codes + at);
}

static void search_tile(kernel_work *w, size_t at)
{
    w->lanes->codes(&w->table, w->rows + at, KERNEL_DIM, w->wide + at);
}

static const kernel search = { search_row, false, search_tile, KERNEL_CODES, true, true };

static void lookup_row(kernel_work *w, size_t at)
{
    quantizer_values(&w->table, w->codes + at, KERNEL_DIM, w->out + at);
}

static void lookup_tile(kernel_work *w, size_t at)
{
    w->lanes->values(&w->table, w->wide + at, KERNEL_DIM, w->out + at);
}

static const kernel lookup = { lookup_row, false, lookup_tile, KERNEL_OUT, true, true };

static size_t packed_row(const kernel_work *w)
{
    return bitpack_bytes(KERNEL_DIM, w->row->with);
}

static uint8_t *packed_at(const kernel_work *w, size_t at)
{
    return w->bytes + at / KERNEL_DIM * packed_row(w);
}

static void pack_row(kernel_work *w, size_t at)
{
    bitpack_put(w->codes + at, KERNEL_DIM, w->row->with, packed_at(w, at));
}

static void pack_tile(kernel_work *w, size_t at)
{
    w->lanes->pack(w->wide + at, KERNEL_DIM, 0, w->row->with, packed_at(w, at), packed_row(w));
}

static const kernel pack = { pack_row, false, pack_tile, KERNEL_BYTES, true, false };

static void unpack_row(kernel_work *w, size_t at)
{
    bitpack_get(packed_at(w, at), KERNEL_DIM, w->row->with, w->codes + at);
}

static void unpack_tile(kernel_work *w, size_t at)
{
    w->lanes->unpack(packed_at(w, at), packed_row(w), KERNEL_DIM, 0, w->row->with, w->wide + at);
}

static const kernel unpack = { unpack_row, false, unpack_tile, KERNEL_CODES, false, true };

/* ---- blocks ---- */

#define PORTABLE(name) block_##name##_encode, block_##name##_decode
static const char *const formats[KERNEL_FORMATS] = { "q8_0", "q5_1", "q5_0", "q4_1",  "q4_0", "iq4_nl",
                                                     "bf16", "e4m3", "e5m2", "mxfp4", "nvfp4" };
static const lanes_blocks portable_blocks[KERNEL_FORMATS] = {
    { PORTABLE(q8_0) }, { PORTABLE(q5_1) },   { PORTABLE(q5_0) },  { PORTABLE(q4_1) },
    { PORTABLE(q4_0) }, { PORTABLE(iq4_nl) }, { PORTABLE(bf16) },  { PORTABLE(e4m3) },
    { PORTABLE(e5m2) }, { PORTABLE(mxfp4) },  { PORTABLE(nvfp4) },
};

size_t kernel_format_of(const kernel_row *row)
{
    for (size_t i = 0; i < KERNEL_FORMATS; i++)
        if (strncmp(row->name, formats[i], strlen(formats[i])) == 0) return i;
    return 0;
}

static lanes_blocks blocks_of(const kernel_work *w)
{
    const lanes none = { 0 }, *l = w->lanes ? w->lanes : &none;
    const lanes_blocks own[KERNEL_FORMATS] = { l->q8_0, l->q5_1, l->q5_0, l->q4_1,  l->q4_0, l->iq4_nl,
                                               l->bf16, l->e4m3, l->e5m2, l->mxfp4, l->nvfp4 };
    return own[w->format].encode ? own[w->format] : portable_blocks[w->format];
}

void kernel_fill_bytes(kernel_work *w)
{
    portable_blocks[w->format].encode(w->rows, KERNEL_VALUES, w->bytes);
}

static void encode_all(kernel_work *w, size_t at)
{
    blocks_of(w).encode(w->rows + at, KERNEL_VALUES, w->bytes);
}

static const kernel encode = { encode_all, true, NULL, KERNEL_BYTES, false, false };

static void decode_all(kernel_work *w, size_t at)
{
    blocks_of(w).decode(w->bytes, KERNEL_VALUES, w->out + at);
}

static const kernel decode = { decode_all, true, NULL, KERNEL_OUT, false, false };

/* ---- points of lattices, and on lines ---- */

/* Sixteen steps for each row, as plugins/lattice tries them. */
static void steps_row(kernel_work *w, size_t at)
{
    enum { STEPS = 16 };
    float per_step[STEPS];
    double along[STEPS], square[STEPS];
    for (int i = 0; i < STEPS; i++)
        per_step[i] = (1.0f + 0.05f * (float)i) * (float)w->row->with / 3.0f;
    lattice_steps(&w->points, w->rows + at, KERNEL_DIM, per_step, STEPS, along, square);
    w->out[at] = (float)(along[STEPS - 1] + square[0]);
}

static const kernel steps = { steps_row, false, NULL, KERNEL_OUT, false, false };

static void lines_all(kernel_work *w, size_t at)
{
    const size_t groups = KERNEL_VALUES / (size_t)w->lines.group;
    besi_nearest_all(&w->lines, w->rows + at, groups, w->codes, w->out);
}

static const kernel lines = { lines_all, true, NULL, KERNEL_CODES, false, false };

/* clang-format off */
#define BLOCKS(name, values) { name " encode", values, &encode }, { name " decode", values, &decode }

const kernel_row kernel_rows[] = {
    { "wht", 32, &rotate }, { "wht", 64, &rotate }, { "wht", 128, &rotate }, { "wht", 256, &rotate },
    { "wht", 96, &rotate },
    { "turn", KERNEL_DIM, &turn },
    { "norm", KERNEL_DIM, &squares },
    { "search", 4, &search }, { "search", 8, &search }, { "search", 16, &search }, { "search", 32, &search },
    { "search", 64, &search }, { "search", 128, &search }, { "search", 256, &search },
    { "lookup", 4, &lookup }, { "lookup", 8, &lookup }, { "lookup", 16, &lookup }, { "lookup", 32, &lookup },
    { "lookup", 64, &lookup }, { "lookup", 128, &lookup }, { "lookup", 256, &lookup },
    { "pack", 1, &pack }, { "pack", 2, &pack }, { "pack", 3, &pack }, { "pack", 4, &pack },
    { "pack", 5, &pack }, { "pack", 6, &pack }, { "pack", 7, &pack }, { "pack", 8, &pack },
    { "unpack", 1, &unpack }, { "unpack", 2, &unpack }, { "unpack", 3, &unpack }, { "unpack", 4, &unpack },
    { "unpack", 5, &unpack }, { "unpack", 6, &unpack }, { "unpack", 7, &unpack }, { "unpack", 8, &unpack },
    { "16 steps of z", 4, &steps }, { "16 steps of d4", 4, &steps }, { "16 steps of e8", 4, &steps },
    { "lines of pairs", 8, &lines }, { "lines of pairs", 256, &lines }, { "lines of fours", 16, &lines },
    BLOCKS("q8_0", BLOCK_Q), BLOCKS("q5_1", BLOCK_Q), BLOCKS("q5_0", BLOCK_Q), BLOCKS("q4_1", BLOCK_Q),
    BLOCKS("q4_0", BLOCK_Q), BLOCKS("iq4_nl", BLOCK_Q), BLOCKS("bf16", 1), BLOCKS("e4m3", 1), BLOCKS("e5m2", 1),
    BLOCKS("mxfp4", BLOCK_MXFP4), BLOCKS("nvfp4", BLOCK_NVFP4),
};
/* clang-format on */
const size_t kernel_n_rows = sizeof kernel_rows / sizeof *kernel_rows;
