#include "app/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat_formats.h"

#define TEMPLATE "tokenizer.chat_template"
#define THOUGHT  "<think>\n\n</think>\n\n" /* has thought, about nothing */

enum { MARKERS = CHAT_MARKERS + 2 };

struct chat {
    const tokenizer *tokenizer;
    const chat_form *form;
    const char *marker[MARKERS]; /* that may stand in a form, or must not be found in a message */
    int32_t id[MARKERS];
    int n_markers;
    bool bos;      /* BOS comes first */
    bool thinking; /* would think, unless it has */
    char warning[96];
};

/* ---- which format ---- */

static bool contains(gguf_string text, const char *part)
{
    const size_t n = strlen(part);
    for (size_t at = 0; at + n <= text.n; at++)
        if (memcmp(text.bytes + at, part, n) == 0) return true;
    return false;
}

static bool applies(const chat_form *form, gguf_string template, const tokenizer *t)
{
    for (int i = 0; form->says[i]; i++)
        if (!contains(template, form->says[i])) return false;
    for (int i = 0; form->markers[i]; i++)
        if (tokenizer_token_named(t, form->markers[i]) < 0) return false;
    return true;
}

static const chat_form *plain_form(void)
{
    const chat_form *form = chat_forms;
    while (form[1].name)
        form++;
    return form;
}

static void know_marker(chat *c, const char *text)
{
    c->marker[c->n_markers] = text;
    c->id[c->n_markers++] = tokenizer_token_named(c->tokenizer, text);
}

static void choose(chat *c, gguf_string template)
{
    c->form = chat_forms;
    if (template.n == 0) c->form = plain_form();
    while (!applies(c->form, template, c->tokenizer))
        c->form++;
    if (template.n > 0 && chat_is_plain(c))
        snprintf(c->warning, sizeof c->warning,
                 "the model's chat template is not one of those known: asked as plain text");
    for (int i = 0; c->form->markers[i]; i++)
        know_marker(c, c->form->markers[i]);
    c->thinking = contains(template, "enable_thinking") && tokenizer_token_named(c->tokenizer, "<think>") >= 0 &&
                  tokenizer_token_named(c->tokenizer, "</think>") >= 0;
    if (c->thinking) {
        know_marker(c, "<think>");
        know_marker(c, "</think>");
    }
    c->bos = tokenizer_bos(c->tokenizer) >= 0 &&
             (tokenizer_adds_bos(c->tokenizer) || (!chat_is_plain(c) && contains(template, "bos_token")));
}

chat *chat_open(const gguf *g, const tokenizer *t, fault *f)
{
    gguf_string template = { "", 0 };
    if (gguf_has(g, TEMPLATE) && !gguf_text(g, TEMPLATE, &template, f)) return NULL;
    chat *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "a conversation");
        return NULL;
    }
    c->tokenizer = t;
    choose(c, template);
    return c;
}

void chat_close(chat *c)
{
    free(c);
}

const char *chat_format(const chat *c)
{
    return c->form->name;
}

bool chat_is_plain(const chat *c)
{
    return c->form == plain_form();
}

const char *chat_warning(const chat *c)
{
    return c->warning;
}

/* ---- writing ---- */

/* Text between two markers is tokenised in one piece, whatever it was put together from. */
typedef struct writer {
    const chat *c;
    token_list *ids;
    char *text;
    size_t n, room;
    bool quotes; /* a message in it holds a marker's text */
} writer;

static bool put_text(writer *w, const char *text, size_t n, fault *f)
{
    if (n > w->room - w->n) {
        if (n > TOKENIZER_MOST_BYTES) return fault_set(f, FAULT_INPUT, "a message of %zu bytes is too long", n);
        const size_t room = 2 * (w->n + n) + 256;
        char *grown = realloc(w->text, room);
        if (!grown) return fault_memory(f, "a message");
        w->text = grown;
        w->room = room;
    }
    memcpy(w->text + w->n, text, n);
    w->n += n;
    return true;
}

static bool flush(writer *w, fault *f)
{
    if (w->n == 0) return true;
    int32_t *ids;
    size_t n;
    const tokenizer *t = w->c->tokenizer;
    if (!(w->quotes ? tokenizer_encode_literal(t, w->text, w->n, &ids, &n, f)
                    : tokenizer_encode(t, w->text, w->n, false, &ids, &n, f)))
        return false;
    const bool ok = token_list_append(w->ids, ids, n, f);
    free(ids);
    w->n = 0;
    w->quotes = false;
    return ok;
}

static bool put_token(writer *w, int32_t id, fault *f)
{
    return flush(w, f) && (id < 0 || token_list_push(w->ids, id, f));
}

static bool put_message(writer *w, const char *text, fault *f)
{
    for (int i = 0; i < w->c->n_markers; i++)
        if (strstr(text, w->c->marker[i])) w->quotes = true;
    return put_text(w, text, strlen(text), f);
}

/* The marker that the form goes on with: its token and length. */
static bool marker_at(const chat *c, const char *form, int32_t *id, size_t *length)
{
    for (int i = 0; i < c->n_markers; i++) {
        *id = c->id[i];
        *length = strlen(c->marker[i]);
        if (strncmp(form, c->marker[i], *length) == 0) return true;
    }
    *id = tokenizer_eos(c->tokenizer);
    *length = strlen("{eos}");
    return strncmp(form, "{eos}", *length) == 0;
}

/* A message: text, or tokens; before: put in front of it, with an empty line between, or NULL. */
typedef struct message {
    const char *before, *text;
    const int32_t *tokens;
    size_t n;
} message;

static bool put_whole(writer *w, const message *m, fault *f)
{
    if (m->before && !(put_message(w, m->before, f) && put_text(w, "\n\n", 2, f))) return false;
    if (m->text) return put_message(w, m->text, f);
    return flush(w, f) && token_list_append(w->ids, m->tokens, m->n, f);
}

/* m: what stands for %s; NULL when there is none. */
static bool put_form(writer *w, const char *form, const message *m, fault *f)
{
    while (*form) {
        int32_t id;
        size_t length;
        bool ok;
        if (strncmp(form, "%s", 2) == 0) {
            ok = put_whole(w, m, f);
            length = 2;
        } else if (marker_at(w->c, form, &id, &length)) {
            ok = put_token(w, id, f);
        } else {
            ok = put_text(w, form, 1, f);
            length = 1;
        }
        if (!ok) return false;
        form += length;
    }
    return true;
}

static bool finish(writer *w, bool ok, fault *f)
{
    ok = ok && flush(w, f);
    free(w->text);
    return ok;
}

bool chat_begin(const chat *c, token_list *ids, fault *f)
{
    writer w = { .c = c, .ids = ids };
    const int32_t bos = tokenizer_bos(c->tokenizer);
    bool ok = !c->bos || put_token(&w, bos, f);
    return finish(&w, ok && put_form(&w, c->form->begin, NULL, f), f);
}

static bool ask(const chat *c, const char *system, message user, token_list *ids, fault *f)
{
    writer w = { .c = c, .ids = ids };
    const message orders = { .text = system };
    const bool apart = system && c->form->system;
    if (!apart) user.before = system;
    bool ok = !apart || put_form(&w, c->form->system, &orders, f);
    ok = ok && put_form(&w, c->form->user, &user, f) && put_form(&w, c->form->ask, NULL, f);
    return finish(&w, ok && (!c->thinking || put_form(&w, THOUGHT, NULL, f)), f);
}

bool chat_ask(const chat *c, const char *system, const char *user, token_list *ids, fault *f)
{
    return ask(c, system, (message){ .text = user }, ids, f);
}

bool chat_ask_tokens(const chat *c, const int32_t *tokens, size_t n, token_list *ids, fault *f)
{
    return ask(c, NULL, (message){ .tokens = tokens, .n = n }, ids, f);
}

bool chat_add_answer(const chat *c, const char *text, token_list *ids, fault *f)
{
    writer w = { .c = c, .ids = ids };
    return finish(&w, put_message(&w, text, f), f);
}

bool chat_answered(const chat *c, token_list *ids, fault *f)
{
    writer w = { .c = c, .ids = ids };
    return finish(&w, put_form(&w, c->form->answered, NULL, f), f);
}
