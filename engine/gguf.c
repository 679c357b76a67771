#include "engine/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/gguf_file.h"

uint32_t gguf_load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint64_t gguf_load_u64(const uint8_t *bytes)
{
    return gguf_load_u32(bytes) | (uint64_t)gguf_load_u32(bytes + 4) << 32;
}

const char *gguf_shown(gguf_string s, char text[GGUF_SHOWN])
{
    const size_t room = GGUF_SHOWN - 4, n = s.n < room ? s.n : room;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(s.bytes[i] >= ' ' && s.bytes[i] <= '~' ? s.bytes[i] : '?');
    strcpy(text + n, s.n > room ? "..." : "");
    return text;
}

static bool map_file(gguf *g, int file, fault *f)
{
    struct stat about;
    if (fstat(file, &about) != 0) return fault_set(f, FAULT_INPUT, "%s: %s", g->path, strerror(errno));
    if (S_ISDIR(about.st_mode)) return fault_set(f, FAULT_INPUT, "%s: is a directory, not a GGUF file", g->path);
    if (!S_ISREG(about.st_mode))
        return fault_set(f, FAULT_INPUT, "%s: is a pipe or device; a GGUF file is mapped and must be a regular file",
                         g->path);
    if (about.st_size == 0) return fault_set(f, FAULT_INPUT, "%s: the file is empty", g->path);
    void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) return fault_set(f, FAULT_INPUT, "%s: cannot be mapped: %s", g->path, strerror(errno));
    g->map = map;
    g->n_bytes = (size_t)about.st_size;
    return true;
}

gguf *gguf_open(const char *path, fault *f)
{
    gguf *g = calloc(1, sizeof *g);
    if (g) g->path = strdup(path);
    if (!g || !g->path) {
        fault_memory(f, "a GGUF file");
        gguf_close(g);
        return NULL;
    }
    const int file =
        open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* non-blocking: a FIFO without writer must not hang */
    bool ok = file >= 0 || fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    ok = ok && map_file(g, file, f);
    if (file >= 0) close(file);
    if (ok && gguf_parse(g, f)) return g;
    gguf_close(g);
    return NULL;
}

void gguf_close(gguf *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->n_values; i++)
        free(g->values[i].strings);
    free(g->values);
    free(g->value_names);
    free(g->tensors);
    free(g->tensor_names);
    if (g->map) munmap((void *)g->map, g->n_bytes);
    free(g->path);
    free(g);
}

void gguf_forget(const gguf *g, const uint8_t *data, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), from = (size_t)(data - g->map), to = from + n;
    const size_t first = (from + page - 1) / page * page, end = to == g->n_bytes ? to : to / page * page;
    if (first < end) (void)madvise((uint8_t *)g->map + first, end - first, MADV_DONTNEED);
}

const char *gguf_path(const gguf *g)
{
    return g->path;
}

int gguf_version(const gguf *g)
{
    return (int)g->version;
}

size_t gguf_file_bytes(const gguf *g)
{
    return g->n_bytes;
}

size_t gguf_n_keys(const gguf *g)
{
    return g->n_values;
}

gguf_string gguf_key_name(const gguf *g, size_t i)
{
    return g->values[i].name;
}

gguf_kind gguf_key_kind(const gguf *g, size_t i)
{
    return g->values[i].kind;
}

static const gguf_value *find(const gguf *g, const char *key)
{
    const gguf_name *entry = gguf_find_name(g->value_names, g->n_values, (gguf_string){ key, strlen(key) });
    return entry ? &g->values[entry->at] : NULL;
}

/* The value of a key that must be there. */
static const gguf_value *need(const gguf *g, const char *key, fault *f)
{
    const gguf_value *v = find(g, key);
    if (!v) fault_set(f, FAULT_INPUT, "%s: key %s is missing", g->path, key);
    return v;
}

static bool wrong_kind(const gguf *g, const char *key, const gguf_value *v, const char *expected, fault *f)
{
    return fault_set(f, FAULT_INPUT, "%s: key %s is %s, expected %s", g->path, key, gguf_kinds[v->kind].name, expected);
}

bool gguf_has(const gguf *g, const char *key)
{
    return find(g, key) != NULL;
}

/* Element i of a value whose numbers have this kind, as a signed integer; false for other kinds and above 2^63 - 1. */
static bool integer_at(const gguf_value *v, gguf_kind kind, size_t i, int64_t *value)
{
    if (!v->bytes) return false;
    const uint8_t *at = v->bytes + i * gguf_kinds[kind].bytes;
    switch (kind) {
    case GGUF_U8: *value = at[0]; return true;
    case GGUF_I8: *value = (int8_t)at[0]; return true;
    case GGUF_U16: *value = (uint16_t)(at[0] | at[1] << 8); return true;
    case GGUF_I16: *value = (int16_t)(at[0] | at[1] << 8); return true;
    case GGUF_U32: *value = gguf_load_u32(at); return true;
    case GGUF_I32: *value = (int32_t)gguf_load_u32(at); return true;
    case GGUF_U64:
    case GGUF_I64: *value = (int64_t)gguf_load_u64(at); return kind == GGUF_I64 || *value >= 0;
    default: return false;
    }
}

static bool real_at(const gguf_value *v, gguf_kind kind, size_t i, double *value)
{
    if (!v->bytes) return false;
    const uint8_t *at = v->bytes + i * gguf_kinds[kind].bytes;
    if (kind == GGUF_F32) {
        const uint32_t bits = gguf_load_u32(at);
        float single;
        memcpy(&single, &bits, sizeof single);
        *value = single;
        return true;
    }
    if (kind != GGUF_F64) return false;
    const uint64_t bits = gguf_load_u64(at);
    memcpy(value, &bits, sizeof *value);
    return true;
}

bool gguf_u32(const gguf *g, const char *key, uint32_t *value, fault *f)
{
    const gguf_value *v = need(g, key, f);
    if (!v) return false;
    int64_t wide = -1;
    if (!integer_at(v, v->kind, 0, &wide) && v->kind != GGUF_U64) return wrong_kind(g, key, v, "an integer", f);
    if (wide < 0 || wide > UINT32_MAX)
        return fault_set(f, FAULT_INPUT, "%s: key %s is %s out of range, expected 0 to %u", g->path, key,
                         wide < 0 && v->kind != GGUF_U64 ? "negative," : "too large,", UINT32_MAX);
    *value = (uint32_t)wide;
    return true;
}

bool gguf_f32(const gguf *g, const char *key, float *value, fault *f)
{
    const gguf_value *v = need(g, key, f);
    if (!v) return false;
    double wide;
    if (!real_at(v, v->kind, 0, &wide)) return wrong_kind(g, key, v, "a number with a fraction", f);
    if (isfinite(wide) && fabs(wide) > (double)FLT_MAX)
        return fault_set(f, FAULT_INPUT, "%s: key %s is %g, too large for an f32", g->path, key, wide);
    *value = (float)wide;
    return true;
}

bool gguf_text(const gguf *g, const char *key, gguf_string *value, fault *f)
{
    const gguf_value *v = need(g, key, f);
    if (!v) return false;
    if (v->kind != GGUF_STRING) return wrong_kind(g, key, v, "a string", f);
    *value = v->strings[0];
    return true;
}

bool gguf_u32_or(const gguf *g, const char *key, uint32_t otherwise, uint32_t *value, fault *f)
{
    *value = otherwise;
    return !find(g, key) || gguf_u32(g, key, value, f);
}

bool gguf_f32_or(const gguf *g, const char *key, float otherwise, float *value, fault *f)
{
    *value = otherwise;
    return !find(g, key) || gguf_f32(g, key, value, f);
}

bool gguf_bool_or(const gguf *g, const char *key, bool otherwise, bool *value, fault *f)
{
    *value = otherwise;
    const gguf_value *v = find(g, key);
    if (!v) return true;
    if (v->kind != GGUF_BOOL) return wrong_kind(g, key, v, "a bool", f);
    *value = v->bytes[0] != 0;
    return true;
}

bool gguf_array(const gguf *g, const char *key, gguf_kind *element, size_t *n, fault *f)
{
    const gguf_value *v = need(g, key, f);
    if (!v) return false;
    if (v->kind != GGUF_ARRAY) return wrong_kind(g, key, v, "an array", f);
    *element = v->element;
    *n = v->n;
    return true;
}

/* The array of that name if it has an element i. */
static const gguf_value *array_with(const gguf *g, const char *key, size_t i)
{
    const gguf_value *v = find(g, key);
    return v && v->kind == GGUF_ARRAY && i < v->n ? v : NULL;
}

gguf_string gguf_array_string(const gguf *g, const char *key, size_t i)
{
    const gguf_value *v = array_with(g, key, i);
    return v && v->strings ? v->strings[i] : (gguf_string){ "", 0 };
}

bool gguf_array_i64(const gguf *g, const char *key, size_t i, int64_t *value)
{
    const gguf_value *v = array_with(g, key, i);
    if (!v || v->element != GGUF_BOOL) return v && integer_at(v, v->element, i, value);
    *value = v->bytes[i] != 0;
    return true;
}

bool gguf_array_f32(const gguf *g, const char *key, size_t i, float *value)
{
    const gguf_value *v = array_with(g, key, i);
    double wide;
    if (!v || v->element != GGUF_F32 || !real_at(v, v->element, i, &wide)) return false;
    *value = (float)wide;
    return true;
}

size_t gguf_n_tensors(const gguf *g)
{
    return g->n_tensors;
}

const gguf_tensor *gguf_tensor_at(const gguf *g, size_t i)
{
    return &g->tensors[i];
}

const gguf_tensor *gguf_find_tensor(const gguf *g, const char *name)
{
    const gguf_name *entry = gguf_find_name(g->tensor_names, g->n_tensors, (gguf_string){ name, strlen(name) });
    return entry ? &g->tensors[entry->at] : NULL;
}
