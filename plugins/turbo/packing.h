/* packing.h - codes of 2, 3 and 4 bits as llama-cpp-turboquant packs them.
 *
 * The first code is lowest in its byte. Of 3 bits the low two come first, packed as codes of 2, then a plane of the
 * third.
 */
#ifndef KVANT_PLUGINS_TURBO_PACKING_H
#define KVANT_PLUGINS_TURBO_PACKING_H

#include <stddef.h>
#include <stdint.h>

/* n: a multiple of 8. [any thread] */
typedef struct packing {
    void (*pack)(const uint8_t *codes, size_t n, uint8_t *bytes);
    void (*unpack)(const uint8_t *bytes, size_t n, uint8_t *codes);
} packing;

/* bits: 2, 3 or 4. */
const packing *packing_of(size_t bits);

#endif
