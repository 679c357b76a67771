/* tokenizer_bpe.h - byte-level BPE: text to ids by a pre-tokenizer and ranked merges (tokenizer.ggml.merges).
 *
 * A piece begins as its bytes, each a character of byte_alphabet.h; the pair that stands first in the list of merges is
 * joined first, the leftmost among equals. What ends up as a token is that token, what does not falls apart into bytes.
 * Source: GPT-2 (Radford et al. 2019), after Sennrich et al. 2016.
 */
#ifndef KVANT_ENGINE_TOKENIZER_BPE_H
#define KVANT_ENGINE_TOKENIZER_BPE_H

#include "engine/pretokenizer.h"
#include "engine/token_list.h"
#include "engine/vocabulary.h"

typedef struct bpe bpe;

/* Adds the merges' parts to the vocabulary's symbols; v and p must outlive the bpe. */
bpe *bpe_open(const gguf *g, vocabulary *v, const pretokenizer *p, fault *f);
void bpe_close(bpe *b);

/* Appends the ids of text, a stretch of a longer text that begins at `offset` (for messages). A byte for which the
 * vocabulary has no token is a fault. [any thread] */
bool bpe_encode(const bpe *b, const char *text, size_t n, size_t offset, token_list *ids, fault *f);

/* The bytes a token's text stands for: at most capacity are written, their count is returned. A character outside the
 * alphabet stands for its own UTF-8. */
size_t bpe_decode(gguf_string text, char *bytes, size_t capacity);

#endif
