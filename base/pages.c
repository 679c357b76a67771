#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* x86-64's large page, which is that of most others too. Less than two are not worth it; and little memory comes from
 * the heap, whose tools see who writes past its end. */
#define LARGE_PAGE  ((size_t)2 << 20)
#define LARGE_FROM  (2 * LARGE_PAGE)
#define MAPPED_FROM ((size_t)128 << 10)

static size_t rounded(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

/* How much is mapped for so many bytes. */
static size_t mapped(size_t bytes)
{
    return bytes < LARGE_FROM ? bytes : rounded(bytes, LARGE_PAGE);
}

static void *map(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Maps more than is wanted and gives back what stands before and behind the large pages. */
static void *map_large(size_t bytes)
{
    char *all = map(bytes + LARGE_PAGE);
    if (!all) return NULL;
    const size_t before = rounded((uintptr_t)all, LARGE_PAGE) - (uintptr_t)all;
    if (before > 0) munmap(all, before);
    munmap(all + before + bytes, LARGE_PAGE - before);
    return all + before;
}

void *pages_create(size_t bytes, pages_kind kind)
{
    if (bytes > PTRDIFF_MAX - 2 * LARGE_PAGE) return NULL;
    if (bytes < MAPPED_FROM) {
        void *little = aligned_alloc(PAGES_ALIGNMENT, rounded(bytes + 1, PAGES_ALIGNMENT));
        return little ? memset(little, 0, bytes) : NULL;
    }
    if (bytes < LARGE_FROM) return map(bytes);
    void *pages = map_large(mapped(bytes));
#ifdef MADV_HUGEPAGE
    /* a system without large pages gives small ones: slower, nothing else */
    if (pages && kind == PAGES_LARGE) (void)madvise(pages, mapped(bytes), MADV_HUGEPAGE);
#endif
    return pages;
}

void pages_destroy(void *pages, size_t bytes)
{
    if (bytes < MAPPED_FROM)
        free(pages);
    else if (pages)
        munmap(pages, mapped(bytes));
}
