/* promises.h - what every codec promises, tried on one codec with one set of parameters.
 *
 *     static const promise cases[] = {
 *         { "v=kivi(bits=2,group=32)", 128, 1, 65000.0f },
 *         { "sink(turbo4,n=3)", 128, 1, 5000.0f },
 *     };
 *     promises_hold(cases, 2);
 *
 * fails the test with the expression, the dimension and the promise that is broken.
 */
#ifndef KVANT_TESTS_CODECS_PROMISES_H
#define KVANT_TESTS_CODECS_PROMISES_H

#include "tests/codecs/test_host.h"

typedef struct promise {
    const char *expression; /* see subject.h */
    int dim, heads;
    float huge; /* a magnitude that all values of a row may have; beyond 1e37: the codec holds every finite value */
} promise;

/* Tried on blocks of at least 24 rows in all, with a calibrated encoder and a decoder that has nothing but bytes and
 * side data:
 *   - the descriptor has all its texts, defaults in range and this dimension;
 *   - rows of every kind come back finite; zeros as zeros, and no rows with more than four times their energy as
 *     error (and what calibration rows hold, where the codec has seen such);
 *   - the same bytes for another sequence, from another instance, in pieces of one block and more, over clean memory
 *     and dirty; the same rows from the encoder, from a fresh decoder, for pieces in any order;
 *   - encode fits in what bound says, fills it (bytes of a fixed number), writes no byte behind its buffer and says so
 *     when that is short;
 *   - NaN, infinities and values beyond the format are refused with the row and the codec's name;
 *   - other lengths, pieces of blocks, flipped bytes, side data cut, longer or flipped: an error with a message, or
 *     finite rows where bytes are changed;
 *   - the split adds up; no rows are no bytes; more rows than bytes can be counted are refused (bytes of a
 *     fixed number);
 *   - memory that runs out anywhere in a life is KVANT_E_MEMORY and leaves nothing behind, and with enough the bytes
 *     are the same;
 *   - encode before calibrate is KVANT_E_STATE.
 * A wrapper is asked for less where the codec inside decides: zeros, energy, the exact bound, values beyond the format,
 * the name in a message. */
void promises_hold(const promise *cases, size_t n);

#endif
