/* engine_work.h - one batch on its way through the layers. Private to engine/forward*.c.
 */
#ifndef KVANT_ENGINE_ENGINE_WORK_H
#define KVANT_ENGINE_ENGINE_WORK_H

#include "engine/forward.h"

enum {
    BATCH = 512, /* positions computed together; bounds the activations */
};

/* Consecutive positions of one sequence inside a batch. */
typedef struct piece {
    sequence *seq;
    int offset;             /* of its first row in the batch */
    int from, n;            /* tokens from … from+n-1 of the sequence */
    int first;              /* position of token `from` in the cache */
    const rope_table *rope; /* of the layer at work */
    size_t panels;          /* where its packed keys begin, in floats */
    size_t panels_open;
} piece;

struct engine {
    const model *m;
    linear_work work;
    rope_table ropes[MODEL_ROPES];
    /* One batch of activations, row-major: */
    float *x, *h;     /* n_embd */
    float *q, *att;   /* n_heads * head_dim */
    float *k, *v;     /* n_kv_heads * head_dim */
    float *gate, *up; /* n_ff */
    float *panels;    /* packed keys of all pieces of a batch, one layer */
    size_t panel_floats;
    float **scratch; /* attention's, one per thread */
    size_t scratch_floats;
    piece pieces[BATCH];
    int n_pieces, n_rows;
    void (*step)(void *self, engine_step now); /* engine_observe's; or NULL */
    void *observer;
};

static inline void engine_at(const engine *e, engine_step now)
{
    if (e->step) e->step(e->observer, now);
}

/* The rotation of a layer in a sequence with room for ctx positions, ready for n_pos. */
const rope_table *engine_rope_for(engine *e, int layer, int ctx, int n_pos, fault *f);

/* forward_attend.c: the batch's k and v into the caches, the taps told, and att = what its queries see. */
bool engine_attend(engine *e, int il, fault *f);

#endif
