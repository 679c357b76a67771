/* What the codecs of kernels/lanes.h are made of: right, and how fast. */
#include "app/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_kernel_rows.h"
#include "app/bench_time.h"
#include "kernels/cpu.h"
#include "kernels/random.h"

enum { COPY = 0, PORTABLE, FAST, ENTRANTS };

size_t bench_kernels(void)
{
    return kernel_n_rows;
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
static bool open_points(kernel_work *w)
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

static bool open_work(kernel_work *w, const kernel_row *row, int level, uint64_t seed, fault *f)
{
    const bool searches = strcmp(row->name, "search") == 0 || strcmp(row->name, "lookup") == 0;
    *w = (kernel_work){ .row = row, .format = kernel_format_of(row), .lanes = lanes_at(level) };
    w->rows = aligned_alloc(LANES_ALIGN, KERNEL_VALUES * sizeof *w->rows);
    w->out = aligned_alloc(LANES_ALIGN, KERNEL_VALUES * sizeof *w->out);
    w->wide = aligned_alloc(LANES_ALIGN, KERNEL_VALUES * sizeof *w->wide);
    w->codes = malloc(KERNEL_VALUES);
    w->bytes = calloc(KERNEL_VALUES, 2);
    if (!w->rows || !w->out || !w->wide || !w->codes || !w->bytes) return fault_memory(f, "rows");
    if (!open_points(w)) return fault_set(f, FAULT_INTERNAL, "bench: no points for %s", row->name);
    for (size_t i = 0; i < KERNEL_VALUES; i++) {
        w->rows[i] = (float)random_normal(seed, i);
        w->codes[i] = (uint8_t)((uint64_t)random_bits(seed, i) % (uint64_t)(searches ? row->with : 256));
        w->wide[i] = w->codes[i];
        w->out[i] = 0;
    }
    wht_init(&w->rotation, strcmp(row->name, "wht") == 0 ? row->with : KERNEL_DIM);
    w->rotation.lanes = w->lanes;
    set_table(&w->table, searches ? row->with : 16);
    kernel_fill_bytes(w);
    return true;
}

static void close_work(kernel_work *w)
{
    free(w->rows);
    free(w->out);
    free(w->wide);
    free(w->codes);
    free(w->bytes);
}

/* ---- the same to the last bit ---- */

/* Values of 32 bits from rows to tiles, or back. */
static void turn_over(const kernel_work *w, const void *from, void *to, bool to_tiles)
{
    const size_t across = (size_t)w->lanes->n, size = sizeof(uint32_t);
    for (size_t i = 0; i < KERNEL_VALUES; i++) {
        const size_t row = i / KERNEL_DIM, tile = row / across * across * KERNEL_DIM;
        const size_t there = tile + i % KERNEL_DIM * across + row % across;
        memcpy((char *)to + size * (to_tiles ? there : i), (const char *)from + size * (to_tiles ? i : there), size);
    }
}

static bool lay_tiles(kernel_work *w, fault *f)
{
    if (!kernel_is_tiled(w) || !w->row->kernel->takes_tiles) return true;
    uint32_t *flat = malloc(KERNEL_VALUES * sizeof *flat);
    if (!flat) return fault_memory(f, "rows");
    memcpy(flat, w->rows, KERNEL_VALUES * sizeof *flat);
    turn_over(w, flat, w->rows, true);
    memcpy(flat, w->wide, KERNEL_VALUES * sizeof *flat);
    turn_over(w, flat, w->wide, true);
    free(flat);
    return true;
}

/* What came out, in the order of rows, into `to`: at most KERNEL_VALUES of 32 bits. Returns the bytes. */
static size_t take_output(const kernel_work *w, uint32_t *to)
{
    const kernel *k = w->row->kernel;
    const bool tiled = kernel_is_tiled(w);
    const void *const place[] = { [KERNEL_OUT] = w->out,
                                  [KERNEL_CODES] = tiled ? w->wide : (void *)w->codes,
                                  [KERNEL_BYTES] = w->bytes,
                                  [KERNEL_IN_PLACE] = w->rows };
    static const size_t bytes[] = { [KERNEL_OUT] = 4, [KERNEL_CODES] = 1, [KERNEL_BYTES] = 2, [KERNEL_IN_PLACE] = 4 };
    if (tiled && k->leaves_tiles)
        turn_over(w, place[k->place], to, false);
    else
        memcpy(to, place[k->place], KERNEL_VALUES * bytes[k->place]);
    for (size_t i = 0; tiled && k->place == KERNEL_CODES && i < KERNEL_VALUES; i++)
        ((uint8_t *)to)[i] = (uint8_t)to[i];
    return KERNEL_VALUES * bytes[k->place];
}

/* Each way once. */
static bool same(kernel_work w[2], const bench_entrant *e, bench_kernel *out, fault *f)
{
    uint32_t *results = calloc(KERNEL_VALUES, sizeof *results), *second = calloc(KERNEL_VALUES, sizeof *second);
    bool ok = (results && second) || fault_memory(f, "results");
    ok = ok && lay_tiles(&w[1], f) && e[PORTABLE].run(&w[0], f) && e[FAST].run(&w[1], f);
    const size_t n = ok ? take_output(&w[0], results) : 0;
    if (ok && (take_output(&w[1], second) != n || memcmp(results, second, n) != 0))
        ok = fault_set(f, FAULT_NO, "bench: %s %d: %s gives other results than the portable version", w[0].row->name,
                       w[0].row->with, cpu_level_name(cpu_level()));
    if (ok) {
        hash h;
        hash_start(&h);
        hash_bytes(&h, results, n);
        hash_finish(&h, out->result);
    }
    free(results);
    free(second);
    return ok;
}

bool bench_kernel_run(size_t i, int reps, uint64_t seed, bench_kernel *out, fault *f)
{
    const kernel_row *row = &kernel_rows[i];
    const int level = cpu_level();
    kernel_work w[2] = { 0 };
    double *seconds = calloc((size_t)reps * ENTRANTS, sizeof *seconds);
    bool ok = (seconds || fault_memory(f, "samples")) && open_work(&w[0], row, 0, seed, f) &&
              open_work(&w[1], row, level, seed, f);
    const size_t bytes = KERNEL_VALUES * sizeof(float);
    bench_copy copy = { .from = w[0].rows, .to = w[1].out, .n = bytes };
    bench_entrant e[ENTRANTS] = {
        [COPY] = { .run = bench_copy_run, .arg = &copy },
        [PORTABLE] = { .run = kernel_run, .arg = &w[0] },
        [FAST] = { .run = kernel_run, .arg = &w[1] },
    };
    for (int j = 0; j < ENTRANTS && seconds; j++)
        e[j].seconds = seconds + j * reps;
    ok = ok && same(w, e, out, f) && bench_turns(e, ENTRANTS, reps, f) &&
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
