/* tokenizer.h - text to token ids and back, as the model's own GGUF metadata says.
 *
 * Two kinds: byte-level BPE (tokenizer.ggml.model "gpt2") with the pre-tokenizer named by tokenizer.ggml.pre, whose
 * pattern PCRE2 runs; and SentencePiece BPE ("llama") with scores and byte fallback. The ids equal llama.cpp's for the
 * same file. Control tokens in the text are plain text (a corpus may contain "<unk>"), user-defined ones are found as
 * llama.cpp finds them; BOS and EOS are added as the model's add_bos_token and add_eos_token say.
 *
 *     tokenizer *t = tokenizer_open(g, &f);
 *     int32_t *ids; size_t n;
 *     tokenizer_encode(t, text, strlen(text), true, &ids, &n, &f);    free(ids) later
 */
#ifndef KVANT_ENGINE_TOKENIZER_H
#define KVANT_ENGINE_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "engine/gguf.h"

typedef struct tokenizer tokenizer;

/* Copies what it needs: g may be closed afterwards. An unknown tokenizer model or pre-tokenizer is a fault that lists
 * the known ones. */
tokenizer *tokenizer_open(const gguf *g, fault *f);
void tokenizer_close(tokenizer *t);

int tokenizer_n_vocab(const tokenizer *t);
const char *tokenizer_model(const tokenizer *t); /* "gpt2" or "llama" */
const char *tokenizer_pre(const tokenizer *t);   /* the pre-tokenizer's name; "" for SentencePiece */
int32_t tokenizer_bos(const tokenizer *t);       /* -1 when the model has none */
int32_t tokenizer_eos(const tokenizer *t);       /* -1 when the model has none */
bool tokenizer_adds_bos(const tokenizer *t);

/* A token that ends what a model says: the file's eos, eot or eom, or a control token known by its text (<|im_end|>,
 * </s>, <end_of_turn> ...). [any thread] */
bool tokenizer_is_end(const tokenizer *t, int32_t id);

/* The control or user-defined token of this text, such as <|im_start|>; -1 when there is none. [any thread] */
int32_t tokenizer_token_named(const tokenizer *t, const char *text);

#define TOKENIZER_MOST_BYTES 700000000 /* of one text */

/* Encodes n bytes of UTF-8. Bytes that are no character are encoded as bytes, so that pieces put together give the text
 * back whatever it holds; a byte for which the vocabulary has no token at all is a fault that gives its offset
 * (llama.cpp drops it). add_special: add BOS/EOS where the model wants them. *ids is malloc'd, the caller frees it. O(n
 * log n). [any thread] */
bool tokenizer_encode(const tokenizer *t, const char *text, size_t n, bool add_special, int32_t **ids, size_t *n_ids,
                      fault *f);

/* The same without BOS and EOS, and user-defined tokens are plain text too: for a text that quotes them. [any thread]
 */
bool tokenizer_encode_literal(const tokenizer *t, const char *text, size_t n, int32_t **ids, size_t *n_ids, fault *f);

/* The bytes of one token (byte-level decoded, U+2581 as a space); control tokens give their name. Returns the length;
 * copies at most capacity bytes, no terminator. A token that is out of range gives 0. [any thread] */
size_t tokenizer_piece(const tokenizer *t, int32_t id, char *bytes, size_t capacity);

#endif
