/* promises.h - for tests: what every codec of the turbo family promises, tried on one codec with one set of parameters.
 *
 * Round trips of all kinds of rows, the same bytes for rows in pieces, a decoder that has nothing but bytes and side
 * data, limits of buffers and values, lengths, flipped bytes, sizes that add up, memory that runs out. Codecs may have
 * blocks and may calibrate.
 *
 *     promises_check(test_codec("qjl", "qjl"), 128, values, 1000.0f);
 */
#ifndef KVANT_PLUGINS_TURBO_PROMISES_H
#define KVANT_PLUGINS_TURBO_PROMISES_H

#include "tests/codecs/test_host.h"

/* values as for test_open; huge: a magnitude that all values of a row may have. */
void promises_check(const kvant_codec *codec, int dim, const kvant_value *values, float huge);

/* An encoder, calibrated on Gaussian rows when it asks for it, and a decoder with the encoder's side data. */
void promises_open_encoder(test_instance *t, const kvant_codec *codec, int dim, const kvant_value *values);
void promises_open_decoder(test_instance *t, const test_instance *encoder, int dim, const kvant_value *values);

#endif
