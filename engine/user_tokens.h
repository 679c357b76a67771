/* user_tokens.h - finding the user-defined tokens that stand in a text literally.
 *
 * Tokens of kind 4 are cut out of the text before anything else looks at it: longer ones first, from left to right.
 * Control tokens are not: a text that contains "<|eot_id|>" contains those ten characters. As llama.cpp without
 * parse_special.
 */
#ifndef KVANT_ENGINE_USER_TOKENS_H
#define KVANT_ENGINE_USER_TOKENS_H

#include "engine/token_list.h"
#include "engine/vocabulary.h"

typedef struct user_tokens {
    const vocabulary *vocab;
    token_list lengths; /* in bytes, distinct, descending */
    bool first[256];    /* bytes that some user-defined token begins with */
} user_tokens;

/* v must outlive u. */
bool user_tokens_open(user_tokens *u, const vocabulary *v, fault *f);
void user_tokens_close(user_tokens *u);

typedef struct text_part {
    size_t at, n;
    int32_t token; /* or -1: plain text */
} text_part;

/* Cuts text into *n_parts parts that follow one another; *parts is for the caller to free (NULL for an empty text).
 * O(n) for each distinct length of a user-defined token. [any thread] */
bool user_tokens_cut(const user_tokens *u, const char *text, size_t n, text_part **parts, size_t *n_parts, fault *f);

#endif
