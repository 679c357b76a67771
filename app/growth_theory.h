/* growth_theory.h - what codecs should cost. */
#ifndef KVANT_APP_GROWTH_THEORY_H
#define KVANT_APP_GROWTH_THEORY_H

#include "app/growth.h"
#include "app/spec.h"

enum { GROWTH_ENCODE, GROWTH_DECODE, GROWTH_WAYS };

/* The most that a codec's way (one of the above) must cost, for so many rows by their length, and by the bits of a
 * value. A wrapper costs what it does itself or what its inner codec does, whichever grows faster. [any thread] */
growth_law growth_law_of_dim(const spec *s, int way);
growth_law growth_law_of_bits(const spec *s, int way);

#endif
