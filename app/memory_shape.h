/* memory_shape.h - what each layer of a model keeps per token: of a file, or of a model that is only described.
 *
 * A description is words, blanks between:
 *
 *     layers=40 kv=8 dim=128               40 layers of 8 kv heads with 128 coordinates
 *     layers=64 kv=4 dim=256 attention=1/4     a hybrid: of every 4 layers the last 1 keeps keys and values
 *     layers=62 kv=16 dim=128 windows=1024:5/6 of every 6 layers the first 5 keep the newest 1024 tokens
 *     layers=61 kv=1 dim=576 vdim=0        one latent instead of keys and values
 *     ctx_train=131072  name=a name        name comes last and takes the rest
 *
 * kv, dim, vdim and windows may be lists of one number per layer, in runs: kv=8*20,4*20; kv=0: a layer without a
 * cache, windows=0: one that keeps everything. vdim: of values, where they differ from keys. k, M: times 1024, 1024^2.
 *
 * Of a file the metadata and the names of its tensors are read, of any architecture: layers of a hybrid that are no
 * attention, and layers that use the cache of others, keep nothing; latent attention keeps its latent.
 */
#ifndef KVANT_APP_MEMORY_SHAPE_H
#define KVANT_APP_MEMORY_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "engine/model.h"

enum { MEMORY_LAYERS = 1000, MEMORY_TEXT = 4096 };

typedef struct memory_layer {
    int heads;
    int dim[2]; /* KVANT_K, KVANT_V; 0: nothing is kept */
    int window; /* the newest tokens it keeps; 0: all */
} memory_layer;

typedef struct memory_shape {
    char name[96]; /* "": it has none */
    int n_blocks;  /* layers of the model */
    int n_layers;  /* those that keep anything: all that follow */
    int ctx_train; /* 0: not known */
    memory_layer layers[MEMORY_LAYERS];
    uint64_t weights; /* bytes of the file; 0: there is none */
    char note[160];   /* what could not be read from the file, or "" */
} memory_shape;

/* Is the text, or the word, (a part of) a description and no file? */
bool memory_shape_described(const char *text);

/* Reads a description. */
bool memory_shape_parse(const char *text, memory_shape *s, fault *f);

/* Reads a GGUF file's metadata. */
bool memory_shape_read(const char *path, memory_shape *s, fault *f);

/* Of a model the engine knows. */
bool memory_shape_of_model(const model_shape *m, memory_shape *s, fault *f);

/* A description of the layers that keep anything, so that reading it gives them again; false with a fault when it would
 * be longer than MEMORY_TEXT. */
bool memory_shape_write(const memory_shape *s, char text[MEMORY_TEXT], fault *f);

/* For those who fill in n_blocks layers: takes out the ones that keep nothing. A fault when none is left, or one is of
 * no sane size. */
bool memory_shape_keep_layers(memory_shape *s, fault *f);

/* The tokens of `ctx` that a layer keeps. */
int memory_layer_rows(const memory_layer *l, int ctx);

#endif
