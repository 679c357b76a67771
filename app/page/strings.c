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
    static const size_t texts[] = {
        offsetof(store_run, uid),
        offsetof(store_run, model.hash),
        offsetof(store_run, model.name),
        offsetof(store_run, model.path),
        offsetof(store_run, model.arch),
        offsetof(store_run, model.weight_type),
        offsetof(store_run, text.hash),
        offsetof(store_run, text.name),
        offsetof(store_run, text.kind),
        offsetof(store_run, config.hash),
        offsetof(store_run, config.canonical),
        offsetof(store_run, config.k),
        offsetof(store_run, config.v),
        offsetof(store_run, environment.hash),
        offsetof(store_run, environment.version),
        offsetof(store_run, environment.engine),
        offsetof(store_run, environment.cpu),
        offsetof(store_run, environment.simd),
        offsetof(store_run, environment.compiler),
        offsetof(store_run, environment.os),
        offsetof(store_run, calibration.hash),
        offsetof(store_run, calibration.text),
        offsetof(store_run, calibration.text_hash),
        offsetof(store_run, protocol),
        offsetof(store_run, status),
        offsetof(store_run, reason),
        offsetof(store_run, phase),
        offsetof(store_run, verdict),
        offsetof(store_run, verdict_note),
    };
    *copy = *run;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char **to = (const char **)((char *)copy + texts[i]);
        const char *old = before ? *(const char *const *)((const char *)before + texts[i]) : NULL;
        *to = strings_keep(s, *to ? *to : "", old);
        if (!*to) return false;
    }
    return true;
}
