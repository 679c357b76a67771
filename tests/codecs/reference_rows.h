/* reference_rows.h - comparing a codec with what the reference implementation wrote for 64 rows of 128 values.
 *
 * tests/data/kv: input.f32 (Gaussian; rows 32-47 with outlier channels; 48 on with log-normal scales; 56 on with one
 * spike; row 63 zero), NAME.enc and NAME.dec.f32, made with llama-cpp-turboquant 69d8e4b on a CPU.
 */
#ifndef KVANT_TESTS_CODECS_REFERENCE_ROWS_H
#define KVANT_TESTS_CODECS_REFERENCE_ROWS_H

#include "tests/codecs/test_host.h"

/* Encodes the rows and compares all bytes. The f16 at the start of every `group` bytes may be one apart; the number of
 * those is returned (group 0: none may). Any other difference fails the test. */
int reference_compare_bytes(const kvant_codec *codec, size_t group);

/* Decodes the reference's own bytes: every row within `tolerance` of the reference's, relative to its norm. */
void reference_compare_rows(const kvant_codec *codec, double tolerance);

#endif
