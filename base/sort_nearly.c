#include "base/sort_nearly.h"

#include <stdlib.h>
#include <string.h>

/* The first of the n items that comes after this one. */
static size_t place_in(const char *items, size_t n, size_t size, const char *item,
                       int (*compare)(const void *, const void *))
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;
        if (compare(items + middle * size, item) <= 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

void sort_nearly(void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *all = items;
    size_t sorted = n ? 1 : 0;
    while (sorted < n && compare(all + (sorted - 1) * size, all + sorted * size) <= 0)
        sorted++;
    if (sorted == n) return;
    const size_t rest = n - sorted;
    char *added = malloc(rest * size);
    if (!added) {
        qsort(items, n, size, compare);
        return;
    }
    memcpy(added, all + sorted * size, rest * size);
    qsort(added, rest, size, compare);
    /* From the last on: what comes after it moves up to its end. */
    for (size_t i = rest; i-- > 0;) {
        const size_t at = place_in(all, sorted, size, added + i * size, compare);
        memmove(all + (at + i + 1) * size, all + at * size, (sorted - at) * size);
        memcpy(all + (at + i) * size, added + i * size, size);
        sorted = at;
    }
    free(added);
}
