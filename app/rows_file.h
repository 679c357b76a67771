/* rows_file.h - one reader for every file of rows: plain f32, KKTV and safetensors.
 *
 * A file holds tensors of rows, [heads][rows][dim], each (tensor, head) a stream. Plain f32 (rows of a dimension the
 * file does not know) and KKTV hold one of one head without a name. Of a safetensors file every F16, BF16, F32 or F64
 * tensor of two to four dimensions is one: [rows, dim], [heads, rows, dim], [1, heads, rows, dim]. Which format a file
 * has, its magic says, or the end of its name (.safetensors).
 *
 *     rows_file *file = rows_file_open("keys.safetensors", 0, &f);
 *     const rows_tensor *t = rows_file_at(file, 0);
 *     float *rows = malloc(rows_tensor_values(t) * sizeof *rows);
 *     rows_file_read(file, t, rows, &f);
 *     rows_file_close(file);
 *
 * An open file is read-only; any thread may use it.
 */
#ifndef KVANT_APP_ROWS_FILE_H
#define KVANT_APP_ROWS_FILE_H

#include "app/rows_name.h"
#include "app/safetensors.h"

typedef struct rows_tensor {
    const char *name; /* "" when it has none */
    int side, layer;  /* as app/rows_name.h reads the name */
    size_t heads, rows, dim;
    const safetensor *source; /* of a safetensors file */
} rows_tensor;

typedef struct rows_file rows_file;

/* dim: columns of a row, 0 when the file is to say it; a file that says another is refused. "-" is standard input, for
 * plain f32 and KKTV. */
rows_file *rows_file_open(const char *path, size_t dim, fault *f);
void rows_file_close(rows_file *file); /* NULL is fine */

size_t rows_file_count(const rows_file *file);
const rows_tensor *rows_file_at(const rows_file *file, size_t i);
const char *rows_file_path(const rows_file *file);

/* By name; a fault says what is wrong with a tensor of that name that holds no rows, or which name may be meant. */
const rows_tensor *rows_file_find(const rows_file *file, const char *name, fault *f);

/* Of one layer (rows_tensor.layer) and side; NULL when there is none, or more than one. */
const rows_tensor *rows_file_side(const rows_file *file, int layer, int side);

/* The safetensors file behind it, for its metadata; NULL for the other formats. */
const safetensors *rows_file_source(const rows_file *file);

size_t rows_tensor_values(const rows_tensor *t);

/* All of a tensor's values. NaN and infinities are a fault that names tensor, head, row and column. */
bool rows_file_read(const rows_file *file, const rows_tensor *t, float *values, fault *f);

#endif
