/* profile.h - configs by name: which codec each layer gets, found once and used anywhere.
 *
 * A profile is a canonical config in the database (table profiles), with the name of the model it was made for. Where a
 * config is typed, profile=NAME stands for it:
 *
 *     run profile=mine                     what the profile says
 *     run profile=mine @0:q8_0 rope=post   and more: later exceptions win
 *
 *     char *text;
 *     if (profile_expand(app, line, "profile=mine @0:q8_0", &text, &f)) config_parse(known, text, &f) ...; free(text);
 *
 * Layers are put together from texts like those of a config, in order, later ones on top:
 *
 *     profile_layer layers[] = { { "0-1", "k=q8_0" }, { "3", "turbo4" } };
 *     profile_source p = { .name = "mine", .base = "turbo3", .layers = layers, .n_layers = 2 };
 *     profile_save(store, known, &p, &f);
 *
 * [main thread]
 */
#ifndef KVANT_APP_PROFILE_H
#define KVANT_APP_PROFILE_H

#include "app/app.h"
#include "app/config.h"
#include "db/store.h"

typedef struct profile_layer {
    const char *layers; /* as behind an @: "0-1,-2..-1" */
    const char *codecs; /* k=CODEC, v=CODEC, both with a comma between, or one for both; NULL: as outside exceptions */
} profile_layer;

typedef struct profile_source {
    const char *name;
    const char *base; /* a config */
    const profile_layer *layers;
    size_t n_layers;
    const char *model, *note; /* may be NULL */
} profile_source;

/* A letter, then letters, digits, '-', '_' and '.', at most 64 in all. */
bool profile_check_name(const char *name, fault *f);

/* The config that base and layers make; NULL with a fault. Free it with config_free. */
config *profile_compose(const catalog *known, const profile_source *p, fault *f);

/* Composes it and keeps it, in the place of one of the same name. */
bool profile_save(store *s, const catalog *known, const profile_source *p, fault *f);

/* The profile, free() it; NULL with a fault that names the nearest when there is none. */
store_profile *profile_need(store *s, const char *name, fault *f);

/* Does the text name a profile? */
bool profile_named_in(const char *config);

/* Puts the profiles of the line's database in the place of every profile=NAME. *out is malloc'd, also when the text
 * names none (then no database is opened). */
bool profile_expand(app_context *app, const command_line *line, const char *text, char **out, fault *f);

/* The same with a database that is open. */
bool profile_expand_from(store *s, const char *text, char **out, fault *f);

/* config_parse(profile_expand(text)): what commands that take a config call. */
config *profile_config(app_context *app, const command_line *line, const catalog *known, const char *text, fault *f);

#endif
