#include "app/bench_against.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/against_engine.h"
#include "kernels/block_fp.h"
#include "kernels/block_q.h"
#include "kernels/wht.h"

#define GGML(name, values, bytes, rotated)                                                                             \
    {                                                                                                                  \
#name, { "quantize_row_" #name "_ref", "dequantize_row_" #name }, values, bytes, rotated                       \
    }
#define FORK(name, bytes)                                                                                              \
    {                                                                                                                  \
#name, { "quantize_row_" #name "_0_ref", "dequantize_row_" #name "_0" }, 128, bytes, true                      \
    }

static const against_format formats[] = {
    GGML(q8_0, BLOCK_Q, BLOCK_Q8_0_BYTES, false),
    GGML(q5_1, BLOCK_Q, BLOCK_Q5_1_BYTES, false),
    GGML(q5_0, BLOCK_Q, BLOCK_Q5_0_BYTES, false),
    GGML(q4_1, BLOCK_Q, BLOCK_Q4_1_BYTES, false),
    GGML(q4_0, BLOCK_Q, BLOCK_Q4_0_BYTES, false),
    GGML(iq4_nl, BLOCK_Q, BLOCK_IQ4_NL_BYTES, false),
    GGML(mxfp4, BLOCK_MXFP4, BLOCK_MXFP4_BYTES, false),
    FORK(turbo2, 34),
    FORK(turbo3, 50),
    FORK(turbo4, 68),
};
enum { FORMATS = sizeof formats / sizeof *formats };

struct against {
    void *library;
    char *path;
};

void *against_symbol(const against *a, const char *name)
{
    return dlsym(a->library, name);
}

static bool has_any(const against *a)
{
    for (size_t i = 0; i < FORMATS; i++)
        for (int s = 0; s < AGAINST_SYMBOLS; s++)
            if (against_symbol(a, formats[i].symbol[s])) return true;
    return false;
}

static bool is_of_use(const against *a, against_what what, const char *path, fault *f)
{
    if (what == AGAINST_ENGINE)
        return against_has_engine(a) || fault_set(f, FAULT_INPUT, "bench: --against %s: it has no llama_decode", path);
    return has_any(a) || fault_set(f, FAULT_INPUT,
                                   "bench: --against %s: no function of it is known here; looked for %s, %s and others",
                                   path, formats[0].symbol[0], formats[0].symbol[1]);
}

against *against_open(const char *path, against_what what, fault *f)
{
    against *a = calloc(1, sizeof *a);
    if (!a) {
        fault_memory(f, "a reference library");
        return NULL;
    }
    a->path = realpath(path, NULL); /* dlopen would look for a bare name elsewhere */
    if (!a->path)
        fault_set(f, FAULT_INPUT, "bench: --against %s: %s", path, strerror(errno));
    else if (!(a->library = dlopen(a->path, RTLD_NOW | RTLD_LOCAL)))
        fault_set(f, FAULT_INPUT, "bench: --against %s: %s", path, dlerror());
    else if (is_of_use(a, what, path, f))
        return a;
    against_close(a);
    return NULL;
}

void against_close(against *a)
{
    if (!a) return;
    if (a->library) dlclose(a->library);
    free(a->path);
    free(a);
}

const char *against_path(const against *a)
{
    return a->path;
}

counterpart against_find(const against *a, const char *codec)
{
    counterpart c = { 0 };
    for (size_t i = 0; i < FORMATS && !c.format; i++)
        if (strcmp(formats[i].codec, codec) == 0) c.format = &formats[i];
    if (!c.format) return c;
    /* POSIX lets an object pointer be a function; ISO C has no cast for it. */
    void *const found[AGAINST_SYMBOLS] = { against_symbol(a, c.format->symbol[0]),
                                           against_symbol(a, c.format->symbol[1]) };
    memcpy(&c.encode, &found[0], sizeof found[0]);
    memcpy(&c.decode, &found[1], sizeof found[1]);
    return c;
}

bool against_blame(const char *path, fault *f)
{
    return path && f->code == FAULT_INPUT && fault_prefix(f, "%s took part", path);
}

/* ---- at work ---- */

enum { UNTOUCHED = 0xa5 };

static size_t row_bytes(const against_run *run)
{
    return run->dim / run->with.format->values * run->with.format->bytes;
}

bool against_begin(against_run *run, counterpart with, size_t n_bytes, fault *f)
{
    run->with = with;
    if (!with.format || run->dim % with.format->values != 0) {
        run->with = (counterpart){ 0 };
        return true;
    }
    const size_t n = run->n_rows * row_bytes(run);
    if (n_bytes != n)
        return fault_set(f, FAULT_INPUT,
                         "bench: --against: %s writes %zu bytes for %zu rows of %zu, %s would write %zu",
                         with.format->codec, n_bytes, run->n_rows, run->dim, with.format->symbol[0], n);
    const size_t values = run->n_rows * run->dim * sizeof *run->back;
    run->n_bytes = n;
    run->bytes = reallocarray(NULL, 2, n);
    run->back = reallocarray(NULL, 2, values);
    if (!run->bytes || !run->back) return fault_memory(f, "rows");
    memset(run->bytes, UNTOUCHED, 2 * n);
    memset(run->back, UNTOUCHED, 2 * values);
    return true;
}

static bool is_untouched(const void *from, size_t n)
{
    const unsigned char *at = from;
    return n == 0 || (at[0] == UNTOUCHED && memcmp(at, at + 1, n - 1) == 0);
}

bool against_kept_room(const against_run *run, fault *f)
{
    const size_t values = run->n_rows * run->dim;
    if (!run->bytes) return true;
    const bool fits[AGAINST_SYMBOLS] = { is_untouched(run->bytes + run->n_bytes, run->n_bytes),
                                         is_untouched(run->back + values, values * sizeof *run->back) };
    for (int s = 0; s < AGAINST_SYMBOLS; s++)
        if (!fits[s])
            return fault_set(f, FAULT_INPUT, "bench: --against: %s writes more than %s of %zu rows of %zu need",
                             run->with.format->symbol[s], run->with.format->codec, run->n_rows, run->dim);
    return true;
}

bool against_encode(void *arg, fault *f)
{
    (void)f;
    against_run *run = arg;
    run->with.encode(run->rows, run->bytes, (int64_t)(run->n_rows * run->dim));
    return true;
}

bool against_decode(void *arg, fault *f)
{
    (void)f;
    against_run *run = arg;
    run->with.decode(run->ours, run->back, (int64_t)(run->n_rows * run->dim));
    return true;
}

void against_end(against_run *run)
{
    free(run->bytes);
    free(run->back);
}

size_t against_bytes_differ(const against_run *run)
{
    const size_t row = row_bytes(run);
    size_t n = 0;
    for (size_t r = 0; r < run->n_rows; r++)
        n += memcmp(run->bytes + r * row, run->ours + r * row, row) != 0;
    return n;
}

static bool values_differ(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(a[i] == b[i])) return true; /* what is no number is nothing's equal */
    return false;
}

size_t against_values_differ(against_run *run, const float *values)
{
    wht rotation;
    const against_format *format = run->with.format;
    if (format->rotated && wht_init(&rotation, (int)format->values))
        wht_inverse(&rotation, run->back, run->n_rows * run->dim / format->values);
    size_t n = 0;
    for (size_t r = 0; r < run->n_rows; r++)
        n += values_differ(run->back + r * run->dim, values + r * run->dim, run->dim);
    return n;
}
