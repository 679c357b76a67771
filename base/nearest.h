/* nearest.h - "did you mean": the known word closest to a mistyped one.
 *
 * Distance: the number of letters inserted, dropped, replaced or swapped with their neighbour (Damerau-Levenshtein,
 * each place edited once). A word is near when at most a third of its letters, and at least one, would have to change.
 *
 *     nearest n = nearest_to("modle");
 *     nearest_try(&n, "model");
 *     n.word     "model", or NULL when nothing is near
 */
#ifndef KVANT_BASE_NEAREST_H
#define KVANT_BASE_NEAREST_H

#include <stddef.h>

typedef struct nearest {
    const char *sought;
    const char *word; /* the closest so far, the first among equals; the caller's string */
    size_t distance;
} nearest;

nearest nearest_to(const char *sought);
void nearest_try(nearest *n, const char *word);

/* The distance itself; words longer than 63 bytes count as far from everything (SIZE_MAX). [any thread] */
size_t nearest_distance(const char *a, const char *b);

#endif
