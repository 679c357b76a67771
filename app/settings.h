/* settings.h - what a session has set: values that stand in for options not given.
 *
 * Every option marked OPTION_SETTING can be set once (`set model x.gguf`) and then holds for all later commands of the
 * session that have this option; an option on the line wins over it. Settings live in memory only, so that a run's
 * meaning never depends on a file somewhere.
 *
 *     settings *s = settings_create(options_all, &f);
 *     settings_set(s, "ctx", "1024", &f);
 *     settings_get(s, "ctx")       "1024"
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_SETTINGS_H
#define KVANT_APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

typedef struct settings settings;
struct command_option;

/* tables: tables of options, ended by NULL; only the rows marked OPTION_SETTING count. They must outlive the settings.
 */
settings *settings_create(const struct command_option *const *tables, fault *f);
void settings_free(settings *s);

/* Checks the value by the option's row and keeps a copy; for a flag the words are on and off. A name that is no setting
 * is FAULT_USAGE with the nearest one. */
bool settings_set(settings *s, const char *name, const char *text, fault *f);
bool settings_unset(settings *s, const char *name, fault *f);

/* NULL when not set, or no setting. s may be NULL. */
const char *settings_get(const settings *s, const char *name);

/* The option of that name; NULL when it is no setting. s may be NULL. */
const struct command_option *settings_option_named(const settings *s, const char *name);

/* The i-th thing that can be set, in the order of the tables; NULL past the end. */
const struct command_option *settings_option(const settings *s, size_t i);

#endif
