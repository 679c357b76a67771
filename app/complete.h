/* complete.h - what could come next on a line typed at the prompt.
 *
 * The candidates come from the table of commands: command names, then options, choices, names from the program's
 * sources (codecs, runs), settings. File names are left to the caller, who has a file completer.
 *
 *     complete_result r;
 *     complete_line(app, "run turbo4 --pro", 11, &r);     "--protocol"
 *     complete_free(&r);
 */
#ifndef KVANT_APP_COMPLETE_H
#define KVANT_APP_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"

typedef struct complete_result {
    char **names; /* those that begin with the word typed so far; n of them, in the table's order */
    size_t n;
    bool files; /* file names fit here too */
} complete_result;

/* start: where the word to be completed begins in line. Out of memory shows as fewer names. */
void complete_line(app_context *app, const char *line, size_t start, complete_result *r);
void complete_free(complete_result *r);

#endif
