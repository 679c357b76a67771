/* vocabulary.h - the tokens of a model: text, kind and score by id, and id by text.
 *
 * Read from tokenizer.ggml.tokens, .token_type and .scores; everything is copied. Where two tokens have the same text
 * the higher id is found; a token with no text is never found.
 */
#ifndef KVANT_ENGINE_VOCABULARY_H
#define KVANT_ENGINE_VOCABULARY_H

#include "engine/symbol_table.h"

/* tokenizer.ggml.token_type */
typedef enum token_kind {
    TOKEN_UNDEFINED,
    TOKEN_NORMAL,
    TOKEN_UNKNOWN,
    TOKEN_CONTROL,
    TOKEN_USER_DEFINED,
    TOKEN_UNUSED,
    TOKEN_BYTE,
} token_kind;

typedef struct vocabulary {
    int32_t n;
    symbol_table *symbols; /* the texts of all tokens first; the BPE rules add theirs behind */
    int32_t *symbol;       /* by id; -1: no text */
    int32_t *token;        /* by symbol, for the first n_token_symbols */
    size_t n_token_symbols;
    uint8_t *kind; /* by id */
    float *score;  /* by id; NULL when the file has none */
} vocabulary;

bool vocabulary_open(vocabulary *v, const gguf *g, fault *f);
void vocabulary_close(vocabulary *v);

/* The id of a text or of a symbol; -1 when there is none. [any thread] */
int32_t vocabulary_find(const vocabulary *v, const char *bytes, size_t n);
int32_t vocabulary_token(const vocabulary *v, int32_t symbol);

/* A control token that is known by its text to end what a model says: a text, a message or its turn. [any thread] */
bool vocabulary_ends(const vocabulary *v, int32_t id);

/* The text of id, 0 … n-1. [any thread] */
gguf_string vocabulary_text(const vocabulary *v, int32_t id);

#endif
