/* measure.h - one codec expression over one source of rows, as the lab would run it. */
#ifndef KVANT_APP_PAPER_MEASURE_H
#define KVANT_APP_PAPER_MEASURE_H

#include "app/paper/source.h"
#include "app/registry.h"

typedef struct measure {
    char codec[112]; /* the expression, or what else was measured */
    char why[256];   /* "" when it went well */
    double error;    /* Σ|x - x̂|² / Σ|x|²; NaN when it did not */
    double bits;     /* per value, as the host counts */
    double bytes;    /* of the whole encoding, side data apart */
} measure;

/* What to keep besides the figures: rows as decoded (as many as the source has) and, when room is given, the encoding.
 * Both may be NULL. */
typedef struct measure_keep {
    float *decoded;
    uint8_t *encoding;
    size_t capacity, n_bytes; /* in, out; an encoding that does not fit is a failure */
} measure_keep;

/* Encodes the source's rows (whole blocks of them, from position 0, as one stream of keys unless the codec is for
 * values only) and decodes them with a fresh instance. keep may be NULL. Everything that goes wrong is said in why. */
measure measure_codec(const registry *codecs, const source *rows, measure_keep *keep, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A figure that no codec has to do with: `what` says how it was measured. */
measure measure_named(const char *what);

#endif
