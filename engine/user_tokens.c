#include "engine/user_tokens.h"

#include <stdlib.h>
#include <string.h>

static int descending(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x < y) - (x > y);
}

bool user_tokens_open(user_tokens *u, const vocabulary *v, fault *f)
{
    *u = (user_tokens){ .vocab = v };
    for (int32_t id = 0; id < v->n; id++) {
        const gguf_string text = vocabulary_text(v, id);
        if (v->kind[id] != TOKEN_USER_DEFINED || text.n == 0 || text.n > INT32_MAX) continue;
        u->first[(uint8_t)text.bytes[0]] = true;
        if (!token_list_push(&u->lengths, (int32_t)text.n, f)) return false;
    }
    token_list *l = &u->lengths;
    if (l->n == 0) return true;
    qsort(l->at, l->n, sizeof *l->at, descending);
    size_t distinct = 1;
    for (size_t i = 1; i < l->n; i++)
        if (l->at[i] != l->at[distinct - 1]) l->at[distinct++] = l->at[i];
    l->n = distinct;
    return true;
}

void user_tokens_close(user_tokens *u)
{
    free(u->lengths.at);
    *u = (user_tokens){ 0 };
}

/* Marks the tokens of one length: owner[i] is 1 + the id at a token's first byte and -1 at its others, 0 elsewhere.
 * What is marked already is at least as long, so a token that overlaps it has an end inside. */
static void mark_length(const user_tokens *u, const char *text, size_t n, size_t length, int32_t *owner)
{
    for (size_t at = 0; length <= n && at <= n - length; at++) {
        if (!u->first[(uint8_t)text[at]] || owner[at] || owner[at + length - 1]) continue;
        const int32_t id = vocabulary_find(u->vocab, text + at, length);
        if (id < 0 || u->vocab->kind[id] != TOKEN_USER_DEFINED) continue;
        for (size_t i = 1; i < length; i++)
            owner[at + i] = -1;
        owner[at] = 1 + id;
        at += length - 1;
    }
}

bool user_tokens_cut(const user_tokens *u, const char *text, size_t n, text_part **parts, size_t *n_parts, fault *f)
{
    *parts = NULL;
    *n_parts = 0;
    if (n == 0) return true;
    int32_t *owner = u->lengths.n ? calloc(n, sizeof *owner) : NULL;
    if (u->lengths.n && !owner) return fault_memory(f, "a text");
    for (size_t i = 0; i < u->lengths.n; i++)
        mark_length(u, text, n, (size_t)u->lengths.at[i], owner);

    size_t edges = 1; /* parts begin where a token does and where plain text follows one */
    for (size_t at = 1; owner && at < n; at++)
        edges += owner[at] > 0 || (owner[at] == 0 && owner[at - 1]);
    text_part *list = malloc(edges * sizeof *list);
    if (!list) {
        free(owner);
        return fault_memory(f, "a text");
    }
    for (size_t at = 0; at < n; at++) {
        const bool begins = at == 0 || (owner && (owner[at] > 0 || (owner[at] == 0 && owner[at - 1])));
        if (begins) list[(*n_parts)++] = (text_part){ .at = at, .token = owner && owner[at] > 0 ? owner[at] - 1 : -1 };
        list[*n_parts - 1].n++;
    }
    free(owner);
    *parts = list;
    return true;
}
