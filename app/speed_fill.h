/* speed_fill.h - a deep cache without a long text: the rows of a short one, over and over.
 *
 * Keys stand before RoPE, so each repetition is rotated to its own positions. Position p gets the rows of token p mod
 * n.
 *
 *     speed_fill_make(e, tokens, 448, &fill, &f);
 *     speed_fill_append(g, &fill, 65536, &f);
 *     speed_fill_release(&fill);
 */
#ifndef KVANT_APP_SPEED_FILL_H
#define KVANT_APP_SPEED_FILL_H

#include "engine/forward.h"

typedef struct generation generation; /* app/generation.h */

typedef struct speed_fill {
    int n;           /* tokens */
    kv_given *given; /* by layer */
    float *rows;
} speed_fill;

/* Reads n >= 1 tokens, exactly, and keeps their rows. The caller releases *out, also on failure. */
bool speed_fill_make(engine *e, const int32_t *tokens, int n, speed_fill *out, fault *f);
void speed_fill_release(speed_fill *fill);

/* Appends `count` positions to a generation without any. */
bool speed_fill_append(generation *g, const speed_fill *fill, int count, fault *f);

#endif
