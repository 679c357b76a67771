/* layers.h - a list of layers, "0-1,-2..-1", or a kind of layers, "swa" or "full".
 *
 *     item:  N       layer N, from 0                -N         the N-th from the end, -1 is the last
 *            N-M     N to M, both included          -N..-M     from the end
 *            N..M    the same                       N..-M      from layer N to the M-th from the end: a middle
 *
 * swa names the layers whose queries see a sliding window only, full those that see everything, in models that have
 * both or only windows; a kind stands alone.
 *
 * A list is symbolic: which layers it names depends on the model, its normal form does not. The normal form has ranges
 * counted from the front (ascending, merged), then middles, then ranges counted from the end (ascending, merged), each
 * written N, N-M, N..-M, -N or -N..-M. Layers count over attention layers.
 */
#ifndef KVANT_APP_LAYERS_H
#define KVANT_APP_LAYERS_H

#include <stdio.h>

#include "base/fault.h"

enum { LAYERS_MOST = 1000 }; /* a list names layers 0 ... 999 and -1 ... -1000 */

typedef enum layers_kind { LAYERS_FRONT, LAYERS_MIDDLE, LAYERS_END } layers_kind;

typedef struct layers_range {
    int low, high; /* both included; negative: from the end */
    size_t begin;  /* where it stands in the line */
} layers_range;

typedef enum layers_class { LAYERS_NUMBERED, LAYERS_WINDOWED, LAYERS_FULL } layers_class;

typedef struct layers {
    layers_range *ranges;
    size_t n;           /* 0 of a kind */
    layers_class named; /* by ranges, or a kind */
    size_t begin;       /* where it stands in the line */
} layers;

/* "swa", "full"; "" for LAYERS_NUMBERED. */
const char *layers_word(layers_class named);

layers_kind layers_kind_of(layers_range r);

/* Parses the list in `text` at *at, up to the first byte that cannot belong to it, and moves *at there. layers_free
 * afterwards, also on failure. The message names the column. */
bool layers_parse(layers *list, const char *text, size_t *at, fault *f);
void layers_free(layers *list);

/* Adds a range at the end. */
bool layers_add(layers *list, layers_range r, fault *f);

/* Sorts, merges neighbours and drops what another range of the same kind contains. */
void layers_normalise(layers *list);
void layers_write(FILE *out, const layers *list);

/* The layers of a range in a model with n_layers: first and last, from 0. False with a message, which names the column
 * of `line` and the number of layers, when one of them does not exist or the range is empty. */
bool layers_resolve(layers_range r, int n_layers, const char *line, int *first, int *last, fault *f);

#endif
