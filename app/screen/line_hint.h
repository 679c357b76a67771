/* line_hint.h - what is known of a line while it is typed: what is wrong with it, what its config will cost, what is
 * expected next. One sentence.
 *
 * Wrong is only what no further typing can mend: words behind which nothing more will come, and a config of which
 * predict.h says so. [main thread]
 */
#ifndef KVANT_APP_SCREEN_LINE_HINT_H
#define KVANT_APP_SCREEN_LINE_HINT_H

#include "app/app.h"
#include "app/predict.h"

typedef struct line_hint {
    bool wrong;
    bool known; /* the config's cost */
    bool has_place;
    size_t place; /* byte of the line that is wrong */
    char text[1024];
} line_hint;

/* p: the newest prediction, of whatever was asked; NULL: none. */
void line_hint_make(app_context *app, const char *line, size_t point, const prediction *p, line_hint *h);

#endif
