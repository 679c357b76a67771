#include "app/capture_file.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"

static bool is_cached(const rows_tensor *t)
{
    return t->side == ROWS_K || t->side == ROWS_V;
}

/* The smallest layer number above `above`; false when there is none. */
static bool next_layer(const rows_file *file, int above, int *number)
{
    *number = INT_MAX;
    for (size_t i = 0; i < rows_file_count(file); i++) {
        const rows_tensor *t = rows_file_at(file, i);
        if (is_cached(t) && t->layer > above && t->layer < *number) *number = t->layer;
    }
    return *number < INT_MAX;
}

enum { BEFORE_ALL = -2 };

void capture_layer_place(const rows_file *file, int number, int *place, int *n)
{
    *place = *n = 0;
    for (int at = BEFORE_ALL, next; next_layer(file, at, &next); at = next) {
        if (next < number) ++*place;
        ++*n;
    }
}

static bool refuse(const rows_file *file, const capture_layer *l, fault *f, const char *what)
{
    return l->number < 0 ? fault_set(f, FAULT_INPUT, "%s: %s", rows_file_path(file), what)
                         : fault_set(f, FAULT_INPUT, "%s: layer %d: %s", rows_file_path(file), l->number, what);
}

/* The layer's one tensor of this side; NULL is fine when there is none and it may be missing. */
static bool find_side(const rows_file *file, const capture_layer *l, int side, const rows_tensor **out, fault *f)
{
    static const char *const missing[] = { "there are values but no keys", "there are keys but no values" };
    static const char *const several[] = { "two tensors are keys", "two tensors are values",
                                           "two tensors are queries" };
    size_t n = 0;
    for (size_t i = 0; i < rows_file_count(file); i++)
        if (rows_file_at(file, i)->side == side && rows_file_at(file, i)->layer == l->number) n++;
    *out = rows_file_side(file, l->number, side);
    if (n > 1) return refuse(file, l, f, several[side]);
    return n == 1 || side == ROWS_Q || refuse(file, l, f, missing[side]);
}

static bool check_layer(const rows_file *file, const capture_layer *l, fault *f)
{
    if (l->v->heads != l->k->heads || l->v->rows != l->k->rows)
        return refuse(file, l, f, "keys and values are not of as many heads and rows; expected [heads, rows, dim]");
    if (l->q && (l->q->rows != l->k->rows || l->q->dim != l->k->dim))
        return refuse(file, l, f, "queries are not of as many rows and columns as keys; expected [heads, rows, dim]");
    if (l->q && l->q->heads % l->k->heads)
        return refuse(file, l, f, "the query heads are no multiple of the heads of its keys");
    return true;
}

bool capture_layers_find(const rows_file *file, capture_layers *out, fault *f)
{
    int place, n;
    capture_layer_place(file, 0, &place, &n);
    *out = (capture_layers){ .at = calloc((size_t)n + 1, sizeof *out->at), .queries = true };
    if (!out->at) return fault_memory(f, rows_file_path(file));
    bool ok =
        n > 0 || fault_set(f, FAULT_INPUT, "%s: no tensor's name says that it holds keys or values, as layers.0.k does",
                           rows_file_path(file));
    for (int at = BEFORE_ALL; ok && next_layer(file, at, &at);) {
        capture_layer *l = &out->at[out->n++];
        l->number = at;
        ok = find_side(file, l, ROWS_K, &l->k, f) && find_side(file, l, ROWS_V, &l->v, f) &&
             find_side(file, l, ROWS_Q, &l->q, f) && check_layer(file, l, f);
        if (ok && l->k->rows != out->at[0].k->rows)
            ok = refuse(file, l, f, "it has not as many rows as the first layer");
        if (ok && !l->q) out->queries = false;
    }
    if (ok) return true;
    free(out->at);
    out->at = NULL;
    return false;
}

bool capture_sequence(const rows_file *file, size_t given, size_t n_rows, size_t *sequence, fault *f)
{
    const safetensors *source = rows_file_source(file);
    const char *word = source && !given ? safetensors_word(source, "ctx") : NULL;
    double value = 0;
    if (word && !(number_read(word, strlen(word), &value) && value >= 1 && value <= 1e9 && value == floor(value)))
        return fault_set(f, FAULT_INPUT, "%s: its metadata says ctx \"%.40s\", expected a number of rows",
                         rows_file_path(file), word);
    *sequence = given ? given : word ? (size_t)value : n_rows;
    if (*sequence > n_rows) *sequence = n_rows;
    return true;
}

bool capture_halves(const rows_file *file, size_t n_rows, size_t sequence, size_t *first, fault *f)
{
    const size_t sequences = (n_rows + sequence - 1) / sequence;
    *first = sequences > 1 ? sequences / 2 * sequence : n_rows / 2;
    return *first > 0 ||
           fault_set(f, FAULT_INPUT, "%s: one row cannot calibrate and be measured, too", rows_file_path(file));
}
