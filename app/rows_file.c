#include "app/rows_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/kktv.h"
#include "base/file.h"
#include "base/nearest.h"

enum { MOST_COLUMNS = 65536 };

struct rows_file {
    char *path;
    safetensors *source;
    char *bytes;     /* of the other formats, whole */
    const void *f32; /* in them */
    rows_tensor *tensors;
    size_t n;
};

/* ---- safetensors ---- */

/* NULL when the tensor holds rows; else why not. */
static const char *no_rows(const safetensor *t, rows_tensor *out)
{
    const uint64_t *dims = t->dims + t->n_dims;
    if (t->type > SAFETENSORS_F64) return "its values are not F16, BF16, F32 or F64";
    if (t->n_dims < 2 || t->n_dims > 4) return "rows are [rows, dim], [heads, rows, dim] or [1, heads, rows, dim]";
    if (t->n_dims == 4 && t->dims[0] != 1) return "of four dimensions, [1, heads, rows, dim], the first must be 1";
    if (t->n_values == 0) return "it is empty";
    if (dims[-1] > MOST_COLUMNS) return "its rows have more than 65536 columns";
    *out = (rows_tensor){ .name = t->name,
                          .heads = t->n_dims > 2 ? (size_t)dims[-3] : 1,
                          .rows = (size_t)dims[-2],
                          .dim = (size_t)dims[-1],
                          .source = t };
    return NULL;
}

static bool list_tensors(rows_file *file, size_t dim, fault *f)
{
    size_t n;
    const safetensor *all = safetensors_all(file->source, &n);
    file->tensors = calloc(n + 1, sizeof *file->tensors);
    if (!file->tensors) return fault_memory(f, file->path);
    for (size_t i = 0; i < n; i++) {
        rows_tensor *t = &file->tensors[file->n];
        if (no_rows(&all[i], t)) continue;
        const rows_name name = rows_name_read(t->name);
        t->side = name.side;
        t->layer = name.layer;
        if (dim && t->dim != dim && t->side != ROWS_UNKNOWN)
            return fault_set(f, FAULT_INPUT, "%s: tensor %.100s: its rows have %zu columns, not %zu", file->path,
                             t->name, t->dim, dim);
        if (!dim || t->dim == dim) file->n++;
    }
    return file->n > 0 || fault_set(f, FAULT_INPUT, "%s: no tensor in it holds rows%s", file->path,
                                    dim ? " of that many columns" : "");
}

/* ---- the other formats ---- */

static bool read_plain(rows_file *file, size_t n_bytes, size_t dim, fault *f)
{
    const size_t row = dim * sizeof(float);
    if (dim == 0)
        return fault_set(f, FAULT_USAGE,
                         "%s: neither safetensors nor KKTV; of plain f32 --dim D must say how many columns a row has",
                         file->path);
    if (n_bytes == 0 || n_bytes % row)
        return fault_set(f, FAULT_INPUT, "%s: %zu bytes are not whole rows of %zu f32 (%zu bytes each)", file->path,
                         n_bytes, dim, row);
    file->f32 = file->bytes;
    file->tensors[0] = (rows_tensor){ "", ROWS_UNKNOWN, -1, 1, n_bytes / row, dim, NULL };
    return true;
}

static bool read_kktv(rows_file *file, size_t n_bytes, size_t dim, fault *f)
{
    kktv k;
    if (!kktv_parse(file->path, file->bytes, n_bytes, &k, f)) return false;
    if (k.dim > MOST_COLUMNS || (dim && k.dim != dim))
        return fault_set(f, FAULT_INPUT, "%s: its rows have %u columns, not %zu", file->path, k.dim,
                         dim ? dim : (size_t)MOST_COLUMNS);
    file->f32 = k.f32;
    file->tensors[0] = (rows_tensor){ "", ROWS_UNKNOWN, -1, 1, (size_t)k.n, k.dim, NULL };
    return true;
}

static bool read_bytes(rows_file *file, size_t dim, fault *f)
{
    size_t n;
    if (!file_read(file->path, &file->bytes, &n, f)) return false;
    file->tensors = calloc(1, sizeof *file->tensors);
    file->n = 1;
    if (!file->tensors) return fault_memory(f, file->path);
    return kktv_is(file->bytes, n) ? read_kktv(file, n, dim, f) : read_plain(file, n, dim, f);
}

/* ---- opening ---- */

rows_file *rows_file_open(const char *path, size_t dim, fault *f)
{
    rows_file *file = calloc(1, sizeof *file);
    bool ok = (file && (file->path = strdup(path))) || fault_memory(f, path);
    if (ok && safetensors_is(path))
        ok = (file->source = safetensors_open(path, f)) && list_tensors(file, dim, f);
    else if (ok)
        ok = read_bytes(file, dim, f);
    if (ok) return file;
    rows_file_close(file);
    return NULL;
}

void rows_file_close(rows_file *file)
{
    if (!file) return;
    safetensors_close(file->source);
    free(file->bytes);
    free(file->tensors);
    free(file->path);
    free(file);
}

/* ---- asking ---- */

size_t rows_file_count(const rows_file *file)
{
    return file->n;
}

const rows_tensor *rows_file_at(const rows_file *file, size_t i)
{
    return &file->tensors[i];
}

const char *rows_file_path(const rows_file *file)
{
    return file->path;
}

const safetensors *rows_file_source(const rows_file *file)
{
    return file->source;
}

const rows_tensor *rows_file_find(const rows_file *file, const char *name, fault *f)
{
    nearest near = nearest_to(name);
    rows_tensor unused;
    for (size_t i = 0; i < file->n; i++) {
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
        nearest_try(&near, file->tensors[i].name);
    }
    const safetensor *t = file->source ? safetensors_find(file->source, name) : NULL;
    const char *why = t ? no_rows(t, &unused) : NULL;
    if (t)
        fault_set(f, FAULT_INPUT, "%s: tensor %.100s: %s", file->path, name, why ? why : "its rows are of another dim");
    else
        fault_set(f, FAULT_INPUT, "%s: has no tensor \"%.100s\"%s%.100s%s", file->path, name,
                  near.word && *near.word ? "; did you mean \"" : "", near.word ? near.word : "",
                  near.word && *near.word ? "\"?" : "");
    return NULL;
}

const rows_tensor *rows_file_side(const rows_file *file, int layer, int side)
{
    const rows_tensor *found = NULL;
    for (size_t i = 0; i < file->n; i++) {
        const rows_tensor *t = &file->tensors[i];
        if (t->layer != layer || t->side != side) continue;
        if (found) return NULL;
        found = t;
    }
    return found;
}

size_t rows_tensor_values(const rows_tensor *t)
{
    return t->heads * t->rows * t->dim;
}

/* ---- reading ---- */

bool rows_file_read(const rows_file *file, const rows_tensor *t, float *values, fault *f)
{
    const size_t n = rows_tensor_values(t);
    if (!t->source)
        memcpy(values, file->f32, n * sizeof *values);
    else if (!safetensors_f32(file->source, t->source, values, f))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return fault_set(f, FAULT_INPUT, "%s: %s%.100s%shead %zu, row %zu, column %zu is %g", file->path,
                             t->source ? "tensor " : "", t->name, t->source ? ": " : "", i / t->dim / t->rows,
                             i / t->dim % t->rows, i % t->dim, (double)values[i]);
    return true;
}
