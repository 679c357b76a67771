#include "app/safetensors_writer.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/safetensors_header.h"

struct safetensors_writer {
    char *path, *beside; /* its name, and the one it is written under */
    int file;            /* -1: not open */
    uint64_t *begin;     /* of each tensor in the file; begin[n] is its end */
    size_t n;
};

/* ---- the header ---- */

static bool add_words(cJSON *header, const char *const *words)
{
    if (!words || !words[0]) return true;
    cJSON *metadata = cJSON_AddObjectToObject(header, "__metadata__");
    for (; metadata && words[0]; words += 2)
        if (!cJSON_AddStringToObject(metadata, words[0], words[1])) return false;
    return metadata != NULL;
}

/* Adds the tensor, whose bytes begin at *at of the data, and moves *at behind it. */
static bool add_tensor(cJSON *header, const safetensor *t, uint64_t *at, fault *f)
{
    uint64_t bytes, end;
    unsigned bits = 0;
    const char *type = safetensors_type_name(t->type, &bits);
    if (!type || t->n_dims > SAFETENSORS_DIMS)
        return fault_set(f, FAULT_INTERNAL, "tensor %s: cannot be written with this type or so many dimensions",
                         t->name);
    cJSON *entry = cJSON_AddObjectToObject(header, t->name);
    cJSON_AddStringToObject(entry, "dtype", type);
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    bool fits = true;
    bytes = bits / 8;
    for (int i = 0; i < t->n_dims; i++) {
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->dims[i]));
        fits = fits && !__builtin_mul_overflow(bytes, t->dims[i], &bytes);
    }
    if (!fits || __builtin_add_overflow(*at, bytes, &end) || end > (uint64_t)1 << 48)
        return fault_set(f, FAULT_INPUT, "tensor %s: is too large to be written", t->name);
    const double offsets[2] = { (double)*at, (double)end };
    *at = end;
    return cJSON_AddItemToObject(entry, "data_offsets", cJSON_CreateDoubleArray(offsets, 2)) ||
           fault_memory(f, t->name);
}

/* The header's text, padded so that the data begins at a multiple of 8; begin[] counts from the start of the data. */
static char *header_of(const char *const *words, const safetensor *tensors, size_t n, uint64_t *begin, fault *f)
{
    cJSON *header = cJSON_CreateObject();
    uint64_t at = 0;
    bool ok = (header && add_words(header, words)) || fault_memory(f, "the header");
    for (size_t i = 0; ok && i < n; i++) {
        begin[i] = at;
        if (cJSON_GetObjectItemCaseSensitive(header, tensors[i].name))
            ok = fault_set(f, FAULT_INTERNAL, "tensor %s: is there twice", tensors[i].name);
        ok = ok && add_tensor(header, &tensors[i], &at, f);
    }
    begin[n] = at;
    char *text = ok ? cJSON_PrintUnformatted(header) : NULL, *padded = NULL;
    cJSON_Delete(header);
    const size_t length = text ? strlen(text) : 0, whole = (length + 7) / 8 * 8;
    if (text && (padded = malloc(whole + 1))) {
        memset(padded, ' ', whole);
        memcpy(padded, text, length);
        padded[whole] = '\0';
    }
    cJSON_free(text);
    if (ok && !padded) fault_memory(f, "the header");
    return padded;
}

/* ---- the file ---- */

static bool failed(const safetensors_writer *w, const char *doing, fault *f)
{
    return fault_set(f, FAULT_INPUT, "%s: %s failed: %s", w->path, doing, strerror(errno));
}

static bool write_at(const safetensors_writer *w, const void *bytes, size_t n, uint64_t at, fault *f)
{
    for (const char *from = bytes; n > 0;) {
        ssize_t wrote = pwrite(w->file, from, n, (off_t)at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return failed(w, "writing", f);
        from += wrote;
        at += (uint64_t)wrote;
        n -= (size_t)wrote;
    }
    return true;
}

/* A path that is already there is followed through its links; what is no file is left alone. */
static bool choose_names(safetensors_writer *w, const char *path, fault *f)
{
    struct stat about;
    const bool there = stat(path, &about) == 0;
    if (there && !S_ISREG(about.st_mode))
        return fault_set(f, FAULT_INPUT, "%s: is no regular file and cannot be replaced", path);
    w->path = there ? realpath(path, NULL) : strdup(path);
    if (!w->path) return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    const size_t room = strlen(w->path) + 32;
    w->beside = malloc(room);
    if (!w->beside) return fault_memory(f, path);
    snprintf(w->beside, room, "%s.kvant.%ld", w->path, (long)getpid());
    return true;
}

static bool write_header(safetensors_writer *w, const char *text, fault *f)
{
    const uint64_t length = strlen(text);
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(length >> (8 * i));
    for (size_t i = 0; i <= w->n; i++)
        w->begin[i] += sizeof bytes + length;
    return write_at(w, bytes, sizeof bytes, 0, f) && write_at(w, text, length, sizeof bytes, f) &&
           (ftruncate(w->file, (off_t)w->begin[w->n]) == 0 || failed(w, "writing", f));
}

safetensors_writer *safetensors_create(const char *path, const char *const *words, const safetensor *tensors, size_t n,
                                       fault *f)
{
    safetensors_writer *w = calloc(1, sizeof *w);
    if (w) {
        *w = (safetensors_writer){ .file = -1, .n = n };
        w->begin = calloc(n + 1, sizeof *w->begin);
    }
    bool ok = (w && w->begin) || fault_memory(f, path);
    char *text = ok && choose_names(w, path, f) ? header_of(words, tensors, n, w->begin, f) : NULL;
    if (text) w->file = open(w->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ok = text && (w->file >= 0 || failed(w, "opening", f)) && write_header(w, text, f);
    free(text);
    if (ok) return w;
    safetensors_abandon(w);
    return NULL;
}

bool safetensors_put(safetensors_writer *w, size_t tensor, uint64_t first, const void *bytes, size_t n, fault *f)
{
    const uint64_t room = tensor < w->n ? w->begin[tensor + 1] - w->begin[tensor] : 0;
    if (first > room || n > room - first)
        return fault_set(f, FAULT_INTERNAL, "%s: %zu bytes at %ju of tensor %zu, which has %ju", w->path, n,
                         (uintmax_t)first, tensor, (uintmax_t)room);
    return write_at(w, bytes, n, w->begin[tensor] + first, f);
}

static void release(safetensors_writer *w)
{
    free(w->path);
    free(w->beside);
    free(w->begin);
    free(w);
}

bool safetensors_finish(safetensors_writer *w, fault *f)
{
    const int file = w->file;
    w->file = -1;
    bool ok = close(file) == 0 || failed(w, "writing", f);
    ok = ok && (rename(w->beside, w->path) == 0 || failed(w, "renaming", f));
    if (!ok) unlink(w->beside);
    release(w);
    return ok;
}

void safetensors_abandon(safetensors_writer *w)
{
    if (!w) return;
    if (w->file >= 0) {
        close(w->file);
        unlink(w->beside);
    }
    release(w);
}

bool safetensors_write(const char *path, const char *const *words, const safetensor *tensors, size_t n, fault *f)
{
    safetensors_writer *w = safetensors_create(path, words, tensors, n, f);
    for (size_t i = 0; w && i < n; i++)
        if (tensors[i].n_bytes != w->begin[i + 1] - w->begin[i]) {
            fault_set(f, FAULT_INTERNAL, "%s: tensor %s: %ju bytes do not fill its shape", path, tensors[i].name,
                      (uintmax_t)tensors[i].n_bytes);
            safetensors_abandon(w);
            return false;
        } else if (!safetensors_put(w, i, 0, tensors[i].bytes, (size_t)tensors[i].n_bytes, f)) {
            safetensors_abandon(w);
            return false;
        }
    return w && safetensors_finish(w, f);
}
