#include "app/guard.h"

#include <stdlib.h>
#include <string.h>

enum { FENCE = 4096, FENCE_BYTE = 0xa7, ALIGNMENT = 64 };

uint8_t *guard_prepare(guard *g, size_t n, uint8_t fill, fault *f)
{
    if (n > g->room || !g->block) {
        size_t room = n + n / 2, total;
        if (n > SIZE_MAX / 4 || __builtin_add_overflow(room, 2 * FENCE + ALIGNMENT, &total)) room = total = 0;
        total -= total % ALIGNMENT;
        uint8_t *grown = total ? aligned_alloc(ALIGNMENT, total) : NULL;
        if (!grown) {
            fault_memory(f, "a codec's buffer");
            return NULL;
        }
        free(g->block);
        g->block = grown;
        g->room = room;
    }
    memset(g->block, FENCE_BYTE, FENCE);
    memset(g->block + FENCE, fill, n);
    memset(g->block + FENCE + n, FENCE_BYTE, FENCE);
    return g->block + FENCE;
}

static bool intact(const uint8_t *fence)
{
    uint8_t differs = 0; /* to the end, so that the compiler takes many bytes at a time: rows come here one by one */
    for (size_t i = 0; i < FENCE; i++)
        differs |= fence[i] ^ FENCE_BYTE;
    return differs == 0;
}

bool guard_holds(const guard *g, size_t n)
{
    return intact(g->block) && intact(g->block + FENCE + n);
}

void guard_free(guard *g)
{
    free(g->block);
    *g = (guard){ 0 };
}
