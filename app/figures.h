/* figures.h - measured figures in tables and in JSON, as bench, growth and speed show them.
 *
 *     char text[FIGURE];
 *     table_real_as(x.value, figure_interval(text, x, 1))       "1.6 [1.5, 1.7]"
 *
 * [one thread]
 */
#ifndef KVANT_APP_FIGURES_H
#define KVANT_APP_FIGURES_H

#include <cjson/cJSON.h>

#include "app/metrics.h"
#include "app/table.h"
#include "app/terminal.h"

enum { FIGURE = 40, HASH_SHOWN = 12 /* characters of a hash that tables have */ };

/* Both return text. From 10 on an interval has no digits behind the point. */
const char *figure(char text[FIGURE], const char *format, double value);
const char *figure_interval(char text[FIGURE], interval x, int digits);

/* Writes the table as wide as the terminal is, and frees it. ok: as what it was filled with; false: only frees it. */
bool figures_write(table *t, bool ok, const terminal *to, fault *f);

/* A name of a stranger (a file, a model) to stdout, made harmless (app/columns.h). */
void figures_name(const char *name, const terminal *to);

void figures_put_interval(cJSON *json, const char *name, interval x);

/* An object that begins with cpu, simd and engine of this machine. */
cJSON *figures_json(void);

#endif
