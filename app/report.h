/* report.h - a run as a person reads it, and as JSON.
 *
 * The text has one line per question: how many bytes, how far from the reference, what follows. Numbers carry their 95
 * % interval in brackets.
 */
#ifndef KVANT_APP_REPORT_H
#define KVANT_APP_REPORT_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "app/terminal.h"
#include "db/store.h"

/* A run, and the worst of its n_layers layers (may be 0). */
void report_run(FILE *to, const terminal *t, const store_run *run, const store_layer *layers, size_t n_layers);

/* A line for each side of each layer. */
void report_sides(FILE *to, const store_layer *layers, size_t n_layers);

/* One line per run under a heading, for sweeps as they go. */
void report_heading(FILE *to, const terminal *t);
void report_line(FILE *to, const terminal *t, const store_run *run);

/* Every column of the run; numbers that were not measured are null. NULL when out of memory. */
cJSON *report_run_json(const store_run *run, const store_layer *layers, size_t n_layers);

/* Writes and frees json, with a newline; bytes that are no UTF-8 become U+FFFD. False with a fault when json is NULL
 * (out of memory). */
bool report_json(FILE *to, cJSON *json, fault *f);

/* The layers of a run, allocated. */
bool report_layers(store *s, int64_t id, store_layer **layers, size_t *n, fault *f);
void report_layers_free(store_layer *layers, size_t n);

#endif
