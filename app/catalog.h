/* catalog.h - what the program knows about the codecs: a plain copy of their descriptors.
 *
 * The front never loads a plugin. A child process does (app/registry.h, registry_describe) and sends one JSON object
 * per line, from which app/scan.h fills a catalog; a worker that has loaded plugins holds the same struct. Parser,
 * help, completion, sweep grids and the manual read nothing else.
 *
 *     const catalog_codec *c = catalog_find(known, "polar");
 *     const catalog_param *p = c ? catalog_param_of(c, "bits") : NULL;
 *
 * Nothing here is trusted: catalog_add checks names, types, ranges and texts, whoever filled the struct.
 *
 * A catalog is filled by one thread; afterwards any number of threads may read it. All strings belong to it.
 */
#ifndef KVANT_APP_CATALOG_H
#define KVANT_APP_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/fault.h"
#include "base/hash.h"
#include "kvant/codec.h"

typedef struct catalog_param {
    char *name;
    int32_t type;   /* KVANT_INT ... KVANT_CODEC */
    uint32_t flags; /* KVANT_LOG */
    double def, min, max, step;
    char *inner;  /* CODEC: the default expression, NULL when one must be given */
    char **words; /* ENUM: n_words of them */
    size_t n_words;
    char *help;
} catalog_param;

typedef struct catalog_codec {
    char *name, *version, *family, *summary, *reference;
    catalog_param *params; /* in the codec's own order; an inner codec comes first */
    size_t n_params;
    uint32_t flags;                     /* KVANT_K_ONLY ... */
    int32_t dim_min, dim_max, dim_step; /* head dimensions taken */
    bool scores, mix;                   /* attends without decoding */
    char *path;                         /* the plugin it came from */
    char sha256[HASH_HEX];              /* of that file */
    uint32_t abi;                       /* the plugin's */
} catalog_codec;

/* A plugin that could not be used (or a codec hidden by another of the same name), and why: one sentence. */
typedef struct catalog_problem {
    char *path, *reason;
} catalog_problem;

typedef struct catalog {
    catalog_codec **codecs; /* in the order they were found; earlier ones win */
    size_t n_codecs;
    catalog_problem *problems;
    size_t n_problems;
} catalog;

catalog *catalog_create(fault *f);
void catalog_free(catalog *c); /* NULL is fine */

/* Checks the codec and takes it over; on failure it is freed, too. A name that is already there makes it a problem
 * ("hidden by PATH"), which is no failure. */
bool catalog_add(catalog *c, catalog_codec *codec, fault *f);
bool catalog_add_problem(catalog *c, const char *path, const char *reason, fault *f);

/* Is this description one that the rest of the program can rely on? The message begins with the codec's name. */
bool catalog_check(const catalog_codec *codec, fault *f);

/* NULL when there is none of that name. */
const catalog_codec *catalog_find(const catalog *c, const char *name);
const catalog_param *catalog_param_of(const catalog_codec *codec, const char *name);

/* What was probably meant; NULL when nothing is near. */
const char *catalog_nearest(const catalog *c, const char *name);
const char *catalog_nearest_param(const catalog_codec *codec, const char *name);

/* The codec that a codec takes inside, or NULL: its first parameter when that is of type KVANT_CODEC. */
const catalog_param *catalog_inner(const catalog_codec *codec);

bool catalog_takes_dim(const catalog_codec *codec, int dim);

/* The head dimensions in words: "64", "32 to 256", "multiples of 32 from 32 to 576", "33 to 99 in steps of 2". */
enum { CATALOG_DIMS = 80 };
void catalog_dims(const catalog_codec *codec, char text[CATALOG_DIMS]);

void catalog_codec_free(catalog_codec *codec); /* NULL is fine */

/* One codec as a JSON object and back (app/catalog_json.c). The object belongs to the caller; NULL when out of memory,
 * or with a message when the object is not a codec. */
cJSON *catalog_codec_json(const catalog_codec *codec);
catalog_codec *catalog_codec_from_json(const cJSON *object, fault *f);

/* The whole catalog: {"codecs": [...], "problems": [{"path", "reason"}...]}, for people's scripts. */
cJSON *catalog_json(const catalog *c);

#endif
