/* guard.h - a buffer with a fence on either side, to see when a codec writes past it.
 *
 * 4096 bytes before and after hold a pattern; the buffer itself is filled before use, so that what a codec leaves
 * unwritten is the same each time.
 */
#ifndef KVANT_APP_GUARD_H
#define KVANT_APP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct guard {
    uint8_t *block; /* fence, room bytes, fence */
    size_t room;
} guard;

/* Room for n bytes, aligned to 64, each set to `fill`; the fence after it begins right behind the n-th. What was in the
 * buffer before is gone. NULL with a message when out of memory. Start with {0}. */
uint8_t *guard_prepare(guard *g, size_t n, uint8_t fill, fault *f);

/* Are the fences around the n bytes prepared last as they were? */
bool guard_holds(const guard *g, size_t n);
void guard_free(guard *g);

#endif
