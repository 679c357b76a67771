/* bench.h - how fast a codec is, beside a copy of the same memory and beside its portable version.
 *
 * Codecs are called through the plugin interface, on one thread, with rows of Gaussian noise. In each repetition all
 * that is compared takes its turn: the copy (memcpy of the f32 rows), the portable version (kernels/cpu.h), the fastest
 * one. Times are processor time of the thread, so that what else runs on the machine counts less; figures are medians
 * over the repetitions, ratios have 95 % intervals (app/bootstrap.h), and GB/s are of the f32 side.
 *
 * Both versions must write the same bytes and give back the same values, to the last bit, else there is no result.
 * Runs codecs: for a child process. It sets KVANT_SIMD while it opens them. [one thread]
 */
#ifndef KVANT_APP_BENCH_H
#define KVANT_APP_BENCH_H

#include "app/bench_against.h"
#include "app/host.h"
#include "app/metrics.h"
#include "app/terminal.h"
#include "base/hash.h"

enum { BENCH_ENCODE, BENCH_DECODE, BENCH_WAYS };

typedef struct bench_request {
    const registry *known;
    const against *against; /* a reference library, or NULL */
    const spec *codec;
    int dim;
    size_t rows; /* taken up to whole blocks */
    int reps;    /* at least 5 */
    uint64_t seed;
} bench_request;

typedef struct bench_way {
    double gbs;
    interval of_copy;       /* percent of the copy's speed */
    interval over_portable; /* times the portable version's speed */
    double alone_ns;        /* one block by itself (mostly one row): the codec alone, … */
    double hosted_ns;       /* … and through app/instance.h, with its checks */
    bool has_reference;     /* the reference library does the same */
    double reference_gbs;
    interval over_reference;
    size_t differ; /* rows of which it writes other bytes, or reads other values */
} bench_way;

typedef struct bench_result {
    const char *codec;
    int dim;
    size_t rows, block;
    double copy_gbs;
    double bits;  /* per value */
    double error; /* |x - x̂|²/|x|² */
    char bytes_hash[HASH_HEX];
    bench_way way[BENCH_WAYS];
} bench_result;

/* False with a fault that says which codec, also when its versions differ. */
bool bench_codec(const bench_request *r, bench_result *out, fault *f);

/* One kernel, on rows that lie in the second-level cache. Times as above; FAULT_NO when its versions differ. */
typedef struct bench_kernel {
    char name[32];
    double copy_gbs, gbs;
    interval of_copy, over_portable;
    char result[HASH_HEX];
} bench_kernel;

/* How many there are, and the i-th. */
size_t bench_kernels(void);
bool bench_kernel_run(size_t i, int reps, uint64_t seed, bench_kernel *out, fault *f);

/* ---- shown ---- */

typedef struct bench_report {
    const bench_result *codecs;
    size_t n_codecs;
    const bench_kernel *kernels;
    size_t n_kernels;
    int reps;
    const against *against; /* or NULL */
} bench_report;

bool bench_print(const bench_report *r, const terminal *to, fault *f);
bool bench_print_json(const bench_report *r, fault *f);

#endif
