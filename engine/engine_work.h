/* engine_work.h - one batch on its way through the layers. Private to engine/forward*.c.
 */
#ifndef KVANT_ENGINE_ENGINE_WORK_H
#define KVANT_ENGINE_ENGINE_WORK_H

#include "engine/forward.h"

enum {
    BATCH = 512,           /* positions computed together; bounds the activations */
    ENGINE_ALIGNMENT = 64, /* a line of the cache, and the longest vector */
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
    int together; /* queries of a task of attention */
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

/* Room for n of them, so that vectors do not lie across two lines of the cache; NULL: no memory. */
float *engine_floats(size_t n);

/* The rotation of a layer in a sequence with room for ctx positions, ready for n_pos. */
const rope_table *engine_rope_for(engine *e, int layer, int ctx, int n_pos, fault *f);

/* forward.c: a sequence of known tokens that its cache has room for; the embeddings of the batch at work into e->x;
 * e->x through one layer; the output norm of e->x (`to` may be e->x). */
bool engine_check_sequence(const engine *e, const sequence *s, fault *f);
void engine_embed(engine *e);
bool engine_layer(engine *e, int il, fault *f);
void engine_normalise(engine *e, float *to);

/* forward_attend.c: the batch's k and v into the caches, the taps told, and att = what its queries see. */
bool engine_attend(engine *e, int il, fault *f);

#endif
