#include "engine/gguf_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor.h"

const gguf_kind_info gguf_kinds[GGUF_KINDS] = {
    [GGUF_U8] = { "a u8", 1 },        [GGUF_I8] = { "an i8", 1 },    [GGUF_U16] = { "a u16", 2 },
    [GGUF_I16] = { "an i16", 2 },     [GGUF_U32] = { "a u32", 4 },   [GGUF_I32] = { "an i32", 4 },
    [GGUF_F32] = { "an f32", 4 },     [GGUF_BOOL] = { "a bool", 1 }, [GGUF_STRING] = { "a string", 0 },
    [GGUF_ARRAY] = { "an array", 0 }, [GGUF_U64] = { "a u64", 8 },   [GGUF_I64] = { "an i64", 8 },
    [GGUF_F64] = { "an f64", 8 },
};

/* The least a key (length, one byte of name, kind, one byte of value) and a tensor (length, name, dimension count, one
 * dimension, type, offset) take: a bound on hostile counts before anything is allocated for them. */
enum { LEAST_KEY = 8 + 1 + 4 + 1, LEAST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8 };
enum { LONGEST_NAME = 65535, DEFAULT_ALIGNMENT = 32 };

/* Reads from the map and knows, for messages, inside what. */
typedef struct reader {
    gguf *g;
    size_t at;
    const char *what; /* "header", "key", "tensor" */
    size_t number;    /* of the key or tensor, from 1 */
    gguf_string name; /* once it is read */
    fault *f;
} reader;

static bool refuse(const reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const reader *r, const char *format, ...)
{
    char shown[GGUF_SHOWN], reason[320];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (r->name.n)
        fault_set(r->f, FAULT_INPUT, "%s: %s %s: %s", r->g->path, r->what, gguf_shown(r->name, shown), reason);
    else if (r->number)
        fault_set(r->f, FAULT_INPUT, "%s: %s %zu: %s", r->g->path, r->what, r->number, reason);
    else
        fault_set(r->f, FAULT_INPUT, "%s: %s: %s", r->g->path, r->what, reason);
    return false;
}

/* The next n bytes, or NULL with a fault. */
static const uint8_t *take(reader *r, uint64_t n)
{
    const uint8_t *bytes = r->g->map + r->at;
    if (n > r->g->n_bytes - r->at) {
        refuse(r, "%llu bytes at offset %zu are past the end of the file (%zu)", (unsigned long long)n, r->at,
               r->g->n_bytes);
        return NULL;
    }
    r->at += (size_t)n;
    return bytes;
}

static bool take_u32(reader *r, uint32_t *value)
{
    const uint8_t *bytes = take(r, 4);
    *value = bytes ? gguf_load_u32(bytes) : 0;
    return bytes != NULL;
}

static bool take_u64(reader *r, uint64_t *value)
{
    const uint8_t *bytes = take(r, 8);
    *value = bytes ? gguf_load_u64(bytes) : 0;
    return bytes != NULL;
}

static bool take_string(reader *r, gguf_string *s)
{
    uint64_t n;
    if (!take_u64(r, &n)) return false;
    *s = (gguf_string){ (const char *)take(r, n), (size_t)n };
    return s->bytes != NULL;
}

static bool take_name(reader *r)
{
    gguf_string name;
    r->name.n = 0;
    if (!take_string(r, &name)) return false;
    if (name.n < 1 || name.n > LONGEST_NAME)
        return refuse(r, "a name of %zu bytes, expected 1 to %d", name.n, LONGEST_NAME);
    r->name = name;
    return true;
}

static bool take_kind(reader *r, gguf_kind *kind)
{
    uint32_t number;
    if (!take_u32(r, &number)) return false;
    if (number >= GGUF_KINDS) return refuse(r, "value type %u is not one of GGUF's (0 to %d)", number, GGUF_KINDS - 1);
    *kind = (gguf_kind)number;
    return true;
}

static bool take_strings(reader *r, gguf_value *v)
{
    /* Each string takes its length, so the count is bounded by what is left of the file. */
    if (v->n > (r->g->n_bytes - r->at) / 8)
        return refuse(r, "%zu strings at offset %zu cannot fit in a file of %zu bytes", v->n, r->at, r->g->n_bytes);
    v->strings = malloc((v->n + 1) * sizeof *v->strings);
    if (!v->strings) return fault_memory(r->f, "an array of strings");
    for (size_t i = 0; i < v->n; i++)
        if (!take_string(r, &v->strings[i])) return false;
    return true;
}

static bool take_numbers(reader *r, gguf_value *v, gguf_kind kind)
{
    const size_t size = gguf_kinds[kind].bytes;
    if (v->n > (r->g->n_bytes - r->at) / size)
        return refuse(r, "%zu values of %zu bytes at offset %zu are past the end of the file (%zu)", v->n, size, r->at,
                      r->g->n_bytes);
    v->bytes = take(r, v->n * size);
    if (!v->bytes) return false;
    for (size_t i = 0; kind == GGUF_BOOL && i < v->n; i++)
        if (v->bytes[i] > 1) return refuse(r, "a bool of value %u, expected 0 or 1", v->bytes[i]);
    return true;
}

static bool take_value(reader *r, gguf_value *v)
{
    if (!take_name(r) || !take_kind(r, &v->kind)) return false;
    v->name = r->name;
    v->n = 1;
    gguf_kind kind = v->kind;
    if (kind == GGUF_ARRAY) {
        uint64_t n;
        if (!take_kind(r, &v->element) || !take_u64(r, &n)) return false;
        if (v->element == GGUF_ARRAY) return refuse(r, "arrays of arrays are not supported");
        if (n > r->g->n_bytes)
            return refuse(r, "an array of %llu elements cannot fit in a file of %zu bytes", (unsigned long long)n,
                          r->g->n_bytes);
        v->n = (size_t)n;
        kind = v->element;
    }
    return kind == GGUF_STRING ? take_strings(r, v) : take_numbers(r, v, kind);
}

static bool take_dims(reader *r, gguf_tensor *t)
{
    uint32_t n_dims;
    if (!take_u32(r, &n_dims)) return false;
    if (n_dims < 1 || n_dims > 4) return refuse(r, "%u dimensions, expected 1 to 4", n_dims);
    t->n_dims = (int)n_dims;
    for (int d = 0; d < 4; d++) {
        t->dims[d] = 1;
        if (d < t->n_dims && !take_u64(r, &t->dims[d])) return false;
        if (t->dims[d] == 0) return refuse(r, "dimension %d is 0", d);
    }
    return true;
}

/* Reads one tensor's description; its data pointer is set when the start of the data is known. */
static bool take_tensor(reader *r, gguf_tensor *t, uint64_t *offset)
{
    uint32_t number;
    if (!take_name(r) || !take_dims(r, t) || !take_u32(r, &number) || !take_u64(r, offset)) return false;
    t->name = r->name;
    const tensor_type *type = number <= INT32_MAX ? tensor_type_of((int)number) : NULL;
    if (!type) return refuse(r, "type %u is not known", number);
    t->type = type->id;
    if (t->dims[0] % type->block)
        return refuse(r, "rows of %llu values are not whole blocks of %zu (%s)", (unsigned long long)t->dims[0],
                      type->block, type->name);
    uint64_t n = t->dims[0] / type->block;
    bool over = __builtin_mul_overflow(n, type->bytes, &n);
    for (int d = 1; d < 4; d++)
        over |= __builtin_mul_overflow(n, t->dims[d], &n);
    if (over || n > r->g->n_bytes)
        return refuse(r, "%llu x %llu x %llu x %llu values of %s are more than the file (%zu bytes)",
                      (unsigned long long)t->dims[0], (unsigned long long)t->dims[1], (unsigned long long)t->dims[2],
                      (unsigned long long)t->dims[3], type->name, r->g->n_bytes);
    t->n_bytes = (size_t)n;
    return true;
}

static int compare_strings(gguf_string a, gguf_string b)
{
    const int order = memcmp(a.bytes, b.bytes, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_names(const void *a, const void *b)
{
    return compare_strings(((const gguf_name *)a)->name, ((const gguf_name *)b)->name);
}

const gguf_name *gguf_find_name(const gguf_name *names, size_t n, gguf_string name)
{
    const gguf_name wanted = { .name = name };
    return n ? bsearch(&wanted, names, n, sizeof *names, compare_names) : NULL;
}

static bool sort_names(reader *r, gguf_name *names, size_t n)
{
    if (n) qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++) {
        if (compare_names(&names[i - 1], &names[i])) continue;
        r->name = names[i].name;
        return refuse(r, "the name stands in the file twice");
    }
    return true;
}

static bool parse_header(reader *r, uint64_t *n_tensors, uint64_t *n_values)
{
    gguf *g = r->g;
    if (g->n_bytes >= 4 && memcmp(g->map, "GGUF", 4) != 0)
        return fault_set(r->f, FAULT_INPUT, "%s: not a GGUF file (it begins with the bytes %02x %02x %02x %02x)",
                         g->path, g->map[0], g->map[1], g->map[2], g->map[3]);
    if (!take(r, 4) || !take_u32(r, &g->version)) return false;
    if (g->version && !(g->version & 0xffffu))
        return fault_set(r->f, FAULT_INPUT, "%s: a big-endian GGUF file; convert it to little-endian", g->path);
    if (g->version == 1)
        return fault_set(r->f, FAULT_INPUT, "%s: GGUF version 1 is obsolete; convert the model to version 3", g->path);
    if (g->version != 2 && g->version != 3)
        return fault_set(r->f, FAULT_INPUT, "%s: GGUF version %u is not supported (2 and 3 are)", g->path, g->version);
    if (!take_u64(r, n_tensors) || !take_u64(r, n_values)) return false;
    const size_t left = g->n_bytes - r->at;
    if (*n_values > left / LEAST_KEY || *n_tensors > left / LEAST_TENSOR)
        return refuse(r, "%llu keys and %llu tensors cannot fit in a file of %zu bytes", (unsigned long long)*n_values,
                      (unsigned long long)*n_tensors, g->n_bytes);
    return true;
}

static bool parse_values(reader *r, size_t n)
{
    gguf *g = r->g;
    g->values = calloc(n + 1, sizeof *g->values);
    g->value_names = malloc((n + 1) * sizeof *g->value_names);
    if (!g->values || !g->value_names) return fault_memory(r->f, "the keys of a GGUF file");
    for (size_t i = 0; i < n; i++) {
        *r = (reader){ .g = g, .at = r->at, .what = "key", .number = i + 1, .f = r->f };
        g->n_values = i + 1;
        if (!take_value(r, &g->values[i])) return false;
        g->value_names[i] = (gguf_name){ g->values[i].name, i };
    }
    return sort_names(r, g->value_names, n);
}

static bool parse_tensors(reader *r, size_t n, uint64_t *offsets)
{
    gguf *g = r->g;
    for (size_t i = 0; i < n; i++) {
        *r = (reader){ .g = g, .at = r->at, .what = "tensor", .number = i + 1, .f = r->f };
        if (!take_tensor(r, &g->tensors[i], &offsets[i])) return false;
        g->tensor_names[i] = (gguf_name){ g->tensors[i].name, i };
    }
    if (!sort_names(r, g->tensor_names, n)) return false;
    g->n_tensors = n;
    return true;
}

/* Data begins at the next multiple of the alignment; tensors' offsets count from there. */
static bool place_tensors(reader *r, const uint64_t *offsets)
{
    gguf *g = r->g;
    uint32_t alignment;
    if (!gguf_u32_or(g, "general.alignment", DEFAULT_ALIGNMENT, &alignment, r->f)) return false;
    if (alignment == 0 || (alignment & (alignment - 1)))
        return fault_set(r->f, FAULT_INPUT, "%s: key general.alignment is %u, expected a power of two", g->path,
                         alignment);
    const uint64_t start = ((uint64_t)r->at + alignment - 1) / alignment * alignment;
    for (size_t i = 0; i < g->n_tensors; i++) {
        gguf_tensor *t = &g->tensors[i];
        r->name = t->name;
        if (offsets[i] % alignment)
            return refuse(r, "offset %llu is not a multiple of the alignment %u", (unsigned long long)offsets[i],
                          alignment);
        if (start > g->n_bytes || offsets[i] > g->n_bytes - start || t->n_bytes > g->n_bytes - start - offsets[i])
            return refuse(r, "data at %llu, offset %llu + %zu bytes is past the end of the file (%zu)",
                          (unsigned long long)start, (unsigned long long)offsets[i], t->n_bytes, g->n_bytes);
        t->data = g->map + start + offsets[i];
    }
    return true;
}

bool gguf_parse(gguf *g, fault *f)
{
    reader r = { .g = g, .what = "header", .f = f };
    uint64_t n_tensors = 0, n_values = 0;
    if (!parse_header(&r, &n_tensors, &n_values) || !parse_values(&r, (size_t)n_values)) return false;

    uint64_t *offsets = malloc(((size_t)n_tensors + 1) * sizeof *offsets);
    g->tensors = calloc((size_t)n_tensors + 1, sizeof *g->tensors);
    g->tensor_names = malloc(((size_t)n_tensors + 1) * sizeof *g->tensor_names);
    bool ok = offsets && g->tensors && g->tensor_names;
    if (!ok) fault_memory(f, "the tensors of a GGUF file");
    ok = ok && parse_tensors(&r, (size_t)n_tensors, offsets) && place_tensors(&r, offsets);
    free(offsets);
    return ok;
}
