/* chat.h - a conversation as a model's tokens, turn by turn.
 *
 * What a model was trained to see around a message is a row of the table in app/chat_formats.c: chatml, llama3, gemma,
 * phi3, glm, mistral, zephyr and others, chosen by the markers that stand in the file's tokenizer.chat_template and in
 * its vocabulary. A model without a template, or with one that is not known, gets `plain`: messages as paragraphs, an
 * empty line between, which a model that only continues text can do something with.
 *
 *     chat *c = chat_open(model->file, t, &f);
 *     token_list ids = { 0 };
 *     chat_begin(c, &ids, &f);                                      BOS and the like
 *     chat_ask(c, "You are terse.", "What is 2 + 2?", &ids, &f);    up to where the answer begins
 *     ... the model's answer, without the token that ended it: chat_add_answer, or pushed by the caller
 *     chat_answered(c, &ids, &f);                                   closes it
 *     chat_ask(c, NULL, "And 3 + 3?", &ids, &f);
 *     chat_close(c);
 *
 * Markers are ids; a message that contains "<|im_end|>" contains those ten characters. Calls only append, so what a
 * cache has read stays a prefix of the conversation. Models that can think before they answer are told not to. Nothing
 * is kept between calls. [any thread]
 */
#ifndef KVANT_APP_CHAT_H
#define KVANT_APP_CHAT_H

#include "engine/token_list.h"
#include "engine/tokenizer.h"

typedef struct chat chat;

/* g may be closed afterwards; t must outlive c. */
chat *chat_open(const gguf *g, const tokenizer *t, fault *f);
void chat_close(chat *c); /* NULL is fine */

const char *chat_format(const chat *c); /* "chatml", ... or "plain" */
bool chat_is_plain(const chat *c);

/* What a person should know: the template is not one of those known. "" otherwise. */
const char *chat_warning(const chat *c);

/* Each appends to *ids, whose memory is the caller's also on failure. */

/* What stands before the first message, once. */
bool chat_begin(const chat *c, token_list *ids, fault *f);

/* A message of the user, with what comes before the answer. system: standing orders, for the first message of a
 * conversation, or NULL. */
bool chat_ask(const chat *c, const char *system, const char *user, token_list *ids, fault *f);

/* A message that is tokens already, without system's. */
bool chat_ask_tokens(const chat *c, const int32_t *tokens, size_t n, token_list *ids, fault *f);

/* An answer that was not made by the model: its text, not closed. */
bool chat_add_answer(const chat *c, const char *text, token_list *ids, fault *f);

/* What closes the answer that stands at the end of *ids. */
bool chat_answered(const chat *c, token_list *ids, fault *f);

#endif
