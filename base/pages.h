/* pages.h - zeroed memory for rows that are read from end to end, again and again.
 *
 * It begins where a line of the cache begins: a vector that lies across two lines costs two reads. From some megabytes
 * on it may stand in large pages, where the system has them: processors look up less often where a page is, and fetch
 * ahead without stopping at the end of every 4 KB. Large pages are taken whole by the first byte that is written, and
 * giving parts of them back cuts them up.
 *
 *     float *rows = pages_create(n * sizeof *rows, PAGES_LARGE);          NULL: no memory
 *     pages_destroy(rows, n * sizeof *rows);
 */
#ifndef KVANT_BASE_PAGES_H
#define KVANT_BASE_PAGES_H

#include <stddef.h>

typedef enum pages_kind { PAGES_PLAIN, PAGES_LARGE } pages_kind;

enum { PAGES_ALIGNMENT = 64 }; /* at least */

void *pages_create(size_t bytes, pages_kind kind);
void pages_destroy(void *pages, size_t bytes); /* the size it was created with; NULL is nothing */

#endif
