/* tokenizer_spm.h - SentencePiece BPE: text to ids by the scores of the tokens themselves.
 *
 * Spaces become U+2581. Text begins as its characters; the neighbours whose joined text is the token of highest score
 * are joined first, the leftmost among equals. A character that is no token falls apart into byte tokens <0x00> …
 * <0xFF>, or becomes the unknown token in a vocabulary without them. Nothing cuts the text into pieces: O(n log n) for
 * all of it. Source: Kudo and Richardson 2018; ids as llama.cpp's for tokenizer.ggml.model "llama".
 */
#ifndef KVANT_ENGINE_TOKENIZER_SPM_H
#define KVANT_ENGINE_TOKENIZER_SPM_H

#include "engine/token_list.h"
#include "engine/vocabulary.h"

typedef struct spm spm;

/* v must outlive the spm. unknown: the id of the unknown token, or -1. */
spm *spm_open(const vocabulary *v, int32_t unknown, fault *f);
void spm_close(spm *s);

/* Appends the ids of text, a stretch of a longer text that begins at `offset` (for messages), with a space before it if
 * wanted. [any thread] */
bool spm_encode(const spm *s, const char *text, size_t n, bool space_before, size_t offset, token_list *ids, fault *f);

/* The bytes a token's text stands for, U+2581 as a space: at most capacity are written, their count is returned. */
size_t spm_decode(gguf_string text, char *bytes, size_t capacity);

/* The byte of a byte token's text "<0xNN>", or -1. */
int spm_byte(gguf_string text);

#endif
