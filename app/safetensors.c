#include "app/safetensors.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/utf8.h"
#include "kernels/half.h"

/* The format's own limit on the header, and more depth than any header has. */
enum { LONGEST_HEADER = 100000000, DEEPEST_HEADER = 16, SHOWN = 80 };

struct safetensors {
    char *path;
    const uint8_t *map;
    size_t n_bytes;
    size_t data; /* where the tensors' bytes begin */
    cJSON *header;
    const cJSON **words; /* of its metadata, sorted by key */
    size_t n_words;
    safetensor *tensors;
    size_t n;
    const safetensor **by_name; /* sorted */
};

/* ---- messages ---- */

/* A name for a message: printable, not too long. */
static const char *shown(const char *name, char text[SHOWN])
{
    size_t n = strnlen(name, SHOWN - 4);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(name[i] >= ' ' && name[i] <= '~' ? name[i] : '?');
    strcpy(text + n, name[n] ? "..." : "");
    return text;
}

static bool refuse(const safetensors *s, const char *tensor, fault *f, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool refuse(const safetensors *s, const char *tensor, fault *f, const char *format, ...)
{
    char name[SHOWN], reason[320];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return tensor ? fault_set(f, FAULT_INPUT, "%s: tensor %s: %s", s->path, shown(tensor, name), reason)
                  : fault_set(f, FAULT_INPUT, "%s: %s", s->path, reason);
}

/* ---- one tensor of the header ---- */

static const struct {
    const char *name;
    safetensors_type type;
    unsigned bits;
} types[] = {
    { "F16", SAFETENSORS_F16, 16 },
    { "BF16", SAFETENSORS_BF16, 16 },
    { "F32", SAFETENSORS_F32, 32 },
    { "F64", SAFETENSORS_F64, 64 },
    { "I32", SAFETENSORS_I32, 32 },
    { "I64", SAFETENSORS_I64, 64 },
    { "U8", SAFETENSORS_U8, 8 },
    { "BOOL", SAFETENSORS_OTHER, 8 },
    { "I8", SAFETENSORS_OTHER, 8 },
    { "I16", SAFETENSORS_OTHER, 16 },
    { "U16", SAFETENSORS_OTHER, 16 },
    { "U32", SAFETENSORS_OTHER, 32 },
    { "U64", SAFETENSORS_OTHER, 64 },
    { "C64", SAFETENSORS_OTHER, 64 },
    { "F4", SAFETENSORS_OTHER, 4 },
    { "F6_E2M3", SAFETENSORS_OTHER, 6 },
    { "F6_E3M2", SAFETENSORS_OTHER, 6 },
    { "F8_E4M3", SAFETENSORS_OTHER, 8 },
    { "F8_E5M2", SAFETENSORS_OTHER, 8 },
    { "F8_E8M0", SAFETENSORS_OTHER, 8 },
    { "F8_E4M3FNUZ", SAFETENSORS_OTHER, 8 },
    { "F8_E5M2FNUZ", SAFETENSORS_OTHER, 8 },
};

/* Whole numbers that a double holds exactly. */
static bool whole(const cJSON *item, uint64_t *value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 9007199254740992.0)) return false;
    *value = (uint64_t)item->valuedouble;
    return (double)*value == item->valuedouble;
}

/* The one field of this name; NULL with a fault when it is missing or there twice. */
static const cJSON *field(const safetensors *s, const cJSON *entry, const char *name, fault *f)
{
    const cJSON *found = NULL, *at;
    cJSON_ArrayForEach(at, entry)
    {
        if (strcmp(at->string, name) != 0) continue;
        if (found) {
            refuse(s, entry->string, f, "\"%s\" is there twice", name);
            return NULL;
        }
        found = at;
    }
    if (!found) refuse(s, entry->string, f, "has no \"%s\"", name);
    return found;
}

static bool read_type(const safetensors *s, const cJSON *entry, safetensor *t, unsigned *bits, fault *f)
{
    char word[SHOWN];
    const cJSON *type = field(s, entry, "dtype", f);
    if (!type) return false;
    if (!cJSON_IsString(type)) return refuse(s, t->name, f, "dtype is no word");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type->valuestring) == 0) {
            t->type = types[i].type;
            *bits = types[i].bits;
            return true;
        }
    return refuse(s, t->name, f, "dtype \"%s\" is not of the format", shown(type->valuestring, word));
}

static bool read_shape(const safetensors *s, const cJSON *entry, safetensor *t, fault *f)
{
    const cJSON *shape = field(s, entry, "shape", f), *at;
    if (!shape) return false;
    if (!cJSON_IsArray(shape)) return refuse(s, t->name, f, "shape is no array");
    t->n_values = 1;
    cJSON_ArrayForEach(at, shape)
    {
        if (t->n_dims == SAFETENSORS_DIMS)
            return refuse(s, t->name, f, "%d dimensions, at most %d", cJSON_GetArraySize(shape), SAFETENSORS_DIMS);
        uint64_t *dim = &t->dims[t->n_dims];
        if (!whole(at, dim)) return refuse(s, t->name, f, "dimension %d of its shape is no whole number", t->n_dims);
        t->n_dims++;
        if (__builtin_mul_overflow(t->n_values, *dim, &t->n_values))
            return refuse(s, t->name, f, "its shape holds more values than can be counted");
    }
    return true;
}

static bool read_offsets(const safetensors *s, const cJSON *entry, safetensor *t, unsigned bits, fault *f)
{
    const cJSON *offsets = field(s, entry, "data_offsets", f);
    if (!offsets) return false;
    uint64_t begin, end, total_bits, room = s->n_bytes - s->data;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !whole(offsets->child, &begin) ||
        !whole(offsets->child->next, &end))
        return refuse(s, t->name, f, "data_offsets are not two whole numbers");
    if (begin > end) return refuse(s, t->name, f, "data_offsets %ju to %ju run backwards", begin, end);
    if (end > room)
        return refuse(s, t->name, f, "bytes %ju to %ju are past the end of the data (%ju)", begin, end, room);
    if (__builtin_mul_overflow(t->n_values, (uint64_t)bits, &total_bits) || total_bits % 8 ||
        total_bits / 8 != end - begin)
        return refuse(s, t->name, f, "%ju bytes for %ju values of %u bits", end - begin, t->n_values, bits);
    t->bytes = s->map + s->data + begin;
    t->n_bytes = end - begin;
    return true;
}

static bool read_tensor(const safetensors *s, const cJSON *entry, safetensor *t, fault *f)
{
    unsigned bits = 0;
    *t = (safetensor){ .name = entry->string };
    if (!cJSON_IsObject(entry)) return refuse(s, t->name, f, "is no object with dtype, shape and data_offsets");
    return read_type(s, entry, t, &bits, f) && read_shape(s, entry, t, f) && read_offsets(s, entry, t, bits, f);
}

/* ---- the whole header ---- */

static const uint8_t *end_of(const safetensor *t)
{
    return (const uint8_t *)t->bytes + t->n_bytes;
}

static int by_place(const void *a, const void *b)
{
    const safetensor *x = a, *y = b;
    if (x->bytes != y->bytes) return (const uint8_t *)x->bytes < (const uint8_t *)y->bytes ? -1 : 1;
    if (x->n_bytes != y->n_bytes) return x->n_bytes < y->n_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const safetensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* The tensors cover the data from its first byte to its last, none twice. */
static bool check_places(safetensors *s, fault *f)
{
    qsort(s->tensors, s->n, sizeof *s->tensors, by_place);
    const uint8_t *data = s->map + s->data, *at = data;
    for (size_t i = 0; i < s->n; i++) {
        const safetensor *t = &s->tensors[i];
        const uint8_t *begin = t->bytes;
        char before[SHOWN];
        if (begin < at)
            return refuse(s, t->name, f, "its bytes, from %td, overlap those of %s, to %td", begin - data,
                          shown(s->tensors[i - 1].name, before), at - data);
        if (begin > at) return refuse(s, t->name, f, "a gap of %td bytes lies before it", begin - at);
        at = end_of(t);
    }
    if (at == s->map + s->n_bytes) return true;
    return refuse(s, NULL, f, "%td bytes follow the last tensor's", s->map + s->n_bytes - at);
}

static bool check_names(safetensors *s, fault *f)
{
    for (size_t i = 0; i < s->n; i++)
        s->by_name[i] = &s->tensors[i];
    qsort(s->by_name, s->n, sizeof *s->by_name, by_name);
    for (size_t i = 1; i < s->n; i++)
        if (strcmp(s->by_name[i - 1]->name, s->by_name[i]->name) == 0)
            return refuse(s, s->by_name[i]->name, f, "is there twice");
    return true;
}

static int by_key(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

static bool read_words(safetensors *s, const cJSON *words, fault *f)
{
    char key[SHOWN];
    if (s->words) return refuse(s, NULL, f, "the header has __metadata__ twice");
    if (!cJSON_IsObject(words)) return refuse(s, NULL, f, "__metadata__ is no object");
    s->words = calloc((size_t)cJSON_GetArraySize(words) + 1, sizeof *s->words);
    if (!s->words) return fault_memory(f, s->path);
    const cJSON *at;
    cJSON_ArrayForEach(at, words)
    {
        if (!cJSON_IsString(at)) return refuse(s, NULL, f, "__metadata__: %s is no text", shown(at->string, key));
        s->words[s->n_words++] = at;
    }
    qsort(s->words, s->n_words, sizeof *s->words, by_key);
    for (size_t i = 1; i < s->n_words; i++)
        if (by_key(&s->words[i - 1], &s->words[i]) == 0)
            return refuse(s, NULL, f, "__metadata__: %s is there twice", shown(s->words[i]->string, key));
    return true;
}

static bool read_entries(safetensors *s, fault *f)
{
    size_t n = (size_t)cJSON_GetArraySize(s->header);
    s->tensors = calloc(n + 1, sizeof *s->tensors);
    s->by_name = calloc(n + 1, sizeof *s->by_name);
    if (!s->tensors || !s->by_name) return fault_memory(f, s->path);
    const cJSON *at;
    cJSON_ArrayForEach(at, s->header)
    {
        const bool words = strcmp(at->string, "__metadata__") == 0;
        if (!(words ? read_words(s, at, f) : read_tensor(s, at, &s->tensors[s->n], f))) return false;
        s->n += !words;
    }
    return check_places(s, f) && check_names(s, f);
}

/* What a JSON parser would take too generously: depth, text that is no UTF-8. */
static bool check_text(const safetensors *s, const char *text, size_t n, fault *f)
{
    int depth = 0;
    bool quoted = false;
    if (n == 0 || text[0] != '{') return refuse(s, NULL, f, "the header does not begin with {");
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c;
        if (!(length = utf8_decode(text + i, n - i, &c)))
            return refuse(s, NULL, f, "the header is no UTF-8 at byte %zu", i);
        if (quoted && c == '\\' && i + 1 < n && (uint8_t)text[i + 1] < 0x80)
            length = 2;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        if (depth > DEEPEST_HEADER)
            return refuse(s, NULL, f, "the header is nested deeper than %d at byte %zu", DEEPEST_HEADER, i);
    }
    return true;
}

static bool read_header(safetensors *s, fault *f)
{
    uint64_t length = 0;
    if (s->n_bytes < 8) return refuse(s, NULL, f, "%zu bytes are no safetensors file", s->n_bytes);
    for (int i = 7; i >= 0; i--)
        length = length << 8 | s->map[i];
    if (length > s->n_bytes - 8)
        return refuse(s, NULL, f, "a header of %ju bytes is past the end of the file (%zu); is it a safetensors file?",
                      length, s->n_bytes);
    if (length > LONGEST_HEADER)
        return refuse(s, NULL, f, "a header of %ju bytes; the format allows %d", length, LONGEST_HEADER);
    s->data = 8 + (size_t)length;
    const char *text = (const char *)s->map + 8, *end = text + length, *stopped = text;
    if (!check_text(s, text, (size_t)length, f)) return false;
    s->header = cJSON_ParseWithLengthOpts(text, (size_t)length, &stopped, false);
    if (!s->header) return refuse(s, NULL, f, "the header is no JSON at byte %td", stopped - text);
    while (stopped < end && isspace((unsigned char)*stopped))
        stopped++;
    if (stopped < end) return refuse(s, NULL, f, "the header goes on after its JSON, at byte %td", stopped - text);
    return read_entries(s, f);
}

/* ---- opening ---- */

static bool map_file(safetensors *s, int file, fault *f)
{
    struct stat about;
    if (fstat(file, &about)) return refuse(s, NULL, f, "%s", strerror(errno));
    if (!S_ISREG(about.st_mode)) return refuse(s, NULL, f, "is no regular file; it must be one, for it is mapped");
    if (about.st_size == 0) return refuse(s, NULL, f, "the file is empty");
    void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) return refuse(s, NULL, f, "cannot be mapped: %s", strerror(errno));
    s->map = map;
    s->n_bytes = (size_t)about.st_size;
    return true;
}

safetensors *safetensors_open(const char *path, fault *f)
{
    safetensors *s = calloc(1, sizeof *s);
    bool ok = s && (s->path = strdup(path));
    if (!ok) fault_memory(f, path);
    int file = ok ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (ok && file < 0) ok = refuse(s, NULL, f, "%s", strerror(errno));
    ok = ok && map_file(s, file, f) && read_header(s, f);
    if (file >= 0) close(file);
    if (ok) return s;
    safetensors_close(s);
    return NULL;
}

void safetensors_close(safetensors *s)
{
    if (!s) return;
    if (s->map) munmap((void *)(uintptr_t)s->map, s->n_bytes);
    cJSON_Delete(s->header);
    free(s->words);
    free(s->by_name);
    free(s->tensors);
    free(s->path);
    free(s);
}

/* ---- asking ---- */

size_t safetensors_count(const safetensors *s)
{
    return s->n;
}

const safetensor *safetensors_at(const safetensors *s, size_t i)
{
    return &s->tensors[i];
}

const safetensor *safetensors_find(const safetensors *s, const char *name)
{
    const safetensor sought = { .name = name }, *at = &sought;
    const safetensor **found = bsearch(&at, s->by_name, s->n, sizeof *s->by_name, by_name);
    return found ? *found : NULL;
}

const char *safetensors_word(const safetensors *s, const char *key)
{
    size_t low = 0, high = s->n_words;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(key, s->words[middle]->string);
        if (order == 0) return s->words[middle]->valuestring;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static uint64_t little_endian(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static float f32_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* f64 keeps NaN and infinities; what only becomes infinite here is refused. */
static bool from_f64(const safetensors *s, const safetensor *t, float *values, fault *f)
{
    const uint8_t *from = t->bytes;
    for (uint64_t i = 0; i < t->n_values; i++) {
        uint64_t bits = little_endian(from + 8 * i, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        values[i] = (float)value;
        if (isinf(values[i]) && !isinf(value))
            return refuse(s, t->name, f, "value %ju is %g, which f32 cannot hold", i, value);
    }
    return true;
}

bool safetensors_f32(const safetensors *s, const safetensor *t, float *values, fault *f)
{
    const uint8_t *from = t->bytes;
    switch (t->type) {
    case SAFETENSORS_F64: return from_f64(s, t, values, f);
    case SAFETENSORS_F32:
        for (uint64_t i = 0; i < t->n_values; i++)
            values[i] = f32_of_bits((uint32_t)little_endian(from + 4 * i, 4));
        return true;
    case SAFETENSORS_F16:
        for (uint64_t i = 0; i < t->n_values; i++)
            values[i] = half_to_float(half_load(from + 2 * i));
        return true;
    case SAFETENSORS_BF16:
        for (uint64_t i = 0; i < t->n_values; i++)
            values[i] = f32_of_bits((uint32_t)half_load(from + 2 * i) << 16);
        return true;
    default: return refuse(s, t->name, f, "its values are not F16, BF16, F32 or F64");
    }
}
