/* profile_view.h - a profile on a model: what it says, and what every layer gets. */
#ifndef KVANT_APP_PROFILE_VIEW_H
#define KVANT_APP_PROFILE_VIEW_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "app/config.h"
#include "app/terminal.h"
#include "db/store.h"
#include "engine/model.h"

typedef struct profile_view {
    const store_profile *profile;
    const catalog *known;
    config *config;
    config_layer *plan; /* shape.n_layers of them */
    model_shape shape;
} profile_view;

/* Parses the profile's config and lays it on the model. profile_view_free afterwards, also on failure. */
bool profile_view_make(profile_view *v, const store_profile *p, const catalog *known, const model_shape *shape,
                       fault *f);
void profile_view_free(profile_view *v);

/* Do two layers get the same codecs? */
bool profile_same_codecs(const config_layer *a, const config_layer *b);

/* "0-1, 7": the layers of which `in` says yes. */
void profile_write_layers(FILE *to, const bool *in, int n);

/* Everything, as JSON; exports in JSON and YAML are this. NULL when out of memory. (app/profile_document.c) */
cJSON *profile_document(const profile_view *v);

/* Reads a document that profile_document wrote: name, config, model and note, which then belong to the document. Parts
 * that contradict its config are a fault. (app/profile_document.c) */
bool profile_read_document(const cJSON *document, const catalog *known, const char *file, store_profile *p, fault *f);

/* A JSON value as YAML. (app/profile_yaml.c) */
void profile_write_yaml(FILE *to, const cJSON *json);

/* The call of lab.profile that makes the profile. (app/profile_lua.c) */
void profile_write_lua(FILE *to, const profile_view *v);

/* Flags of an engine. (app/profile_engine.c)
 *
 * {"target", "flags": [...], "environment": {...}, "lost": [...], "notes": [...]}: lost are sentences on what the
 * engine cannot express; NULL with a fault when there is nothing it could, or no memory. */
cJSON *profile_llama_cpp(const profile_view *v, fault *f);
cJSON *profile_vllm(const profile_view *v, fault *f);

/* Notes and losses as comments, then a line of the environment, if it needs one, then the flags. */
void profile_write_flags(FILE *to, const cJSON *flags);

#endif
