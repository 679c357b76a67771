/* suite_needle_hay.h - the text that needles are hidden in.
 *
 *     needle_hay hay;
 *     needle_hay_make(w, longest, &hay, &f);             the job's text; notes that it holds itself are cut out
 *     size_t from = needle_hay_start(&hay, seed);        where a sentence begins
 *     int at = needle_hay_place(&hay, from, n, 0.5);     where a note may stand in the n tokens from there
 *     needle_hay_release(&hay);
 */
#ifndef KVANT_APP_SUITE_NEEDLE_HAY_H
#define KVANT_APP_SUITE_NEEDLE_HAY_H

#include "app/suite_work.h"

/* A haystack that goes past its end goes on at its beginning. */
typedef struct needle_hay {
    int32_t *tokens;
    bool *ends; /* a sentence ends with this token */
    size_t n;
} needle_hay;

/* longest: tokens of the longest haystack. */
bool needle_hay_make(suite_work *w, int longest, needle_hay *out, fault *f);
void needle_hay_release(needle_hay *hay);

size_t needle_hay_start(const needle_hay *hay, uint64_t seed);

/* The place at which a note stands in the n tokens from `from`: depth · n, or the nearest end of a sentence. */
int needle_hay_place(const needle_hay *hay, size_t from, int n, double depth);

/* Cuts lines out that look like notes or questions of ours, in place; returns the new length. */
size_t needle_hay_clean(char *text, size_t n);

#endif
