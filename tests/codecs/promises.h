/* promises.h - what every codec promises, tried on one codec, one stream and one set of parameters.
 *
 * For codecs whose bytes per block of rows are fixed, with a block of any size:
 *
 *     promises_hold(&(promise){ codec, KVANT_K, 128, values, 32, 60000.0f });
 *
 * fails the test with the codec, the dimension and the promise that is broken.
 */
#ifndef KVANT_TESTS_CODECS_PROMISES_H
#define KVANT_TESTS_CODECS_PROMISES_H

#include "tests/codecs/test_host.h"

typedef struct promise {
    const kvant_codec *codec;
    int stream, dim;
    const kvant_value *values;
    size_t block; /* rows, as geometry must say */
    float huge;   /* a magnitude that all values of a row may have */
} promise;

/* create for that stream; test_close it. */
void promise_open(test_instance *t, const promise *p);

/* Rows of every kind come back finite, zeros as zeros; the same bytes whether blocks come together or one by one, in a
 * clean buffer or a dirty one; nothing is written past the buffer; a fresh instance decodes the same rows; the split
 * adds up; rows that are no whole blocks, non-finite or too large, short buffers, truncated and longer bytes are
 * refused with a message; flipped bits give an error or finite rows; no memory is an error that leaves nothing behind.
 */
void promises_hold(const promise *p);

#endif
