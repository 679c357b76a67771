#include "app/instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/instance_own.h"
#include "kernels/finite.h"

/* A codec that wants more than this per value is not compressing but mistaken. */
enum { MOST_BYTES_PER_VALUE = 64, MOST_EXTRA = 64 << 20, LARGEST_BLOCK = 1 << 20 };

/* ---- messages ---- */

static bool prefix(const instance *x, const char *doing, fault *f)
{
    return fault_prefix(f, "%c=%.150s, layer %d, head %d, %s", x->shape.stream == KVANT_V ? 'v' : 'k', x->spec->text,
                        (int)x->shape.layer, (int)x->shape.head, doing);
}

bool instance_complain(const instance *x, const char *doing, fault *f, fault_code code, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fault_set(f, code, "%s", text);
    return prefix(x, doing, f);
}

static const struct {
    int code;
    fault_code means;
    const char *text; /* for a codec that gave no message */
} answers[] = {
    { KVANT_E_SHAPE, FAULT_INPUT, "it does not take this stream" },
    { KVANT_E_PARAM, FAULT_INPUT, "its parameters do not fit together" },
    { KVANT_E_NONFINITE, FAULT_INPUT, "a row is not finite" },
    { KVANT_E_RANGE, FAULT_INPUT, "a value is too large for its format" },
    { KVANT_E_SPACE, FAULT_INPUT, "the buffer it asked for is too small" },
    { KVANT_E_CORRUPT, FAULT_INPUT, "the bytes are corrupt" },
    { KVANT_E_MEMORY, FAULT_INTERNAL, "out of memory" },
    { KVANT_E_CANCELLED, FAULT_INTERRUPTED, "interrupted" },
    { KVANT_E_STATE, FAULT_INTERNAL, "called out of order" },
};

bool instance_refused(const instance *x, const char *doing, int64_t code, fault *f)
{
    char text[512];
    host_copy_message(x->host, text, sizeof text);
    const char *message = text;
    size_t name = strlen(x->codec->name);
    if (strncmp(message, x->codec->name, name) == 0 && strncmp(message + name, ": ", 2) == 0) message += name + 2;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (answers[i].code == code)
            return instance_complain(x, doing, f, answers[i].means, "%s", *message ? message : answers[i].text);
    return instance_complain(x, doing, f, FAULT_INPUT, "it returned %lld, which is no code of the codec ABI%s%s",
                             (long long)code, *message ? ": " : "", message);
}

/* ---- life ---- */

/* The flags of the codec and of those inside it. */
static uint32_t all_flags(const instance *x)
{
    uint32_t flags = 0;
    for (const spec *s = x->spec; s; s = s->inner)
        flags |= s->codec->flags;
    return flags;
}

static bool read_geometry(instance *x, fault *f)
{
    kvant_geometry *g = &x->geometry;
    *g = (kvant_geometry){ .size = sizeof *g, .abi = KVANT_ABI };
    if (x->codec->geometry) {
        int rc = x->codec->geometry(x->state, g);
        if (rc != KVANT_OK) return instance_refused(x, "geometry", rc, f);
    } else {
        g->block = 1;
    }
    if (all_flags(x) & KVANT_CALIBRATES) g->calibrates = 1;
    if (g->block < 1 || g->block > LARGEST_BLOCK || g->window > LARGEST_BLOCK)
        return instance_complain(x, "geometry", f, FAULT_INPUT,
                                 "a block of %u rows and a window of %u, expected 1 and 0 to %d", g->block, g->window,
                                 LARGEST_BLOCK);
    uint32_t heads = (uint32_t)x->shape.n_heads;
    if (g->pooled && (g->block % heads || g->window % heads))
        return instance_complain(x, "geometry", f, FAULT_INPUT,
                                 "a block of %u rows and a window of %u do not hold whole positions of %u heads",
                                 g->block, g->window, heads);
    return true;
}

static bool create(instance *x, fault *f)
{
    const catalog_codec *known = x->spec->codec;
    if (!catalog_takes_dim(known, x->shape.dim)) {
        char dims[CATALOG_DIMS];
        catalog_dims(known, dims);
        instance_complain(x, "create", f, FAULT_INPUT, "it does not take head dimension %d; it takes %s",
                          (int)x->shape.dim, dims);
        x->codec = NULL;
        return false;
    }
    int rc = x->codec->create(host_services(x->host), &x->shape, host_values(x->host), &x->state);
    if (rc == KVANT_OK) return read_geometry(x, f);
    instance_refused(x, "create", rc, f);
    x->codec = NULL; /* there is nothing to destroy */
    return false;
}

instance *instance_open(const registry *known, const spec *s, const kvant_shape *shape, const host_env *env, fault *f)
{
    instance *x = calloc(1, sizeof *x);
    if (!x) {
        fault_memory(f, "a codec");
        return NULL;
    }
    *x = (instance){ .known = known, .spec = s, .env = env, .shape = *shape };
    x->shape.size = sizeof x->shape;
    x->shape.abi = KVANT_ABI;
    x->host = host_create(known, s, env, f);
    if (x->host) x->codec = host_codec(x->host);
    if (x->host && create(x, f)) return x;
    instance_close(x, NULL);
    return NULL;
}

bool instance_close(instance *x, fault *f)
{
    if (!x) return true;
    bool ok = true;
    if (x->codec) {
        x->codec->destroy(x->state);
        size_t bytes, left = host_leaks(x->host, &bytes), bad = host_bad_releases(x->host);
        if (bad > 0)
            ok = instance_complain(x, "destroy", f, FAULT_INPUT, "it released %zu times what it did not have", bad);
        else if (left > 0)
            ok =
                instance_complain(x, "destroy", f, FAULT_INPUT, "it left %zu pieces of memory, %zu bytes", left, bytes);
    }
    host_destroy(x->host);
    guard_free(&x->bytes);
    guard_free(&x->rows);
    free(x);
    return ok;
}

void instance_drop_buffers(instance *x)
{
    guard_free(&x->bytes);
    guard_free(&x->rows);
}

const spec *instance_spec(const instance *x)
{
    return x->spec;
}

size_t instance_block(const instance *x)
{
    return x->geometry.block;
}

size_t instance_window(const instance *x)
{
    return x->geometry.window;
}

bool instance_pooled(const instance *x)
{
    return x->geometry.pooled != 0;
}

double instance_helped(const instance *x)
{
    return host_helped(x->host);
}

bool instance_calibrates(const instance *x)
{
    return x->geometry.calibrates != 0;
}

/* ---- work ---- */

bool instance_calibrate(instance *x, const kvant_samples *samples, fault *f)
{
    if (!instance_calibrates(x)) return true;
    if (!x->codec->calibrate)
        return instance_complain(x, "calibrate", f, FAULT_INPUT,
                                 "its inner codec calibrates, but it does not hand samples on");
    host_forget(x->host);
    kvant_samples s = *samples;
    s.size = sizeof s;
    s.abi = KVANT_ABI;
    int rc = x->codec->calibrate(x->state, &s);
    return rc == KVANT_OK || instance_refused(x, "calibrate", rc, f);
}

bool instance_whole_blocks(const instance *x, const char *doing, size_t first, size_t n_rows, fault *f)
{
    if (n_rows % x->geometry.block == 0 && first % x->geometry.block == 0) return true;
    return instance_complain(x, doing, f, FAULT_INTERNAL, "%zu rows from position %zu are not whole blocks of %u",
                             n_rows, first, x->geometry.block);
}

static bool find_bound(instance *x, size_t first, size_t n_rows, size_t *bound, fault *f)
{
    *bound = x->codec->bound(x->state, first, n_rows);
    size_t most;
    if (__builtin_mul_overflow(n_rows, (size_t)x->shape.dim * MOST_BYTES_PER_VALUE, &most) ||
        __builtin_add_overflow(most, MOST_EXTRA, &most))
        return instance_complain(x, "bound", f, FAULT_INTERNAL, "%zu rows are too many", n_rows);
    if (*bound <= most) return true;
    return instance_complain(x, "bound", f, FAULT_INPUT, "it asks for %zu bytes for %zu rows of %d", *bound, n_rows,
                             (int)x->shape.dim);
}

bool instance_encode(instance *x, size_t first, const float *rows, size_t n_rows, const uint8_t **bytes,
                     size_t *n_bytes, fault *f)
{
    size_t capacity;
    host_forget(x->host);
    if (!instance_whole_blocks(x, "encode", first, n_rows, f) || !find_bound(x, first, n_rows, &capacity, f))
        return false;
    uint8_t *out = guard_prepare(&x->bytes, capacity, 0xa5, f);
    if (!out) return prefix(x, "encode", f);
    int64_t n = x->codec->encode(x->state, first, rows, n_rows, out, capacity);
    if (!guard_holds(&x->bytes, capacity))
        return instance_complain(x, "encode", f, FAULT_INPUT, "it wrote past its buffer of %zu bytes", capacity);
    if (n < 0) return instance_refused(x, "encode", n, f);
    if ((uint64_t)n > capacity)
        return instance_complain(x, "encode", f, FAULT_INPUT, "it says it wrote %lld bytes into a buffer of %zu",
                                 (long long)n, capacity);
    *bytes = out;
    *n_bytes = (size_t)n;
    return true;
}

bool instance_decode(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                     fault *f)
{
    size_t dim = (size_t)x->shape.dim, values, size;
    host_forget(x->host);
    if (!instance_whole_blocks(x, "decode", first, n_rows, f)) return false;
    if (__builtin_mul_overflow(n_rows, dim, &values) || __builtin_mul_overflow(values, sizeof(float), &size))
        return instance_complain(x, "decode", f, FAULT_INTERNAL, "%zu rows are too many", n_rows);
    /* Every float with all bits set is NaN: a value that decode forgets does not pass. */
    void *room = guard_prepare(&x->rows, size, 0xff, f);
    if (!room) return prefix(x, "decode", f);
    float *out = room;
    int rc = x->codec->decode(x->state, first, bytes, n_bytes, out, n_rows);
    if (!guard_holds(&x->rows, size))
        return instance_complain(x, "decode", f, FAULT_INPUT, "it wrote past its buffer of %zu rows", n_rows);
    if (rc != KVANT_OK) return instance_refused(x, "decode", rc, f);
    size_t bad = finite_scan(out, values);
    if (bad < values)
        return instance_complain(x, "decode", f, FAULT_INPUT, "row %zu, column %zu comes back as %g", first + bad / dim,
                                 bad % dim, (double)out[bad]);
    if (size > 0) memcpy(rows, out, size);
    return true;
}

bool instance_decode_into(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                          fault *f)
{
    const size_t dim = (size_t)x->shape.dim, values = n_rows * dim;
    host_forget(x->host);
    if (!instance_whole_blocks(x, "decode", first, n_rows, f)) return false;
    int rc = x->codec->decode(x->state, first, bytes, n_bytes, rows, n_rows);
    if (rc != KVANT_OK) return instance_refused(x, "decode", rc, f);
    size_t bad = finite_scan(rows, values);
    if (bad == values) return true;
    return instance_complain(x, "decode", f, FAULT_INPUT, "row %zu, column %zu comes back as %g", first + bad / dim,
                             bad % dim, (double)rows[bad]);
}

bool instance_split(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *split,
                    fault *f)
{
    *split = (kvant_split){ .size = sizeof *split, .abi = KVANT_ABI };
    if (!x->codec->split) {
        split->payload = n_bytes;
        return true;
    }
    host_forget(x->host);
    int rc = x->codec->split(x->state, first, bytes, n_bytes, n_rows, split);
    if (rc != KVANT_OK) return instance_refused(x, "split", rc, f);
    uint64_t sum;
    if (!__builtin_add_overflow(split->payload, split->metadata, &sum) &&
        !__builtin_add_overflow(sum, split->exact, &sum) && sum == n_bytes)
        return true;
    return instance_complain(x, "split", f, FAULT_INPUT,
                             "%llu bytes of payload, %llu of metadata and %llu exact do not add up to %zu",
                             (unsigned long long)split->payload, (unsigned long long)split->metadata,
                             (unsigned long long)split->exact, n_bytes);
}

bool instance_save(const instance *x, uint8_t **bytes, size_t *n_bytes, fault *f)
{
    *bytes = NULL;
    *n_bytes = 0;
    if (!x->codec->save) return true;
    host_forget(x->host);
    int64_t n = x->codec->save(x->state, NULL, 0);
    if (n < 0) return instance_refused(x, "save", n, f);
    if (n == 0) return true;
    guard side = { 0 };
    uint8_t *room = guard_prepare(&side, (size_t)n, 0xa5, f), *copy = room ? malloc((size_t)n) : NULL;
    bool ok = copy != NULL;
    if (!ok) {
        fault_memory(f, "side data");
        prefix(x, "save", f);
    }
    int64_t written = ok ? x->codec->save(x->state, room, (size_t)n) : 0;
    if (ok && !guard_holds(&side, (size_t)n))
        ok = instance_complain(x, "save", f, FAULT_INPUT, "it wrote past its buffer of %lld bytes", (long long)n);
    if (ok && written < 0) ok = instance_refused(x, "save", written, f);
    if (ok && written != n)
        ok = instance_complain(x, "save", f, FAULT_INPUT, "it announced %lld bytes and wrote %lld", (long long)n,
                               (long long)written);
    if (ok) {
        memcpy(copy, room, (size_t)n);
        *bytes = copy;
        *n_bytes = (size_t)n;
    } else {
        free(copy);
    }
    guard_free(&side);
    return ok;
}

bool instance_load(instance *x, const uint8_t *bytes, size_t n_bytes, fault *f)
{
    if (!x->codec->load)
        return instance_complain(x, "load", f, FAULT_INTERNAL, "it has no side data, but %zu bytes came", n_bytes);
    host_forget(x->host);
    int rc = x->codec->load(x->state, bytes, n_bytes);
    return rc == KVANT_OK || instance_refused(x, "load", rc, f);
}
