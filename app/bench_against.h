/* bench_against.h - functions of a reference library, to be timed beside kvant's codecs: ggml's, by their names.
 *
 *     quantize_row_NAME_ref(const float *x, void *blocks, int64_t n)        n values, whole blocks
 *     dequantize_row_NAME(const void *blocks, float *x, int64_t n)
 *
 *     against *a = against_open(path, AGAINST_CODECS, &f);
 *     counterpart c = against_find(a, "q8_0");
 *
 * NAME is q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl, mxfp4; turbo2_0, turbo3_0, turbo4_0 of llama-cpp-turboquant, whose
 * values stay rotated. Loading a library runs its constructors, and nothing says that a function of this name is what
 * it should be: for a child process.
 */
#ifndef KVANT_APP_BENCH_AGAINST_H
#define KVANT_APP_BENCH_AGAINST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum { AGAINST_SYMBOLS = 2 }; /* to encode, to decode */

typedef struct against_format {
    const char *codec, *symbol[AGAINST_SYMBOLS];
    size_t values, bytes; /* of a block */
    bool rotated;         /* what it decodes is still turned by kernels/wht.h, in blocks */
} against_format;

/* What stands in for a codec; functions are NULL where the library does not have them. */
typedef struct counterpart {
    const against_format *format; /* NULL: there is none for this codec */
    void (*encode)(const float *values, void *blocks, int64_t n);
    void (*decode)(const void *blocks, float *values, int64_t n);
} counterpart;

typedef struct against against;

/* What is wanted of a library. */
typedef enum against_what {
    AGAINST_CODECS,
    AGAINST_ENGINE, /* app/against_engine.h */
} against_what;

/* NULL with a fault: no such file, no library, or one that has none of the functions above. */
against *against_open(const char *path, against_what what, fault *f);
void against_close(against *a);
const char *against_path(const against *a);
void *against_symbol(const against *a, const char *name); /* or NULL */

/* So that nobody looks in kvant for a library's mistake: says that `path` (or NULL: none) took part in a child's end
 * without a word. Returns false. */
bool against_blame(const char *path, fault *f);

counterpart against_find(const against *a, const char *codec);

/* A counterpart at work on the rows that a codec was given, and on the bytes that it wrote for them. */
typedef struct against_run {
    counterpart with;
    const float *rows;
    const uint8_t *ours;
    size_t n_rows, dim;
    uint8_t *bytes; /* its own, twice the room of n_bytes */
    float *back;    /* twice the room of the rows */
    size_t n_bytes;
} against_run;

/* Room for the results, and as much behind it. Without a counterpart, or where rows are not whole blocks of it,
 * run->with is left without functions. A fault where n_bytes, those of `ours`, are not as many as the counterpart
 * writes. */
bool against_begin(against_run *run, counterpart with, size_t n_bytes, fault *f);
bool against_encode(void *run, fault *f);
bool against_decode(void *run, fault *f); /* of `ours` */
void against_end(against_run *run);

/* After both: rows whose bytes are not `ours`, rows whose values are not `values`, in the last place of a number too;
 * zeros of either sign are equal. Turns what is rotated back. */
size_t against_bytes_differ(const against_run *run);
size_t against_values_differ(against_run *run, const float *values);

/* Whether it has written past the end of what it was given: a format of this name that is another one. */
bool against_kept_room(const against_run *run, fault *f);

#endif
