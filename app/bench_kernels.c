/* What the codecs of kernels/lanes.h are made of, one by one. */
#include "app/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_time.h"
#include "kernels/besicovitch.h"
#include "kernels/bitpack.h"
#include "kernels/block_q.h"
#include "kernels/cpu.h"
#include "kernels/lanes.h"
#include "kernels/lattice.h"
#include "kernels/quantizer.h"
#include "kernels/random.h"
#include "kernels/wht.h"

enum { DIM = 128, VALUES = 1 << 16, COPY = 0, PORTABLE, FAST, ENTRANTS };

typedef struct bench_row {
    const char *name;
    int with; /* dimension, levels or bits */
    bool (*portable)(void *arg, fault *f);
    bool (*fast)(void *arg, fault *f); /* of what lies in tiles; NULL: portable's function, which chooses by itself */
} bench_row;

typedef struct work {
    const bench_row *row;
    size_t format;
    const lanes *lanes; /* NULL: portable */
    wht rotation;
    quantizer table;
    lattice points;
    besi_lines lines;
    float *rows, *out;      /* VALUES each; the fast one's rows are tiles */
    uint8_t *codes, *bytes; /* VALUES, and room for q8_0 */
    uint32_t *wide;         /* codes in 32 bits */
} work;

/* A tile holds DIM values of each lane. */
static size_t tiles(const work *w, size_t *values)
{
    *values = (size_t)w->lanes->n * DIM;
    return VALUES / *values;
}

static bool rotate_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    wht_forward(&w->rotation, w->rows, VALUES / (size_t)w->rotation.n);
    return true;
}

static bool codes_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    for (size_t i = 0; i < VALUES; i += DIM)
        quantizer_codes(&w->table, w->rows + i, DIM, w->codes + i);
    return true;
}

static bool codes_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->codes(&w->table, w->rows + t * n, DIM, w->wide + t * n);
    return true;
}

static bool values_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    for (size_t i = 0; i < VALUES; i += DIM)
        quantizer_values(&w->table, w->codes + i, DIM, w->out + i);
    return true;
}

static bool values_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->values(&w->table, w->wide + t * n, DIM, w->out + t * n);
    return true;
}

static bool pack_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    const size_t row = bitpack_bytes(DIM, w->row->with);
    for (size_t i = 0; i < VALUES / DIM; i++)
        bitpack_put(w->codes + i * DIM, DIM, w->row->with, w->bytes + i * row);
    return true;
}

static bool pack_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    const size_t row = bitpack_bytes(DIM, w->row->with);
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->pack(w->wide + t * n, DIM, 0, w->row->with, w->bytes + t * row * (size_t)w->lanes->n, row);
    return true;
}

static bool unpack_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    const size_t row = bitpack_bytes(DIM, w->row->with);
    for (size_t i = 0; i < VALUES / DIM; i++)
        bitpack_get(w->bytes + i * row, DIM, w->row->with, w->codes + i * DIM);
    return true;
}

static bool unpack_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    const size_t row = bitpack_bytes(DIM, w->row->with);
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->unpack(w->bytes + t * row * (size_t)w->lanes->n, row, DIM, 0, w->row->with, w->wide + t * n);
    return true;
}

/* In index order, as turbo adds: what a sum costs where its order is fixed. */
static bool squares_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    for (size_t r = 0; r < VALUES / DIM; r++) {
        float sum = 0.0f;
        for (size_t i = 0; i < DIM; i++)
            sum += w->rows[r * DIM + i] * w->rows[r * DIM + i];
        w->out[r] = sum;
    }
    return true;
}

static bool squares_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->squares(w->rows + t * n, DIM, w->out + t * (size_t)w->lanes->n);
    return true;
}

static bool turn_tiles(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    size_t n;
    for (size_t t = tiles(w, &n); t-- > 0;)
        w->lanes->gather(w->rows + t * n, DIM, DIM, DIM, w->out + t * n);
    return true;
}

/* Without lanes nothing is turned; a copy is the least that could be done. */
static bool turn_rows(void *arg, fault *f)
{
    work *w = arg;
    bench_copy copy = { w->out, w->rows, VALUES * sizeof *w->rows };
    return bench_copy_run(&copy, f);
}

enum { FORMATS = 6 };
static const char *const formats[FORMATS] = { "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl" };
static const lanes_blocks portable_blocks[FORMATS] = {
    { block_q8_0_encode, block_q8_0_decode }, { block_q5_1_encode, block_q5_1_decode },
    { block_q5_0_encode, block_q5_0_decode }, { block_q4_1_encode, block_q4_1_decode },
    { block_q4_0_encode, block_q4_0_decode }, { block_iq4_nl_encode, block_iq4_nl_decode },
};

/* The format a row's name begins with; the first for rows without one, which do not use it. */
static size_t format_of(const bench_row *row)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strncmp(row->name, formats[i], strlen(formats[i])) == 0) return i;
    return 0;
}

static lanes_blocks blocks_of(const work *w)
{
    const lanes *l = w->lanes;
    const lanes_blocks own[FORMATS] = { l->q8_0, l->q5_1, l->q5_0, l->q4_1, l->q4_0, l->iq4_nl };
    return own[w->format].encode ? own[w->format] : portable_blocks[w->format];
}

static bool encode_portable(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    portable_blocks[w->format].encode(w->rows, VALUES, w->bytes);
    return true;
}

static bool encode_blocks(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    blocks_of(w).encode(w->rows, VALUES, w->bytes);
    return true;
}

static bool decode_portable(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    portable_blocks[w->format].decode(w->bytes, VALUES, w->out);
    return true;
}

static bool decode_blocks(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    blocks_of(w).decode(w->bytes, VALUES, w->out);
    return true;
}

/* Sixteen steps for each row, as plugins/lattice tries them. */
static bool steps_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    enum { STEPS = 16 };
    float per_step[STEPS];
    double along[STEPS], square[STEPS];
    for (int i = 0; i < STEPS; i++)
        per_step[i] = (1.0f + 0.05f * (float)i) * (float)w->row->with / 3.0f;
    for (size_t i = 0; i < VALUES; i += DIM) {
        lattice_steps(&w->points, w->rows + i, DIM, per_step, STEPS, along, square);
        w->out[i] = (float)(along[STEPS - 1] + square[0]);
    }
    return true;
}

static bool lines_rows(void *arg, fault *f)
{
    (void)f;
    work *w = arg;
    const size_t groups = VALUES / (size_t)w->lines.group;
    besi_nearest_all(&w->lines, w->rows, groups, w->codes, w->out);
    return true;
}

#define BLOCKS(name)                                                                                                   \
    { name " encode", BLOCK_Q, encode_portable, encode_blocks },                                                       \
    {                                                                                                                  \
        name " decode", BLOCK_Q, decode_portable, decode_blocks                                                        \
    }

/* clang-format off */
static const bench_row rows[] = {
    { "wht", 32, rotate_rows, NULL },   { "wht", 64, rotate_rows, NULL },  { "wht", 128, rotate_rows, NULL },
    { "wht", 256, rotate_rows, NULL },  { "wht", 96, rotate_rows, NULL },
    { "turn", DIM, turn_rows, turn_tiles },
    { "norm", DIM, squares_rows, squares_tiles },
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
enum { ROWS = sizeof rows / sizeof *rows };

size_t bench_kernels(void)
{
    return ROWS;
}

/* Levels over the range of the noise. */
static void set_table(quantizer *q, int n)
{
    float level[QUANTIZER_LEVELS], boundary[QUANTIZER_LEVELS];
    for (int i = 0; i < n; i++) {
        level[i] = 6.0f * ((float)i + 0.5f) / (float)n - 3.0f;
        boundary[i] = 6.0f * (float)(i + 1) / (float)n - 3.0f;
    }
    quantizer_init(q, level, boundary, n);
}

/* Each by the row's name; unused ones are prepared all the same. */
static bool open_points(work *w)
{
    const char *name = w->row->name;
    const lattice_kind kind = strstr(name, "e8") ? LATTICE_E8 : strstr(name, "d4") ? LATTICE_D4 : LATTICE_Z;
    const int group = strstr(name, "fours") ? 4 : 2;
    int bits = 1;
    while (strstr(name, "lines") && 1 << bits < w->row->with)
        bits++;
    const bool ok = lattice_init(&w->points, kind, 4, true) && besi_lines_init(&w->lines, group, bits);
    w->points.lanes = w->lines.lanes = w->lanes;
    return ok;
}

static bool open_work(work *w, const bench_row *row, int level, uint64_t seed, fault *f)
{
    const bool searches = strcmp(row->name, "search") == 0 || strcmp(row->name, "lookup") == 0;
    *w = (work){ .row = row, .format = format_of(row), .lanes = lanes_at(level) };
    w->rows = aligned_alloc(LANES_ALIGN, VALUES * sizeof *w->rows);
    w->out = aligned_alloc(LANES_ALIGN, VALUES * sizeof *w->out);
    w->wide = aligned_alloc(LANES_ALIGN, VALUES * sizeof *w->wide);
    w->codes = malloc(VALUES);
    w->bytes = calloc(VALUES, 2);
    if (!w->rows || !w->out || !w->wide || !w->codes || !w->bytes) return fault_memory(f, "rows");
    if (!open_points(w)) return fault_set(f, FAULT_INTERNAL, "bench: no points for %s", row->name);
    for (size_t i = 0; i < VALUES; i++) {
        w->rows[i] = (float)random_normal(seed, i);
        w->codes[i] = (uint8_t)((uint64_t)random_bits(seed, i) % (uint64_t)(searches ? row->with : 256));
        w->wide[i] = w->codes[i];
        w->out[i] = 0;
    }
    wht_init(&w->rotation, strcmp(row->name, "wht") == 0 ? row->with : DIM);
    w->rotation.lanes = w->lanes;
    set_table(&w->table, searches ? row->with : 16);
    portable_blocks[w->format].encode(w->rows, VALUES, w->bytes);
    return true;
}

static void close_work(work *w)
{
    free(w->rows);
    free(w->out);
    free(w->wide);
    free(w->codes);
    free(w->bytes);
}

bool bench_kernel_run(size_t i, int reps, uint64_t seed, bench_kernel *out, fault *f)
{
    const bench_row *row = &rows[i];
    const int level = cpu_level();
    work w[2] = { 0 };
    double *seconds = calloc((size_t)reps * ENTRANTS, sizeof *seconds);
    bool ok = (seconds || fault_memory(f, "samples")) && open_work(&w[0], row, 0, seed, f) &&
              open_work(&w[1], row, level, seed, f);
    const size_t bytes = VALUES * sizeof(float);
    bench_copy copy = { .from = w[0].rows, .to = w[1].out, .n = bytes };
    bench_entrant e[ENTRANTS] = {
        [COPY] = { .run = bench_copy_run, .arg = &copy },
        [PORTABLE] = { .run = row->portable, .arg = &w[0] },
        [FAST] = { .run = row->fast && w[1].lanes ? row->fast : row->portable, .arg = &w[1] },
    };
    for (int j = 0; j < ENTRANTS && seconds; j++)
        e[j].seconds = seconds + j * reps;
    ok = ok && bench_turns(e, ENTRANTS, reps, f) &&
         bench_ratio(&e[FAST], &e[COPY], reps, 100, seed, &out->of_copy, f) &&
         bench_ratio(&e[FAST], &e[PORTABLE], reps, 1, seed, &out->over_portable, f);
    if (ok) {
        snprintf(out->name, sizeof out->name, "%s %d", row->name, row->with);
        out->copy_gbs = 1e-9 * (double)bytes / bench_median(&e[COPY], reps);
        out->gbs = 1e-9 * (double)bytes / bench_median(&e[FAST], reps);
    }
    close_work(&w[0]);
    close_work(&w[1]);
    free(seconds);
    return ok;
}
