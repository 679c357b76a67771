/* capture_file.h - a file of rows seen as the layers of a model.
 *
 * `kvant capture` writes such files; those of other frameworks serve when tensors' names say layer and side
 * (app/rows_name.h). Keys and values are [kv heads, rows, dim], queries [query heads, rows, dim], a multiple of the kv
 * heads, query heads of one kv head side by side. Metadata that is used where there is any: ctx (rows per sequence),
 * model_name, and what app/offline_rope.h lists.
 */
#ifndef KVANT_APP_CAPTURE_FILE_H
#define KVANT_APP_CAPTURE_FILE_H

#include "app/rows_file.h"

typedef struct capture_layer {
    int number; /* as the names count; layers of a config count from 0 in the order of these numbers */
    const rows_tensor *k, *v, *q; /* q: NULL when there is none */
} capture_layer;

typedef struct capture_layers {
    capture_layer *at;
    int n;
    bool queries; /* every layer has them */
} capture_layers;

/* Every layer has keys and values, all of as many rows; what does not fit is named. The caller frees out->at. */
bool capture_layers_find(const rows_file *file, capture_layers *out, fault *f);

/* Rows per sequence: `given` when it is not 0, else what the file says, else all of them. */
bool capture_sequence(const rows_file *file, size_t given, size_t n_rows, size_t *sequence, fault *f);

/* How many of a stream's first rows calibrate while the others are measured: half of the sequences, or of the rows when
 * there is one sequence. A fault when there is only one row. */
bool capture_halves(const rows_file *file, size_t n_rows, size_t sequence, size_t *first, fault *f);

/* The order of a layer number among the file's layers with keys or values, and how many there are. */
void capture_layer_place(const rows_file *file, int number, int *place, int *n);

#endif
