#include "app/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/safetensors_header.h"
#include "kernels/half.h"

/* ---- opening ---- */

/* How it begins: the length of a header that fits into the file, and the header's brace. */
bool safetensors_is(const char *path)
{
    static const char end[] = ".safetensors";
    const size_t n = strlen(path);
    struct stat about;
    uint8_t begin[9];
    if (n >= sizeof end - 1 && strcmp(path + n - (sizeof end - 1), end) == 0) return true;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return false;
    FILE *file = fopen(path, "rb");
    const bool read = file && fread(begin, 1, sizeof begin, file) == sizeof begin;
    if (file) fclose(file);
    if (!read || begin[8] != '{') return false;
    const uint64_t length = safetensors_number(begin, 8);
    return length >= 2 && length <= (uint64_t)about.st_size - 8;
}

static bool map_file(safetensors *s, int file, fault *f)
{
    struct stat about;
    if (fstat(file, &about)) return safetensors_refuse(s, NULL, f, "%s", strerror(errno));
    if (!S_ISREG(about.st_mode))
        return safetensors_refuse(s, NULL, f, "is no regular file; it must be one, for it is mapped");
    if (about.st_size == 0) return safetensors_refuse(s, NULL, f, "the file is empty");
    void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) return safetensors_refuse(s, NULL, f, "cannot be mapped: %s", strerror(errno));
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
    if (ok && file < 0) ok = safetensors_refuse(s, NULL, f, "%s", strerror(errno));
    ok = ok && map_file(s, file, f) && safetensors_read_header(s, f);
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

const safetensor *safetensors_all(const safetensors *s, size_t *n)
{
    *n = s->n;
    return s->tensors;
}

const safetensor *safetensors_find(const safetensors *s, const char *name)
{
    const safetensor sought = { .name = name }, *at = &sought;
    const safetensor **found = bsearch(&at, s->by_name, s->n, sizeof *s->by_name, safetensors_by_name);
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
        uint64_t bits = safetensors_number(from + 8 * i, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        values[i] = (float)value;
        if (isinf(values[i]) && !isinf(value))
            return safetensors_refuse(s, t->name, f, "value %ju is %g, which f32 cannot hold", i, value);
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
            values[i] = f32_of_bits((uint32_t)safetensors_number(from + 4 * i, 4));
        return true;
    case SAFETENSORS_F16:
        for (uint64_t i = 0; i < t->n_values; i++)
            values[i] = half_to_float(half_load(from + 2 * i));
        return true;
    case SAFETENSORS_BF16:
        for (uint64_t i = 0; i < t->n_values; i++)
            values[i] = f32_of_bits((uint32_t)half_load(from + 2 * i) << 16);
        return true;
    default: return safetensors_refuse(s, t->name, f, "its values are not F16, BF16, F32 or F64");
    }
}
