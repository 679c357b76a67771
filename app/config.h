/* config.h - what is done to every stream of a model, in one line of text.
 *
 *     k=q8_0 v=turbo3 @0-1,-2..-1:k=q8_0,v=q8_0 rope=post
 *
 *     CODEC                 both keys and values (app/expr.h has the grammar of a codec)
 *     k=CODEC  v=CODEC      one of them; the other is f16 unless it is given, too
 *     @LAYERS:...           other codecs for some layers: k=CODEC, v=CODEC, both with a comma between, or a bare CODEC
 *                           for both. What is not given stays as it is. Later exceptions win. LAYERS: app/layers.h
 *     @swa:...  @full:...   the same for all layers with a sliding window, and for all that see everything; a model
 *                           without windows has neither, and a config that names them does not fit it
 *     rope=pre|post         keys are taken before (default) or after the rotary embedding
 *     adaptive=0…7          a layer-adaptive mode, which becomes exceptions (app/config_adaptive.h)
 *
 * Items are separated by blanks, in any order. The canonical text is the config's identity, and its SHA-256 the key of
 * runs: k= before v=, k=X v=X written X, an f16 beside another codec dropped, codecs canonical (app/spec.h),
 * exceptions merged, ordered and, where it is certain for every model, dropped when shadowed or equal to the base. It
 * does not depend on a model: -1 stays -1. Parsing it gives the same text again. Kinds of layers (swa, full) lie
 * between the base and the exceptions that count layers, wherever they stand; the text has them first.
 *
 * Two exceptions may name one layer. When both count from the same end, or one names a middle (2..-3), the text shows
 * it and the later wins. When one counts from the front and one from the end, only a short model makes them meet, and
 * it is a fault to give that layer two different codecs (unless a middle laid over one of them comes later).
 *
 * A config points into the catalog, which must outlive it; it is read-only, any number of threads may use it.
 */
#ifndef KVANT_APP_CONFIG_H
#define KVANT_APP_CONFIG_H

#include "app/catalog.h"
#include "app/layers.h"
#include "app/spec.h"
#include "base/hash.h"

/* What a stream gets that no one mentions: what engines keep, and what ratios are counted against. */
#define CONFIG_BASE "f16"

enum { CONFIG_EXCEPTIONS = 256 };

typedef struct config_exception {
    layers list;   /* as typed */
    spec *spec[2]; /* KVANT_K, KVANT_V; NULL: not changed */
} config_exception;

typedef struct config {
    char *line;        /* as typed: columns in messages belong to it */
    char *text;        /* canonical */
    char id[HASH_HEX]; /* SHA-256 of text, without its terminating zero: printf %s TEXT | sha256sum */
    spec *base[2];
    config_exception *exceptions; /* as typed, in order */
    size_t n_exceptions;
    bool rope_post;
} config;

/* NULL with a message that names the column. A grid of values is a fault here; app/grid.h takes them apart. */
config *config_parse(const catalog *known, const char *line, fault *f);

/* The same for a line that may hold a grid: the first one met is put into *grid (grid->n > 0) and NULL is returned. */
config *config_parse_grid(const catalog *known, const char *line, spec_grid *grid, fault *f);
void config_free(config *c); /* NULL is fine */

/* The attention layers of a model. dims[layer][KVANT_K or KVANT_V]: head dimensions; NULL: they are not checked. */
typedef struct config_model {
    int n_layers;
    const int (*dims)[2];
    const uint64_t *windowed; /* a bit for each layer that has a window (model_shape.windowed); NULL: none has */
} config_model;

typedef struct config_layer {
    const spec *spec[2]; /* KVANT_K, KVANT_V */
} config_layer;

/* Which codec each layer's streams get: plan[0 ... n_layers-1], pointers into the config. A layer the model does not
 * have, a layer given two codecs (see above) or a head dimension its codec does not take is a fault,
 * and so is a kind of layers (swa, full) that the model has none of. */
bool config_resolve(const config *c, const config_model *model, config_layer *plan, fault *f);

#endif
