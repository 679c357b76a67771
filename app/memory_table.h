/* memory_table.h - contexts x configs: worked out, and shown. Used by cmd_memory.c. */
#ifndef KVANT_APP_MEMORY_TABLE_H
#define KVANT_APP_MEMORY_TABLE_H

#include <cjson/cJSON.h>

#include "app/config.h"
#include "app/lab.h"
#include "app/memory.h"

enum { MEMORY_CONTEXTS = 24 };

typedef struct memory_row {
    config *config;
    bool known; /* else problem says why not */
    fault problem;
    memory_figures at[MEMORY_CONTEXTS];
    int ceiling;         /* with a budget */
    memory_figures full; /* at the ceiling */
    bool measured;
    double measured_bytes, measured_side; /* of one sequence, as the host counted them in a run */
    memory_figures computed;              /* the same as predicted */
} memory_row;

typedef struct memory_table {
    memory_plan plan;
    const char *model;   /* as typed */
    const char *weighed; /* where the weights come from: "the file", "as given", "" */
    int ctx[MEMORY_CONTEXTS];
    size_t n_ctx;
    bool named; /* the configs are the person's, not the usual ones */
    memory_row *rows;
    size_t n_rows;
    double budget; /* bytes; 0: none */
    int need_ctx;  /* 0: none */
    int measure;   /* the context of a run that measures; 0: none */
} memory_table;

/* Counts every row. A config that cannot be counted says so in its row; other faults end it. */
bool memory_table_fill(memory_table *t, fault *f);

/* Runs a config on one passage in a worker (nothing is stored) and has the host count; fills measured... and computed.
 */
bool memory_measure(lab *l, memory_plan *p, memory_row *row, int ctx, fault *f);

/* What the plan's sequences weigh, side data included. */
double memory_cache_bytes(const memory_plan *p, const memory_figures *x);
double memory_bits(const memory_figures *x); /* per value, side data left out */

/* Of what was measured from what was computed, in percent. */
double memory_deviation(const memory_row *row);

/* Does the row reach what is needed? True where nothing is. */
bool memory_row_reaches(const memory_table *t, const memory_row *row);

/* unit: bytes of one, and its name. */
typedef struct memory_unit {
    const char *name;
    double bytes;
} memory_unit;

bool memory_table_print(const memory_table *t, memory_unit unit, const terminal *out, fault *f);
cJSON *memory_table_json(const memory_table *t);

#endif
