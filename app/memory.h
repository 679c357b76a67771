/* memory.h - what a cache weighs: contexts x configs, and the context that fits a budget.
 *
 * Bytes are the codecs' own: a child puts noise through them (app/predict.h), for every layer as the model's shape
 * says. What a config needs for a context is
 *
 *     weights + side data + sequences x the most a sequence holds on the way to that context
 *
 * (open rows of a block codec weigh more than the block they become). Compute buffers are not in it.
 *
 *     memory_plan p = { .app = app, .line = line, .shape = &s, .round = 1, .sequences = 1 };
 *     memory_open(&p, &f);
 *     memory_figures x;
 *     memory_at(&p, "k=q8_0 v=turbo3", 32768, &x, &f);
 *     memory_ceiling(&p, "k=q8_0 v=turbo3", 27e9, &ctx, &f);
 *     memory_close(&p);
 *
 * [main thread]
 */
#ifndef KVANT_APP_MEMORY_H
#define KVANT_APP_MEMORY_H

#include "app/memory_shape.h"
#include "app/predict.h"

enum { MEMORY_CTX = 1 << 24 }; /* the longest context that is asked about */

typedef struct memory_plan {
    app_context *app;
    const command_line *line; /* its plugins */
    const memory_shape *shape;
    int round;     /* cells are tokens rounded up to a multiple of this */
    int sequences; /* that are kept at the same time */
    double weights;
    predictor *predictor;    /* from here on: memory_open's */
    char model[MEMORY_TEXT]; /* the shape, as the child is told */
    char config[2048];       /* what was asked last */
    int ctx;                 /* and for how many cells */
} memory_plan;

typedef struct memory_figures {
    int cells;
    double bytes;          /* of one sequence of so many cells, side data left out */
    double peak;           /* at most on the way: the sum of what each stream holds at most */
    double f16;            /* the same in f16 */
    double side;           /* once, for all sequences */
    double k_bits, v_bits; /* per value; 0: nothing is kept */
    bool about;            /* the bytes depend on the rows, and these were noise */
    bool calibrates;       /* and so do the side data */
} memory_figures;

bool memory_open(memory_plan *p, fault *f);
void memory_close(memory_plan *p);

/* FAULT_INPUT says why a config cannot be counted. */
bool memory_at(memory_plan *p, const char *config, int ctx, memory_figures *out, fault *f);

/* All that must fit: weights, side data, sequences. */
double memory_need(const memory_plan *p, const memory_figures *x);

/* The largest context, a multiple of round and at most MEMORY_CTX, whose need is at most `budget` bytes; 0: none. */
bool memory_ceiling(memory_plan *p, const char *config, double budget, int *ctx, fault *f);

/* The search itself: need must not fall as ctx grows. *ctx: the largest multiple of step up to most with need <=
 * budget.
 */
typedef bool (*memory_needs)(void *self, int ctx, double *bytes, fault *f);
bool memory_search(memory_needs needs, void *self, double budget, int step, int most, int *ctx, fault *f);

/* Cells of a context. */
int memory_cells(int ctx, int round);

#endif
