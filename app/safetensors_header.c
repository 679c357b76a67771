#include "app/safetensors_header.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/utf8.h"

/* The format's own limit on the header, and more depth than any header has. */
enum { LONGEST_HEADER = 100000000, DEEPEST_HEADER = 16, SHOWN = 80 };

uint64_t safetensors_number(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

int safetensors_by_name(const void *a, const void *b)
{
    const safetensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

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

bool safetensors_refuse(const safetensors *s, const char *tensor, fault *f, const char *format, ...)
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

const char *safetensors_type_name(safetensors_type type, unsigned *bits)
{
    for (size_t i = 0; i < sizeof types / sizeof *types && type != SAFETENSORS_OTHER; i++)
        if (types[i].type == type) {
            *bits = types[i].bits;
            return types[i].name;
        }
    return NULL;
}

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
            safetensors_refuse(s, entry->string, f, "\"%s\" is there twice", name);
            return NULL;
        }
        found = at;
    }
    if (!found) safetensors_refuse(s, entry->string, f, "has no \"%s\"", name);
    return found;
}

static bool read_type(const safetensors *s, const cJSON *entry, safetensor *t, unsigned *bits, fault *f)
{
    char word[SHOWN];
    const cJSON *type = field(s, entry, "dtype", f);
    if (!type) return false;
    if (!cJSON_IsString(type)) return safetensors_refuse(s, t->name, f, "dtype is no word");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type->valuestring) == 0) {
            t->type = types[i].type;
            *bits = types[i].bits;
            return true;
        }
    return safetensors_refuse(s, t->name, f, "dtype \"%s\" is not of the format", shown(type->valuestring, word));
}

static bool read_shape(const safetensors *s, const cJSON *entry, safetensor *t, fault *f)
{
    const cJSON *shape = field(s, entry, "shape", f), *at;
    if (!shape) return false;
    if (!cJSON_IsArray(shape)) return safetensors_refuse(s, t->name, f, "shape is no array");
    t->n_values = 1;
    cJSON_ArrayForEach(at, shape)
    {
        if (t->n_dims == SAFETENSORS_DIMS)
            return safetensors_refuse(s, t->name, f, "%d dimensions, at most %d", cJSON_GetArraySize(shape),
                                      SAFETENSORS_DIMS);
        uint64_t *dim = &t->dims[t->n_dims];
        if (!whole(at, dim))
            return safetensors_refuse(s, t->name, f, "dimension %d of its shape is no whole number", t->n_dims);
        t->n_dims++;
        if (__builtin_mul_overflow(t->n_values, *dim, &t->n_values))
            return safetensors_refuse(s, t->name, f, "its shape holds more values than can be counted");
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
        return safetensors_refuse(s, t->name, f, "data_offsets are not two whole numbers");
    if (begin > end) return safetensors_refuse(s, t->name, f, "data_offsets %ju to %ju run backwards", begin, end);
    if (end > room)
        return safetensors_refuse(s, t->name, f, "bytes %ju to %ju are past the end of the data (%ju)", begin, end,
                                  room);
    if (__builtin_mul_overflow(t->n_values, (uint64_t)bits, &total_bits) || total_bits % 8 ||
        total_bits / 8 != end - begin)
        return safetensors_refuse(s, t->name, f, "%ju bytes for %ju values of %u bits", end - begin, t->n_values, bits);
    t->bytes = s->map + s->data + begin;
    t->n_bytes = end - begin;
    return true;
}

static bool read_tensor(const safetensors *s, const cJSON *entry, safetensor *t, fault *f)
{
    unsigned bits = 0;
    *t = (safetensor){ .name = entry->string };
    if (!cJSON_IsObject(entry))
        return safetensors_refuse(s, t->name, f, "is no object with dtype, shape and data_offsets");
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
            return safetensors_refuse(s, t->name, f, "its bytes, from %td, overlap those of %s, to %td", begin - data,
                                      shown(s->tensors[i - 1].name, before), at - data);
        if (begin > at) return safetensors_refuse(s, t->name, f, "a gap of %td bytes lies before it", begin - at);
        at = end_of(t);
    }
    if (at == s->map + s->n_bytes) return true;
    return safetensors_refuse(s, NULL, f, "%td bytes follow the last tensor's", s->map + s->n_bytes - at);
}

static bool check_names(safetensors *s, fault *f)
{
    for (size_t i = 0; i < s->n; i++)
        s->by_name[i] = &s->tensors[i];
    qsort(s->by_name, s->n, sizeof *s->by_name, safetensors_by_name);
    for (size_t i = 1; i < s->n; i++)
        if (strcmp(s->by_name[i - 1]->name, s->by_name[i]->name) == 0)
            return safetensors_refuse(s, s->by_name[i]->name, f, "is there twice");
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
    if (s->words) return safetensors_refuse(s, NULL, f, "the header has __metadata__ twice");
    if (!cJSON_IsObject(words)) return safetensors_refuse(s, NULL, f, "__metadata__ is no object");
    s->words = calloc((size_t)cJSON_GetArraySize(words) + 1, sizeof *s->words);
    if (!s->words) return fault_memory(f, s->path);
    const cJSON *at;
    cJSON_ArrayForEach(at, words)
    {
        if (!cJSON_IsString(at))
            return safetensors_refuse(s, NULL, f, "__metadata__: %s is no text", shown(at->string, key));
        s->words[s->n_words++] = at;
    }
    qsort(s->words, s->n_words, sizeof *s->words, by_key);
    for (size_t i = 1; i < s->n_words; i++)
        if (by_key(&s->words[i - 1], &s->words[i]) == 0)
            return safetensors_refuse(s, NULL, f, "__metadata__: %s is there twice", shown(s->words[i]->string, key));
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
    if (n == 0 || text[0] != '{') return safetensors_refuse(s, NULL, f, "the header does not begin with {");
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c;
        if (!(length = utf8_decode(text + i, n - i, &c)))
            return safetensors_refuse(s, NULL, f, "the header is no UTF-8 at byte %zu", i);
        if (quoted && c == '\\' && i + 1 < n && (uint8_t)text[i + 1] < 0x80)
            length = 2;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        if (depth > DEEPEST_HEADER)
            return safetensors_refuse(s, NULL, f, "the header is nested deeper than %d at byte %zu", DEEPEST_HEADER, i);
    }
    return true;
}

bool safetensors_read_header(safetensors *s, fault *f)
{
    if (s->n_bytes < 8) return safetensors_refuse(s, NULL, f, "%zu bytes are no safetensors file", s->n_bytes);
    const uint64_t length = safetensors_number(s->map, 8);
    if (length > s->n_bytes - 8)
        return safetensors_refuse(s, NULL, f,
                                  "a header of %ju bytes is past the end of the file (%zu); is it a safetensors file?",
                                  length, s->n_bytes);
    if (length > LONGEST_HEADER)
        return safetensors_refuse(s, NULL, f, "a header of %ju bytes; the format allows %d", length, LONGEST_HEADER);
    s->data = 8 + (size_t)length;
    const char *text = (const char *)s->map + 8, *end = text + length, *stopped = text;
    if (!check_text(s, text, (size_t)length, f)) return false;
    s->header = cJSON_ParseWithLengthOpts(text, (size_t)length, &stopped, false);
    if (!s->header) return safetensors_refuse(s, NULL, f, "the header is no JSON at byte %td", stopped - text);
    while (stopped < end && isspace((unsigned char)*stopped))
        stopped++;
    if (stopped < end)
        return safetensors_refuse(s, NULL, f, "the header goes on after its JSON, at byte %td", stopped - text);
    return read_entries(s, f);
}
