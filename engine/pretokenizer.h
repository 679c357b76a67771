/* pretokenizer.h - cutting text into the pieces that byte-level BPE merges within.
 *
 * tokenizer.ggml.pre names a family; a family is a list of patterns (PCRE2, Unicode classes) and two habits. Each
 * pattern in turn cuts the pieces that the ones before it left: what it matches becomes a piece, and so does what lies
 * between two matches. Nothing sees across the edge of a piece. The families are llama.cpp's (src/llama-vocab.cpp).
 *
 * Text need not be valid UTF-8: a run of bytes that are no character is a piece of its own, and the text on either side
 * is cut as if it stood alone. (llama.cpp replaces such bytes by U+FFFD and loses them.)
 */
#ifndef KVANT_ENGINE_PRETOKENIZER_H
#define KVANT_ENGINE_PRETOKENIZER_H

#include "engine/gguf.h"
#include "engine/token_list.h"

typedef struct pretokenizer pretokenizer;

/* A fault lists the known names when this one is not among them. */
pretokenizer *pretokenizer_open(gguf_string name, fault *f);
void pretokenizer_close(pretokenizer *p);

const char *pretokenizer_name(const pretokenizer *p);

/* A piece that is a token as a whole is taken whole, whatever the merges say. */
bool pretokenizer_whole_tokens(const pretokenizer *p);

/* BOS is added unless the file says otherwise. */
bool pretokenizer_adds_bos(const pretokenizer *p);

/* Appends the end (offset of the first byte behind it) of every piece of text, in order; the last is n. n is at most
 * INT32_MAX. Time is linear in n per pattern. [any thread] */
bool pretokenizer_split(const pretokenizer *p, const char *text, size_t n, token_list *ends, fault *f);

#endif
