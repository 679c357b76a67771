/* A suite at work in the worker: what evaluate.c calls, and the words a suite says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite_work.h"
#include "engine/utf8.h"

const suite *suite_open(suite_work *w, void **self, fault *f)
{
    const suite *s = suite_named(w->job->suite);
    const int most = w->model->shape.n_ctx;
    w->ctx = w->job->ctx ? w->job->ctx : most;
    w->out->ctx = w->ctx;
    if (!s) {
        fault_set(f, FAULT_INTERNAL, "a worker was asked for a suite \"%s\"", w->job->suite);
        return NULL;
    }
    if (w->ctx > most) suite_warn(w, "sequences of %d tokens, but the model was trained for %d", w->ctx, most);
    snprintf(w->out->machine.engine, sizeof w->out->machine.engine, "%s", fingerprint_suites());
    hash_start(&w->text);
    hash_string(&w->text, w->job->suite);
    hash_string(&w->text, w->job->suite_options);
    w->out->reference_kept = true;
    suite_progress(w, "preparing", 0, 0);
    if (!s->prepare(w, self, f)) {
        s->release(*self);
        *self = NULL;
        return NULL;
    }
    hash_finish(&w->text, w->out->text_id);
    return s;
}

void suite_warn(suite_work *w, const char *format, ...)
{
    char text[sizeof w->out->warning];
    const size_t used = strlen(w->out->warning);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (*text) snprintf(w->out->warning + used, sizeof w->out->warning - used, "%s%s", used ? "; " : "", text);
}

/* One character, or a mark in the place of a byte that is none. */
static size_t put_character(const char *from, size_t n, char *to, size_t room, size_t *taken)
{
    static const char broken[] = "\xef\xbf\xbd";
    uint32_t point;
    *taken = utf8_decode(from, n, &point);
    const char *bytes = *taken ? from : broken;
    const size_t length = *taken ? *taken : strlen(broken);
    if (!*taken) *taken = 1;
    if (length >= room) return 0;
    memcpy(to, bytes, length);
    return length;
}

void suite_say(const suite_work *w, const int32_t *tokens, int n, char *to, size_t size)
{
    char bytes[SUITE_SAID + 256];
    size_t n_bytes = 0, used = 0;
    for (int i = 0; i < n && n_bytes < size && n_bytes < sizeof bytes - 256; i++) {
        const size_t piece = tokenizer_piece(w->tokenizer, tokens[i], bytes + n_bytes, sizeof bytes - n_bytes);
        n_bytes += piece < sizeof bytes - n_bytes ? piece : sizeof bytes - n_bytes;
    }
    for (size_t i = 0, taken; i < n_bytes; i += taken) {
        const size_t put = put_character(bytes + i, n_bytes - i, to + used, size - used, &taken);
        if (put == 0) break;
        used += put;
    }
    to[used] = '\0';
}

char *suite_said(const suite_work *w, const int32_t *tokens, int n, fault *f)
{
    char none[1];
    size_t length = 0, at = 0;
    for (int i = 0; i < n; i++)
        length += tokenizer_piece(w->tokenizer, tokens[i], none, 0);
    char *text = malloc(length + 1);
    if (!text) {
        fault_memory(f, "an answer");
        return NULL;
    }
    for (int i = 0; i < n; i++)
        at += tokenizer_piece(w->tokenizer, tokens[i], text + at, length - at);
    for (size_t i = 0; i < length; i++)
        if (!text[i]) text[i] = ' ';
    text[length] = '\0';
    return text;
}
