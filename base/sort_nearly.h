/* sort_nearly.h - sorting what was in order before something was added.
 *
 * As qsort, and stable in what is in order already: the part at the beginning that is sorted stays as it is, the rest
 * is sorted and put into it. With k items behind n sorted ones that is n + k log n steps, and n log n at worst.
 */
#ifndef KVANT_BASE_SORT_NEARLY_H
#define KVANT_BASE_SORT_NEARLY_H

#include <stddef.h>

/* compare must not find two different items equal where their order matters. Without memory for the rest it is qsort.
 * [any thread] */
void sort_nearly(void *items, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
