#include "app/page/strings.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 65536 };

typedef struct block {
    struct block *before;
    size_t used, room;
    char bytes[];
} block;

struct strings {
    block *last;
};

strings *strings_create(void)
{
    return calloc(1, sizeof(strings));
}

void strings_free(strings *s)
{
    if (!s) return;
    for (block *b = s->last, *before; b; b = before) {
        before = b->before;
        free(b);
    }
    free(s);
}

static char *take(strings *s, size_t n)
{
    if (!s->last || s->last->room - s->last->used < n) {
        size_t room = n > BLOCK ? n : BLOCK;
        block *b = malloc(sizeof *b + room);
        if (!b) return NULL;
        *b = (block){ .before = s->last, .room = room };
        s->last = b;
    }
    char *at = s->last->bytes + s->last->used;
    s->last->used += n;
    return at;
}

const char *strings_keep(strings *s, const char *text, const char *before)
{
    if (before && strcmp(before, text) == 0) return before;
    size_t n = strlen(text) + 1;
    char *copy = take(s, n);
    return copy ? memcpy(copy, text, n) : NULL;
}

bool strings_keep_run(strings *s, const store_run *run, const store_run *before, store_run *copy)
{
    *copy = *run;
    const char **to;
    for (size_t i = 0; (to = store_run_text(copy, i)); i++) {
        const size_t offset = (size_t)((char *)to - (char *)copy);
        const char *old = before ? *(const char *const *)((const char *)before + offset) : NULL;
        *to = strings_keep(s, *to ? *to : "", old);
        if (!*to) return false;
    }
    return true;
}
