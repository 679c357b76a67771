/* complete.h - what could come next on a line typed at the prompt.
 *
 * The candidates come from the table of commands: command names, options, choices, settings; from the program's
 * sources: codecs, runs, metrics, recipes; and, inside a config, from the codecs' own tables of parameters
 * (app/complete_config.h). File names are left to the caller, who has a file completer.
 *
 *     complete_result r;
 *     complete_line(app, "run polar(b", 10, &r);     "bits=", 1 to 8 (4), bits per coordinate
 *     complete_free(&r);
 *
 * Codecs are known from a scan of the plugins (a child process, some 100 ms) that is kept while the program lives and
 * made anew when a plugin file changes. A prompt may wait for it; a screen calls complete_prepare first.
 */
#ifndef KVANT_APP_COMPLETE_H
#define KVANT_APP_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"

enum { COMPLETE_HINT = 256 };

typedef struct complete_result {
    char **names; /* those that begin with the word typed so far; n of them, in the table's order */
    char **helps; /* n: a line about each, "" when there is nothing to say */
    size_t n;
    bool files;               /* file names fit here too */
    bool open;                /* when there is one name: its word goes on, no blank follows (bits=, rotate() */
    char hint[COMPLETE_HINT]; /* a line about the place: what is expected, its range and default; or "" */
} complete_result;

/* start: where the word to be completed begins in line; names replace the line from there on. Where readline breaks
 * words (at blanks, '=', '(' and ',') makes no difference. Out of memory shows as fewer names. */
void complete_line(app_context *app, const char *line, size_t start, complete_result *r);
void complete_free(complete_result *r);

/* From now on complete_line never waits for codecs: a thread looks for them, and until they are known there are none.
 */
void complete_prepare(app_context *app);

/* Ends what was begun; app_close does it. */
void complete_forget(app_context *app);

/* The codecs as they are known now; NULL: none, or none yet. Good until the next call. */
struct catalog;
const struct catalog *complete_catalog(app_context *app);

/* Where they come from: app->codecs, made when it is not there yet. Given by whoever has the table of commands
 * (app/names.c), as commands_all is; NULL: from nowhere. */
struct catalog_cache;
struct catalog_cache *complete_codecs(app_context *app);

#endif
